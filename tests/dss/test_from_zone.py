"""A zone as volumes of the drone interface: never smaller than what was agreed, never too large."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.dss import from_zone
from truceline.dss.from_zone import Ground, pieces
from truceline.dss.volume import MOST_AREA_KM2
from truceline.geo import height, sphere
from truceline.geo.altitude import SURFACE, Altitude, Datum, Unit, altitude
from truceline.geo.position import from_degrees
from truceline.geo.volume import Circle, Corridor, Edge, Operation, Polygon, Ring
from truceline.store.contents import area
from truceline.zones.boundary import Limit, Restriction, Rule, ZoneContent, ZoneKind, ZoneVolume

SEA = Datum.AMSL


def box(west: float, south: float, east: float, north: float) -> Ring:
    """The ring of a box."""
    corners = ((south, west), (south, east), (north, east), (north, west))
    return tuple(from_degrees(lat=lat, lon=lon) for lat, lon in corners)


def zone(*volumes: ZoneVolume, **changes: object) -> ZoneContent:
    """A no-fly zone."""
    return ZoneContent("Z", ZoneKind.NO_FLY, volumes=volumes, **changes)


def between(shape: object, lower: Altitude | None, upper: Altitude | None) -> ZoneContent:
    """A zone of one volume."""
    return zone(ZoneVolume(shape, Limit(lower), Limit(upper)))


@settings(max_examples=15)
@given(
    st.sampled_from(list(Edge)),
    st.floats(-60, 60),
    st.floats(0.05, 3),
    st.floats(0.05, 2),
    st.randoms(use_true_random=False),
)
def test_every_place_in_a_zone_is_in_a_piece(edge, south, wide, tall, random):
    content = zone(ZoneVolume(Polygon(box(20, south, 20 + wide, south + tall)), edge=edge))
    made = [sphere.polygon(one.ring) for one in pieces(content)]
    truth = area(content)
    west, low, east, high = truth.bounds

    for _ in range(40):
        lon, lat = random.uniform(west, east), random.uniform(low, high)
        if shapely.intersects_xy(truth, lon, lat):
            spot = sphere.circle(lat=lat, lon=lon, radius_m=0.01)
            assert any(sphere.overlap(spot, one) for one in made)


@pytest.mark.parametrize("edge", list(Edge))
def test_a_large_zone_is_cut_into_pieces_that_the_standard_takes(edge):
    made = pieces(zone(ZoneVolume(Polygon(box(35, 33, 38, 36)), edge=edge)))

    assert len(made) > 9
    assert all(len(one.ring) <= from_zone.MOST_VERTICES for one in made)
    assert all(sphere.polygon(one.ring).area_km2 <= MOST_AREA_KM2 for one in made)


def test_nothing_lies_between_the_pieces():
    made = [
        sphere.polygon(one.ring) for one in pieces(zone(ZoneVolume(Polygon(box(35, 59, 38, 62)))))
    ]

    for lat in (59.3, 59.75, 60.5, 61.25, 61.6):
        for step in range(300):
            spot = sphere.circle(lat=lat, lon=35.001 + step * 0.00999, radius_m=0.01)
            assert any(sphere.overlap(spot, one) for one in made)


def test_a_circle_with_many_vertices_keeps_to_a_thousand():
    made = pieces(zone(ZoneVolume(Circle(from_degrees(lat=35, lon=36), 40_000_000))))

    assert all(len(one.ring) <= from_zone.MOST_VERTICES for one in made)
    assert sum(sphere.polygon(one.ring).area_km2 for one in made) == pytest.approx(5_027, rel=0.01)


def test_a_corridor_becomes_a_polygon():
    line = (from_degrees(lat=35, lon=36), from_degrees(lat=35.2, lon=36.4))

    (made,) = pieces(zone(ZoneVolume(Corridor(line, 2_000_000))))

    assert sphere.overlap(sphere.polygon(made.ring), sphere.circle(lat=35.1, lon=36.2, radius_m=1))


def test_a_hole_stays_open():
    content = zone(ZoneVolume(Polygon(box(36, 35, 37, 36), (box(36.4, 35.4, 36.6, 35.6),))))
    made = [sphere.polygon(one.ring) for one in pieces(content)]

    hole = sphere.circle(lat=35.5, lon=36.5, radius_m=1_000)
    assert len(made) > 1
    assert not any(sphere.overlap(hole, one) for one in made)


@pytest.mark.parametrize(
    ("upper", "stays"),
    [(None, False), (altitude(3000, Unit.M, SEA), False), (altitude(500, Unit.M, SEA), True)],
)
def test_a_part_is_taken_away_only_where_it_goes_from_bottom_to_top(upper, stays):
    whole = ZoneVolume(
        Polygon(box(36, 35, 36.5, 35.5)), Limit(SURFACE), Limit(altitude(3000, Unit.M, SEA))
    )
    away = ZoneVolume(
        Polygon(box(36, 35, 36.25, 35.5)),
        Limit(SURFACE),
        Limit(upper),
        operation=Operation.SUBTRACT,
    )
    made = [sphere.polygon(one.ring) for one in pieces(zone(whole, away))]

    spot = sphere.circle(lat=35.25, lon=36.1, radius_m=1)
    assert any(sphere.overlap(spot, one) for one in made) is stays


# -- heights -------------------------------------------------------------------------------

SQUARE = Polygon(box(36, 35, 36.5, 35.5))
PLACE = from_degrees(lat=35.2, lon=36.2)


def test_heights_above_the_sea_are_turned_with_the_geoid_and_outwards():
    lower, upper = altitude(1000, Unit.M, SEA), altitude(5000, Unit.FT, SEA)

    (made,) = pieces(between(SQUARE, lower, upper))

    assert made.lower_m * 1000 <= height.convert(lower, Datum.WGS84, at=PLACE).mm
    assert made.upper_m * 1000 >= height.convert(upper, Datum.WGS84, at=PLACE).mm
    assert made.upper_m - made.lower_m < 524 + 12, "and by no more than a few metres"


def test_a_height_above_wgs84_stays_what_it_was():
    (made,) = pieces(
        between(SQUARE, altitude(100, Unit.M, Datum.WGS84), altitude(200, Unit.M, Datum.WGS84))
    )

    assert (made.lower_m, made.upper_m) == (100, 200)


def test_a_height_above_ground_holds_over_the_lowest_and_the_highest_ground():
    content = between(SQUARE, SURFACE, altitude(120, Unit.M, Datum.AGL))

    (anywhere,) = pieces(content)
    (here,) = pieces(content, Ground(-250_000, 2_814_000))

    assert anywhere.lower_m < -400
    assert anywhere.upper_m > 8_950
    assert here.lower_m > -250
    assert 2_934 < here.upper_m < 2_970


def test_a_pressure_altitude_holds_on_any_day():
    level = altitude(195, Unit.FL, Datum.STD)
    metres = level.mm / 1000

    (below,) = pieces(between(SQUARE, None, level))
    (above,) = pieces(between(SQUARE, level, None))

    assert below.upper_m > metres * 1.15
    assert above.lower_m < metres * 0.85


def test_no_limit_is_the_whole_air():
    (made,) = pieces(between(SQUARE, None, None))

    assert (made.lower_m, made.upper_m) == (from_zone.BOTTOM_M, from_zone.TOP_M)


def test_a_limit_in_words_alone_counts_as_none():
    (made,) = pieces(zone(ZoneVolume(SQUARE, Limit(text="by NOTAM"), Limit(text="by NOTAM"))))

    assert (made.lower_m, made.upper_m) == (from_zone.BOTTOM_M, from_zone.TOP_M)


# -- which zones ---------------------------------------------------------------------------


def test_a_zone_of_any_kind_that_bars_flight_limits_flight():
    rule = Rule(restrictions=(Restriction("all", "flight"),))
    bars = ZoneContent("Z", ZoneKind.DE_ESCALATION, volumes=(ZoneVolume(SQUARE),), rule=rule)
    plain = ZoneContent("Z", ZoneKind.DE_ESCALATION, volumes=(ZoneVolume(SQUARE),))

    assert from_zone.limits_flight(bars)
    assert from_zone.named_for_drones(bars).raw_kind("ed269.restriction") == "PROHIBITED"
    assert not from_zone.limits_flight(plain)
    assert from_zone.limits_flight(between(SQUARE, None, None))


def test_a_rule_in_words_limits_no_flight_that_a_drone_could_know_of():
    assert not from_zone.limits_flight(ZoneContent("Z", ZoneKind.NO_FLY))

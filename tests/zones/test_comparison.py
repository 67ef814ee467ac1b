"""Two positions side by side: fair to both, in figures and in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from tests.zones.contents import contents, rings

from truceline.geo import geodesic
from truceline.geo.altitude import Datum, Unit, altitude
from truceline.geo.position import Position, from_degrees
from truceline.geo.volume import Circle, Edge, Operation, Polygon
from truceline.zones.boundary import GeometryRule, Limit, Text, ZoneContent, ZoneKind, ZoneVolume
from truceline.zones.comparison import Side, Verdict, compare, footprint, read_back
from truceline.zones.gazetteer import area_from_geometry, build, crossing_from_row, place_from_row


def box(south, west, north, east, **more):
    corners = [(south, west), (south, east), (north, east), (north, west)]
    ring = tuple(from_degrees(lat=lat, lon=lon) for lat, lon in corners)
    return ZoneContent(
        "Z", ZoneKind.BUFFER, volumes=(ZoneVolume(Polygon(ring), edge=Edge.LONLAT, **more),)
    )


GAZETTEER = build(
    places=[
        place_from_row(row)
        for row in (
            {
                "pcode": "C1",
                "name_en": "Upper Well",
                "name_ar": "",
                "lat": 35.5,
                "lon": 36.55,
                "area": "S1",
            },
            {"pcode": "C2", "name_en": "Lower Well", "lat": "35.5", "lon": "36.2", "area": "S1"},
            {
                "pcode": "C3",
                "name_en": "Mill",
                "lat": 35.52,
                "lon": 36.56,
                "area": "S1",
                "population": "1200",
            },
        )
    ],
    areas=[
        area_from_geometry(
            {"pcode": "S1", "name_en": "Plain", "population": 9000},
            {
                "type": "Polygon",
                "coordinates": [[[36, 35], [37, 35], [37, 36], [36, 36], [36, 35]]],
            },
        )
    ],
    crossings=[
        crossing_from_row({"code": "B1", "name_en": "Stone Bridge", "lat": 35.6, "lon": 36.58})
    ],
)
NORTH = box(35.2, 36.1, 35.8, 36.6)
SOUTH = box(35.2, 36.1, 35.8, 36.5)


def test_a_disputed_piece_names_its_places_crossings_and_people():
    found = compare(NORTH, SOUTH, GAZETTEER, label_a="North", label_b="South")

    (piece,) = found.pieces
    assert found.verdict is Verdict.DIFFERENT
    assert piece.included_by is Side.A
    assert [one.pcode for one in piece.places] == ["C1", "C3"]
    assert [one.code for one in piece.crossings] == ["B1"]
    assert piece.people.counted == 1200
    assert piece.people.places_without_count == 1
    assert piece.people.estimated == 6000
    assert piece.subdistricts[0].pcode == "S1"
    assert piece.subdistricts[0].share_ppm == pytest.approx(60_000, rel=0.01)
    assert "North includes Upper Well, Mill, Stone Bridge; South does not" in found.settled_by[0]


def test_areas_and_distance_are_those_of_the_ellipsoid():
    found = compare(NORTH, SOUTH)

    expected = geodesic.distance_m(
        from_degrees(lat=35.2, lon=36.6), from_degrees(lat=35.2, lon=36.5)
    )
    assert found.gap.metres == pytest.approx(expected, rel=1e-4)
    assert found.area_a_km2 == pytest.approx(found.agreed_km2 + found.disputed_km2, rel=1e-9)
    assert found.agreed_km2 == pytest.approx(found.area_b_km2, rel=1e-9)
    assert found.disputed_km2 == pytest.approx(603.2, rel=0.01)


def test_equal_positions_have_nothing_to_settle():
    found = compare(NORTH, NORTH, GAZETTEER)

    assert found.verdict is Verdict.SAME
    assert found.pieces == ()
    assert found.settled_by == ()
    assert found.disputed_km2 == 0


def test_a_line_drawn_the_other_way_round_is_the_same_position():
    ring = NORTH.volumes[0].shape.outer
    turned = replace(
        NORTH, volumes=(replace(NORTH.volumes[0], shape=Polygon((*ring[2:], *ring[:2])[::-1])),)
    )

    assert compare(NORTH, turned).verdict is Verdict.SAME


def test_a_straight_edge_and_a_geodesic_differ_by_what_the_agreement_must_choose():
    long = box(33.5, 36.0, 33.9, 37.6)
    curved = replace(long, volumes=(replace(long.volumes[0], edge=Edge.GEODESIC),))

    found = compare(long, curved)

    assert found.verdict is Verdict.DIFFERENT
    assert 270 < found.gap.metres < 300  # 287 m over 149 km at 33.5 N (AIRSPACE c)
    assert any("edges" in one for one in found.other_differences)


@given(
    rings(lat=350_000_000, lon=360_000_000, size=2_000_000), rings(lat=351_000_000, lon=361_000_000)
)
@settings(max_examples=40)
def test_exchanging_the_sides_exchanges_the_words_and_nothing_else(one, other):
    assume(max(point.lat_e7 for point in other) < 890_000_000)
    a, b = (replace(NORTH, volumes=(ZoneVolume(Polygon(ring)),)) for ring in (one, other))

    there, back = compare(a, b, GAZETTEER), compare(b, a, GAZETTEER)

    assert there.agreed_km2 == pytest.approx(back.agreed_km2, abs=1e-6)
    assert there.disputed_km2 == pytest.approx(back.disputed_km2, abs=1e-6)
    assert (there.gap is None) == (back.gap is None)
    if there.gap:
        assert there.gap.metres == pytest.approx(back.gap.metres, abs=0.01)
    swapped = {Side.A: Side.B, Side.B: Side.A}
    assert sorted(
        (swapped[one.included_by], round(one.area_km2, 6)) for one in there.pieces
    ) == sorted((one.included_by, round(one.area_km2, 6)) for one in back.pieces)


@given(contents(), contents())
@settings(max_examples=25)
def test_any_two_zones_can_be_compared(a, b):
    found = compare(a, b, GAZETTEER)

    if found.verdict is Verdict.UNRESOLVED:
        assert found.agreed_km2 is None
        assert a.unresolved or b.unresolved
    else:
        in_a = sum(one.area_km2 for one in found.pieces if one.included_by is Side.A)
        assert found.area_a_km2 == pytest.approx(
            found.agreed_km2 + in_a, rel=1e-4, abs=found.sliver_m2 / 1e6 + 1e-3
        )


def test_a_rule_in_words_is_never_measured():
    words = ZoneContent(
        "Z", ZoneKind.BUFFER, geometry_rule=GeometryRule((Text("en", "certain parts of X"),))
    )

    found = compare(NORTH, words, label_b="South")

    assert found.verdict is Verdict.UNRESOLVED
    assert found.pieces == ()
    assert found.disputed_km2 is None
    assert "South gives its boundary in words alone ('certain parts of X')" in found.settled_by[0]
    assert read_back(NORTH, words) == ()


def test_swapped_axes_are_suspected_aloud():
    swapped = box(36.1, 35.2, 36.6, 35.8)

    found = compare(box(35.2, 36.1, 35.3, 36.6), replace(swapped))

    assert found.verdict is Verdict.APART
    assert any("swapped axes" in one for one in found.settled_by)


def test_limits_are_compared_apart_from_the_line():
    high = Limit(altitude(1500, Unit.FT, Datum.AMSL))

    found = compare(NORTH, box(35.2, 36.1, 35.8, 36.6, upper=high))

    assert found.verdict is Verdict.SAME
    assert found.other_differences == ("upper limit differs: A has no limit, B has 1500 ft AMSL",)


def test_volumes_are_joined_by_their_operations():
    hole = ZoneVolume(
        Circle(from_degrees(lat=35.5, lon=36.3), 5_000_000),
        operation=Operation.SUBTRACT,
        edge=Edge.LONLAT,
    )
    cut = replace(NORTH, volumes=(*NORTH.volumes, hole))

    found = compare(NORTH, cut)

    assert found.disputed_km2 == pytest.approx(3.14159 * 25, rel=1e-3)
    assert footprint(cut).interiors


def test_every_vertex_is_read_back_in_metres():
    ring = NORTH.volumes[0].shape.outer
    moved = Position(ring[0].lat_e7 + 900, ring[0].lon_e7)
    other = replace(NORTH, volumes=(replace(NORTH.volumes[0], shape=Polygon((moved, *ring[1:]))),))

    rows = read_back(NORTH, other)

    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert rows[0].same_m == pytest.approx(10.0, abs=0.05)
    assert rows[0].line_m < 10
    assert [row.same_m for row in rows[1:]] == [0, 0, 0]

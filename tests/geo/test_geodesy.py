"""Shapes on the ellipsoid: flattened within their tolerance, measured by two independent ways."""

from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.zones.contents import arc_rings, circles, corridors, rings

from truceline.errors import Malformed, Refused
from truceline.geo import geodesic, height
from truceline.geo.altitude import Altitude, Datum, Unit, altitude
from truceline.geo.area import ring_area_m2
from truceline.geo.ellipse import outline, sighting
from truceline.geo.flatten import circle_ring, densify, flatten, to_shapely
from truceline.geo.position import Position, from_degrees
from truceline.geo.ring import check_polygon, check_ring, lonlat, looks_swapped, ring_of, tidy
from truceline.geo.volume import Circle, Corridor, Edge, Polygon

A, B = from_degrees(lat=33.5, lon=36.0), from_degrees(lat=33.5, lon=37.6)
SQUARE = (
    Position(0, 0),
    Position(0, 10_000_000),
    Position(10_000_000, 10_000_000),
    Position(10_000_000, 0),
)


@given(rings(), st.sampled_from([0.5, 5.0, 50.0]))
@settings(max_examples=30)
def test_a_flattened_geodesic_is_within_its_tolerance(ring, tolerance):
    dense = densify(ring, edge=Edge.GEODESIC, tolerance_m=tolerance)

    for a, b in zip(dense, (*dense[1:], dense[0]), strict=True):
        middle = geodesic.along(a, b, fraction=0.5)
        line = shapely.LineString(lonlat((a, b)))
        nearest = line.interpolate(line.project(shapely.Point(middle.lon, middle.lat)))
        off = geodesic.distance_m(middle, from_degrees(lat=nearest.y, lon=nearest.x))
        assert off <= tolerance + 0.02  # 1e-7 degree is 11 mm


@given(rings())
@settings(max_examples=40)
def test_the_two_ways_to_measure_an_area_agree(ring):
    dense = densify(ring, edge=Edge.GEODESIC, tolerance_m=0.5)

    assert abs(ring_area_m2(lonlat(dense))) == pytest.approx(geodesic.ring_area_m2(ring), rel=2e-4)


def test_the_area_of_a_degree_is_that_of_the_ellipsoid():
    fine = ring_of(
        shapely.get_coordinates(shapely.segmentize(shapely.Polygon(lonlat(SQUARE)), 0.01))
    )

    assert ring_area_m2(lonlat(SQUARE)) == pytest.approx(geodesic.ring_area_m2(fine), rel=1e-8)


@given(circles)
@settings(max_examples=30)
def test_every_vertex_of_a_circle_lies_on_it(circle):
    ring = circle_ring(circle, tolerance_m=5.0)

    for point in ring[::7]:
        assert geodesic.distance_m(circle.centre, point) == pytest.approx(
            circle.radius_mm / 1000, abs=0.02
        )
    assert geodesic.ring_area_m2(ring) == pytest.approx(
        math.pi * (circle.radius_mm / 1000) ** 2, rel=0.15
    )


@given(st.one_of(circles, corridors(), arc_rings()))
@settings(max_examples=30)
def test_every_curved_shape_gives_valid_rings(shape):
    for polygon in flatten(shape, tolerance_m=2.0):
        check_polygon(polygon)


def test_a_corridor_holds_what_is_near_its_line_and_nothing_else():
    (polygon,) = flatten(Corridor((A, B), 10_000_000), tolerance_m=1.0)
    ground = to_shapely(polygon)

    for metres, inside in ((4_990, True), (5_010, False)):
        middle = geodesic.along(A, B, fraction=0.3)
        off = geodesic.destination(
            middle, bearing=geodesic.bearing_deg(middle, B) + 90, metres=metres
        )
        assert ground.contains(shapely.Point(off.lon, off.lat)) is inside


def test_a_geodesic_bulges_287_metres_from_its_parallel_and_a_rhumb_line_does_not():
    ring = (A, B, from_degrees(lat=34.5, lon=36.8))
    bulge = max(
        point.lat
        for point in densify(ring, edge=Edge.GEODESIC)[
            : len(densify(ring, edge=Edge.GEODESIC)) // 2
        ]
    )
    north = densify((A, B, from_degrees(lat=33.0, lon=36.8)), edge=Edge.GEODESIC)
    highest = max(point.lat for point in north)

    assert bulge > 33.5
    assert (highest - 33.5) * 110_900 == pytest.approx(287, abs=3)
    assert (
        max(
            point.lat
            for point in densify((A, B, from_degrees(lat=33.0, lon=36.8)), edge=Edge.RHUMB)
        )
        == 33.5
    )
    assert densify(ring, edge=Edge.LONLAT) == ring


@pytest.mark.parametrize("centre", [from_degrees(lat=89.9, lon=0), from_degrees(lat=10, lon=179.9)])
def test_a_circle_over_a_pole_or_the_antimeridian_is_refused(centre):
    with pytest.raises(Malformed, match=r"antimeridian|pole"):
        flatten(Circle(centre, 50_000_000))


@pytest.mark.parametrize("tolerance", [0, -1, float("nan")])
def test_a_tolerance_that_means_nothing_is_refused(tolerance):
    with pytest.raises(Malformed):
        flatten(Circle(A, 1_000_000), tolerance_m=tolerance)


def test_a_ring_that_goes_round_the_pole_or_is_no_ring_is_refused():
    for ring in (
        tuple(from_degrees(lat=85, lon=lon) for lon in (0, 120, -120)),
        SQUARE[:2],
        (SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]),
        tuple(from_degrees(lat=10 + n * 1e-7, lon=20) for n in range(5)),
    ):
        with pytest.raises(Malformed):
            check_ring(ring)


def test_tidying_drops_repeats_and_tells():
    ring, done = tidy((*SQUARE[:2], SQUARE[1], *SQUARE[2:]))

    assert ring == SQUARE
    assert len(done) == 2


@given(rings())
def test_a_ring_survives_degrees_and_back(ring):
    assert ring_of(lonlat(ring)) == ring


def test_swapped_axes_are_suspected_only_where_swapping_helps():
    moved = tuple(Position(point.lon_e7 + 300_000_000, point.lat_e7) for point in SQUARE)
    there = tuple(Position(point.lat_e7, point.lon_e7 + 300_000_000) for point in SQUARE)

    assert looks_swapped(moved, there)
    assert not looks_swapped(there, there)


@given(st.integers(-60, 60), st.integers(-179, 179), st.integers(-1000, 20_000))
@settings(max_examples=30)
def test_a_height_survives_the_geoid_and_back(lat, lon, metres):
    at = from_degrees(lat=lat, lon=lon)
    given_height = altitude(metres, Unit.M, Datum.AMSL)

    above = height.convert(given_height, Datum.WGS84, at=at)

    assert height.convert(above, Datum.AMSL, at=at) == given_height
    assert abs(above.mm - given_height.mm) < 110_000


def test_the_geoid_of_the_region_is_as_published():
    for lat, lon, metres in ((33.9, 35.5, 23.2), (33.5, 36.3, 26.3), (31.5, 34.45, 17.9)):
        assert height.undulation_mm(from_degrees(lat=lat, lon=lon)) / 1000 == pytest.approx(
            metres, abs=0.8
        )


@pytest.mark.parametrize(
    "pair", [(Datum.AGL, Datum.AMSL), (Datum.AMSL, Datum.STD), (Datum.SFC, Datum.WGS84)]
)
def test_a_height_that_needs_terrain_or_pressure_is_refused(pair):
    with pytest.raises(Refused, match=r"terrain|pressure"):
        height.convert(Altitude(1000, pair[0]), pair[1], at=A)


@given(st.integers(0, 99_999), st.sampled_from(Unit))
def test_an_altitude_comes_out_as_it_went_in(value, unit):
    made = altitude(value, unit, Datum.AMSL)

    assert made.as_given == value
    assert altitude(made.as_given, unit, made.datum) == made


def test_a_sighting_lies_across_the_line_of_sight_when_the_bearing_is_the_doubt():
    seen = sighting(A, bearing=90, bearing_sigma_deg=5, distance_m=4_000, distance_sigma_m=100)

    assert seen.major_mm == pytest.approx(349_000, rel=0.01)
    assert seen.bearing_e7 == 0
    assert geodesic.distance_m(A, seen.centre) == pytest.approx(4_000, abs=0.05)
    ring = outline(seen, percent=95)
    assert max(geodesic.distance_m(seen.centre, point) for point in ring) == pytest.approx(
        854, rel=0.02
    )
    check_ring(ring)


def test_a_sighting_without_an_error_is_refused():
    with pytest.raises(Malformed, match="errors"):
        sighting(A, bearing=0, bearing_sigma_deg=-1, distance_m=10, distance_sigma_m=1)


def test_holes_must_lie_within():
    outside = tuple(Position(point.lat_e7, point.lon_e7 + 500_000_000) for point in SQUARE)
    with pytest.raises(Malformed, match="holes"):
        check_polygon(Polygon(SQUARE, (outside,)))

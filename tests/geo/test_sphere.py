"""Footprints on the sphere: poles, the antimeridian, and answers that widen in doubt."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import Malformed, Reason
from truceline.geo import sphere
from truceline.geo.geodesic import geod
from truceline.geo.sphere import Footprint

LAT = st.floats(-90, 90)
LON = st.floats(-180, 180)
RADIUS = st.floats(1, 50_000)


def square(lat: float, lon: float, half: float) -> Footprint:
    """A square of degrees around a point."""
    corners = ((-half, -half), (-half, half), (half, half), (half, -half))
    return sphere.polygon([(lat + dy, lon + dx) for dy, dx in corners])


@given(LAT, LON, RADIUS, st.floats(0, 360), RADIUS)
def test_circles_that_meet_on_the_ellipsoid_are_never_told_apart(lat, lon, one, bearing, other):
    far_lon, far_lat, _ = geod().fwd(lon, lat, bearing, (one + other) * 0.999)

    a = sphere.circle(lat=lat, lon=lon, radius_m=one)
    b = sphere.circle(lat=far_lat, lon=far_lon, radius_m=other)

    assert sphere.overlap(a, b)
    assert sphere.overlap(b, a)


@given(LAT, LON, RADIUS, st.floats(0, 360), RADIUS)
def test_circles_a_hundredth_apart_are_told_apart(lat, lon, one, bearing, other):
    far_lon, far_lat, _ = geod().fwd(lon, lat, bearing, (one + other) * 1.011 + 1)

    a = sphere.circle(lat=lat, lon=lon, radius_m=one)
    b = sphere.circle(lat=far_lat, lon=far_lon, radius_m=other)

    assert not sphere.overlap(a, b)


def test_a_circle_reaches_over_the_pole():
    pole = sphere.circle(lat=89.999, lon=10, radius_m=500)

    assert sphere.overlap(pole, sphere.circle(lat=89.998, lon=-170, radius_m=100))
    assert not sphere.overlap(pole, sphere.circle(lat=89.99, lon=-170, radius_m=100))


def test_a_polygon_around_the_pole_holds_the_pole():
    cap = sphere.polygon([(89.9, lon) for lon in (0, 90, 180, -90)])

    assert sphere.overlap(cap, sphere.circle(lat=90, lon=0, radius_m=1))
    assert sphere.covers(cap, sphere.circle(lat=89.95, lon=45, radius_m=100))
    assert 200 < cap.area_km2 < 400


def test_the_antimeridian_is_no_border():
    across = sphere.polygon([(-56.1, 179.9), (-56.1, -179.9), (-55.9, -179.9), (-55.9, 179.9)])

    assert sphere.overlap(across, sphere.circle(lat=-56, lon=-179.95, radius_m=10))
    assert sphere.overlap(across, sphere.circle(lat=-56, lon=179.95, radius_m=10))
    assert not sphere.overlap(across, sphere.circle(lat=-56, lon=179.5, radius_m=10))
    assert across.area_km2 == pytest.approx(square(-56, 0, 0.1).area_km2, rel=1e-9)


def test_an_edge_is_the_shortest_path_and_not_the_parallel():
    wide = sphere.polygon([(60, 0), (60, 8), (59, 8), (59, 0)])
    above_the_parallel = sphere.circle(lat=60.05, lon=4, radius_m=100)

    assert sphere.overlap(wide, above_the_parallel)


@given(st.floats(-80, 80), LON, st.floats(0.01, 0.4), st.floats(-1, 1), st.floats(-1, 1))
def test_a_point_within_two_polygons_shows_their_overlap(lat, lon, half, dy, dx):
    one, other = (
        square(lat, _wrapped(lon), half),
        square(lat + dy * half, _wrapped(lon + dx * half), half),
    )

    assert sphere.overlap(one, other)
    assert sphere.overlap(other, one)


@given(st.floats(-80, 80), LON, st.floats(0.01, 0.4), st.floats(0.05, 0.9))
def test_what_covers_overlaps_and_is_not_covered_back(lat, lon, half, share):
    whole, part = square(lat, lon / 2, half), square(lat, lon / 2, half * share)

    assert sphere.covers(whole, part)
    assert sphere.overlap(whole, part)
    assert not sphere.covers(part, whole)


@given(LAT, LON, RADIUS, st.floats(0.1, 0.98), st.floats(0, 360))
def test_a_circle_within_a_circle_is_covered(lat, lon, radius, share, bearing):
    inner_lon, inner_lat, _ = geod().fwd(lon, lat, bearing, radius * (1 - share) * 0.95)

    whole = sphere.circle(lat=lat, lon=lon, radius_m=radius)
    part = sphere.circle(lat=inner_lat, lon=inner_lon, radius_m=radius * share * 0.99)

    assert sphere.covers(whole, part)


@given(st.floats(-89, 89), LON, RADIUS)
def test_a_circles_area_is_that_of_its_radius(lat, lon, radius):
    area = sphere.circle(lat=lat, lon=lon, radius_m=radius).area_km2

    assert area == pytest.approx(math.pi * (radius / 1000) ** 2, rel=0.02)


@pytest.mark.parametrize("lat", [-80, -33.5, 0, 12, 60])
def test_a_polygons_area_is_that_on_the_ellipsoid(lat):
    ring = square(lat, 36, 0.3)
    coords = [
        (36 + dx, lat + dy) for dx, dy in ((-0.3, -0.3), (0.3, -0.3), (0.3, 0.3), (-0.3, 0.3))
    ]
    exact = abs(geod().polygon_area_perimeter(*zip(*coords, strict=True))[0]) / 1e6

    assert ring.area_km2 == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (1, 1)],
        [(0, 0), (1, 1), (0, 1), (1, 0)],
        [(0, 0), (0, 1), (1, 1), (0, 0)],
        [(0, 0), (0, 0.5), (0, 1)],
        [(91, 0), (0, 1), (1, 1)],
        [(0, 181), (0, 1), (1, 1)],
        [(math.nan, 0), (0, 1), (1, 1)],
    ],
)
def test_what_is_no_polygon_is_refused(points):
    with pytest.raises(Malformed):
        sphere.polygon(points)


def test_a_polygon_of_half_the_earth_is_too_large():
    with pytest.raises(Malformed) as failure:
        sphere.polygon([(0, 0), (0, 120), (0, -120)])
    assert failure.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("radius", [0, -1, math.nan, math.inf, 1e9])
def test_what_is_no_radius_is_refused(radius):
    with pytest.raises(Malformed):
        sphere.circle(lat=0, lon=0, radius_m=radius)


def _wrapped(lon: float) -> float:
    return (lon + 179) % 358 - 179

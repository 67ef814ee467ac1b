"""Areas over longitude 180 are cut there, and nothing of them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import Malformed
from truceline.geo import geodesic
from truceline.geo.antimeridian import split, split_area
from truceline.geo.area import ring_area_m2
from truceline.geo.position import E7, Position, from_degrees
from truceline.geo.ring import check_polygon, lonlat
from truceline.geo.volume import Edge, MultiPolygon, Polygon


def ring(*pairs):
    return tuple(from_degrees(lat=lat, lon=lon) for lat, lon in pairs)


BOX = ring((10, 179), (10, -179), (12, -179), (12, 179))


def shifted(points, degrees):
    """The same ring elsewhere, wrapped into -180..180."""
    half, turn = 180 * E7, 360 * E7
    return tuple(Position(p.lat_e7, (p.lon_e7 + degrees * E7 + half) % turn - half) for p in points)


def test_a_box_over_the_line_becomes_two_that_meet_on_it():
    one, other = split(Polygon(BOX), edge=Edge.LONLAT)

    assert {at.lon for at in one.outer} == {179.0, 180.0}
    assert {at.lon for at in other.outer} == {-180.0, -179.0}


@given(
    st.lists(
        st.tuples(st.integers(0, 359), st.integers(20, 100)),
        min_size=3,
        max_size=9,
        unique_by=lambda pair: pair[0],
    ),
    st.integers(-60, 60),
)
@settings(max_examples=60)
def test_the_parts_have_the_area_of_the_whole(rays, lat):
    """A star around a place on the line, against the same star at longitude 0."""
    import math

    rays = sorted(rays)
    gaps = [(b[0] - a[0]) % 360 for a, b in zip(rays, [*rays[1:], rays[0]], strict=True)]
    if max(gaps) >= 170:
        return
    star = tuple(
        Position(
            lat * E7 + round(size * 1e5 * math.sin(math.radians(turn))),
            round(size * 1e5 * math.cos(math.radians(turn))),
        )
        for turn, size in rays
    )
    there = shifted(star, 180)
    straight = lambda part: abs(ring_area_m2(lonlat(part.outer)))  # noqa: E731
    for edge, area_of in ((Edge.GEODESIC, geodesic.area_m2), (Edge.LONLAT, straight)):
        parts = split(Polygon(there), edge=edge)
        for part in parts:
            check_polygon(part)
        assert sum(area_of(part) for part in parts) == pytest.approx(
            area_of(Polygon(star)), rel=1e-5, abs=500
        )


def test_a_hole_over_the_line_is_cut_with_its_area():
    holed = Polygon(BOX, (ring((10.5, 179.5), (10.5, -179.5), (11.5, 179.9)),))
    parts = split(holed, edge=Edge.GEODESIC)

    assert len(parts) == 2
    for part in parts:
        check_polygon(part)
    assert sum(geodesic.area_m2(part) for part in parts) == pytest.approx(
        geodesic.area_m2(holed), rel=1e-6
    )


def test_what_is_not_over_the_line_stays_the_same_value():
    area = Polygon(ring((10, 20), (10, 21), (11, 21)))

    assert split_area(area, edge=Edge.GEODESIC) is area
    assert isinstance(split_area(Polygon(BOX), edge=Edge.GEODESIC), MultiPolygon)


def test_an_area_around_a_pole_is_left_to_be_refused():
    around = Polygon(ring((80, 0), (80, 120), (80, -120)))

    assert split(around, edge=Edge.GEODESIC) == (around,)
    with pytest.raises(Malformed):
        check_polygon(around)

"""The compiled kernel against shapely: the same pairs, the same times, on hard borders too."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.airspace.skies import NOON_US, at, box, feet

from truceline.airspace.bend import cut
from truceline.airspace.cells import cells
from truceline.airspace.chart import Chart, FlatVolume, WatchedZone, chart
from truceline.airspace.fix import Fixes, Names, fixes
from truceline.airspace.ground import pairs_plain
from truceline.airspace.kernel import KERNEL, Kernel, Search, members, stays_compiled
from truceline.airspace.rules import PLANAR, STANDARD
from truceline.airspace.stay import Stays, stays
from truceline.airspace.track import Rows, Tracks
from truceline.geo.volume import Window


@pytest.fixture(scope="module", autouse=True)
def _kernel():
    if not KERNEL.wait():
        pytest.fail(KERNEL.notice)


def star(rng: np.random.Generator, corners: int) -> shapely.Polygon:
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    far = rng.uniform(0.2, 1.0, corners) * rng.uniform(0.01, 0.8)
    x, y = rng.uniform(0, 4), rng.uniform(0, 3)
    return shapely.Polygon(np.column_stack((x + far * np.cos(angle), y + far * np.sin(angle))))


def usable(area: shapely.Geometry) -> bool:
    return area.is_valid and area.area > 0 and area.geom_type in ("Polygon", "MultiPolygon")


def stars(seed: int, count: int, *, grid: float = 0.0) -> Chart:
    """Random zones, holes, limits and windows; `grid` puts all corners on round coordinates."""
    rng = np.random.default_rng(seed)
    zones = []
    while len(zones) < count:
        area = star(rng, int(rng.integers(3, 40)))
        if rng.random() < 0.3:
            hole = star(rng, 8)
            area = area.difference(hole) if usable(area) and usable(hole) else area
        if grid and usable(area):
            rounded = shapely.set_precision(area, grid)
            area = shapely.from_wkb(shapely.to_wkb(rounded))  # plain again: no grid of its own
        if not usable(area):
            continue
        lower = feet(float(rng.integers(0, 8000))) if rng.random() < 0.4 else None
        upper = feet(float(rng.integers(8000, 20000))) if rng.random() < 0.4 else None
        window = Window(at(rng.uniform(0, 300)), at(rng.uniform(300, 900)))
        if rng.random() < 0.6:
            window = Window()
        zones.append(
            WatchedZone(f"Z{len(zones)}", (FlatVolume(area, lower, upper, window=window),))
        )
    return chart(zones)


def paths(seed: int, count: int, *, grid: float = 0.0, step: float = 0.05) -> Rows:
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(count // 50, dtype=np.int32), 50)
    move = rng.normal(0, step, (len(who), 2)) * rng.choice([0.0, 0.1, 1.0, 5.0], (len(who), 1))
    spot = np.cumsum(move, axis=0) % 4
    if grid:
        spot = np.round(spot / grid) * grid
    batch: Fixes = fixes(
        seen_at=NOON_US + np.arange(len(who), dtype=np.int64) % 50 * 20_000_000,
        aircraft=who,
        lat=spot[:, 1],
        lon=spot[:, 0],
        baro_ft=np.where(rng.random(len(who)) < 0.05, np.nan, rng.uniform(0, 20_000, len(who))),
        names=Names(f"{k:06x}" for k in range(count)).texts,
    )
    return cut(Tracks(PLANAR).take(batch))


def same(one: Stays, two: Stays, tolerance: float = 1e-9) -> None:
    for name in ("volume", "row_in", "row_out", "edge_in", "edge_out"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)
    np.testing.assert_allclose(one.share_in, two.share_in, atol=tolerance)
    np.testing.assert_allclose(one.share_out, two.share_out, atol=tolerance)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_stays_equal_those_of_shapely_on_random_zones(seed: int):
    zones, rows = stars(seed, 30), paths(seed, 2000)
    same(
        stays(zones, rows, pairs_plain(zones, rows)),
        stays_compiled(KERNEL, zones, cells(zones), rows),
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.5, 0.25, 0.1, 0.05]))
def test_memberships_equal_those_of_shapely_on_round_borders_and_round_places(
    seed: int, grid: float
):
    zones = stars(seed, 30, grid=grid)
    rng = np.random.default_rng(seed)
    lon, lat = np.round(rng.uniform(0, 4, (2, 3000)) / (grid / 2)) * (grid / 2)
    expected = {
        (int(point), volume)
        for volume, area in enumerate(zones.areas)
        for point in np.flatnonzero(shapely.intersects_xy(area, lon, lat))
    }
    points, volumes = members(KERNEL, cells(zones), lon, lat)
    assert set(zip(points.tolist(), volumes.tolist(), strict=True)) == expected
    assert len(points) == len(expected)


def test_borders_through_the_middle_of_cells_lose_no_membership():
    """The defect of the prototype: borders along parallels on which cell centres lie."""
    table_of = [box(k, 0, k + 1, 3, zone_id=str(k)) for k in range(4)]
    zones = chart([*table_of, box(0.5, 0.5, 3.5, 2.5, zone_id="inner")])
    grid = cells(zones)
    lon, lat = np.meshgrid(
        np.concatenate((grid.west + (np.arange(grid.columns) + 0.5) * grid.size, [0.5, 1, 2])),
        np.concatenate((grid.south + (np.arange(0, grid.rows, 7) + 0.5) * grid.size, [0.5, 2.5])),
    )
    lon, lat = lon.ravel(), lat.ravel()
    points, volumes = members(KERNEL, grid, lon, lat)
    for volume, area in enumerate(zones.areas):
        inside = np.zeros(len(lon), dtype=bool)
        inside[points[volumes == volume]] = True
        np.testing.assert_array_equal(inside, shapely.intersects_xy(area, lon, lat))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.5, 0.25, 0.125]))
def test_stays_on_round_borders_cover_the_same_time_as_those_of_shapely(seed: int, grid: float):
    """Along edges and through corners; a touch that takes no time may be told or not."""
    zones, rows = stars(seed, 20, grid=grid), paths(seed, 1000, grid=grid)
    plain = stays(zones, rows, pairs_plain(zones, rows))
    fast = stays_compiled(KERNEL, zones, cells(zones), rows)
    for volume in range(len(zones.areas)):
        np.testing.assert_allclose(_axis(plain, volume), _axis(fast, volume), atol=1e-9)


def _axis(found: Stays, volume: int) -> np.ndarray:
    """The stays on one axis, those that touch joined, those without length left out."""
    rows = found.volume == volume
    start = (found.row_in + found.share_in)[rows]
    end = (found.row_out + found.share_out)[rows]
    long = end - start > 1e-9
    start, end = start[long], end[long]
    if not len(start):
        return start
    apart = start[1:] - end[:-1] > 1e-9
    first, final = np.append(True, apart), np.append(apart, True)
    return np.concatenate((start[first], end[final]))


def test_the_sign_of_an_orientation_is_exact_where_floating_point_is_not():
    from fractions import Fraction

    from truceline.airspace.compiled import side

    rng = np.random.default_rng(5)
    for _ in range(2000):
        a = rng.uniform(0, 1, 2)
        b = a + rng.uniform(0, 1, 2)
        c = a + (b - a) * rng.uniform(0, 1) + rng.choice([0, 1e-17, -1e-16, 5e-17], 2)
        ax, ay, bx, by, cx, cy = (Fraction(float(v)) for v in (*a, *b, *c))
        exact = (ax - cx) * (by - cy) - (ay - cy) * (bx - cx)
        assert np.sign(side(*a, *b, *c)) == np.sign(float(exact))


def test_until_the_kernel_is_ready_and_where_it_cannot_be_the_plain_way_answers():
    class Broken(Kernel):
        def _load(self) -> None:
            self.notice = "no compiler here"

    broken = Broken()
    zones, rows = stars(1, 10), paths(1, 500)
    search = Search(kernel=broken, warm_rows=1)
    same(search(zones, rows), Search(kernel=KERNEL)(zones, rows))
    assert not broken.wait()
    assert broken.notice


def test_depth_and_doubt_equal_those_of_the_plain_measure():
    from truceline.airspace.measure import LOOK_M, Case, Span, measured

    for seed in range(4):
        zones, rows = stars(seed, 15), paths(seed, 1500, step=0.01)
        search = Search(kernel=KERNEL)
        found = search(zones, rows)
        fast = search.measured(zones, rows, found, STANDARD)
        assert fast is not None
        for number, (depth, doubt) in enumerate(fast):
            span = Span(int(found.row_in[number]), float(found.share_in[number]), int(found.row_out[number]), float(found.share_out[number]))  # fmt: skip
            plain, slow = measured(Case(zones, int(found.volume[number]), rows, STANDARD), span)
            assert depth.metres == pytest.approx(plain.metres, abs=LOOK_M / 2)
            assert doubt.fixes == slow.fixes
            assert abs(doubt.lasted_us - slow.lasted_us) <= 1
            # A step of over 100 km is measured on a sphere by one and in a plane by the other.
            for name in ("firm", "capped", "loose", "known"):
                assert getattr(doubt, name) == pytest.approx(getattr(slow, name), abs=1e-4), name


def test_the_constants_that_the_kernel_repeats_are_those_of_the_plain_way():
    from truceline.airspace import chart as chart_module
    from truceline.airspace import compiled, measure, metres, stay, verdict, vertical

    assert (compiled.LOOK_M, compiled.MOST_LOOKS) == (measure.LOOK_M, measure.MOST_LOOKS)
    assert (compiled.A_M, compiled.E2) == (metres.A_M, metres.E2)
    assert compiled.BLOCK == chart_module.BLOCK
    assert compiled.LEAST_TAIL == verdict.LEAST_TAIL
    assert compiled.UNTESTABLE == vertical.Column.UNTESTABLE
    assert list(stay.Edge) == [compiled.OPEN, compiled.BORDER, compiled.HEIGHT, compiled.WINDOW]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_leaving_a_zone_is_followed_as_the_plain_way_does(seed: int):
    from truceline.airspace.measure import Case, clearly_outside, places

    zones, rows = stars(seed, 3), paths(seed, 300, step=0.002)
    fixes_of = np.flatnonzero(rows.fix)
    for zone in range(3):
        case = Case(zones, zone, rows, STANDARD)
        at = places(rows, fixes_of - 1, np.ones(len(fixes_of)))
        clear = clearly_outside(case, at, rows.sigma_m[fixes_of])
        for row, outside in zip(fixes_of.tolist(), clear.tolist(), strict=True):
            found = Search(kernel=KERNEL).leave(case, (row, row), (0, 0))
            assert found is not None
            assert (found[0] == 1) == outside

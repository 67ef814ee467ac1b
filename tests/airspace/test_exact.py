"""The engine, GEOS and MEOS agree: a seeded share of what `bench/air/exact.py` looks at."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import shapely

from truceline.airspace.kernel import KERNEL


def _load() -> ModuleType:
    path = Path(__file__).parents[2] / "bench/air/exact.py"
    spec = importlib.util.spec_from_file_location("exact", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["exact"] = module
    spec.loader.exec_module(module)
    return module


exact = _load()


@pytest.fixture(scope="module", autouse=True)
def kernel() -> None:
    assert KERNEL.wait(), KERNEL.notice


def test_memberships_are_those_of_shapely_on_seeded_polygons():
    areas = exact.polygons(200, 1)
    pairs, wrong = exact.membership(areas, *exact.positions(3_000, 1, areas))
    assert pairs > 5_000
    assert wrong == 0


@pytest.mark.parametrize("grid", [False, True])
def test_crossing_times_are_those_of_geos_within_a_microsecond(grid: bool):
    areas, batch = exact.polygons(60, 7), exact.paths(60, 12, 7, grid=grid)
    count, worst, along = exact.against_geos(areas, batch)
    assert count > 500
    assert worst <= 1e-6 * (1 + 1e-9)
    assert along <= count / 100


@pytest.mark.parametrize("grid", [False, True])
def test_entries_and_exits_are_those_of_meos_within_ten_milliseconds(grid: bool):
    pytest.importorskip("pymeos")
    areas, batch = exact.polygons(120, 11), exact.paths(120, 12, 11, grid=grid)
    count, worst, gave_up = exact.against_meos(areas, batch)
    assert count > 30
    assert gave_up <= 12
    assert worst <= 0.010


@pytest.mark.parametrize(
    ("ring", "path", "until"),
    [
        # Along a diagonal edge to within 1e-17 degree, and on to the outside.
        (
            [(2.05, 1.2), (2.05, 1.25), (1.85, 1.4), (1.75, 1.5), (1.8, 1.35), (1.9, 1.05)],
            [(2.05, 1.2), (1.7, 1.55)],
            0.857142857142857,
        ),
        # Past a corner that lies in the middle of the path to within rounding.
        ([(1.1, 2.15), (1.2, 2.15), (1.2, 2.2), (1.1, 2.4)], [(1.1, 2.1), (1.3, 2.3)], 0.5),
    ],
)
def test_one_place_does_not_speak_for_what_lies_beyond_a_corner(
    ring: list[tuple[float, float]], path: list[tuple[float, float]], until: float
):
    """Found by the bench: whole kilometres beyond the corner were told as inside."""
    area = shapely.Polygon(ring)
    lon, lat = np.array(path).T
    batch = exact.fixes(
        seen_at=exact.START_US + np.array([0, 60_000_000]),
        aircraft=np.zeros(2, dtype=np.int32),
        lon=lon,
        lat=lat,
        names=["abc123"],
    )
    ended = max(end for spans in exact.ours([area], batch).values() for _, end in spans)
    assert ended == pytest.approx(until * 60e6, abs=2)

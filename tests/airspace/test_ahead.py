"""A look ahead finds what flying on and sweeping would find."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.airspace.skies import NOON_US, box, feet
from tests.airspace.test_kernel import stars

from truceline.airspace.ahead import WaysAhead, lookahead, straight
from truceline.airspace.cells import cells
from truceline.airspace.chart import chart
from truceline.airspace.fix import Names, fixes
from truceline.airspace.kernel import AHEAD
from truceline.airspace.sweep import Sweep, joined


@pytest.fixture(scope="module", autouse=True)
def _kernel():
    if not AHEAD.wait():
        pytest.fail(AHEAD.notice)


def one_way(**given: float) -> WaysAhead:
    values = {"lon": 0.0, "lat": 0.0, "feet": 1000.0, "east": 0.0, "north": 0.0, "climb": 0.0, "turn": 0.0, "turn_s": 0.0, "climb_s": 0.0} | given  # fmt: skip
    column = {name: np.array([value]) for name, value in values.items()}
    return WaysAhead(
        column["lon"],
        column["lat"],
        np.array([NOON_US]),
        np.stack([column["feet"]] * 3),
        column["east"],
        column["north"],
        column["climb"],
        column["turn"],
        column["turn_s"],
        column["climb_s"],
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31))
def test_straight_on_it_is_the_first_entry_of_the_segment_flown(seed: int):
    zones, rng = stars(seed, 25), np.random.default_rng(seed)
    count, horizon = 400, 60.0
    lon, lat = rng.uniform(0, 4, count), rng.uniform(0, 3, count)
    feet_now, climb = rng.uniform(0, 15_000, count), rng.normal(0, 60, count)
    east, north = rng.normal(0, 0.003, count), rng.normal(0, 0.003, count)
    seen_at = np.full(count, NOON_US + 100_000_000)
    ways = straight(lon, lat, seen_at, np.stack([feet_now] * 3), (east, north, climb))
    row, volume, seconds = lookahead(cells(zones), ways, horizon)
    sweep = Sweep(zones)
    flown = fixes(
        seen_at=np.repeat(seen_at, 2) + np.tile([0, 60_000_000], count),
        aircraft=np.repeat(np.arange(count, dtype=np.int32), 2),
        lat=np.column_stack((lat, lat + north * horizon)).ravel(),
        lon=np.column_stack((lon, lon + east * horizon)).ravel(),
        baro_ft=np.column_stack((feet_now, feet_now + climb * horizon)).ravel(),
        names=Names(f"{k:06x}" for k in range(count)).texts,
    )
    visits = joined([sweep.feed(flown), sweep.finish()]).in_order()
    first: dict[tuple[int, int], float] = {}
    for who, where, at in zip(visits.aircraft.tolist(), visits.volume.tolist(), visits.entered_at.tolist(), strict=True):  # fmt: skip
        first.setdefault((who, where), (at - seen_at[0]) / 1e6)
    mine = dict(zip(zip(row.tolist(), volume.tolist(), strict=True), seconds.tolist(), strict=True))
    assert mine.keys() == first.keys()
    assert all(abs(mine[key] - first[key]) < 1e-3 for key in mine)


def test_a_turn_is_held_for_its_time_and_then_flown_straight_on():
    """Northward at 111 m/s, a right turn of three degrees a second for 30 s: then due east."""
    ahead = chart([box(0.02, 0.005, 0.03, 0.05, zone_id="east"), box(-0.01, 0.03, 0.01, 0.05)])
    turning = one_way(north=0.001, turn=np.radians(3.0), turn_s=30.0)
    row, volume, seconds = lookahead(cells(ahead), turning, 60.0)
    assert (row.tolist(), volume.tolist()) == ([0], [0])
    radius = 0.001 / np.radians(3.0)
    assert seconds[0] == pytest.approx(30 + (0.02 - radius) / 0.001, abs=0.2)
    _, volume, seconds = lookahead(cells(ahead), one_way(north=0.001), 60.0)
    assert volume.tolist() == [1]
    assert seconds[0] == pytest.approx(30.0, abs=1e-6)


def test_a_climb_is_held_for_its_time_and_then_flown_level():
    above = chart([box(-1, -1, 1, 1, lower=feet(2000))])
    _, _, seconds = lookahead(cells(above), one_way(climb=50.0, climb_s=40.0), 60.0)
    assert seconds.tolist() == [20.0]
    row, _, _ = lookahead(cells(above), one_way(climb=50.0, climb_s=15.0), 60.0)
    assert not len(row)


def test_who_is_inside_already_enters_at_once():
    around = chart([box(-1, -1, 1, 1)])
    _, _, seconds = lookahead(cells(around), one_way(east=0.001), 60.0)
    assert seconds.tolist() == [0.0]

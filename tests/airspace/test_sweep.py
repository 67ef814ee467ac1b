"""The sweep gives the crossings of the engine in its planar mode, in any pieces, any order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.airspace.skies import NOON_US, box, flight
from tests.airspace.test_kernel import stars

from truceline.airspace.chart import Chart, FlatVolume, WatchedZone, chart
from truceline.airspace.engine import Engine, crossings_of
from truceline.airspace.fix import Fixes, Names, fixes
from truceline.airspace.kernel import SWEEPING
from truceline.airspace.rules import PLANAR
from truceline.airspace.sweep import Sweep, Visits, joined


@pytest.fixture(scope="module", autouse=True)
def _kernel():
    if not SWEEPING.wait():
        pytest.fail(SWEEPING.notice)


def sky(seed: int, count: int = 3000, *, each: int = 60, step: float = 0.03) -> Fixes:
    """Random flights with gaps, heights that go missing, and fixes that are none."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(count // each, dtype=np.int32), each)
    move = rng.normal(0, step, (len(who), 2)) * rng.choice([0.0, 0.2, 1.0, 5.0], (len(who), 1))
    spot = np.cumsum(move, axis=0) % 4
    seconds = np.cumsum(rng.choice([1.0, 5.0, 20.0, 400.0], len(who), p=[0.4, 0.4, 0.17, 0.03]))
    seconds -= np.repeat(seconds[::each], each)
    lat = np.where(rng.random(len(who)) < 0.01, np.nan, spot[:, 1])
    return fixes(
        seen_at=NOON_US + np.rint(seconds * 1e6).astype(np.int64),
        aircraft=who,
        lat=lat,
        lon=np.where(rng.random(len(who)) < 0.01, 200.0, spot[:, 0]),
        baro_ft=np.where(rng.random(len(who)) < 0.2, np.nan, rng.uniform(0, 20_000, len(who))),
        ground=rng.random(len(who)) < 0.05,
        names=Names(f"{k:06x}" for k in range(count // each)).texts,
    )


def swept(zones: Chart, batches: list[Fixes], *, threads: int = 1) -> tuple[Visits, Sweep]:
    sweep = Sweep(zones, threads=threads)
    made = [sweep.feed(one) for one in batches]
    return joined([*made, sweep.finish()]).in_order(), sweep


def told(zones: Chart, visits: Visits, names: list[str]) -> list[tuple[object, ...]]:
    """What a crossing of the engine says too."""
    return sorted(
        (zones.zone_ids[v], names[a], i, o)
        for v, a, i, o in zip(
            visits.volume.tolist(),
            visits.aircraft.tolist(),
            visits.entered_at.tolist(),
            visits.left_at.tolist(),
            strict=True,
        )
    )


def crossed(zones: Chart, batches: list[Fixes]) -> tuple[list[tuple[object, ...]], Engine]:
    engine = Engine(zones, PLANAR)
    events = [event for one in batches for event in engine.feed(one)]
    found = crossings_of([*events, *engine.finish()])
    return sorted((c.zone_id, c.icao24, c.entered_at, c.left_at) for c in found), engine


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_the_visits_are_the_crossings_of_the_engine_without_hysteresis(seed: int):
    zones, batch = stars(seed, 25), sky(seed)
    visits, sweep = swept(zones, [batch])
    expected, engine = crossed(zones, [batch])
    assert told(zones, visits, sweep.aircraft.texts) == expected
    assert sweep.left_out == engine.tracks.left_out


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 7))
def test_pieces_order_and_threads_change_nothing(seed: int, pieces: int):
    zones, batch = stars(seed, 25), sky(seed)
    whole, one = swept(zones, [batch])
    mixed = batch.take(np.argsort(batch.seen_at, kind="stable"))
    cuts = np.linspace(0, len(batch), pieces + 1).astype(int).tolist()
    parts = [mixed.take(slice(a, b)) for a, b in pairwise(cuts)]
    again, other = swept(zones, parts, threads=2)
    assert told(zones, whole, one.aircraft.texts) == told(zones, again, other.aircraft.texts)
    for name in ("lon_in", "lat_in", "ft_in", "lon_out", "lat_out", "ft_out"):
        np.testing.assert_array_equal(
            np.sort(getattr(whole, name)), np.sort(getattr(again, name)), err_msg=name
        )


def test_a_visit_names_place_height_and_the_fixes_on_either_side():
    zones = chart([box(1, 0, 2, 1)])
    visits, _ = swept(zones, [flight([(0, 0.5, 0.5), (60, 1.5, 0.5), (120, 3.5, 0.25)], feet=[900, 1100, 2100])])  # fmt: skip
    assert len(visits) == 1
    assert visits.entered_at[0] == NOON_US + 30_000_000
    assert visits.left_at[0] == NOON_US + 75_000_000
    assert (visits.lon_in[0], visits.lat_in[0], visits.ft_in[0]) == (1.0, 0.5, 1000.0)
    assert (visits.lon_out[0], visits.lat_out[0], visits.ft_out[0]) == (2.0, 0.4375, 1350.0)
    assert (visits.before_in[0], visits.after_in[0]) == (0, 1)
    assert (visits.before_out[0], visits.after_out[0]) == (1, 2)


def test_a_visit_goes_on_over_the_antimeridian():
    east, west = box(179, 0, 180, 1).volumes[0].area, box(-180, 0, -179, 1).volumes[0].area
    zones = chart([WatchedZone("both", (FlatVolume(east.union(west)),))])
    path = [(0, 178.5, 0.5), (60, 179.5, 0.5), (120, -179.5, 0.5), (180, -178.5, 0.5)]
    visits, _ = swept(zones, [flight(path)])
    assert (visits.entered_at - NOON_US).tolist() == [30_000_000]
    assert (visits.left_at - NOON_US).tolist() == [150_000_000]


def test_a_segment_that_meets_more_borders_than_there_is_room_for_is_taken_again():
    comb = [box(k / 1000, 0, k / 1000 + 0.0005, 1, zone_id=str(k)) for k in range(1500)]
    zones = chart(comb)
    visits, _ = swept(zones, [flight([(0, -0.1, 0.5), (60, 1.6, 0.5)])])
    assert len(visits) == 1500


def test_what_is_kept_does_not_grow_with_the_length_of_the_feed():
    zones = chart([box(1, 0, 2, 1)])
    sweep = Sweep(zones)
    for hour in range(50):
        path = [(hour * 3600 + k * 10, 0.5 + (k % 20) / 10, 0.5) for k in range(300)]
        sweep.feed(flight(path))
    kept = sweep.kept_bytes
    for hour in range(50, 100):
        path = [(hour * 3600 + k * 10, 0.5 + (k % 20) / 10, 0.5) for k in range(300)]
        sweep.feed(flight(path))
    assert sweep.kept_bytes == kept

"""A feed in any pieces tells the same as the file; zones may change under an aircraft."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.airspace.skies import NOON_US, at, box, feet, flight, found, seconds, straight

from truceline.airspace.chart import WatchedZone, chart
from truceline.airspace.crossing import Cause, Crossing
from truceline.airspace.engine import Closed, Engine, Opened, crossings_of
from truceline.airspace.fix import Fixes, Names, fixes, joined
from truceline.airspace.live import LiveWatch
from truceline.airspace.rules import PLANAR, STANDARD, Rules
from truceline.geo.volume import Window

BOX = box(1, 0, 2, 1)


def wandering(seed: int, aircraft: int = 6, count: int = 120) -> Fixes:
    """Several aircraft around a zone, with gaps, spikes, missing heights and late rows."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, aircraft, count * aircraft)
    every = rng.choice(
        [1.0, 5.0, 20.0, 100.0, 400.0], size=len(who), p=[0.5, 0.3, 0.15, 0.04, 0.01]
    )
    when = np.cumsum(every) / aircraft
    turn = rng.normal(0, 0.3, len(who))
    lon, lat = np.empty(len(who)), np.empty(len(who))
    for one in range(aircraft):
        rows = np.flatnonzero(who == one)
        heading = np.cumsum(turn[rows]) + rng.uniform(0, 6)
        step = np.diff(when[rows], prepend=when[rows[0]]) * 0.002
        lon[rows] = 1.5 + np.cumsum(step * np.cos(heading))
        lat[rows] = 0.5 + np.cumsum(step * np.sin(heading))
    spike = rng.random(len(who)) < 0.01
    lat[spike] += 3.0
    height = rng.normal(9000, 3000, len(who))
    height[rng.random(len(who)) < 0.1] = np.nan
    return fixes(
        seen_at=NOON_US + np.rint(when * 1e6).astype(np.int64),
        aircraft=who.astype(np.int32),
        lat=lat,
        lon=lon,
        baro_ft=height,
        sigma_m=rng.uniform(5, 200, len(who)),
        speed_kt=np.full(len(who), 250.0),
        names=Names(f"a{k:05x}" for k in range(aircraft)).texts,
        source="seeded",
    )


ZONES = (
    box(1.3, 0.3, 1.7, 0.7, zone_id="inner", upper=feet(10_000), holes=[(1.45, 0.45, 1.55, 0.55)]),
    box(1.5, 0.0, 2.5, 1.0, zone_id="east", window=Window(at(100), at(900))),
    box(1.0, 0.0, 1.5, 1.0, zone_id="west"),
)


def pieces(batch: Fixes, cuts: list[int]) -> list[Fixes]:
    bounds = [0, *sorted({c % (len(batch) + 1) for c in cuts}), len(batch)]
    return [batch.take(slice(a, b)) for a, b in pairwise(bounds)]


def alike(ones: list[Crossing], others: list[Crossing]) -> None:
    """The same crossings; the depth is found to within half a look (`measure.LOOK_M`)."""
    assert [_plain(one) for one in ones] == [_plain(one) for one in others]
    depths = [one.max_depth_m for one in others]
    np.testing.assert_allclose([one.max_depth_m for one in ones], depths, atol=25)


def _plain(one: Crossing) -> Crossing:
    return replace(one, max_depth_m=0.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 10_000), max_size=40))
@pytest.mark.parametrize("rules", [STANDARD, PLANAR])
def test_a_stream_in_any_pieces_gives_the_crossings_of_the_whole(
    rules: Rules, seed: int, cuts: list[int]
):
    batch = wandering(seed)
    whole = found(batch, *ZONES, rules=rules)
    parts = found(pieces(batch, cuts), *ZONES, rules=rules)
    alike(whole, parts)


def test_every_crossing_that_closes_was_opened_before():
    watch = LiveWatch(ZONES)
    events = [
        event for part in pieces(wandering(3), list(range(0, 720, 7))) for event in watch.feed(part)
    ]
    events += watch.finish()
    opened = [(e.crossing.zone_id, e.crossing.icao24, e.crossing.entered_at) for e in events if isinstance(e, Opened)]  # fmt: skip
    closed = [(e.crossing.zone_id, e.crossing.icao24, e.crossing.entered_at) for e in events if isinstance(e, Closed)]  # fmt: skip
    assert closed
    assert sorted(opened) == sorted(closed)


def fly(watch: LiveWatch, batch: Fixes) -> list[Crossing]:
    made = [
        event for row in range(len(batch)) for event in watch.feed(batch.take(slice(row, row + 1)))
    ]
    return crossings_of(made)


def test_a_zone_that_comes_into_force_counts_from_that_moment():
    watch = LiveWatch([])
    path = flight(straight(1.1, 1.3))
    fly(watch, path.take(slice(0, 5)))
    watch.replace_zones([BOX], at_us=NOON_US + 44_000_000)
    fly(watch, path.take(slice(5, None)))
    (one,) = crossings_of(watch.finish())
    assert (one.cause_in, one.cause_out) == (Cause.ACTIVATED_UNDER, Cause.LOST_INSIDE)
    assert seconds(one.entered_at) == 44


def test_a_zone_that_is_no_longer_in_force_counts_until_that_moment():
    watch = LiveWatch([BOX])
    path = flight(straight(1.1, 1.3))
    fly(watch, path.take(slice(0, 5)))
    watch.replace_zones([], at_us=NOON_US + 44_000_000)
    (one,) = fly(watch, path.take(slice(5, None)))
    assert (one.cause_in, one.cause_out) == (Cause.STARTED_INSIDE, Cause.DEACTIVATED_OVER)
    assert seconds(one.left_at) == 44


def test_a_zone_that_did_not_change_goes_on_through_a_replacement():
    other = box(5, 5, 6, 6, zone_id="other")
    watch = LiveWatch([other, BOX])
    path = flight(straight(1.1, 1.3))
    fly(watch, path.take(slice(0, 5)))
    watch.replace_zones([BOX], at_us=NOON_US + 44_000_000)
    assert not fly(watch, path.take(slice(5, None)))
    (one,) = crossings_of(watch.finish())
    assert (one.cause_in, seconds(one.entered_at)) == (Cause.STARTED_INSIDE, 0)


def test_a_zone_with_a_new_border_ends_the_old_crossing_and_begins_a_new_one():
    watch = LiveWatch([BOX])
    path = flight(straight(1.1, 1.3))
    fly(watch, path.take(slice(0, 5)))
    watch.replace_zones([box(1, 0, 2, 0.9)], at_us=NOON_US + 44_000_000)
    (old,) = fly(watch, path.take(slice(5, None)))
    (new,) = crossings_of(watch.finish())
    assert old.cause_out is Cause.DEACTIVATED_OVER
    assert new.cause_in is Cause.ACTIVATED_UNDER
    assert old.left_at == new.entered_at


def test_an_aircraft_that_falls_silent_inside_is_lost_there():
    watch = LiveWatch([BOX])
    fly(watch, flight(straight(1.1, 1.3)))
    last = watch.open_crossings[0].left_at
    assert not watch.expire(last + 299_000_000)
    (event,) = watch.expire(last + 301_000_000)
    assert event.crossing.cause_out is Cause.LOST_INSIDE
    assert not watch.open_crossings


def test_what_is_remembered_is_bounded_under_a_flood_of_addresses():
    watch = LiveWatch([BOX], most_aircraft=100)
    for number in range(50):
        names = Names(f"{number:03d}{k:03d}" for k in range(20)).texts
        many = [flight([(number * 10.0, 1.5, 0.5)], name=name) for name in names]
        for one in many:
            watch.feed(one)
    assert watch.aircraft <= 101
    assert len(watch.open_crossings) <= 101


def test_old_zones_leave_the_chart_again():
    watch = LiveWatch([BOX])
    for number in range(30):
        zone: WatchedZone = box(1, 0, 2, 1 + number / 1000)
        moment = NOON_US + number * 1_000_000_000
        watch.replace_zones([zone], at_us=moment)
        watch.feed(flight([(number * 1000.0 + 1, 5, 5), (number * 1000.0 + 5, 5.001, 5)]))
    assert len(watch._engine.chart.zone_ids) < 5


def test_batches_of_several_names_are_joined():
    one, two = flight([(0, 1, 1)]), flight([(1, 1, 1)])
    assert len(joined([one, two])) == 2


def test_an_engine_without_zones_finds_nothing():
    assert not Engine(chart([])).feed(flight(straight(0, 1)))


def test_an_aircraft_lost_inside_before_a_jump_is_lost_alike_in_pieces_and_whole():
    """Found by a random stream: the batch held the fix before the jump and no path from it."""
    batch = wandering(328)
    whole = found(batch, *ZONES, rules=STANDARD)
    parts = found(pieces(batch, [268, 441, 491, 617]), *ZONES, rules=STANDARD)
    alike(whole, parts)


def test_a_first_fix_on_the_border_is_left_alike_in_pieces_and_whole():
    """Found by a random stream: on the border, away for minutes, and back inside."""
    batch = wandering(289)
    whole = found(batch, *ZONES, rules=STANDARD)
    parts = found(pieces(batch, [1]), *ZONES, rules=STANDARD)
    alike(whole, parts)

"""Several live sources of one aircraft: one crossing, every source's fixes kept, replays apart."""

from __future__ import annotations

import numpy as np
import pytest
from tests.mechanism.test_watch import (
    NOON,
    SECOND,
    clock,
    fed,
    flight,
    mechanism,
    rows,
    sealed_segments,
)

from truceline.airspace.fix import Fixes
from truceline.airspace.quality import Kind
from truceline.mechanism.second_look import look_again
from truceline.mechanism.watch import Watch
from truceline.records.record import Micros

__all__ = ["clock", "mechanism"]


def by(kind: Kind, source: str, *, east: float = 0.0, after_s: float = 0.0) -> Fixes:
    """The flight as another sensor sees it: a little beside, a little later."""
    made = flight(source=source, kind=np.full(120, kind, dtype=np.int8))
    made.lon[:] += east
    made.seen_at[:] += round(after_s * SECOND)
    return made


def both(watch: Watch, clock, one: Fixes, other: Fixes) -> int:
    """Two sources, fix by fix, as they would come."""
    stated = 0
    for row in range(len(one)):
        stated += fed(watch, clock, one.take(slice(row, row + 1)))
        stated += fed(watch, clock, other.take(slice(row, row + 1)))
    return stated


def test_two_receivers_of_one_aircraft_state_one_crossing(mechanism, clock):
    watch = Watch(mechanism)
    stated = both(watch, clock, by(Kind.ADSB, "NORTH"), by(Kind.ADSB, "SOUTH", after_s=0.4))
    watch.finish()

    assert stated == 1
    (one,) = rows(mechanism)
    assert (one.cause, one.left_cause, one.left_verdict) == ("entered", "left", "confirmed")
    assert abs(one.entered_at - (NOON + 160 * SECOND)) < SECOND


def test_what_carried_no_track_is_kept_in_its_sources_segment(mechanism, clock):
    watch = Watch(mechanism)
    both(watch, clock, by(Kind.ADSB, "NORTH"), by(Kind.MLAT, "MLAT", east=0.002))
    watch.finish()

    sealed = {one.source: one.fixes for one in sealed_segments(mechanism)}
    assert sealed == {"NORTH": 120, "MLAT": 120}
    assert watch.carried("NORTH", "synthetic") == 120
    assert watch.carried("MLAT", "synthetic") == 0
    (one,) = rows(mechanism)
    assert one.source == "NORTH"
    assert one.segment in {sealed.segment for sealed in sealed_segments(mechanism)}


def test_a_source_that_falls_silent_inside_is_followed_by_the_other(mechanism, clock):
    watch = Watch(mechanism)
    radar = by(Kind.RADAR, "RADAR", east=0.001)
    fed(watch, clock, by(Kind.ADSB, "NORTH").take(slice(0, 40)))
    fed(watch, clock, radar.take(slice(44, 120)))
    watch.finish()

    (one,) = rows(mechanism)
    assert (one.source, one.cause, one.left_cause) == ("NORTH", "entered", "left")
    assert abs(one.left_at - (NOON + 410 * SECOND)) < 2 * SECOND


def test_one_of_two_feeds_that_is_over_ends_no_track_of_the_other(mechanism, clock):
    watch = Watch(mechanism)
    north, south = by(Kind.ADSB, "NORTH"), by(Kind.ADSB, "SOUTH", after_s=0.4)
    both(watch, clock, north.take(slice(0, 40)), south.take(slice(0, 40)))
    watch.finish("NORTH", "synthetic")
    (still,) = rows(mechanism)
    fed(watch, clock, south.take(slice(40, 120)))
    watch.finish("SOUTH", "synthetic")

    assert still.left_at is None
    (one,) = rows(mechanism)
    assert one.left_cause == "left"


def test_a_replay_of_earlier_times_has_a_track_of_its_own(mechanism, clock):
    clock.seek(Micros(NOON + 3_600 * SECOND))
    watch = Watch(mechanism)
    now = flight(start_s=3_600, source="LIVE")
    for first in range(0, 120, 10):
        watch.feed(flight(source="ARCHIVE").take(slice(first, first + 10)), "synthetic")
        fed(watch, clock, now.take(slice(first, first + 10)))
    watch.finish()

    found = {one.source: one for one in rows(mechanism)}
    assert set(found) == {"LIVE", "ARCHIVE"}
    assert found["LIVE"].entered_at - found["ARCHIVE"].entered_at == 3_540 * SECOND


def test_real_and_synthetic_fixes_are_never_fused(mechanism, clock):
    watch = Watch(mechanism)
    for first in range(0, 120, 10):
        fed(watch, clock, flight(source="A").take(slice(first, first + 10)), "real")
        fed(watch, clock, flight(source="B").take(slice(first, first + 10)), "synthetic")
    watch.finish()
    assert {one.nature for one in rows(mechanism)} == {"real", "synthetic"}


def test_a_spoofed_own_word_does_not_hide_where_a_radar_sees_the_aircraft(mechanism, clock):
    watch = Watch(mechanism)
    spoofed = by(Kind.ADSB, "NORTH")
    spoofed.lon[10:] += 2.0  # from the tenth fix on it says that it is elsewhere
    both(watch, clock, spoofed, by(Kind.RADAR, "RADAR", after_s=1.0))
    watch.finish()
    found = [one for one in rows(mechanism) if one.left_cause == "left"]
    assert len(found) == 1
    assert abs(found[0].left_at - (NOON + 410 * SECOND)) < 6 * SECOND


def test_a_sensor_that_agrees_vouches_for_a_track_that_it_does_not_carry(mechanism, clock):
    watch = Watch(mechanism)
    both(watch, clock, by(Kind.ADSB, "NORTH"), by(Kind.MLAT, "MLAT", after_s=1.0))
    tracks = watch._following._groups["", "synthetic"].watch._engine.tracks
    seconded = int(tracks.last["seconded_at"][tracks.aircraft.known("f0beef")])
    assert watch.carried("MLAT", "synthetic") == 0
    assert NOON + (60 + 5 * 119 - 10) * SECOND < seconded < NOON + (60 + 5 * 119 + 2) * SECOND


def test_a_sensor_that_disagrees_vouches_for_nothing(mechanism, clock):
    watch = Watch(mechanism)
    both(watch, clock, by(Kind.ADSB, "NORTH"), by(Kind.MLAT, "MLAT", east=2.0, after_s=1.0))
    signs = watch._following._groups["", "synthetic"].watch.interference.counted
    assert signs["contradicted"] > 0


def elsewhere(source: str, *, after_s: float, kind: Kind = Kind.ADSB) -> Fixes:
    """A feed that puts the aircraft of the others two degrees east of the zone."""
    return by(kind, source, east=2.0, after_s=after_s)


@pytest.mark.parametrize("kind", [Kind.ADSB, Kind.RADAR])
@pytest.mark.parametrize("after_s", [0.4, 9.0, -4.0])
def test_a_feed_that_says_elsewhere_hides_no_crossing(mechanism, clock, kind, after_s):
    watch = Watch(mechanism)
    liar = elsewhere("LIAR", after_s=after_s, kind=kind)
    stated = both(watch, clock, liar, by(Kind.ADSB, "NORTH"))
    watch.finish()

    assert stated >= 1
    assert "NORTH" in {one.source for one in rows(mechanism)}
    assert {one.left_verdict for one in rows(mechanism)} == {"suspected"}


def test_who_came_first_is_not_unseated_by_a_feed_of_its_own_sort(mechanism, clock):
    watch = Watch(mechanism)
    stated = both(watch, clock, by(Kind.ADSB, "NORTH"), elsewhere("LIAR", after_s=4.0))
    watch.finish()

    assert stated == 1
    [one] = rows(mechanism)
    assert (one.source, one.left_cause, one.left_verdict) == ("NORTH", "left", "confirmed")
    assert watch.fused()["synthetic"][1]["contradicts_another_source"] == 120


def test_two_words_for_one_aircraft_are_both_found_again(mechanism, clock):
    watch = Watch(mechanism)
    both(watch, clock, elsewhere("LIAR", after_s=0.4), by(Kind.ADSB, "NORTH"))
    watch.finish()
    look = look_again(mechanism, Micros(NOON), Micros(NOON + 3_600 * SECOND))
    assert look.same == len(rows(mechanism)) > 0
    assert look.good


def test_what_is_from_the_future_moves_no_outlook(mechanism, clock):
    watch = Watch(mechanism)
    handed: list[Fixes] = []
    watch._foresight.feed = lambda of, batch, *_, **__: handed.append(batch)
    one = by(Kind.ADSB, "NORTH").take(slice(0, 10))
    one.seen_at[9] += 86_400 * SECOND
    clock.seek(Micros(int(one.seen_at[8])))
    watch.feed(one, "synthetic")
    fed(watch, clock, by(Kind.MLAT, "MLAT", east=0.002).take(slice(0, 10)))
    assert [len(batch) for batch in handed] == [9]

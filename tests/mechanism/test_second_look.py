"""A period run again from its sealed segments gives the crossings that are on the record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.mechanism.test_watch import NOON, SECOND, clock, fed, flight, mechanism, rows

from truceline.airspace.fix import joined
from truceline.errors import Unproven
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.mechanism.second_look import look_again
from truceline.mechanism.watch import Watch
from truceline.records.record import Micros

__all__ = ["clock", "mechanism"]  # fixtures

DAY = Micros(86_400 * SECOND)


def whole(mechanism: Installation):
    return look_again(mechanism, Micros(NOON), Micros(NOON + DAY))


def test_the_same_segments_give_the_same_crossings(
    mechanism: Installation, clock: ScenarioClock
) -> None:
    watch = Watch(mechanism)
    fed(watch, clock, flight())
    fed(watch, clock, flight(start_s=1_200, step=-0.008))
    watch.finish()

    again = whole(mechanism)
    assert again.good
    assert again.same == len(rows(mechanism)) == 2
    assert again.fixes == 240


def test_two_live_sources_of_one_aircraft_are_fused_again(
    mechanism: Installation, clock: ScenarioClock
) -> None:
    watch, track = Watch(mechanism), flight()
    for first in range(0, len(track), 10):
        piece = track.take(slice(first, first + 10))
        for code, rows_of in (("NORTH", slice(0, 10, 2)), ("SOUTH", slice(1, 10, 2))):
            fed(watch, clock, replace(piece.take(rows_of), source=code))
    watch.finish()

    again = whole(mechanism)
    assert len(rows(mechanism)) == 1
    assert (again.same, again.good) == (1, True)


def test_what_came_too_late_when_it_was_fed_is_late_again(
    mechanism: Installation, clock: ScenarioClock
) -> None:
    watch, track = Watch(mechanism), flight()
    late = track.take(slice(14, 15))
    early, rest = track.take(slice(0, 30)), track.take(slice(30, len(track)))
    for piece in (early, late, rest):
        fed(watch, clock, piece)
    watch.finish()

    assert whole(mechanism).good


def test_a_crossing_that_goes_on_after_the_period_is_followed_to_its_end(
    mechanism: Installation, clock: ScenarioClock
) -> None:
    watch, track = Watch(mechanism), flight()
    for first in range(0, len(track), 20):
        fed(watch, clock, track.take(slice(first, first + 20)))
        watch.seal()
    watch.finish()
    (row,) = rows(mechanism)

    again = look_again(mechanism, Micros(NOON), Micros(row.entered_at + 1))
    assert (again.same, again.good) == (1, True)
    assert again.fixes < len(track)  # not further than its end


def test_a_crossing_whose_segment_was_lost_is_told_apart(
    mechanism: Installation, clock: ScenarioClock
) -> None:
    fed(Watch(mechanism), clock, flight())  # and the program stops before it is sealed

    again = whole(mechanism)
    assert len(again.unbound) == 1
    assert again.segments == 0


def test_altered_bytes_are_no_evidence(
    mechanism: Installation, clock: ScenarioClock, tmp_path: Path
) -> None:
    watch = Watch(mechanism)
    fed(watch, clock, flight())
    watch.finish()
    for path in mechanism.layout.sealed_files.rglob("*"):
        if path.is_file():
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(bytes(data))

    with pytest.raises(Unproven):
        whole(mechanism)


def test_other_rules_are_noticed(mechanism: Installation, clock: ScenarioClock) -> None:
    from truceline.airspace.rules import Rules

    watch = Watch(mechanism, rules=Rules(longest_gap_s=3.0, certain_gap_s=3.0))
    fed(watch, clock, flight())
    watch.finish()

    again = whole(mechanism)
    assert not again.good
    assert joined([flight()]).seen_at[0] == NOON + 60 * SECOND

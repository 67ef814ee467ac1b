"""A clock that jumps ahead dates nothing, and a restart alone does not make it right."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.assembly import Assembly, folder_made

from truceline.errors import Reason, Unavailable
from truceline.mechanism.clock import SystemClock
from truceline.mechanism.installation import Installation
from truceline.mechanism.steady import AHEAD_MOST, SteadyClock
from truceline.records import envelope
from truceline.records.record import Micros
from truceline.store import log

HOUR = 3_600_000_000
YEAR = 365 * 24 * HOUR


class Settable:
    """The machine's clock, in the hands of whoever can set it."""

    scenario = False

    def __init__(self) -> None:
        self.off = 0

    def now(self) -> Micros:
        """The present moment, as the machine says."""
        return Micros(SystemClock().now() + self.off)


@pytest.fixture
def clock() -> Settable:
    return Settable()


@pytest.fixture
def live(tmp_path: Path, clock: Settable) -> Installation:
    assembly = Assembly(mode="live")
    key = folder_made(tmp_path)
    made = Installation.open(tmp_path / "data", clock=clock)
    for one in assembly.opening(key):
        made.door.submit(one).taken()
    made.assembly = assembly
    yield made
    made.close()


def appointed(installation: Installation, code: str) -> bytes:
    return installation.assembly.appoint("north", code, "liaison")


def newest(installation: Installation) -> int:
    with installation.store.reading() as look:
        return log.last(look).received_at


def test_a_clock_that_jumps_ahead_dates_nothing_until_it_is_back(live, clock):
    signed, before = appointed(live, "n2"), newest(live)
    clock.off = YEAR
    failure = live.door.submit(signed).failure
    assert (failure.reason, failure.where) == (Reason.BAD_TIME, "clock")
    assert live.door.trouble.reason is Reason.BAD_TIME
    assert newest(live) == before
    clock.off = 0
    live.door.submit(signed).taken()
    assert live.door.healthy
    assert newest(live) - before < HOUR


def test_what_is_on_the_log_is_told_also_while_the_clock_is_ahead(live, clock):
    signed = appointed(live, "n2")
    receipt = live.door.submit(signed).receipt
    clock.off = YEAR
    assert live.door.submit(signed).receipt == receipt


def test_a_refusal_is_not_dated_by_a_clock_that_is_ahead(live, clock):
    clock.off = YEAR
    answer = live.door.submit(b"not json")
    assert answer.refusal is None
    assert answer.failure.reason is Reason.BAD_TIME


def test_a_small_step_is_the_clock_being_set_right(live, clock):
    clock.off = AHEAD_MOST // 2
    live.door.submit(appointed(live, "n2")).taken()


def test_a_restart_alone_does_not_make_the_clock_right(live, clock):
    clock.off = YEAR
    assert live.door.submit(appointed(live, "n2")).failure is not None
    folder = live.layout.folder
    live.close()
    with pytest.raises(Unavailable) as failure:
        Installation.open(folder, clock=clock)
    assert failure.value.reason is Reason.BAD_TIME
    assert "--accept-clock" in failure.value.remedy
    clock.off = 0
    with Installation.open(folder, clock=clock) as back:
        assert back.door.healthy
    with Installation.open(folder, clock=clock):
        pass  # and it is settled


def test_the_operator_can_say_that_the_clock_is_right(live, clock):
    clock.off = 2 * HOUR
    signed = appointed(live, "n2")
    assert live.door.submit(signed).failure is not None
    folder = live.layout.folder
    live.close()
    with Installation.open(folder, clock=clock, accept_clock=True) as made:
        made.door.submit(signed).taken()
    with Installation.open(folder, clock=clock) as again:
        assert again.door.healthy


def test_a_log_that_was_dated_ahead_goes_on_when_the_operator_says_so(live, clock):
    """The way back: time stands still in the log, one microsecond a leaf, until the world is there."""
    folder, assembly = live.layout.folder, live.assembly
    live.close()
    clock.off = 2 * HOUR
    with Installation.open(folder, clock=clock) as ahead:  # a start cannot know
        ahead.door.submit(assembly.appoint("north", "n2", "liaison")).taken()
        dated = newest(ahead)
    clock.off = 0
    with pytest.raises(Unavailable):
        Installation.open(folder, clock=clock)
    with Installation.open(folder, clock=clock, accept_clock=True) as back:
        answer = back.door.submit(assembly.appoint("north", "n3", "liaison"))
        assert envelope.read_entry(answer.entry).received_at == dated + 1


def test_the_note_outlives_what_cannot_be_read(tmp_path, clock):
    note = tmp_path / "clock.ahead"
    note.write_text("?")
    with pytest.raises(Unavailable):
        SteadyClock(clock, note).settle(accept=False)
    SteadyClock(clock, note).settle(accept=True)
    assert not note.exists()


def test_a_clock_is_held_against_the_time_that_has_passed(tmp_path):
    passed = iter([0, 10 * HOUR, 10 * HOUR, 10 * HOUR])
    wall = iter([0, 10 * HOUR, 10 * HOUR + AHEAD_MOST, 10 * HOUR + AHEAD_MOST + 1])

    class Wall:
        scenario = False

        def now(self) -> Micros:
            return Micros(next(wall))

    steady = SteadyClock(Wall(), tmp_path / "note", passed=lambda: next(passed))
    steady.now()
    steady.now()
    with pytest.raises(Unavailable):
        steady.now()

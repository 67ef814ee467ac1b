"""Ladders: every step fires once, however the machine's clock, the process or the writer changes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.agreements import adopted_zone, signed_memorandum
from tests.simulators.assembly import DAY, Assembly, instant

from truceline.clocks.ladder import LADDERS, Clock, Clocks, Firing
from truceline.errors import Reason, Refused
from truceline.records.record import Micros

START = instant("2017-05-05 00:00")
DUE = Micros(START + 14 * DAY)
STEPS = len(LADDERS["deadline"])


def clock(number: int = 0, **changes) -> Clock:
    made = {
        "id": f"deadline/MEMO/{number}",
        "ladder": "deadline",
        "due_at": DUE,
        "started_at": START,
        "owner": "jwg",
        "subject": "MEMO",
    }
    return Clock(**(made | changes))


def test_each_step_goes_to_whom_the_ladder_says_when_it_says():
    clocks = Clocks()
    clocks.start(clock())
    assert [(one.due_at, one.to) for one in clocks.due(Micros(DUE + DAY))] == [
        (DUE - 7 * DAY, "jwg"),
        (DUE - DAY, "jwg"),
        (DUE, "jwg, signatories"),
        (DUE + DAY, "principals of the signatories"),
    ]


def test_a_step_is_outstanding_until_its_record_is_folded():
    clocks = Clocks()
    clocks.start(clock())
    at = Micros(DUE - 7 * DAY)
    assert clocks.due(Micros(at - 1)) == ()
    assert clocks.due(at) == clocks.due(at), "asking changes nothing"
    (one,) = clocks.due(at)
    clocks.note_fired(one.clock, one.step, at, 7)
    assert clocks.due(at) == ()
    assert clocks.next_due() == DUE - DAY


def test_reminders_from_before_the_clock_began_never_fire_but_the_instant_itself_does():
    clocks = Clocks()
    clocks.start(clock(due_at=Micros(START + DAY // 2)))
    assert [one.step for one in clocks.due(Micros(START + 9 * DAY))] == [2, 3]
    late = Clocks()
    late.start(clock(due_at=Micros(START - DAY)))
    assert [one.step for one in late.due(START)] == [2, 3]


def test_a_stopped_clock_lets_what_is_outstanding_lapse():
    clocks = Clocks()
    clocks.start(clock())
    assert clocks.due(DUE)
    clocks.stop("deadline/MEMO/0", DUE, "met")
    assert clocks.due(Micros(DUE + 2 * DAY)) == ()
    assert clocks.running(Micros(DUE - 1)) != ()
    assert clocks.running(DUE) == ()


def test_a_step_that_is_left_out_hides_no_other():
    clocks = Clocks()
    for number in range(3):
        clocks.start(clock(number))
    at = Micros(DUE - 7 * DAY)
    stuck = {("deadline/MEMO/0", 0), ("deadline/MEMO/1", 0)}
    assert [one.clock for one in clocks.due(at, most=1, without=stuck)] == ["deadline/MEMO/2"]
    assert len(clocks.due(at)) == 3, "what was left out is still outstanding"


MOVES = st.lists(
    st.tuples(st.sampled_from(["tick", "jump", "back", "restart", "fire"]), st.integers(0, 9)),
    max_size=40,
)


@given(MOVES)
def test_every_step_fires_exactly_once_through_restarts_jumps_and_standbys(moves):
    """Two writers hold the same log; only records count, whoever wrote them."""
    log: list[Firing] = []
    starts = [clock(number, due_at=Micros(DUE + number * DAY)) for number in range(3)]

    def folded() -> Clocks:
        made = Clocks()
        for one in starts:
            made.start(one)
        for index, fired in enumerate(log):
            made.note_fired(fired.clock, fired.step, fired.due_at, index)
        return made

    at = START
    writers = [folded(), folded()]
    for move, number in moves:
        match move:
            case "tick":
                at += number * DAY
            case "jump":
                at += number * 10 * DAY
            case "back":
                at -= number * DAY
            case "restart":
                writers[number % 2] = folded()
            case "fire":
                for one in writers[number % 2].due(Micros(at)):
                    log.append(one)
                    for writer in writers:
                        writer.note_fired(one.clock, one.step, Micros(at), len(log))
    for one in writers[0].due(Micros(DUE + 100 * DAY)):
        log.append(one)
    assert sorted((one.clock, one.step) for one in log) == sorted(
        (one.id, step) for one in starts for step in range(STEPS)
    )


def test_hundreds_of_thousands_of_clocks_are_asked_in_no_time():
    clocks = Clocks()
    for number in range(100_000):
        clocks.start(clock(number, due_at=Micros(DUE + number * 1_000_000)))
    started = time.thread_time()
    for second in range(1000):
        clocks.due(Micros(DUE - 8 * DAY + second))
    assert time.thread_time() - started < 0.5
    assert clocks.next_due() == DUE - 7 * DAY


# -- at the door ------------------------------------------------------------------------------------


@pytest.fixture
def memo() -> Assembly:
    return signed_memorandum()


def fire(assembly: Assembly, one: Firing) -> None:
    assembly.says("mechanism", "clock.fired/1", **one.body())


def test_a_second_writer_is_told_that_the_step_has_fired(memo):
    memo.at = instant("2017-05-18 13:00")
    one = memo.book.clocks.due(memo.at)[0]
    fire(memo, one)
    with pytest.raises(Refused) as failure:
        fire(memo, one)
    assert failure.value.reason is Reason.WRONG_STATE


def test_nothing_fires_early_or_for_somebody_else(memo):
    memo.at = instant("2017-05-19 13:00")
    one = memo.book.clocks.due(memo.at)[0]
    with pytest.raises(Refused) as failure:
        fire(memo, Firing(one.due_at, one.clock, one.step, "someone"))
    assert failure.value.reason is Reason.CONTRADICTS
    memo.at = Micros(one.due_at - 1)
    with pytest.raises(Refused) as failure:
        fire(memo, one)
    assert failure.value.reason is Reason.BAD_TIME
    with pytest.raises(Refused) as failure:
        fire(memo, Firing(one.due_at, "deadline/MEMO/none", 0, "x"))
    assert failure.value.reason is Reason.REF_UNKNOWN


def test_a_moved_deadline_climbs_its_ladder_anew(memo):
    memo.at = instant("2017-05-19 13:00")
    for one in memo.book.clocks.due(memo.at):
        fire(memo, one)
    moved = instant("2017-06-18 12:00")
    before = [one.id for one in memo.book.clocks.of("MEMO") if one.runs(memo.at)]
    for who in ("office-s", "north-p"):
        assert [one.id for one in memo.book.clocks.of("MEMO") if one.runs(memo.at)] == before
        memo.says(
            who,
            "deadline.moved/1",
            instrument="MEMO",
            deadline="jwg",
            due_at=moved,
            decision="meeting 4",
        )
    steps = [one for one in memo.book.clocks.due(Micros(moved + DAY)) if "jwg" in one.clock]
    assert [one.step for one in steps] == [0, 1, 2, 3]


def test_an_open_deadline_stays_overdue_after_its_ladder_has_ended(memo):
    memo.at = instant("2017-05-20 13:00")
    for one in memo.book.clocks.due(memo.at):
        fire(memo, one)
    assert [one.id for one in memo.book.clocks.overdue(memo.at)] == ["deadline/MEMO/jwg"]
    memo.says(
        "office-s",
        "deadline.met/1",
        instrument="MEMO",
        deadline="jwg",
        met_at=memo.at,
        evidence=[],
    )
    assert memo.book.clocks.overdue(memo.at) == ()


def test_the_end_of_the_term_is_announced_thirty_days_seven_days_and_a_day_before(memo):
    term = [one for one in memo.book.clocks.of("MEMO") if one.ladder == "term"]
    assert [one.due_at for one in term] == [instant("2017-11-04 22:00")]
    assert [step.offset // DAY for step in term[0].steps] == [-30, -7, -1, 0]


def test_automatic_renewal_begins_the_next_term_when_one_ends():
    memo = signed_memorandum(renewal="auto", term="P1M")
    memo.at = instant("2017-06-10 00:00")
    while due := memo.book.clocks.due(memo.at):
        fire(memo, due[0])
    assert [one.due_at for one in memo.book.clocks.of("MEMO") if one.ladder == "term"] == [
        instant("2017-07-04 21:00")
    ]


def test_a_zone_expires_by_the_clock_at_the_hour_and_says_so_once(memo):
    adopted_zone(memo)
    memo.at = instant("2017-11-04 22:00")
    for one in memo.book.clocks.due(memo.at):
        fire(memo, one)
    expired = [one for one in memo.follows if one.kind == "zone.expired/1"]
    assert [one.body["at"] for one in expired] == [instant("2017-11-04 22:00")]
    assert memo.book.clocks.due(memo.at) == ()

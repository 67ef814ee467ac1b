"""What became of a deadline, at any moment asked for."""

from __future__ import annotations

import pytest
from tests.simulators.agreements import file, signed_memorandum
from tests.simulators.assembly import DAY, Assembly, instant

from truceline.clocks.deadline import DeadlineState
from truceline.errors import Reason, Refused

DUE = instant("2017-05-18 12:00")


@pytest.fixture
def memo() -> Assembly:
    assembly = signed_memorandum()
    entered = assembly.book.instruments["MEMO"].deadlines["jwg"].first_due
    assert 0 <= entered - DUE < 10, "two weeks after the last signature"
    assembly.at = instant("2017-05-10 00:00")
    return assembly


def deadline(assembly: Assembly):
    return assembly.book.instruments["MEMO"].deadlines["jwg"]


def act(assembly: Assembly, kind: str, by: str = "office-s", **fields) -> None:
    assembly.says(by, f"deadline.{kind}/1", instrument="MEMO", deadline="jwg", **fields)


def test_it_is_missed_at_its_instant_and_not_before(memo):
    due = deadline(memo).first_due
    assert deadline(memo).state(due - 1) is DeadlineState.PENDING
    assert deadline(memo).state(due) is DeadlineState.MISSED
    assert deadline(memo).days_over(due + DAY) == 1
    assert deadline(memo).days_over(due - 1) == -1


def test_it_is_met_from_the_hour_that_the_owner_states(memo):
    act(memo, "met", by="north-p", met_at=memo.at - DAY, evidence=[file("minutes")])
    assert deadline(memo).state(memo.at) is DeadlineState.MET
    assert deadline(memo).state(DUE + 40 * DAY) is DeadlineState.MET
    assert deadline(memo).state(memo.at - 2) is DeadlineState.PENDING, "not known before"


def test_what_was_met_after_its_instant_was_late(memo):
    memo.at = DUE + 3 * DAY
    act(memo, "met", met_at=memo.at, evidence=[])
    assert deadline(memo).state(memo.at) is DeadlineState.LATE
    assert deadline(memo).state(DUE + 2 * DAY) is DeadlineState.MISSED


def test_a_decision_moves_it_and_the_first_instant_stays_to_be_seen(memo):
    act(memo, "moved", due_at=DUE + 5 * DAY, decision="meeting 3")
    assert deadline(memo).state(memo.at) is DeadlineState.PENDING
    act(memo, "moved", by="north-p", due_at=DUE + 5 * DAY, decision="meeting 3")
    assert deadline(memo).state(memo.at) is DeadlineState.MOVED
    assert deadline(memo).due_at(memo.at) == DUE + 5 * DAY
    assert deadline(memo).state(DUE + 5 * DAY) is DeadlineState.MISSED
    assert 0 <= deadline(memo).first_due - DUE < 10


def test_a_waived_deadline_is_never_missed(memo):
    act(memo, "waived", decision="meeting 3")
    act(memo, "waived", by="south-p", decision="we were there")
    assert deadline(memo).state(DUE + DAY) is DeadlineState.WAIVED
    with pytest.raises(Refused) as failure:
        act(memo, "met", met_at=memo.at, evidence=[])
    assert failure.value.reason is Reason.WRONG_STATE


def test_one_officer_alone_decides_nothing_however_often(memo):
    act(memo, "moved", due_at=DUE + 5 * DAY, decision="meeting 3")
    with pytest.raises(Refused) as failure:
        act(memo, "moved", due_at=DUE + 5 * DAY, decision="meeting 3")
    assert failure.value.reason is Reason.WRONG_STATE
    act(memo, "moved", due_at=DUE + 6 * DAY, decision="meeting 3")
    act(memo, "waived", decision="meeting 3")
    assert deadline(memo).due_at(memo.at) == deadline(memo).first_due
    assert deadline(memo).state(DUE + DAY) is DeadlineState.MISSED


def test_the_second_officer_states_exactly_what_the_first_did(memo):
    act(memo, "moved", due_at=DUE + 5 * DAY, decision="meeting 3")
    with pytest.raises(Refused) as failure:
        act(memo, "moved", by="north-p", due_at=DUE + 50 * DAY, decision="meeting 3")
    assert failure.value.reason is Reason.NO_MANDATE
    with pytest.raises(Refused) as failure:
        act(memo, "moved", by="east-p", due_at=DUE + 5 * DAY, decision="meeting 3")
    assert failure.value.reason is Reason.NO_MANDATE
    act(memo, "moved", by="north-p", due_at=DUE + 5 * DAY, decision="meeting 3")
    assert deadline(memo).due_at(memo.at) == DUE + 5 * DAY
    act(memo, "moved", due_at=DUE + 9 * DAY, decision="meeting 4")
    assert deadline(memo).due_at(memo.at) == DUE + 5 * DAY


def test_one_party_alone_neither_moves_nor_waives(memo):
    for kind, fields in (("moved", {"due_at": DUE + DAY}), ("waived", {})):
        with pytest.raises(Refused) as failure:
            act(memo, kind, by="north-p", decision="ours", **fields)
        assert failure.value.reason is Reason.NO_MANDATE


def test_nobody_meets_a_deadline_in_the_future_or_anothers(memo):
    with pytest.raises(Refused) as failure:
        act(memo, "met", met_at=memo.at + DAY, evidence=[])
    assert failure.value.reason is Reason.MADE_IN_FUTURE
    with pytest.raises(Refused) as failure:
        act(memo, "met", by="east-p", met_at=memo.at, evidence=[])
    assert failure.value.reason is Reason.NO_MANDATE

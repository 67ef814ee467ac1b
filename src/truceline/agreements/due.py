"""Who may say that a deadline is met, moved or waived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truceline.agreements.instrument import Instrument
from truceline.agreements.refusal import no
from truceline.clocks.calendar import AHEAD
from truceline.clocks.deadline import Act, Deadline
from truceline.errors import Reason
from truceline.records.admitted import Candidate, Follow
from truceline.records.roles import Role


def decide_act(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    """Refuse an act on a deadline that is unknown, closed, not running, or another's to state."""
    deadline = instrument.deadlines.get(body["deadline"])
    if deadline is None:
        raise no(
            Reason.REF_UNKNOWN,
            f"{instrument.code} has no deadline {body['deadline']}",
            "body.deadline",
        )
    if instrument.entered is None:
        raise no(Reason.WRONG_STATE, "the deadlines do not run yet", "body.instrument")
    if deadline.closed(candidate.received_at):
        state = deadline.state(candidate.received_at)
        raise no(Reason.WRONG_STATE, f"the deadline is closed ({state})", "body.deadline")
    act = Act(candidate.record.kind.removeprefix("deadline.").removesuffix("/1"))
    if act is Act.MET:
        _may_say_met(candidate, instrument, deadline.owner)
    else:
        _may_decide(candidate, instrument, deadline, act)
    if act is Act.MET and body["met_at"] > candidate.received_at + AHEAD:
        raise no(Reason.MADE_IN_FUTURE, "it cannot be met in the future", "body.met_at")
    return ()


def _may_decide(candidate: Candidate, instrument: Instrument, deadline: Deadline, act: Act) -> None:
    """A move or waiver is the meeting's: minuted by the secretariat, and stated by two officers.

    The second is another officer of the secretariat, or a principal of a signatory; no one
    counts twice (decision 11).
    """
    waiting = deadline.awaiting(act, candidate.record.body.get("due_at"))
    officer = candidate.signer.officer or candidate.signer.body
    if any(one.officer == officer for one in waiting):
        raise no(
            Reason.WRONG_STATE,
            "you have stated this already; it counts once another officer states the same",
            "record.author",
        )
    if Role.SECRETARIAT in candidate.signer.roles:
        return
    if not waiting or candidate.signer.body not in instrument.named:
        raise no(
            Reason.NO_MANDATE,
            "a decision of the table moves or waives a deadline; the secretariat records it",
            "record.author",
        )


def _may_say_met(candidate: Candidate, instrument: Instrument, owner: str) -> None:
    """The owner says that it is met, or the secretariat.

    An owner that is no signatory (a working group) speaks through any signatory.
    """
    if Role.SECRETARIAT in candidate.signer.roles:
        return
    who = candidate.signer.body
    owners = {owner} if owner in instrument.named else instrument.named
    if who not in owners:
        raise no(Reason.NO_MANDATE, f"the deadline is {owner}'s", "record.author")

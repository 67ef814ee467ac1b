"""What the mechanism's own statements rest on.

The mechanism says when an instrument is in force, which boundary is adopted, from when
until when, and when it ended. Each such statement must follow from what the parties
signed before it (`agreed.py`, `adopted.py`); what the records alone cannot show is told
as not proved, and so is what all have agreed and the mechanism leaves unsaid.
"""

from __future__ import annotations

from collections.abc import Sequence

from truceline.verifier.adopted import Zones
from truceline.verifier.agreed import Agreements, Doubt
from truceline.verifier.findings import Findings, State
from truceline.verifier.fold import Fold
from truceline.verifier.foretold import LATE_MICROS
from truceline.verifier.public_map import Said

_PROVED = {
    "agreements": (
        "instrument.entered/1",
        "Each of {} entries into force rests on all signatures, on the same texts.",
    ),
    "adoptions": (
        "zone.adopted/1",
        "Each of {} adoptions rests on the consents of all its signatories.",
    ),
    "expiries": (
        "zone.expired/1",
        "Each of {} expiries is at the end of its adoption, or at a signatory's leaving.",
    ),
}
_STATED = {
    "clock.fired/1": "clocks that ran out",
    "air.segment/1": "batches of aircraft fixes",
    "air.crossing/1": "crossings",
    "air.left/1": "leavings of a zone",
    "air.prediction/1": "predicted entries",
    "air.predicted/1": "outcomes of predictions",
}
"""What the mechanism measures or computes from files that are not in the log."""


def doubts(said: Sequence[Said], *, clock: str, at: int) -> list[Doubt]:
    """Return what statements lack, in the order of the log; `clock` is the log's time zone.

    `at` is when the last leaf was received.
    """
    agreements = Agreements(clock)
    zones = Zones(agreements)
    found = [doubt for one in said for doubt in (*agreements.take(one), *zones.take(one))]
    return [*found, *agreements.unsaid(), *zones.unsaid(at)]


def check(fold: Fold, findings: Findings) -> None:
    """Tell every doubt, and what is proved where there is none.

    Where some sealed leaves stay closed, an opened one may rest on them: what it lacks is
    then told as not proved, and never as a contradiction.
    """
    said, stated = fold.said, fold.stated
    closed = fold.sealed > len(fold.opened)
    for one in doubts(said, clock=fold.clock, at=fold.last_at):
        may_rest = closed and one.number in fold.opened
        state = State.NOT_PROVED if may_rest else one.state
        why = "; it may rest on a sealed record that you do not hold" if may_rest else ""
        needed = state is State.BROKEN
        findings.add(state, one.check, f"{one.says}{why}.", index=one.number, needed=needed)
    for name, (kind, says) in _PROVED.items():
        count = sum(one.kind == kind for one in said)
        if count and not findings.count(name):
            findings.proved(name, says.format(count))
    _foretold(fold, findings)
    if fold.veiled:
        findings.not_proved(
            "pseudonyms",
            f"{fold.veiled} sealed leaves under pseudonyms are closed to you: that nobody is made "
            "to announce or answer there what only their own key may sign is not proved.",
            needed=False,
        )
    for kind, what in _STATED.items():
        if stated.get(kind):
            findings.not_proved(
                "stated",
                f"{stated[kind]} {what} are stated by the mechanism; that they are true is not proved here.",
                needed=False,
            )


def _foretold(fold: Fold, findings: Findings) -> None:
    """Tell the outcomes that no crossing bears out, and the predictions that came too late.

    A log is read while it grows: within its last minute a crossing may still be on its way.
    """
    for one in fold.predictions.without_crossing():
        on_its_way = fold.last_at - one.received_at <= LATE_MICROS
        findings.add(
            State.NOT_PROVED if on_its_way else State.BROKEN,
            "stated",
            f"leaf {one.number} says that a predicted aircraft entered {one.zone}, and no crossing "
            "on the log is of that zone and instant.",
            index=one.number,
            needed=not on_its_way,
        )
    late, after = fold.predictions.late, fold.predictions.after
    if late:
        findings.not_proved(
            "stated",
            f"{late} predictions were received more than {LATE_MICROS // 1_000_000} s after the "
            "moment that they are of: that they warned anyone is not proved.",
            needed=False,
        )
    if after:
        findings.not_proved(
            "stated",
            f"{after} outcomes tell of an entry that was over when its prediction was received: "
            "that it was foretold is not proved.",
            needed=False,
        )

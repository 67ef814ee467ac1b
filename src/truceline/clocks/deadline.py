"""A deadline: what is due by when, and what became of it at a moment.

The state is computed from the acts that were on record at the moment asked for. A
deadline moved by decision keeps its first instant, so that the move stays visible. A
move or waiver counts from the moment when a second officer has stated the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from truceline.records.record import Micros
from truceline.records.trail import Trail

DAY = 86_400 * 1_000_000


class DeadlineState(StrEnum):
    """What became of a deadline (DOMAIN 7)."""

    PENDING = "pending"
    MET = "met"
    LATE = "late"  # met, after it was due
    MISSED = "missed"  # not met, and due
    MOVED = "moved"  # pending, at another instant than first
    WAIVED = "waived"


class Act(StrEnum):
    """What can be done about a deadline."""

    MET = "met"
    MOVED = "moved"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class DeadlineAct:
    """One statement on a deadline. `to`: when it was met, or the new instant.

    `confirms`: the leaf of another officer's same statement before it, with which it counts.
    """

    act: Act
    by: str
    at: Micros
    index: int
    to: Micros | None = None
    decision: str = ""
    evidence: tuple[str, ...] = ()
    officer: str = ""
    confirms: int | None = None

    @property
    def stands(self) -> bool:
        """Say whether it counts: the owner's word at once, a decision by its second officer."""
        return self.act is Act.MET or self.confirms is not None


@dataclass(frozen=True, slots=True)
class Deadline:
    """One deadline of an instrument. `first_due` None: what it counts from has not happened."""

    code: str
    clause: str
    what: Mapping[str, str]
    owner: str
    rule: str
    first_due: Micros | None = None
    acts: Trail[DeadlineAct] = field(default_factory=Trail)

    def and_act(self, act: DeadlineAct) -> Deadline:
        """Return the deadline with one more statement on it."""
        first = next(
            (one for one in self.awaiting(act.act, act.to) if one.officer != act.officer), None
        )
        made = act if first is None else replace(act, confirms=first.index)
        return replace(self, acts=self.acts.and_then(made))

    def awaiting(self, act: Act, to: Micros | None) -> tuple[DeadlineAct, ...]:
        """Return the statements of exactly this that wait for a second officer, oldest first."""
        if act is Act.MET:
            return ()
        answered = {one.confirms for one in self.acts}
        return tuple(
            one
            for one in self.acts
            if one.act is act and one.to == to and not one.stands and one.index not in answered
        )

    def due_at(self, at: Micros) -> Micros | None:
        """Return when it is due, by the decisions on record at a moment."""
        moved = [
            one.to for one in self.acts if one.act is Act.MOVED and one.stands and one.at <= at
        ]
        return moved[-1] if moved else self.first_due

    def state(self, at: Micros) -> DeadlineState:
        """Return what became of it, as the record stood at a moment."""
        known = [one for one in self.acts if one.at <= at and one.stands]
        due = self.due_at(at)
        met = next((one for one in known if one.act is Act.MET), None)
        if met is not None:
            late = due is not None and met.to is not None and met.to > due
            return DeadlineState.LATE if late else DeadlineState.MET
        if any(one.act is Act.WAIVED for one in known):
            return DeadlineState.WAIVED
        if due is not None and due <= at:
            return DeadlineState.MISSED
        moved = any(one.act is Act.MOVED for one in known)
        return DeadlineState.MOVED if moved else DeadlineState.PENDING

    def days_over(self, at: Micros) -> int | None:
        """Return whole days since it was due; negative: days that are left, begun ones counted."""
        due = self.due_at(at)
        return None if due is None else (at - due) // DAY

    def closed(self, at: Micros) -> bool:
        """Say whether nothing more is awaited."""
        return self.state(at) in (DeadlineState.MET, DeadlineState.LATE, DeadlineState.WAIVED)

"""Clocks and their ladders: what is due when, whom each step goes to, and that it fires once.

A clock has an instant; its ladder has steps before, at and after it. That a step fired
is a record (`clock.fired/1`), and the records alone say it, by clock and step: a restart,
a jump of the machine's clock or a second writer finds the step taken, and nobody can take
it in the mechanism's place (an id that follows from clock and step could be taken by
anyone who can count). A step is outstanding until its record is folded, so nothing is
lost between due and recorded.

Made for hundreds of thousands of clocks: a heap holds one next step for each, and
stopped clocks are dropped when their turn comes.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from truceline.clocks.deadline import DAY
from truceline.errors import Reason, Refused
from truceline.records.record import Micros


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: when, in microseconds from the clock's instant, and to whom."""

    offset: int
    to: str


LADDERS: Mapping[str, tuple[Step, ...]] = {
    "deadline": (
        Step(-7 * DAY, "owner"),
        Step(-DAY, "owner"),
        Step(0, "owner, signatories"),
        Step(DAY, "principals of the signatories"),
    ),
    "term": (
        Step(-30 * DAY, "signatories"),
        Step(-7 * DAY, "signatories"),
        Step(-DAY, "signatories"),
        Step(0, "signatories"),
    ),
    "zone_term": (Step(0, "signatories"),),
    "positions": (Step(0, "bodies without a position"),),
}
"""Our defaults (DOMAIN 8.1: T-30, T-7, T-1; an overdue mark on the day after)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Something that runs out. `owner` is a body or group; `ladder` names a row of `LADDERS`."""

    id: str
    ladder: str
    due_at: Micros
    started_at: Micros
    owner: str = ""
    what: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    stopped_at: Micros | None = None
    why: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The ladder's steps, in order."""
        return LADDERS[self.ladder]

    def runs(self, at: Micros) -> bool:
        """Say whether it was running at a moment."""
        return self.started_at <= at and (self.stopped_at is None or at < self.stopped_at)


@dataclass(frozen=True, slots=True, order=True)
class Firing:
    """A step whose time has come."""

    due_at: Micros
    clock: str
    step: int
    to: str

    def body(self) -> dict[str, str | int]:
        """The body of its record."""
        return {"clock": self.clock, "step": self.step, "due_at": self.due_at, "to": self.to}


@dataclass(frozen=True, slots=True)
class Fired:
    """A step that is on record as fired."""

    step: int
    at: Micros
    index: int


class Clocks:
    """Every clock that runs or ran, and what each has fired."""

    def __init__(self) -> None:
        self.clocks: dict[str, Clock] = {}
        self.fired: dict[str, tuple[Fired, ...]] = {}
        self._of: dict[str, dict[str, None]] = {}
        self._heap: list[tuple[Micros, str, int]] = []
        self._ready: dict[tuple[str, int], Firing] = {}

    # -- folding ----------------------------------------------------------------------

    def start(self, clock: Clock) -> None:
        """Let a clock run. Reminders whose time was over before it began never fire."""
        self.clocks[clock.id] = clock
        self._of.setdefault(clock.subject, {})[clock.id] = None
        self._push(clock, -1)

    def stop(self, clock_id: str, at: Micros, why: str) -> None:
        """Stop a clock, if it runs: what is outstanding of it lapses."""
        clock = self.clocks.get(clock_id)
        if clock is None or clock.stopped_at is not None:
            return
        self.clocks[clock_id] = replace(clock, stopped_at=at, why=why)
        for step in range(len(clock.steps)):
            self._ready.pop((clock_id, step), None)
        self._of[clock.subject].pop(clock_id, None)

    def note_fired(self, clock_id: str, step: int, at: Micros, index: int) -> None:
        """Note that a step's record stands on the log."""
        self.fired[clock_id] = (*self.fired.get(clock_id, ()), Fired(step, at, index))
        self._ready.pop((clock_id, step), None)

    # -- asking -----------------------------------------------------------------------

    def due(
        self,
        at: Micros,
        *,
        most: int | None = None,
        without: Collection[tuple[str, int]] = (),
    ) -> tuple[Firing, ...]:
        """Return the steps outstanding at a moment, in order of their instants.

        `without`: (clock, step) that are left out. Asking changes nothing that can be
        seen: a step is returned until it is noted as fired or its clock is stopped.
        """
        while self._heap and self._heap[0][0] <= at:
            _, clock_id, step = heapq.heappop(self._heap)
            clock = self.clocks[clock_id]
            if clock.stopped_at is None:
                if not self.has_fired(clock_id, step):
                    self._ready[clock_id, step] = firing(clock, step)
                self._push(clock, step)
        # The writer folds while the clock's job asks: what was noted meanwhile is left out.
        ready = tuple(self._ready.values())
        found = sorted(
            one
            for one in ready
            if one.due_at <= at
            and (one.clock, one.step) not in without
            and self.is_outstanding(one)
        )
        return tuple(found[:most])

    def next_due(self) -> Micros | None:
        """Return when to ask again: the earliest instant of a step that may be outstanding."""
        times = [one.due_at for one in tuple(self._ready.values()) if self.is_outstanding(one)]
        return min([*times, *(one[0] for one in self._heap[:1])], default=None)

    def has_fired(self, clock_id: str, step: int) -> bool:
        """Say whether a step is on record as fired."""
        return any(one.step == step for one in self.fired.get(clock_id, ()))

    def is_outstanding(self, one: Firing) -> bool:
        """Say whether a step still has to fire: not on record, and its clock not stopped."""
        runs = self.clocks[one.clock].stopped_at is None
        return runs and not self.has_fired(one.clock, one.step)

    def of(self, subject: str) -> tuple[Clock, ...]:
        """Return the clocks that run now for an instrument, zone or other subject."""
        return tuple(self.clocks[one] for one in tuple(self._of.get(subject, ())))

    def running(self, at: Micros) -> tuple[Clock, ...]:
        """Return the clocks that ran at a moment, the soonest first."""
        found: Iterable[Clock] = (one for one in tuple(self.clocks.values()) if one.runs(at))
        return tuple(sorted(found, key=lambda one: (one.due_at, one.id)))

    def overdue(self, at: Micros) -> tuple[Clock, ...]:
        """Return the clocks that ran at a moment although their instant had passed."""
        return tuple(one for one in self.running(at) if one.due_at <= at)

    def fired_by(self, clock_id: str, at: Micros) -> tuple[Fired, ...]:
        """Return what a clock had fired by a moment."""
        return tuple(one for one in self.fired.get(clock_id, ()) if one.at <= at)

    def _push(self, clock: Clock, after: int) -> None:
        for number in range(after + 1, len(clock.steps)):
            due = clock.due_at + clock.steps[number].offset
            if due >= clock.started_at or clock.steps[number].offset >= 0:
                heapq.heappush(self._heap, (Micros(due), clock.id, number))
                return


def firing(clock: Clock, step: int) -> Firing:
    """Return a step of a clock as it fires, with the owner by name."""
    rung = clock.steps[step]
    to = rung.to.replace("owner", clock.owner or "owner")
    return Firing(Micros(clock.due_at + rung.offset), clock.id, step, to)


def decide_fired(body: Mapping[str, Any], clocks: Clocks, at: Micros) -> Clock:
    """Return the clock whose step a record states; refuses it twice, too early, or unknown.

    This is where a late first writer or a standby learns that the step was taken.
    """
    clock = clocks.clocks.get(body["clock"])
    if clock is None or body["step"] >= len(clock.steps):
        raise _refused(Reason.REF_UNKNOWN, f"there is no step {body['step']} of {body['clock']}")
    if clocks.has_fired(clock.id, body["step"]):
        raise _refused(Reason.WRONG_STATE, f"step {body['step']} of {clock.id} has fired already")
    if clock.stopped_at is not None:
        raise _refused(Reason.WRONG_STATE, f"{clock.id} runs no more ({clock.why})")
    wanted = firing(clock, body["step"])
    if wanted.body() != dict(body):
        raise _refused(
            Reason.CONTRADICTS, f"the step is due {wanted.due_at} and goes to {wanted.to}"
        )
    if at < wanted.due_at:
        raise _refused(Reason.BAD_TIME, f"step {body['step']} of {clock.id} is not due yet")
    return clock


def _refused(reason: Reason, detail: str) -> Refused:
    return Refused(reason, where="body", article="DOMAIN 8, clocks", detail=detail)

"""The sightings of the log, followed: what may be reached now, from records alone.

Sightings are sealed whole. Every sealed leaf is opened, in the order of the log, and what is
a sighting taken at the moment at which the door received it. The warnings are a function
of the log, the places and the time; none of it is stored. What does not open is left out
and counted; what was erased is nothing.

Only the last `BEFORE_US` of the log matters: a trail is dropped long before. Looked at
again after a pause, the time between is walked through step by step, so that a warning
begins and ends when it would have with someone looking.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from truceline.airspace.sightings import record as sighting_record
from truceline.airspace.sightings.sighting import Sighting
from truceline.airspace.sightings.warning import (
    Place,
    PlaceWarning,
    SightingWarnings,
    WarningRules,
    middle_of,
)
from truceline.errors import TrucelineError
from truceline.geo.plane import Plane
from truceline.geo.position import Position
from truceline.mechanism.installation import Installation
from truceline.records import sealed
from truceline.records.kinds import SEALED_LEAF
from truceline.store.views import records
from truceline.store.views.records import Shown

_SECOND_US = 1_000_000
STEP_US = 15 * _SECOND_US
BEFORE_US = 1_800 * _SECOND_US
ENDED_KEPT = 500
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Danger:
    """What may be reached: the warnings that stand, those that ended, and where trails lead.

    `fans`: for each trail a line of (minutes ahead, position, radius in metres): where it
    is with a probability of 90 % then.
    """

    at: int
    standing: tuple[PlaceWarning, ...]
    ended: tuple[PlaceWarning, ...]
    fans: tuple[Fan, ...]
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class Fan:
    """Where one trail may be, minute by minute: (minutes, position, radius_m) each."""

    craft: str
    sightings: int
    probability: float
    spots: tuple[tuple[int, Position, float], ...]


class SightingWatch:
    """Follows the sightings of one installation. Safe to use from several threads."""

    def __init__(
        self, installation: Installation, places: Sequence[Place], rules: WarningRules | None = None
    ) -> None:
        self._installation = installation
        self._places = tuple(places)
        self._rules = rules or WarningRules()
        self._machine: SightingWarnings | None = None
        self._after = -1
        self._until = 0
        self._waiting: list[Sighting] = []
        self._ended: deque[PlaceWarning] = deque(maxlen=ENDED_KEPT)
        self._unread: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def radius_m(self) -> float:
        """How large a place is."""
        return self._rules.radius_m

    def at(self, now: int) -> Danger:
        """Return what may be reached at a moment that is not before the last one asked."""
        with self._lock:
            self._read(now)
            machine = self._machine
            if machine is None:
                return Danger(now, (), (), (), dict(self._unread))
            self._walk(machine, now)
            left_out = {**self._unread, **machine.tracks.left_out}
            standing = tuple(sorted(machine.standing, key=lambda one: one.median_at))
            return Danger(now, standing, tuple(self._ended), _fans(machine, now), left_out)

    def _read(self, now: int) -> None:
        """Take in the records since the last look."""
        while True:
            with self._installation.store.reading() as look:
                self._after = max(self._after, _last_before(look, now - BEFORE_US))
                found = records.after(look, self._after, limit=_BATCH, kind=SEALED_LEAF)
                paes = [records.pae_of(look, one.id) for one in found]
            self._after = found[-1].index if found else self._after
            for one, pae in zip(found, paes, strict=True):
                if pae is not None:
                    self._open(one, pae)
            if len(found) < _BATCH:
                return

    def _open(self, one: Shown, pae: bytes) -> None:
        try:
            parts = sealed.opened(one.sealed, self._installation.vault.get(pae))
            if parts.get("kind") != sighting_record.KIND:
                return
            told = sighting_record.read(one.id, parts["author"], parts["body"], one.received_at)
        except TrucelineError as failure:
            self._unread[str(failure.reason)] += 1
            return
        self._waiting.append(told)
        if self._machine is None:
            middle = middle_of([each.position for each in self._places] or [told.place])
            self._machine = SightingWarnings(self._places, Plane(middle), self._rules)

    def _walk(self, machine: SightingWarnings, now: int) -> None:
        self._waiting.sort(key=lambda one: (one.received_at, one.name))
        if not machine.standing and not machine.tracks.trails and self._waiting:
            self._until = max(self._until, self._waiting[0].received_at)
        self._until = max(self._until, now - BEFORE_US)
        while self._until < now:
            self._until = min(now, self._until + STEP_US)
            come = bisect_right(self._waiting, self._until, key=lambda one: one.received_at)
            if not come and not machine.standing and not machine.tracks.standing(self._until):
                continue
            changes = machine.take(self._waiting[:come], self._until)
            del self._waiting[:come]
            self._ended.extend(one for one in changes if one.ended_at is not None)


def _last_before(look: Connection, at: int) -> int:
    """Return the last leaf received before a moment, or -1; times rise with the leaves."""
    newest = records.newest(look, limit=1)
    if not newest:
        return -1

    def received(index: int) -> int:
        found = records.by_index(look, index)
        return found.received_at if found is not None else 0

    return bisect_left(range(newest[0].index + 1), at, key=received) - 1


def _fans(machine: SightingWarnings, now: int) -> tuple[Fan, ...]:
    plane = machine.tracks.plane
    return tuple(
        Fan(
            str(trail.craft),
            len(trail.names),
            round(standing, 3),
            tuple(
                (minutes, plane.position(*middle), round(radius_m))
                for minutes, middle, radius_m in machine.spread(trail, motion, now)
            ),
        )
        for trail, motion, standing in machine.tracks.standing(now)
        if standing >= machine.rules.kept_at
    )

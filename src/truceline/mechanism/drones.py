"""The desk of the drone interface: one world in memory, changed under one lock, durable first.

Each change is one transaction, begun with the writer's fence: a writer that was thought
dead and wakes up late changes nothing. The world in memory takes a change only after the
commit; a crash leaves what was before a request or what is after it, and the next start
reads the same world from the store.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from truceline.dss import kept
from truceline.dss.entities import Availability
from truceline.dss.token import Claims
from truceline.dss.world import Act, Change, Outcome, World
from truceline.errors import Reason, Refused
from truceline.mechanism.clock import Clock
from truceline.records.record import Micros
from truceline.store import dss as rows
from truceline.store.dss import Notice, Row
from truceline.store.store import Store

KEPT = 7 * 86_400 * 1_000_000
"""How long (microseconds) an entity that is over can still be asked for by its id."""
MOST_HELD = 50_000
"""Entities that one USS may have here at a time."""
_SWEEP_EVERY_S = 60.0
_MOST_REPORTS = 1_000
_VERSION_DIGITS = "0123456789abcdefghijklmnopqrstuv"

type Check = Callable[[Connection], None]


class Desk:
    """What USSs' requests are decided at. Safe to use from several threads."""

    def __init__(self, store: Store, clock: Clock, check: Check, *, http: bool = False) -> None:
        """`check` raises when this process is not the writer (any more).

        `http`: USSs without TLS are taken too.
        """
        self._store, self._clock, self._check, self._http = store, clock, check, http
        self._lock = threading.Lock()
        self._world = World()
        self._sweep_at = 0.0
        self._doubtful = False
        self._load()

    def now(self) -> Micros:
        """The present moment of the installation."""
        return self._clock.now()

    def act(self, claims: Claims) -> Act:
        """Return a request of somebody, now."""
        return Act(claims.manager, claims.scopes, self.now(), fresh, fresh_uuid, self._http)

    def ask[T](self, question: Callable[[World], T]) -> T:
        """Return the answer to a question that changes nothing."""
        with self._lock:
            return question(self._sure())

    def do[T](self, deed: Callable[[World], Outcome | T]) -> Outcome | T:
        """Decide, and make what is decided durable; an answer that is no `Outcome` changes nothing."""
        with self._lock:
            decided = deed(self._sure())
            if isinstance(decided, Outcome):
                self._check_room(decided.change)
                self._commit(decided.change, ())
            return decided

    def change(self, decide: Callable[[World], tuple[Change, Sequence[Notice]]]) -> Change:
        """Make a change of the mechanism's own durable, with the notices that tell of it."""
        with self._lock:
            change, notices = decide(self._sure())
            if change.put or change.gone:
                self._commit(change, notices)
            return change

    def _check_room(self, change: Change) -> None:
        """Refuse what would let one USS fill the memory of all."""
        new = {
            one.manager
            for one in change.put
            if not isinstance(one, Availability) and self._world.get(type(one), one.id) is None
        }
        for one in new:
            if self._world.held(one) >= MOST_HELD:
                raise Refused(
                    Reason.TOO_MANY,
                    where="client",
                    detail=f"{MOST_HELD} entities are held for {one}",
                    remedy="Delete those that are over",
                )

    def report(self, manager: str, body: str) -> str:
        """Keep a USS's report; of each USS the newest thousand. Returns its id."""
        name = fresh_uuid()
        with self._lock, self._store.writing() as tx:
            self._check(tx)
            if rows.count_reports(tx, manager) >= _MOST_REPORTS:
                rows.drop_oldest_report(tx, manager)
            rows.add_report(tx, name, manager, self.now(), body)
        return name

    def sweep(self) -> None:
        """Forget what has been over for long."""
        if time.monotonic() < self._sweep_at:
            return
        self._sweep_at = time.monotonic() + _SWEEP_EVERY_S
        limit = self.now() - KEPT
        with self._lock:
            world = self._sure()
            over = tuple(
                one
                for sort in kept.SORTS.values()
                for one in world.all(sort)
                if (end := kept.ends_at(one)) is not None and end < limit
            )
            if over:
                self._commit(Change((), over), ())

    def _commit(self, change: Change, notices: Sequence[Notice]) -> None:
        put = [
            Row(kept.sort(one), one.id, kept.ends_at(one), kept.encode(one)) for one in change.put
        ]
        # A commit that fails may have been made all the same: its answer can be lost. Until
        # the memory has taken the change it is in doubt, and is read from the store again.
        self._doubtful = True
        with self._store.writing() as tx:
            self._check(tx)
            rows.change(tx, put, [(kept.sort(one), one.id) for one in change.gone])
            rows.add_notices(tx, notices)
        # Durable from here. If we stop before the answer is sent, the USS reads the entity
        # again and finds its version; the world is read from these rows at the next start.
        self._world.apply(change)
        self._doubtful = False

    def _sure(self) -> World:
        """The world, read again where the store may know more than the memory."""
        if self._doubtful:
            self._load()
            self._doubtful = False
        return self._world

    def _load(self) -> None:
        with self._store.reading() as look:
            found = rows.entities(look)
        self._world = World()
        self._world.apply(Change(tuple(kept.decode(one.sort, one.body) for one in found)))


def fresh() -> str:
    """Return a version string or OVN that nobody can guess: 100 bits of chance."""
    return "".join(_VERSION_DIGITS[one & 31] for one in os.urandom(20))


def fresh_uuid() -> str:
    """Return a random UUID (version 4)."""
    return uuid_of(os.urandom(16))


def uuid_of(data: bytes) -> str:
    """Return 16 bytes as a UUID of version 4."""
    marked = bytearray(data[:16])
    marked[6], marked[8] = marked[6] & 0x0F | 0x40, marked[8] & 0x3F | 0x80
    text = marked.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

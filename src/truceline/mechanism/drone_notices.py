"""Sending what subscribers are to be told, one after another, again and again for a day.

A notice is kept with the change that it tells of, and forgotten when it was taken or a day
has passed: a USS that was away for longer reads the constraints again anyway.

How fast a subscriber answers is the subscriber's: each call has a deadline, and a USS has a few
calls in a round, whatever number of addresses it names. What is over that waits its turn, so
that a hundred notices of one do not stand before those of the others.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from truceline.errors import Refused, Unavailable
from truceline.mechanism.clock import Clock
from truceline.mechanism.drones import Check
from truceline.publish.uss import Caller
from truceline.records.record import Micros
from truceline.store import dss as rows
from truceline.store.dss import Notice
from truceline.store.store import Store

_log = logging.getLogger("truceline.drones")
_SECOND = 1_000_000
FIRST_PAUSE = 2 * _SECOND
LONGEST_PAUSE = 600 * _SECOND
LAST = 86_400 * _SECOND
MOST_CALLS = 4
"""Calls to one USS in a round."""
_MOST_AT_ONCE = 100

type Manager = Callable[[str], str]
"""Gives whose a subscription is, by its id; "" where it is gone."""


@dataclass(slots=True)
class Round:
    """Which addresses were silent in a round, how often each USS was called, and what waits."""

    silent: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    waiting: list[Notice] = field(default_factory=list)


@dataclass(slots=True)
class Sender:
    """Sends the notices that are due."""

    store: Store
    clock: Clock
    check: Check
    caller: Caller
    manager: Manager
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Send what is due; returns how many were taken. One address's silence delays only its own."""
        now = self.clock.now()
        with self.store.reading() as look:
            due = rows.due_notices(look, now, most=_MOST_AT_ONCE)
        present = Round()
        taken = sum(self._send(one, now, present) for one in due if not self._stopped.is_set())
        self._let_wait(present.waiting, now)
        return taken

    def stop(self) -> None:
        """Call nobody any more, after the call that is under way."""
        self._stopped.set()

    def close(self) -> None:
        """Let go of the connections. Not while it runs."""
        self.caller.close()

    def _send(self, one: Notice, now: Micros, present: Round) -> bool:
        if one.url in present.silent:
            self._put_off(one, now)
            return False
        uss = self._uss(one)
        if present.calls[uss] >= MOST_CALLS:
            present.waiting.append(one)
            return False
        present.calls[uss] += 1
        try:
            self.caller.post(one.url, one.body.encode())
        except Unavailable as failure:
            present.silent.add(one.url)
            _log.info("a subscriber was not told, and is tried again: %s", failure)
            self._put_off(one, now)
            return False
        except Refused as failure:
            _log.warning("a subscriber does not take what it is told: %s", failure)
        self._forget(one)
        return True

    def _uss(self, one: Notice) -> str:
        """Whose a notice is; by the host where the subscription is gone."""
        told = json.loads(one.body)["subscriptions"]
        found = self.manager(told[0]["subscription_id"]) if told else ""
        return found or f"//{urlsplit(one.url).netloc}"

    def _let_wait(self, waiting: Sequence[Notice], now: Micros) -> None:
        """They were not tried: a next round has them, and their pauses grow no longer."""
        if not waiting:
            return
        with self.store.writing() as tx:
            self.check(tx)
            for one in waiting:
                rows.put_off(tx, replace(one, tries=one.tries - 1), Micros(now + FIRST_PAUSE))

    def _put_off(self, one: Notice, now: Micros) -> None:
        if now - one.made_at > LAST:
            _log.warning("a subscriber was not told for a day, and is given up: %s", one.url)
            self._forget(one)
            return
        pause = min(FIRST_PAUSE << min(one.tries, 12), LONGEST_PAUSE)
        with self.store.writing() as tx:
            self.check(tx)
            rows.put_off(tx, one, Micros(now + pause))

    def _forget(self, one: Notice) -> None:
        # Sent first, forgotten then: a crash between tells it a second time, which the
        # notification index lets the subscriber see.
        with self.store.writing() as tx:
            self.check(tx)
            rows.drop_notice(tx, one.id)

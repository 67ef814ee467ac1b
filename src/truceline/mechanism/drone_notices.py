"""Sending what subscribers are to be told, one after another, again and again for a day.

A notice is kept with the change that it tells of, and forgotten when it was taken or a day
has passed: a USS that was away for longer reads the constraints again anyway.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

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
_MOST_AT_ONCE = 100


@dataclass(slots=True)
class Sender:
    """Sends the notices that are due."""

    store: Store
    clock: Clock
    check: Check
    caller: Caller

    def run(self) -> int:
        """Send what is due; returns how many were taken. One address's silence delays only its own."""
        now = self.clock.now()
        with self.store.reading() as look:
            due = rows.due_notices(look, now, most=_MOST_AT_ONCE)
        silent: set[str] = set()
        return sum(self._send(one, now, silent) for one in due)

    def close(self) -> None:
        """Let go of the connections."""
        self.caller.close()

    def _send(self, one: Notice, now: Micros, silent: set[str]) -> bool:
        try:
            if one.url in silent:
                self._put_off(one, now)
                return False
            self.caller.post(one.url, one.body.encode())
        except Unavailable as failure:
            silent.add(one.url)
            _log.info("a subscriber was not told, and is tried again: %s", failure)
            self._put_off(one, now)
            return False
        except Refused as failure:
            _log.warning("a subscriber does not take what it is told: %s", failure)
        self._forget(one)
        return True

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

"""The machine's clock, held against one that nobody can set.

A log's times never go back, so one leaf dated a year ahead keeps every later one there.
Whoever can set the clock for a second could do that. While a clock is further ahead than
the time that has passed, nothing is dated by it.

That it was seen is written down, and outlives a restart: a start alone must not make a
wrong clock right. It is settled when the clock is back, or by an operator who says that
it is the clock which is right.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from truceline.errors import Reason, TrucelineError, Unavailable
from truceline.mechanism.clock import Clock
from truceline.records.record import Micros
from truceline.store import atomic

AHEAD_MOST = 60 * 1_000_000
"""How far (microseconds) the clock may get ahead of the time that has passed."""

_log = logging.getLogger("truceline.clock")


def passed() -> int:
    """Return microseconds since some moment, the machine's sleep included where it is counted."""
    source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(source) // 1000


class SteadyClock:
    """Tells the time of `clock`, or raises `Unavailable` while that is not to be believed."""

    def __init__(self, clock: Clock, note: Path, *, passed: Callable[[], int] = passed) -> None:
        self._clock, self._note, self._passed = clock, note, passed
        self._lock = threading.Lock()
        self._ahead = False
        self._offset = clock.now() - passed()

    @property
    def scenario(self) -> bool:
        """Say whether this is a scenario's time; such a clock may jump as it likes."""
        return self._clock.scenario

    def now(self) -> Micros:
        """The present moment."""
        at = self._clock.now()
        if self.scenario:
            return at
        ahead = at - self._passed() - self._offset
        if (ahead > AHEAD_MOST) != self._ahead:
            self._changed(at, ahead=ahead > AHEAD_MOST)
        if ahead > AHEAD_MOST:
            raise _not_believed(ahead)
        return at

    def settle(self, *, accept: bool) -> None:
        """At the start: raises `Unavailable` where a jump was seen and is neither back nor accepted."""
        if self.scenario:
            return
        seen_at = _noted(self._note)
        if seen_at is None:
            return
        if not accept and self._clock.now() >= seen_at:
            raise _not_believed(None)
        self._note.unlink(missing_ok=True)

    def _changed(self, at: Micros, *, ahead: bool) -> None:
        with self._lock:
            if ahead == self._ahead:
                return
            self._ahead = ahead
            try:
                if ahead:
                    _log.error("the machine's clock has jumped ahead; nothing is dated by it")
                    atomic.write(self._note, b"%d\n" % at)
                else:
                    _log.warning("the machine's clock is back")
                    self._note.unlink(missing_ok=True)
            except (TrucelineError, OSError) as failure:
                _log.warning("the jump of the clock could not be noted: %s", failure)


def _noted(note: Path) -> int | None:
    try:
        return int(note.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return 0  # something was seen: ask


def _not_believed(ahead: int | None) -> Unavailable:
    said = "" if ahead is None else f" by {ahead // 1_000_000} s"
    return Unavailable(
        Reason.BAD_TIME,
        where="clock",
        detail=f"this machine's clock has jumped ahead{said} of the time that has passed",
        remedy="Set it right; or, if it is right now, start again with --accept-clock",
    )

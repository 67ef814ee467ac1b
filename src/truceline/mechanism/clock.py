"""The one place that knows the time.

A live log runs on the system's clock. A log marked `exercise` may run on a
scenario's clock, which starts where the story starts and goes at a chosen speed.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

from truceline.errors import Malformed, Reason
from truceline.records.record import Micros

_MICROS = 1_000_000


class Clock(Protocol):
    """Something that tells the time in microseconds since 1970, UTC."""

    @property
    def scenario(self) -> bool:
        """Say whether this is a scenario's time rather than the world's."""

    def now(self) -> Micros:
        """The present moment."""


class SystemClock:
    """The machine's clock, as the operating system keeps it."""

    scenario = False

    def now(self) -> Micros:
        """The present moment."""
        return Micros(time.time_ns() // 1000)


class ScenarioClock:
    """A clock for exercises: it starts at a moment and runs at a speed, or stands still.

    `speed` is scenario seconds per second. Safe to use from several threads.
    """

    scenario = True

    def __init__(self, start_at: Micros, *, speed: float = 1.0, playing: bool = True) -> None:
        self._lock = threading.Lock()
        self._at = start_at
        self._since = time.monotonic()
        self._speed = _checked(speed)
        self._playing = playing

    @property
    def speed(self) -> float:
        """Scenario seconds per second."""
        return self._speed

    @property
    def playing(self) -> bool:
        """Say whether time passes."""
        return self._playing

    def now(self) -> Micros:
        """The scenario's present moment."""
        with self._lock:
            return self._now()

    def play(self, *, speed: float | None = None) -> None:
        """Let time pass, at this speed if one is given."""
        with self._lock:
            self._restart(self._now())
            self._speed = self._speed if speed is None else _checked(speed)
            self._playing = True

    def pause(self) -> None:
        """Let time stand still."""
        with self._lock:
            self._restart(self._now())
            self._playing = False

    def seek(self, at: Micros) -> None:
        """Go to a moment. The log's `received_at` never goes back with it."""
        with self._lock:
            self._restart(at)

    def _restart(self, at: Micros) -> None:
        self._at, self._since = at, time.monotonic()

    def _now(self) -> Micros:
        if not self._playing:
            return self._at
        passed = (time.monotonic() - self._since) * self._speed * _MICROS
        return Micros(self._at + int(passed))


def _checked(speed: float) -> float:
    if not 0 < speed <= 1_000_000:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="speed", detail=f"{speed} is not above 0 and up to 1,000,000"
        )
    return speed

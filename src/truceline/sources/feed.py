"""A feed over TCP: connects, reads, connects again, and says how it is doing.

The feed is one loop that its caller runs, usually in a thread of its own. It never
ends by itself: a server that is away, closes or says nothing for a minute is tried
again after half a second, then twice as long, up to half a minute. What is dropped
is counted by the reader of the format; what is late is seen by `Health.age_s`.
"""

from __future__ import annotations

import selectors
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from truceline.airspace.fix import Fixes

READ_BYTES = 1 << 20
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
SILENT_S = 60.0
_TICK_S = 0.2


class Reader(Protocol):
    """What turns the bytes of a format into fixes."""

    dropped: Counter[str]

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes that these bytes complete."""

    def restart(self) -> None:
        """Forget half a message."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a feed is doing. `age_s` is since the last position, None before the first."""

    address: str
    connected: bool
    age_s: float | None
    bytes: int
    fixes: int
    connections: int
    dropped: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)


class TcpFeed:
    """Reads one server. `clock` gives microseconds since the epoch, UTC."""

    def __init__(self, host: str, port: int, reader: Reader, *, clock: Callable[[], int]) -> None:
        self.host, self.port = host, port
        self._reader, self._clock = reader, clock
        self._connected = False
        self._bytes = self._fixes = self._connections = 0
        self._last_fix_at: int | None = None
        self._lost: Counter[str] = Counter()

    def health(self) -> Health:
        """Return how the feed is doing now."""
        last = self._last_fix_at
        return Health(
            address=f"{self.host}:{self.port}",
            connected=self._connected,
            age_s=None if last is None else max(0, self._clock() - last) / 1_000_000,
            bytes=self._bytes,
            fixes=self._fixes,
            connections=self._connections,
            dropped=dict(self._reader.dropped),
            lost=dict(self._lost),
        )

    def run(self, take: Callable[[Fixes], None], stop: Event) -> None:
        """Read until `stop` is set, handing every batch that has fixes to `take`."""
        wait = FIRST_WAIT_S
        while not stop.is_set():
            before = self._bytes
            reason = self._once(take, stop)
            if reason:
                self._lost[reason] += 1
            wait = FIRST_WAIT_S if self._bytes > before else min(wait * 2, LONGEST_WAIT_S)
            if reason:
                stop.wait(wait)

    def _once(self, take: Callable[[Fixes], None], stop: Event) -> str:
        """Connect and read; return why it ended, "" when told to stop."""
        try:
            with socket.create_connection((self.host, self.port), timeout=5.0) as link:
                self._connections += 1
                self._connected = True
                return self._read(link, take, stop)
        except TimeoutError:
            return "timed_out"
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "connection_lost"
        finally:
            self._connected = False
            self._reader.restart()

    def _read(self, link: socket.socket, take: Callable[[Fixes], None], stop: Event) -> str:
        link.setblocking(False)
        heard_at = self._clock()
        with selectors.DefaultSelector() as waiting:
            waiting.register(link, selectors.EVENT_READ)
            while not stop.is_set():
                if not waiting.select(_TICK_S):
                    if self._clock() - heard_at > SILENT_S * 1_000_000:
                        return "silent"
                    continue
                data = link.recv(READ_BYTES)
                heard_at = self._clock()
                if not data:
                    return "closed"
                self._take(data, heard_at, take)
        return ""

    def _take(self, data: bytes, received_at: int, take: Callable[[Fixes], None]) -> None:
        self._bytes += len(data)
        batch = self._reader.feed(data, received_at=received_at)
        if len(batch):
            self._fixes += len(batch)
            self._last_fix_at = received_at
            take(batch)

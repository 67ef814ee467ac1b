"""A feed: connects, reads, connects again, and says how it is doing.

A feed is one loop that its caller runs, usually in a thread of its own. It never ends
by itself: a server that is away, closes or says nothing for a minute is tried again
after half a second, then twice as long, up to half a minute. What is dropped is counted
by the reader of the format; what is late is seen by `Health.age_s`. How bytes are
fetched differs (`TcpFeed` here, `udp.py`, `polled.py`); how a feed does is told alike.
"""

from __future__ import annotations

import selectors
import socket
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from truceline.airspace.fix import Fixes
from truceline.sources.rows import Told
from truceline.sources.sane import sane

READ_BYTES = 1 << 20
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
SILENT_S = 60.0
RATE_OVER_S = 10.0
_TICK_S = 0.2
_SECOND = 1_000_000

type Take = Callable[[Fixes], None]


class Reader(Protocol):
    """What turns the bytes of a format into fixes. It never fails on any bytes."""

    dropped: Counter[str]
    noted: Counter[str]
    told: Told

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes that these bytes complete."""

    def restart(self) -> None:
        """Forget half a message."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a feed is doing. `age_s` is since the last position, None before the first.

    `rate_s` is fixes per second of late. `dropped` counts what was left out, `noted` what
    was taken with a doubt, `lost` why connections ended.
    """

    address: str
    connected: bool
    age_s: float | None
    bytes: int
    fixes: int
    connections: int
    dropped: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    rate_s: float = 0.0


class _Rate:
    """Fixes per second over the last two spans of ten seconds."""

    def __init__(self) -> None:
        self._before, self._now, self._began_at = 0, 0, 0

    def count(self, fixes: int, at: int) -> None:
        """Count fixes that came at a moment."""
        self._turn(at)
        self._now += fixes

    def at(self, now: int) -> float:
        """Return the rate at a moment."""
        self._turn(now)
        into = (now - self._began_at) / (RATE_OVER_S * _SECOND)
        return (self._before * (1 - min(into, 1)) + self._now) / RATE_OVER_S

    def _turn(self, at: int) -> None:
        span = round(RATE_OVER_S * _SECOND)
        if at - self._began_at < span:
            return
        is_next = at - self._began_at < 2 * span
        self._before, self._now, self._began_at = (self._now if is_next else 0), 0, at - at % span


class Feed(ABC):
    """One place where fixes come from. `clock` gives microseconds since the epoch, UTC."""

    def __init__(self, address: str, reader: Reader, *, clock: Callable[[], int]) -> None:
        self.address = address
        self._reader, self._clock = reader, clock
        self._connected = self._is_once = False
        self._bytes = self._fixes = self._connections = 0
        self._last_fix_at: int | None = None
        self._rate = _Rate()
        self._lost: Counter[str] = Counter()

    @property
    def told(self) -> Told:
        """What aircraft said besides where they are."""
        return self._reader.told

    def health(self) -> Health:
        """Return how the feed is doing now."""
        last, now = self._last_fix_at, self._clock()
        return Health(
            address=self.address,
            connected=self._connected,
            age_s=None if last is None else max(0, now - last) / _SECOND,
            bytes=self._bytes,
            fixes=self._fixes,
            connections=self._connections,
            dropped=dict(self._reader.dropped),
            lost=dict(self._lost),
            noted=dict(self._reader.noted),
            rate_s=round(self._rate.at(now), 1),
        )

    def run(self, take: Take, stop: Event, *, once: bool = False) -> None:
        """Read until `stop` is set, handing every batch that has fixes to `take`.

        With `once` it ends when the connection does: for what ends by itself.
        """
        wait, self._is_once = FIRST_WAIT_S, once
        while not stop.is_set():
            before = self._bytes
            reason = self._guarded(take, stop)
            if reason:
                self._lost[reason] += 1
            if once:
                return
            wait = FIRST_WAIT_S if self._bytes > before else min(wait * 2, LONGEST_WAIT_S)
            if reason:
                stop.wait(wait)

    @abstractmethod
    def _once(self, take: Take, stop: Event) -> str:
        """Connect and read; return why it ended, "" when told to stop."""

    def _guarded(self, take: Take, stop: Event) -> str:
        try:
            return self._once(take, stop)
        except TimeoutError:
            return "timed_out"
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "connection_lost"
        finally:
            self._connected = False
            self._reader.restart()

    def _began(self) -> None:
        self._connections += 1
        self._connected = True

    def _take(self, data: bytes, received_at: int, take: Take) -> None:
        self._bytes += len(data)
        read = self._reader.feed(data, received_at=received_at)
        batch = sane(read, self._reader.dropped, now_us=received_at)
        if len(batch):
            self._fixes += len(batch)
            self._last_fix_at = received_at
            self._rate.count(len(batch), received_at)
            take(batch)


class TcpFeed(Feed):
    """Reads a server that sends."""

    def __init__(
        self, host: str, port: int, reader: Reader, *, clock: Callable[[], int], address: str = ""
    ) -> None:
        super().__init__(address or f"{host}:{port}", reader, clock=clock)
        self.host, self.port = host, port

    def _once(self, take: Take, stop: Event) -> str:
        with socket.create_connection((self.host, self.port), timeout=5.0) as link:
            self._began()
            return self._read(link, take, stop)

    def _read(self, link: socket.socket, take: Take, stop: Event) -> str:
        link.setblocking(False)
        heard_at = self._clock()
        with selectors.DefaultSelector() as waiting:
            waiting.register(link, selectors.EVENT_READ)
            while not stop.is_set():
                if not waiting.select(_TICK_S):
                    if self._clock() - heard_at > SILENT_S * _SECOND:
                        return "silent"
                    continue
                data = link.recv(READ_BYTES)
                heard_at = self._clock()
                if not data:
                    return "closed"
                self._take(data, heard_at, take)
        return ""

"""How much one sender may ask of the server: bytes, submissions a second, open pages.

A bucket for each sender: it holds `burst`, and `rate` flow into it each second. Senders
without a token share one bucket for each address, and a small one. Nothing here weighs on
a record that was taken: a sender that is told to wait sends the same envelope again.

Open pages hold a file descriptor each, and the server needs descriptors for everything
else: so pages get a share of them, and those without an account a share of that share.
"""

from __future__ import annotations

import ipaddress
import resource
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truceline.api import failures
from truceline.errors import Malformed, Reason, Refused, Unavailable

RATE = 2_000.0
"""Submissions a second of one token; the door itself takes more."""
BURST = 20_000.0
OPEN_RATE = 1.0
"""Submissions a second of one address without a token: a person signs no faster."""
OPEN_BURST = 60.0
_KEPT = 10_000

PAGES_MOST = 20_000
"""Open pages, at most, whatever the machine allows."""
PAGES_OF_ONE_ADDRESS = 64
"""Open pages of one address without an account: an office behind one router."""
FILES_WANTED = 65_536
"""Descriptors that a server asks the machine for, if it may."""

BODY_MOST = 2 * 2**20
_STREAMED = "/api/files"
"""Deposits are counted where they are read: `api/files.py` has the limit of the settings."""


class Taps:
    """One bucket for each sender. `says` is what a sender is told whose bucket is empty."""

    def __init__(
        self,
        rate: float = RATE,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
        *,
        says: str = "more submissions than one sender may make",
        remedy: str = "Wait a second and send the same envelope again",
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._says, self._remedy = says, remedy
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, sender: bytes, amount: float = 1) -> None:
        """Take so much from the sender's bucket, or refuse and take nothing when it is not there."""
        now = self._clock()
        with self._lock:
            left, since = self._left.pop(sender, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._rate)
            self._left[sender] = (left - amount if left >= amount else left, now)
            while len(self._left) > _KEPT:
                self._left.popitem(last=False)
        if left < amount:
            raise Refused(Reason.TOO_MANY, where="sender", detail=self._says, remedy=self._remedy)


class Seats:
    """Places for open pages: so many in all, half of them for who has no account.

    Those without an account are counted by address too, so that no single one takes the
    others' half.
    """

    def __init__(self, most: int, *, of_one_address: int = PAGES_OF_ONE_ADDRESS) -> None:
        self.most, self._of_one_address = most, of_one_address
        self._taken = 0
        self._open: Counter[bytes] = Counter()

    @contextmanager
    def taken(self, address: bytes, *, signed_in: bool) -> Iterator[None]:
        """Hold a place while the block runs; raises `Unavailable` or `Refused` when there is none."""
        if not signed_in:
            self._check_open(address)
        elif self._taken >= self.most:
            raise _no_seat("too many pages listen already")
        self._taken += 1
        self._open[address] += not signed_in
        try:
            yield
        finally:
            self._taken -= 1
            self._open[address] -= not signed_in
            if not self._open[address]:
                del self._open[address]

    def _check_open(self, address: bytes) -> None:
        if self._open[address] >= self._of_one_address:
            raise Refused(
                Reason.TOO_MANY,
                where="events",
                detail=f"{self._of_one_address} pages without an account listen from this address",
                remedy="Close one, or sign in",
            )
        if self._taken >= self.most or self._open.total() >= self.most // 2:
            raise _no_seat("too many pages listen already; places are kept for those who sign in")


def _no_seat(says: str) -> Unavailable:
    return Unavailable(Reason.BUSY, where="events", detail=says)


def seats_here() -> int:
    """Return how many open pages this process's file descriptors allow: half of them."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return PAGES_MOST if soft == resource.RLIM_INFINITY else max(8, min(PAGES_MOST, soft // 2))


def ask_for_descriptors(wanted: int = FILES_WANTED) -> int:
    """Raise this process's own limit of open files as far as the machine lets it; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        return allowed
    return soft


def address_of(host: str) -> bytes:
    """Return what counts as one address: an IPv4 address, or a /64 of IPv6, which one line has."""
    try:
        read = ipaddress.ip_address(host)
    except ValueError:
        return host.encode()
    if isinstance(read, ipaddress.IPv6Address):
        mapped = read.ipv4_mapped
        return mapped.packed if mapped else read.packed[:8]
    return read.packed


class BodyLimit:
    """Refuses a request body that is too large, whether its length is announced or not."""

    def __init__(self, app: ASGIApp, most: int = BODY_MOST) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what comes."""
        if scope["type"] != "http" or scope["path"] == _STREAMED:
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not (announced.isascii() and announced.isdigit()) or int(announced) > self._most:
            await self._refuse()(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                raise self._failure()
            return message

        await self._app(scope, counted, send)

    def _failure(self) -> Malformed:
        return Malformed(
            Reason.TOO_LARGE,
            where="request",
            detail=f"a request has at most {self._most} bytes",
        )

    def _refuse(self) -> ASGIApp:
        return failures.told(self._failure())

"""How much one sender may ask of the server: bytes of a request, and submissions a second.

A token bucket for each sender: it holds `burst`, and `rate` flow in each second. Senders
without a token share one bucket for each address. Nothing here weighs on a record that
was taken: a sender that is told to wait sends the same envelope again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truceline.api import failures
from truceline.errors import Malformed, Reason, Refused

RATE = 2_000.0
"""Submissions a second of one token; the door itself takes more."""
BURST = 20_000.0
_KEPT = 10_000

BODY_MOST = 2 * 2**20
_STREAMED = "/api/files"
"""Deposits are counted where they are read: `api/files.py` has the limit of the settings."""


class Taps:
    """One bucket for each sender."""

    def __init__(
        self,
        rate: float = RATE,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, sender: bytes) -> None:
        """Take one from the sender's bucket, or refuse when it is empty."""
        now = self._clock()
        with self._lock:
            left, since = self._left.pop(sender, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._rate)
            self._left[sender] = (max(left - 1, 0.0), now)
            while len(self._left) > _KEPT:
                self._left.popitem(last=False)
        if left < 1:
            raise Refused(
                Reason.TOO_MANY,
                where="sender",
                detail=f"more than {self._rate:.0f} submissions a second",
                remedy="Wait a second and send the same envelope again",
            )


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

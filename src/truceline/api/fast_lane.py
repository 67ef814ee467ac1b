"""A short way for the few requests that come by the thousand a second.

Finding a route and its parameters costs more than answering does. The functions here are
those of the routes, asked directly; the routes stay, for the document and for everyone
who reads the code. What a request may do is decided in the function, in either way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from truceline.api import failures
from truceline.errors import TrucelineError

type Lane = Callable[[Request], Awaitable[Response]]


class FastLane:
    """Answers some methods and paths itself and passes the rest on."""

    def __init__(self, app: ASGIApp, lanes: Mapping[tuple[str, str], Lane]) -> None:
        self._app, self._lanes = app, lanes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        lane = self._lanes.get((scope.get("method", ""), scope.get("path", "")))
        if lane is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await lane(request)
        except TrucelineError as failure:
            answer = failures.told(failure)
        except Exception as error:  # noqa: BLE001 -- told as `failures.install` tells it
            answer = failures.of_a_defect(request, error)
        await answer(scope, receive, send)

"""How a request of a USS passes: the token, its scopes, the body, the desk; and how it is answered.

401: no token, or one that is not good. 403: a good token without the scope, or an entity of
somebody else. Every failure is JSON with `message`, as the standards have it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from truceline.api import failures
from truceline.api.answers import answer
from truceline.api.floor import Floor
from truceline.dss.intents import Blind
from truceline.dss.world import Act, Outcome, World
from truceline.errors import Malformed, Reason, Refused, TrucelineError, Unavailable
from truceline.mechanism.drone_interface import Interface

COORDINATION = "utm.strategic_coordination"
MANAGEMENT = "utm.constraint_management"
PROCESSING = "utm.constraint_processing"
MONITORING = "utm.conformance_monitoring_sa"
ARBITRATION = "utm.availability_arbitration"
PROVIDER = "rid.service_provider"
DISPLAY = "rid.display_provider"

STATUSES: Mapping[Reason, int] = {
    Reason.NOT_SIGNED_IN: 401,
    Reason.NO_MANDATE: 403,
    Reason.NOT_FOUND: 404,
    Reason.SEQUENCE: 409,
    Reason.ID_TAKEN: 409,
    Reason.TOO_MANY: 429,
}
"""Of refusals; what cannot be read is 400, what cannot be done now 503."""

BODY: Mapping[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
"""For the document: the shapes are those of the standards, and are not told a second time."""

type Deed = Callable[[World, Act, Any], Outcome | Blind]
type Question = Callable[[World, Act, Any], Mapping[str, Any]]


class Told(APIRoute):
    """A route whose failures are told as the standards tell them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with failures turned into answers."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except TrucelineError as failure:
                return told(failure)
            except Exception as error:  # noqa: BLE001 -- logged, and told without its words
                found: Response = failures.of_a_defect(request, error)
                return answer({"message": "a defect of this server"}, status=found.status_code)

        return handled


def told(failure: TrucelineError, *, too_large: int = 400) -> Response:
    """Return the answer that tells a failure."""
    status = 400
    if isinstance(failure, Unavailable):
        status = 503
    elif isinstance(failure, Refused):
        status = STATUSES.get(failure.reason, 400)
    elif failure.reason is Reason.TOO_LARGE:
        status = 413 if failure.where == "request" else too_large
    made = answer({"message": str(failure)}, status=status)
    if status == 401:
        made.headers["www-authenticate"] = "Bearer"
    if status in (429, 503):
        made.headers["retry-after"] = "1"
    return made


async def done(
    request: Request, deed: Deed, *scopes: str, status: int = 200, body: bool = True
) -> Response:
    """Do what a USS asks, and answer with what came of it; any one of the scopes is enough."""
    interface, act = await _asked(request, scopes)
    tree = await _body(request) if body else None

    def decided(world: World) -> Outcome | Mapping[str, Any]:
        found = deed(world, act, tree)
        return found.told(world, act.manager) if isinstance(found, Blind) else found

    found = await run_in_threadpool(interface.desk.do, decided)
    if isinstance(found, Outcome):
        return answer(found.answer, status=status)
    return answer(found, status=409)


async def asked(request: Request, question: Question, *scopes: str, body: bool = False) -> Response:
    """Answer a question of a USS; any one of the scopes is enough."""
    interface, act = await _asked(request, scopes)
    tree = await _body(request) if body else None
    return answer(
        await run_in_threadpool(interface.desk.ask, lambda world: question(world, act, tree))
    )


async def empty(request: Request) -> Response:
    """Turn down a path whose last part is missing: a version or OVN is never empty."""
    await _asked(request, ())
    raise Malformed(Reason.MISSING_FIELD, where="path", detail="the last part is empty")


async def nowhere(path: str) -> Response:
    """Say that there is nothing at an address of the interface."""
    raise Refused(Reason.NOT_FOUND, where="path", detail=f"there is nothing at {path[:80]!r}")


async def signed_in(request: Request, *scopes: str) -> Act:
    """Return who asks; refuses who has none of the scopes (where there are any)."""
    return (await _asked(request, scopes))[1]


def interface_of(request: Request) -> Interface:
    """Return the interface of the installation; the routes are there only where it has one."""
    floor: Floor = request.app.state.floor
    found = floor.installation.drones
    if found is None:
        raise Unavailable(
            Reason.NOT_THE_WRITER, where="drones", detail="this process does not serve them"
        )
    return found


async def read_body(request: Request) -> Any:
    """Return the JSON of a request's body."""
    return await _body(request)


async def _asked(request: Request, scopes: tuple[str, ...]) -> tuple[Interface, Act]:
    interface = interface_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(
            Reason.NOT_SIGNED_IN,
            where="token",
            detail="a bearer token is needed",
            remedy="Ask the authority for a token for this server",
        )
    claims = await run_in_threadpool(interface.claims, token.strip())
    if not claims.scopes or (scopes and not claims.scopes & set(scopes)):
        raise Refused(
            Reason.NO_MANDATE,
            where="token",
            detail=f"the token has none of the scopes {', '.join(scopes) or 'of this server'}",
        )
    return interface, interface.desk.act(claims)


async def _body(request: Request) -> Any:
    data = await request.body()
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(Reason.NOT_JSON, where="request", detail=str(error)[:100]) from None

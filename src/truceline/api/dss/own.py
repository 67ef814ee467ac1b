"""What other USSs ask of this one, and reports (ASTM F3548-21, `/uss/v1`, `/dss/v1/reports`)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from truceline.api.answers import answer, encode
from truceline.api.dss.desk import (
    ARBITRATION,
    BODY,
    COORDINATION,
    MANAGEMENT,
    MONITORING,
    PROCESSING,
    Told,
    asked,
    interface_of,
    read_body,
    signed_in,
)
from truceline.dss import constraints
from truceline.dss.volume import mapping
from truceline.errors import Malformed, Reason

router = APIRouter(route_class=Told)
_ANY = (COORDINATION, MANAGEMENT, PROCESSING, MONITORING, ARBITRATION)
MOST_REPORT_BYTES = 65_536


@router.get("/uss/v1/constraints/{entityid}")
async def constraint(request: Request, entityid: str) -> Response:
    """Return a zone in force in full: volumes, OVN, geozone (F3548: getConstraintDetails)."""
    return await asked(
        request, lambda world, act, _: constraints.details(world, act, entityid), PROCESSING
    )


@router.post("/uss/v1/reports", status_code=201, openapi_extra=dict(BODY))
async def report_to_uss(request: Request) -> Response:
    """Take a report of an exchange with this USS that went wrong (F3548: makeUssReport)."""
    return await report(request)


@router.post("/dss/v1/reports", status_code=201, openapi_extra=dict(BODY))
async def report(request: Request) -> Response:
    """Take a report of an exchange that went wrong (F3548: makeDssReport)."""
    act = await signed_in(request, *_ANY)
    tree = mapping(await read_body(request), "request")
    mapping(tree.get("exchange"), "exchange")
    if len(encode(tree)) > MOST_REPORT_BYTES:
        raise Malformed(
            Reason.TOO_LARGE,
            where="request",
            detail=f"a report has at most {MOST_REPORT_BYTES} bytes",
        )
    desk = interface_of(request).desk
    name = await run_in_threadpool(desk.report, act.manager, encode(tree).decode())
    return answer({**tree, "report_id": name}, status=201)

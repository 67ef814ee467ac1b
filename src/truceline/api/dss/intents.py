"""Operational intents over HTTP (ASTM F3548-21, `/dss/v1/operational_intent_references`)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from truceline.api.dss.desk import (
    BODY,
    COORDINATION,
    MONITORING,
    Told,
    asked,
    done,
    empty,
)
from truceline.dss import intents

router = APIRouter(route_class=Told)
_PATH = "/dss/v1/operational_intent_references"
_SCOPES = (COORDINATION, MONITORING)


@router.post(f"{_PATH}/query", openapi_extra=dict(BODY))
async def query(request: Request) -> Response:
    """Return the operational intents in an area of interest (F3548: queryOperationalIntentReferences)."""
    return await asked(request, intents.query, *_SCOPES, body=True)


@router.get(f"{_PATH}/{{entityid}}")
async def get(request: Request, entityid: str) -> Response:
    """Return one operational intent (F3548: getOperationalIntentReference)."""
    return await asked(request, lambda world, act, _: intents.get(world, act, entityid), *_SCOPES)


@router.put(f"{_PATH}/{{entityid}}", status_code=201, openapi_extra=dict(BODY))
async def create(request: Request, entityid: str) -> Response:
    """Make an operational intent (F3548: createOperationalIntentReference)."""
    return await done(
        request,
        lambda world, act, body: intents.put(world, act, entityid, None, body),
        *_SCOPES,
        status=201,
    )


@router.put(f"{_PATH}/{{entityid}}/{{ovn}}", openapi_extra=dict(BODY))
async def update(request: Request, entityid: str, ovn: str) -> Response:
    """Change the operational intent that has this OVN (F3548: updateOperationalIntentReference)."""
    return await done(
        request, lambda world, act, body: intents.put(world, act, entityid, ovn, body), *_SCOPES
    )


@router.delete(f"{_PATH}/{{entityid}}/{{ovn}}")
async def delete(request: Request, entityid: str, ovn: str) -> Response:
    """Take the operational intent away that has this OVN (F3548: deleteOperationalIntentReference)."""
    return await done(
        request,
        lambda world, act, _: intents.delete(world, act, entityid, ovn),
        *_SCOPES,
        body=False,
    )


router.add_api_route(
    f"{_PATH}/{{entityid}}/", empty, methods=["PUT", "DELETE"], include_in_schema=False
)

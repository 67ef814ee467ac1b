"""Constraints over HTTP (ASTM F3548-21, `/dss/v1/constraint_references`)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from truceline.api.dss.desk import (
    BODY,
    MANAGEMENT,
    PROCESSING,
    Told,
    asked,
    done,
    empty,
)
from truceline.dss import constraints

router = APIRouter(route_class=Told)
_PATH = "/dss/v1/constraint_references"
_SCOPES = (MANAGEMENT, PROCESSING)


@router.post(f"{_PATH}/query", openapi_extra=dict(BODY))
async def query(request: Request) -> Response:
    """Return the constraints in an area of interest, zones in force too (F3548: queryConstraintReferences)."""
    return await asked(request, constraints.query, *_SCOPES, body=True)


@router.get(f"{_PATH}/{{entityid}}")
async def get(request: Request, entityid: str) -> Response:
    """Return one constraint (F3548: getConstraintReference)."""
    return await asked(
        request, lambda world, act, _: constraints.get(world, act, entityid), *_SCOPES
    )


@router.put(f"{_PATH}/{{entityid}}", status_code=201, openapi_extra=dict(BODY))
async def create(request: Request, entityid: str) -> Response:
    """Make a constraint (F3548: createConstraintReference)."""
    return await done(
        request,
        lambda world, act, body: constraints.put(world, act, entityid, None, body),
        MANAGEMENT,
        status=201,
    )


@router.put(f"{_PATH}/{{entityid}}/{{ovn}}", openapi_extra=dict(BODY))
async def update(request: Request, entityid: str, ovn: str) -> Response:
    """Change the constraint that has this OVN (F3548: updateConstraintReference)."""
    return await done(
        request,
        lambda world, act, body: constraints.put(world, act, entityid, ovn, body),
        MANAGEMENT,
    )


@router.delete(f"{_PATH}/{{entityid}}/{{ovn}}")
async def delete(request: Request, entityid: str, ovn: str) -> Response:
    """Take the constraint away that has this OVN (F3548: deleteConstraintReference)."""
    return await done(
        request,
        lambda world, act, _: constraints.delete(world, act, entityid, ovn),
        MANAGEMENT,
        body=False,
    )


router.add_api_route(
    f"{_PATH}/{{entityid}}/", empty, methods=["PUT", "DELETE"], include_in_schema=False
)

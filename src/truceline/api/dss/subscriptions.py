"""Subscriptions and the availability of USSs over HTTP (ASTM F3548-21)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from truceline.api.dss.desk import (
    ARBITRATION,
    BODY,
    COORDINATION,
    MONITORING,
    PROCESSING,
    Told,
    asked,
    done,
    empty,
)
from truceline.dss import availability, subscriptions

router = APIRouter(route_class=Told)
_PATH = "/dss/v1/subscriptions"
_SCOPES = (PROCESSING, COORDINATION)
_AVAILABILITY = "/dss/v1/uss_availability/{uss_id}"


@router.post(f"{_PATH}/query", openapi_extra=dict(BODY))
async def query(request: Request) -> Response:
    """Return the asker's subscriptions in an area of interest (F3548: querySubscriptions)."""
    return await asked(request, subscriptions.query, *_SCOPES, body=True)


@router.get(f"{_PATH}/{{subscriptionid}}")
async def get(request: Request, subscriptionid: str) -> Response:
    """Return one of the asker's subscriptions (F3548: getSubscription)."""
    return await asked(
        request, lambda world, act, _: subscriptions.get(world, act, subscriptionid), *_SCOPES
    )


@router.put(f"{_PATH}/{{subscriptionid}}", openapi_extra=dict(BODY))
async def create(request: Request, subscriptionid: str) -> Response:
    """Make a subscription, and return what is there already (F3548: createSubscription)."""
    return await done(
        request,
        lambda world, act, body: subscriptions.put(world, act, subscriptionid, None, body),
        *_SCOPES,
    )


@router.put(f"{_PATH}/{{subscriptionid}}/{{version}}", openapi_extra=dict(BODY))
async def update(request: Request, subscriptionid: str, version: str) -> Response:
    """Change the subscription that has this version (F3548: updateSubscription)."""
    return await done(
        request,
        lambda world, act, body: subscriptions.put(world, act, subscriptionid, version, body),
        *_SCOPES,
    )


@router.delete(f"{_PATH}/{{subscriptionid}}/{{version}}")
async def delete(request: Request, subscriptionid: str, version: str) -> Response:
    """Take the subscription away that has this version (F3548: deleteSubscription)."""
    return await done(
        request,
        lambda world, act, _: subscriptions.delete(world, act, subscriptionid, version),
        *_SCOPES,
        body=False,
    )


router.add_api_route(
    f"{_PATH}/{{subscriptionid}}/", empty, methods=["PUT", "DELETE"], include_in_schema=False
)


@router.get(_AVAILABILITY)
async def get_availability(request: Request, uss_id: str) -> Response:
    """Return whether a USS can be asked (F3548: getUssAvailability)."""
    return await asked(
        request,
        lambda world, _, __: availability.get(world, uss_id),
        ARBITRATION,
        COORDINATION,
        MONITORING,
    )


@router.put(_AVAILABILITY, openapi_extra=dict(BODY))
async def set_availability(request: Request, uss_id: str) -> Response:
    """Say whether a USS can be asked (F3548: setUssAvailability)."""
    return await done(
        request, lambda world, act, body: availability.put(world, act, uss_id, body), ARBITRATION
    )

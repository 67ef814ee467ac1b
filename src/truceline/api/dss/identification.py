"""Remote identification over HTTP (ASTM F3411-22a, `/rid/v2/dss`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from truceline.api.dss.desk import (
    BODY,
    DISPLAY,
    PROVIDER,
    Told,
    asked,
    done,
    empty,
    told,
)
from truceline.dss import identification
from truceline.dss.world import Act, World
from truceline.errors import Malformed, Reason

router = APIRouter(route_class=Told)
_AREAS = "/rid/v2/dss/identification_service_areas"
_SUBSCRIPTIONS = "/rid/v2/dss/subscriptions"


@router.get(
    _AREAS,
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string"}, "description": says}
            for name, says in (
                ("area", "lat,lng,lat,lng,..."),
                ("earliest_time", "RFC 3339"),
                ("latest_time", "RFC 3339"),
            )
        ]
    },
)
async def search_areas(request: Request) -> Response:
    """Return the service areas in a polygon (F3411: searchIdentificationServiceAreas)."""
    given = request.query_params

    def question(world: World, act: Act, _: Any) -> Mapping[str, Any]:
        return identification.search_areas(
            world, act, _area(request), given.get("earliest_time"), given.get("latest_time")
        )

    return await _searched(request, question)


@router.get(f"{_AREAS}/{{id}}")
async def get_area(request: Request, id: str) -> Response:  # noqa: A002 -- the standard's name
    """Return one service area (F3411: getIdentificationServiceArea)."""
    return await asked(
        request, lambda world, _, __: identification.get_area(world, id), PROVIDER, DISPLAY
    )


@router.put(f"{_AREAS}/{{id}}", openapi_extra=dict(BODY))
async def create_area(request: Request, id: str) -> Response:  # noqa: A002
    """Make a service area (F3411: createIdentificationServiceArea)."""
    return await done(
        request,
        lambda world, act, body: identification.put_area(world, act, id, None, body),
        PROVIDER,
    )


@router.put(f"{_AREAS}/{{id}}/{{version}}", openapi_extra=dict(BODY))
async def update_area(request: Request, id: str, version: str) -> Response:  # noqa: A002
    """Change the service area that has this version (F3411: updateIdentificationServiceArea)."""
    return await done(
        request,
        lambda world, act, body: identification.put_area(world, act, id, version, body),
        PROVIDER,
    )


@router.delete(f"{_AREAS}/{{id}}/{{version}}")
async def delete_area(request: Request, id: str, version: str) -> Response:  # noqa: A002
    """Take the service area away that has this version (F3411: deleteIdentificationServiceArea)."""
    return await done(
        request,
        lambda world, act, _: identification.delete_area(world, act, id, version),
        PROVIDER,
        body=False,
    )


@router.get(
    _SUBSCRIPTIONS,
    openapi_extra={
        "parameters": [
            {
                "name": "area",
                "in": "query",
                "schema": {"type": "string"},
                "description": "lat,lng,lat,lng,...",
            }
        ]
    },
)
async def search_subscriptions(request: Request) -> Response:
    """Return the asker's subscriptions in a polygon (F3411: searchSubscriptions)."""
    return await _searched(
        request,
        lambda world, act, _: identification.search_subscriptions(world, act, _area(request)),
    )


@router.get(f"{_SUBSCRIPTIONS}/{{id}}")
async def get_subscription(request: Request, id: str) -> Response:  # noqa: A002
    """Return one subscription (F3411: getSubscription)."""
    return await asked(
        request, lambda world, _, __: identification.get_subscription(world, id), DISPLAY
    )


@router.put(f"{_SUBSCRIPTIONS}/{{id}}", openapi_extra=dict(BODY))
async def create_subscription(request: Request, id: str) -> Response:  # noqa: A002
    """Make a subscription, and return the areas there (F3411: createSubscription)."""
    return await done(
        request,
        lambda world, act, body: identification.put_subscription(world, act, id, None, body),
        DISPLAY,
    )


@router.put(f"{_SUBSCRIPTIONS}/{{id}}/{{version}}", openapi_extra=dict(BODY))
async def update_subscription(request: Request, id: str, version: str) -> Response:  # noqa: A002
    """Change the subscription that has this version (F3411: updateSubscription)."""
    return await done(
        request,
        lambda world, act, body: identification.put_subscription(world, act, id, version, body),
        DISPLAY,
    )


@router.delete(f"{_SUBSCRIPTIONS}/{{id}}/{{version}}")
async def delete_subscription(request: Request, id: str, version: str) -> Response:  # noqa: A002
    """Take the subscription away that has this version (F3411: deleteSubscription)."""
    return await done(
        request,
        lambda world, act, _: identification.delete_subscription(world, act, id, version),
        DISPLAY,
        body=False,
    )


for path in (_AREAS, _SUBSCRIPTIONS):
    router.add_api_route(
        f"{path}/{{id}}/", empty, methods=["PUT", "DELETE"], include_in_schema=False
    )


async def _searched(
    request: Request, question: Callable[[World, Act, Any], Mapping[str, Any]]
) -> Response:
    try:
        return await asked(request, question, DISPLAY)
    except Malformed as failure:
        return told(failure, too_large=413)  # what the standard answers to a search alone


def _area(request: Request) -> str:
    area = request.query_params.get("area")
    if area is None:
        raise Malformed(Reason.MISSING_FIELD, where="area", detail="an area is needed")
    return area

"""What InterUSS's clients ask beside the standards: is my token good, which version, are you well."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from truceline import __version__
from truceline.api.answers import answer
from truceline.api.dss.desk import Told, signed_in
from truceline.errors import Reason, Refused

router = APIRouter(route_class=Told)


@router.get(
    "/aux/v1/validate_oauth",
    openapi_extra={
        "parameters": [
            {
                "name": "owner",
                "in": "query",
                "schema": {"type": "string"},
                "description": "whose token it should be",
            }
        ]
    },
)
async def validate(request: Request) -> Response:
    """Say whether the token is good, and of `owner` if one is named."""
    act = await signed_in(request)
    owner = request.query_params.get("owner")
    if owner is not None and owner != act.manager:
        raise Refused(Reason.NO_MANDATE, where="owner", detail="the token is of somebody else")
    return answer({})


@router.get("/aux/v1/version")
async def version() -> Response:
    """Say which version this server is."""
    return answer({"version": f"truceline/{__version__}"})


@router.get("/healthy", response_class=PlainTextResponse)
async def healthy() -> Response:
    """Say that this server answers."""
    return PlainTextResponse("OK")

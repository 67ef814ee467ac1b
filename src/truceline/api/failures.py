"""How a failure is told over HTTP: one table to statuses, and one shape. No traceback, ever."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from truceline.api.answers import answer
from truceline.errors import Malformed, Reason, Refused, TrucelineError, Unavailable, Unproven

_log = logging.getLogger("truceline.api")

BRANCHES: Mapping[type[TrucelineError], tuple[str, int]] = {
    Malformed: ("malformed", 400),
    Refused: ("refused", 422),
    Unproven: ("unproven", 422),
    Unavailable: ("unavailable", 503),
}
"""The word and the status of each branch, unless its reason has one of its own."""

STATUSES: Mapping[Reason, int] = {
    Reason.NOT_SIGNED_IN: 401,
    Reason.NO_MANDATE: 403,
    Reason.NOT_VISIBLE: 403,
    Reason.KEY_NOT_IN_FORCE: 403,
    Reason.NOT_FOUND: 404,
    Reason.SEQUENCE: 409,
    Reason.ID_TAKEN: 409,
    Reason.WRONG_STATE: 409,
    Reason.CONTRADICTS: 409,
    Reason.TOO_LARGE: 413,
    Reason.TOO_MANY: 429,
    Reason.CORRUPT: 500,
    Reason.DISK_FULL: 507,
}


class Failure(BaseModel):
    """What happened, where, under which rule, and what to do; empty parts are left out."""

    failure: str = Field(
        examples=["refused"], description="malformed, refused, unproven or unavailable"
    )
    reason: str = Field(examples=["key_not_in_force"])
    detail: str = Field(examples=["key 1f2e… was replaced on 2017-06-01"])
    where: str | None = None
    article: str | None = None
    remedy: str | None = None
    refusal: dict[str, Any] | None = Field(
        None, description="For submissions: the refusal under the mechanism's signature (DSSE)"
    )


def status_of(failure: TrucelineError) -> int:
    """Return the HTTP status of a failure."""
    by_branch = next(found for branch, found in BRANCHES.items() if isinstance(failure, branch))
    if failure.reason is Reason.BAD_KEY and isinstance(failure, Refused):
        return 401
    return STATUSES.get(failure.reason, by_branch[1])


def told(failure: TrucelineError, refusal: Mapping[str, Any] | None = None) -> Response:
    """Return the answer that tells a failure."""
    word = next(name for branch, (name, _) in BRANCHES.items() if isinstance(failure, branch))
    body: dict[str, Any] = {"failure": word, **failure.told()}
    if refusal is not None:
        body["refusal"] = dict(refusal)
    made = answer(body, status=status_of(failure))
    if isinstance(failure, Unavailable) or failure.reason is Reason.TOO_MANY:
        made.headers["retry-after"] = "1"
    if failure.reason is Reason.NOT_SIGNED_IN:
        made.headers["www-authenticate"] = "Bearer"
    return made


def install(app: FastAPI) -> None:
    """Tell every failure of `app` in this way."""
    app.add_exception_handler(TrucelineError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_a_parameter)
    app.add_exception_handler(HTTPException, _of_the_router)
    app.add_exception_handler(Exception, of_a_defect)


def _of_ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, TrucelineError)  # noqa: S101 -- registered for this class alone
    return told(error)


def _of_a_parameter(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- as above
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return told(
        Malformed(
            Reason.OUT_OF_RANGE,
            where=where,
            detail=str(first["msg"]),
            remedy="See /openapi.json for what the parameter may be",
        )
    )


def _of_the_router(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- as above
    made = told(
        Refused(
            Reason.NOT_FOUND if error.status_code == 404 else Reason.WRONG_STATE,
            detail=f"{error.detail}",
            remedy="See /openapi.json for the routes",
        )
    )
    made.status_code = error.status_code
    for name, value in (error.headers or {}).items():
        made.headers[name] = value
    return made


def of_a_defect(request: Request, error: Exception) -> Response:
    """Note a defect in the server's own log; the asker is told one sentence."""
    _log.error("defect at %s %s", request.method, request.url.path, exc_info=error)
    made = told(
        Unavailable(
            Reason.BUSY,
            detail="the server failed in a way it did not foresee; nothing receipted is lost",
            remedy="Tell the operator; the details are in the server's own log",
        )
    )
    made.status_code = 500
    return made

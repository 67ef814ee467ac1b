"""Bodies, officers and keys over HTTP; and who the asker is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from truceline.api.answers import answer, moment
from truceline.api.floor import Asked
from truceline.errors import Reason, Refused
from truceline.parties.register import HeldKey, Officer, Register
from truceline.records import keys
from truceline.records.kinds import KINDS
from truceline.records.record import Micros

router = APIRouter(tags=["bodies"])


class Me(BaseModel):
    """Who the asker is to this installation."""

    signed_in: bool
    body: str
    officer: str
    roles: list[str]
    purpose: str | None


class KindRow(BaseModel):
    """A row of the table of kinds."""

    name: str
    says: str
    signers: list[str]
    rests_on: str
    audience: str
    leaf: str
    by_body_key: bool
    body: dict[str, str]
    sealed: dict[str, str]


class BodyRow(BaseModel):
    """A body that takes part."""

    code: str = Field(examples=["north"])
    name: dict[str, str]
    capacity: str
    since: str | None
    index: int


class OfficerRow(BaseModel):
    """An officer, under a pseudonym."""

    code: str
    roles: list[str]
    from_: str | None = Field(alias="from")
    until: str | None
    serves: bool
    index: int


class KeyRow(BaseModel):
    """A key and the window in which it is in force."""

    key: str
    public: str
    holder: str
    recovery: str = Field(description="id of the recovery key")
    from_: str | None = Field(alias="from")
    until: str | None
    in_force: bool
    ended: str | None
    replaced_by: str | None
    index: int


class BodyShape(BodyRow):
    """A body with its officers and keys."""

    officers: list[OfficerRow]
    keys: list[KeyRow]


@router.get("/api/me", response_model=Me)
async def me(asked: Asked) -> Response:
    """Say who the asker is."""
    viewer, purpose = asked.viewer, asked.asker.purpose
    return answer(
        {
            "signed_in": viewer.signed_in,
            "body": viewer.body,
            "officer": viewer.officer,
            "roles": sorted(viewer.roles),
            "purpose": purpose,
        }
    )


@router.get("/api/kinds", response_model=list[KindRow])
async def kinds(_: Asked) -> Response:
    """List the kinds of record that the log takes."""
    return answer(
        [
            {
                "name": one.name,
                "says": one.says,
                "signers": sorted(one.signers),
                "rests_on": one.rests_on,
                "audience": one.audience,
                "leaf": one.leaf,
                "by_body_key": one.by_body_key,
                "body": {name: shape.said() for name, shape in one.body.fields.items()},
                "sealed": dict(one.sealed),
            }
            for one in KINDS.values()
        ]
    )


@router.get("/api/bodies", response_model=list[BodyRow])
def bodies(asked: Asked) -> Response:
    """List the bodies that take part at the moment in question."""
    with asked.book() as book:
        found = [one for one in book.register.bodies.values() if one.admitted_at <= asked.at]
        return answer([_body(book.register, one.code) for one in found])


@router.get("/api/bodies/{code}", response_model=BodyShape)
def body(asked: Asked, code: Annotated[str, Path(max_length=64, examples=["north"])]) -> Response:
    """Show a body with its officers (signed-in viewers) and its keys with their windows."""
    with asked.book() as book:
        register = book.register
        if code not in register.bodies or register.bodies[code].admitted_at > asked.at:
            raise Refused(Reason.NOT_FOUND, where="body", detail=f"there is no body {code!r}")
        officers = _officers(register, code, asked.at) if asked.viewer.signed_in else []
        holders = [code, *(one.code for one in officers)]
        held = [key for holder in holders for key in register.all_keys_of(holder)]
        return answer(
            {
                **_body(register, code),
                "officers": [_officer(one, asked.at) for one in officers],
                "keys": [_key(register, one, asked.at) for one in held if one.from_at <= asked.at],
            }
        )


def _body(register: Register, code: str) -> dict[str, Any]:
    one = register.bodies[code]
    return {
        "code": one.code,
        "name": dict(one.name),
        "capacity": one.capacity,
        "since": moment(one.admitted_at),
        "index": one.index,
    }


def _officers(register: Register, code: str, at: Micros) -> list[Officer]:
    found = [one for one in register.officers.values() if one.body == code]
    return [one for one in found if one.appointed_at <= at]


def _officer(one: Officer, at: Micros) -> dict[str, Any]:
    ends = [end for end in (one.until, one.ended_at) if end is not None]
    return {
        "code": one.code,
        "roles": sorted(one.roles),
        "from": moment(one.appointed_at),
        "until": moment(min(ends)) if ends else None,
        "serves": one.serves(at),
        "index": one.index,
    }


def _key(register: Register, one: HeldKey, at: Micros) -> dict[str, Any]:
    return {
        "key": one.id,
        "public": keys.public_to_text(one.public),
        "holder": one.holder,
        "recovery": one.recovery,
        "from": moment(one.from_at),
        "until": moment(one.ended_at),
        "in_force": register.in_force(one.id, at),
        "ended": one.ended,
        "replaced_by": one.replaced_by,
        "index": one.index,
    }

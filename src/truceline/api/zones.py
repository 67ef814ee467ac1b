"""Zones over HTTP: each zone as it stood at a moment, its lines for the map, and comparisons.

What is put forward is for the parties of the instrument; what is in force is for whom the
instrument says. A zone of which the viewer may see nothing is as if it were not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from truceline.agreements.instrument import Instrument
from truceline.api import shapes
from truceline.api.answers import answer, encode, moment, ready
from truceline.api.floor import Asked, Question, under
from truceline.errors import Reason, Refused
from truceline.records.record import Micros
from truceline.zones import in_force
from truceline.zones.history import Adoption, How, Position, PutForward, ZoneHistory

router = APIRouter(tags=["zones"])


class InForce(BaseModel):
    """The content that holds, and from when to when."""

    content: str
    from_: str | None = Field(alias="from")
    until: str | None
    index: int
    record: str


class ZoneRow(BaseModel):
    """A zone in short."""

    code: str = Field(examples=["zone-c"])
    name: dict[str, str]
    instrument: str
    state: str
    in_force: InForce | None
    missing: list[str] = Field(description="signatories whose consent is missing")
    suspended_by: list[dict[str, Any]]
    unresolved: bool
    index: int


class ZoneShape(ZoneRow):
    """A zone with all that was put forward, answered and consented to."""

    proposals: list[dict[str, Any]]
    positions: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    contested: list[dict[str, Any]]
    rule: dict[str, Any] | None
    limits: dict[str, Any] | None
    contents: dict[str, dict[str, Any]]


class ComparisonShape(BaseModel):
    """How two bodies' lines differ. Areas in km², distances in m, geometry as GeoJSON."""

    verdict: str
    a: str
    b: str
    area_a_km2: float | None
    area_b_km2: float | None
    agreed_km2: float | None
    disputed_km2: float | None
    agreed: list[dict[str, Any]]
    pieces: list[dict[str, Any]]
    greatest: dict[str, Any] | None
    other_differences: list[str]
    settled_by: list[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """A zone as one viewer may see it at one moment."""

    asked: Question
    zone: ZoneHistory
    instrument: Instrument

    @property
    def at(self) -> Micros:
        """The moment in question."""
        return self.asked.at

    def adoption(self) -> Adoption | None:
        """What is in force, if the viewer may know."""
        found = in_force.in_force(self.zone, self.at)
        if found is None or not self._sees("zone.adopted/1", "", found.at):
            return None
        return found

    def forward(self) -> list[PutForward]:
        """What was put forward up to then, that the viewer may see; own lines apart."""
        return [
            one
            for one in self.zone.put_forward
            if one.at <= self.at
            and one.how is not How.POSITION
            and self._sees(f"zone.{one.how}/1", one.by, one.at)
        ]

    def positions(self) -> list[Position]:
        """The latest position of each body, that the viewer may see."""
        return [
            one
            for one in in_force.positions(self.zone, self.at)
            if self._sees("zone.position/1", one.body, one.at)
        ]

    def known(self) -> bool:
        """Say whether the viewer may know of the zone at all."""
        return self.zone.at <= self.at and (self.adoption() is not None or bool(self.forward()))

    def content(self) -> str | None:
        """The content to speak of: in force, else the latest that was put forward."""
        adoption, forward = self.adoption(), self.forward()
        if adoption is not None:
            return adoption.content
        return forward[-1].content if forward else None

    def contents(self) -> frozenset[str]:
        """Every content of the zone that the viewer may see: put forward, stood for, in force."""
        adoption = self.adoption()
        found = {one.content for one in self.forward()}
        found |= {str(one.line) for one in self.positions() if one.line}
        return frozenset(found | ({adoption.content} if adoption else set()))

    def _sees(self, kind: str, by: str, at: Micros) -> bool:
        return self.asked.sees(kind, under(self.instrument, by=by, at=at))


@router.get("/api/zones", response_model=list[ZoneRow])
def zones(asked: Asked) -> Response:
    """List the zones with their state at a moment."""
    return ready(asked.kept("zones", lambda: encode([_row(one) for one in seen_zones(asked)])))


@router.get("/api/zones/{code}", response_model=ZoneShape)
def zone(asked: Asked, code: Annotated[str, Path(max_length=64, examples=["zone-c"])]) -> Response:
    """Show one zone at a moment: proposals, positions, consents, contests, what is missing."""
    return answer(_told(seen_zone(asked, code)))


@router.get("/api/zones/{code}/comparison", response_model=ComparisonShape)
def comparison(
    asked: Asked,
    code: Annotated[str, Path(max_length=64, examples=["zone-c"])],
    a: Annotated[str, Query(max_length=64, description="A body, or the SHA-256 of a content")],
    b: Annotated[str, Query(max_length=64, description="Another")],
) -> Response:
    """Compare the lines of two bodies, piece by piece, and say what would settle it."""
    one = seen_zone(asked, code)
    left, right = _line(one, a), _line(one, b)
    return answer(shapes.told(shapes.compared(asked.floor, left, right), a, b))


def seen_zones(asked: Question) -> list[Seen]:
    """Return the zones that the viewer may know of at the moment in question."""
    with asked.book() as book:
        pairs = [(one, book.instruments[one.instrument]) for one in book.zones.values()]
    found = (Seen(asked, history, instrument) for history, instrument in pairs)
    return sorted((one for one in found if one.known()), key=lambda one: one.zone.code)


def seen_zone(asked: Question, code: str) -> Seen:
    """Return a zone that the viewer may know of, or refuse as if there were none."""
    with asked.book() as book:
        history = book.zones.get(code)
        instrument = book.instruments.get(history.instrument) if history else None
    if history is not None and instrument is not None:
        one = Seen(asked, history, instrument)
        if one.known():
            return one
    raise Refused(Reason.NOT_FOUND, where="zone", detail=f"there is no zone {code!r}")


def _line(one: Seen, which: str) -> str:
    """The content that a body stands for, or a content that the viewer may see."""
    by_body = {position.body: position.line for position in one.positions()}
    if by_body.get(which):
        return str(by_body[which])
    if which in one.contents():
        return which
    raise Refused(
        Reason.NOT_FOUND,
        where="comparison",
        detail=f"{which!r} has no line on {one.zone.code}: no position is not a position",
    )


# -- telling ---------------------------------------------------------------------------


def _row(one: Seen) -> dict[str, Any]:
    zone, at, adoption, content = one.zone, one.at, one.adoption(), one.content()
    facts = shapes.facts_of_content(one.asked.floor, content) if content else {}
    return {
        "code": zone.code,
        "name": dict(zone.name),
        "instrument": zone.instrument,
        "state": in_force.state(zone, one.instrument, at),
        "in_force": None
        if adoption is None
        else {
            "content": adoption.content,
            "from": moment(adoption.from_at),
            "until": moment(adoption.until),
            "index": adoption.index,
            "record": adoption.record,
        },
        "missing": list(in_force.missing(zone, one.instrument, at)),
        "suspended_by": [
            {
                "body": each.body,
                "since": moment(each.since),
                "whole_instrument": each.whole_instrument,
            }
            for each in in_force.suspended_by(zone, one.instrument, at)
        ],
        "unresolved": bool(facts.get("unresolved")),
        "index": zone.index,
    }


def _told(one: Seen) -> dict[str, Any]:
    zone, at = one.zone, one.at
    content = one.content()
    named = {each.content for each in one.forward()}
    named |= {each.line for each in one.positions() if each.line}
    named |= {content} if content else set()
    facts = {each: shapes.facts_of_content(one.asked.floor, each) for each in sorted(named)}
    own = facts.get(content or "", {})
    return {
        **_row(one),
        "proposals": [_forward(each) for each in one.forward()],
        "positions": [_position(each) for each in one.positions()],
        "consents": [
            {
                "body": each.body,
                "content": each.content,
                "at": moment(each.at),
                "index": each.index,
                "record": each.record,
            }
            for each in in_force.consents(zone, at).values()
        ],
        "contested": [
            {
                "body": each.body,
                "content": each.content,
                "why": dict(each.why),
                "source": each.source or None,
                "at": moment(each.at),
                "index": each.index,
            }
            for each in (in_force.contests(zone, content, at) if content else ())
        ],
        "rule": own.get("rule"),
        "limits": {key: own[key] for key in ("lower", "upper", "precision_m") if key in own}
        or None,
        "contents": facts,
    }


def _forward(one: PutForward) -> dict[str, Any]:
    return {
        "content": one.content,
        "how": one.how,
        "by": one.by,
        "at": moment(one.at),
        "index": one.index,
        "record": one.record,
        "comment": dict(one.comment),
        "source": one.source or None,
        "supersedes": one.supersedes or None,
    }


def _position(one: Position) -> dict[str, Any]:
    return {
        "body": one.body,
        "content": one.content,
        "accepts": one.accepts,
        "basis": one.basis,
        "comment": dict(one.comment),
        "source": one.source or None,
        "at": moment(one.at),
        "index": one.index,
        "record": one.record,
    }

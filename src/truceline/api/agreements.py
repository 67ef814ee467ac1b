"""Agreements over HTTP: each instrument as it stood at a moment."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from truceline.agreements import in_force
from truceline.agreements.instrument import Instrument, Signatory
from truceline.api.answers import answer, moment
from truceline.api.floor import Asked, Question, under
from truceline.clocks.deadline import Deadline
from truceline.errors import Reason, Refused
from truceline.mechanism.book import Book
from truceline.records.record import Micros

router = APIRouter(tags=["agreements"])

PUBLISHED = "instrument.published/1"


class TextShape(BaseModel):
    """A text in one language: fetch it by its hash."""

    sha256: str
    type: str
    length: int
    equal_force: bool


class SignatoryShape(BaseModel):
    """A body that is named to sign; `signed_at` null: it has not."""

    body: str
    capacity: str
    signed_at: str | None
    stated_at: str | None = Field(description="when it says that it signed")
    index: int | None
    record: str | None
    contested_by: list[dict[str, Any]]


class EffectiveShape(BaseModel):
    """When it is in force: the words of the rule, and the instants that follow."""

    rule: str
    from_: str | None = Field(alias="from")
    until: str | None


class DeadlineShape(BaseModel):
    """A deadline. `days`: whole days over it; negative: left."""

    code: str
    clause: str
    what: dict[str, str]
    owner: str
    rule: str
    due_at: str | None
    first_due_at: str | None
    state: str
    days: int | None
    acts: list[dict[str, Any]]


class AgreementShape(BaseModel):
    """An instrument as it stood at the moment asked for."""

    code: str
    title: dict[str, str]
    type: str
    parent: str | None
    secrecy: str
    state: str
    digest: str = Field(description="what a signature names, hex")
    signatories: list[SignatoryShape]
    missing: list[str]
    texts: dict[str, TextShape]
    effective: EffectiveShape
    term: str | None
    renewal: str
    edge: str
    readings: list[dict[str, Any]]
    deadlines: list[DeadlineShape]
    obligations: list[dict[str, Any]]
    adherents: list[dict[str, Any]]
    suspensions: list[dict[str, Any]]
    extensions: list[dict[str, Any]]
    terminations: list[dict[str, Any]]
    source: str | None
    index: int


@router.get("/api/agreements", response_model=list[AgreementShape])
def agreements(asked: Asked) -> Response:
    """List the instruments with signatures, readings and deadlines at a moment."""
    with asked.book() as book:
        found = [one for one in book.instruments.values() if sees(asked, one)]
    return answer([told(one, asked.at) for one in sorted(found, key=lambda one: one.index)])


@router.get("/api/agreements/{code}", response_model=AgreementShape)
def agreement(
    asked: Asked, code: Annotated[str, Path(max_length=64, examples=["memorandum-2017"])]
) -> Response:
    """Show one instrument at a moment."""
    with asked.book() as book:
        return answer(told(seen(asked, book, code), asked.at))


def seen(asked: Question, book: Book, code: str) -> Instrument:
    """Return an instrument that the viewer may see; one that is hidden is as if it were not."""
    found = book.instruments.get(code)
    if found is None or not sees(asked, found):
        raise Refused(Reason.NOT_FOUND, where="instrument", detail=f"there is no {code!r}")
    return found


def sees(asked: Question, one: Instrument) -> bool:
    """Say whether the viewer may see an instrument, and whether it was published by then."""
    return one.at <= asked.at and asked.sees(PUBLISHED, under(one, by=one.by, at=one.at))


def told(one: Instrument, at: Micros) -> dict[str, Any]:
    """Return an instrument as it stood at a moment."""
    entered = one.entered if one.entered is not None and one.entered.at <= at else None
    return {
        "code": one.code,
        "title": dict(one.title),
        "type": one.type,
        "parent": one.parent or None,
        "secrecy": one.secrecy,
        "state": in_force.state(one, at),
        "digest": one.digest,
        "signatories": [_signatory(one, named, at) for named in one.signatories],
        "missing": list(in_force.missing(one, at)),
        "texts": {
            language: {**text["file"], "equal_force": text["equal_force"]}
            for language, text in one.texts.items()
        },
        "effective": {
            "rule": one.effective.text,
            "from": moment(entered.from_at) if entered else None,
            "until": moment(in_force.until_at(one, at)) if entered else None,
        },
        "term": one.term or None,
        "renewal": one.renewal,
        "edge": one.edge,
        "deadlines": [_deadline(each, at) for each in one.deadlines.values()],
        "obligations": [dict(each) for each in one.obligations],
        **_acts(one, at),
        "source": one.source or None,
        "index": one.index,
    }


def _acts(one: Instrument, at: Micros) -> dict[str, list[dict[str, Any]]]:
    """What bodies did with the instrument up to a moment."""
    return {
        "readings": [
            {
                "body": each.body,
                "clause": each.clause,
                "reading": dict(each.reading),
                "instant": moment(each.instant),
                "source": each.source or None,
                "at": moment(each.at),
                "index": each.index,
            }
            for each in one.readings
            if each.at <= at
        ],
        "adherents": [
            {"body": each.body, "from": moment(each.from_at), "index": each.index}
            for each in one.adherents.values()
            if each.at <= at
        ],
        "suspensions": [
            {
                "body": each.body,
                "record": each.record,
                "why": dict(each.why),
                "at": moment(each.at),
                "restored_at": moment(each.restored_at),
                "open": each.open(at),
                "index": each.index,
            }
            for each in one.suspensions
            if each.at <= at
        ],
        "extensions": [
            {"body": each.body, "until": moment(each.until), "index": each.index}
            for each in one.extensions
            if each.at <= at
        ],
        "terminations": [
            {
                "body": each.body,
                "from": moment(each.from_at),
                "why": dict(each.why),
                "index": each.index,
            }
            for each in one.terminations
            if each.at <= at
        ],
    }


def _signatory(one: Instrument, named: Signatory, at: Micros) -> dict[str, Any]:
    signed = one.signatures.get(named.body)
    if signed is None or signed.at > at:
        signed = None
    contests = [each for each in one.contests if signed and each.signature == signed.record]
    return {
        "body": named.body,
        "capacity": named.capacity,
        "signed_at": moment(signed.at) if signed else None,
        "stated_at": moment(signed.signed_at) if signed else None,
        "index": signed.index if signed else None,
        "record": signed.record if signed else None,
        "contested_by": [
            {
                "body": each.body,
                "for_whom": each.for_whom,
                "why": dict(each.why),
                "source": each.source or None,
                "at": moment(each.at),
                "index": each.index,
            }
            for each in contests
            if each.at <= at
        ],
    }


def _deadline(one: Deadline, at: Micros) -> dict[str, Any]:
    return {
        "code": one.code,
        "clause": one.clause,
        "what": dict(one.what),
        "owner": one.owner,
        "rule": one.rule,
        "due_at": moment(one.due_at(at)),
        "first_due_at": moment(one.first_due),
        "state": one.state(at),
        "days": one.days_over(at),
        "acts": [
            {
                "act": act.act,
                "by": act.by,
                "at": moment(act.at),
                "to": moment(act.to),
                "decision": act.decision or None,
                "evidence": list(act.evidence),
                "officer": act.officer,
                "confirms": act.confirms,
                "stands": act.stands,
                "index": act.index,
            }
            for act in one.acts
            if act.at <= at
        ],
    }

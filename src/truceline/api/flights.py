"""Announced flights over HTTP: for who announced them, whom they were announced to, and the watch.

Those that a flight was announced to do not see each other here, nor what each has answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from truceline.airspace.exemptions.book import Answered, Matched, Notice
from truceline.airspace.exemptions.exemption import ExemptFlight, Limit
from truceline.api.answers import answer, moment
from truceline.api.floor import Asked, Question
from truceline.errors import Reason, Refused
from truceline.mechanism.book import Book
from truceline.parties.visibility import RecordFacts
from truceline.records.record import Micros
from truceline.records.roles import Role

router = APIRouter(tags=["flights"])

NOTIFIED, MATCHED = "flight.notified/1", "flight.matched/1"


class FlightShape(BaseModel):
    """An announced flight as it stands at a moment."""

    notice: str = Field(description="record id")
    index: int
    flight: str
    applicant: str
    purpose: str
    callsign: str
    icao24: str
    aircraft_type: str | None
    route: list[list[float]] = Field(
        description="lon and lat of each point of the corridor's middle"
    )
    width_m: int
    lower: Any
    upper: Any
    from_at: str
    until: str
    announced_at: str
    to: list[str]
    approvers: list[str]
    answers: list[Any]
    state: str = Field(
        description="announced, noted, query, objection, approved, withdrawn, replaced or past"
    )
    matches: list[Any]


@router.get("/api/flights", response_model=list[FlightShape])
def flights(asked: Asked) -> Response:
    """List announced flights, the latest window first: one's own, those announced to one, or all for the watch."""
    if not asked.viewer.signed_in:
        raise Refused(
            Reason.NOT_SIGNED_IN,
            where="flights",
            article="DOMAIN 9",
            detail="routes are for those that a flight was announced to",
        )
    with asked.book() as book:
        notices = [
            one
            for one in book.flights.notices.values()
            if one.flight.announced_at <= asked.at and asked.sees(NOTIFIED, _facts(book, one))
        ]
        matches = [one for one in book.flights.matches.values() if one.at <= asked.at]
    notices.sort(key=lambda one: -one.flight.from_at)
    return answer([_told(asked, one, matches) for one in notices])


def match_of(asked: Question, book: Book, crossing: str) -> dict[str, Any] | None:
    """Return what is known of a crossing's purpose, for those who may know it.

    None: nothing that this viewer may see. The crossing is shown either way.
    """
    found = book.flights.matches.get(crossing)
    notice = None if found is None else book.flights.notices.get(found.notice)
    if found is None or notice is None or not asked.sees(MATCHED, _facts(book, notice)):
        return None
    return {"flight": notice.flight.flight, "applicant": notice.flight.applicant, **_match(found)}


def _match(one: Matched) -> dict[str, Any]:
    names = ("purpose", "announced", "fits", "misfits", "notice")
    return {**{name: one.body[name] for name in names}, "matched_at": moment(one.at)}


def _facts(book: Book, one: Notice) -> RecordFacts:
    return RecordFacts(
        author_body=one.flight.applicant,
        received_at=Micros(one.flight.announced_at),
        concerned=frozenset((*one.flight.to, one.flight.applicant)),
        disclosed_to=frozenset(book.handed.get(one.flight.notice, ())),
    )


def _open_to(asked: Question, flight: ExemptFlight, bodies: Iterable[str]) -> list[str]:
    """Return those bodies that the viewer may know of: all, or the viewer's own."""
    viewer = asked.viewer
    sees_all = viewer.body == flight.applicant or viewer.roles & {Role.WATCH, Role.HNS_CELL}
    return [one for one in bodies if sees_all or one == viewer.body]


def _told(asked: Question, one: Notice, matches: list[Matched]) -> dict[str, Any]:
    flight = one.flight
    known = set(_open_to(asked, flight, (each.body for each in one.answers)))
    answers = [each for each in one.answers if each.at <= asked.at and each.body in known]
    return {
        "notice": flight.notice,
        "index": one.index,
        "flight": flight.flight,
        "applicant": flight.applicant,
        "purpose": flight.purpose,
        "callsign": flight.callsign,
        "icao24": flight.icao24,
        "aircraft_type": one.body.get("aircraft_type"),
        "route": [[lon, lat] for lat, lon in flight.route],
        "width_m": round(flight.width_m),
        "lower": _limit(flight.lower),
        "upper": _limit(flight.upper),
        "from_at": moment(flight.from_at),
        "until": moment(flight.until),
        "announced_at": moment(flight.announced_at),
        "to": _open_to(asked, flight, flight.to),
        "approvers": _open_to(asked, flight, one.approvers),
        "answers": [
            {"body": each.body, "answer": each.answer, "why": dict(each.why), "at": moment(each.at)}
            for each in answers
        ],
        "state": _state(one, answers, asked.at),
        "matches": [
            {"crossing": each.crossing, **_match(each)}
            for each in matches
            if each.notice == flight.notice
        ],
    }


def _state(one: Notice, answers: Iterable[Answered], at: int) -> str:
    """The word that matters most: what ended it, what stands against it, what was said."""
    flight = one.flight
    if flight.withdrawn_at is not None and flight.withdrawn_at <= at:
        return "withdrawn"
    if one.replaced_by:
        return "replaced"
    said = {each.body: each.answer for each in answers}
    for word in ("objection", "query", "approved", "noted"):
        if word in said.values():
            return word
    return "past" if flight.until < at else "announced"


def _limit(limit: Limit | None) -> dict[str, Any] | None:
    return None if limit is None else {"feet": round(limit.feet), "datum": limit.datum}

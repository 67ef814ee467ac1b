"""The announced flights of a log: a fold of notices, answers, withdrawals and matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from truceline.airspace.exemptions.exemption import ExemptFlight, flight_of
from truceline.errors import Reason, Refused
from truceline.records.admitted import Admitted, Candidate
from truceline.records.record import Micros

KINDS = (
    "flight.notified/1",
    "flight.answered/1",
    "flight.withdrawn/1",
    "flight.matched/1",
    "flight.expected/1",
)
ARTICLE = "DOMAIN 7, flight_exemption"


@dataclass(frozen=True, slots=True)
class Answered:
    """One body's answer to a notice."""

    body: str
    answer: str
    why: Mapping[str, str]
    at: Micros
    record: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice with everything that was said of it since; the newest answer of a body counts."""

    body: Mapping[str, Any]
    flight: ExemptFlight
    answers: tuple[Answered, ...] = ()
    index: int = 0
    replaced_by: str = ""

    def latest(self) -> dict[str, Answered]:
        """Return the newest answer of each body."""
        return {one.body: one for one in self.answers}

    @property
    def approvers(self) -> tuple[str, ...]:
        """The bodies that the agreement names as approvers."""
        return tuple(self.body.get("agreement", {}).get("approvers", ()))

    def as_flight(self) -> ExemptFlight:
        """Return the flight as the answers leave it."""
        newest = self.latest()
        against = tuple(sorted(b for b, one in newest.items() if one.answer == "objection"))
        missing = tuple(
            b for b in self.approvers if b not in newest or newest[b].answer != "approved"
        )
        accepted = tuple(
            sorted(
                b
                for b, one in newest.items()
                if one.answer in ("noted", "approved") and b != self.flight.applicant
            )
        )
        return replace(self.flight, against=against, unasked=missing, accepted=accepted)


@dataclass(frozen=True, slots=True)
class Matched:
    """What the mechanism found of a crossing."""

    crossing: str
    notice: str
    purpose: str
    body: Mapping[str, Any]
    at: Micros


class Flights:
    """Notices by the id of their record, matches by that of their crossing.

    `expected` has, by notice and zone, the entries that nobody was alerted of.
    """

    def __init__(self) -> None:
        self.notices: dict[str, Notice] = {}
        self.expected: dict[tuple[str, str], tuple[Micros, ...]] = {}
        self.matches: dict[str, Matched] = {}

    def flights(self) -> tuple[ExemptFlight, ...]:
        """Return every announced flight as it stands; one that was replaced is not among them."""
        notices = tuple(self.notices.values())
        return tuple(one.as_flight() for one in notices if not one.replaced_by)

    def concerned(self, kind: str, body: Mapping[str, Any]) -> frozenset[str]:
        """Return the bodies that a record of these kinds is about.

        An answer is for who gave it and who announced the flight: the others that it was
        announced to do not learn of each other by it.
        """
        if kind == "flight.notified/1":
            return frozenset(body["to"])
        notice = self.notices.get(body["notice"])
        if notice is None:
            return frozenset()
        if kind == "flight.answered/1":
            return frozenset((notice.flight.applicant,))
        return frozenset((*notice.flight.to, notice.flight.applicant))

    def apply(self, a: Admitted) -> None:
        """Fold one record."""
        body = a.record.body
        if a.record.kind == "flight.notified/1":
            made = flight_of(a.record.id, body, applicant=a.signer.body, announced_at=a.received_at)
            self.notices[a.record.id] = Notice(body, made, index=a.index)
            before = self.notices.get(body.get("replaces", ""))
            if before is not None:
                self.notices[before.flight.notice] = replace(before, replaced_by=a.record.id)
            return
        notice = self.notices.get(body["notice"])
        if notice is None:
            return  # the notice's sealed parts were erased: what rests on them falls with them
        match a.record.kind:
            case "flight.answered/1":
                said = Answered(
                    a.signer.body, body["answer"], body.get("why", {}), a.received_at, a.record.id
                )
                notice = replace(notice, answers=(*notice.answers, said))
            case "flight.withdrawn/1":
                notice = replace(notice, flight=replace(notice.flight, withdrawn_at=a.received_at))
            case "flight.expected/1":
                key = (body["notice"], body["zone"])
                self.expected[key] = (*self.expected.get(key, ()), body["entry_at"])
            case _:
                self.matches[body["crossing"]] = Matched(
                    body["crossing"], body["notice"], body["purpose"], body, a.received_at
                )
        self.notices[notice.flight.notice] = notice


def decide(candidate: Candidate, flights: Flights, bodies: Mapping[str, object]) -> None:
    """Refuse what cannot be said of an announced flight, naming the rule."""
    body = candidate.record.body
    if candidate.record.kind == "flight.notified/1":
        _decide_notified(candidate, flights, bodies)
        return
    notice = flights.notices.get(body["notice"])
    if notice is None:
        raise _no(Reason.REF_UNKNOWN, f"no flight was announced by {body['notice']}", "body.notice")
    if candidate.record.kind == "flight.answered/1":
        _decide_answered(candidate, notice)
    elif candidate.record.kind == "flight.withdrawn/1":
        if candidate.signer.body != notice.flight.applicant:
            raise _no(Reason.NO_MANDATE, "only the body that announced it takes it back", "author")
        if notice.flight.withdrawn_at is not None:
            raise _no(Reason.WRONG_STATE, "it was taken back already", "body.notice")


def _decide_notified(candidate: Candidate, flights: Flights, bodies: Mapping[str, object]) -> None:
    body = candidate.record.body
    if body["until"] <= body["from"]:
        raise _no(Reason.CONTRADICTS, "the window ends before it begins", "body.until")
    if not body.get("callsign") and not body.get("icao24"):
        raise _no(
            Reason.MISSING_FIELD,
            "a flight is known by its callsign or its address",
            "body.callsign",
        )
    for name in (*body["to"], *body.get("agreement", {}).get("approvers", ())):
        if name not in bodies:
            raise _no(Reason.REF_UNKNOWN, f"there is no body {name}", "body.to")
    if "replaces" not in body:
        return
    before = flights.notices.get(body["replaces"])
    if before is None or before.flight.applicant != candidate.signer.body:
        raise _no(Reason.REF_UNKNOWN, "it replaces no notice of this body", "body.replaces")


def _decide_answered(candidate: Candidate, notice: Notice) -> None:
    who = candidate.signer.body
    if who not in notice.flight.to and who not in notice.approvers:
        raise _no(Reason.NO_MANDATE, f"the flight was not announced to {who}", "author")
    if candidate.record.body["answer"] == "approved" and who not in notice.approvers:
        raise _no(
            Reason.NO_MANDATE,
            "nobody approves a flight unless the agreement names an approver: noted, query, objection",
            "body.answer",
        )


def _no(reason: Reason, detail: str, where: str) -> Refused:
    return Refused(reason, where=where, article=ARTICLE, detail=detail)

"""Clocks over HTTP: what runs, what is overdue, and which steps have fired."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from truceline.api.answers import answer, moment
from truceline.api.floor import Asked, Question, under
from truceline.clocks.ladder import Clock, Fired
from truceline.mechanism.book import Book
from truceline.records.record import Micros

router = APIRouter(tags=["clocks"])

_PUBLIC_LADDERS = frozenset(("deadline", "term"))
"""Clocks of a published instrument follow from its text: whoever may read it may see them."""


class ClockShape(BaseModel):
    """A clock. `state`: running, overdue or stopped."""

    clock: str = Field(examples=["deadline/memorandum-2017/maps"])
    ladder: str
    subject: str
    what: dict[str, str]
    owner: str
    due_at: str | None
    started_at: str | None
    stopped_at: str | None
    why: str | None
    state: str
    fired: list[dict[str, Any]]


@router.get("/api/clocks", response_model=list[ClockShape])
def clocks(asked: Asked) -> Response:
    """List the clocks that had started by a moment, the soonest first."""
    with asked.book() as book:
        known = tuple(book.clocks.clocks.values())
        found = [one for one in known if one.started_at <= asked.at and _sees(asked, book, one)]
        fired = {one.id: book.clocks.fired_by(one.id, asked.at) for one in found}
    found.sort(key=lambda one: (one.due_at, one.id))
    return answer([_told(one, fired[one.id], asked.at) for one in found])


def _sees(asked: Question, book: Book, one: Clock) -> bool:
    """A clock is seen by whoever may see what it is about."""
    if one.ladder in _PUBLIC_LADDERS:
        instrument = book.instruments.get(one.subject)
        kind = "instrument.published/1"
    else:
        zone = book.zones.get(one.subject)
        instrument = book.instruments.get(zone.instrument) if zone else None
        kind = "zone.adopted/1" if one.ladder == "zone_term" else "zone.proposed/1"
    return asked.sees(kind, under(instrument, by="", at=one.started_at))


def _told(one: Clock, fired: tuple[Fired, ...], at: Micros) -> dict[str, Any]:
    stopped = one.stopped_at is not None and one.stopped_at <= at
    state = "stopped" if stopped else "overdue" if one.due_at <= at else "running"
    return {
        "clock": one.id,
        "ladder": one.ladder,
        "subject": one.subject,
        "what": dict(one.what),
        "owner": one.owner,
        "due_at": moment(one.due_at),
        "started_at": moment(one.started_at),
        "stopped_at": moment(one.stopped_at) if stopped else None,
        "why": (one.why or None) if stopped else None,
        "state": state,
        "fired": [
            {
                "step": each.step,
                "to": one.steps[each.step].to,
                "at": moment(each.at),
                "index": each.index,
            }
            for each in fired
        ],
    }

"""Crossings over HTTP: that an aircraft was inside a zone; who and where, for the watch alone."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from truceline.agreements.instrument import Instrument
from truceline.api.answers import answer, degrees, encode, instant, moment, ready
from truceline.api.flights import match_of
from truceline.api.floor import Asked, Question, under
from truceline.errors import Reason, Refused
from truceline.mechanism import crossing_list
from truceline.mechanism.book import Book
from truceline.parties.visibility import RecordFacts, counted_until, suppressed
from truceline.records.kinds import KINDS
from truceline.records.record import Micros
from truceline.store import log
from truceline.store.views import daily as day_counts
from truceline.store.views.crossings import CrossingRow

router = APIRouter(tags=["crossings"])

CROSSING, LEFT = "air.crossing/1", "air.left/1"


class CrossingShape(BaseModel):
    """A crossing, until a finding calls it a breach. Sealed parts are for the watch floor."""

    id: str
    index: int
    zone: str
    content: str
    entered_at: str | None
    left_at: str | None
    verdict: str
    probability: float
    cause_in: str
    cause_out: str | None
    depth_m: int | None
    nature: str = Field(description="real or synthetic")
    altitude_known: bool
    source: str
    segment: str
    leaf: str = Field(description="leaf hash, hex")
    left_index: int | None
    aircraft: Any = None
    entry: Any = None
    exit: Any = None
    fixes: Any = None
    purpose: str = Field(
        "unknown", description="exempt, claimed or unknown: apart from presence, never a filter"
    )
    flight: Any = Field(None, description="the announced flight that it was held against")


class DailyShape(BaseModel):
    """Crossings that began on a day; null: fewer than three, which is not published."""

    day: str
    count: int | None


@router.get("/api/crossings", response_model=list[CrossingShape])
def listed(
    asked: Asked,
    since: Annotated[str | None, Query(description="Entered at or after")] = None,
    until: Annotated[str | None, Query(description="Entered before")] = None,
    zone: Annotated[str, Query(max_length=64)] = "",
    verdict: Annotated[str, Query(pattern="^(suspected|probable|confirmed)?$")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """List crossings, the latest first. The public is given daily counts instead."""
    first = None if since is None else Micros(instant(since, where="since"))
    last = None if until is None else Micros(instant(until, where="until"))

    def make() -> bytes:
        with asked.look() as look:
            with asked.book() as book:
                rows = crossing_list.crossings(
                    look,
                    book,
                    since=first,
                    until=last,
                    zones=[zone] if zone else None,
                    verdict=verdict,
                    known_at=asked.at,
                    limit=limit,
                    offset=offset,
                )
                facts = {one.id: _facts(book, one) for one in rows}
            seen = [one for one in rows if asked.sees(CROSSING, facts[one.id])]
            return encode([_told(asked, look, one, facts[one.id]) for one in seen])

    return ready(asked.kept(("crossings", first, last, zone, verdict, limit, offset), make))


@router.get("/api/crossings/daily", response_model=list[DailyShape])
def daily(
    asked: Asked, zone: Annotated[str, Query(max_length=64, examples=["zone-c"])]
) -> Response:
    """Count the crossings of a zone by day; for the public with a delay, and never below three."""
    with asked.book() as book:
        history = book.zones.get(zone)
        instrument = book.instruments.get(history.instrument) if history else None
        facts = under(instrument, by="", at=history.at if history else asked.now)
    if history is None or not asked.sees("zone.adopted/1", facts):
        raise Refused(Reason.NOT_FOUND, where="zone", detail=f"there is no zone {zone!r}")
    delay = asked.floor.settings.public_delay_s * 1_000_000
    until = counted_until(asked.viewer, asked.at, delay=delay)
    if not asked.viewer.signed_in:
        until = Micros(
            until - until % day_counts.DAY
        )  # whole days: a growing count tells the minute
    with asked.look() as look:
        counts = Counter(dict(day_counts.crossings(look, zone=zone, before=until)))
    with asked.book() as book:
        # Of a zone that is kept among its parties they are in the Book alone.
        counts.update(book.hidden.days(zone, before=until))
    return answer(
        [
            {
                "day": str(moment(day * day_counts.DAY))[:10],
                "count": count if asked.viewer.signed_in else suppressed(count),
            }
            for day, count in sorted(counts.items())
        ]
    )


def _facts(book: Book, one: CrossingRow) -> RecordFacts:
    return facts_of_zone(book, one.zone, one.id, one.received_at)


def facts_of_zone(book: Book, zone: str, record: str, received_at: Micros) -> RecordFacts:
    """Return what visibility must know of something that was detected at a zone."""
    history = book.zones.get(zone)
    instrument: Instrument | None = book.instruments.get(history.instrument) if history else None
    facts = under(instrument, by="", at=received_at)
    handed = frozenset(book.handed.get(record, ()))
    return RecordFacts(
        parties=facts.parties,
        secrecy=facts.secrecy,
        received_at=facts.received_at,
        disclosed_to=handed,
    )


def _told(
    asked: Question, look: Connection, one: CrossingRow, facts: RecordFacts
) -> dict[str, Any]:
    parts = parts_seen(asked, look, CROSSING, one.index, facts)
    if one.left_index is not None:
        out = parts_seen(asked, look, LEFT, one.left_index, facts)
        parts |= {"exit": out["exit"]} if "exit" in out else {}
    with asked.book() as book:
        match = match_of(asked, book, one.id)
    return {
        "id": one.id,
        "index": one.index,
        "zone": one.zone,
        "content": one.content,
        "entered_at": moment(one.entered_at),
        "left_at": moment(one.left_at),
        "verdict": one.left_verdict or one.verdict,
        "probability": one.probability_ppm / 1_000_000,
        "cause_in": one.cause,
        "cause_out": one.left_cause,
        "depth_m": one.depth_m,
        "nature": one.nature,
        "altitude_known": one.altitude_known,
        "source": one.source,
        "segment": one.segment,
        "leaf": one.leaf.hex(),
        "left_index": one.left_index,
        "purpose": match["purpose"] if match else "unknown",
        "flight": match,
        **parts,
    }


def parts_seen(
    asked: Question, look: Connection, kind: str, index: int, facts: RecordFacts
) -> dict[str, Any]:
    """The sealed parts that this viewer may see; the vault is asked only when there is one."""
    vault = asked.floor.installation.vault
    names = [name for name in KINDS[kind].sealed if asked.sees(kind, facts, name)]
    if not names or vault.locked:
        return {}
    found = [part for row in log.read(look, index, 1) for part in vault.get(row.pae)]
    return {one.name: _plain(one.value) for one in found if one.name in names}


def _plain(value: Any) -> Any:
    """A sealed value in the API's own units: degrees as decimals, times as text."""
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        for name, inner in value.items():
            if name.endswith("_e7") and isinstance(inner, int):
                made[name.removesuffix("_e7")] = degrees(inner)
            elif name.endswith("_at") and isinstance(inner, int):
                made[name] = moment(inner)
            else:
                made[name] = _plain(inner)
        return made
    return [_plain(inner) for inner in value] if isinstance(value, list) else value

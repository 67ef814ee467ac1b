"""Crossings, those of the views and those that are sealed, in one list.

A crossing of a zone that is kept among its parties has no row in the views: it is in the
Book alone (`hidden.py`). Who may see which is the asker's affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from truceline.mechanism.book import Book
from truceline.records.admitted import Admitted
from truceline.records.record import Micros
from truceline.store import log
from truceline.store.views import crossings as views
from truceline.store.views.crossings import CrossingRow


def crossings(
    look: Connection,
    book: Book,
    *,
    since: Micros | None = None,
    until: Micros | None = None,
    zones: Sequence[str] | None = None,
    verdict: str = "",
    before_size: int | None = None,
    known_at: Micros | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[CrossingRow]:
    """Return crossings, the newest entry into a zone first; parameters as in the view."""
    sealed = [
        row
        for row in _sealed(look, book, zones, _Known(before_size, known_at))
        if (since is None or row.entered_at >= since)
        and (until is None or row.entered_at < until)
        and (not verdict or (row.left_verdict or row.verdict) == verdict)
    ]
    # With sealed ones among them a page of the list is not a page of the view.
    most, skip = (limit + offset, 0) if sealed else (limit, offset)
    found = views.crossings(
        look,
        since=since,
        until=until,
        zones=zones,
        verdict=verdict,
        before_size=before_size,
        known_at=known_at,
        limit=most,
        offset=skip,
    )
    if not sealed:
        return found
    both = sorted([*found, *sealed], key=lambda row: (row.entered_at, row.index), reverse=True)
    return both[offset : offset + limit]


@dataclass(frozen=True, slots=True)
class _Known:
    """The log as it was: at a size, at a moment."""

    size: int | None
    at: Micros | None

    def holds(self, a: Admitted) -> bool:
        in_time = self.at is None or a.received_at <= self.at
        return in_time and (self.size is None or a.index < self.size)


def _sealed(
    look: Connection, book: Book, zones: Sequence[str] | None, known: _Known
) -> Iterator[CrossingRow]:
    for one in book.hidden.crossings.values():
        in_zone = zones is None or one.record.body["zone"] in zones
        if in_zone and known.holds(one):
            left = book.hidden.leavings.get(one.record.id)
            yield _row(look, one, left if left is not None and known.holds(left) else None)


def _row(look: Connection, one: Admitted, left: Admitted | None) -> CrossingRow:
    body, out = one.record.body, left.record.body if left is not None else {}
    return CrossingRow(
        index=one.index,
        id=one.record.id,
        zone=body["zone"],
        content=body["content"],
        segment=body["segment"],
        source=body["source"],
        nature=body["nature"],
        entered_at=Micros(body["entered_at"]),
        verdict=body["verdict"],
        probability_ppm=body["probability_ppm"],
        cause=body["cause"],
        altitude_known=body["altitude_known"],
        leaf=log.read(look, one.index, 1)[0].leaf,
        received_at=one.received_at,
        left_index=left.index if left is not None else None,
        left_at=out.get("left_at"),
        left_cause=out.get("cause"),
        left_verdict=out.get("verdict"),
        depth_m=out.get("depth_m"),
    )

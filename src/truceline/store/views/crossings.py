"""Crossings, the segments of fixes behind them, and clocks that fired: what the log says in clear.

Who flew and where exactly is sealed; it is in the vault, not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from truceline.records.record import Micros
from truceline.store.schema import crossing, entry, leaving, segment


@dataclass(frozen=True, slots=True)
class CrossingRow:
    """One crossing with its leaving, if it is on the log. Times are microseconds."""

    index: int
    id: str
    zone: str
    content: str
    segment: str
    source: str
    nature: str
    entered_at: Micros
    verdict: str
    probability_ppm: int
    cause: str
    altitude_known: bool
    leaf: bytes
    received_at: Micros
    left_index: int | None
    left_at: Micros | None
    left_cause: str | None
    left_verdict: str | None
    depth_m: int | None


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One sealed batch of fixes."""

    index: int
    segment: str
    source: str
    sha256: str
    first_at: Micros
    last_at: Micros
    fixes: int
    left_out: int
    nature: str


def crossings(
    look: Connection,
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
    """Return crossings, the newest entry into a zone first.

    `since` (inclusive) and `until` (exclusive) are about the entry; `verdict` is the
    newest one told. `before_size` and `known_at` look at the log as it was: what came
    later is not there, a leaving that came later neither.
    """
    out = leaving
    if before_size is not None:
        out = sa.select(leaving).where(leaving.c.leaf_index < before_size).subquery()  # type: ignore[assignment]
    if known_at is not None:
        told = sa.select(entry.c.leaf_index).where(entry.c.received_at <= known_at)
        out = sa.select(out).where(out.c.leaf_index.in_(told)).subquery()  # type: ignore[assignment]
    newest = sa.func.coalesce(out.c.verdict, crossing.c.verdict)
    query = (
        sa.select(
            crossing,
            entry.c.leaf,
            entry.c.received_at,
            out.c.leaf_index,
            out.c.left_at,
            out.c.cause,
            out.c.verdict,
            out.c.depth_m,
        )
        .join(entry, entry.c.leaf_index == crossing.c.leaf_index)
        .outerjoin(out, out.c.crossing == crossing.c.id)
    )
    for condition in (
        since is not None and crossing.c.entered_at >= since,
        until is not None and crossing.c.entered_at < until,
        zones is not None and crossing.c.zone.in_(zones or ()),
        bool(verdict) and newest == verdict,
        before_size is not None and crossing.c.leaf_index < before_size,
        known_at is not None and entry.c.received_at <= known_at,
    ):
        if not isinstance(condition, bool):
            query = query.where(condition)
    return _rows(look, query.limit(limit).offset(offset))


def segments(
    look: Connection, *, source: str = "", limit: int = 100, offset: int = 0
) -> list[SegmentRow]:
    """Return the sealed batches of fixes, the newest first."""
    query = sa.select(segment).order_by(segment.c.leaf_index.desc()).limit(limit).offset(offset)
    if source:
        query = query.where(segment.c.source == source)
    return [SegmentRow(*row) for row in look.execute(query)]


def segments_from(look: Connection, since: Micros) -> list[SegmentRow]:
    """Return the sealed batches with fixes from `since` on, in the order of the log."""
    query = sa.select(segment).where(segment.c.last_at >= since)
    return [SegmentRow(*row) for row in look.execute(query.order_by(segment.c.leaf_index))]


def names_of_segments(look: Connection) -> frozenset[str]:
    """Return the names of all segments that were sealed."""
    return frozenset(look.execute(sa.select(segment.c.segment)).scalars())


def segment_of(look: Connection, name: str) -> SegmentRow | None:
    """Return one batch by its segment id; None while its file is still being filled."""
    found = look.execute(sa.select(segment).where(segment.c.segment == name)).first()
    return None if found is None else SegmentRow(*found)


def _rows(look: Connection, query: Select[Any]) -> list[CrossingRow]:
    ordered = query.order_by(crossing.c.entered_at.desc(), crossing.c.leaf_index.desc())
    return [CrossingRow(*row) for row in look.execute(ordered)]

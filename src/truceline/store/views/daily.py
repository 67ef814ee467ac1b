"""Counts by day, as they may be published."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from truceline.records.record import Micros
from truceline.store.schema import crossing

DAY = 86_400 * 1_000_000
"""A day of UTC in microseconds."""


def crossings(look: Connection, *, zone: str, before: Micros) -> list[tuple[int, int]]:
    """Return (days since 1970, crossings that began on that day) of a zone, up to a moment."""
    day = (crossing.c.entered_at - crossing.c.entered_at % DAY).label("day")
    query = (
        sa.select(day, sa.func.count())
        .where(crossing.c.zone == zone, crossing.c.entered_at < before)
        .group_by(day)
        .order_by(day)
    )
    return [(int(begun) // DAY, int(count)) for begun, count in look.execute(query)]

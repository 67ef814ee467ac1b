"""Boundaries that were put forward, with their areas: by zone, by hash, by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Select

from truceline.store.geometry import SRID
from truceline.store.schema import content


@dataclass(frozen=True, slots=True)
class ContentRow:
    """One boundary as it was put forward; `geometry` None: a rule in words."""

    index: int
    zone: str
    sha256: str
    put_forward_as: str
    body: str
    geometry: BaseGeometry | None
    west_e7: int | None
    south_e7: int | None
    east_e7: int | None
    north_e7: int | None


def of_zone(look: Connection, zone: str) -> list[ContentRow]:
    """Return every boundary that was put forward for a zone, in order of the log."""
    return _rows(look, sa.select(content).where(content.c.zone == zone))


def touching(
    look: Connection, *, west: float, south: float, east: float, north: float
) -> list[ContentRow]:
    """Return the boundaries whose area touches a box (degrees), in order of the log.

    SQLite's R*Tree and PostGIS's index find candidates by their boxes; the exact test
    is shapely's in both stores, so that both give the same answer.
    """
    if look.dialect.name == "sqlite":
        found = sa.text(
            "SELECT leaf_index FROM content_box"
            " WHERE east >= :w AND west <= :e AND north >= :s AND south <= :n"
        )
        near = look.execute(found, {"w": west, "e": east, "s": south, "n": north}).scalars()
        query = sa.select(content).where(content.c.leaf_index.in_(list(near)))
    else:
        box = sa.func.ST_MakeEnvelope(west, south, east, north, SRID)
        query = sa.select(content).where(content.c.geometry.op("&&")(box))
    exact = shapely.box(west, south, east, north)
    return [
        row
        for row in _rows(look, query)
        if row.geometry is not None and row.geometry.intersects(exact)
    ]


def _rows(look: Connection, query: Select[Any]) -> list[ContentRow]:
    return [ContentRow(*row) for row in look.execute(query.order_by(content.c.leaf_index))]

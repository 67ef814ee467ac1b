"""Writing rows into the views, in groups, and making a dump whose hash says they are equal."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Table

from truceline.geo.position import E7
from truceline.records.admitted import Admitted
from truceline.store import log, schema
from truceline.store.geometry import wkb
from truceline.store.schema import content, metadata
from truceline.store.views import projection
from truceline.store.views.projection import Areas

_BOXES = sa.text(
    "INSERT INTO content_box (leaf_index, west, east, south, north) VALUES (:leaf, :w, :e, :s, :n)"
)


def apply(tx: Connection, admitted: Iterable[Admitted], areas: Areas) -> None:
    """Add the rows of these records to the views."""
    waiting: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for a in admitted:
        for table, values in projection.rows(a, areas):
            waiting[table].append((a.index, *values))
    for name, rows in waiting.items():
        if name == content.name:
            _insert_contents(tx, rows)
        else:
            log.insert(tx, metadata.tables[name], rows)


def _insert_contents(tx: Connection, rows: list[tuple[object, ...]]) -> None:
    names = [column.name for column in content.columns]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    tx.execute(content.insert(), found)
    if tx.dialect.name == "sqlite":
        _insert_boxes(tx, found)


def _insert_boxes(tx: Connection, found: list[dict[str, object]]) -> None:
    boxes = [
        {
            "leaf": one["leaf_index"],
            **{
                letter: _degrees(one[f"{side}_e7"])
                for letter, side in (("w", "west"), ("e", "east"), ("s", "south"), ("n", "north"))
            },
        }
        for one in found
        if one["west_e7"] is not None
    ]
    if boxes:
        tx.execute(_BOXES, boxes)


def _degrees(e7: object) -> float:
    assert isinstance(e7, int)  # noqa: S101 -- told to the type checker; the projection rounds
    return e7 / E7


def clear(tx: Connection) -> None:
    """Empty every view."""
    for table in schema.views():
        tx.execute(table.delete())
    if tx.dialect.name == "sqlite":
        tx.execute(sa.text("DELETE FROM content_box"))


def digest(look: Connection) -> str:
    """Return the SHA-256 of the ordered dump of every view: equal views, equal digest.

    The same for both stores: values are written as the schema means them, and not
    as a driver returns them.
    """
    whole = hashlib.sha256()
    for line in dump(look):
        whole.update(line)
    return whole.hexdigest()


def dump(look: Connection) -> Iterator[bytes]:
    """Yield the views row by row, in order of table and leaf."""
    for table in schema.views():
        yield f"{table.name} {','.join(column.name for column in table.columns)}\n".encode()
        for row in look.execute(_ordered(table)):
            yield b"\x1f".join(_written(value) for value in row) + b"\n"


class Tally:
    """For each view, how many rows records give and the sum of their hashes.

    A sum does not depend on the order of rows, so it is made while reading the log;
    it tells views that went wrong by accident. Equality for auditors is `digest`.
    """

    def __init__(self) -> None:
        self.sums: dict[str, tuple[int, int]] = {}

    def add(self, a: Admitted, areas: Areas) -> None:
        """Add the rows of a record."""
        for table, values in projection.rows(a, areas):
            self.count(table, (a.index, *values))

    def count(self, table: str, row: Iterable[object]) -> None:
        """Count one row."""
        count, total = self.sums.get(table, (0, 0))
        line = b"\x1f".join(_written(value) for value in row)
        number = int.from_bytes(hashlib.sha256(line).digest(), "big")
        self.sums[table] = (count + 1, (total + number) % 2**256)


def tally(look: Connection) -> dict[str, tuple[int, int]]:
    """Return the same of the rows that are there."""
    made = Tally()
    for table in schema.views():
        for row in look.execute(sa.select(table)):
            made.count(table.name, row)
    return made.sums


def _ordered(table: Table) -> sa.Select[tuple[object, ...]]:
    return sa.select(table).order_by(*table.primary_key.columns)


def _written(value: object) -> bytes:
    match value:
        case None:
            return b"\\N"
        case bool():
            return b"true" if value else b"false"
        case bytes():
            return value.hex().encode()
        case BaseGeometry():
            return wkb(value).hex().encode()
    return str(value).encode()

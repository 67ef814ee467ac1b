"""The entries: the table from which everything else can be made again.

Appending is the only way in. The inserts go straight to the driver's `executemany`:
this is the hot path, and there is nothing in a row that needs translation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import Connection, Table

from truceline.records.record import Micros
from truceline.store.schema import entry, record

_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """One row of the log, without its bytes."""

    index: int
    pae: bytes
    leaf: bytes
    received_at: Micros


class Row(Struct, frozen=True, gc=False):
    """One row of the log, in the order of the table's columns."""

    index: int
    pae: bytes
    leaf: bytes
    received_at: Micros
    entry: bytes


def append(tx: Connection, rows: Sequence[Row]) -> None:
    """Add rows; an index that is there already stops the transaction."""
    insert(tx, entry, [astuple(one) for one in rows])


def insert(tx: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows given in the order of the table's columns, past SQLAlchemy's processing.

    For tables whose values the driver takes as they are (integers, texts, bytes, None).
    """
    if not rows:
        return
    said = statement(table, tx.dialect.paramstyle)
    if tx.dialect.name == "sqlite":
        raw: Any = tx.connection.driver_connection
        raw.executemany(said, rows)
    else:
        tx.exec_driver_sql(said, list(rows))


_STATEMENTS: dict[tuple[str, str], str] = {}


def statement(table: Table, paramstyle: str) -> str:
    """Return the insert of a whole row, in the driver's spelling."""
    known = _STATEMENTS.get((table.name, paramstyle))
    if known is None:
        mark = _mark(paramstyle)
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        marks = ", ".join([mark] * len(table.columns))
        known = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 -- names from the schema
        _STATEMENTS[(table.name, paramstyle)] = known
    return known


def _mark(paramstyle: str) -> str:
    return "?" if paramstyle == "qmark" else "%s"


def size(look: Connection) -> int:
    """Return how many leaves the log has."""
    last = look.execute(sa.select(sa.func.max(entry.c.leaf_index))).scalar()
    return 0 if last is None else int(last) + 1


def last(look: Connection) -> Leaf | None:
    """Return the newest leaf, or None in an empty log."""
    query = sa.select(entry.c.leaf_index, entry.c.pae, entry.c.leaf, entry.c.received_at)
    found = look.execute(query.order_by(entry.c.leaf_index.desc()).limit(1)).first()
    return None if found is None else Leaf(*found)


def read(look: Connection, first: int, count: int) -> list[Row]:
    """Return up to `count` rows from index `first` on."""
    query = sa.select(entry).where(entry.c.leaf_index >= first, entry.c.leaf_index < first + count)
    return [Row(*found) for found in look.execute(query.order_by(entry.c.leaf_index))]


def walk(look: Connection, first: int = 0) -> Iterator[Row]:
    """Yield every row from index `first` on, in order, a thousand at a time."""
    while rows := read(look, first, _CHUNK):
        yield from rows
        first = rows[-1].index + 1


def by_ids(look: Connection, record_ids: Sequence[str]) -> dict[str, Row]:
    """Return the rows of those record ids that are on the log.

    Almost always none is: the door asks so of every group. So the index is asked first,
    in the driver's own words, and rows are read only for what it knows.
    """
    record_ids = _known(look, record_ids)
    query = sa.select(record.c.id, *entry.columns).join(
        record, record.c.leaf_index == entry.c.leaf_index
    )
    return {
        row[0]: Row(*row[1:])
        for at in range(0, len(record_ids), _CHUNK)
        for row in look.execute(query.where(record.c.id.in_(record_ids[at : at + _CHUNK])))
    }


def _known(look: Connection, record_ids: Sequence[str]) -> list[str]:
    mark = _mark(look.dialect.paramstyle)
    found: list[str] = []
    for at in range(0, len(record_ids), _CHUNK):
        some = tuple(record_ids[at : at + _CHUNK])
        marks = ", ".join([mark] * len(some))
        said = f"SELECT id FROM record WHERE id IN ({marks})"  # noqa: S608 -- marks alone
        found += [row[0] for row in look.exec_driver_sql(said, some)]
    return found

"""Records as they stand on the log: one, those after another, those about a subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Select

from truceline.records.admitted import Admitted, Signer
from truceline.records.keys import KeyId
from truceline.records.record import Micros, Record, RecordId
from truceline.store.schema import entry, erasure, file_named, record

_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A record's clear outside. For a sealed leaf `kind` is `sealed/1` and the rest is empty."""

    index: int
    id: str
    kind: str
    author: str
    body_code: str
    key: str
    seq: int
    made_at: Micros
    received_at: Micros
    subject: str
    refs: tuple[str, ...]
    body: dict[str, Any]
    sealed: tuple[str, ...]

    def admitted(self, log: str) -> Admitted:
        """Return it as the fold knows it, without its sealed parts and its signer's roles."""
        officer = "" if self.author == self.body_code else self.author
        said = Record(
            log,
            self.kind,
            RecordId(self.id),
            self.author,
            self.seq,
            self.made_at,
            self.refs,
            self.body,
            self.sealed,
        )
        signer = Signer(KeyId(self.key), self.body_code, officer, frozenset())
        return Admitted(self.index, said, signer, self.received_at)


def by_index(look: Connection, index: int) -> Shown | None:
    """Return the record of a leaf."""
    return _one(look, sa.select(record).where(record.c.leaf_index == index))


def by_id(look: Connection, record_id: str) -> Shown | None:
    """Return the record with an id (ULID)."""
    return _one(look, sa.select(record).where(record.c.id == record_id))


def index_of(look: Connection, record_id: str) -> int | None:
    """Return the leaf of a record id, or None."""
    query = sa.select(record.c.leaf_index).where(record.c.id == record_id)
    return look.execute(query).scalar()


def indexes_of(look: Connection, record_ids: Sequence[str]) -> dict[str, int]:
    """Return the leaves of those record ids that are on the log."""
    if not record_ids:
        return {}
    query = sa.select(record.c.id, record.c.leaf_index)
    return {
        name: index
        for at in range(0, len(record_ids), _CHUNK)
        for name, index in look.execute(query.where(record.c.id.in_(record_ids[at : at + _CHUNK])))
    }


def after(look: Connection, index: int, *, limit: int = 100, kind: str = "") -> list[Shown]:
    """Return records with a leaf index above `index` (-1: from the beginning), in order."""
    query = sa.select(record).where(record.c.leaf_index > index)
    if kind:
        query = query.where(record.c.kind == kind)
    return _all(look, query.order_by(record.c.leaf_index).limit(limit))


def about(
    look: Connection, subject: str, *, before_size: int | None = None, limit: int = 1_000
) -> list[Shown]:
    """Return the records about a zone, post, instrument, officer or key, in order."""
    query = sa.select(record).where(record.c.subject == subject)
    if before_size is not None:
        query = query.where(record.c.leaf_index < before_size)
    return _all(look, query.order_by(record.c.leaf_index).limit(limit))


def newest(look: Connection, *, limit: int = 100, kind: str = "") -> list[Shown]:
    """Return the newest records, of one kind where it is named, the newest first."""
    query = sa.select(record).order_by(record.c.leaf_index.desc()).limit(limit)
    return _all(look, query.where(record.c.kind == kind) if kind else query)


def naming_file(look: Connection, sha256: str) -> list[Shown]:
    """Return the records that name a file."""
    named = sa.select(file_named.c.leaf_index).where(file_named.c.sha256 == sha256)
    query = sa.select(record).where(record.c.leaf_index.in_(named))
    return _all(look, query.order_by(record.c.leaf_index))


def file_type(look: Connection, sha256: str) -> str | None:
    """Return the media type under which the first record names a file."""
    query = sa.select(file_named.c.type).where(file_named.c.sha256 == sha256)
    return look.execute(query.order_by(file_named.c.leaf_index).limit(1)).scalar()


def pae_of(look: Connection, record_id: str) -> bytes | None:
    """Return the PAE digest of a record: the name of its sealed parts in the vault."""
    query = (
        sa.select(entry.c.pae)
        .join(record, record.c.leaf_index == entry.c.leaf_index)
        .where(record.c.id == record_id)
    )
    return look.execute(query).scalar()


def erasures(look: Connection) -> list[tuple[bytes, list[str]]]:
    """Return what was recorded as erased: the PAE digest of each record, and the digests."""
    query = (
        sa.select(entry.c.pae, erasure.c.digests)
        .select_from(erasure)
        .join(record, record.c.id == erasure.c.record)
        .join(entry, entry.c.leaf_index == record.c.leaf_index)
    )
    return [(pae, orjson.loads(digests)) for pae, digests in look.execute(query)]


def _one(look: Connection, query: Select[Any]) -> Shown | None:
    found = look.execute(query).first()
    return None if found is None else _shown(found)


def _all(look: Connection, query: Select[Any]) -> list[Shown]:
    return [_shown(row) for row in look.execute(query)]


def _shown(row: Any) -> Shown:
    return Shown(
        index=row.leaf_index,
        id=row.id,
        kind=row.kind,
        author=row.author,
        body_code=row.body_code,
        key=row.key,
        seq=row.seq,
        made_at=Micros(row.made_at),
        received_at=Micros(row.received_at),
        subject=row.subject,
        refs=tuple(orjson.loads(row.refs)),
        body=orjson.loads(row.body),
        sealed=tuple(orjson.loads(row.sealed)),
    )

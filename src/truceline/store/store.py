"""The store: one engine, SQLite in WAL or PostgreSQL, read by many and written by one.

Reading takes a snapshot (`reading`); writing is one transaction at a time
(`writing`), begun so that a second writer waits at its beginning and not in its
middle. What a driver throws leaves here as `Unavailable`, with the disk named
when it is the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from truceline.errors import Malformed, Reason, Unavailable

_BUSY_MS = 10_000
_FULL = ("disk is full", "disk full", "no space left", "file too large")
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # each commit is on the disk before anyone hears of it
    "foreign_keys=ON",
    f"busy_timeout={_BUSY_MS}",
    "temp_store=MEMORY",
    "cache_size=-65536",  # KiB
    "wal_autocheckpoint=16384",  # pages; `tidy` keeps the WAL far below this
)
_WAL_TIDY_BYTES = 4 * 2**20


class Store:
    """One database. Safe to use from several threads; each call takes its own connection."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._writer = self.engine.execution_options(writes=True)

    @classmethod
    def at(cls, sqlite_file: Path, url: str = "") -> Store:
        """The PostgreSQL at `url`, or the SQLite file where there is none."""
        return cls(url or f"sqlite:///{sqlite_file}")

    @property
    def is_sqlite(self) -> bool:
        """Say which of the two stores this is."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store, whatever is written meanwhile."""
        with failures_told(), self.engine.connect() as look, look.begin():
            if not self.is_sqlite:
                look.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield look

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it or nothing, durable when the block has ended."""
        with failures_told(), self._writer.connect() as tx, tx.begin():
            yield tx

    def tidy(self) -> None:
        """Move what SQLite has written ahead into its file, beside the writer and not before it."""
        if not self.is_sqlite or self.engine.url.database is None:
            return
        ahead = Path(f"{self.engine.url.database}-wal")
        if ahead.exists() and ahead.stat().st_size > _WAL_TIDY_BYTES:
            with failures_told(), closing(self.engine.raw_connection()) as raw:
                raw.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn what the driver throws into `Unavailable`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise failure(error) from None


def failure(error: Exception) -> Unavailable:
    """Return the failure in which a driver's error is told."""
    said = str(getattr(error, "orig", None) or error).strip()
    full = any(words in said.lower() for words in _FULL)
    return Unavailable(
        Reason.DISK_FULL if full else Reason.BUSY,
        where="store",
        detail=said.splitlines()[0][:200] if said else "the database gave no reason",
    )


def _engine(url: str) -> Engine:
    try:
        made = make_url(url)
        if made.get_backend_name() == "sqlite":
            return _sqlite(made)
        if made.get_backend_name() == "postgresql":
            return _postgres(made)
    except (ArgumentError, NoSuchModuleError):
        pass
    except ModuleNotFoundError:
        raise Unavailable(
            Reason.MISSING_EXTRA,
            where="setting database",
            detail="PostgreSQL needs psycopg",
            remedy="Install truceline[postgres]",
        ) from None
    raise Malformed(
        Reason.BAD_FORMAT,
        where="setting database",
        detail="not the URL of a PostgreSQL (postgresql+psycopg://...)",
    )


def _sqlite(url: sa.URL) -> Engine:
    engine = sa.create_engine(
        url, connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000}
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        raw: Any = connection.connection.driver_connection
        raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(url: sa.URL) -> Engine:
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        from psycopg.types import TypeInfo  # noqa: PLC0415 -- psycopg is an extra
        from psycopg.types.shapely import register_shapely  # noqa: PLC0415

        found = TypeInfo.fetch(raw, "geometry")
        raw.rollback()
        if found is not None:  # before the first migration there is no PostGIS yet
            register_shapely(found, raw)

    return engine

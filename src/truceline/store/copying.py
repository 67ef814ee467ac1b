"""Copying a store and folders of files while they are in use.

A database is copied as of one moment. Files that this program keeps are never changed in
place but by an erasure, so a folder is copied name by name; what is half written has a
name that begins with a dot, and is passed over.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from truceline.errors import Reason, Unavailable
from truceline.store import atomic
from truceline.store.store import Store, failures_told

DUMP = "database.dump"
"""The name of a PostgreSQL dump in a backup (`pg_dump --format=custom`)."""


def database(store: Store, to: Path) -> None:
    """Copy a SQLite database as it stands at one moment, whoever writes meanwhile."""
    source = store.engine.url.database or ""
    with (
        failures_told(),
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(to)) as copy,
    ):
        live.backup(copy)  # in one step: a copy in several begins again at each write
        copy.execute("PRAGMA journal_mode=DELETE")
    _sync(to)


def dump(store: Store, to: Path) -> None:
    """Dump a PostgreSQL database by its own `pg_dump`, which takes one moment of it."""
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = ["pg_dump", "--format=custom", "--no-owner", f"--file={to}", f"--dbname={url}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Unavailable(
            Reason.MISSING_EXTRA,
            where="pg_dump",
            detail="the database is a PostgreSQL, and its pg_dump is not here",
            remedy="Install the client programs of PostgreSQL",
        ) from None
    if done.returncode != 0:
        raise Unavailable(Reason.BUSY, where="pg_dump", detail=done.stderr.strip()[-300:])
    _sync(to)


def tree(source: Path, to: Path) -> int:
    """Copy every whole file below a folder; returns how many. A file that goes meanwhile is let go."""
    count = 0
    with atomic.disk_told(str(to)):
        for path in sorted(source.rglob("*")):
            inside = path.relative_to(source)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                count += _one(path, to / inside)
    return count


def _one(path: Path, place: Path) -> bool:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(path, place)
    except FileNotFoundError:
        return False
    _sync(place)
    return True


def _sync(path: Path) -> None:
    """Down to the disk: a backup that a power cut empties is none."""
    with atomic.disk_told(str(path)):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        atomic.sync_folders((path.parent,))

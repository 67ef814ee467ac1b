"""A copy of an installation that fits together, taken while it runs; and the way back.

The order is what makes it fit. The log's heads first: a checkpoint must not cover leaves
that the copied database lacks. Then the database, at one moment. Then files and sealed
parts, which are written before the record that names them: whatever the database copy
names is there. Tiles are made again from the entries. The manifest is written last, and a
folder without one is no backup.

The data key is never copied: sealed parts, sealed files and the mechanism's key stay the
boxes that they are, and whoever finds the backup has boxes and no key.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.errors import Malformed, Reason, Refused
from truceline.ledger import checkpoint as checkpoints
from truceline.mechanism import data_key, fsck, upkeep
from truceline.mechanism import settings as setting
from truceline.mechanism.settings import Settings
from truceline.store import atomic, copying
from truceline.store.layout import Layout
from truceline.store.logfiles import CHECKPOINT, WITNESSED, LogFolder
from truceline.store.store import Store

MANIFEST = "backup.json"
_HEADS = ("vkey", "genesis", "snapshot", WITNESSED, CHECKPOINT)
"""In this order: each may be of a smaller tree than the next, and never of a larger one."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds."""

    origin: str
    leaves: int
    files: int
    sealed: int
    database: str


def backup(folder: Path, to: Path) -> Copied:
    """Copy the installation in `folder` into the empty folder `to`; it may run meanwhile."""
    layout, chosen = _installation(folder)
    _check_place(folder, to, chosen)
    atomic.make_folder(to)
    copied = Layout(to)
    heads = _copy_heads(layout, copied)
    store = Store.at(layout.database, chosen.database)
    try:
        if store.is_sqlite:
            copying.database(store, copied.database)
        else:
            copying.dump(store, to / copying.DUMP)
        kind = "sqlite" if store.is_sqlite else "postgresql"
    finally:
        store.close()
    files = copying.tree(layout.files, copied.files)
    sealed = copying.tree(layout.sealed, copied.sealed)
    for one in (layout.mechanism_key, layout.settings):
        atomic.write(to / one.name, one.read_bytes(), mode=0o600)
    made = Copied(chosen.origin, heads, files, sealed, kind)
    # Last: what is there without it was cut short, and is refused by `restore`.
    atomic.write(to / MANIFEST, json.dumps(_told(made), indent=1).encode() + b"\n")
    return made


def restore(
    source: Path, folder: Path, *, key_file: Path | None = None, database: str = ""
) -> fsck.Findings:
    """Make an installation in the empty folder `folder` from a backup, and look whether it fits.

    `key_file` is where the data key lies now, `database` the PostgreSQL into which the dump
    was read. Without the data key everything but the sealed parts is looked at.
    """
    told = _manifest(source)
    _check_empty(folder)
    if told["database"] != "sqlite" and not database:
        raise Malformed(
            Reason.MISSING_FIELD,
            where="--database",
            detail="the backup is of a PostgreSQL",
            remedy=f"Read {source / copying.DUMP} into an empty database with pg_restore, and name it",
        )
    atomic.make_folder(folder)
    copying.tree(source, folder)
    (folder / MANIFEST).unlink()
    (folder / copying.DUMP).unlink(missing_ok=True)
    layout = Layout(folder)
    text = layout.settings.read_text(encoding="utf-8")
    if key_file is not None:
        text = _with(text, "data_key_file", str(key_file.expanduser().resolve()))
    if database:
        text = _with(text, "database", database)
    atomic.write(layout.settings, text.encode())
    with upkeep.opened(folder, writing=True) as ground:
        if LogFolder(layout.log).read(CHECKPOINT) is not None:
            upkeep.rebuild_log(ground)
        return fsck.fsck(ground)


def _installation(folder: Path) -> tuple[Layout, Settings]:
    layout = Layout(folder)
    if not layout.mechanism_key.exists():
        raise Refused(
            Reason.NOT_FOUND, where=str(folder), detail="there is no installation in this folder"
        )
    return layout, setting.read(layout.settings)


def _check_place(folder: Path, to: Path, chosen: Settings) -> None:
    """Refuse a place where the copy would meet the original, an older copy, or the data key."""
    _check_empty(to)
    if to.resolve().is_relative_to(folder.resolve()):
        raise Refused(
            Reason.CONTRADICTS, where=str(to), detail="a backup does not lie in what it is of"
        )
    if data_key.place(chosen).resolve().is_relative_to(to.resolve()):
        raise Refused(
            Reason.CONTRADICTS,
            where=str(to),
            article="DESIGN 3, at rest",
            detail="the data key lies there: together they open what is sealed",
            remedy="Keep the backup and the data key apart",
        )


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(
            Reason.WRONG_STATE,
            where=str(folder),
            detail="something is there already",
            remedy="Name a folder that is empty or not there",
        )


def _copy_heads(layout: Layout, copied: Layout) -> int:
    source, to = LogFolder(layout.log), LogFolder(copied.log)
    copying.tree(layout.log / "snapshots", copied.log / "snapshots")
    found = {name: data for name in _HEADS if (data := source.read(name)) is not None}
    to.write(found)
    head = found.get(CHECKPOINT)
    return checkpoints.read(head).checkpoint.size if head else 0


def _manifest(source: Path) -> dict[str, Any]:
    try:
        told = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        good = told["v"] == 1 and told["database"] in ("sqlite", "postgresql")
    except (OSError, ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise Malformed(
            Reason.BAD_FORMAT,
            where=str(source),
            detail=f"this is no whole backup: its {MANIFEST} is not there or cannot be read",
            remedy="Name a folder that `truceline backup` has made and finished",
        )
    return dict(told)


def _told(made: Copied) -> dict[str, Any]:
    return {"v": 1, **{name: getattr(made, name) for name in made.__slots__}}


def _with(text: str, name: str, value: str) -> str:
    """Return the settings with one of them set; at the top, before any table."""
    rest = re.sub(rf"(?m)^{name} *=.*\n?", "", text)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name} = "{escaped}"\n{rest}'

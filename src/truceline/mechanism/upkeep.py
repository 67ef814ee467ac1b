"""Making again what follows from the log.

`rebuild` makes the views again from the entries and the files that they name;
`rebuild_log` makes tiles and bundles again from the entries. Both take the fence: nothing
writes meanwhile. `fsck.py` looks and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import Reason, Refused, Unavailable, Unproven
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import tiles
from truceline.mechanism import fence, premises, replay, settings
from truceline.mechanism.book import Book
from truceline.records.admitted import Admitted
from truceline.store import log
from truceline.store.contents import Contents
from truceline.store.files import Files
from truceline.store.layout import Layout
from truceline.store.logfiles import CHECKPOINT, LogFolder
from truceline.store.store import Store
from truceline.store.vault import Vault
from truceline.store.views import writing

_GROUP = 1_000


@dataclass(frozen=True, slots=True)
class Ground:
    """What upkeep works on: the parts of an installation, opened by nobody else."""

    origin: str
    store: Store
    files: Files
    vault: Vault
    contents: Contents
    log: LogFolder
    vkey: str
    """The log's verifier key."""


@contextmanager
def opened(folder: Path, *, writing: bool) -> Iterator[Ground]:
    """The parts of the installation in a folder, without starting it.

    For writing the fence is taken: raises `Unavailable(NOT_THE_WRITER)` while it runs.
    Without the data key the sealed parts stay closed, and what they hold is not checked.
    """
    layout = Layout(folder)
    if not layout.mechanism_key.exists():
        raise Refused(
            Reason.NOT_FOUND, where=str(folder), detail="there is no installation in this folder"
        )
    chosen = settings.read(layout.settings)
    store = Store.at(layout.database, chosen.database)
    key = premises.data_key_of(chosen, needed=False)
    files = Files(layout.files, sealed=layout.sealed_files, data_key=key)
    vault, logged = Vault(layout.sealed, key), LogFolder(layout.log)
    vkey = (logged.read("vkey") or b"").decode("utf-8", "replace").strip()
    held = fence.take(layout.lock, store) if writing else None
    try:
        yield Ground(chosen.origin, store, files, vault, Contents(files), logged, vkey)
    finally:
        if held is not None:
            held.release()
        store.close()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The views' digest before and after they were made again."""

    before: str
    after: str
    records: int

    @property
    def same(self) -> bool:
        """Say whether the views were what the log gives."""
        return self.before == self.after


def rebuild(ground: Ground) -> Rebuilt:
    """Make every view again from the log and the files it names, in one transaction.

    If it is cut short, the views are what they were.
    """
    book = Book(ground.origin, contents=ground.contents)
    with ground.store.reading() as look:
        before = writing.digest(look)
    with ground.store.writing() as tx:
        writing.clear(tx)
        group: list[Admitted] = []
        for row in log.walk(tx):
            a = replay.admitted(row, book, ground.vault)
            book.apply(a)
            group.append(a)
            if len(group) == _GROUP:
                writing.apply(tx, group, ground.contents)
                group = []
        writing.apply(tx, group, ground.contents)
        after = writing.digest(tx)
    return Rebuilt(before, after, book.size)


def rebuild_log(ground: Ground) -> int:
    """Make the log's tiles and bundles again from the entries, up to the published checkpoint.

    The checkpoint is not signed again: the files must fit the one that is out, and
    `Unproven` is raised, with nothing written, when the entries do not give its root.
    Returns how many files were written.
    """
    data = ground.log.read(CHECKPOINT)
    if data is None:
        raise Unavailable(
            Reason.WRONG_STATE,
            where="log/checkpoint",
            detail="there is no checkpoint to fit the files to",
            remedy="Start the installation: it publishes one over what the store holds",
        )
    head = checkpoints.read(data).checkpoint
    edge = tiles.EMPTY_EDGE
    for entries in groups(ground.store, head.size):
        edge = tiles.grow(edge, entries).edge
    if edge.size != head.size or edge.root() != head.root:
        raise Unproven(
            Reason.INCONSISTENT,
            where="store",
            detail=f"the {edge.size} entries in the store do not give the root of the checkpoint of {head.size}",
            remedy="Restore the store from a copy that is not older than the checkpoint",
        )
    return _write_files(ground, head.size)


def _write_files(ground: Ground, size: int) -> int:
    edge, written = tiles.EMPTY_EDGE, 0
    for entries in groups(ground.store, size):
        grown = tiles.grow(edge, entries)
        edge = grown.edge
        ground.log.write(grown.full)
        written += len(grown.full)
    partial = edge.partial()
    if partial:
        ground.log.write(partial)
    return written + len(partial)


def groups(store: Store, size: int) -> Iterator[list[bytes]]:
    """Yield the first `size` entries, in order, a thousand at a time."""
    first = 0
    while first < size:
        with store.reading() as look:
            rows = log.read(look, first, min(_GROUP, size - first))
        if not rows:
            return
        yield [row.entry for row in rows]
        first += len(rows)

"""Looking whether everything that an installation keeps still fits together.

Changes nothing and stops at nothing it can read past: entries and their hashes, their
order in time, views, deposited files, sealed parts, tiles, bundles and checkpoint. What
is wrong is said with the place and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from truceline.errors import TrucelineError
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import note, tiles
from truceline.ledger.tree import leaf_hash
from truceline.mechanism import replay
from truceline.mechanism.book import Book
from truceline.mechanism.upkeep import Ground, groups
from truceline.records import envelope
from truceline.records.admitted import Admitted
from truceline.records.kinds import KINDS
from truceline.store import log
from truceline.store.files import digest_of
from truceline.store.log import Row
from truceline.store.logfiles import CHECKPOINT, places
from truceline.store.views import records, writing


@dataclass(slots=True)
class Findings:
    """What was looked at, and what is wrong with it."""

    entries: int = 0
    files: int = 0
    sealed_parts: int = 0
    erased_parts: int = 0
    log_files: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.wrong


def fsck(ground: Ground) -> Findings:
    """Look at everything and say what is wrong. Changes nothing."""
    found = Findings()
    _check_entries(ground, found)
    _check_views(ground, found)
    _check_log(ground, found)
    return found


def _check_entries(ground: Ground, found: Findings) -> None:
    book = Book(ground.origin, contents=ground.contents)
    known_files: set[str] = set()
    kept = set(ground.vault.names())
    last_at = 0
    with ground.store.reading() as look:
        erased = {pae: set(digests) for pae, digests in records.erasures(look)}
        for number, row in enumerate(log.walk(look)):
            if row.index != number:
                found.wrong.append(f"leaf {number} is missing; the store goes on with {row.index}")
                return
            if row.received_at < last_at:
                found.wrong.append(f"leaf {number} was received before the one that precedes it")
            last_at = row.received_at
            found.entries += 1
            if not _check_row(row, found):
                return
            try:
                a = replay.admitted(row, book, ground.vault)
                book.apply(a)
            except TrucelineError as failure:
                found.wrong.append(str(failure))
                return
            kept.discard(row.pae)
            _check_sealed(ground, row, a, erased.get(row.pae, set()), found)
            _check_files(ground, a, known_files, erased.get(row.pae, set()), found)
    if kept:
        found.notes.append(f"{len(kept)} sealed files belong to no record: a crash before a commit")
    left = sum(1 for name in ground.files.names() if name not in known_files)
    if left:
        found.notes.append(f"{left} deposited files are named by no record")


def _check_row(row: Row, found: Findings) -> bool:
    if leaf_hash(row.entry) != row.leaf:
        found.wrong.append(
            f"leaf {row.index}: the entry does not have the hash that stands beside it"
        )
        return False
    entry = envelope.read_entry(row.entry)
    if entry.envelope.digest() != row.pae or entry.received_at != row.received_at:
        found.wrong.append(f"leaf {row.index}: the row's digest or time is not the entry's")
        return False
    return True


def _check_sealed(ground: Ground, row: Row, a: Admitted, erased: set[str], found: Findings) -> None:
    held = ground.vault.held(row.pae)
    for digest in a.record.sealed:
        if digest in erased:
            found.erased_parts += 1
            if digest in held:
                found.wrong.append(f"leaf {row.index}: a part recorded as erased is still kept")
        elif digest in held:
            found.sealed_parts += 1
        else:
            found.wrong.append(f"leaf {row.index}: a sealed part is lost, and nothing says erased")
    if held and not ground.vault.locked:
        try:
            ground.vault.texts(row.pae)
        except TrucelineError as failure:
            found.wrong.append(f"leaf {row.index}: a sealed part does not open: {failure.detail}")


def _check_files(
    ground: Ground, a: Admitted, known: set[str], erased: set[str], found: Findings
) -> None:
    if a.record.kind not in KINDS:
        return
    for named in KINDS[a.record.kind].body.files(a.record.body):
        sha256 = named["sha256"]
        if sha256 in known:
            continue
        known.add(sha256)
        found.files += 1
        if digest_of(sha256) in erased:
            found.erased_parts += 1
            if ground.files.has(sha256):
                found.wrong.append(f"leaf {a.index}: a file recorded as erased is still kept")
        elif ground.vault.locked and ground.files.is_sealed(sha256):
            if not ground.files.has(sha256, named["length"]):
                found.wrong.append(f"leaf {a.index}: file {sha256} has another length")
        else:
            _check_file(ground, a.index, sha256, named["length"], found)


def _check_file(ground: Ground, leaf: int, sha256: str, length: int, found: Findings) -> None:
    try:
        there = sum(len(chunk) for chunk in ground.files.stream(sha256))
    except TrucelineError as failure:
        found.wrong.append(f"leaf {leaf}: file {sha256}: {failure}")
        return
    if there != length:
        found.wrong.append(f"leaf {leaf}: file {sha256} has another length")


def _check_views(ground: Ground, found: Findings) -> None:
    """The views against the log, without writing: row by row, in the order of the log."""
    if not found.good:
        return
    made = writing.Tally()
    book = Book(ground.origin, contents=ground.contents)
    with ground.store.reading() as look:
        for row in log.walk(look):
            a = replay.admitted(row, book, ground.vault)
            book.apply(a)
            made.add(a, ground.contents)
        kept = writing.tally(look)
    for table in sorted(made.sums.keys() | kept.keys()):
        if made.sums.get(table) != kept.get(table):
            found.wrong.append(f"the view {table} is not what the log gives: `truceline rebuild`")


def _check_log(ground: Ground, found: Findings) -> None:
    data = ground.log.read(CHECKPOINT)
    if data is None:
        if found.entries:
            found.notes.append("no checkpoint is published yet; the next start publishes one")
        return
    try:
        signed = checkpoints.verified(data, note.read_vkey(ground.vkey))
    except TrucelineError as failure:
        found.wrong.append(str(failure))
        return
    head = signed.checkpoint
    if head.size > found.entries:
        found.wrong.append(
            f"the checkpoint covers {head.size} leaves, the store has {found.entries}: it is older"
        )
        return
    if head.size < found.entries:
        found.notes.append(
            f"{found.entries - head.size} entries wait for a checkpoint; the next start seals them"
        )
    _check_tiles(ground, head.size, head.root, found)


def _check_tiles(ground: Ground, size: int, root: bytes, found: Findings) -> None:
    edge = tiles.EMPTY_EDGE
    wanted = set(places(size))
    for entries in groups(ground.store, size):
        grown = tiles.grow(edge, entries)
        edge = grown.edge
        _compare(ground, grown.full, wanted, found)
    _compare(ground, edge.partial(), wanted, found)
    if edge.root() != root:
        found.wrong.append(f"the entries do not give the root of the checkpoint of {size}")


def _compare(ground: Ground, files: Mapping[str, bytes], wanted: set[str], found: Findings) -> None:
    for path, data in files.items():
        if path not in wanted:
            continue
        found.log_files += 1
        there = ground.log.read(path)
        if there is None:
            found.wrong.append(f"log/{path} is not there: `truceline ledger rebuild`")
        elif there != data:
            found.wrong.append(
                f"log/{path} is not what the entries give: `truceline ledger rebuild`"
            )

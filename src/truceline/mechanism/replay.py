"""From the log's rows back to admitted records: at the start, after a failed commit, in a rebuild.

The same reading as at the door, without the judging: what stands in the log was
admitted. A sealed leaf whose parts were erased, or whose data key is not here, is
admitted as what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from truceline.errors import Reason, TrucelineError, Unproven
from truceline.mechanism import rules
from truceline.mechanism.book import Book
from truceline.mechanism.submission import of
from truceline.records import envelope, record
from truceline.records.admitted import Admitted
from truceline.records.kinds import SEALED_LEAF
from truceline.records.sealed import opened
from truceline.store import log
from truceline.store.log import Row
from truceline.store.vault import Vault


def fold(look: Connection, book: Book, vault: Vault) -> Iterator[Admitted]:
    """Fold into `book` every row that it does not have yet, yielding each record."""
    for row in log.walk(look, book.size):
        a = admitted(row, book, vault)
        book.apply(a)
        yield a


def admitted(row: Row, book: Book, vault: Vault) -> Admitted:
    """Return the record of one row, as it was admitted after what `book` holds.

    Raises `Unproven` when the row is not what the door would have let in.
    """
    try:
        return _admitted(row, book, vault)
    except TrucelineError as error:
        raise Unproven(
            Reason.CORRUPT,
            where=f"leaf {row.index}",
            detail=f"the entry in the store does not read as an admitted record: {error}",
            remedy="Run `truceline ledger fsck`, and restore the store from a copy",
        ) from None


def _admitted(row: Row, book: Book, vault: Vault) -> Admitted:
    entry = envelope.read_entry(row.entry)
    outer = record.read(entry.envelope.payload)
    signer = rules.check_signers(
        outer, [one.key for one in entry.envelope.signatures], book, entry.received_at
    )[0]
    kept = vault.get(row.pae) if outer.sealed and not vault.locked else ()
    if outer.kind == SEALED_LEAF and len(kept) == len(outer.sealed):
        whole = of(entry.envelope, outer, kept)
        return Admitted(
            row.index, whole.inner, signer, entry.received_at, whole.parts, sealed_leaf=True
        )
    parts = opened(outer.sealed, kept)
    is_sealed = outer.kind == SEALED_LEAF
    return Admitted(row.index, outer, signer, entry.received_at, parts, sealed_leaf=is_sealed)

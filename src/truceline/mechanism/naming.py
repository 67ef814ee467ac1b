"""Who may name a file: not whoever knows its hash.

A record shows the files that it names to those who may see it, so naming a file hands it
on. Which records name it already is asked of the store, once for a group; what the group
itself has named stands with the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection

from truceline.errors import Reason, Refused
from truceline.mechanism.book import Book
from truceline.mechanism.submission import Submission
from truceline.parties.visibility import RecordFacts, may_name
from truceline.records.admitted import Admitted, Candidate
from truceline.records.kinds import KINDS, Kind
from truceline.store.store import Store
from truceline.store.views import records
from truceline.store.views.records import Shown

type Placed = Callable[[], Iterable[Admitted]]


class Named:
    """The records that name a file, as the store has them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._remembered: dict[str, list[Shown]] = {}

    def remember(self, look: Connection, submissions: Iterable[Submission]) -> None:
        """Ask for every file that a group names; forget what was remembered before."""
        asked = {sha256 for one in submissions for sha256 in files_of(one.kind, one.inner.body)}
        self._remembered = {one: records.naming_file(look, one) for one in asked}

    def check(self, candidate: Candidate, book: Book, placed: Placed) -> None:
        """Refuse a file that is named already, and by no record that the signer may see.

        `placed`: records of the group that are not in the store yet.
        """
        for sha256 in files_of(candidate.kind, candidate.record.body):
            naming = self._naming(sha256, book, placed)
            if not may_name(candidate.signer, naming, at=candidate.received_at):
                raise Refused(
                    Reason.NOT_VISIBLE,
                    where="body",
                    article="DESIGN 3, who may see what",
                    detail=f"the file {sha256} is named by records that you may not see",
                    remedy="Name a file of your own",
                )

    def _naming(
        self, sha256: str, book: Book, placed: Placed
    ) -> Iterator[tuple[Kind, RecordFacts]]:
        known = self._remembered.get(sha256)
        if known is None:
            with self._store.reading() as look:
                known = records.naming_file(look, sha256)
        for shown in known:
            yield KINDS[shown.kind], book.facts(shown.admitted(book.log))
        for a in (*book.hidden.naming(sha256), *placed()):
            kind = KINDS.get(a.record.kind)
            if kind is not None and sha256 in files_of(kind, a.record.body):
                yield kind, book.facts(a)


def files_of(kind: Kind, body: object) -> list[str]:
    """Return the SHA-256 of each file that a body names."""
    return [one["sha256"] for one in kind.body.files(body)]

"""The Book: the state of the world at the end of the log, folded from admitted records.

The writer and each reader keep one. It is made of the words' own values, which are
frozen; `apply` replaces them one by one, so that a reader sees each of them whole. It
reads nothing: a commit that fails throws the Book away and folds it again.
"""

from __future__ import annotations

from collections.abc import Callable

from truceline.parties.register import Register
from truceline.records.admitted import Admitted
from truceline.records.keys import KeyId

RECENT_IDS = 200_000
"""How many record ids are kept in memory when older ones can be asked for elsewhere."""


class Ids:
    """Which record ids are taken, and at which leaf.

    With `elsewhere` (the store's index) only the newest stay in memory; without it, all.
    """

    def __init__(self, elsewhere: Callable[[str], int | None] | None = None) -> None:
        self._elsewhere = elsewhere
        self._recent: dict[str, int] = {}

    def get(self, record_id: str) -> int | None:
        """Return the leaf of a record, or None."""
        found = self._recent.get(record_id)
        if found is None and self._elsewhere is not None:
            return self._elsewhere(record_id)
        return found

    def __contains__(self, record_id: str) -> bool:
        return self.get(record_id) is not None

    def add(self, record_id: str, index: int) -> None:
        """Remember a record's leaf."""
        self._recent[record_id] = index
        if self._elsewhere is not None and len(self._recent) > RECENT_IDS:
            del self._recent[next(iter(self._recent))]


class Book:
    """What the rules are given. `log` is the origin of the log that is folded."""

    def __init__(
        self,
        log: str,
        *,
        known: Callable[[str], int | None] | None = None,
    ) -> None:
        self.log = log
        self.size = 0
        self.register = Register()
        self.seqs: dict[KeyId, int] = {}
        self.ids = Ids(known)

    def apply(self, a: Admitted) -> None:
        """Fold one admitted record. Leaves come in the order of the log; some may be left out."""
        self.register.apply(a)
        self.ids.add(a.record.id, a.index)
        self.seqs[a.signer.key] = a.record.seq
        self.size = a.index + 1

"""One group at the door: found again or judged, written in one transaction, answered.

What has a receipt is durable before it is given. What fails before the commit leaves
nothing; the door then throws away what was judged and starts from the store.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import Reason, TrucelineError, Unavailable
from truceline.mechanism.judgement import Judge, Taken
from truceline.mechanism.submission import Submission
from truceline.mechanism.waiting import Answer, Waiting
from truceline.records.receipt import Receipt, Refusal
from truceline.store import atomic, log
from truceline.store.contents import Contents
from truceline.store.store import Store
from truceline.store.vault import Vault
from truceline.store.views import writing

_log = logging.getLogger("truceline.door")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many may share a commit, and how many may wait."""

    batch_most: int = 256
    waiting_most: int = 20_000


@dataclass(frozen=True, slots=True)
class Gate:
    """What the door needs of the world: given by `installation.py`."""

    store: Store
    vault: Vault
    contents: Contents
    check_fence: Callable[[Any], None]
    committed: Callable[[Sequence[Taken]], None]
    """Called after each commit, in the order of the log, before the answers go out."""
    check_clock: Callable[[], object] = lambda: None
    """Raises `Unavailable` while the clock cannot be believed."""
    limits: Limits = field(default_factory=Limits)


class Session:
    """Admits groups, one after another, by a judge that knows all that is committed."""

    def __init__(self, gate: Gate, judge: Callable[[], Judge]) -> None:
        self._gate = gate
        self._new_judge = judge
        self._judge = judge()

    def start_again(self) -> None:
        """Forget what was judged, and fold what the store holds; raises what the store raises."""
        self._judge = self._new_judge()

    def prove(self, submission: Submission) -> None:
        """Check signatures; see `Judge.prove`. Another thread may ask."""
        self._judge.prove(submission)

    def admit_together(self, batch: Sequence[Waiting]) -> None:
        """Judge a group and write what is taken; each then has what its answer needs.

        What it raises means that nothing of the group stands, unless the commit itself was
        made and only the telling of it failed.
        """
        self._find_repeated(batch)
        if not self._clock_is_good(batch):
            return
        first: dict[bytes, Waiting] = {}
        for one in batch:
            if one.failure is not None or one.again is not None:
                continue
            same = first.get(one.read.pae) if one.read else None
            if same is not None:
                one.taken = same.taken
                continue
            self._admit(one)
            # Only what was taken stands for its equals: a twin with another's signature
            # under it must not speak for the one that is rightly signed.
            if one.read and one.taken:
                first[one.read.pae] = one
        self._write(self._judge.drain())

    def _clock_is_good(self, batch: Sequence[Waiting]) -> bool:
        """Say whether anything may be dated now; if not, everyone new is told so."""
        try:
            self._gate.check_clock()
        except Unavailable as failure:
            for one in batch:
                one.failure = one.failure if one.again else failure
            return False
        return True

    def _find_repeated(self, batch: Iterable[Waiting]) -> None:
        """The same envelope again gets the same receipt, whatever has changed since.

        Equal PAE digests mean equal payloads, so the record's id finds it. The answer
        needs no good signature: it says only what the log shows.
        """
        waiting = [one.read for one in batch if one.read]
        if not waiting:
            return
        with self._gate.store.reading() as look:
            known = log.by_ids(look, [one.outer.id for one in waiting])
            self._judge.prefetch(look, waiting, known)
        for one in batch:
            if one.read:
                same = known.get(one.read.outer.id)
                one.again = same if same is not None and same.pae == one.read.pae else None

    def _admit(self, one: Waiting) -> None:
        try:
            if one.own is not None:
                one.taken = self._judge.admit_own(one.own)
            elif one.read is not None:
                one.taken = self._judge.admit(one.read, proved=one.proved)
        except Unavailable:
            raise
        except TrucelineError as failure:
            one.failure = failure

    def _write(self, taken: Sequence[Taken]) -> None:
        if not taken:
            return
        gate = self._gate
        sealing = [one for one in taken if one.submission.disclosures]
        # Sealed parts first: a leaf must never commit to a part that is not kept. If we
        # stop before the commit, a file is left that no leaf names; fsck lists it, and
        # the same record submitted again writes it again.
        try:
            if sealing:
                gate.vault.put_all({one.row.pae: one.submission.disclosures for one in sealing})
            with gate.store.writing() as tx:
                gate.check_fence(tx)
                log.append(tx, [one.row for one in taken])
                writing.apply(tx, [one.admitted for one in taken], gate.contents)
        except BaseException:
            self._drop_uncommitted(sealing)
            raise
        # Durable from here. If we stop before the receipts are sent, the senders submit
        # again and get the same receipts: envelopes are found by the hash of their PAE.
        # Tiles and checkpoint follow from the rows, now or at the next start.
        gate.committed(taken)

    def _drop_uncommitted(self, sealing: Sequence[Taken]) -> None:
        """Remove sealed parts of records that did not commit.

        A commit can fail in the telling and yet have been made: what the store holds decides.
        What cannot be removed now is listed by fsck.
        """
        if not sealing:
            return
        with suppress(Unavailable):
            with self._gate.store.reading() as look:
                there = log.by_ids(look, [one.submission.outer.id for one in sealing])
            self._gate.vault.drop(
                one.row.pae for one in sealing if one.submission.outer.id not in there
            )

    # -- the answer ---------------------------------------------------------------------

    def answer(self, one: Waiting) -> Answer:
        """Return the answer to one of the group."""
        try:
            return self._refused(one, one.failure) if one.failure else self._receipt(one)
        except Exception as error:  # noqa: BLE001 -- what was judged stands; they ask again
            _log.exception("an answer could not be made")
            return Answer(failure=told(error))

    def _receipt(self, one: Waiting) -> Answer:
        row = one.again or (one.taken.row if one.taken else None)
        if row is None:
            return Answer(failure=Unavailable(Reason.DEFECT, where="door", detail="no answer"))
        judge = self._judge
        receipt = Receipt(judge.origin, row.index, row.leaf, row.pae, row.received_at)
        follows = tuple(a.row.index for a in one.taken.follows) if one.taken else ()
        return Answer(receipt.signed(judge.key), row.index, row.entry, follows=follows)

    def _refused(self, one: Waiting, failure: TrucelineError) -> Answer:
        if isinstance(failure, Unavailable):
            return Answer(failure=failure)
        judge = self._judge
        refusal = Refusal(judge.origin, one.pae, judge.now(), failure.told())
        return Answer(refusal=refusal.signed(judge.key), failure=failure)


def told(error: Exception) -> Unavailable:
    """Return what a failure that nobody foresaw is told as."""
    match error:
        case Unavailable():
            return error
        case OSError():
            return atomic.disk_failure(error, "data folder")
        case MemoryError():
            return Unavailable(Reason.BUSY, where="memory", detail="there is not enough memory")
    detail = f"the mechanism stumbled over it ({type(error).__name__})"
    return Unavailable(Reason.DEFECT, where="door", detail=detail)

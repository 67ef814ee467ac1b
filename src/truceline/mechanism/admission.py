"""The one door: every record that enters the log passes here, and nothing else writes.

Five stops, once each, in this order: read (`submission.py`), admit (signatures, signers,
numbers, files), decide (`rules.py`), write (one transaction for all that wait), show
(`sealing.py`). One thread does it, so that records are judged in the order of the log
and each sees those before it.

Trusted for: what has a receipt is durable and in the log; what is refused changed
nothing; leaf, views and the mechanism's own follow-up statements change together or
not at all; `received_at` never decreases.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import Reason, Refused, TrucelineError, Unavailable
from truceline.mechanism.judgement import Judge, Own, Taken
from truceline.mechanism.submission import Submission, digest_of_unreadable, read
from truceline.records.envelope import Envelope
from truceline.records.receipt import Receipt, Refusal
from truceline.store import log
from truceline.store.log import Row
from truceline.store.store import Store
from truceline.store.vault import Vault
from truceline.store.views import writing
from truceline.store.views.projection import Areas

_log = logging.getLogger("truceline.door")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender gets: a receipt or a refusal, both signed by the mechanism.

    `failure` is set when there is no receipt. `refusal` is signed for `Malformed`,
    `Refused` and `Unproven`; `Unavailable` has no refusal, because nothing was judged.
    `follows` are the leaves of the statements that the mechanism made in the same breath.
    """

    receipt: Envelope | None = None
    index: int | None = None
    entry: bytes | None = None
    refusal: Envelope | None = None
    failure: TrucelineError | None = None
    follows: tuple[int, ...] = ()

    def taken(self) -> int:
        """The leaf's index; raises the failure when there is none."""
        if self.failure is not None:
            raise self.failure
        if self.index is None:
            raise Unavailable(Reason.BUSY, where="door", detail="there is no answer yet")
        return self.index


@dataclass(slots=True)
class _Waiting:
    """One submission in the queue, and where its answer goes."""

    future: Future[Answer]
    data: bytes = b""
    disclosures: Sequence[str] = ()
    own: Own | None = None
    read: Submission | None = None
    proved: bool = False
    failure: TrucelineError | None = None
    taken: Taken | None = None
    again: Row | None = None

    @property
    def pae(self) -> bytes:
        """What names the submission in its refusal."""
        return self.read.pae if self.read else digest_of_unreadable(self.data)


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
    areas: Areas
    check_fence: Callable[[Any], None]
    committed: Callable[[Sequence[Taken]], None]
    """Called after each commit, in the order of the log, before the answers go out."""
    limits: Limits = field(default_factory=Limits)


class Door:
    """Takes envelopes, answers each.

    Two threads hand groups on: one reads and checks signatures, which needs no state but
    keys; one judges, writes and answers, in order. While one waits for the disk the
    other computes.
    """

    def __init__(self, gate: Gate, judge: Callable[[], Judge]) -> None:
        self._gate = gate
        self._new_judge = judge
        self._judge = judge()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._read_all, name="truceline-reading", daemon=True),
            threading.Thread(target=self._write_all, name="truceline-writing", daemon=True),
        ]
        for one in self._threads:
            one.start()

    def submit(self, envelope: bytes, disclosures: Sequence[str] = ()) -> Answer:
        """Submit one envelope (JSON bytes) with its disclosure texts, and wait for the answer."""
        return self.submit_nowait(envelope, disclosures).result()

    def submit_nowait(self, envelope: bytes, disclosures: Sequence[str] = ()) -> Future[Answer]:
        """Submit, and get the answer later. A failure is in the answer, never thrown."""
        return self._enter(_Waiting(Future(), envelope, tuple(disclosures)))

    def state(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        refs: Sequence[str] = (),
        sealed: Mapping[str, Any] | None = None,
        record_id: str = "",
    ) -> Answer:
        """State something in the mechanism's own name (a crossing, a segment, a clock fired).

        `sealed` are parts by name. A `record_id` that follows from its cause is taken
        once; "" draws a new one.
        """
        return self.state_nowait(kind, body, refs=refs, sealed=sealed, record_id=record_id).result()

    def state_nowait(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        refs: Sequence[str] = (),
        sealed: Mapping[str, Any] | None = None,
        record_id: str = "",
    ) -> Future[Answer]:
        """State something, and get the answer later."""
        own = Own(kind, dict(body), tuple(refs), dict(sealed or {}), record_id=record_id)
        return self._enter(_Waiting(Future(), own=own))

    def close(self) -> None:
        """Answer what waits, and stop."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            for one in self._threads:
                one.join()

    # -- the queues ---------------------------------------------------------------------

    def _enter(self, one: _Waiting) -> Future[Answer]:
        if self._closed:
            _answer_unavailable(one, Reason.NO_WRITER, "the door is closed")
        elif self._queue.qsize() + self._ready.qsize() >= self._gate.limits.waiting_most:
            _answer_unavailable(one, Reason.BUSY, "too many submissions wait already")
        else:
            self._queue.put(one)
        return one.future

    def _read_all(self) -> None:
        while (one := self._queue.get()) is not None:
            self._read(one)
            self._ready.put(one)
        self._ready.put(None)

    def _read(self, one: _Waiting) -> None:
        """Read one submission and check its signatures; a key not known yet is left for later."""
        if one.own is not None:
            return
        try:
            one.read = read(one.data, one.disclosures)
            self._judge.prove(one.read)
            one.proved = True
        except Refused as failure:
            one.failure = None if one.read else failure
        except TrucelineError as failure:
            one.failure = failure
        except Exception as error:  # noqa: BLE001 -- told as a defect; the next must be read
            _log.exception("a submission could not be read")
            one.failure = Unavailable(Reason.DEFECT, where="door", detail=type(error).__name__)

    def _write_all(self) -> None:
        while batch := self._next():
            self._answer_all(batch)

    def _next(self) -> list[_Waiting]:
        """All that wait, up to a commit's worth; none when the door has closed."""
        batch: list[_Waiting] = []
        one = self._ready.get()
        while one is not None:
            batch.append(one)
            if len(batch) == self._gate.limits.batch_most:
                return batch
            try:
                one = self._ready.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            self._ready.put(None)
        return batch

    # -- a group ------------------------------------------------------------------------

    def _answer_all(self, batch: list[_Waiting]) -> None:
        try:
            self._admit_together(batch)
        except Unavailable as failure:
            self._start_again()
            for one in batch:
                one.future.set_result(Answer(failure=failure))
            return
        except Exception:  # noqa: BLE001 -- a defect must not shut the door: found one by one
            _log.exception("a group of %d could not be admitted", len(batch))
            self._start_again()
            self._one_by_one(batch)
            return
        for one in batch:
            one.future.set_result(self._answer(one))

    def _one_by_one(self, batch: list[_Waiting]) -> None:
        """Find the one that a defect stumbles over; the others are none the worse for it."""
        if len(batch) > 1:
            for one in batch:
                if one.read is not None:
                    one.failure = None  # it was judged beside what is not there any more
                one.taken = one.again = None
                self._answer_all([one])
            return
        fault = Unavailable(Reason.DEFECT, where="door", detail="the mechanism stumbled over it")
        batch[0].future.set_result(Answer(failure=fault))

    def _admit_together(self, batch: list[_Waiting]) -> None:
        self._find_repeated(batch)
        first: dict[bytes, _Waiting] = {}
        for one in batch:
            if one.failure is not None or one.again is not None:
                continue
            same = first.setdefault(one.read.pae, one) if one.read else one
            if same is one:
                self._admit(one)
            else:
                one.taken, one.failure = same.taken, same.failure
        self._write(self._judge.drain())

    def _find_repeated(self, batch: Iterable[_Waiting]) -> None:
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

    def _admit(self, one: _Waiting) -> None:
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
                writing.apply(tx, [one.admitted for one in taken], gate.areas)
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
        """
        try:
            with self._gate.store.reading() as look:
                there = log.by_ids(look, [one.submission.outer.id for one in sealing])
        except Unavailable:
            return
        self._gate.vault.drop(
            one.row.pae for one in sealing if one.submission.outer.id not in there
        )

    def _start_again(self) -> None:
        """After a failed commit: forget what was judged, fold again what the store holds."""
        while True:
            try:
                self._judge = self._new_judge()
                return
            except Unavailable as failure:
                _log.warning("the store cannot be read: %s", failure)
                if self._closed:
                    return
                threading.Event().wait(0.2)

    # -- the answer ---------------------------------------------------------------------

    def _answer(self, one: _Waiting) -> Answer:
        if one.failure is not None:
            return self._refused(one, one.failure)
        row = one.again or (one.taken.row if one.taken else None)
        if row is None:
            return Answer(failure=Unavailable(Reason.DEFECT, where="door", detail="no answer"))
        judge = self._judge
        receipt = Receipt(judge.origin, row.index, row.leaf, row.pae, row.received_at)
        follows = tuple(a.row.index for a in one.taken.follows) if one.taken else ()
        return Answer(receipt.signed(judge.key), row.index, row.entry, follows=follows)

    def _refused(self, one: _Waiting, failure: TrucelineError) -> Answer:
        if isinstance(failure, Unavailable):
            return Answer(failure=failure)
        judge = self._judge
        refusal = Refusal(judge.origin, one.pae, judge.now(), failure.told())
        return Answer(refusal=refusal.signed(judge.key), failure=failure)


def _answer_unavailable(one: _Waiting, reason: Reason, detail: str) -> None:
    one.future.set_result(Answer(failure=Unavailable(reason, where="door", detail=detail)))

"""The one door: every record that enters the log passes here, and nothing else writes.

Five stops, once each, in this order: read (`submission.py`), admit (signatures, signers,
numbers, files), decide (`rules.py`), write (one transaction for all that wait), show
(`sealing.py`). One thread does it, so that records are judged in the order of the log
and each sees those before it.

Trusted for: what has a receipt is durable and in the log; what is refused changed
nothing; leaf, views and the mechanism's own follow-up statements change together or
not at all; `received_at` never decreases; whoever asks is answered, whatever fails.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from truceline.errors import Reason, Refused, TrucelineError, Unavailable
from truceline.mechanism.judgement import Judge, Own
from truceline.mechanism.session import Gate, Limits, Session, told
from truceline.mechanism.submission import read
from truceline.mechanism.waiting import Answer, Lanes, Line, Waiting, answer_all

__all__ = ["Answer", "Door", "Gate", "Limits"]

_log = logging.getLogger("truceline.door")
_READ_TOGETHER = 32
_PAUSE_S, _PAUSE_MOST_S = 0.1, 5.0
"""How long to wait before the store is read again after a failure: doubled each time."""


class Door:
    """Takes envelopes, answers each.

    Three threads hand on: one reads and checks signatures, which needs no state but keys;
    one weighs what is heavy; one judges, writes and answers, in order. While one waits for
    the disk the others compute.
    """

    def __init__(self, gate: Gate, judge: Callable[[], Judge]) -> None:
        self._gate = gate
        self._session = Session(gate, judge)
        self._unread = Line()
        self._lanes = Lanes()
        self._in_hand: dict[str, Sequence[Waiting]] = {}
        self._closing = threading.Event()
        self._trouble: Unavailable | None = None
        works = {"reading": self._read_all, "weighing": self._weigh_all, "writing": self._write_all}
        self._threads = [
            threading.Thread(
                target=self._stand, args=(name, work), name=f"truceline-{name}", daemon=True
            )
            for name, work in works.items()
        ]
        for one in self._threads:
            one.start()

    @property
    def trouble(self) -> Unavailable | None:
        """Why the door takes nothing now; None when it does."""
        try:
            self._gate.check_clock()
        except Unavailable as failure:
            return self._trouble or failure
        return self._trouble

    @property
    def healthy(self) -> bool:
        """Say whether the door takes records."""
        return self.trouble is None

    def submit(self, envelope: bytes, disclosures: Sequence[str] = ()) -> Answer:
        """Submit one envelope (JSON bytes) with its disclosure texts, and wait for the answer."""
        return self.submit_nowait(envelope, disclosures).result()

    def submit_nowait(self, envelope: bytes, disclosures: Sequence[str] = ()) -> Future[Answer]:
        """Submit, and get the answer later. A failure is in the answer, never thrown."""
        return self._enter(Waiting(envelope, tuple(disclosures)))

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

        `sealed` are parts by name. A `record_id` of one's own choice is taken once; ""
        draws a new one.
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
        return self._enter(Waiting(own=own))

    def close(self) -> None:
        """Answer what waits, and stop."""
        self._unread.close(_closed("the door is closed"))
        self._closing.set()
        for one in self._threads:
            one.join()
        self._stop(_closed("the door is closed"))

    # -- the threads --------------------------------------------------------------------

    def _enter(self, one: Waiting) -> Future[Answer]:
        if len(self._unread) + len(self._lanes) >= self._gate.limits.waiting_most:
            busy = Unavailable(
                Reason.BUSY, where="door", detail="too many submissions wait already"
            )
            one.answer(Answer(failure=busy))
        else:
            self._unread.put(one)
        return one.future

    def _stand(self, name: str, work: Callable[[], None]) -> None:
        """Do a thread's work. If it ends before the door closes, nobody is left waiting."""
        try:
            work()
        except _GaveUp:
            return  # the door is closing, and answers those who are left
        except BaseException:  # noqa: BLE001 -- a thread that ends must not end in silence
            _log.critical("the door's %s thread ended", name, exc_info=True)
            self._stop(_closed(f"the door's {name} thread ended: restart the mechanism"))

    def _stop(self, why: Unavailable) -> None:
        """Answer all that wait, and from now on whoever comes."""
        self._trouble = self._trouble or why
        for line in (self._unread, self._lanes.scales, self._lanes.judged):
            line.stop(why)
        for some in list(self._in_hand.values()):
            answer_all(some, why)

    def _read_all(self) -> None:
        while group := self._unread.group(_READ_TOGETHER):
            self._in_hand["reading"] = group
            for one in group:
                self._read(one)
                self._lanes.send(one, heavy=self._is_heavy(one))
        self._in_hand.pop("reading", None)
        self._lanes.scales.end()

    def _read(self, one: Waiting) -> None:
        """Read one submission and check its signatures; a key not known yet is left for later."""
        if one.own is not None:
            return
        try:
            one.read = read(one.data, one.disclosures)
            self._session.prove(one.read)
            one.proved = True
        except Refused as failure:
            one.failure = None if one.read else failure
        except TrucelineError as failure:
            one.failure = failure
        except Exception as error:  # noqa: BLE001 -- told as a defect; the next must be read
            _log.exception("a submission could not be read")
            one.failure = told(error)

    def _is_heavy(self, one: Waiting) -> bool:
        """Say whether it names a zone content that nobody has read yet."""
        if one.read is None or one.failure is not None:
            return False
        return any(not self._gate.contents.knows(sha256) for sha256 in one.read.contents())

    def _weigh_all(self) -> None:
        while (one := self._lanes.scales.get()) is not None:
            self._in_hand["weighing"] = (one,)
            for sha256 in one.read.contents() if one.read else ():
                # What is wrong with it is remembered, and told where the record is judged.
                with suppress(Exception):
                    self._gate.contents.weigh(sha256)
            self._lanes.weighed(one)
        self._in_hand.pop("weighing", None)
        self._lanes.judged.end()

    def _write_all(self) -> None:
        while batch := self._lanes.judged.group(self._gate.limits.batch_most):
            self._in_hand["writing"] = batch
            self._answer_all(batch)
        self._in_hand.pop("writing", None)

    # -- a group ------------------------------------------------------------------------

    def _answer_all(self, batch: list[Waiting]) -> None:
        try:
            self._session.admit_together(batch)
        except Exception as error:  # noqa: BLE001 -- whatever it is, they are answered
            self._after_failure(batch, error)
            return
        # All answers are made before the first is given: whoever is answered submits again at
        # once, and takes this thread's turn from those who still wait.
        for one, answer in [(one, self._session.answer(one)) for one in batch]:
            one.answer(answer)

    def _after_failure(self, batch: list[Waiting], error: Exception) -> None:
        """Nothing of the group stands: answer first, then read the store again.

        Only for a defect the judge is made first, and the one that it stumbles over is
        found: the others are none the worse for it.
        """
        failure = told(error)
        if failure.reason is Reason.DEFECT:
            _log.error("a group of %d could not be admitted", len(batch), exc_info=error)
            if len(batch) > 1 and self._try_again() is None:
                for one in batch:
                    one.forget()
                    self._answer_all([one])
                return
        answer_all(batch, failure)
        self._start_again()

    def _start_again(self) -> None:
        """Forget what was judged, fold again what the store holds; until it can be done.

        Who comes meanwhile is answered that it cannot. Gives up when the door closes first:
        no one may be judged by what was not committed.
        """
        pause = _PAUSE_S
        while (failure := self._try_again()) is not None:
            _log.warning("the store cannot be read: %s", failure)
            self._lanes.judged.answer_waiting(failure)
            if self._closing.wait(pause):
                raise _GaveUp
            pause = min(2 * pause, _PAUSE_MOST_S)

    def _try_again(self) -> Unavailable | None:
        """Forget what was judged and fold the store; returns why it cannot be done."""
        try:
            self._session.start_again()
        except Exception as error:  # noqa: BLE001 -- told, and tried again
            failure = told(error)
            if failure.reason is Reason.DEFECT:
                _log.exception("the log cannot be folded")
            self._trouble = failure
            return failure
        self._trouble = None
        return None


class _GaveUp(Exception):  # noqa: N818 -- it says what happened
    """The door closes while the store cannot be read."""


def _closed(detail: str) -> Unavailable:
    return Unavailable(Reason.NO_WRITER, where="door", detail=detail)

"""What waits at the door, and the lines it stands in.

Trusted for: whoever entered a line is answered, also when the door closes or a thread of
it ends. A line that has stopped answers what is put into it, instead of keeping it.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

from truceline.errors import Reason, TrucelineError, Unavailable
from truceline.mechanism.judgement import Own, Taken
from truceline.mechanism.submission import Submission, digest_of_unreadable
from truceline.records.envelope import Envelope
from truceline.records.keys import KeyId
from truceline.store.log import Row


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


def _running() -> Future[Answer]:
    """A future that its asker cannot cancel: what entered is judged, whoever still listens."""
    made: Future[Answer] = Future()
    made.set_running_or_notify_cancel()
    return made


@dataclass(slots=True)
class Waiting:
    """One submission, what was found out about it so far, and where its answer goes."""

    data: bytes = b""
    disclosures: Sequence[str] = ()
    own: Own | None = None
    future: Future[Answer] = field(default_factory=_running)
    read: Submission | None = None
    proved: bool = False
    failure: TrucelineError | None = None
    taken: Taken | None = None
    again: Row | None = None

    @property
    def pae(self) -> bytes:
        """What names the submission in its refusal."""
        return self.read.pae if self.read else digest_of_unreadable(self.data)

    @property
    def keys(self) -> list[KeyId]:
        """The keys that signed it."""
        return [one.key for one in self.read.envelope.signatures] if self.read else []

    def forget(self) -> None:
        """Forget what was judged beside what is not there any more."""
        if self.read is not None or self.own is not None:
            self.failure = None
        self.taken = self.again = None

    def answer(self, answer: Answer) -> None:
        """Answer, once: what comes second is not heard."""
        with suppress(InvalidStateError):
            self.future.set_result(answer)


def answer_all(some: Iterable[Waiting], failure: TrucelineError) -> None:
    """Answer each with the same failure."""
    for one in some:
        one.answer(Answer(failure=failure))


class Line:
    """A queue of submissions. Nothing that was put into it is left without an answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._closed: TrucelineError | None = None

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, one: Waiting) -> None:
        """Let one stand in line; answered at once where the line is closed."""
        with self._lock:
            closed = self._closed
            if closed is None:
                self._queue.put(one)
        if closed is not None:
            one.answer(Answer(failure=closed))

    def get(self) -> Waiting | None:
        """Wait for the next; None after the last."""
        return self._queue.get()

    def group(self, most: int) -> list[Waiting]:
        """Wait for the next, and take all that stand behind it, up to `most`; none after the last."""
        found: list[Waiting] = []
        one = self._queue.get()
        while one is not None:
            found.append(one)
            if len(found) == most:
                return found
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                return found
        self._queue.put(None)  # for the next call
        return found

    def close(self, why: TrucelineError) -> None:
        """Take no more; who stands in line is still served, and then there is a last one."""
        with self._lock:
            if self._closed is None:
                self._closed = why
                self._queue.put(None)

    def end(self) -> None:
        """Say that the last one was put."""
        self._queue.put(None)

    def stop(self, why: TrucelineError) -> None:
        """Take no more, and answer everyone in line."""
        self.close(why)
        self.answer_waiting(why)
        self._queue.put(None)

    def answer_waiting(self, failure: TrucelineError) -> None:
        """Answer everyone in line now; the line goes on."""
        left: list[Waiting] = []
        ended = False
        while True:
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                break
            if one is None:
                ended = True
            else:
                left.append(one)
        if ended:
            self._queue.put(None)
        answer_all(left, failure)


class Lanes:
    """From reading to judging: straight, or by way of the scales for what is heavy.

    A big zone content is read on the scales, so that nobody else waits for it. What the
    same keys sign afterwards follows behind it: their numbers must stay in order.
    """

    def __init__(self) -> None:
        self.scales = Line()
        self.judged = Line()
        self._lock = threading.Lock()
        self._behind: Counter[KeyId] = Counter()

    def __len__(self) -> int:
        return len(self.scales) + len(self.judged)

    def send(self, one: Waiting, *, heavy: bool) -> None:
        """Send one on. Called by one thread alone, in the order of arrival."""
        if not heavy and not self._behind:
            self.judged.put(one)
            return
        with self._lock:
            heavy = heavy or any(key in self._behind for key in one.keys)
            if heavy:
                self._behind.update(one.keys)
        (self.scales if heavy else self.judged).put(one)

    def weighed(self, one: Waiting) -> None:
        """Send on what was on the scales."""
        with self._lock:
            # Before its keys are let go: what they sign next must come after it.
            self.judged.put(one)
            self._behind -= Counter(one.keys)

"""What happens by itself: clocks that run out, the signed map, the round of the witnesses.

Each job asks a question of the state and does what follows; none keeps a state that
would be lost. A step of a clock that stands on the log is refused a second time, so a
job that is cut short and run again states nothing twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from truceline.clocks.ladder import Firing
from truceline.errors import TrucelineError, Unavailable
from truceline.ledger.checkpoint import SignedCheckpoint
from truceline.ledger.proof import TileTree
from truceline.mechanism.admission import Door
from truceline.mechanism.book import Book
from truceline.mechanism.clock import Clock
from truceline.mechanism.sealing import Sealer
from truceline.publish import snapshot as snapshots
from truceline.publish.witnesses import Told, Witnesses
from truceline.records.keys import SigningKey
from truceline.store.logfiles import LogFolder
from truceline.store.store import Store
from truceline.store.views import public_map

_log = logging.getLogger("truceline.jobs")
_TICK_S = 0.25
_MOST_FIRINGS = 1_000
_MAP_EVERY_S = 1.0
"""How often the map is looked at: a zone can come into force by the clock alone."""

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 300.0

type ReadingBook = Callable[[], AbstractContextManager[Book]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Until when a step is let be that could not be stated, and how long that is (seconds)."""

    until: float
    pause: float


@dataclass(slots=True)
class Ladders:
    """Fires the steps of clocks whose time has come, each exactly once.

    A step that cannot be stated waits, longer each time, while the others fire: no step
    stands in the way of another, however many are stuck.
    """

    door: Door
    clock: Clock
    book: ReadingBook
    monotonic: Callable[[], float] = time.monotonic
    _stuck: dict[tuple[str, int], Waiting] = field(default_factory=dict)

    def run(self) -> int:
        """State what is due now; returns how many steps fired."""
        fired = 0
        for one in self._due():
            failure = self.door.state("clock.fired/1", one.body()).failure
            if failure is None or self._is_done(one):
                fired += failure is None
                self._stuck.pop((one.clock, one.step), None)
                continue
            self._wait(one, failure)
            if isinstance(failure, Unavailable):
                break
        return fired

    def _due(self) -> tuple[Firing, ...]:
        present = self.monotonic()
        for step, one in tuple(self._stuck.items()):
            if one.until + _LONGEST_PAUSE_S < present:
                del self._stuck[step]  # it did not come up again: its clock was stopped
        waiting = {step for step, one in self._stuck.items() if present < one.until}
        with self.book() as book:
            return book.clocks.due(self.clock.now(), most=_MOST_FIRINGS, without=waiting)

    def _is_done(self, one: Firing) -> bool:
        """Another thread or writer may have stated it, or its clock stopped, since it was asked for."""
        with self.book() as book:
            return not book.clocks.is_outstanding(one)

    def _wait(self, one: Firing, failure: TrucelineError) -> None:
        before = self._stuck.get((one.clock, one.step))
        pause = _FIRST_PAUSE_S if before is None else min(2 * before.pause, _LONGEST_PAUSE_S)
        self._stuck[one.clock, one.step] = Waiting(self.monotonic() + pause, pause)
        _log.warning(
            "step %d of %s did not fire, and is tried again: %s", one.step, one.clock, failure
        )


@dataclass(slots=True)
class PublicMap:
    """Publishes the public zones, signed together with the checkpoint they are of."""

    folder: LogFolder
    store: Store
    clock: Clock
    key: SigningKey
    sealer: Sealer
    _shown: list[dict[str, Any]] | None = None
    _next: float = 0.0

    def run(self) -> bool:
        """Publish a snapshot if the map has changed; says whether one was published."""
        signed = self.sealer.signed
        if signed is None or signed.checkpoint.size == 0 or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _MAP_EVERY_S
        head, at = signed.checkpoint, self.clock.now()
        with self.store.reading() as look:
            zones = public_map.items(look, size=head.size, at=at)
        if zones == self._shown:
            return False
        made = snapshots.signed(
            self.key, log=head.origin, at=at, size=head.size, root=head.root, zones=zones
        )
        # The numbered file and the latest one are written one after the other; a crash
        # between leaves the older one as the latest, signed and true for its own size.
        self.folder.write(snapshots.files(made, head.size))
        self._shown = zones
        return True


@dataclass(slots=True)
class Rounds:
    """Asks the witnesses to cosign the newest checkpoint, and publishes what they say."""

    sealer: Sealer
    folder: LogFolder
    known: Callable[[], Witnesses | None]
    every_s: float
    told: Sequence[Told] = ()
    _witnesses: Witnesses | None = None
    _asked: SignedCheckpoint | None = None
    _next: float = field(default=0.0)

    def run(self) -> bool:
        """Ask, if it is time and there is something new; says whether anyone cosigned."""
        signed = self.sealer.signed
        if signed is None or time.monotonic() < self._next or self._is_done(signed):
            return False
        self._witnesses = self._witnesses or self.known()
        if self._witnesses is None:
            return False
        self._next = time.monotonic() + self.every_s
        tree = TileTree(self.folder.read, signed.checkpoint.size)
        self.told = self._witnesses.ask(signed, lambda old, _: tree.consistency(old))
        lines = [one.line for one in self.told if one.line is not None]
        for one in self.told:
            if one.failure:
                _log.info("%s did not cosign: %s", one.witness.name, one.failure)
        if lines:
            self.sealer.cosigned(signed, lines)
        if len(lines) == len(self.told):
            self._asked = signed
        return bool(lines)

    def close(self) -> None:
        """Let go of the connections."""
        if self._witnesses is not None:
            self._witnesses.close()

    def _is_done(self, signed: SignedCheckpoint) -> bool:
        return self._asked is not None and self._asked.checkpoint == signed.checkpoint


class JobThread:
    """Runs the jobs one after another, again and again, until it is closed."""

    def __init__(self, *jobs: Callable[[], object]) -> None:
        self._jobs = jobs
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="truceline-jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the job that runs now."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(_TICK_S):
            for job in self._jobs:
                try:
                    job()
                except TrucelineError as failure:
                    _log.warning("a job could not be done, and is tried again: %s", failure)
                except Exception:  # noqa: BLE001 -- one job's defect must not stop the others
                    _log.exception("a job stumbled, and is tried again")

"""The fifth stop: tiles from the rows, and a checkpoint signed over them.

The rows in the store are the truth; the log's files follow. `seal` reads what was
committed after the published checkpoint, writes the files that cover it, and then the
checkpoint. It is the same after a commit, at the start, and after a crash.

Trusted for: a published checkpoint covers durable rows alone, in their order, and grows
from the one before. It is checked against the files it grows from each time the program
starts; one that does not fit stops the program.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from truceline.errors import Reason, TrucelineError, Unavailable, Unproven
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import tiles
from truceline.ledger.checkpoint import Checkpoint, SignedCheckpoint
from truceline.ledger.note import SignatureLine
from truceline.ledger.tiles import Edge, Growth
from truceline.ledger.tree import EMPTY_ROOT, leaf_hash
from truceline.records.keys import SigningKey
from truceline.store import log
from truceline.store.logfiles import CHECKPOINT, GENESIS, WITNESSED, LogFolder
from truceline.store.store import Store

_log = logging.getLogger("truceline.sealing")
_MOST = 8_192
"""Entries that one step takes in: what is held in memory, at most 512 MiB."""

type Published = Callable[[SignedCheckpoint], None]


@dataclass(frozen=True, slots=True)
class _State:
    """What is published: the edge of the tree, and the checkpoint over it."""

    edge: Edge
    signed: SignedCheckpoint | None


class Sealer:
    """Publishes checkpoints; one at a time, from whichever thread asks."""

    def __init__(
        self,
        folder: LogFolder,
        store: Store,
        origin: str,
        key: SigningKey,
        *,
        may_write: Callable[[], None],
        published: Published = lambda _: None,
    ) -> None:
        """Read what is published. Raises `Unproven` when files, checkpoint and store disagree."""
        self._folder = folder
        self._store = store
        self._origin = origin
        self._key = key
        self._may_write = may_write
        self._published = published
        self._lock = threading.Lock()
        self._state = self._read()

    @property
    def size(self) -> int:
        """How many leaves the published checkpoint covers."""
        return self._state.edge.size

    @property
    def signed(self) -> SignedCheckpoint | None:
        """The published checkpoint, with the cosignatures that it has; None before the first."""
        return self._state.signed

    def seal(self) -> int:
        """Publish a checkpoint over all that is committed; returns the size it covers."""
        with self._lock:
            while self._step():
                pass
            return self.size

    def cosigned(self, signed: SignedCheckpoint, lines: Sequence[SignatureLine]) -> None:
        """Publish the checkpoint again with cosignatures of witnesses added.

        Always kept as the newest witnessed one; put in the place of the published one
        unless the log has grown meanwhile.
        """
        with self._lock:
            state = self._state
            now = state.signed
            same = now is not None and now.checkpoint == signed.checkpoint
            base = now if same and now is not None else signed
            merged = SignedCheckpoint(base.checkpoint, base.note.adding(lines))
            self._may_write()
            self._folder.write({WITNESSED: merged.encode()})
            if same:
                self._folder.write({CHECKPOINT: merged.encode()})
                self._state = _State(state.edge, merged)
        self._published(merged)

    # -- inside -------------------------------------------------------------------------

    def _step(self) -> bool:
        edge = self._state.edge
        with self._store.reading() as look:
            rows = log.read(look, edge.size, _MOST)
        if not rows and self._state.signed is not None:
            return False
        grown = tiles.grow(edge, [one.entry for one in rows], [one.leaf for one in rows])
        self._publish(grown)
        return len(rows) == _MOST

    def _publish(self, grown: Growth) -> None:
        checkpoint = Checkpoint(self._origin, grown.edge.size, grown.root)
        signed = checkpoints.sign(checkpoint, self._key)
        self._may_write()
        # Every tile and bundle is durable before the checkpoint that needs it. If we stop
        # in between, files lie there that no checkpoint covers; the same rows make the
        # same bytes at the next start.
        self._folder.write(grown.files())
        if self._state.signed is None and grown.edge.size:
            genesis = tiles.entry_at(self._folder.read, 0, grown.edge.size)
            self._folder.write({GENESIS: leaf_hash(genesis).hex().encode() + b"\n"})
        self._folder.write({CHECKPOINT: signed.encode()})
        # Published from here. If we stop now, the next start reads this checkpoint and
        # goes on from it; it covers rows that were durable before it was signed.
        self._folder.drop_partial(grown.full)
        self._state = _State(grown.edge, signed)
        self._published(signed)

    def _read(self) -> _State:
        data = self._folder.read(CHECKPOINT)
        if data is None:
            return _State(tiles.EMPTY_EDGE, None)
        key = checkpoints.log_key(self._origin, self._key)
        signed = checkpoints.verified(data, key, where="log/checkpoint")
        head = signed.checkpoint
        edge = tiles.edge_at(self._folder.read, head.size)
        root = edge.root() if head.size else EMPTY_ROOT
        if root != head.root:
            raise _disagree(f"the tiles give another root than the checkpoint of {head.size}")
        with self._store.reading() as look:
            last = log.read(look, head.size - 1, 1) if head.size else []
        if head.size and not last:
            raise _disagree(f"the checkpoint covers {head.size} leaves; the store has fewer")
        if last and tiles.entry_at(self._folder.read, head.size - 1, head.size) != last[0].entry:
            raise _disagree(f"leaf {head.size - 1} is another in the store than in the log's files")
        return _State(edge, signed)


class SealingThread:
    """Seals when something was committed, and pauses between two checkpoints."""

    def __init__(self, sealer: Sealer, tidy: Callable[[], None], *, pause_s: float) -> None:
        self._sealer = sealer
        self._pause_s = pause_s
        self._tidy = tidy
        self._wake = threading.Event()
        self._sealed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="truceline-sealing", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that something was committed."""
        self._wake.set()

    def wait(self, size: int, *, timeout_s: float) -> bool:
        """Wait until a published checkpoint covers `size` leaves; say whether one does."""
        with self._sealed:
            return self._sealed.wait_for(lambda: self._sealer.size >= size, timeout_s)

    def close(self) -> None:
        """Seal what is left, and stop."""
        self._closed = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            closed = self._closed
            try:
                self._sealer.seal()
                self._tidy()
            except Unavailable as failure:
                # Nothing is lost: the rows are durable, and the next time makes the files.
                _log.warning("no checkpoint was published: %s", failure)
                self._wake.set()
            except TrucelineError:
                _log.exception("sealing stops: the log's files do not fit the store")
                return
            except Exception:  # noqa: BLE001 -- the rows are durable, and it is tried again
                _log.exception("no checkpoint was published")
                self._wake.set()
            with self._sealed:
                self._sealed.notify_all()
            if closed:
                return
            time.sleep(self._pause_s)


def _disagree(detail: str) -> Unproven:
    return Unproven(
        Reason.INCONSISTENT,
        where="log/checkpoint",
        detail=detail,
        remedy="Run `truceline ledger fsck`; a store restored from an older copy must not go on",
    )

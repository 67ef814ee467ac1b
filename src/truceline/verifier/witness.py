"""A party's witness: it cosigns a log that only grows, and remembers what it signed.

One promise: never two histories of one log under this key. So the decision, the
durable note of it and the signature happen under one lock, in that order. If the
disk is full, nothing is signed. If we stop after the note and before the answer,
the log asks again from the size that it learns with 409, and gets the same tree
signed: a note without a signature binds us and harms nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.ledger import cosignature, witness
from truceline.ledger.note import VerifierKey
from truceline.ledger.tree import HASH_BYTES
from truceline.ledger.witness import Seen, Verdict
from truceline.records import canonical
from truceline.records.keys import SigningKey

STATE_VERSION = 1


@dataclass(slots=True)
class Witness:
    """One key, the logs it follows, and what it saw of each.

    `remember` must return only when the bytes are durable, and raise otherwise;
    `now_s` gives POSIX seconds; `release` gives the folder's lock back.
    """

    name: str
    key: SigningKey
    logs: Mapping[str, tuple[VerifierKey, ...]]
    seen: dict[str, Seen]
    remember: Callable[[bytes], None]
    now_s: Callable[[], int]
    release: Callable[[], None] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        """Sign nothing more, and give the folder back to whoever opens it next."""
        with self._lock:
            release, self.release = self.release, lambda: None
            self.logs = {}
            release()

    def vkey(self) -> VerifierKey:
        """The key by which others check this witness's cosignatures."""
        return cosignature.witness_key(self.name, self.key.public)

    def add_checkpoint(self, body: bytes) -> Verdict:
        """Answer one request of tlog-witness; raises what `remember` raises, having signed nothing."""
        with self._lock:
            verdict = witness.judge(body, self.logs, self.seen)
            if verdict.accepted is None:
                return verdict
            seen = {**self.seen, verdict.accepted.checkpoint.origin: verdict.now_seen}
            self.remember(write_state(seen))
            # Durable from here: after any crash we are bound by this tree. Only now
            # may the signature exist, even in memory.
            self.seen = seen
            line = cosignature.sign(
                verdict.accepted.note.text, self.name, self.key, signed_at_s=self.now_s()
            )
        return witness.answer(verdict.accepted, line)


def write_state(seen: Mapping[str, Seen]) -> bytes:
    """Return the state file: for each log the size and root that bind this witness."""
    logs = {origin: [one.size, one.root.hex()] for origin, one in seen.items()}
    # Origins are text, not ASCII keys, so they stand in values.
    return canonical.encode(
        {"v": STATE_VERSION, "logs": [[origin, *logs[origin]] for origin in sorted(logs)]}
    )


def read_state(data: bytes) -> dict[str, Seen]:
    """Return what a state file says; anything else than our own bytes is refused.

    A witness that guessed here could sign a second history.
    """
    value: Any = canonical.decode(data, where="witness state")
    try:
        if value["v"] != STATE_VERSION:
            raise ValueError(value["v"])
        seen = {
            str(origin): Seen(int(size), bytes.fromhex(root))
            for origin, size, root in value["logs"]
        }
        right = all(one.size >= 0 and len(one.root) == HASH_BYTES for one in seen.values())
    except (KeyError, TypeError, ValueError):
        right = False
    if not right:
        raise Malformed(
            Reason.CORRUPT, where="witness state", detail="not a state file of this witness"
        )
    return seen

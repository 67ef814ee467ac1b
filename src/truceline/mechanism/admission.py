"""The one door: every record that enters the log passes here, and nothing else writes.

Interface first; the five stops follow in this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from truceline.errors import TrucelineError
from truceline.records.envelope import Envelope


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
        if self.failure is not None or self.index is None:
            raise self.failure or RuntimeError("an answer without index and failure")
        return self.index


class Door:
    """Takes envelopes, answers each; one writer thread commits them in groups."""

    def submit(self, envelope: bytes, disclosures: Sequence[str] = ()) -> Answer:
        """Submit one envelope (JSON bytes) with its disclosure texts, and wait for the answer."""
        return self.submit_nowait(envelope, disclosures).result()

    def submit_nowait(self, envelope: bytes, disclosures: Sequence[str] = ()) -> Future[Answer]:
        """Submit, and get the answer later. The future never holds a `TrucelineError`: it is in the answer."""
        raise NotImplementedError

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

        `sealed` are parts by name, for kinds with sealed parts. `record_id` "" makes a new ULID.
        """
        raise NotImplementedError

    def wait_sealed(self, size: int, *, timeout_s: float = 10.0) -> bool:
        """Wait until a published checkpoint covers the first `size` leaves."""
        raise NotImplementedError

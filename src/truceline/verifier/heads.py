"""Checkpoints against each other: no two may tell two histories.

A head can come from the log, from a file that somebody kept, or from this
verifier's own memory. Each must be signed by the log; of any two, the smaller must
be the beginning of the larger; and a quorum of witnesses must stand behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from truceline.errors import TrucelineError, Unproven
from truceline.ledger import checkpoint, cosignature, proof, tiles
from truceline.ledger.checkpoint import SignedCheckpoint
from truceline.ledger.cosignature import Quorum
from truceline.ledger.proof import TileTree
from truceline.ledger.tiles import TileReader
from truceline.ledger.tree import HASH_BYTES
from truceline.verifier.findings import Findings
from truceline.verifier.fold import Witnessed
from truceline.verifier.founding import Founding

UNWITNESSED_S = 3600
"""A live log whose leaves stay longer without a quorum has not been witnessed."""


@dataclass(frozen=True, slots=True)
class Head:
    """One signed checkpoint, where it came from, and what witnesses said of it."""

    source: str
    signed: SignedCheckpoint
    quorum: Quorum

    @property
    def size(self) -> int:
        """How many leaves it covers."""
        return self.signed.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root over them."""
        return self.signed.checkpoint.root


def read_all(
    named: Iterable[tuple[str, bytes]], founding: Founding, findings: Findings
) -> list[Head]:
    """Return the heads that are truly signed by the log; each other one is a finding."""
    heads: list[Head] = []
    for source, data in named:
        try:
            signed = checkpoint.verified(data, founding.log_key, where=source)
        except Unproven as error:
            findings.broken("checkpoint", f"{source}: {error.detail}.")
            continue
        except TrucelineError as error:
            findings.could_not("checkpoint", f"{source} is not a checkpoint: {error.detail}.")
            continue
        counted = cosignature.quorum(signed.note, founding.witnesses, founding.quorum)
        for witness in counted.bad:
            findings.broken(
                "cosignature", f"{source}: the cosignature by {witness.name} does not hold."
            )
        heads.append(Head(source, signed, counted))
    return heads


def witnessed(heads: Sequence[Head]) -> list[Witnessed]:
    """Return every good cosignature as what it says about time."""
    return [
        Witnessed(head.size, one.signed_at_s, one.witness)
        for head in heads
        for one in head.quorum.good
    ]


def check_consistency(
    heads: Sequence[Head], reader: TileReader, size: int, findings: Findings
) -> None:
    """Show for each head that it is the beginning of the next larger one.

    Consecutive pairs are enough: beginning-of is transitive.
    """
    ordered = sorted(heads, key=lambda one: one.size)
    proved = 0
    for smaller, larger in pairwise(ordered):
        if smaller.size == larger.size and smaller.root != larger.root:
            findings.broken(
                "fork",
                f"The log was forked: {smaller.source} and {larger.source} are both signed for "
                f"{smaller.size} leaves and have two roots. Keep both files: together they are the proof.",
            )
        elif larger.size > size:
            findings.broken(
                "rollback",
                f"The log shows {size} leaves, but {larger.source} was signed for {larger.size}: "
                "leaves were taken back or are withheld.",
            )
        else:
            proved += _pair(smaller, larger, reader, size, findings)
    if proved:
        findings.proved(
            "consistency",
            f"{proved + 1} checkpoints, of {ordered[0].size} to {ordered[-1].size} leaves, tell one history.",
        )


def _pair(smaller: Head, larger: Head, reader: TileReader, size: int, findings: Findings) -> bool:
    try:
        path = TileTree(within(reader, size), larger.size).consistency(smaller.size)
        proof.verify_consistency(smaller.size, smaller.root, larger.size, larger.root, path)
    except Unproven as error:
        findings.broken(
            "fork",
            f"{smaller.source} ({smaller.size} leaves) is not the beginning of {larger.source} "
            f"({larger.size} leaves): {error.detail}. Keep both: they show two histories.",
        )
        return False
    return True


def within(reader: TileReader, size: int) -> TileReader:
    """Read tiles of smaller trees out of those of the tree of `size`, where they are its beginning."""

    def read(path: str) -> bytes | None:
        data = reader(path)
        if data is not None or ".p/" not in path:
            return data
        place = tiles.read_path(path)
        width = tiles.width_of(size, place.level or 0, place.number)
        if place.level is None or width <= place.width:
            return None
        wider = tiles.find(reader, tiles.Place(place.level, place.number, width))
        return wider and wider[: place.width * HASH_BYTES]

    return read


def check_quorum(
    heads: Sequence[Head],
    founding: Founding,
    findings: Findings,
    *,
    size: int,
    received_at: Callable[[int], int | None],
    now_s: int | None,
) -> None:
    """Say how far a quorum of witnesses stands behind the log.

    Leaves past the last quorum are ordinary for a moment. On a live log, when the
    first of them is older than `UNWITNESSED_S`, nothing shows that others see the
    same leaves, and that fails the run.
    """
    if founding.quorum == 0:
        findings.not_proved(
            "quorum",
            "Genesis asks for no cosignatures: that all see one log rests on kept receipts and checkpoints.",
            needed=False,
        )
        return
    behind = [head for head in heads if head.quorum.met and head.size <= size]
    if not behind:
        best = max((len(head.quorum.good) for head in heads), default=0)
        findings.not_proved(
            "quorum",
            f"No checkpoint has the {founding.quorum} cosignatures that genesis asks for (at most {best}): "
            "others may be shown another log.",
            needed=True,
        )
        return
    last = max(behind, key=lambda head: head.size)
    names = ", ".join(sorted(one.witness.name for one in last.quorum.good))
    findings.proved(
        "quorum",
        f"{len(last.quorum.good)} witnesses ({founding.quorum} needed) cosigned the first {last.size} leaves: {names}.",
    )
    if last.size < size:
        first = received_at(last.size)
        stale = not founding.exercise and None not in (first, now_s)
        stale = stale and (now_s or 0) - (first or 0) // 1_000_000 > UNWITNESSED_S
        findings.not_proved(
            "quorum-newest",
            f"The last {size - last.size} leaves are not yet cosigned by a quorum"
            + (", though the first of them is more than an hour old." if stale else "."),
            needed=stale,
        )

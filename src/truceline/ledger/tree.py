"""The Merkle tree of RFC 6962, section 2.1, over SHA-256, grown at its right edge.

A `Frontier` is all that a writer must remember of the tree: its size and one
hash for each set bit of the size, the roots of the complete subtrees from left
to right. Appending never touches what was hashed before.

`tests/ledger/test_tree.py` holds this file against a recursive tree written from
the text of the RFC, and against two implementations that we did not write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from truceline.errors import Malformed, Reason

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry): the prefix keeps a leaf from passing for a node."""
    return sha256(_LEAF + entry).digest()


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """Return the leaf hash of each entry, in order."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return sha256(_NODE + left + right).digest()


def pair_up(nodes: Sequence[bytes]) -> list[bytes]:
    """Return the parents of `nodes` taken two by two; an odd last one has none yet."""
    one_by_one = iter(nodes)
    return [
        sha256(b"\x01" + left + right).digest()
        for left, right in zip(one_by_one, one_by_one, strict=False)
    ]


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees, the largest first."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    frontier, _ = EMPTY.extend(leaves)
    return frontier.root()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: `peaks[h]` is the complete subtree of height h, or b""."""

    size: int
    peaks: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """The root of the tree of this size."""
        if self.size == 0:
            return EMPTY_ROOT
        return fold([peak for peak in reversed(self.peaks) if peak])

    def extend(self, leaves: Sequence[bytes]) -> tuple[Frontier, list[list[bytes]]]:
        """Return the frontier after `leaves`, and the new complete nodes of each height.

        `rows[h]` lists, from left to right, every node of height h that became
        complete; `rows[0]` is `leaves` itself.
        """
        if not leaves:
            return self, []
        size = self.size + len(leaves)
        peaks: list[bytes] = []
        rows: list[list[bytes]] = []
        new = list(leaves)
        for height in range(size.bit_length()):
            rows.append(new)
            left = self.peaks[height] if height < len(self.peaks) else b""
            waiting = [left, *new] if left else new
            peaks.append(waiting[-1] if len(waiting) % 2 else b"")
            new = pair_up(waiting)
        return Frontier(size, tuple(peaks)), rows


EMPTY = Frontier(0)


def frontier_from(size: int, peaks: Sequence[bytes]) -> Frontier:
    """Return the frontier of `size` from its peaks, the largest first."""
    heights = [height for height in range(size.bit_length()) if size >> height & 1]
    if size < 0 or len(heights) != len(peaks) or any(len(peak) != HASH_BYTES for peak in peaks):
        raise Malformed(
            Reason.BAD_FORMAT,
            where="frontier",
            detail=f"{len(peaks)} peaks do not fit {size} leaves",
        )
    placed = dict(zip(reversed(heights), peaks, strict=True))
    return Frontier(size, tuple(placed.get(height, b"") for height in range(size.bit_length())))

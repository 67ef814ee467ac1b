"""Inclusion and consistency proofs: made from tiles, verified from nothing.

Making follows RFC 6962, sections 2.1.1 and 2.1.2; verifying follows the
step-by-step algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2. A maker may be
wrong or lie; only `verify_*` is trusted, and it raises `Unproven`.
"""

from __future__ import annotations

from collections.abc import Sequence

from truceline.errors import Malformed, Reason, Unproven
from truceline.ledger import tiles, tree
from truceline.ledger.tiles import HEIGHT, WIDTH, Place, TileReader
from truceline.ledger.tree import HASH_BYTES, node_hash

MAX_PROOF = 63
"""tlog-witness allows no more consistency proof lines than this."""

_KEPT_TILES = 4096


class TileTree:
    """A tree of `size` leaves, read from its tiles, that makes proofs.

    Keeps up to `kept` opened tiles (16 KiB each); tiles never change, so nothing
    kept grows stale. It does not judge what it reads: verify what it makes.
    """

    def __init__(self, reader: TileReader, size: int, *, kept: int = _KEPT_TILES) -> None:
        self.size = size
        self._reader = reader
        self._kept = kept
        self._open: dict[tuple[int, int, int], list[list[bytes]]] = {}
        self._edges: list[bytes] | None = None

    def at(self, size: int) -> TileTree:
        """The same tiles as a tree of another size; opened tiles are shared."""
        other = TileTree(self._reader, size, kept=self._kept)
        other._open = self._open
        return other

    def root(self) -> bytes:
        """The root over all leaves."""
        return self._right_edge(self.size.bit_length()) if self.size else tree.EMPTY_ROOT

    def leaf(self, index: int) -> bytes:
        """The leaf hash at `index`."""
        self._check(index)
        return self._node(0, index)

    def inclusion(self, index: int) -> list[bytes]:
        """The audit path of leaf `index` (RFC 6962, 2.1.1)."""
        self._check(index)
        return self._path(0, index)

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the tree of `old` leaves is a prefix of this one (RFC 6962, 2.1.2)."""
        if not 0 <= old <= self.size:
            raise Malformed(
                Reason.OUT_OF_RANGE,
                where="old size",
                detail=f"{old} is not within 0 to {self.size}",
            )
        if old in (0, self.size):
            return []
        height = (old & -old).bit_length() - 1
        index = (old - 1) >> height
        start = [] if old & (old - 1) == 0 else [self._node(height, index)]
        return start + self._path(height, index)

    def _check(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise Malformed(
                Reason.OUT_OF_RANGE,
                where="index",
                detail=f"the log has {self.size} leaves, none {index}",
            )

    def _path(self, height: int, index: int) -> list[bytes]:
        """Siblings of a complete node on its way to the root, the lowest first."""
        size, path = self.size, []
        last = (size - 1) >> height
        while last:
            sibling = index ^ 1
            if (sibling + 1) << height <= size:
                path.append(self._node(height, sibling))
            elif sibling <= last:
                path.append(self._right_edge(height))
            height, index, last = height + 1, index >> 1, last >> 1
        return path

    def _right_edge(self, height: int) -> bytes:
        """Root over the leaves right of the last complete node of `height`."""
        if self._edges is None:
            self._edges = self._fold_edges()
        return self._edges[height]

    def _fold_edges(self) -> list[bytes]:
        edges, edge = [], b""
        for height in range(self.size.bit_length()):
            edges.append(edge)
            if self.size >> height & 1:
                peak = self._node(height, (self.size >> height) - 1)
                edge = node_hash(peak, edge) if edge else peak
        return [*edges, edge]

    def _node(self, height: int, index: int) -> bytes:
        """The hash of the complete subtree over leaves [index << height, (index+1) << height)."""
        level, inner = divmod(height, HEIGHT)
        number = (index << inner) // WIDTH
        width = (self.size >> (HEIGHT * level)) - number * WIDTH
        key = (level, number, width if width < WIDTH else WIDTH)
        rows = self._open.get(key) or self._open_tile(key)
        return rows[inner][index - (number << (HEIGHT - inner))]

    def _open_tile(self, key: tuple[int, int, int]) -> list[list[bytes]]:
        data = tiles.fetch(self._reader, Place(*key))
        _, rows = tree.EMPTY.extend(tiles.split(data))
        if len(self._open) >= self._kept:
            self._open.pop(next(iter(self._open)))
        self._open[key] = rows
        return rows


# -- verifying ----------------------------------------------------------------


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Raise `Unproven` unless `path` shows `leaf` at `index` in the tree of `size` and `root`."""
    if not 0 <= index < size:
        raise Unproven(
            Reason.BAD_PROOF, where="inclusion", detail=f"no leaf {index} in a tree of {size}"
        )
    _check_hashes([leaf, root, *path], "inclusion")
    node, last, reached = index, size - 1, leaf
    for hashed in path:
        if last == 0:
            raise Unproven(Reason.BAD_PROOF, where="inclusion", detail="the proof is too long")
        if node & 1 or node == last:
            reached = node_hash(hashed, reached)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            reached = node_hash(reached, hashed)
        node, last = node >> 1, last >> 1
    if last or reached != root:
        raise Unproven(
            Reason.BAD_PROOF,
            where="inclusion",
            detail=f"the proof does not lead from leaf {index} to the root of {size} leaves",
        )


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]
) -> None:
    """Raise `Unproven` unless `path` shows that the older tree is a prefix of the newer."""
    if not 0 <= old_size <= size:
        raise Unproven(
            Reason.INCONSISTENT,
            where="consistency",
            detail=f"{size} leaves are fewer than {old_size}",
        )
    _check_hashes([old_root, root, *path], "consistency")
    if old_size in (0, size):
        expected = tree.EMPTY_ROOT if old_size == 0 else root
        if path or old_root != expected:
            raise _inconsistent(old_size, size)
        return
    reached = _walk(old_size, old_root, size, path)
    if reached != (old_root, root):
        raise _inconsistent(old_size, size)


def _walk(
    old_size: int, old_root: bytes, size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    steps = list(path) if old_size & (old_size - 1) else [old_root, *path]
    if not steps:
        return None
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for hashed in steps[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            old, new = node_hash(hashed, old), node_hash(hashed, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, hashed)
        node, last = node >> 1, last >> 1
    return (old, new) if last == 0 else None


def _inconsistent(old_size: int, size: int) -> Unproven:
    return Unproven(
        Reason.INCONSISTENT,
        where="consistency",
        detail=f"the tree of {old_size} leaves is not shown to be the beginning of the tree of {size}",
    )


def _check_hashes(hashes: Sequence[bytes], where: str) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise Unproven(Reason.BAD_PROOF, where=where, detail=f"a hash has {HASH_BYTES} bytes")

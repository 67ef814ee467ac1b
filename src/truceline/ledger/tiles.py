"""The log as files (C2SP tlog-tiles): names, entry bundles, and what an append writes.

A tile holds up to 256 hashes of one level; level L+1 holds the roots of full
tiles of level L. A partial tile is a file of its own (`.p/W`), so that no file is
ever rewritten: a reader who holds a checkpoint finds the very bytes it covers.
Entries lie in bundles of 256, each behind its length in two bytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from truceline.errors import Malformed, Reason, Unproven
from truceline.ledger import tree
from truceline.ledger.tree import HASH_BYTES, Frontier

HEIGHT = 8
WIDTH = 256
MAX_ENTRY_BYTES = 65_535
MAX_LEVEL = 63

type TileReader = Callable[[str], bytes | None]
"""A path below the log's prefix to the file's bytes; None when there is no such file."""

_LENGTH = struct.Struct(">H")
_PATH = re.compile(
    r"^tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?$"
)


# -- names --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """What a path names: a tile of a level, or an entry bundle (`level` None)."""

    level: int | None
    number: int
    width: int = WIDTH

    def path(self) -> str:
        """The path below the log's prefix, as in `tile/0/x001/234.p/7`."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_number_text(self.number)}{partial}"


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """Return the path of a hash tile."""
    return Place(level, number, width).path()


def bundle_path(number: int, width: int = WIDTH) -> str:
    """Return the path of an entry bundle."""
    return Place(None, number, width).path()


def read_path(path: str) -> Place:
    """Return what `path` names; any other spelling of it is refused."""
    found = _PATH.match(path)
    if not found:
        raise Malformed(
            Reason.BAD_FORMAT, where=path[:80], detail="not the path of a tile or bundle"
        )
    level = None if found[1] == "entries" else int(found[1])
    place = Place(level, int(re.sub("[x/]", "", found[2])), int(found[3] or WIDTH))
    if place.path() != path or (level or 0) > MAX_LEVEL or (found[3] and place.width >= WIDTH):
        raise Malformed(
            Reason.BAD_FORMAT, where=path[:80], detail="not the path of a tile or bundle"
        )
    return place


def _number_text(number: int) -> str:
    text = f"{number % 1000:03d}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03d}/{text}"
    return text


def widths(size: int) -> Iterator[tuple[int, int]]:
    """Yield (hashes at the level, width of its partial tile) for each level of a tree."""
    while size:
        yield size, size % WIDTH
        size //= WIDTH


def width_of(size: int, level: int, number: int) -> int:
    """Return the width of a tile in a tree of `size`; 0 when the tree has no such tile."""
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - number * WIDTH))


# -- bundles ------------------------------------------------------------------


def pack(entries: Sequence[bytes]) -> bytes:
    """Return entries as they lie in a bundle; one over 65,535 bytes is refused."""
    try:
        return b"".join([_LENGTH.pack(len(entry)) + entry for entry in entries])
    except struct.error:
        longest = max(len(entry) for entry in entries)
        raise Malformed(
            Reason.TOO_LARGE,
            where="entry",
            detail=f"an entry has {longest} bytes; an entry holds at most {MAX_ENTRY_BYTES}",
        ) from None


def unpack(bundle: bytes, *, where: str = "bundle") -> list[bytes]:
    """Return the entries of a bundle, which must end where its last entry ends."""
    entries: list[bytes] = []
    at, end = 0, len(bundle)
    while at + 2 <= end:
        start = at + 2
        at = start + (bundle[at] << 8 | bundle[at + 1])
        entries.append(bundle[start:at])
    if at != end or len(entries) > WIDTH:
        raise Malformed(
            Reason.BAD_FORMAT,
            where=where,
            detail=f"not a bundle: {len(entries)} entries end at byte {at} of {end}",
        )
    return entries


def split(tile: bytes, *, where: str = "tile") -> list[bytes]:
    """Return the hashes of a tile."""
    if len(tile) % HASH_BYTES or len(tile) > WIDTH * HASH_BYTES:
        raise Malformed(Reason.BAD_FORMAT, where=where, detail=f"a tile of {len(tile)} bytes")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


# -- writing ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edge:
    """What a writer keeps between appends: the frontier and the unfinished files.

    `tails[L]` is the partial tile of level L, `bundle` the partial bundle. At
    most 255 hashes a level and 255 entries, whatever the size of the log.
    """

    frontier: Frontier = tree.EMPTY
    tails: tuple[bytes, ...] = ()
    bundle: bytes = b""

    @property
    def size(self) -> int:
        """How many leaves the log holds."""
        return self.frontier.size

    def root(self) -> bytes:
        """The root over all leaves."""
        return self.frontier.root()

    def partial(self) -> dict[str, bytes]:
        """The partial files that a checkpoint of this size needs: path -> bytes."""
        files: dict[str, bytes] = {}
        for level, (count, width) in enumerate(widths(self.size)):
            if width:
                files[tile_path(level, count // WIDTH, width)] = self.tails[level]
        if self.size % WIDTH:
            files[bundle_path(self.size // WIDTH, self.size % WIDTH)] = self.bundle
        return files


EMPTY_EDGE = Edge()


@dataclass(frozen=True, slots=True)
class Growth:
    """The result of one append: the new edge, and the files that became full."""

    edge: Edge
    full: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def root(self) -> bytes:
        """The root after the append."""
        return self.edge.root()

    def files(self) -> dict[str, bytes]:
        """All files to have on disk before a checkpoint of this size is published."""
        return {**self.full, **self.edge.partial()}


def grow(edge: Edge, entries: Sequence[bytes], hashes: Sequence[bytes] | None = None) -> Growth:
    """Append `entries` to the log at `edge`; nothing is written here.

    `hashes` are their leaf hashes when the caller has them already. An entry
    over 65,535 bytes is refused and nothing is appended. Full files come once;
    partial ones (`Growth.files`, `Edge.partial`) belong to a checkpoint, so an
    append that publishes none need not write them.
    """
    leaves = tree.leaf_hashes(entries) if hashes is None else hashes
    if len(leaves) != len(entries):
        raise Malformed(
            Reason.BAD_FORMAT, detail=f"{len(leaves)} leaf hashes for {len(entries)} entries"
        )
    full, bundle = _grow_bundles(edge, entries)
    grown = grow_tiles(edge, leaves)
    full.update(grown.full)
    return Growth(Edge(grown.edge.frontier, grown.edge.tails, bundle), full)


def grow_tiles(edge: Edge, leaves: Sequence[bytes]) -> Growth:
    """Like `grow`, for the hash tiles alone; the edge's bundle is left behind."""
    frontier, rows = edge.frontier.extend(leaves)
    full: dict[str, bytes] = {}
    tails: list[bytes] = []
    for level, (count, _) in enumerate(widths(frontier.size)):
        tail = edge.tails[level] if level < len(edge.tails) else b""
        data = tail + b"".join(rows[level * HEIGHT]) if level * HEIGHT < len(rows) else tail
        first = (edge.size >> (HEIGHT * level)) // WIDTH
        tile_bytes = WIDTH * HASH_BYTES
        done = count // WIDTH - first
        for step in range(done):
            full[tile_path(level, first + step)] = data[step * tile_bytes : (step + 1) * tile_bytes]
        tails.append(data[done * tile_bytes :])
    return Growth(Edge(frontier, tuple(tails)), full)


def _grow_bundles(edge: Edge, entries: Sequence[bytes]) -> tuple[dict[str, bytes], bytes]:
    full: dict[str, bytes] = {}
    bundle, number = edge.bundle, edge.size // WIDTH
    at, room = 0, WIDTH - edge.size % WIDTH
    while len(entries) - at >= room:
        full[bundle_path(number)] = bundle + pack(entries[at : at + room])
        bundle, number, at, room = b"", number + 1, at + room, WIDTH
    return full, bundle + pack(entries[at:])


def edge_at(reader: TileReader, size: int) -> Edge:
    """Return the edge of the log of `size` leaves from its files (after a restart)."""
    tails = [
        fetch(reader, Place(level, count // WIDTH, width)) if width else b""
        for level, (count, width) in enumerate(widths(size))
    ]
    width = size % WIDTH
    bundle = fetch(reader, Place(None, size // WIDTH, width)) if width else b""
    peaks = [peak for tail in reversed(tails) for peak in _peaks_of(split(tail))]
    return Edge(tree.frontier_from(size, peaks), tuple(tails), bundle)


def _peaks_of(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the roots of the complete subtrees over `hashes`, the largest first."""
    frontier, _ = tree.EMPTY.extend(hashes)
    return [peak for peak in reversed(frontier.peaks) if peak]


# -- reading ------------------------------------------------------------------


def find(reader: TileReader, place: Place) -> bytes | None:
    """Return a tile's or bundle's bytes at the width asked for, or None.

    Falls back to the full file, as tlog-tiles allows a log to delete a partial
    one then. Whether the bytes are right is not judged.
    """
    data = reader(place.path())
    if data is None and place.width < WIDTH:
        data = reader(Place(place.level, place.number).path())
        if data is not None:
            data = _first(data, place)
    return data


def fetch(reader: TileReader, place: Place) -> bytes:
    """Like `find`, but raise `Unproven` when the file is missing or of the wrong length.

    A log that cannot show its leaves has proved nothing.
    """
    data = find(reader, place)
    if data is None:
        raise Unproven(Reason.NOT_FOUND, where=place.path(), detail="the log has no such file")
    if place.level is not None and len(data) != place.width * HASH_BYTES:
        raise Unproven(
            Reason.CORRUPT,
            where=place.path(),
            detail=f"the tile has {len(data)} bytes, not {place.width * HASH_BYTES}",
        )
    return data


def _first(data: bytes, place: Place) -> bytes:
    if place.level is not None:
        return data[: place.width * HASH_BYTES]
    try:
        return pack(unpack(data, where=place.path())[: place.width])
    except Malformed:
        return data


def entry_at(reader: TileReader, index: int, size: int) -> bytes:
    """Return the entry of one leaf of a log of `size` leaves."""
    if not 0 <= index < size:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="index", detail=f"the log has {size} leaves, none {index}"
        )
    number = index // WIDTH
    place = Place(None, number, width_of(size, 0, number))
    entries = unpack(fetch(reader, place), where=place.path())
    if len(entries) != place.width:
        raise Unproven(
            Reason.CORRUPT, where=place.path(), detail=f"{len(entries)} entries, not {place.width}"
        )
    return entries[index % WIDTH]

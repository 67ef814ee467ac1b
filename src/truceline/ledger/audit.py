"""The log hashed again from its entries, and every file held against the result.

Not the first flaw ends it: an auditor wants to know *which* leaves were touched.
Entries are held against the tiles of level 0, those against the levels above, and
the whole against a root that somebody signed. Memory does not grow with the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from truceline.errors import Malformed
from truceline.ledger import tiles, tree
from truceline.ledger.tiles import EMPTY_EDGE, HEIGHT, WIDTH, Edge, Place, TileReader
from truceline.ledger.tree import HASH_BYTES

GIVE_UP = 16
"""After so many pages in a row of which the log shows nothing, the rest is not asked for:
a host may sign any size, and must not keep its auditor busy for ever."""

_STRIDE = 16
"""Tiles taken at once: upper levels then cost little, and memory stays small."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One place where the log is not what it claims to be; `index` when it is one leaf."""

    path: str
    says: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One bundle and its tile as the log has them; None: the log does not have it."""

    number: int
    width: int
    bundle: bytes | None
    tile: bytes | None

    @property
    def first(self) -> int:
        """The index of the page's first leaf."""
        return self.number * WIDTH

    def bundle_place(self) -> str:
        """The path of the bundle."""
        return tiles.bundle_path(self.number, self.width)

    def tile_place(self) -> str:
        """The path of the tile."""
        return tiles.tile_path(0, self.number, self.width)


def pages(reader: TileReader, size: int) -> Iterator[Page]:
    """Yield every bundle of a log of `size` leaves beside its tile, in order.

    Ends early after `GIVE_UP` pages in a row that are missing altogether.
    """
    missing = 0
    for number in range(-(-size // WIDTH)):
        width = tiles.width_of(size, 0, number)
        page = Page(
            number,
            width,
            bundle=tiles.find(reader, Place(None, number, width)),
            tile=tiles.find(reader, Place(0, number, width)),
        )
        yield page
        missing = missing + 1 if page.bundle is None and page.tile is None else 0
        if missing == GIVE_UP:
            return


def check_page(page: Page) -> tuple[list[bytes], bytes | None, list[Flaw]]:
    """Return the page's entries, the leaf hashes to build on, and the flaws found.

    The tile's hashes are built on when there is a tile, so that one altered entry
    is one flaw rather than a wrong root; without a tile the entries' own hashes.
    """
    flaws: list[Flaw] = []
    entries = _entries(page, flaws)
    hashes = tree.leaf_hashes(entries) if entries else []
    if page.tile is None or len(page.tile) != page.width * HASH_BYTES:
        says = (
            "the log does not have this tile"
            if page.tile is None
            else "the tile has the wrong length"
        )
        flaws.append(Flaw(page.tile_place(), says))
        return entries, b"".join(hashes) if entries else None, flaws
    if entries and b"".join(hashes) != page.tile:
        flaws += [
            Flaw(
                page.bundle_place(),
                f"leaf {page.first + at} is not what its hash says",
                page.first + at,
            )
            for at, hashed in enumerate(hashes)
            if hashed != page.tile[at * HASH_BYTES : (at + 1) * HASH_BYTES]
        ]
    return entries, page.tile, flaws


def _entries(page: Page, flaws: list[Flaw]) -> list[bytes]:
    last = page.first + page.width - 1
    if page.bundle is None:
        flaws.append(
            Flaw(page.bundle_place(), f"the log does not show leaves {page.first} to {last}")
        )
        return []
    try:
        entries = tiles.unpack(page.bundle, where=page.bundle_place())
    except Malformed as error:
        flaws.append(Flaw(page.bundle_place(), error.detail))
        return []
    if len(entries) != page.width:
        flaws.append(
            Flaw(page.bundle_place(), f"the bundle has {len(entries)} entries, not {page.width}")
        )
        return []
    return entries


class Sweep:
    """The tree built again from level 0, page by page, and held against the upper tiles."""

    def __init__(self, reader: TileReader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._edge: Edge = EMPTY_EDGE
        self._waiting: list[bytes] = []
        self._whole = True
        self.flaws: list[Flaw] = []

    def take(self, hashes: bytes | None) -> None:
        """Add the next page's leaf hashes; None when they are unknown: no root follows then."""
        if hashes is None or not self._whole:
            self._whole = False
            return
        self._waiting += tiles.split(hashes)
        if len(self._waiting) >= _STRIDE * WIDTH:
            self._build()

    def root(self) -> bytes | None:
        """The root over all leaves, when every page was there; upper tiles are checked now."""
        if not self._whole:
            return None
        self._build()
        for path, made in self._edge.partial().items():
            self._compare(path, made)
        return self._edge.root()

    def _build(self) -> None:
        growth = tiles.grow_tiles(self._edge, self._waiting)
        self._edge, self._waiting = growth.edge, []
        for path, made in growth.full.items():
            self._compare(path, made)

    def _compare(self, path: str, made: bytes) -> None:
        """Hold an upper tile against what the level below makes of it, hash by hash."""
        place = tiles.read_path(path)
        if not place.level:
            return
        shown = tiles.find(self._reader, place)
        if shown is None or len(shown) != len(made):
            says = (
                "the log does not have this tile"
                if shown is None
                else "the tile has the wrong length"
            )
            self.flaws.append(Flaw(path, says))
        elif shown != made:
            self.flaws += [self._differs(place, at) for at in _different(shown, made)]

    def _differs(self, place: Place, at: int) -> Flaw:
        level = (place.level or 0) - 1
        below = tiles.tile_path(level, place.number * WIDTH + at)
        span = 1 << (HEIGHT * (level + 1))
        first = (place.number * WIDTH + at) * span
        return Flaw(
            place.path(),
            f"hash {at} is not the root of {below} (leaves {first} to {first + span - 1})",
        )


def _different(shown: bytes, made: bytes) -> list[int]:
    return [
        at // HASH_BYTES
        for at in range(0, len(made), HASH_BYTES)
        if shown[at : at + HASH_BYTES] != made[at : at + HASH_BYTES]
    ]


def check_hashes(reader: TileReader, size: int, root: bytes) -> list[Flaw]:
    """Hash the whole log again and return every flaw; none means the root is proved."""
    sweep = Sweep(reader, size)
    flaws: list[Flaw] = []
    for page in pages(reader, size):
        _, hashes, found = check_page(page)
        flaws += found
        sweep.take(hashes)
    made = sweep.root()
    if made is not None and made != root:
        flaws.append(
            Flaw(
                "checkpoint", f"the leaves give the root {made.hex()}, not the signed {root.hex()}"
            )
        )
    return flaws + sweep.flaws

"""The log's files as they are served: which names there are, as what, and for how long they hold.

Only names of the format are answered, so no path leads outside the log. Entry bundles
hold the clear side of each leaf, whole or cut: they are marked, so that a server can ask
who wants them. Everything else proves, and tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from truceline.errors import Malformed, Reason, Refused
from truceline.ledger import tiles
from truceline.ledger.tiles import WIDTH, Place
from truceline.ledger.tree import HASH_BYTES

FOR_EVER = "public, max-age=31536000, immutable"
FOR_EVER_YOURS = "private, max-age=31536000, immutable"
ASK_EACH_TIME = "no-cache"

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_JSON = "application/json"
_HEADS = {
    "checkpoint": _TEXT,
    "checkpoint.witnessed": _TEXT,
    "vkey": _TEXT,
    "snapshot": _JSON,
}
_SNAPSHOT = re.compile(r"snapshots/(0|[1-9][0-9]{0,15})\.json")


@dataclass(frozen=True, slots=True)
class Served:
    """A file of the log, and how it may be kept."""

    data: bytes
    media_type: str
    cache: str
    entries: bool = False


def serve(read: Callable[[str], bytes | None], path: str) -> Served:
    """Return the file at a path below the log's prefix; refuses what is not there.

    A partial tile that was removed is cut from its full one, which the format allows.
    """
    if path in _HEADS:
        return Served(_need(read(path), path), _HEADS[path], ASK_EACH_TIME)
    if _SNAPSHOT.fullmatch(path):
        return Served(_need(read(path), path), _JSON, ASK_EACH_TIME)
    try:
        place = tiles.read_path(path)
    except Malformed:
        raise _absent(path) from None
    data = _need(tiles.find(read, place), path)
    cache = FOR_EVER if place.width == WIDTH else ASK_EACH_TIME
    return Served(data, _BYTES, cache, entries=place.level is None)


def for_one(cache: str) -> str:
    """Return how a file may be kept that was handed to one reader: not where others are served."""
    return FOR_EVER_YOURS if cache == FOR_EVER else "private, " + cache


def narrowed(read: Callable[[str], bytes | None], size: int) -> Callable[[str], bytes | None]:
    """Return a reader that also finds partial tiles of sizes that were never published.

    They are cut from the tile as it stands in the published tree of `size` leaves; a tile
    only ever grows to the right, so its beginning is the tile of any earlier size.
    """

    def find(path: str) -> bytes | None:
        found = read(path)
        if found is not None or ".p/" not in path:
            return found
        place = tiles.read_path(path)
        if place.level is None:
            return None  # bundles are asked for by the published size alone
        width = tiles.width_of(size, place.level, place.number)
        if width <= place.width:
            return None
        wider = read(Place(place.level, place.number, width).path())
        return None if wider is None else wider[: place.width * HASH_BYTES]

    return find


def _need(data: bytes | None, path: str) -> bytes:
    if data is None:
        raise _absent(path)
    return data


def _absent(path: str) -> Refused:
    return Refused(
        Reason.NOT_FOUND,
        where=path[:80],
        detail="the log has no such file",
        remedy="See C2SP tlog-tiles for the names; `checkpoint` says how far the log goes",
    )

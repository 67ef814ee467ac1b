"""Zone contents as the rules and the map need them, read from the deposited files.

Reading one can cost a hundred times what its file took to send. So what was read is
remembered, and what was refused too, each up to a bound; and `weigh` reads one ahead of
the moment when somebody must wait for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.errors import Malformed, Reason, Refused
from truceline.geo.flatten import flatten
from truceline.geo.position import Position
from truceline.geo.volume import Operation, Polygon
from truceline.store.files import Files
from truceline.zones import document
from truceline.zones.boundary import ZoneContent, ZoneVolume

MAX_CONTENT_BYTES = 4 * 2**20
"""The most bytes of a zone content that can be put forward."""
_KEPT_BYTES = 32 * 2**20
_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class _Known:
    """What reading a file gave: a content with its area, or why it is none."""

    bytes: int
    content: ZoneContent | None = None
    area: BaseGeometry | None = None
    failure: Malformed | Refused | None = None

    def zone(self) -> ZoneContent:
        if self.failure is not None:
            # A new one each time: one exception that is raised again and again grows.
            kind, old = type(self.failure), self.failure
            raise kind(
                old.reason,
                detail=old.detail,
                where=old.where,
                article=old.article,
                remedy=old.remedy,
            )
        assert self.content is not None  # noqa: S101 -- told to the type checker
        return self.content


class Contents:
    """Zone contents by SHA-256; those used last are kept read. Safe to use from several threads."""

    def __init__(self, files: Files, *, kept_bytes: int = _KEPT_BYTES) -> None:
        self._files = files
        self._kept_bytes = kept_bytes
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._bytes = 0

    def __call__(self, sha256: str) -> ZoneContent:
        """Return the content; `Malformed` when the file is not one, `Refused` when it is not here."""
        return self.zone(sha256)

    def zone(self, sha256: str) -> ZoneContent:
        """Return the content; the same as calling."""
        return self._get(sha256).zone()

    def geometry(self, sha256: str) -> BaseGeometry | None:
        """Return the area on the ground, longitude first; None for a rule in words."""
        known = self._get(sha256)
        known.zone()
        return known.area

    def knows(self, sha256: str) -> bool:
        """Say whether this one was read already, whatever came of it."""
        return sha256 in self._known

    def weigh(self, sha256: str) -> None:
        """Read one, so that asking for it later costs nothing."""
        self._get(sha256)

    def _get(self, sha256: str) -> _Known:
        with self._lock:
            known = self._known.get(sha256)
            if known is not None:
                self._known.move_to_end(sha256)
                return known
        known = self._read(sha256)
        with self._lock:
            if sha256 not in self._known:
                self._known[sha256] = known
                self._bytes += known.bytes
            while len(self._known) > 1 and (
                self._bytes > self._kept_bytes or len(self._known) > _KEPT
            ):
                self._bytes -= self._known.popitem(last=False)[1].bytes
        return known

    def _read(self, sha256: str) -> _Known:
        data = bytearray()
        for chunk in self._files.stream(sha256):
            data += chunk
            if len(data) > MAX_CONTENT_BYTES:
                return _Known(0, failure=_too_large())
        try:
            content = document.decode(bytes(data))
            return _Known(len(data), content, area(content))
        except shapely.errors.GEOSException as error:
            failure = Malformed(Reason.BAD_GEOMETRY, where="zone", detail=str(error)[:200])
            return _Known(0, failure=failure)
        except (Malformed, Refused) as failure:
            return _Known(0, failure=failure.with_traceback(None))


def _too_large() -> Malformed:
    return Malformed(
        Reason.TOO_LARGE,
        where="zone",
        detail=f"a zone content has at most {MAX_CONTENT_BYTES} bytes",
        remedy="Leave out points that lie closer together than the boundary is known",
    )


def area(content: ZoneContent) -> BaseGeometry | None:
    """Return the area of a content: its volumes joined by their operations, in order."""
    if content.unresolved:
        return None
    joined: BaseGeometry = shapely.Polygon()
    for volume in content.volumes:
        joined = _join(joined, _flat(volume), volume.operation)
    return shapely.normalize(joined)


def _join(before: BaseGeometry, piece: BaseGeometry, how: Operation) -> BaseGeometry:
    match how:
        case Operation.UNION:
            return before.union(piece)
        case Operation.INTERSECT:
            return before.intersection(piece)
        case Operation.SUBTRACT:
            return before.difference(piece)


def _flat(volume: ZoneVolume) -> BaseGeometry:
    return shapely.union_all([_polygon(one) for one in flatten(volume.shape, edge=volume.edge)])


def _polygon(polygon: Polygon) -> BaseGeometry:
    return shapely.Polygon(_ring(polygon.outer), [_ring(hole) for hole in polygon.holes])


def _ring(ring: tuple[Position, ...]) -> list[tuple[float, float]]:
    return [(point.lon, point.lat) for point in ring]

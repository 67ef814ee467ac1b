"""Zone contents as the rules and the map need them, read from the deposited files."""

from __future__ import annotations

from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.geo.flatten import flatten
from truceline.geo.position import Position
from truceline.geo.volume import Operation, Polygon
from truceline.store.files import Files
from truceline.zones import document
from truceline.zones.boundary import ZoneContent, ZoneVolume

_KEPT = 512


class Contents:
    """Zone contents by SHA-256; the last few hundred are kept read."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.zone = lru_cache(_KEPT)(self._zone)

    def __call__(self, sha256: str) -> ZoneContent:
        """Return the content; `Malformed` when the file is not one, `Refused` when it is not here."""
        return self.zone(sha256)

    def _zone(self, sha256: str) -> ZoneContent:
        return document.decode(self._files.read(sha256))

    def geometry(self, sha256: str) -> BaseGeometry | None:
        """Return the area on the ground, longitude first; None for a rule in words."""
        return area(self.zone(sha256))


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

"""Vertex by vertex: one content read back against another, with the differences in metres."""

from __future__ import annotations

from dataclasses import dataclass

from truceline.geo.flatten import flatten
from truceline.geo.geodesic import distances_m
from truceline.geo.position import Position
from truceline.geo.ring import lonlat
from truceline.geo.volume import Ring
from truceline.zones.boundary import ZoneContent
from truceline.zones.lines import TOLERANCE_M, footprint, to_line


@dataclass(frozen=True, slots=True)
class VertexBack:
    """A vertex of one content, read back against the other.

    `same_m` is the distance to the vertex of the same number (None: there is none),
    `line_m` the distance to the other line.
    """

    volume: int
    polygon: int
    ring: int
    number: int
    position: Position
    same: Position | None
    same_m: float | None
    line_m: float


def read_back(a: ZoneContent, b: ZoneContent) -> tuple[VertexBack, ...]:
    """Return every vertex of `a` with its differences from `b` in metres.

    Rings are numbered from 1 with the outer ring first; curved shapes are read back
    as the vertices that stand for them. Empty where a side has no geometry.
    """
    if a.unresolved or b.unresolved:
        return ()
    partners = dict(_rings(b))
    rows = [
        (key, number, point, _at(partners.get(key, ()), number))
        for key, ring in _rings(a)
        for number, point in enumerate(ring)
    ]
    points = lonlat([point for _, _, point, _ in rows])
    others = lonlat([same or point for _, _, point, same in rows])
    off, _ = to_line(points, footprint(b))
    apart = distances_m(points[:, 1], points[:, 0], others[:, 1], others[:, 0])
    return tuple(
        VertexBack(
            *key, number + 1, point, same, float(apart[row]) if same else None, float(off[row])
        )
        for row, (key, number, point, same) in enumerate(rows)
    )


def _rings(content: ZoneContent) -> list[tuple[tuple[int, int, int], Ring]]:
    return [
        ((number, part, at), ring)
        for number, volume in enumerate(content.volumes, start=1)
        for part, polygon in enumerate(
            flatten(volume.shape, edge=volume.edge, tolerance_m=TOLERANCE_M), start=1
        )
        for at, ring in enumerate((polygon.outer, *polygon.holes), start=1)
    ]


def _at(ring: Ring, number: int) -> Position | None:
    return ring[number] if number < len(ring) else None

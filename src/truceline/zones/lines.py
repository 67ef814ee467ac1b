"""Lines on the ground: what a position covers, and how far two lines are apart.

Distances are geodesic, from points of one line to the nearest point of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.geo.flatten import flatten, to_shapely
from truceline.geo.geodesic import distances_m
from truceline.geo.position import Position, from_degrees
from truceline.geo.volume import Operation
from truceline.zones.boundary import ZoneContent, ZoneVolume

TOLERANCE_M = 0.25
"""How closely curved edges are followed before the sides are laid over each other."""

_STEP_DEG = 0.002
_MOST_SAMPLES = 12_000

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gap:
    """The greatest distance between the lines: from a point of one to the nearest of the other."""

    metres: float
    start: Position
    end: Position


def footprint(content: ZoneContent) -> Any:
    """Return the ground that a content covers, as a planar shape in degrees.

    Its volumes are joined in order by their operations.
    """
    made = shapely.Polygon()
    for volume in content.volumes:
        ground = _ground(volume)
        match volume.operation:
            case Operation.UNION:
                made = ground if made.is_empty else shapely.union(made, ground)
            case Operation.INTERSECT:
                made = shapely.intersection(made, ground)
            case Operation.SUBTRACT:
                made = shapely.difference(made, ground)
    return polygonal(made)


def _ground(volume: ZoneVolume) -> Any:
    found = [
        to_shapely(one) for one in flatten(volume.shape, edge=volume.edge, tolerance_m=TOLERANCE_M)
    ]
    return found[0] if len(found) == 1 else shapely.union_all(found)


def polygonal(shape: Any) -> Any:
    """Return the areas of a shape; lines and points where two lines touch enclose nothing."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = shapely.get_parts(shape)
    return shapely.multipolygons([one for one in parts if one.geom_type == "Polygon"])


def widths(shapes: Any, one: Any, other: Any) -> tuple[Floats, Gap | None, float]:
    """Return how far apart the lines are in each piece, the greatest gap, and the sampling step in metres.

    The border of a disputed piece is made of parts of both lines, so the points of
    all pieces' borders are all the places where the lines differ.
    """
    if not len(shapes) or one.is_empty or other.is_empty:
        return np.zeros(len(shapes)), None, 0.0
    step = max(_STEP_DEG, float(shapely.length(shapes).sum()) / _MOST_SAMPLES)
    points, owner = shapely.get_coordinates(shapely.segmentize(shapes, step), return_index=True)
    away, nearest = np.zeros(len(points)), points.copy()
    for line in (one, other):
        metres, found = to_line(points, line)
        farther = metres > away
        away[farther], nearest[farther] = metres[farther], found[farther]
    made = np.zeros(len(shapes))
    np.maximum.at(made, owner, away)
    at = int(np.argmax(away))
    gap = Gap(float(away[at]), _position(points[at]), _position(nearest[at]))
    return made, gap, step * 111_320


def to_line(points: Floats, area: Any) -> tuple[Floats, Floats]:
    """Return the geodesic distance of each point to an area's border, and the nearest point of it.

    The nearest edge is sought in Mercator, where small distances keep their order;
    the distance itself is then taken on the ellipsoid.
    """
    rings, _ = shapely.get_rings(shapely.get_parts(area), return_index=True)
    coords, ring = shapely.get_coordinates(shapely.segmentize(rings, 0.05), return_index=True)
    edge = np.flatnonzero(ring[:-1] == ring[1:])
    plane = _mercator(coords)
    tree = shapely.STRtree(shapely.linestrings(np.stack((plane[edge], plane[edge + 1]), axis=1)))
    flat = _mercator(points)
    hit = edge[tree.nearest(shapely.points(flat))]
    start, along = plane[hit], plane[hit + 1] - plane[hit]
    length2 = np.maximum((along**2).sum(axis=1), 1e-30)
    share = np.clip(((flat - start) * along).sum(axis=1) / length2, 0, 1)[:, None]
    nearest = coords[hit] + (coords[hit + 1] - coords[hit]) * share
    return distances_m(points[:, 1], points[:, 0], nearest[:, 1], nearest[:, 0]), nearest


def _mercator(coords: Floats) -> Floats:
    lat = np.radians(coords[:, 1])
    return np.column_stack((coords[:, 0], np.degrees(np.arctanh(np.sin(lat)))))


def _position(point: Floats) -> Position:
    return from_degrees(lat=float(point[1]), lon=float(point[0]))

"""Areas over longitude 180, cut there: everything that tests a point works in plain longitudes.

A ring is followed with its longitudes unrolled and cut at every 180th meridian that it
crosses; where a geodesic crosses it is found on the geodesic. An area around a pole is
left to be refused: it has no such cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely

from truceline.geo.geodesic import geod
from truceline.geo.position import E7, Position
from truceline.geo.ring import ring_of
from truceline.geo.volume import Edge, MultiPolygon, Polygon, Ring

_HALF = 180.0
_STEPS = 60

type _Points = list[tuple[float, float]]


def split(polygon: Polygon, *, edge: Edge) -> tuple[Polygon, ...]:
    """Return the polygons that an area over longitude 180 comes to; one that is not over it as it is.

    An area that cannot be cut (around a pole, an edge over half the earth, rhumb lines)
    is returned as it is, for `check_polygon` to refuse with its place.
    """
    rings = (polygon.outer, *polygon.holes)
    if edge is Edge.RHUMB or not any(_crosses(ring) for ring in rings):
        return (polygon,)
    unrolled = [_unrolled(ring, edge) for ring in rings]
    if not all(unrolled):
        return (polygon,)
    outer = unrolled[0]
    made = shapely.Polygon(outer, [_beside(hole, outer) for hole in unrolled[1:]])
    if not made.is_valid:
        return (polygon,)
    return tuple(_strips(made)) or (polygon,)


def split_area(area: Polygon | MultiPolygon, *, edge: Edge) -> Polygon | MultiPolygon:
    """Return an area cut at longitude 180."""
    polygons = area.polygons if isinstance(area, MultiPolygon) else (area,)
    made = tuple(part for one in polygons for part in split(one, edge=edge))
    return area if made == polygons else MultiPolygon(made)


def _crosses(ring: Ring) -> bool:
    return any(
        abs(a.lon_e7 - b.lon_e7) > _HALF * E7
        for a, b in zip(ring, (*ring[1:], *ring[:1]), strict=True)
    )


def _unrolled(ring: Ring, edge: Edge) -> _Points:
    """The ring as longitude and latitude without jumps, cut where it crosses; empty around a pole."""
    points: _Points = []
    turn = 0.0
    for number, (a, b) in enumerate(pairwise((*ring, ring[0]))):
        step = b.lon_e7 - a.lon_e7
        if abs(step) == _HALF * E7:
            return []
        if number == 0:
            points.append((a.lon, a.lat))
        jump = -360.0 if step > _HALF * E7 else 360.0 if step < -_HALF * E7 else 0.0
        if jump:
            points.append(((turn + _HALF if jump > 0 else turn - _HALF), _crossing(a, b, edge)))
        turn += jump
        points.append((b.lon + turn, b.lat))
    return points[:-1] if turn == 0 else []


def _crossing(a: Position, b: Position, edge: Edge) -> float:
    """The latitude at which the edge from one point to another crosses longitude 180."""
    if edge is Edge.LONLAT:
        to_a, to_b = _HALF - abs(a.lon), _HALF - abs(b.lon)
        return a.lat if to_a + to_b == 0 else a.lat + (b.lat - a.lat) * to_a / (to_a + to_b)
    azimuth, _, length = geod().inv(a.lon, a.lat, b.lon, b.lat)
    low, high, lat = 0.0, float(length), a.lat
    for _ in range(_STEPS):
        middle = (low + high) / 2
        lon, lat, _ = geod().fwd(a.lon, a.lat, azimuth, middle)
        if (lon < 0) == (a.lon < 0):
            low = middle
        else:
            high = middle
    return float(lat)


def _beside(hole: _Points, outer: _Points) -> _Points:
    """The hole on the turn of the earth on which its outer ring was unrolled."""
    middle = [sum(x for x, _ in one) / len(one) for one in (hole, outer)]
    shift = 360.0 * round((middle[1] - middle[0]) / 360.0)
    return [(x + shift, y) for x, y in hole]


def _strips(made: shapely.Polygon) -> Sequence[Polygon]:
    west, _, east, _ = made.bounds
    found: list[Polygon] = []
    for turn in range(round((west - _HALF) / 360.0), round((east + _HALF) / 360.0) + 1):
        left = 360.0 * turn - _HALF
        part = shapely.intersection(made, shapely.box(left, -90.0, left + 360.0, 90.0))
        for one in shapely.get_parts(part):
            if one.geom_type == "Polygon" and one.area > 0:
                found.append(_polygon(one, 360.0 * turn))
    return found


def _polygon(one: shapely.Polygon, shift: float) -> Polygon:
    rings = [np.asarray(ring.coords) - (shift, 0.0) for ring in (one.exterior, *one.interiors)]
    return Polygon(ring_of(rings[0]), tuple(ring_of(ring) for ring in rings[1:]))

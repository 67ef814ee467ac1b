"""Areas of the drone interface on the sphere: over poles and the antimeridian, as the standard has them.

A polygon's edges are shortest paths (ASTM F3548-21, LatLngPoint), a circle is a cap. Latitude
is taken as the angle on a sphere. In the gnomonic projection every great circle is a straight
line, so that two polygons are compared in a plane about the middle of one of them, exactly and
wherever on earth they lie. A radius is turned into an angle by the smallest curvature that
the ellipsoid has there: a circle is never smaller than told, and at most 0.7 % wider.
A winding order means nothing: a polygon is the smaller of the two sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.errors import Malformed, Reason
from truceline.geo.area import WGS84_A_M, WGS84_F

AUTHALIC_M = 6_371_007.18
"""Radius of the sphere with the ellipsoid's area."""

MOST_REACH_DEG = 6.0
"""A footprint reaches at most this far from its middle (about 670 km)."""

_E2 = WGS84_F * (2 - WGS84_F)
_TOUCH = 1e-9
"""Angles (radians) that count as none: 6 mm on the ground; the standard asks for 1 cm."""

_LEAST_AREA = 1e-14
"""Steradians that count as none: 0.4 square metres."""

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Footprint:
    """A circle (no `ring`) or a polygon on the sphere, with the cap around it.

    `middle` is a unit vector, `reach` the angle in radians from it to the farthest point,
    `ring` the polygon's vertices as unit vectors, row by row.
    """

    middle: tuple[float, float, float]
    reach: float
    ring: tuple[tuple[float, float, float], ...] = ()

    @property
    def area_km2(self) -> float:
        """The area inside, in square kilometres."""
        steradians = _polygon_area(self) if self.ring else math.tau * (1 - math.cos(self.reach))
        return steradians * (AUTHALIC_M / 1000) ** 2


def circle(*, lat: float, lon: float, radius_m: float) -> Footprint:
    """Return the circle around a point; refuses a radius that is not above zero, or far too large."""
    if not (math.isfinite(radius_m) and radius_m > 0):
        raise _bad("radius", f"{radius_m} is not a radius above zero")
    middle = _unit(lat, lon)
    reach = radius_m / _least_curvature_m(lat, radius_m)
    if math.degrees(reach) > MOST_REACH_DEG:
        raise _large(f"a radius of {radius_m:g} m reaches farther than an area may")
    return Footprint(middle, reach)


def polygon(points: Sequence[tuple[float, float]]) -> Footprint:
    """Return the polygon of (latitude, longitude) vertices; the last must not repeat the first.

    Refuses fewer than three vertices, repeated ones, edges that cross, and areas that reach
    farther than `MOST_REACH_DEG` from their middle.
    """
    if len(points) < 3:
        raise _bad("polygon", f"{len(points)} vertices; it needs three")
    ring = tuple(_unit(lat, lon) for lat, lon in points)
    rows = np.array(ring)
    total = rows.sum(axis=0)
    length = float(np.linalg.norm(total))
    if length < 1e-6 * len(ring):
        raise _large("the polygon's vertices lie all around the earth")
    middle = _triple(total / length)
    reach = float(_angles(rows, np.array(middle)).max())
    if math.degrees(reach) > MOST_REACH_DEG:
        raise _large("the polygon reaches farther from its middle than an area may")
    _check_simple(rows, np.array(middle))
    return Footprint(middle, reach, ring)


def overlap(a: Footprint, b: Footprint) -> bool:
    """Say whether two footprints have a point in common; touching counts."""
    apart = _angle(a.middle, b.middle)
    if apart > a.reach + b.reach + _TOUCH:
        return False
    if not a.ring and not b.ring:
        return True
    if a.ring and b.ring:
        plane = _Plane(a.middle)
        return bool(shapely.intersects(plane.polygon(a.ring), plane.polygon(b.ring)))
    ring, cap = (a, b) if a.ring else (b, a)
    return _distance(cap.middle, ring.ring) <= cap.reach + _TOUCH


def covers(whole: Footprint, part: Footprint) -> bool:
    """Say whether `part` lies within `whole`; sharing the edge counts."""
    if _angle(whole.middle, part.middle) > whole.reach + _TOUCH + part.reach:
        return False
    if not whole.ring:
        return _farthest(whole.middle, part) <= whole.reach + _TOUCH
    if not part.ring:
        middle_in = _distance(part.middle, whole.ring) == 0.0
        return middle_in and _to_edges(part.middle, whole.ring) + _TOUCH >= part.reach
    plane = _Plane(whole.middle)
    outer = plane.polygon(whole.ring).buffer(_TOUCH, join_style="mitre")
    return bool(shapely.covers(outer, plane.polygon(part.ring)))


# -- the sphere ----------------------------------------------------------------------------


def _unit(lat: float, lon: float) -> tuple[float, float, float]:
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where="lat, lng",
            detail=f"lat {lat}, lng {lon} is outside -90..90, -180..180",
        )
    phi, lam = math.radians(lat), math.radians(lon)
    return (math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi))


def _least_curvature_m(lat: float, radius_m: float) -> float:
    """The meridian's radius of curvature where the circle comes nearest to the equator."""
    nearest = max(0.0, abs(lat) - math.degrees(radius_m / WGS84_A_M) - 0.1)
    sine = math.sin(math.radians(nearest))
    return float(WGS84_A_M * (1 - _E2) / (1 - _E2 * sine * sine) ** 1.5)


def _angle(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """The angle between two unit vectors, exact for small ones too."""
    cross = (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
    return math.atan2(math.hypot(*cross), a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def _angles(rows: Floats, to: Floats) -> Floats:
    cross = np.linalg.norm(np.cross(rows, to), axis=1)
    return np.asarray(np.arctan2(cross, rows @ to), dtype=np.float64)


def _triple(row: Floats) -> tuple[float, float, float]:
    return (float(row[0]), float(row[1]), float(row[2]))


class _Plane:
    """The gnomonic plane that touches the sphere at a point: great circles are straight in it."""

    def __init__(self, middle: tuple[float, float, float]) -> None:
        self._up = np.array(middle)
        helper = np.eye(3)[int(np.argmin(np.abs(self._up)))]
        east = np.cross(helper, self._up)
        self._east = east / np.linalg.norm(east)
        self._north = np.cross(self._up, self._east)

    def points(self, rows: Floats) -> Floats:
        height = rows @ self._up
        return np.column_stack((rows @ self._east / height, rows @ self._north / height))

    def polygon(self, ring: tuple[tuple[float, float, float], ...]) -> shapely.Polygon:
        return shapely.Polygon(self.points(np.array(ring)))


def _check_simple(rows: Floats, middle: Floats) -> None:
    made = shapely.Polygon(_Plane(_triple(middle)).points(rows))
    turned = np.roll(rows, -1, axis=0)
    if float(np.linalg.norm(rows - turned, axis=1).min()) < _TOUCH:
        raise _bad("polygon", "a vertex is repeated; the last must not repeat the first")
    if not made.is_valid or made.area < _LEAST_AREA:
        raise _bad("polygon", f"it has no inside: {shapely.is_valid_reason(made).split('[')[0]}")


def _polygon_area(one: Footprint) -> float:
    """Steradians, by the triangles from the middle (Van Oosterom and Strackee 1983)."""
    a, up = np.array(one.ring), np.array(one.middle)
    b = np.roll(a, -1, axis=0)
    triple = np.cross(a, b) @ up
    below = 1 + a @ up + b @ up + (a * b).sum(axis=1)
    return abs(float((2 * np.arctan2(triple, below)).sum()))


def _distance(point: tuple[float, float, float], ring: tuple[tuple[float, ...], ...]) -> float:
    """The angle from a point to a polygon; 0 within it."""
    rows, at = np.array(ring), np.array(point)
    nearest = _to_edges(point, ring)
    if nearest < math.pi / 4 and (rows @ at).min() > 0.05:
        plane = _Plane(point)
        if shapely.intersects_xy(shapely.Polygon(plane.points(rows)), 0.0, 0.0):
            return 0.0
    return nearest


def _to_edges(point: tuple[float, float, float], ring: tuple[tuple[float, ...], ...]) -> float:
    """The least angle from a point to the edges of a ring."""
    at, a = np.array(point), np.array(ring)
    b = np.roll(a, -1, axis=0)
    normal = np.cross(a, b)
    long = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.where(long == 0, 1, long)
    beside = (np.cross(normal, a) @ at >= 0) & (np.cross(b, normal) @ at >= 0)
    across = np.abs(np.arcsin(np.clip(normal @ at, -1, 1)))
    ends = np.minimum(_angles(a, at), _angles(b, at))
    return float(np.where(beside, across, ends).min())


def _farthest(middle: tuple[float, float, float], part: Footprint) -> float:
    if not part.ring:
        return _angle(middle, part.middle) + part.reach
    # Along an edge the distance from a point less than 90 degrees away is greatest at an end.
    return float(_angles(np.array(part.ring), np.array(middle)).max())


def _bad(where: str, detail: str) -> Malformed:
    return Malformed(Reason.BAD_GEOMETRY, where=where, detail=detail)


def _large(detail: str) -> Malformed:
    return Malformed(Reason.TOO_LARGE, where="area", detail=detail)

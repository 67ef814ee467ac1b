"""Distances, bearings and areas along geodesics of the WGS 84 ellipsoid (Karney, by PROJ)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from truceline.geo.position import Position, from_degrees
from truceline.geo.ring import lonlat
from truceline.geo.volume import Polygon, Ring

NAUTICAL_MILE_M = 1852.0

type Floats = NDArray[np.float64]


@cache
def geod() -> Any:
    """The ellipsoid: WGS 84."""
    return Geod(ellps="WGS84")


def distance_m(a: Position, b: Position) -> float:
    """Return the length in metres of the shortest path."""
    return float(geod().inv(a.lon, a.lat, b.lon, b.lat)[2])


def bearing_deg(a: Position, b: Position) -> float:
    """Return the true bearing at `a` towards `b`, 0 to 360; 0 where they are one point."""
    return float(geod().inv(a.lon, a.lat, b.lon, b.lat)[0]) % 360


def destination(start: Position, *, bearing: float, metres: float) -> Position:
    """Return the point this far from `start` on this true bearing (degrees)."""
    lon, lat, _ = geod().fwd(start.lon, start.lat, bearing, metres)
    return from_degrees(lat=lat, lon=lon)


def along(a: Position, b: Position, *, fraction: float) -> Position:
    """Return the point at this fraction (0 to 1) of the shortest path."""
    azimuth, _, length = geod().inv(a.lon, a.lat, b.lon, b.lat)
    return destination(a, bearing=azimuth, metres=length * fraction)


def ring_area_m2(ring: Ring) -> float:
    """Return the area in m2 inside a ring with geodesic edges, whatever its winding."""
    coords = lonlat(ring)
    return abs(float(geod().polygon_area_perimeter(coords[:, 0], coords[:, 1])[0]))


def area_m2(polygon: Polygon) -> float:
    """Return the area in m2 of a polygon with geodesic edges, less its holes."""
    return ring_area_m2(polygon.outer) - sum(ring_area_m2(hole) for hole in polygon.holes)


def distances_m(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Return the lengths in metres of many shortest paths, pair by pair."""
    return np.asarray(geod().inv(lon_a, lat_a, lon_b, lat_b)[2], dtype=np.float64)

"""Area on the ellipsoid of what lines in longitude and latitude enclose.

The area between an edge and the equator is the integral of the authalic function
over longitude (Snyder, Map Projections, USGS PP 1395, eq. 3-11 and 3-12). Along an
edge that is straight in longitude and latitude it is taken by Gauss-Legendre
quadrature with five points; over a degree that is exact to a square metre. Rings
with geodesic edges are flattened first (`geo/flatten.py`) or measured by
`geo/geodesic.py`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

WGS84_A_M = 6_378_137.0
WGS84_F = 1 / 298.257223563
WGS84_B_M = WGS84_A_M * (1 - WGS84_F)
_E = math.sqrt(WGS84_F * (2 - WGS84_F))
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)

type Floats = NDArray[np.float64]


def ring_area_m2(coords: Floats) -> float:
    """Return the signed area in m2 of a ring of (lon, lat) rows; positive when anticlockwise."""
    return float(np.sum(edge_areas_m2(coords, np.roll(coords, -1, axis=0))))


def edge_areas_m2(start: Floats, end: Floats) -> Floats:
    """Return, edge by edge, the signed area between the edge and the equator (westward positive)."""
    fraction = (_NODES + 1) / 2
    lat = np.radians(start[:, 1:2] + (end[:, 1:2] - start[:, 1:2]) * fraction)
    mean = (_authalic(lat) * (_WEIGHTS / 2)).sum(axis=1)
    return np.asarray(np.radians(start[:, 0] - end[:, 0]) * mean, dtype=np.float64)


def _authalic(lat: Floats) -> Floats:
    """Area in m2 from the equator to a latitude, for each radian of longitude."""
    sine = np.sin(lat)
    total = sine / (1 - (_E * sine) ** 2) + np.arctanh(_E * sine) / _E
    return np.asarray(WGS84_B_M**2 / 2 * total, dtype=np.float64)

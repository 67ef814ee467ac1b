"""Metres in a degree, and how far a point is from a border.

Near a point the earth is flat enough: a degree is as long as the radii of
curvature of WGS 84 at that latitude say. At 10 km from a border the error is about
a metre, at 100 km about a hundred; a depth that is reported is measured again with
the geodesic to the border point found here.
"""

from __future__ import annotations

import numpy as np

from truceline.airspace.fix import Floats

A_M = 6_378_137.0
E2 = 6.69437999014e-3
_CHUNK = 2_000_000


def metres_per_degree(lat: Floats) -> tuple[Floats, Floats]:
    """Return the length of a degree of longitude and of latitude, in metres."""
    phi = np.radians(lat)
    bent = 1 - E2 * np.sin(phi) ** 2
    east = np.radians(A_M / np.sqrt(bent) * np.cos(phi))
    north = np.radians(A_M * (1 - E2) / bent**1.5)
    return east, north


def border_distance_m(edges: Floats, lon: Floats, lat: Floats) -> Floats:
    """Return the distance of each point to the nearest of the edges (x0, y0, x1, y1), in metres."""
    east, north = metres_per_degree(lat)
    found = np.empty(len(lon))
    step = max(1, _CHUNK // max(1, len(edges)))
    for start in range(0, len(lon), step):
        part = slice(start, start + step)
        found[part] = _nearest(edges, lon[part], lat[part], east[part], north[part])
    return found


def _nearest(edges: Floats, lon: Floats, lat: Floats, east: Floats, north: Floats) -> Floats:
    ax = (edges[None, :, 0] - lon[:, None]) * east[:, None]
    ay = (edges[None, :, 1] - lat[:, None]) * north[:, None]
    dx = (edges[:, 2] - edges[:, 0])[None, :] * east[:, None]
    dy = (edges[:, 3] - edges[:, 1])[None, :] * north[:, None]
    square = dx * dx + dy * dy
    with np.errstate(invalid="ignore", divide="ignore"):
        along = np.clip(-(ax * dx + ay * dy) / square, 0.0, 1.0)
    along = np.where(square > 0, along, 0.0)
    apart = (ax + along * dx) ** 2 + (ay + along * dy) ** 2
    return np.asarray(np.sqrt(apart.min(axis=1)), dtype=np.float64)

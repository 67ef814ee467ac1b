"""A plane that touches the earth at a point: metres east and north of it.

Azimuthal equidistant on WGS 84: distances from the middle are exact, and others within
0.05 % at 300 km and 0.5 % at 1,000 km from it. Farther than `MOST_M` a place has no
coordinates here, rather than bad ones.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Proj

from truceline.geo.position import Position, from_degrees

MOST_M = 1_000_000.0
"""Places farther from the middle are refused by `holds`."""

type Floats = NDArray[np.float64]


class Plane:
    """A plane with its middle at a position."""

    __slots__ = ("_proj", "middle")

    def __init__(self, middle: Position) -> None:
        self.middle = middle
        self._proj: Any = Proj(proj="aeqd", lat_0=middle.lat, lon_0=middle.lon, ellps="WGS84")

    def metres(self, position: Position) -> tuple[float, float]:
        """Return metres east and north of the middle."""
        east, north = self._proj(position.lon, position.lat)
        return float(east), float(north)

    def many(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Return metres east and north of many positions, in degrees."""
        east, north = self._proj(lon, lat)
        return np.asarray(east, dtype=np.float64), np.asarray(north, dtype=np.float64)

    def position(self, east_m: float, north_m: float) -> Position:
        """Return the position at these metres."""
        lon, lat = self._proj(east_m, north_m, inverse=True)
        return from_degrees(lat=lat, lon=lon)

    def holds(self, position: Position) -> bool:
        """Say whether a position is near enough to the middle to be drawn here."""
        return math.hypot(*self.metres(position)) <= MOST_M

"""A point on the earth, WGS 84, written as integers so that it can be signed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from truceline.errors import Malformed, Reason

E7 = 10_000_000
"""Units in a degree: 1e-7 degree is about 11 mm on the ground."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Latitude and longitude in units of 1e-7 degree; never a bare pair."""

    lat_e7: int
    lon_e7: int

    def __post_init__(self) -> None:
        if not -90 * E7 <= self.lat_e7 <= 90 * E7:
            raise Malformed(
                Reason.OUT_OF_RANGE,
                where="lat",
                detail=f"latitude {self.lat_e7 / E7} is outside -90..90",
                remedy="If latitude and longitude are swapped, swap them back",
            )
        if not -180 * E7 <= self.lon_e7 <= 180 * E7:
            raise Malformed(
                Reason.OUT_OF_RANGE,
                where="lon",
                detail=f"longitude {self.lon_e7 / E7} is outside -180..180",
            )

    @property
    def lat(self) -> float:
        """Latitude in degrees."""
        return self.lat_e7 / E7

    @property
    def lon(self) -> float:
        """Longitude in degrees."""
        return self.lon_e7 / E7


def from_degrees(*, lat: float, lon: float) -> Position:
    """Return the position at these degrees, rounded to 1e-7; NaN and infinity are refused."""
    if not (math.isfinite(lat) and math.isfinite(lon)):
        raise Malformed(
            Reason.OUT_OF_RANGE, where="position", detail=f"lat {lat}, lon {lon} is not a number"
        )
    return Position(round(lat * E7), round(lon * E7))

"""Compact position reporting: from two 17-bit numbers back to a place on the globe.

A frame tells where in its zone an aircraft is, not in which zone. An even and an odd
frame that are near in time tell both (global); one frame and a place nearby tell it
too (local). After ICAO Doc 9871, appendix C.2.6, and DO-260B A.1.7. On the surface the
zones are a quarter as large: a place nearby is always needed.
"""

from __future__ import annotations

from bisect import bisect_left
from math import acos, cos, floor, pi

type Place = tuple[float, float]
"""Latitude and longitude in degrees."""
type Code = tuple[int, int]
"""Encoded latitude and longitude, 17 bits each."""

_BITS = 131_072.0
_ZONES = 15
"""Latitude zones between the equator and a pole."""


def _edges() -> list[float]:
    """The latitudes at which the number of longitude zones falls, from the pole down."""
    part = 1 - cos(pi / (2 * _ZONES))
    return [
        acos((part / (1 - cos(2 * pi / zones))) ** 0.5) * 180 / pi for zones in range(59, 1, -1)
    ]


_EDGES = _edges()


def zones_at(lat: float) -> int:
    """Return the number of longitude zones at a latitude: 59 at the equator, 1 at the poles."""
    return 59 - bisect_left(_EDGES, abs(lat))


def across(even: Code, odd: Code, *, odd_is_newer: bool) -> Place | None:
    """Return the place of the newer frame of an airborne pair; None where the pair does not fit.

    A pair does not fit when its latitudes have a different number of longitude zones: the
    aircraft passed an edge between the frames, or they are not of one flight.
    """
    even_lat, odd_lat = even[0] / _BITS, odd[0] / _BITS
    zone = floor(59 * even_lat - 60 * odd_lat + 0.5)
    lat_even = _latitude(6.0 * (zone % 60 + even_lat))
    lat_odd = _latitude(360 / 59 * (zone % 59 + odd_lat))
    if not (abs(lat_even) <= 90 and abs(lat_odd) <= 90) or zones_at(lat_even) != zones_at(lat_odd):
        return None
    lat = lat_odd if odd_is_newer else lat_even
    around = zones_at(lat)
    count = max(around - odd_is_newer, 1)
    index = floor((even[1] * (around - 1) - odd[1] * around) / _BITS + 0.5)
    lon = 360 / count * (index % count + (odd[1] if odd_is_newer else even[1]) / _BITS)
    return lat, _longitude(lon)


def near(code: Code, place: Place, *, is_odd: bool, on_surface: bool = False) -> Place | None:
    """Return the place of one frame that is nearest to a place; None beyond a pole.

    It is the right one while the aircraft is within half a zone of it: 180 NM in the air,
    45 NM on the surface.
    """
    span = 90.0 if on_surface else 360.0
    lat_step = span / (60 - is_odd)
    lat = _nearest(code[0] / _BITS, place[0], lat_step)
    if abs(lat) > 90:
        return None
    lon_step = span / max(zones_at(lat) - is_odd, 1)
    return lat, _longitude(_nearest(code[1] / _BITS, place[1], lon_step))


def _nearest(part: float, around: float, step: float) -> float:
    share = (around % step) / step
    return step * (floor(around / step) + floor(0.5 + share - part) + part)


def _latitude(degrees: float) -> float:
    return degrees - 360 if degrees >= 270 else degrees


def _longitude(degrees: float) -> float:
    return (degrees + 180) % 360 - 180

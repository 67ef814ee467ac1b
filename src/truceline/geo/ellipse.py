"""Where an observer's distance and bearing put an event, and how surely.

Someone at a known place saw something on a bearing at a distance, each with an
error. The error ellipse has one axis along the line of sight (distance error) and
one across it (distance times bearing error); the observer's own error widens both.
All errors are one standard deviation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from truceline.errors import Malformed, Reason
from truceline.geo.geodesic import destination
from truceline.geo.position import Position

_FACTORS = {39: 1.0, 50: 1.177, 90: 2.146, 95: 2.448, 99: 3.035}
"""Share of a two-dimensional normal distribution in percent: sqrt(-2 ln(1 - p))."""


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A place and its uncertainty: half axes for one standard deviation, in millimetres.

    `bearing_e7` is the true bearing of the major axis, in units of 1e-7 degree, 0 to 180.
    """

    centre: Position
    major_mm: int
    minor_mm: int
    bearing_e7: int


def sighting(
    observer: Position,
    *,
    bearing: float,
    bearing_sigma_deg: float,
    distance_m: float,
    distance_sigma_m: float,
    observer_sigma_m: float = 0.0,
) -> Ellipse:
    """Return the ellipse of an event seen from `observer`.

    Refuses a negative or missing error: one that is not known must be estimated by a
    person, never taken as zero.
    """
    values = (bearing, bearing_sigma_deg, distance_m, distance_sigma_m, observer_sigma_m)
    if not all(math.isfinite(value) for value in values) or min(values[1:]) < 0:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="sighting", detail="distance and errors must be zero or more"
        )
    along = math.hypot(distance_sigma_m, observer_sigma_m)
    across = math.hypot(distance_m * math.radians(bearing_sigma_deg), observer_sigma_m)
    turned = bearing if along >= across else bearing + 90
    return Ellipse(
        destination(observer, bearing=bearing, metres=distance_m),
        round(max(along, across) * 1000),
        round(min(along, across) * 1000),
        round((turned % 180) * 10_000_000),
    )


def outline(ellipse: Ellipse, *, percent: int = 95, vertices: int = 72) -> tuple[Position, ...]:
    """Return the ring that holds the event with this probability (39, 50, 90, 95 or 99 %)."""
    if percent not in _FACTORS:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where="percent",
            detail=f"{percent} is not one of {sorted(_FACTORS)}",
        )
    factor = _FACTORS[percent] / 1000
    points = []
    for number in range(vertices):
        angle = 2 * math.pi * number / vertices
        x, y = ellipse.major_mm * math.cos(angle), ellipse.minor_mm * math.sin(angle)
        bearing = ellipse.bearing_e7 / 10_000_000 + math.degrees(math.atan2(y, x))
        points.append(
            destination(ellipse.centre, bearing=bearing, metres=math.hypot(x, y) * factor)
        )
    return tuple(points)

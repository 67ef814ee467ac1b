"""A sighting: what a person saw or heard of an aircraft, from where, and how surely.

Nobody is asked for a point. An observer says where they stand, on which bearing and in
which distance band, where the aircraft was heading, what it was and when; each has an
error (DOMAIN 2.1). `placed` turns that into a place in a plane with its covariance. What
was heard was there earlier: sound needs three seconds for a kilometre, and the doubt
about the distance becomes doubt about the time.

An observer's place is as sensitive as a site; here it is a value like any other, on the
record it is sealed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from truceline.airspace.fix import Floats
from truceline.errors import Malformed, Reason
from truceline.geo.plane import Plane
from truceline.geo.position import Position

SOUND_M_S = 335.0
"""Speed of sound near the ground; 331 at 0 degrees, 343 at 20, less aloft."""
_SECOND_US = 1_000_000


class Means(StrEnum):
    """How it was noticed."""

    SEEN = "seen"
    HEARD = "heard"


class Band(StrEnum):
    """How far away it seemed, over the ground; people tell bands better than metres."""

    OVERHEAD = "overhead"
    NEAR = "near"
    MIDDLE = "middle"
    FAR = "far"
    HORIZON = "horizon"


METRES_OF: Mapping[Band, tuple[float, float]] = {
    Band.OVERHEAD: (0.0, 1_000.0),
    Band.NEAR: (1_000.0, 3_000.0),
    Band.MIDDLE: (3_000.0, 7_000.0),
    Band.FAR: (7_000.0, 15_000.0),
    Band.HORIZON: (15_000.0, 30_000.0),
}
"""From and to, in metres over the ground."""


class Craft(StrEnum):
    """What it was taken for."""

    JET = "jet"
    HELICOPTER = "helicopter"
    DRONE = "drone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a type of aircraft goes over the ground, and how often it turns.

    `mean_m_s`, `sigma_m_s`: speed. `turns_h`: turns in an hour; `turn_deg`: their spread
    (one standard deviation).
    """

    mean_m_s: float
    sigma_m_s: float
    turns_h: float
    turn_deg: float


PACES: Mapping[Craft, Pace] = {
    Craft.JET: Pace(220.0, 40.0, 3.0, 25.0),
    Craft.HELICOPTER: Pace(80.0, 60.0, 6.0, 40.0),
    Craft.DRONE: Pace(50.0, 35.0, 6.0, 45.0),
    Craft.UNKNOWN: Pace(190.0, 70.0, 3.0, 25.0),
}
"""Speeds: DOMAIN has none. Jets: the tracks of docs/air-sightings.md, widened so that a
combat aircraft at 150 to 280 m/s is inside one and a half sigma; helicopters: 110 to 290
km/h; drones: propeller-driven long-range ones at 100 to 200 km/h and small ones below."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One observer's report. Times are microseconds since the epoch, UTC; errors one sigma.

    `name`: the record's id, or a row's. `observer`: who, by a name that need not be a
    person's. `seen_at` is the observer's clock, `received_at` ours.
    """

    name: str
    observer: str
    place: Position
    place_sigma_m: float
    bearing_deg: float
    bearing_sigma_deg: float
    band: Band
    heading_deg: float | None
    heading_sigma_deg: float
    craft: Craft
    count: int
    means: Means
    seen_at: int
    received_at: int

    def __post_init__(self) -> None:
        _check("bearing", self.bearing_deg, 0, 360)
        _check("bearing error", self.bearing_sigma_deg, 0.1, 180)
        _check("place error", self.place_sigma_m, 0, 100_000)
        if self.heading_deg is not None:
            _check("heading", self.heading_deg, 0, 360)
            _check("heading error", self.heading_sigma_deg, 0.1, 180)
        if not 1 <= self.count <= 1_000:
            raise _out_of_range("count", f"{self.count} is not 1 to 1000 aircraft")
        if min(self.seen_at, self.received_at) < 0:
            raise _out_of_range("time", "a time before 1970")

    @property
    def delay_s(self) -> float:
        """How long the report took; negative where the observer's clock is ahead."""
        return (self.received_at - self.seen_at) / _SECOND_US


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a sighting puts the aircraft at a moment, in metres of a plane.

    `at` is when the aircraft was there: for what was heard, earlier than it was heard.
    `heading` is in radians from north, with its sigma; None if none was given.
    """

    sighting: Sighting
    at: int
    east_m: float
    north_m: float
    covariance: Floats
    heading: float | None
    heading_sigma: float

    @property
    def pace(self) -> Pace:
        """What is expected of its type."""
        return PACES[self.sighting.craft]


def placed(sighting: Sighting, plane: Plane) -> Placed:
    """Return where a sighting puts the aircraft.

    The mean is pulled in by exp(-sigma^2 / 2), as a wide bearing error bends the cloud of
    what is possible towards the observer; the covariance is that of the bent cloud.
    """
    near, far = METRES_OF[sighting.band]
    range_m, range_sigma = (
        (near + far) / 2,
        math.hypot((far - near) / 3.46, 0.25 * (near + far) / 2),
    )
    lag_s = range_m / SOUND_M_S if sighting.means is Means.HEARD else 0.0
    pace = PACES[sighting.craft]
    lag_doubt_m = pace.mean_m_s * range_sigma / SOUND_M_S if lag_s else 0.0
    east0, north0 = plane.metres(sighting.place)
    theta, sigma = math.radians(sighting.bearing_deg), math.radians(sighting.bearing_sigma_deg)
    pulled = math.exp(-sigma * sigma / 2)
    cov = _bent(range_m, range_sigma, theta, sigma)
    cov += np.eye(2) * (sighting.place_sigma_m**2 + lag_doubt_m**2 / 2)
    heading = sighting.heading_deg
    return Placed(
        sighting,
        sighting.seen_at - round(lag_s * _SECOND_US),
        east0 + range_m * pulled * math.sin(theta),
        north0 + range_m * pulled * math.cos(theta),
        cov,
        None if heading is None else math.radians(heading),
        math.radians(sighting.heading_sigma_deg),
    )


def _bent(range_m: float, range_sigma: float, theta: float, sigma: float) -> Floats:
    """Covariance of a place given by range and bearing, with the exact second moments."""
    square = range_m**2 + range_sigma**2
    once, twice = math.exp(-sigma * sigma), math.exp(-2 * sigma * sigma)
    along = square * (1 + twice) / 2 - range_m**2 * once
    across = square * (1 - twice) / 2
    sin, cos = math.sin(theta), math.cos(theta)
    turn = np.array([[sin, cos], [cos, -sin]])
    return np.asarray(turn @ np.diag([along, across]) @ turn.T, dtype=np.float64)


def _check(what: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise _out_of_range(what, f"{value} is outside {least:g}..{most:g}")


def _out_of_range(what: str, detail: str) -> Malformed:
    return Malformed(Reason.OUT_OF_RANGE, where=f"sighting: {what}", detail=detail)

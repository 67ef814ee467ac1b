"""A crossing: an aircraft was in a zone, from when to when, and how that is known.

The words say what happened, not whose fault it was. A crossing keeps the fixes on
either side of its entry and of its exit, as evidence that can be looked up in the
sealed batch that they came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from truceline.airspace.verdict import Doubt, Verdict


class Cause(StrEnum):
    """How a crossing began or ended."""

    ENTERED = "entered"
    LEFT = "left"
    STARTED_INSIDE = "started_inside"  # the first fix of the leg is inside
    LOST_INSIDE = "lost_inside"  # the last fix of the leg is inside
    ACTIVATED_UNDER = "activated_under"  # the window opened while inside
    DEACTIVATED_OVER = "deactivated_over"
    CROSSED_BETWEEN_FIXES = "crossed_between_fixes"  # no fix lies inside


@dataclass(frozen=True, slots=True)
class FixRef:
    """A fix as it was received, and where to find it."""

    source: str
    sequence: int
    seen_at: int
    lat: float
    lon: float
    baro_ft: float | None
    geo_ft: float | None
    sigma_m: float


@dataclass(frozen=True, slots=True)
class Spot:
    """Where and when a border was crossed, by interpolation between two fixes.

    `alt_ft` is the pressure altitude, or the geometric one where only that is known.
    `before` and `after` are the fixes; they are the same one if it lies on the spot.
    """

    at: int
    lat: float
    lon: float
    alt_ft: float | None
    before: FixRef
    after: FixRef


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing of one zone by one aircraft. Times are microseconds since the epoch, UTC."""

    zone_id: str
    icao24: str
    callsign: str
    entry: Spot
    exit: Spot
    cause_in: Cause
    cause_out: Cause
    max_depth_m: float
    verdict: Verdict
    doubt: Doubt
    excursions: int = 0

    @property
    def entered_at(self) -> int:
        """When it began."""
        return self.entry.at

    @property
    def left_at(self) -> int:
        """When it ended; for an aircraft lost inside, when it was last seen."""
        return self.exit.at

    @property
    def altitude_known(self) -> bool:
        """Whether any of what it rests on had a known height."""
        return self.doubt.known

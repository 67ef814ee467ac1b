"""A predicted entry, and what became of it: the values that are told.

Three levels (AIRSPACE d.3): imminent within 60 s, alert within 120 s, advisory within
300 s. Imminent and alert go on the record; an advisory is shown to the watch floor and
pushed to nobody: so far ahead a third of them would be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from truceline.airspace.rules import SECOND_US

IMMINENT_S, ALERT_S, ADVISORY_S = 60.0, 120.0, 300.0
TIMELY_S = 30.0
"""A warning that leaves less than this is late."""


class Level(StrEnum):
    """How soon the entry is expected."""

    ADVISORY = "advisory"
    ALERT = "alert"
    IMMINENT = "imminent"

    @property
    def is_told(self) -> bool:
        """Say whether it goes on the record and may be pushed."""
        return self is not Level.ADVISORY


class Outcome(StrEnum):
    """What became of an alert."""

    ENTERED = "entered"
    LATE = "late"
    NUISANCE = "nuisance"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class Seen:
    """The fix that a prediction rests on: place, heights, movement, and its row in the batch."""

    sequence: int
    seen_at: int
    lat: float
    lon: float
    baro_ft: float | None
    geo_ft: float | None
    speed_kt: float
    track_deg: float
    climb_ft_min: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """That an aircraft will enter a zone. Times are microseconds since the epoch, UTC.

    `way` is how it would fly on to get there; `path` the places on that way, ten seconds
    apart; `because` what adds most to the log-odds of the chance, with its number.
    """

    zone_id: str
    icao24: str
    callsign: str
    level: Level
    made_at: int
    entry_at: int
    chance: float
    entry_lat: float
    entry_lon: float
    entry_ft: float | None
    way: str
    ways_in: int
    path: tuple[tuple[float, float], ...]
    because: tuple[tuple[str, float], ...]
    seen: Seen
    source: str = ""

    @property
    def time_left_s(self) -> float:
        """Seconds from the prediction to the entry."""
        return (self.entry_at - self.made_at) / SECOND_US


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert began, at the level it began with."""

    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Heightened:
    """An alert that goes on has become imminent."""

    prediction: Prediction
    first: Prediction


@dataclass(frozen=True, slots=True)
class Settled:
    """An alert is over. `entered_at` None: no entry is known; `warning_s` counts to the entry."""

    prediction: Prediction
    level: Level
    outcome: Outcome
    at: int
    entered_at: int | None = None

    @property
    def warning_s(self) -> float | None:
        """How long before the entry the alert began."""
        if self.entered_at is None:
            return None
        return (self.entered_at - self.prediction.made_at) / SECOND_US


type Told = Alerted | Heightened | Settled
type Key = tuple[str, str]
"""Zone and aircraft."""


@dataclass(frozen=True, slots=True)
class Entry:
    """That an aircraft entered a zone, or was inside when it was first seen."""

    zone_id: str
    icao24: str
    at: int


def us(seconds: float) -> int:
    """Return seconds as microseconds."""
    return round(seconds * SECOND_US)

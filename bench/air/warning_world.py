"""The seeded experiment of warnings: recorded tracks, invented zones, and what really happened.

120 circles (radius 5, 10 and 20 km in turn, half of them between limits 2,000 ft below and
above), each about a random fix of the set, so that they lie where aircraft fly (`track`),
or anywhere in its box (`box`). Truth is the recorded path itself, followed second by
second, and the plain distance to a circle's centre: it shares no code with what is judged.
An entry within a minute of the last exit is the same incursion.

Aircraft are split in two by a hash of their address: weights are made from one half and
judged on the other. Tracks are read where they lie beside the repository; they are not
shipped (../shared/data/SOURCES.md, grade B).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truceline.airspace.chart import Chart, chart, watched
from truceline.airspace.fix import Fixes, joined
from truceline.airspace.predictions.prediction import Entry
from truceline.geo.altitude import Datum, Unit, altitude
from truceline.geo.position import from_degrees
from truceline.geo.volume import Circle, Volume
from truceline.sources.tracks import TrackFile

SECOND = 1_000_000
ZONES = 120
RADII_M = (5_000.0, 10_000.0, 20_000.0)
HALF_FT = 2_000.0
MERGED_S = 60.0
TRACKED_S = 120.0
EARTH_M = 6_371_008.8
FOLDER = Path(__file__).parents[3] / "shared/data/tracks"

type Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Set:
    """A set of tracks: its file, and how long a silence ends a track."""

    name: str
    file: str
    silence_s: float

    @property
    def path(self) -> Path:
        """Where it lies."""
        return FOLDER / self.file


PARIS = Set("Paris, 1 s", "paris_terminal_area_2021-10-07.parquet", 30.0)
SWISS = Set("Switzerland, 10 s", "switzerland_2018-08-01.parquet", 60.0)


@dataclass(frozen=True, slots=True)
class Zone:
    """One circle; limits in feet of pressure altitude, or none."""

    code: str
    lat: float
    lon: float
    radius_m: float
    lower_ft: float | None
    upper_ft: float | None

    def volume(self) -> Volume:
        """Return it as the program's own."""
        limits = [
            None if feet is None else altitude(feet, Unit.FT, Datum.STD)
            for feet in (self.lower_ft, self.upper_ft)
        ]
        shape = Circle(from_degrees(lat=self.lat, lon=self.lon), round(self.radius_m * 1000))
        return Volume(shape, lower=limits[0], upper=limits[1])


@dataclass(frozen=True, slots=True)
class Incursion:
    """An aircraft entered a zone, and how long it had been followed by then."""

    zone: str
    icao24: str
    at: int
    tracked_s: float


def half(icao24: str) -> int:
    """Return to which half an aircraft belongs: 0 to learn from, 1 to judge on."""
    return zlib.crc32(icao24.encode()) % 2


def load(which: Set, *, only: int | None = None) -> Fixes:
    """Return the fixes of a set, or of one half of its aircraft."""
    whole = joined(list(TrackFile(which.path).batches()))
    if only is None:
        return whole
    mine = np.array([half(name) == only for name in whole.names])
    return whole.take(mine[whole.aircraft])


def zones(fixes: Fixes, seed: int, *, where: str = "track", count: int = ZONES) -> list[Zone]:
    """Return seeded zones among the tracks."""
    rng = np.random.default_rng(seed)
    flown = np.flatnonzero(np.isfinite(fixes.baro_ft) & ~fixes.ground)
    about = flown[rng.integers(0, len(flown), count)]
    lat, lon, feet = fixes.lat[about], fixes.lon[about], fixes.baro_ft[about]
    if where == "box":
        lat = rng.uniform(*np.quantile(fixes.lat[flown], (0.02, 0.98)), count)
        lon = rng.uniform(*np.quantile(fixes.lon[flown], (0.02, 0.98)), count)
    return [
        Zone(
            f"Z{number:03}",
            float(lat[number]),
            float(lon[number]),
            RADII_M[number % 3],
            float(feet[number] - HALF_FT) if number // 3 % 2 else None,
            float(feet[number] + HALF_FT) if number // 3 % 2 else None,
        )
        for number in range(count)
    ]


def charted(some: list[Zone]) -> Chart:
    """Return the zones as the program watches them."""
    return chart([watched(one.code, [one.volume()], tolerance_m=25.0) for one in some])


def legs(fixes: Fixes, silence_s: float) -> Iterator[tuple[str, NDArray[np.int64], Fixes]]:
    """Yield each aircraft's unbroken stretches in the air, in order of time."""
    flown = fixes.take(np.isfinite(fixes.baro_ft) & ~fixes.ground & np.isfinite(fixes.lat))
    order = np.lexsort((flown.seen_at, flown.aircraft))
    flown = flown.take(order)
    new = (np.diff(flown.aircraft) != 0) | (np.diff(flown.seen_at) > silence_s * SECOND)
    for part in np.split(np.arange(len(flown)), np.flatnonzero(new) + 1):
        if len(part) > 1:
            leg = flown.take(part)
            yield flown.names[int(leg.aircraft[0])], leg.seen_at, leg


def incursions(fixes: Fixes, some: list[Zone], silence_s: float) -> list[Incursion]:
    """Return what happened: every entry on the recorded path, second by second."""
    found = []
    for icao24, times, leg in legs(fixes, silence_s):
        seconds = np.arange(0.0, (times[-1] - times[0]) / SECOND + 1.0)
        own = (times - times[0]) / SECOND
        lat, lon, feet = (np.interp(seconds, own, c) for c in (leg.lat, leg.lon, leg.baro_ft))
        for zone in some:
            inside = _inside(zone, lat, lon, feet)
            for second in _entries(inside):
                at = int(times[0]) + int(second) * SECOND
                found.append(Incursion(zone.code, icao24, at, float(second)))
    return found


def _inside(zone: Zone, lat: Column, lon: Column, feet: Column) -> NDArray[np.bool_]:
    metre = np.radians(1.0) * EARTH_M
    north = (lat - zone.lat) * metre
    east = (lon - zone.lon) * metre * np.cos(np.radians(zone.lat))
    inside = np.hypot(east, north) <= zone.radius_m
    if zone.lower_ft is not None and zone.upper_ft is not None:
        inside &= (feet >= zone.lower_ft) & (feet <= zone.upper_ft)
    return inside


def _entries(inside: NDArray[np.bool_]) -> list[int]:
    steps = np.diff(inside.astype(np.int8))
    into, out = np.flatnonzero(steps == 1) + 1, np.flatnonzero(steps == -1) + 1
    kept = []
    for second in into.tolist():
        before = out[out <= second]
        if not len(before) or second - before[-1] >= MERGED_S:
            kept.append(second)
    return kept


def entries(some: list[Incursion]) -> list[Entry]:
    """Return the incursions as the program is told of them."""
    return [Entry(one.zone, one.icao24, one.at) for one in some]


def hours(fixes: Fixes, silence_s: float) -> float:
    """Return the hours flown."""
    flown = sum(int(times[-1] - times[0]) for _, times, _ in legs(fixes, silence_s))
    return flown / SECOND / 3600

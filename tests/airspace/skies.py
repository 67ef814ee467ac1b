"""Small skies in the domain's words: zones, flights, and what is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import shapely

from truceline.airspace.chart import FlatVolume, WatchedZone, chart
from truceline.airspace.crossing import Crossing
from truceline.airspace.engine import Engine, crossings_of
from truceline.airspace.fix import Fixes, Names, fixes
from truceline.airspace.rules import PLANAR, Rules
from truceline.geo.altitude import Altitude, Datum, Unit, altitude
from truceline.geo.volume import Operation, Window

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
NOON_US = int(NOON.timestamp()) * 1_000_000


def at(seconds: float) -> datetime:
    """Noon and so many seconds."""
    return NOON + timedelta(seconds=seconds)


def feet(value: float, datum: Datum = Datum.STD) -> Altitude:
    return altitude(value, Unit.FT, datum)


def box(
    west: float,
    south: float,
    east: float,
    north: float,
    *,
    zone_id: str = "box",
    lower: Altitude | None = None,
    upper: Altitude | None = None,
    window: Window | None = None,
    holes: Sequence[tuple[float, float, float, float]] = (),
) -> WatchedZone:
    area = shapely.box(west, south, east, north)
    for hole in holes:
        area = area.difference(shapely.box(*hole))
    return WatchedZone(zone_id, (FlatVolume(area, lower, upper, window=window or Window()),))


def several(zone_id: str, *parts: tuple[Operation, WatchedZone]) -> WatchedZone:
    """One zone of several volumes, each joined by its operation."""
    volumes = []
    for operation, zone in parts:
        one = zone.volumes[0]
        volumes.append(FlatVolume(one.area, one.lower, one.upper, operation, one.window))
    return WatchedZone(zone_id, tuple(volumes))


def flight(
    points: Sequence[tuple[float, float, float]],
    *,
    name: str = "abc123",
    feet: float | Sequence[float] = 10_000.0,
    sigma_m: float = 1.0,
    callsign: str = "TEST1",
    speed_kt: float = float("nan"),
) -> Fixes:
    """One aircraft: (seconds after noon, longitude, latitude)."""
    count = len(points)
    seconds, lon, lat = (np.array(column, dtype=np.float64) for column in zip(*points, strict=True))
    heights = np.full(count, feet) if isinstance(feet, int | float) else np.array(feet, dtype=float)
    return fixes(
        seen_at=NOON_US + np.rint(seconds * 1e6).astype(np.int64),
        aircraft=np.zeros(count, dtype=np.int32),
        lat=lat,
        lon=lon,
        baro_ft=heights.astype(np.float64),
        sigma_m=np.full(count, sigma_m),
        speed_kt=np.full(count, speed_kt),
        callsign=np.zeros(count, dtype=np.int32),
        names=Names([name]).texts,
        callsigns=[callsign],
        source="test",
    )


def found(
    batches: Fixes | Sequence[Fixes], *zones: WatchedZone, rules: Rules = PLANAR
) -> list[Crossing]:
    """The crossings of some batches, in order of time."""
    engine = Engine(chart(zones), rules)
    made = []
    for batch in [batches] if isinstance(batches, Fixes) else batches:
        made += crossings_of(engine.feed(batch))
    made += crossings_of(engine.finish())
    return sorted(made, key=lambda one: (one.entered_at, one.zone_id, one.icao24))


def seconds(micros: int) -> float:
    """Seconds after noon."""
    return (micros - NOON_US) / 1e6


def straight(
    west: float, east: float, *, lat: float = 0.5, every: float = 10.0, metres_s: float = 200.0
) -> list[tuple[float, float, float]]:
    """Eastward along a parallel near the equator, at about this speed."""
    step = every * metres_s / 111_320
    count = int((east - west) / step) + 1
    return [(number * every, west + number * step, lat) for number in range(count)]

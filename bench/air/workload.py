"""The generated work: aircraft over ten by ten degrees, and rough zones there; seeded.

Aircraft: fixes every 1, 2, 4, 5 or 10 s (35, 20, 15, 20 and 10 % of them) with 50 ms
of jitter over 932 s, 60 to 250 m/s, stretches of a minute flown straight or in a turn,
climbing, level or descending. 20,000 of them make ten million positions.

Zones: star-shaped rings of 10 to 2,000 vertices (as many of each order of size) whose
edge is rough at every scale, a fifth with a hole, eight floors and four thicknesses,
three in ten with a window of time. Their sizes are such that a position lies in
0.20, 0.50, 0.58 or 0.87 zones (4, 100, 1,000, 10,000): far denser, and far rougher,
than airspace is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely

from truceline.airspace.chart import FlatVolume, WatchedZone
from truceline.airspace.fix import Fixes, Names, fixes, joined
from truceline.geo.altitude import Datum, Unit, altitude
from truceline.geo.volume import Window

START = datetime(2024, 6, 1, 12, tzinfo=UTC)
START_US = int(START.timestamp()) * 1_000_000
LASTS_S = 932
POSITIONS_OF_ONE = 500.95
"""Positions of an aircraft in the middle; 20,000 make ten million."""

COVER = {4: 0.20, 100: 0.50, 1_000: 0.58, 10_000: 0.87}
WEST, SOUTH, SIDE = 0.0, 45.0, 10.0
DATA = Path(__file__).parents[3] / "shared/data"
TRACKS = DATA / "tracks/paris_terminal_area_2021-10-07.parquet"
FIRS = DATA / "zones/fir_boundaries_levant_vatspy.geojson"


def aircraft(positions: int, *, seed: int = 7) -> Fixes:
    """About so many generated positions, grouped by aircraft, in order of time in each."""
    rng = np.random.default_rng(seed)
    count = max(1, round(positions / POSITIONS_OF_ONE))
    every = rng.choice([1, 2, 4, 5, 10], size=count, p=[0.35, 0.2, 0.15, 0.2, 0.1])
    lengths = LASTS_S // every
    who = np.repeat(np.arange(count, dtype=np.int32), lengths)
    first = np.cumsum(lengths) - lengths
    number = np.arange(len(who)) - np.repeat(first, lengths)
    step = every[who].astype(np.float64)
    minute = (step * number // 60).astype(np.int64)
    turning = rng.random((count, 16)) < 0.4
    rates = np.where(turning, np.radians(rng.uniform(-2, 2, (count, 16))), 0.0)
    climbs = np.where(rng.random((count, 16)) < 0.5, rng.uniform(-40, 40, (count, 16)), 0.0)
    heading = _walk(rates[who, minute] * step, first, lengths)
    heading += rng.uniform(0, 2 * np.pi, count)[who]
    metres = rng.uniform(60, 250, count)[who] * step
    north = _walk(metres * np.sin(heading) / 111_200, first, lengths)
    lat = _folded(north + rng.uniform(0, SIDE, count)[who], SIDE) + SOUTH
    east = _walk(metres * np.cos(heading) / 71_500, first, lengths)
    lon = _folded(east + rng.uniform(0, SIDE, count)[who], SIDE) + WEST
    height = _walk(climbs[who, minute] * step, first, lengths)
    height = _folded(height + rng.uniform(500, 42_000, count)[who], 45_000.0)
    jitter = rng.integers(-50_000, 50_000, len(who))
    return fixes(
        seen_at=START_US + (step * number * 1e6).astype(np.int64) + jitter,
        aircraft=who,
        lat=lat,
        lon=lon,
        baro_ft=height,
        sigma_m=np.full(len(who), 30.0),
        names=Names(f"{k:06x}" for k in range(count)).texts,
        source="generated",
    )


def _walk(steps: np.ndarray, first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    total = np.cumsum(steps)
    return total - np.repeat(total[first], lengths)


def _folded(values: np.ndarray, width: float) -> np.ndarray:
    """Turned back at both ends, so that nobody flies out of the region."""
    around = values % (2 * width)
    return np.where(around > width, 2 * width - around, around)


def in_time_order(batch: Fixes) -> Fixes:
    """The same positions as one receiver hears them."""
    return batch.take(np.argsort(batch.seen_at, kind="stable"))


def zones(count: int, *, seed: int = 3) -> list[WatchedZone]:
    """So many generated zones."""
    rng = np.random.default_rng(seed)
    areas = [_star(rng) for _ in range(count)]
    cover = COVER.get(count, 0.6)
    size = np.sqrt(cover * SIDE * SIDE / sum(one.area for one in areas))
    return [_zone(rng, number, one, size) for number, one in enumerate(areas)]


def _star(rng: np.random.Generator) -> shapely.Polygon:
    """A ring around 0/0 of about size 1; rough at every scale, never crossing itself."""
    corners = int(np.exp(rng.uniform(np.log(10), np.log(2000))))
    angle = np.sort((np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * 2 * np.pi / corners)
    waves = np.zeros(corners)
    octave = 1
    while octave <= corners // 2:
        waves += 0.35 / octave**0.9 * np.sin(octave * angle + rng.uniform(0, 2 * np.pi))
        octave *= 2
    far = np.exp(waves + rng.normal(0, 0.25 / np.sqrt(corners), corners))
    far *= np.exp(rng.normal(0, 0.4))
    ring = np.column_stack((far * 1.5 * np.cos(angle), far * np.sin(angle)))
    hole = [ring[::-1] * rng.uniform(0.1, 0.4)] if rng.random() < 0.2 else []
    return shapely.Polygon(ring, hole)


def _zone(rng: np.random.Generator, number: int, star: shapely.Polygon, size: float) -> WatchedZone:
    middle = rng.uniform((WEST, SOUTH), (WEST + SIDE, SOUTH + SIDE))
    area = shapely.transform(star, lambda xy: middle + xy * size)
    floor = altitude(float(rng.integers(0, 8) * 50), Unit.FL, Datum.STD)
    thick = float(rng.choice([30, 60, 120, 400]))
    top = altitude(floor.feet / 100 + thick, Unit.FL, Datum.STD)
    window = Window()
    if rng.random() < 0.3:
        begin = int(rng.integers(0, 600))
        window = Window(_at(begin), _at(begin + int(rng.integers(60, 600))))
    return WatchedZone(f"Z{number:05d}", (FlatVolume(area, floor, top, window=window),))


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(START.timestamp() + seconds, UTC)


def flat(given: list[WatchedZone]) -> list[WatchedZone]:
    """The zones without heights and windows, for peers that know the ground alone."""
    return [WatchedZone(z.zone_id, tuple(FlatVolume(v.area) for v in z.volumes)) for z in given]


def flown() -> Fixes | None:
    """The dense real tracks, grouped by aircraft, where they are present."""
    if not TRACKS.exists():
        return None
    from truceline.sources.tracks import TrackFile

    batch = joined(list(TrackFile(TRACKS).batches()))
    return batch.take(np.lexsort((batch.seen_at, batch.aircraft)))


def moved(given: list[WatchedZone], batch: Fixes) -> list[WatchedZone]:
    """The generated zones, put over the area of real tracks; their windows left out."""
    west, east = np.nanpercentile(batch.lon, (1, 99))
    south, north = np.nanpercentile(batch.lat, (1, 99))

    def fit(xy: np.ndarray) -> np.ndarray:
        x, y = (xy[:, 0] - WEST) / SIDE, (xy[:, 1] - SOUTH) / SIDE
        return np.column_stack((west + x * (east - west), south + y * (north - south)))

    made = []
    for zone in given:
        old = zone.volumes[0]
        area = shapely.transform(old.area, fit)
        made.append(WatchedZone(zone.zone_id, (FlatVolume(area, old.lower, old.upper),)))
    return made

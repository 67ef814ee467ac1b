"""What flies in the play: one real flight, and synthetic ones that follow from their seeds.

There is no public air picture of Syria in 2017, so what flies there is made here and is
marked synthetic. A track is a pure function of `flights.toml`: the same every time. The
real flight keeps its own times in its file; it is shown moved to a scenario time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyproj import Geod

from truceline.airspace.fix import Fixes, Names, fixes
from truceline.records.record import Micros
from truceline.scenario import material

REAL = "real"
SYNTHETIC = "synthetic"
SECOND = 1_000_000
_KNOT_M_S = 1852 / 3600
_WGS84 = Geod(ellps="WGS84")

type Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One flight: its fixes in columns, on the scenario's time. NaN: not reported."""

    key: str
    nature: str
    icao24: str
    callsign: str
    seen_at: NDArray[np.int64]
    lat: Column
    lon: Column
    baro_ft: Column
    speed_kt: Column
    sigma_m: float

    @property
    def number(self) -> int:
        """The number of its first fix in its source: the same each time it is flown."""
        return zlib.crc32(self.key.encode()) % 1_000_000 * 100_000

    @property
    def first_at(self) -> Micros:
        """The time of the first fix."""
        return Micros(int(self.seen_at[0]))

    @property
    def last_at(self) -> Micros:
        """The time of the last fix."""
        return Micros(int(self.seen_at[-1]))


@dataclass(frozen=True, slots=True)
class Programme:
    """What flies when. `now` is where the past ends and the demonstration begins."""

    now: Micros
    round_us: int
    past: tuple[Track, ...]
    real: Track

    def round(self, number: int) -> tuple[Track, ...]:
        """Return the synthetic flights of one round of the demonstration, from 0."""
        return _round(self.now + number * self.round_us, number)


@cache
def programme() -> Programme:
    """Return the programme of `flights.toml`."""
    tree = material.flights()
    return Programme(
        now=material.micros(tree["now"]),
        round_us=tree["round_s"] * SECOND,
        past=tuple(_flown(one, material.micros(one["at"]), 0) for one in tree["past"]),
        real=_real(tree["real"]),
    )


@lru_cache(maxsize=8)
def _round(start: int, number: int) -> tuple[Track, ...]:
    return tuple(
        _flown(one, start + int(one["after_s"] * SECOND), number)
        for one in material.flights()["round"]
    )


def between(tracks: Iterable[Track], after: int, until: int) -> list[tuple[Track, slice]]:
    """Return the pieces of the tracks that were seen after one moment and until another."""
    found = []
    for one in tracks:
        first, last = np.searchsorted(one.seen_at, (after, until), side="right")
        if last > first:
            found.append((one, slice(int(first), int(last))))
    return found


class Feed:
    """Turns pieces of tracks into batches of fixes of one source.

    A feed lives as long as what listens to it: the codes of aircraft never change. A fix
    has its own number, so that a flight told again gives the same batch to the bit.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._names = (Names(), Names())

    def batch(self, pieces: Sequence[tuple[Track, slice]]) -> Fixes:
        """Return the pieces as one batch, in the order of time."""
        counts = [len(one.seen_at[part]) for one, part in pieces]
        seen_at = _joined([one.seen_at[part] for one, part in pieces])
        order = np.argsort(seen_at, kind="stable")
        columns = {
            name: _joined([getattr(one, name)[part] for one, part in pieces])[order]
            for name in ("lat", "lon", "baro_ft", "speed_kt")
        }
        aircraft, callsigns = self._names
        return fixes(
            seen_at=seen_at[order],
            aircraft=_repeated([aircraft.code(one.icao24) for one, _ in pieces], counts)[order],
            callsign=_repeated([callsigns.code(one.callsign) for one, _ in pieces], counts)[order],
            sigma_m=_repeated([one.sigma_m for one, _ in pieces], counts)[order],
            names=aircraft.texts,
            callsigns=callsigns.texts,
            sequence=_joined([_numbers(one, part) for one, part in pieces])[order],
            source=self.source,
            **columns,
        )


def _numbers(track: Track, part: slice) -> NDArray[np.int64]:
    return track.number + np.arange(part.start, part.stop, dtype=np.int64)


def _joined(parts: Sequence[Any]) -> Any:
    return np.concatenate(parts)


def _repeated(values: Sequence[float], counts: Sequence[int]) -> Any:
    kind = np.int32 if all(isinstance(one, int) for one in values) else np.float64
    return np.repeat(np.array(values, dtype=kind), counts)


def _real(said: Mapping[str, Any]) -> Track:
    """The one real flight, moved from its own time to the scenario's, nothing else changed."""
    table = pq.read_table(material.DATA / said["file"])
    moved = material.micros(said["shown"]) - material.micros(said["own"])
    seen_at = table["timestamp"].cast("int64").to_numpy() + moved
    return Track(
        key=said["key"],
        nature=REAL,
        icao24=table["icao24"][0].as_py(),
        callsign=table["callsign"][0].as_py(),
        seen_at=seen_at,
        lat=table["latitude"].to_numpy(),
        lon=table["longitude"].to_numpy(),
        baro_ft=table["altitude"].to_numpy().astype(np.float64),
        speed_kt=table["groundspeed"].to_numpy().astype(np.float64),
        sigma_m=float("nan"),
    )


def _flown(one: Mapping[str, Any], start: int, number: int) -> Track:
    """A synthetic flight along its waypoints, with scatter drawn from its key and round."""
    seconds, lat, lon, feet, knots = _along(one["way"], one["every_s"])
    chance = np.random.default_rng(zlib.crc32(f"{one['key']}/{number}".encode()))
    north, east = chance.normal(0.0, one["noise_m"], (2, len(lat)))
    bearing, distance = np.degrees(np.arctan2(east, north)), np.hypot(north, east)
    lon, lat, _ = _WGS84.fwd(lon, lat, bearing, distance)
    if "jump" in one:
        after_s, north_deg, east_deg = one["jump"]
        leap = int(np.searchsorted(seconds, after_s))
        lat[leap] += north_deg
        lon[leap] += east_deg
    if "misled" in one:
        after_s, lasts_s, north_deg, east_deg = one["misled"]
        held = (seconds >= after_s) & (seconds < after_s + lasts_s)
        lat, lon = np.where(held, lat + north_deg, lat), np.where(held, lon + east_deg, lon)
    return Track(
        key=f"{one['key']}-{number}",
        nature=SYNTHETIC,
        icao24=one["icao24"],
        callsign=one["callsign"],
        seen_at=start + np.rint(seconds * SECOND).astype(np.int64),
        lat=np.round(lat, 7),
        lon=np.round(lon, 7),
        baro_ft=np.full(len(lat), np.nan) if one.get("silent") else np.rint(feet / 25) * 25,
        speed_kt=np.rint(knots),
        sigma_m=float(one["noise_m"]),
    )


def _along(way: Sequence[Sequence[float]], every_s: float) -> tuple[Column, ...]:
    """Where an aircraft is every so many seconds along geodesics between waypoints.

    Height and speed change evenly over each leg; the leg's time is its length over
    the mean of the two speeds.
    """
    points = np.array(way, dtype=np.float64)
    lat, lon, feet, knots = points.T
    bearing, _, length = _WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    leg_s = length / ((knots[:-1] + knots[1:]) / 2 * _KNOT_M_S)
    reached = np.concatenate([[0.0], np.cumsum(leg_s)])
    seconds = np.arange(0.0, reached[-1], every_s)
    leg = np.searchsorted(reached, seconds, side="right") - 1
    share = (seconds - reached[leg]) / leg_s[leg]
    at_lon, at_lat, _ = _WGS84.fwd(lon[leg], lat[leg], bearing[leg], length[leg] * share)
    return (
        seconds,
        np.asarray(at_lat),
        np.asarray(at_lon),
        feet[leg] + (feet[leg + 1] - feet[leg]) * share,
        knots[leg] + (knots[leg + 1] - knots[leg]) * share,
    )

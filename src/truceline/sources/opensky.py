"""OpenSky state vectors: lists of 17 or 18 elements over HTTP, and their CSV archive.

In the order of OpenSky's REST description: icao24, callsign, origin_country,
time_position, last_contact, longitude, latitude, baro_altitude, on_ground, velocity,
true_track, vertical_rate, sensors, geo_altitude, squawk, spi, position_source and, if
asked for, category. Metres and metres per second; 0 ADS-B, 1 ASTERIX, 2 MLAT, 3 FLARM.
Its terms allow research and education; whoever points a feed at it has agreed to them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import isfinite, nan
from typing import Any

import msgspec

from truceline.airspace.fix import FEET_PER_METRE, Fixes
from truceline.airspace.quality import MULTILATERATED_M, Kind
from truceline.sources.columns import numbers
from truceline.sources.rows import Row, Rows, Told

KNOT_M_S = 1852 / 3600
ARCHIVE = [
    "icao24", "callsign", "lat", "lon", "velocity", "heading", "vertrate", "onground",
    "baroaltitude", "geoaltitude", "lastposupdate",
]  # fmt: skip
"""The columns that are read of OpenSky's archive of state vectors (metres, metres a second)."""
MOST_REMEMBERED = 50_000
_ELEMENTS = (17, 18)
_SOURCES = {0: Kind.ADSB, 1: Kind.RADAR, 2: Kind.MLAT, 3: Kind.ADSB}
_HEX = re.compile(r"[0-9a-f]{6}")
_LATEST_S = 1e11


_FROM_ARCHIVE = {
    "lat": ("latitude", 1.0),
    "lon": ("longitude", 1.0),
    "velocity": ("groundspeed", 1 / KNOT_M_S),
    "heading": ("track", 1.0),
    "vertrate": ("vertical_rate", FEET_PER_METRE * 60),
    "baroaltitude": ("altitude", FEET_PER_METRE),
    "geoaltitude": ("geoaltitude", FEET_PER_METRE),
}


class _States(msgspec.Struct, frozen=True):
    time: float
    states: list[Any] | None = None


_decoder = msgspec.json.Decoder(_States)


class OpenSkyReader:
    """Answers of `/states/all` in, the positions that are new in them out."""

    def __init__(self, source: str) -> None:
        self.dropped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.told = Told()
        self._rows = Rows(source)
        self._before: dict[str, int] = {}

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes in one answer. Never fails on any bytes."""
        try:
            read = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.dropped["not_states"] += 1
            return self._rows.batch()
        if received_at is not None and abs(read.time * 1e6 - received_at) > 60e6:
            self.noted["clocks_disagree"] += 1
        if len(self._before) > MOST_REMEMBERED:
            self._before = {}
        for one in read.states or ():
            row = row_of(one, self.dropped)
            if row is not None and self._is_new(row):
                self.told.say(row.aircraft, row.seen_at, _words(one))
                self._rows.add(row)
        return self._rows.batch()

    def restart(self) -> None:
        """An answer comes whole or not at all: there is nothing to forget."""

    def _is_new(self, row: Row) -> bool:
        if self._before.get(row.aircraft, -1) >= row.seen_at:
            self.noted["told_before"] += 1
            return False
        self._before[row.aircraft] = row.seen_at
        return True


def row_of(one: Any, dropped: Counter[str]) -> Row | None:
    """Return a state vector as a row; None with the reason counted."""
    if not isinstance(one, list) or len(one) not in _ELEMENTS:
        dropped["wrong_number_of_elements"] += 1
        return None
    address = str(one[0] or "").strip().lower()
    if not _HEX.fullmatch(address) or address == "000000":
        dropped["bad_address"] += 1
        return None
    seen, lon, lat = _number(one[3]), _number(one[5]), _number(one[6])
    if not (isfinite(lat) and isfinite(lon)):
        dropped["no_position"] += 1
        return None
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        dropped["bad_position"] += 1
        return None
    if not 0 < seen < _LATEST_S:
        dropped["bad_time"] += 1
        return None
    return _row(one, address, round(seen * 1e6), lat, lon)


def _row(one: Sequence[Any], address: str, seen_at: int, lat: float, lon: float) -> Row:
    source = one[16] if isinstance(one[16], int) else -1
    kind = _SOURCES.get(source, Kind.UNKNOWN)
    return Row(
        seen_at=seen_at,
        aircraft=address,
        lat=lat,
        lon=lon,
        baro_ft=_number(one[7]) * FEET_PER_METRE,
        geo_ft=_number(one[13]) * FEET_PER_METRE,
        ground=one[8] is True,
        sigma_m=MULTILATERATED_M if kind in (Kind.MLAT, Kind.RADAR) else nan,
        speed_kt=_number(one[9]) / KNOT_M_S,
        callsign=str(one[1] or "").strip()[:8],
        track_deg=_number(one[10]),
        climb_ft_min=_number(one[11]) * FEET_PER_METRE * 60,
        kind=kind,
    )


def _words(one: Sequence[Any]) -> dict[str, Any]:
    return {"squawk": one[14]} if isinstance(one[14], str) else {}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return nan
    return float(value) if abs(value) < 1e15 else nan


def is_archive(names: Sequence[str]) -> bool:
    """Say whether a table has the columns of OpenSky's archive."""
    return set(ARCHIVE) <= set(names)


def from_archive(table: Any) -> Any:
    """Return rows of OpenSky's archive under the names and in the units of a track file.

    A state vector repeats a position until the next one comes; it counts from when it was
    heard (`lastposupdate`), so that the repetitions are duplicates.
    """
    import pyarrow as pa  # noqa: PLC0415 -- the live feed does without

    made = {"timestamp": "lastposupdate", "icao24": "icao24", "callsign": "callsign"}
    made["onground"] = "onground"
    columns: dict[str, Any] = {name: table.column(theirs) for name, theirs in made.items()}
    for theirs, (name, scale) in _FROM_ARCHIVE.items():
        values = numbers(table.column(theirs), where=theirs)
        columns[name] = pa.array(values * scale)
    return pa.table(columns)

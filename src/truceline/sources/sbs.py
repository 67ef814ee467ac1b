"""SBS-1 (BaseStation) lines, as they come over a socket: in pieces, and not always whole.

A line has 22 fields: MSG, type, session, aircraft, hex, flight, date and time made,
date and time logged, callsign, altitude, ground speed, track, latitude, longitude,
vertical rate, squawk, alert, emergency, SPI, on ground. Only types 2 and 3 hold a
position; callsign, speed and altitude of the others are kept for the next one.

A line has two clocks. The time made is the sensor's and counts; where the two are
more than ten seconds apart, the one nearer to our clock is taken, and counted. Some
receivers write local time: a difference from our clock of whole quarter hours up to
14 hours is taken back, and counted.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from truceline.airspace.fix import Fixes, Names, fixes
from truceline.sources.rows import Told

MAX_LINE = 4096
MOST_NAMES = 200_000
APART_US = 10_000_000
KEPT_US = 30_000_000
"""How long a callsign's companions (speed, altitude) are used for a later position."""

_QUARTER_US = 900_000_000
_ZONES_US = 14 * 3_600_000_000
_HEX = re.compile(rb"^~?[0-9A-Fa-f]{6}$")
_FIELDS = 22
_NAN = float("nan")
_OTHER = (b"SEL", b"ID", b"AIR", b"STA", b"CLK")


@dataclass(slots=True)
class _Heard:
    """What an aircraft last said besides its position."""

    callsign: int = -1
    baro_ft: float = _NAN
    baro_at: int = 0
    speed_kt: float = _NAN
    speed_at: int = 0


type _Row = tuple[int, int, float, float, float, bool, float, int, int]


class SbsReader:
    """Bytes in, batches of fixes out; remembers half a line and what each aircraft said."""

    def __init__(self, source: str = "sbs") -> None:
        self.source = source
        self.names, self.callsigns = Names(), Names()
        self.lines = 0
        self.positions = 0
        self.dropped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.told = Told()
        self._rest = b""
        self._skipping = False
        self._heard: dict[int, _Heard] = {}
        self._days: dict[bytes, int] = {}

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes in the lines that these bytes complete. Never fails on any bytes."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._keep(rest)
        self._bound()
        rows = [row for line in lines if (row := self._line(line, received_at)) is not None]
        return self._batch(rows)

    def restart(self) -> None:
        """Forget half a line: the connection was lost in the middle of it."""
        if self._rest:
            self.dropped["half_line"] += 1
        self._rest, self._skipping = b"", False

    def _bound(self) -> None:
        """Start the tables anew when a flood of addresses has filled them."""
        if len(self.names.texts) > MOST_NAMES or len(self.callsigns.texts) > MOST_NAMES:
            self.names, self.callsigns = Names(), Names()
            self._heard = {}
            self.noted["tables_started_anew"] += 1

    def _keep(self, rest: bytes) -> None:
        if len(rest) <= MAX_LINE:
            self._rest = rest
            return
        self.dropped["line_too_long"] += 0 if self._skipping else 1
        self._rest, self._skipping = b"", True

    def _line(self, line: bytes, received_at: int | None) -> _Row | None:
        if self._skipping:
            self._skipping = False
            return None
        line = line.strip()
        if not line:
            return None
        self.lines += 1
        fields = line.split(b",")
        if fields[0] != b"MSG":
            self.dropped["other_kind" if fields[0] in _OTHER else "not_sbs"] += 1
            return None
        if len(fields) != _FIELDS:
            self.dropped["wrong_number_of_fields"] += 1
            return None
        return self._message(fields, received_at)

    def _message(self, fields: list[bytes], received_at: int | None) -> _Row | None:
        address = fields[4].strip()
        if not _HEX.match(address) or address.strip(b"~") == b"000000":
            self.dropped["bad_address"] += 1
            return None
        seen_at = self._seen_at(fields, received_at)
        if seen_at is None:
            self.dropped["bad_time"] += 1
            return None
        code = self.names.code(address.decode().lower())
        heard = self._heard.get(code)
        if heard is None:
            heard = self._heard[code] = _Heard()
        self._listen(heard, fields, seen_at)
        if not fields[14] and not fields[15]:
            return None
        return self._position(code, heard, fields, seen_at)

    def _listen(self, heard: _Heard, fields: list[bytes], seen_at: int) -> None:
        callsign = fields[10].strip()
        if callsign:
            heard.callsign = self.callsigns.code(callsign.decode("ascii", errors="replace"))
        baro = _number(fields[11])
        if not np.isnan(baro):
            heard.baro_ft, heard.baro_at = baro, seen_at
        speed = _number(fields[12])
        if not np.isnan(speed):
            heard.speed_kt, heard.speed_at = speed, seen_at

    def _position(self, code: int, heard: _Heard, fields: list[bytes], seen_at: int) -> _Row | None:
        lat, lon = _number(fields[14]), _number(fields[15])
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            self.dropped["bad_position"] += 1
            return None
        self.positions += 1
        ground = fields[1] == b"2" or fields[21].strip() in (b"-1", b"1")
        baro = heard.baro_ft if seen_at - heard.baro_at <= KEPT_US else _NAN
        speed = heard.speed_kt if seen_at - heard.speed_at <= KEPT_US else _NAN
        return (seen_at, code, lat, lon, baro, ground, speed, heard.callsign, self.lines)

    def _seen_at(self, fields: list[bytes], received_at: int | None) -> int | None:
        made = self._instant(fields[6], fields[7])
        logged = self._instant(fields[8], fields[9])
        if made is None or logged is None:
            seen = logged if made is None else made
            if seen is not None:
                self.noted["one_clock"] += 1
        else:
            seen = made
            if abs(made - logged) > APART_US:
                self.noted["clocks_disagree"] += 1
                seen = _nearer(made, logged, received_at)
        return seen if seen is None or received_at is None else self._in_utc(seen, received_at)

    def _in_utc(self, seen: int, received_at: int) -> int:
        quarters = round((received_at - seen) / _QUARTER_US)
        shift = quarters * _QUARTER_US
        close = abs(received_at - seen - shift) <= 6 * APART_US
        if quarters == 0 or abs(shift) > _ZONES_US or not close:
            return seen
        self.noted["local_clock"] += 1
        return seen + shift

    def _instant(self, day: bytes, clock: bytes) -> int | None:
        try:
            start = self._days.get(day)
            if start is None:
                start = self._day(day)
            hours, minutes, seconds = clock.split(b":")
            whole = int(hours) * 3600 + int(minutes) * 60
            micros = round(float(seconds) * 1_000_000)
        except (ValueError, OverflowError):
            return None
        sane = 0 <= whole < 86_400 and 0 <= micros < 61_000_000
        return start + whole * 1_000_000 + micros if sane else None

    def _day(self, day: bytes) -> int:
        year, month, number = day.split(b"/")
        at = datetime(int(year), int(month), int(number), tzinfo=UTC)
        if len(self._days) > 64:
            self._days.clear()
        start = self._days[day] = int(at.timestamp()) * 1_000_000
        return start

    def _batch(self, rows: list[_Row]) -> Fixes:
        columns = list(zip(*rows, strict=True)) or [()] * 9
        seen, code, lat, lon, baro, ground, speed, callsign, number = columns
        return fixes(
            seen_at=np.array(seen, dtype=np.int64),
            aircraft=np.array(code, dtype=np.int32),
            lat=np.array(lat, dtype=np.float64),
            lon=np.array(lon, dtype=np.float64),
            baro_ft=np.array(baro, dtype=np.float64),
            ground=np.array(ground, dtype=np.bool_),
            speed_kt=np.array(speed, dtype=np.float64),
            callsign=np.array(callsign, dtype=np.int32),
            sequence=np.array(number, dtype=np.int64),
            names=self.names.texts,
            callsigns=self.callsigns.texts,
            source=self.source,
        )


def _number(field: bytes) -> float:
    try:
        return float(field) if field else _NAN
    except ValueError:
        return _NAN


def _nearer(made: int, logged: int, received_at: int | None) -> int:
    if received_at is None:
        return made
    return made if abs(made - received_at) <= abs(logged - received_at) else logged

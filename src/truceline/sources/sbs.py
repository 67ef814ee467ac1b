"""SBS-1 (BaseStation) lines, as they come over a socket: in pieces, and not always whole.

A line has 22 fields: MSG, type, session, aircraft, hex, flight, date and time made,
date and time logged, callsign, altitude, ground speed, track, latitude, longitude,
vertical rate, squawk, alert, emergency, SPI, on ground. Only types 2 and 3 hold a
position; what the others say (callsign, speed, track, climb, altitude) is kept for it.

A line has two clocks. The time made is the sensor's and counts; where the two are
more than ten seconds apart, the one nearer to our clock is taken, and counted. Some
receivers write local time: a difference from our clock of whole quarter hours up to
14 hours is taken back, and counted.

A feed that is worth it is read by compiled code (`compiled_sbs.py`), which compiles
beside what goes on and hands back every line that is not plain. The answers are the same.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np

from truceline.airspace.fix import Fixes, Names, fixes
from truceline.sources.rows import Said, Told
from truceline.sources.sbs_compiler import COMPILER, PLACES, Compiler, Table

MAX_LINE = 4096
MOST_NAMES = 200_000
APART_US = 10_000_000
KEPT_US = 30_000_000
"""How long a callsign's companions (speed, altitude) are used for a later position."""
WARM_LINES = 20_000
"""A feed that has brought so many lines is worth compiling for."""

_QUARTER_US = 900_000_000
_ZONES_US = 14 * 3_600_000_000
_HEX = re.compile(rb"^~?[0-9A-Fa-f]{6}$")
_SQUAWK = re.compile(rb"[0-7]{4}")
_FIELDS = 22
_NAN = float("nan")
_OTHER = (b"SEL", b"ID", b"AIR", b"STA", b"CLK")
_CALLSIGN, _SQUAWK_IS, _SQUAWK_AT = 0, 5, 6
_COMPANIONS = ((1, 11), (2, 12), (3, 13), (4, 16))
"""Where it is noted when altitude, speed, track and climb were said, and in which field."""


class _Heard:
    """What each aircraft last said, by its code: columns that compiled code shares."""

    def __init__(self) -> None:
        self.whole = np.zeros((1024, 7), dtype=np.int64)
        self.parts = np.full((1024, 4), _NAN)
        self.whole[:, _CALLSIGN] = -1

    def make_room(self, count: int) -> None:
        """Grow the columns to hold so many aircraft."""
        if count > len(self.parts):
            size = max(count, 2 * len(self.parts))
            whole, parts = self.whole, self.parts
            self.whole = np.zeros((size, 7), dtype=np.int64)
            self.parts = np.full((size, 4), _NAN)
            self.whole[:, _CALLSIGN] = -1
            self.whole[: len(whole)], self.parts[: len(parts)] = whole, parts


class _Squawks(Told):
    """What an SBS feed tells besides places: squawks. They are read off when asked for."""

    def __init__(self, reader: SbsReader) -> None:
        super().__init__()
        self._reader, self._since = reader, 0

    def handed_over(self) -> dict[str, Said]:
        """Return the squawks since the last call."""
        whole, names = self._reader.heard.whole, self._reader.names.texts
        at = whole[: len(names), _SQUAWK_AT].copy()
        new = np.flatnonzero(at > self._since)
        self._since = int(at.max(initial=self._since))
        return {
            names[code]: {"squawk": (f"{whole[code, _SQUAWK_IS]:04d}", int(at[code]))}
            for code in new.tolist()
        }


type _Row = tuple[int, int, int, int, bool, float, float, float, float, float, float]


class SbsReader:
    """Bytes in, batches of fixes out; remembers half a line and what each aircraft said."""

    def __init__(self, source: str = "sbs", *, compiler: Compiler | None = None) -> None:
        self.source = source
        self.names, self.callsigns = Names(), Names()
        self.heard = _Heard()
        self.lines = 0
        self.positions = 0
        self.dropped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.told: Told = _Squawks(self)
        self._compiler = COMPILER if compiler is None else compiler
        self._tables: tuple[Table, Table] | None = None
        self._rest = b""
        self._skipping = False
        self._days: dict[bytes, int] = {}

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes in the lines that these bytes complete. Never fails on any bytes."""
        held = self._rest + data
        whole = held.rfind(b"\n") + 1
        if self._skipping and whole:
            first = held.index(b"\n") + 1
            held, whole, self._skipping = held[first:], whole - first, False
        self._keep(held[whole:])
        self._bound()
        module = self._compiler.module
        if module is not None and received_at != 0 and self._has_room(held[:whole]):
            return self._compiled(module, held[:whole], received_at)
        if self.lines > WARM_LINES:
            self._compiler.start()
        lines = held[:whole].split(b"\n")
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
            self.heard, self._tables = _Heard(), None
            self.noted["tables_started_anew"] += 1

    def _has_room(self, lines: bytes) -> bool:
        most = max(len(self.names.texts), len(self.callsigns.texts)) + lines.count(b"\n")
        return most < PLACES * 3 // 4

    def _keep(self, rest: bytes) -> None:
        if len(rest) <= MAX_LINE:
            self._rest = rest
            return
        self.dropped["line_too_long"] += 0 if self._skipping else 1
        self._rest, self._skipping = b"", True

    # -- a line in plain words ---------------------------------------------------------------

    def _line(self, line: bytes, received_at: int | None) -> _Row | None:
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
        self.heard.make_room(code + 1)
        self._listen(code, fields, seen_at)
        if not fields[14] and not fields[15]:
            return None
        return self._position(code, fields, seen_at)

    def _listen(self, code: int, fields: list[bytes], seen_at: int) -> None:
        whole, parts = self.heard.whole, self.heard.parts
        callsign = fields[10].strip()
        if callsign:
            text = callsign.decode("ascii", errors="replace")
            whole[code, _CALLSIGN] = self.callsigns.code(text)
        for place, (noted_at, field) in enumerate(_COMPANIONS):
            value = _number(fields[field])
            if value == value:
                parts[code, place], whole[code, noted_at] = value, seen_at
        if _SQUAWK.fullmatch(fields[17]):
            whole[code, _SQUAWK_IS], whole[code, _SQUAWK_AT] = int(fields[17]), seen_at

    def _position(self, code: int, fields: list[bytes], seen_at: int) -> _Row | None:
        lat, lon = _number(fields[14]), _number(fields[15])
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            self.dropped["bad_position"] += 1
            return None
        self.positions += 1
        ground = fields[1] == b"2" or fields[21].strip() in (b"-1", b"1")
        whole, parts = self.heard.whole, self.heard.parts
        kept = [
            float(parts[code, place]) if seen_at - int(whole[code, noted_at]) <= KEPT_US else _NAN
            for place, (noted_at, _) in enumerate(_COMPANIONS)
        ]
        callsign = int(whole[code, _CALLSIGN])
        return (seen_at, code, callsign, self.lines, ground, lat, lon, *kept)  # type: ignore[return-value]

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
        whole = np.array([row[:5] for row in rows], dtype=np.int64).reshape(-1, 5)
        parts = np.array([row[5:] for row in rows], dtype=np.float64).reshape(-1, 6)
        return self._fixes(np.ascontiguousarray(whole.T), np.ascontiguousarray(parts.T))

    def _fixes(self, whole: Any, parts: Any) -> Fixes:
        return fixes(
            seen_at=whole[0],
            aircraft=whole[1].astype(np.int32),
            callsign=whole[2].astype(np.int32),
            sequence=whole[3],
            ground=whole[4] != 0,
            lat=parts[0],
            lon=parts[1],
            baro_ft=parts[2],
            speed_kt=parts[3],
            track_deg=parts[4],
            climb_ft_min=parts[5],
            names=self.names.texts,
            callsigns=self.callsigns.texts,
            source=self.source,
        )

    # -- many lines by compiled code ---------------------------------------------------------

    def _compiled(self, module: Any, data: bytes, received_at: int | None) -> Fixes:
        """Read whole lines by compiled code, and those that it hands back in plain words."""
        count = data.count(b"\n")
        rows = (np.empty((5, count), dtype=np.int64), np.empty((6, count)))
        octets = np.frombuffer(data, dtype=np.uint8)
        if self._tables is None:
            self._tables = (
                Table(module, self.names, of_addresses=True),
                Table(module, self.callsigns, of_addresses=False),
            )
        at = row = 0
        while at < len(data):
            at, row = self._run(module, self._tables, octets, at, received_at or 0, row, rows)
            if at < len(data):
                end = data.index(b"\n", at)
                row += self._odd(self._tables, data[at:end], received_at, row, rows)
                at = end + 1
        return self._fixes(rows[0][:, :row], rows[1][:, :row])

    def _run(
        self,
        module: Any,
        tables: tuple[Table, Table],
        octets: Any,
        at: int,
        received_at: int,
        row: int,
        rows: tuple[Any, Any],
    ) -> tuple[int, int]:
        """Read lines up to the next odd one; returns where that is, and the next free row."""
        self.heard.make_room(len(self.names.texts) + rows[0].shape[1] - row)
        counts = np.zeros(8, dtype=np.int64)
        counts[module.LINES], counts[module.ROWS] = self.lines, row
        counts[module.ADDRESSES] = len(self.names.texts)
        counts[module.CALLSIGNS] = len(self.callsigns.texts)
        columns = (tables[0].columns, tables[1].columns, self.heard.whole, self.heard.parts)
        at = module.parse(octets, at, len(octets), received_at, counts, *columns, *rows)
        self.lines = int(counts[module.LINES])
        self.positions += int(counts[module.POSITIONS])
        tables[0].give_out(int(counts[module.ADDRESSES]))
        tables[1].give_out(int(counts[module.CALLSIGNS]))
        self._count(module, counts)
        return int(at), int(counts[module.ROWS])

    def _count(self, module: Any, counts: Any) -> None:
        for counter, name, number in (
            (self.dropped, "bad_position", module.BAD_POSITION),
            (self.noted, "clocks_disagree", module.APART),
            (self.noted, "local_clock", module.LOCAL),
        ):
            if counts[number]:
                counter[name] += int(counts[number])

    def _odd(
        self,
        tables: tuple[Table, Table],
        line: bytes,
        received_at: int | None,
        row: int,
        rows: tuple[Any, Any],
    ) -> int:
        """Read one line in plain words, and put the names that are new in it into the tables."""
        before = [len(table.names.texts) for table in tables]
        found = self._line(line, received_at)
        for table, first in zip(tables, before, strict=True):
            table.take_in(first)
        if found is None:
            return 0
        rows[0][:, row], rows[1][:, row] = found[:5], found[5:]
        return 1


def _number(field: bytes) -> float:
    try:
        return float(field) if field else _NAN
    except ValueError:
        return _NAN


def _nearer(made: int, logged: int, received_at: int | None) -> int:
    if received_at is None:
        return made
    return made if abs(made - received_at) <= abs(logged - received_at) else logged

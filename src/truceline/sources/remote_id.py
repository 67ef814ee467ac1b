"""Broadcast Remote ID: 25-byte messages of ASTM F3411-22a (and of ED-4709), and packs of them.

The first byte of a message is its type and version, the fields are little endian. A
Location says where the drone is, a Basic ID who it is; they are one drone's if they come
in one pack or from one sender. Altitudes are metres times two plus 2,000; the geodetic
one is above the WGS 84 ellipsoid. A speed of 255 or a position of 0/0 means "unknown".
The tables are those of F3411-22a section 5.4.5.

What carries the messages here: datagrams with a message or a pack, or lines with hex, or
lines of JSON `{"hex": ..., "sender": ..., "seen_at": seconds}`.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from math import nan

import msgspec

from truceline.airspace.fix import FEET_PER_METRE, Fixes
from truceline.airspace.quality import Kind
from truceline.sources.rows import Row, Rows, Told

SIZE = 25
MOST_IN_PACK = 9
MAX_LINE = 4096
MOST_DRONES = 20_000
KEPT_US = 30_000_000
HOUR_US = 3_600_000_000

ACCURACY_M = {1: 18520.0, 2: 7408.0, 3: 3704.0, 4: 1852.0, 5: 926.0, 6: 555.6, 7: 185.2, 8: 92.6,
              9: 30.0, 10: 10.0, 11: 3.0, 12: 1.0}  # fmt: skip
"""Horizontal accuracy to the 95 % radius in metres; 0 says nothing."""

_PER_AXIS = 2.448
_KNOT_M_S = 1852 / 3600
_NO_SPEED, _NO_CLIMB, _NO_TRACK, _NO_ALTITUDE, _NO_TIME = 255, 126, 361, 0, 0xFFFF


class Type(IntEnum):
    """The types of message."""

    BASIC_ID = 0
    LOCATION = 1
    AUTHENTICATION = 2
    SELF_ID = 3
    SYSTEM = 4
    OPERATOR_ID = 5
    PACK = 0xF


@dataclass(frozen=True, slots=True)
class BasicId:
    """Who it is: a serial number, a registration, a session; and what sort of aircraft."""

    id_type: int
    aircraft_type: int
    text: str


@dataclass(frozen=True, slots=True)
class Location:
    """Where it is. None: not said. `height_m` is above take-off, or above ground if `above_ground`."""

    status: int
    lat: float
    lon: float
    speed_m_s: float | None
    track_deg: float | None
    climb_m_s: float | None
    pressure_m: float | None
    geodetic_m: float | None
    height_m: float | None
    above_ground: bool
    accuracy_m: float | None
    tenths_after_hour: int | None

    @property
    def on_ground(self) -> bool:
        """Whether it says that it has not taken off, or has landed."""
        return self.status == 1


type Message = BasicId | Location


def messages(data: bytes, dropped: Counter[str]) -> list[Message]:
    """Return the messages in a message or a pack; what is not understood is counted."""
    if data and data[0] >> 4 == Type.PACK:
        return _pack(data, dropped)
    if len(data) != SIZE:
        dropped["wrong_length"] += 1
        return []
    found = _message(data, dropped)
    return [] if found is None else [found]


def _pack(data: bytes, dropped: Counter[str]) -> list[Message]:
    size, count = (data[1], data[2]) if len(data) > 2 else (0, 0)
    if size != SIZE or not 1 <= count <= MOST_IN_PACK or len(data) < 3 + SIZE * count:
        dropped["bad_pack"] += 1
        return []
    parts = (data[3 + SIZE * k : 3 + SIZE * (k + 1)] for k in range(count))
    return [one for part in parts if (one := _message(part, dropped)) is not None]


def _message(data: bytes, dropped: Counter[str]) -> Message | None:
    kind, version = data[0] >> 4, data[0] & 0xF
    if version > 2:
        dropped["unknown_version"] += 1
        return None
    if kind == Type.BASIC_ID:
        text = data[2:22].split(b"\0", 1)[0].decode("ascii", errors="replace").strip()
        return BasicId(data[1] >> 4, data[1] & 0xF, text)
    if kind == Type.LOCATION:
        return _location(data, dropped)
    dropped["other_type"] += 1
    return None


def _location(data: bytes, dropped: Counter[str]) -> Location | None:
    flags, direction, speed, climb = struct.unpack_from("<BBBb", data, 1)
    lat, lon, pressure, geodetic, height = struct.unpack_from("<iiHHH", data, 5)
    accuracy, tenths = data[19] & 0xF, struct.unpack_from("<H", data, 21)[0]
    if (lat == 0 and lon == 0) or abs(lat) > 900_000_000 or abs(lon) > 1_800_000_000:
        dropped["no_position" if lat == lon == 0 else "bad_position"] += 1
        return None
    track = direction + 180 * (flags >> 1 & 1)
    return Location(
        status=flags >> 4,
        lat=lat / 1e7,
        lon=lon / 1e7,
        speed_m_s=None if speed == _NO_SPEED else _speed(speed, fast=bool(flags & 1)),
        track_deg=float(track) if track < 360 else None,
        climb_m_s=None if climb == _NO_CLIMB else climb / 2,
        pressure_m=_altitude(pressure),
        geodetic_m=_altitude(geodetic),
        height_m=_altitude(height),
        above_ground=bool(flags >> 2 & 1),
        accuracy_m=ACCURACY_M.get(accuracy),
        tenths_after_hour=None if tenths > 36_000 else tenths,
    )


def _speed(code: int, *, fast: bool) -> float:
    return code * 0.75 + 255 * 0.25 if fast else code * 0.25


def _altitude(code: int) -> float | None:
    return None if code == _NO_ALTITUDE else code / 2 - 1000


def seen_at(tenths: int | None, received_at: int) -> int:
    """Return the moment that a Location names: tenths of a second after an hour near to ours."""
    if tenths is None:
        return received_at
    hour = received_at - received_at % HOUR_US
    options = [hour + step * HOUR_US + tenths * 100_000 for step in (-1, 0, 1)]
    return min(options, key=lambda at: abs(at - received_at))


@dataclass(slots=True)
class _Drone:
    """What one sender said of itself."""

    name: str = ""
    named_at: int = 0
    text: str = ""


class _Line(msgspec.Struct, frozen=True):
    hex: str
    sender: str = ""
    seen_at: float | None = None


_line = msgspec.json.Decoder(_Line)


class RemoteIdReader:
    """Datagrams or lines in, fixes of drones out.

    A drone has no ICAO address: it goes by `~` and six digits made from its id, or from its
    sender while no id was heard; its own id goes to the fused picture as `flight`.
    """

    def __init__(self, source: str, *, lines: bool = False) -> None:
        self.dropped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.told = Told()
        self._rows = Rows(source)
        self._drones: dict[str, _Drone] = {}
        self._is_lines = lines
        self._rest = b""

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes in these bytes. Never fails on any bytes."""
        at = received_at or 0
        if not self._is_lines:
            self._packet(data, "", at)
            return self._rows.batch()
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > MAX_LINE:
            self.dropped["line_too_long"] += 1
            rest = b""
        self._rest = rest
        for line in lines:
            self._text(line.strip(), at)
        return self._rows.batch()

    def restart(self) -> None:
        """Forget half a line."""
        if self._rest:
            self.dropped["half_line"] += 1
        self._rest = b""

    def _text(self, line: bytes, at: int) -> None:
        if not line:
            return
        try:
            read = _line.decode(line) if line[:1] == b"{" else _Line(line.decode("ascii"))
            packet = bytes.fromhex(read.hex)
        except (msgspec.DecodeError, ValueError):
            self.dropped["not_remote_id"] += 1
            return
        known = read.seen_at is not None and 0 < read.seen_at < 1e11
        self._packet(packet, read.sender, round((read.seen_at or 0) * 1e6) if known else at)

    def _packet(self, data: bytes, sender: str, at: int) -> None:
        found = messages(data, self.dropped)
        drone = self._drone(sender, found, at)
        for one in found:
            if isinstance(one, Location):
                self._location(one, drone, at)

    def _drone(self, sender: str, found: list[Message], at: int) -> _Drone:
        """Who the messages are of. Without sender or id in the pack nobody can tell."""
        if len(self._drones) > MOST_DRONES:
            self._drones = {}
        drone = self._drones.setdefault(sender, _Drone()) if sender else _Drone()
        for one in found:
            if isinstance(one, BasicId) and one.text:
                drone.name, drone.text, drone.named_at = name_of(one.text), one.text, at
        if not drone.name and sender:
            drone.name = name_of(sender)
        return drone

    def _location(self, one: Location, drone: _Drone, at: int) -> None:
        if not drone.name:
            self.dropped["nobody_named"] += 1
            return
        when = seen_at(one.tenths_after_hour, at)
        if at and abs(when - at) > KEPT_US:
            self.noted["clocks_disagree"] += 1
        self.told.say(drone.name, when, {"category": "B6", "flight": drone.text})
        self._rows.add(_row(one, drone, when))


def name_of(text: str) -> str:
    """Return the address that stands for a drone's id: `~` and 24 bits of its SHA-256."""
    return "~" + hashlib.sha256(text.encode()).hexdigest()[:6]


def _row(one: Location, drone: _Drone, when: int) -> Row:
    return Row(
        seen_at=when,
        aircraft=drone.name,
        lat=one.lat,
        lon=one.lon,
        baro_ft=_feet(one.pressure_m),
        geo_ft=_feet(one.geodetic_m),
        ground=one.on_ground,
        sigma_m=nan if one.accuracy_m is None else one.accuracy_m / _PER_AXIS,
        speed_kt=nan if one.speed_m_s is None else one.speed_m_s / _KNOT_M_S,
        callsign=drone.text[:20],
        track_deg=nan if one.track_deg is None else one.track_deg,
        climb_ft_min=_feet(one.climb_m_s) * 60,
        kind=Kind.REMOTE_ID,
    )


def _feet(metres: float | None) -> float:
    return nan if metres is None else metres * FEET_PER_METRE

"""readsb's `aircraft.json`: who is in the air, one snapshot a second, over HTTP.

Field by field as in readsb's README-json: `alt_baro` may be the word "ground", `~` marks
an address that is not an ICAO one, `seen_pos` is the age of the position in seconds,
`type` says where the position comes from. A snapshot repeats what it said before: a
position is taken once. One aircraft that is not as described costs itself alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import isfinite, nan
from typing import Any

import msgspec

from truceline.airspace.fix import Fixes
from truceline.airspace.quality import MULTILATERATED_M, Kind
from truceline.sources.rows import Row, Rows, Told, sigma_of

APART_S = 10.0
"""A server's clock that differs from ours by more is noted; its ages are used, not its time."""
MOST_REMEMBERED = 50_000

_HEX = re.compile(r"~?[0-9a-f]{6}")
_KINDS = {
    "adsb": Kind.ADSB,
    "adsr": Kind.TISB,
    "tisb": Kind.TISB,
    "mlat": Kind.MLAT,
    "adsc": Kind.ADSB,
}


class Aircraft(msgspec.Struct, frozen=True, gc=False):
    """One aircraft as readsb lists it; what it does not say is None."""

    hex: str
    type: str = ""
    flight: str | None = None
    lat: float | None = None
    lon: float | None = None
    alt_baro: float | str | None = None
    alt_geom: float | None = None
    gs: float | None = None
    track: float | None = None
    baro_rate: float | None = None
    geom_rate: float | None = None
    squawk: str | None = None
    emergency: str | None = None
    category: str | None = None
    nav_qnh: float | None = None
    nic: int | None = None
    nac_p: int | None = None
    sil: int | None = None
    seen_pos: float | None = None
    seen: float | None = None


class _Snapshot(msgspec.Struct, frozen=True):
    now: float
    aircraft: list[Aircraft]


class _Loose(msgspec.Struct, frozen=True):
    now: float
    aircraft: list[msgspec.Raw]


_typed = msgspec.json.Decoder(_Snapshot)
_loose = msgspec.json.Decoder(_Loose)
_one = msgspec.json.Decoder(Aircraft)


def kind_of(source_type: str) -> Kind:
    """Return the sort of sensor that readsb's `type` names."""
    return _KINDS.get(source_type.split("_", 1)[0], Kind.UNKNOWN)


def snapshot(data: bytes, dropped: Counter[str]) -> tuple[float, Sequence[Aircraft]]:
    """Return the time of a snapshot and its aircraft. Raises msgspec's failure if it is none."""
    try:
        read = _typed.decode(data)
    except msgspec.ValidationError:
        parts = _loose.decode(data)
        kept = [one for raw in parts.aircraft if (one := _of(raw, dropped)) is not None]
        return parts.now, kept
    return read.now, read.aircraft


def _of(raw: msgspec.Raw, dropped: Counter[str]) -> Aircraft | None:
    try:
        return _one.decode(raw)
    except msgspec.ValidationError:
        dropped["wrong_type"] += 1
        return None


def row_of(one: Aircraft, now_us: int, dropped: Counter[str]) -> Row | None:
    """Return an aircraft's position as a row; None with the reason counted."""
    address = one.hex.strip().lower()
    if not _HEX.fullmatch(address) or address.strip("~") == "000000":
        dropped["bad_address"] += 1
        return None
    if one.lat is None or one.lon is None:
        dropped["no_position"] += 1
        return None
    if not (abs(one.lat) <= 90 and abs(one.lon) <= 180):
        dropped["bad_position"] += 1
        return None
    kind = kind_of(one.type)
    nacp = _code(one.nac_p)
    return Row(
        seen_at=now_us - round(_or_zero(one.seen_pos) * 1e6),
        aircraft=address,
        lat=one.lat,
        lon=one.lon,
        baro_ft=_or_nan(one.alt_baro),
        geo_ft=_or_nan(one.alt_geom),
        ground=one.alt_baro == "ground",
        sigma_m=MULTILATERATED_M if kind in (Kind.MLAT, Kind.TISB) else sigma_of(nacp),
        speed_kt=_or_nan(one.gs),
        callsign=(one.flight or "").strip(),
        track_deg=_or_nan(one.track),
        climb_ft_min=_or_nan(one.baro_rate if one.baro_rate is not None else one.geom_rate),
        qnh_hpa=_or_nan(one.nav_qnh),
        kind=kind,
        nic=_code(one.nic),
        nacp=nacp,
        sil=_code(one.sil),
    )


class AircraftJsonReader:
    """Snapshots in, the positions that are new in them out."""

    def __init__(self, source: str) -> None:
        self.dropped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.told = Told()
        self._rows = Rows(source)
        self._before: dict[str, tuple[float, float, int]] = {}

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes in one snapshot. Never fails on any bytes."""
        try:
            now, listed = snapshot(data, self.dropped)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.dropped["not_a_snapshot"] += 1
            return self._rows.batch()
        if not isfinite(now) or abs(now) > 1e11:
            self.dropped["bad_time"] += 1
            return self._rows.batch()
        now_us = self._in_our_time(round(now * 1e6), received_at)
        if len(self._before) > MOST_REMEMBERED:
            self._before = {}
        for one in listed:
            self._one(one, now_us)
        return self._rows.batch()

    def restart(self) -> None:
        """A snapshot comes whole or not at all: there is nothing to forget."""

    def _in_our_time(self, now_us: int, received_at: int | None) -> int:
        if received_at is None or abs(now_us - received_at) <= APART_S * 1e6:
            return now_us
        self.noted["clocks_disagree"] += 1
        return received_at

    def _one(self, one: Aircraft, now_us: int) -> None:
        row = row_of(one, now_us, self.dropped)
        said = {name: getattr(one, name) for name in ("squawk", "category", "emergency")}
        heard_at = now_us - round(_or_zero(one.seen) * 1e6)
        if _HEX.fullmatch(address := one.hex.strip().lower()):
            self.told.say(address, heard_at, {k: v for k, v in said.items() if v})
        if row is not None and self._is_new(row):
            self._rows.add(row)

    def _is_new(self, row: Row) -> bool:
        """Whether a position has changed, or was heard again half a second later at least."""
        before = self._before.get(row.aircraft)
        mine = (row.lat, row.lon, row.seen_at)
        if before is not None and row.seen_at - before[2] < 500_000:
            self.noted["told_before"] += 1
            return False
        self._before[row.aircraft] = mine
        return True


def _or_nan(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and isfinite(value) else nan


def _or_zero(value: float | None) -> float:
    return value if value is not None and 0 <= value < 1e6 else 0.0


def _code(value: int | None) -> int:
    return value if value is not None and 0 <= value <= 15 else -1

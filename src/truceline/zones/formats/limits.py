"""Limits and times as text and JSON, shared by the formats."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import Altitude, Datum, Unit, altitude
from truceline.geo.schedule import ClockTime
from truceline.zones.boundary import NO_LIMIT, Limit

LOWEST_M, HIGHEST_M = -1_000, 1_000_000

_UNITS = {
    "ft": Unit.FT,
    "feet": Unit.FT,
    "m": Unit.M,
    "metres": Unit.M,
    "meters": Unit.M,
    "fl": Unit.FL,
}
_DATUMS = {
    "sfc": Datum.SFC,
    "gnd": Datum.SFC,
    "agl": Datum.AGL,
    "asfc": Datum.AGL,
    "amsl": Datum.AMSL,
    "msl": Datum.AMSL,
    "std": Datum.STD,
    "wgs84": Datum.WGS84,
    "w84": Datum.WGS84,
}


def height(value: object, unit: object, datum: object, *, where: str) -> Altitude:
    """Return the altitude; refuses an unknown unit or datum, NaN, and heights off the air."""
    found_unit = _UNITS.get(str(unit).strip().lower())
    if found_unit is None:
        raise Malformed(
            Reason.OUT_OF_RANGE, where=where, detail=f"{unit!r} is not one of the units ft, m, FL"
        )
    found_datum = Datum.STD if found_unit is Unit.FL else _DATUMS.get(str(datum).strip().lower())
    if found_datum is None:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where=where,
            detail=f"{datum!r} is not one of the datums SFC, AGL, AMSL, STD, WGS84",
            remedy="Say what the height is measured from; it is never guessed",
        )
    number = _number(value, where)
    made = altitude(number, found_unit, found_datum)
    if not LOWEST_M * 1000 <= made.mm <= HIGHEST_M * 1000:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where=where,
            detail=f"{number} {found_unit} is not a height of the air",
        )
    return made


def _number(value: object, where: str) -> float:
    """A number, or a number written as text."""
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number is refused below
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise Malformed(Reason.OUT_OF_RANGE, where=where, detail=f"{value!r} is not a number")
    return number


def limit_tree(limit: Limit) -> dict[str, Any] | None:
    """Return a limit as our GeoJSON property; None: without bound."""
    tree: dict[str, Any] = {}
    if limit.altitude:
        tree = {
            "value": limit.altitude.as_given,
            "unit": str(limit.altitude.unit),
            "datum": str(limit.altitude.datum),
        }
    if limit.text:
        tree["text"] = limit.text
    if limit.geoid:
        tree["geoid"] = limit.geoid
    if limit.inclusive is not None:
        tree["inclusive"] = limit.inclusive
    return tree or None


def read_limit(tree: object, *, where: str) -> Limit:
    """Return the limit in our GeoJSON property `{"value": 1500, "unit": "ft", "datum": "AMSL"}`.

    A flight level may leave its datum out; a surface limit its value. Unknown fields
    are refused: a limit that is half understood is worse than none.
    """
    if tree is None:
        return NO_LIMIT
    if not isinstance(tree, Mapping):
        raise Malformed(
            Reason.WRONG_TYPE,
            where=where,
            detail="a limit is an object such as {value, unit, datum}",
            remedy='Write {"value": 1500, "unit": "ft", "datum": "AMSL"}',
        )
    unknown = sorted(tree.keys() - {"value", "unit", "datum", "text", "geoid", "inclusive"})
    if unknown:
        raise Malformed(
            Reason.UNKNOWN_FIELD, where=f"{where}.{unknown[0]}", detail="no such field in a limit"
        )
    text, geoid, inclusive = tree.get("text", ""), tree.get("geoid", ""), tree.get("inclusive")
    if (
        not isinstance(text, str)
        or not isinstance(geoid, str)
        or not isinstance(inclusive, bool | None)
    ):
        raise Malformed(
            Reason.WRONG_TYPE,
            where=where,
            detail="text and geoid are text, inclusive true or false",
        )
    found: Altitude | None = None
    surface = str(tree.get("datum", "")).upper() in ("SFC", "GND")
    if "value" in tree or surface:
        found = height(
            tree.get("value", 0),
            tree.get("unit", "m" if surface else None),
            tree.get("datum"),
            where=where,
        )
    return Limit(found, text, geoid, inclusive)


def read_instant(value: object, *, where: str) -> tuple[datetime, bool]:
    """Return the instant of an ISO 8601 text, and whether its zone had to be taken as UTC."""
    if not isinstance(value, str) or not value[:1].isdigit():
        raise Malformed(
            Reason.BAD_TIME,
            where=where,
            detail=f"{value!r} is not a time such as 2017-05-06T00:00:00Z",
        )
    try:
        found = datetime.fromisoformat(value)
        return (
            (found.replace(tzinfo=UTC), True)
            if found.tzinfo is None
            else (found.astimezone(UTC), False)
        )
    except (ValueError, OverflowError):
        raise Malformed(
            Reason.BAD_TIME,
            where=where,
            detail=f"{value!r} is not a time of the years 1 to 9999",
            remedy="Write it as 2017-05-06T00:00:00Z",
        ) from None


def instant_text(value: datetime) -> str:
    """Return an instant as ISO 8601 with Z."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_clock(value: object, *, where: str) -> ClockTime:
    """Return the time of day in "16:00Z", "16:00:00.00Z" or "16:00:00+03:00"."""
    text = value.strip() if isinstance(value, str) else ""
    digits, zone = text, "Z"
    if text.endswith("Z"):
        digits = text[:-1]
    elif len(text) > 6 and text[-6] in "+-":
        digits, zone = text[:-6], text[-6:]
    elif len(text) > 5 and text[-5] in "+-" and text[-4:].isdigit():
        digits, zone = text[:-5], f"{text[-5:-2]}:{text[-2:]}"
    parts = digits.split(":")
    try:
        hours, minutes = int(parts[0]), int(parts[1])
        seconds = float(parts[2]) if len(parts) == 3 else 0.0
        sane = 0 <= hours <= 24 and 0 <= minutes < 60 and 0 <= seconds < 60 and len(parts) <= 3
    except (ValueError, IndexError):
        sane = False
    if (
        not sane
        or (micros := round((hours * 3600 + minutes * 60 + seconds) * 1e6)) > 86_400_000_000
    ):
        raise Malformed(
            Reason.BAD_TIME, where=where, detail=f"{value!r} is not a time of day such as 16:00:00Z"
        )
    return ClockTime(micros, zone)


def clock_text(clock: ClockTime, *, decimals: bool = False) -> str:
    """Return a time of day as "16:00:00Z", or with hundredths of a second."""
    seconds, micros = divmod(clock.micros, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if decimals:
        text += f".{micros // 10_000:02d}"
    elif micros:
        text += f".{micros:06d}".rstrip("0")
    return text + clock.zone

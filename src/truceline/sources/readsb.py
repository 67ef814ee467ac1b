"""readsb and its relatives: `aircraft.json` snapshots and `trace_full` histories.

Field by field as in readsb's README-json: `alt_baro` may be the word "ground",
`~` marks an address that is not an ICAO one, `seen_pos` is the age of the position
in seconds, `alt_geom` is feet above the WGS 84 ellipsoid. A trace row is
[seconds, lat, lon, alt | "ground" | null, gs, track, flags, ...]; flag 1 says stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import isnan, nan
from typing import Any

import msgspec
import orjson

from truceline.airspace.fix import Fixes, Names
from truceline.airspace.quality import MULTILATERATED_M, Kind
from truceline.errors import Malformed, Reason
from truceline.sources.aircraft_json import Aircraft, kind_of, row_of
from truceline.sources.rows import Row, Rows, sigma_of

_STALE = 1
_MOST = 15
_LARGEST = 1e15
_LATEST_S = 1e11


def read_json(
    data: bytes, *, names: tuple[Names, Names], source: str, dropped: Counter[str]
) -> Iterator[Fixes]:
    """Yield the batches of a document: one snapshot, one trace, or one a line."""
    for number, document in enumerate(_documents(data, source)):
        where = f"{source}, document {number + 1}"
        if not isinstance(document, dict):
            raise Malformed(Reason.WRONG_TYPE, where=where, detail="not a JSON object")
        if "aircraft" in document:
            yield _snapshot(document, names, source, dropped)
        elif "trace" in document:
            yield _trace(document, names, source, dropped)
        else:
            raise Malformed(
                Reason.BAD_FORMAT,
                where=where,
                detail="neither an aircraft.json (aircraft) nor a trace_full (trace)",
            )


def _documents(data: bytes, source: str) -> list[Any]:
    try:
        return [orjson.loads(data)]
    except orjson.JSONDecodeError as error:
        if b"\n" not in data.strip():
            raise Malformed(Reason.NOT_JSON, where=source, detail=str(error)) from None
    try:
        return [orjson.loads(line) for line in data.splitlines() if line.strip()]
    except orjson.JSONDecodeError as error:
        raise Malformed(Reason.NOT_JSON, where=source, detail=str(error)) from None


def _snapshot(
    document: dict[str, Any], names: tuple[Names, Names], source: str, dropped: Counter[str]
) -> Fixes:
    now = _number(document.get("now"))
    if isnan(now) or abs(now) > _LATEST_S:
        raise Malformed(
            Reason.MISSING_FIELD, where=f"{source}, now", detail="no time of the snapshot"
        )
    listed = document["aircraft"]
    if not isinstance(listed, list):
        raise Malformed(Reason.WRONG_TYPE, where=f"{source}, aircraft", detail="not a list")
    rows = Rows(source, names)
    for one in listed:
        row = _of_aircraft(one, round(now * 1e6), dropped)
        if row is not None:
            rows.add(row)
    return rows.batch()


def _of_aircraft(one: Any, now_us: int, dropped: Counter[str]) -> Row | None:
    if not isinstance(one, dict) or not isinstance(one.get("hex"), str):
        dropped["no_address"] += 1
        return None
    try:
        return row_of(msgspec.convert(one, Aircraft), now_us, dropped)
    except msgspec.ValidationError:
        dropped["wrong_type"] += 1
        return None


def _trace(
    document: dict[str, Any], names: tuple[Names, Names], source: str, dropped: Counter[str]
) -> Fixes:
    address, begins = document.get("icao"), _number(document.get("timestamp"))
    listed = document["trace"]
    if not isinstance(address, str) or not abs(begins) < _LATEST_S or not isinstance(listed, list):
        raise Malformed(
            Reason.MISSING_FIELD, where=source, detail="a trace needs icao, timestamp and trace"
        )
    flight = ""
    rows = Rows(source, names)
    for number, one in enumerate(listed):
        if not isinstance(one, list) or len(one) < 7:
            dropped["short_row"] += 1
            continue
        if len(one) > 8 and isinstance(one[8], dict):
            flight = str(one[8].get("flight") or flight).strip()
        row = _of_trace(one, address, flight, begins)
        if row is None:
            dropped["stale" if _flags(one) & _STALE else "no_position"] += 1
        else:
            rows.add(row, number)
    return rows.batch()


def _flags(one: list[Any]) -> int:
    return one[6] if isinstance(one[6], int) else 0


def _of_trace(one: list[Any], address: str, flight: str, begins: float) -> Row | None:
    lat, lon, after = _number(one[1]), _number(one[2]), _number(one[0])
    if isnan(lat) or isnan(lon) or not abs(after) < _LATEST_S or _flags(one) & _STALE:
        return None
    extra = one[8] if len(one) > 8 and isinstance(one[8], dict) else {}
    kind = kind_of(str(one[9])) if len(one) > 9 else Kind.UNKNOWN
    nacp = extra.get("nac_p")
    nacp = nacp if isinstance(nacp, int) and 0 <= nacp <= _MOST else -1
    return Row(
        seen_at=round((begins + after) * 1e6),
        aircraft=address.strip().lower(),
        lat=lat,
        lon=lon,
        baro_ft=_number(one[3]),
        geo_ft=_number(one[10]) if len(one) > 10 else nan,
        ground=one[3] == "ground",
        sigma_m=MULTILATERATED_M if kind in (Kind.MLAT, Kind.TISB) else sigma_of(nacp),
        speed_kt=_number(one[4]),
        callsign=flight,
        track_deg=_number(one[5]),
        climb_ft_min=_number(one[7]) if len(one) > 7 else nan,
        kind=kind,
        nacp=nacp,
    )


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return nan
    return float(value) if abs(value) < _LARGEST else nan

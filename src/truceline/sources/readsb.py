"""readsb and its relatives: `aircraft.json` snapshots and `trace_full` histories.

Field by field as in readsb's README-json: `alt_baro` may be the word "ground",
`~` marks an address that is not an ICAO one, `seen_pos` is the age of the position
in seconds, `alt_geom` is feet above the WGS 84 ellipsoid. A trace row is
[seconds, lat, lon, alt | "ground" | null, gs, track, flags, ...]; flag 1 says stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import isnan
from typing import Any

import numpy as np
import orjson

from truceline.airspace.fix import Fixes, Names, fixes
from truceline.airspace.quality import MULTILATERATED_M, sigma_of_nacp
from truceline.errors import Malformed, Reason

_STALE = 1
_NOT_OWN = ("mlat", "tisb")


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


type Row = tuple[str, str, float, float, float, float, float, bool, float, float, int]


def _snapshot(
    document: dict[str, Any], names: tuple[Names, Names], source: str, dropped: Counter[str]
) -> Fixes:
    now = _number(document.get("now"))
    if isnan(now):
        raise Malformed(
            Reason.MISSING_FIELD, where=f"{source}, now", detail="no time of the snapshot"
        )
    listed = document["aircraft"]
    if not isinstance(listed, list):
        raise Malformed(Reason.WRONG_TYPE, where=f"{source}, aircraft", detail="not a list")
    rows = [_of_aircraft(one, now, number, dropped) for number, one in enumerate(listed)]
    return _batch((row for row in rows if row), names, source)


def _of_aircraft(one: Any, now: float, number: int, dropped: Counter[str]) -> Row | None:
    if not isinstance(one, dict) or not isinstance(one.get("hex"), str):
        dropped["no_address"] += 1
        return None
    lat, lon = _number(one.get("lat")), _number(one.get("lon"))
    if isnan(lat) or isnan(lon):
        dropped["no_position"] += 1
        return None
    age = _number(one.get("seen_pos"))
    kind = str(one.get("type", ""))
    return (
        one["hex"].strip().lower(),
        str(one.get("flight") or "").strip(),
        now - (age if not isnan(age) else 0.0),
        lat,
        lon,
        _number(one.get("alt_baro")),
        _number(one.get("alt_geom")),
        one.get("alt_baro") == "ground",
        _number(one.get("gs")),
        _sigma(one.get("nac_p"), kind),
        number,
    )


def _sigma(nacp: Any, kind: str) -> float:
    if kind.startswith(_NOT_OWN):
        return MULTILATERATED_M
    if not isinstance(nacp, int):
        return float("nan")
    return float(sigma_of_nacp(np.array([nacp]))[0])


def _trace(
    document: dict[str, Any], names: tuple[Names, Names], source: str, dropped: Counter[str]
) -> Fixes:
    address, begins = document.get("icao"), _number(document.get("timestamp"))
    listed = document["trace"]
    if not isinstance(address, str) or isnan(begins) or not isinstance(listed, list):
        raise Malformed(
            Reason.MISSING_FIELD, where=source, detail="a trace needs icao, timestamp and trace"
        )
    flight = ""
    rows: list[Row] = []
    for number, one in enumerate(listed):
        if not isinstance(one, list) or len(one) < 7:
            dropped["short_row"] += 1
            continue
        if len(one) > 8 and isinstance(one[8], dict):
            flight = str(one[8].get("flight") or flight).strip()
        row = _of_trace(one, address, flight, begins, number)
        if row is None:
            dropped["stale" if _flags(one) & _STALE else "no_position"] += 1
        else:
            rows.append(row)
    return _batch(rows, names, source)


def _flags(one: list[Any]) -> int:
    return one[6] if isinstance(one[6], int) else 0


def _of_trace(one: list[Any], address: str, flight: str, begins: float, number: int) -> Row | None:
    lat, lon, after = _number(one[1]), _number(one[2]), _number(one[0])
    if isnan(lat) or isnan(lon) or isnan(after) or _flags(one) & _STALE:
        return None
    extra = one[8] if len(one) > 8 and isinstance(one[8], dict) else {}
    return (
        address.strip().lower(),
        flight,
        begins + after,
        lat,
        lon,
        _number(one[3]),
        _number(one[10]) if len(one) > 10 else float("nan"),
        one[3] == "ground",
        _number(one[4]),
        _sigma(extra.get("nac_p"), str(one[9]) if len(one) > 9 else ""),
        number,
    )


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    return float(value)


def _batch(rows: Iterable[Row], names: tuple[Names, Names], source: str) -> Fixes:
    columns = list(zip(*rows, strict=True)) or [()] * 11
    hexes, flights, seen, lat, lon, baro, geo, ground, speed, sigma, number = columns
    return fixes(
        seen_at=np.rint(np.array(seen, dtype=np.float64) * 1e6).astype(np.int64),
        aircraft=names[0].codes(hexes),
        lat=np.array(lat, dtype=np.float64),
        lon=np.array(lon, dtype=np.float64),
        baro_ft=np.array(baro, dtype=np.float64),
        geo_ft=np.array(geo, dtype=np.float64),
        ground=np.array(ground, dtype=np.bool_),
        speed_kt=np.array(speed, dtype=np.float64),
        sigma_m=np.array(sigma, dtype=np.float64),
        callsign=np.array([names[1].code(f) if f else -1 for f in flights], dtype=np.int32),
        sequence=np.array(number, dtype=np.int64),
        names=names[0].texts,
        callsigns=names[1].texts,
        source=source,
    )

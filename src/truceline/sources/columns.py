"""From table columns of any reasonable type to the columns of a batch of fixes.

What cannot be read in a row costs that row and is counted; what cannot be read in a
column (no such column, text where numbers belong) is told at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.airspace.fix import Codes, Fixes, Flags, Floats, Ints, Marks, Names, fixes
from truceline.errors import Malformed, Reason
from truceline.geo.position import E7

REQUIRED = ("timestamp", "icao24", "latitude", "longitude")
NUMBERS = {
    "altitude": "baro_ft",
    "geoaltitude": "geo_ft",
    "groundspeed": "speed_kt",
    "track": "track_deg",
    "vertical_rate": "climb_ft_min",
    "qnh": "qnh_hpa",
}
"""Columns of plain numbers (ft, ft, kt, degrees, ft/min, hPa), and what a batch calls them."""

CODES = {"kind": 0, "nic": -1, "nacp": -1, "sil": -1}
"""Columns of small whole numbers, and what stands for "not reported"."""

OPTIONAL = ("callsign", "onground", *NUMBERS, *CODES)
KNOWN = (*REQUIRED, *OPTIONAL)

OF_SEGMENT = {
    "seen_at": ("timestamp", 1.0),
    "aircraft": ("icao24", 1.0),
    "baro_dft": ("altitude", 10.0),
    "geo_dft": ("geoaltitude", 10.0),
    "speed_dkt": ("groundspeed", 10.0),
    "ground": ("onground", 1.0),
    "callsign": ("callsign", 1.0),
    "sigma_mm": ("sigma_m", 1000.0),
    "track_cdeg": ("track", 100.0),
    "climb_ft_min": ("vertical_rate", 1.0),
    "qnh_dhpa": ("qnh", 10.0),
    **{name: (name, 1.0) for name in CODES},
}
"""The columns of our own sealed segments (`archive/segment.py`), and what divides them."""

POSITION = ("geometry", "lat_e7", "lon_e7")
"""Where a segment has its positions: a GeoParquet point; a track file in the same compact
columns may have 1e-7 degrees instead."""

_NEEDED = ("seen_at", "aircraft", "baro_dft", "ground")


def segment_columns(present: Sequence[str]) -> list[str]:
    """Return the columns to read of a segment, or nothing where the table is none."""
    placed = "geometry" in present or {"lat_e7", "lon_e7"} <= set(present)
    if not placed or not set(_NEEDED) <= set(present):
        return []
    return [name for name in (*OF_SEGMENT, *POSITION) if name in present]


_SECONDS_BELOW = 1e11
_MILLIS_BELOW = 1e14
_UNREADABLE = np.iinfo(np.int64).min


def check_names(present: Sequence[str], *, where: str) -> list[str]:
    """Return the columns to read. Refuses a table without the required ones."""
    missing = [name for name in REQUIRED if name not in present]
    if missing:
        raise Malformed(
            Reason.MISSING_FIELD,
            where=where,
            detail=f"no column {', '.join(missing)}; found {', '.join(present) or 'none'}",
            remedy=f"Name the columns {', '.join(KNOWN[:4])} (and, if known, {', '.join(OPTIONAL)})",
        )
    return [name for name in KNOWN if name in present]


def from_segment(table: pa.RecordBatch) -> pa.Table:
    """Return the rows of a sealed segment under the names of a track file."""
    made = dict(zip(("latitude", "longitude"), _positions(table), strict=True))
    for column, (name, scale) in OF_SEGMENT.items():
        if column not in table.schema.names:
            continue
        values = table.column(column)
        made[name] = values if scale == 1.0 else pc.divide(values.cast(pa.float64()), scale)
    return pa.table(made)


def _positions(table: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    if "geometry" in table.schema.names:
        where = table.column("geometry")
        return where.field("y"), where.field("x")
    return table.column("lat_e7"), table.column("lon_e7")


def fixes_of(
    table: pa.RecordBatch | pa.Table,
    *,
    names: tuple[Names, Names],
    first: int,
    source: str,
    dropped: Counter[str],
) -> Fixes:
    """Return the usable rows of a table as a batch; `first` is the number of its first row."""
    aircraft, known = _texts(table.column("icao24"), names[0], where=f"{source}, icao24")
    seen_at = times(table.column("timestamp"), where=f"{source}, timestamp")
    columns: dict[str, Any] = {
        "lat": degrees(table.column("latitude"), where=f"{source}, latitude"),
        "lon": degrees(table.column("longitude"), where=f"{source}, longitude"),
    }
    for column, name in NUMBERS.items():
        if column in table.schema.names:
            columns[name] = numbers(table.column(column), where=f"{source}, {column}")
    for name, otherwise in CODES.items():
        if name in table.schema.names:
            where = f"{source}, {name}"
            columns[name] = codes(table.column(name), otherwise=otherwise, where=where)
    batch = fixes(
        seen_at=seen_at,
        aircraft=aircraft,
        **columns,
        ground=_flags(table),
        sigma_m=_sigma(table, source),
        callsign=_callsigns(table, names[1], source),
        names=names[0].texts,
        callsigns=names[1].texts,
        sequence=np.arange(first, first + len(seen_at), dtype=np.int64),
        source=source,
    )
    return _usable(batch, known, dropped)


def _usable(batch: Fixes, known: Flags, dropped: Counter[str]) -> Fixes:
    timed = batch.seen_at != _UNREADABLE
    _count(dropped, "no_address", ~known)
    _count(dropped, "no_time", known & ~timed)
    return batch if (known & timed).all() else batch.take(known & timed)


def _count(dropped: Counter[str], reason: str, bad: Flags) -> None:
    if bad.any():
        dropped[reason] += int(np.count_nonzero(bad))


def _flat(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _texts(column: Any, names: Names, *, where: str) -> tuple[Codes, Flags]:
    """Return the code of each text, lower case and trimmed, and whether there is one."""
    array = _flat(column)
    if pa.types.is_integer(array.type):
        array = pa.array([None if v is None else f"{v:06x}" for v in array.to_pylist()])
    if not pa.types.is_dictionary(array.type):
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            raise _wrong(where, array.type, "text")
        array = pc.dictionary_encode(array)
    words = [str(w or "").strip().lower() for w in array.dictionary.to_pylist()]
    table = np.array([names.code(w) if w else -1 for w in words] + [-1], dtype=np.int32)
    index = pc.fill_null(array.indices.cast(pa.int32()), len(words)).to_numpy(zero_copy_only=False)
    codes = table[index]
    return codes, codes >= 0


def _callsigns(table: pa.RecordBatch | pa.Table, names: Names, source: str) -> Codes | None:
    if "callsign" not in table.schema.names:
        return None
    array = _flat(table.column("callsign"))
    if pa.types.is_null(array.type):
        return None
    if not pa.types.is_dictionary(array.type):
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            raise _wrong(f"{source}, callsign", array.type, "text")
        array = pc.dictionary_encode(array)
    words = [str(w or "").strip() for w in array.dictionary.to_pylist()]
    codes = np.array([names.code(w) if w else -1 for w in words] + [-1], dtype=np.int32)
    index = pc.fill_null(array.indices.cast(pa.int32()), len(words)).to_numpy(zero_copy_only=False)
    return np.asarray(codes[index], dtype=np.int32)


def numbers(column: Any, *, where: str) -> Floats:
    """Return a column as numbers, NaN where there is none. Refuses a column of another type."""
    array = _flat(column)
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text(array)
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise _wrong(where, kind, "numbers")
    plain = pc.cast(array, pa.float64(), safe=False)
    return np.asarray(plain.to_numpy(zero_copy_only=False), dtype=np.float64)


def _from_text(array: pa.Array) -> Floats:
    try:
        plain = pc.cast(pc.if_else(pc.equal(array, ""), None, array), pa.float64())
        return np.asarray(plain.to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowInvalid:
        return np.array([_number(text) for text in array.to_pylist()], dtype=np.float64)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def codes(column: Any, *, otherwise: int, where: str) -> Marks:
    """Return a column as small whole numbers; what is none, or out of their range, is `otherwise`."""
    values = numbers(column, where=where)
    good = (values >= 0) & (values <= 15) & (values == np.floor(values))
    return np.where(good, np.where(good, values, 0), otherwise).astype(np.int8)


def degrees(column: Any, *, where: str) -> Floats:
    """Return degrees; a column of integers is in units of 1e-7 degree."""
    values = numbers(column, where=where)
    return values / E7 if pa.types.is_integer(_flat(column).type) else values


def times(column: Any, *, where: str) -> Ints:
    """Return microseconds since the epoch; a time without a zone is taken as UTC.

    Numbers are seconds, milliseconds or microseconds, told apart by their size.
    """
    array = _flat(column)
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _times_from_text(array)
    if pa.types.is_timestamp(kind):
        return _whole(pc.cast(pc.cast(array, pa.timestamp("us", kind.tz), safe=False), pa.int64()))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return from_epoch(numbers(array, where=where))
    raise _wrong(where, kind, "times")


def _whole(array: pa.Array) -> Ints:
    return np.asarray(pc.fill_null(array, _UNREADABLE).to_numpy(zero_copy_only=False))


def from_epoch(values: Floats) -> Ints:
    """Return microseconds for seconds, milliseconds or microseconds since the epoch."""
    size = np.abs(values)
    scale = np.where(size < _SECONDS_BELOW, 1e6, np.where(size < _MILLIS_BELOW, 1e3, 1.0))
    good = np.isfinite(values) & (size * scale < 2**62)
    return np.where(good, np.rint(np.where(good, values * scale, 0)).astype(np.int64), _UNREADABLE)


def _times_from_text(array: pa.Array) -> Ints:
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us")):
        try:
            return _whole(pc.cast(pc.cast(array, kind), pa.int64()))
        except pa.ArrowInvalid:
            continue
    return np.array([_time(text) for text in array.to_pylist()], dtype=np.int64)


def _time(text: str | None) -> int:
    try:
        return int(from_epoch(np.array([float(text or "")]))[0])
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return int(_UNREADABLE)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _flags(table: pa.RecordBatch | pa.Table) -> Flags | None:
    if "onground" not in table.schema.names:
        return None
    array = _flat(table.column("onground"))
    if pa.types.is_boolean(array.type):
        return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))
    if pa.types.is_null(array.type):
        return None
    words = [str(v).strip().lower() for v in array.to_pylist()]
    return np.array([word in ("true", "1", "1.0", "yes", "t") for word in words], dtype=np.bool_)


def _sigma(table: pa.RecordBatch | pa.Table, source: str) -> Floats | None:
    from truceline.airspace.quality import sigma_of_nacp  # noqa: PLC0415 -- rarely there

    if "sigma_m" in table.schema.names:
        return numbers(table.column("sigma_m"), where=f"{source}, sigma_m")
    if "nacp" not in table.schema.names:
        return None
    codes = numbers(table.column("nacp"), where=f"{source}, nacp")
    return sigma_of_nacp(np.where(np.isfinite(codes), codes, -1).astype(np.int64))


def _wrong(where: str, kind: pa.DataType, wanted: str) -> Malformed:
    return Malformed(
        Reason.WRONG_TYPE,
        where=where,
        detail=f"the column holds {kind}, not {wanted}",
        remedy="Convert the column and try again",
    )

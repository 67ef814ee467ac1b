"""A sealed batch: the fixes of one source and interval as a GeoParquet file, named by its hash.

Positions are the `geometry` column of GeoParquet 1.1 (encoding "point", OGC:CRS84), so
that any tool that reads it draws the fixes. The other columns are scaled integers
(tenths of a foot and of a knot, millimetres), delta encoded. What the watch judges must
be what the archive keeps, so a batch is settled (`settled`) first: rounded to those
units, positions to 1e-7 degree. Then `read(write(batch))` is the batch again, to the bit.

A file also keeps the pieces in which its fixes were fed, each with the clock's time then
(`fed`): what is too old, or from the future, depends on both. So a replay of the pieces
gives the same crossings.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from truceline.airspace.fix import Codes, Fixes, Floats, Names, fixes
from truceline.errors import Malformed, Reason, Refused, Unproven
from truceline.geo.position import E7

FORMAT = 3

MEDIA_TYPE = "application/vnd.apache.parquet"

GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "point", "geometry_types": ["Point"]}},
}
"""What GeoParquet 1.1 asks for; no `crs` means OGC:CRS84, longitude first."""

_AXES = {"lon": "x", "lat": "y"}
_SCALED: Mapping[str, tuple[str, float]] = {
    "baro_ft": ("baro_dft", 10.0),
    "geo_ft": ("geo_dft", 10.0),
    "sigma_m": ("sigma_mm", 1000.0),
    "speed_kt": ("speed_dkt", 10.0),
    "track_deg": ("track_cdeg", 100.0),
    "climb_ft_min": ("climb_ft_min", 1.0),
    "qnh_hpa": ("qnh_dhpa", 10.0),
}
_MARKS = {"kind": 0, "nic": -1, "nacp": -1, "sil": -1}
"""Small codes, and what stands for "not reported"."""

_LARGEST = 2**31 - 1

SCHEMA = pa.schema(
    [
        pa.field("seen_at", pa.int64(), nullable=False),
        pa.field("aircraft", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field(
            "geometry",
            pa.struct([pa.field(axis, pa.float64(), nullable=False) for axis in _AXES.values()]),
            nullable=False,
        ),
        pa.field("baro_dft", pa.int32()),
        pa.field("geo_dft", pa.int32()),
        pa.field("ground", pa.bool_(), nullable=False),
        pa.field("sigma_mm", pa.int32()),
        pa.field("speed_dkt", pa.int32()),
        pa.field("callsign", pa.dictionary(pa.int32(), pa.string())),
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("track_cdeg", pa.int32()),
        pa.field("climb_ft_min", pa.int32()),
        pa.field("qnh_dhpa", pa.int32()),
        *(pa.field(name, pa.int32(), nullable=False) for name in _MARKS),
    ]
)
_GEOMETRY = SCHEMA.field("geometry").type
_PLAIN = ("aircraft", "callsign", "ground", "geometry")
_DELTA = [name for name in SCHEMA.names if name not in _PLAIN]

type Fed = tuple[int, int | None]
"""How many fixes were fed together, and the clock then (microseconds, UTC; None: not asked)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A written batch and what a record says of it. Times are microseconds, UTC."""

    data: bytes
    sha256: str
    source: str
    first_at: int
    last_at: int
    count: int
    first_sequence: int
    last_sequence: int


def settled(batch: Fixes) -> Fixes:
    """Return the batch rounded to the units of the archive, codes and order unchanged.

    Refuses a position that is not a number, which the archive has no way to write.
    """
    if not (np.isfinite(batch.lat).all() and np.isfinite(batch.lon).all()):
        raise Refused(
            Reason.OUT_OF_RANGE, where="fix", detail="a position in the batch is not a number"
        )
    columns: dict[str, Any] = {
        name: _settle(getattr(batch, name), scale) for name, (_, scale) in _SCALED.items()
    }
    columns |= {name: _settle(getattr(batch, name), E7) for name in _AXES}
    return replace(batch, **columns)


def _settle(values: Floats, scale: float) -> Floats:
    return np.asarray(_rounded(values, scale) / scale, dtype=np.float64)


def write(batch: Fixes, fed: Sequence[Fed] = ()) -> Segment:
    """Return a batch as a segment; `fed` are the pieces it came in. Refuses an empty one."""
    if not len(batch):
        raise Refused(Reason.OUT_OF_RANGE, where="segment", detail="the batch has no fixes")
    columns: dict[str, Any] = {
        "seen_at": pa.array(batch.seen_at),
        "aircraft": _words(batch.aircraft, batch.names),
        "geometry": pa.StructArray.from_arrays(
            [pa.array(getattr(batch, name)) for name in _AXES], fields=list(_GEOMETRY)
        ),
        "ground": pa.array(batch.ground),
        "callsign": _words(batch.callsign, batch.callsigns),
        "sequence": pa.array(batch.sequence),
    }
    for name, (column, scale) in _SCALED.items():
        columns[column] = _integers(getattr(batch, name), scale)
    for name in _MARKS:
        columns[name] = pa.array(getattr(batch, name).astype(np.int32))
    table = pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)
    marks = {
        "truceline.segment": str(FORMAT),
        "source": batch.source,
        "fed": json.dumps([list(one) for one in fed]),
        "geo": json.dumps(GEO),
    }
    data = _bytes(table, marks)
    return Segment(
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        source=batch.source,
        first_at=int(batch.seen_at.min()),
        last_at=int(batch.seen_at.max()),
        count=len(batch),
        first_sequence=int(batch.sequence.min()),
        last_sequence=int(batch.sequence.max()),
    )


def read(data: bytes, *, sha256: str | None = None) -> Fixes:
    """Return the batch of a segment. Raises `Unproven` if the bytes do not have the hash asked for."""
    return _read(data, sha256)[0]


def pieces(data: bytes, *, sha256: str | None = None) -> Iterator[tuple[Fixes, int | None]]:
    """Yield what was fed together, in order, with the clock then; raises as `read` does."""
    batch, fed = _read(data, sha256)
    first = 0
    for count, now_us in fed:
        yield batch.take(slice(first, first + count)), now_us
        first += count
    if first < len(batch):
        yield batch.take(slice(first, len(batch))), None


def same_fixes(one: bytes, other: bytes) -> bool:
    """Say whether two segments hold the same fixes, however they were fed."""
    return bool(pq.read_table(io.BytesIO(one)).equals(pq.read_table(io.BytesIO(other))))


def _read(data: bytes, sha256: str | None) -> tuple[Fixes, list[Fed]]:
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise Unproven(
            Reason.CORRUPT, where="segment", detail="the bytes are not those that the record names"
        )
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise Malformed(
            Reason.BAD_FORMAT, where="segment", detail=str(error).splitlines()[0]
        ) from None
    marks = table.schema.metadata or {}
    is_ours = marks.get(b"truceline.segment") == str(FORMAT).encode()
    if not is_ours or table.schema.names != SCHEMA.names:
        raise Malformed(Reason.BAD_FORMAT, where="segment", detail="not a segment of this format")
    fed = [(int(count), now) for count, now in json.loads(marks.get(b"fed", b"[]"))]
    return _batch(table.combine_chunks(), marks.get(b"source", b"").decode()), fed


def _batch(table: pa.Table, source: str) -> Fixes:
    names, callsigns = Names(), Names()
    where = table["geometry"].combine_chunks()
    return fixes(
        seen_at=table["seen_at"].to_numpy(),
        aircraft=_codes(table["aircraft"], names),
        ground=table["ground"].to_numpy(),
        callsign=_codes(table["callsign"], callsigns),
        sequence=table["sequence"].to_numpy(),
        names=names.texts,
        callsigns=callsigns.texts,
        source=source,
        **{name: where.field(axis).to_numpy() for name, axis in _AXES.items()},
        **{
            name: table[column].cast(pa.float64()).to_numpy() / scale
            for name, (column, scale) in _SCALED.items()
        },
        **{name: table[name].cast(pa.int8()).to_numpy() for name in _MARKS},
    )


def _bytes(table: pa.Table, marks: Mapping[str, str]) -> bytes:
    sink = io.BytesIO()
    with pq.ParquetWriter(
        sink,
        table.schema,
        compression="zstd",
        use_dictionary=["aircraft", "callsign"],
        column_encoding=dict.fromkeys(_DELTA, "DELTA_BINARY_PACKED"),
        store_schema=False,
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(dict(marks))
    return sink.getvalue()


def _rounded(values: Floats, scale: float) -> Floats:
    return np.clip(np.rint(values * scale), -_LARGEST, _LARGEST)


def _integers(values: Floats, scale: float) -> pa.Array:
    whole = _rounded(values, scale)
    absent = np.isnan(whole)
    return pa.array(np.where(absent, 0, whole).astype(np.int32), mask=absent)


def _words(codes: Codes, texts: Any) -> pa.Array:
    used, index = np.unique(codes, return_inverse=True)
    shift = int(np.count_nonzero(used < 0))
    words = pa.array([texts[code] for code in used[shift:].tolist()], type=pa.string())
    number = index.astype(np.int32) - np.int32(shift)
    return pa.DictionaryArray.from_arrays(pa.array(number, mask=number < 0), words)


def _codes(column: pa.ChunkedArray, names: Names) -> Codes:
    texts = column.cast(pa.string()).to_pylist()
    return np.array([-1 if t is None else names.code(t) for t in texts], dtype=np.int32)

"""Positions out of Parquet, as fast as they can be decoded: what a sweep needs, no more.

Two layouts are known, and any file that has their columns: track files (`timestamp`,
`icao24`, `latitude`, `longitude`, and if there `altitude`, `geoaltitude`, `onground`),
and the compact columns of the archive (`seen_at`, `aircraft`, `lat_e7`, `lon_e7` or a
GeoParquet point, and if there `baro_dft`, `geo_dft`, `ground`). A file is read in pieces
of `BATCH_ROWS`, so it may be of any length. Tolerant reading, with a count of what was
dropped and why, is `sources/tracks.py`; here a column of another type is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from truceline.airspace.fix import Codes, Fixes, Flags, Floats, Ints, Names, fixes
from truceline.errors import Malformed, Reason
from truceline.geo.position import E7

BATCH_ROWS = 65_536
"""Small enough that the columns of a piece stay in the cache until they are swept."""

_LAYOUTS: tuple[dict[str, str], ...] = (
    {
        "seen_at": "timestamp",
        "aircraft": "icao24",
        "lat": "latitude",
        "lon": "longitude",
        "baro_ft": "altitude",
        "geo_ft": "geoaltitude",
        "ground": "onground",
    },
    {
        "seen_at": "seen_at",
        "aircraft": "aircraft",
        "lat": "lat_e7",
        "lon": "lon_e7",
        "baro_ft": "baro_dft",
        "geo_ft": "geo_dft",
        "ground": "ground",
    },
    {
        "seen_at": "seen_at",
        "aircraft": "aircraft",
        "lat": "geometry.y",
        "lon": "geometry.x",
        "baro_ft": "baro_dft",
        "geo_ft": "geo_dft",
        "ground": "ground",
    },
)
_NEEDED = ("seen_at", "aircraft", "lat", "lon")
_DEGREES = ("latitude", "longitude")
_SCALE = {"lat_e7": E7, "lon_e7": E7, "baro_dft": 10.0, "geo_dft": 10.0}


class PositionFile:
    """A Parquet file of positions that is being read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows_read = 0
        self.names = Names()
        self._empty: Fixes | None = None
        self._words: pa.Array | None = None  # of the row group that is being read
        self._table: Codes = np.zeros(0, dtype=np.int32)

    def batches(self) -> Iterator[Fixes]:
        """Yield the fixes in the order of the file. Refuses what is no such file."""
        try:
            yield from self._batches()
        except FileNotFoundError:
            raise Malformed(Reason.NOT_FOUND, where=str(self.path), detail="no such file") from None
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise Malformed(
                Reason.BAD_FORMAT, where=str(self.path), detail=str(error).splitlines()[0][:300]
            ) from None

    def _batches(self) -> Iterator[Fixes]:
        with pq.ParquetFile(self.path) as plain:
            layout, columns = self._layout(plain.schema_arrow)
            word = layout["aircraft"]
            text = not pa.types.is_dictionary(plain.schema_arrow.field(word).type)
        # Asked for as codes, an address is decoded once for each row group, not for each row.
        with pq.ParquetFile(self.path, read_dictionary=[word] if text else None) as file:
            # One row group at a time: asked for all, Arrow keeps what it has read until the end.
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(
                    BATCH_ROWS, row_groups=[group], columns=columns, use_threads=False
                ):
                    yield self._fixes(batch, layout)

    def _layout(self, schema: pa.Schema) -> tuple[dict[str, str], list[str]]:
        present = set(schema.names)
        for layout in _LAYOUTS:
            there = {k: v for k, v in layout.items() if v.split(".")[0] in present}
            if set(_NEEDED) <= set(there):
                return there, sorted({v.split(".")[0] for v in there.values()})
        raise Malformed(
            Reason.MISSING_FIELD,
            where=self.path.name,
            detail=f"found the columns {', '.join(schema.names) or 'none'}",
            remedy="Name the columns timestamp, icao24, latitude, longitude (altitude, onground)",
        )

    def _fixes(self, batch: pa.RecordBatch, layout: dict[str, str]) -> Fixes:
        columns = {name: self._column(batch, word) for name, word in layout.items()}
        first = self.rows_read
        self.rows_read += batch.num_rows
        made: dict[str, Any] = {
            name: _numbers(column, layout[name])
            for name, column in columns.items()
            if name in ("lat", "lon", "baro_ft", "geo_ft")
        }
        if "ground" in columns:
            made["ground"] = _flags(columns["ground"])
        return replace(
            self._nothing_else(batch.num_rows),
            seen_at=_times(columns["seen_at"], self.path.name),
            aircraft=self._codes(columns["aircraft"]),
            names=self.names.texts,
            sequence=np.arange(first, self.rows_read, dtype=np.int64),
            source=self.path.name,
            **made,
        )

    def _nothing_else(self, count: int) -> Fixes:
        """A batch in which nothing is reported; its columns are made once and shared."""
        if self._empty is None or len(self._empty) < count:
            none = np.zeros(count, dtype=np.int64)
            nowhere: Floats = np.zeros(count, dtype=np.float64)
            self._empty = fixes(
                seen_at=none, aircraft=none.astype(np.int32), lat=nowhere, lon=nowhere, names=()
            )
        return self._empty.take(slice(0, count))

    def _column(self, batch: pa.RecordBatch, word: str) -> pa.Array:
        name, _, part = word.partition(".")
        column = batch.column(name)
        return column.field(part) if part else column

    def _codes(self, column: pa.Array) -> Codes:
        if not pa.types.is_dictionary(column.type):
            column = pc.dictionary_encode(column.cast(pa.string()))
        if column.null_count:
            raise Malformed(
                Reason.MISSING_FIELD, where=self.path.name, detail="a row names no aircraft"
            )
        if self._words is None or not self._words.equals(column.dictionary):
            words = (str(word).strip().lower() for word in column.dictionary.to_pylist())
            self._words, self._table = column.dictionary, self.names.codes(words)
        return np.asarray(self._table[_lent(column.indices)], dtype=np.int32)


def _lent(column: pa.Array) -> Any:
    """Return the memory of a column of numbers without nulls, not copied; it may not be written to.

    `to_numpy` would do, but imports pandas where it is installed, which takes a second.
    """
    kind = np.dtype(column.type.to_pandas_dtype())
    start = column.offset * kind.itemsize
    return np.frombuffer(column.buffers()[1], dtype=kind, count=len(column), offset=start)


def _numbers(column: pa.Array, word: str) -> Floats:
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise Malformed(Reason.WRONG_TYPE, where=word, detail=f"the column holds {kind}")
    scale = _SCALE.get(word, E7 if pa.types.is_integer(kind) and word in _DEGREES else 1.0)
    if column.null_count:
        column = pc.fill_null(column.cast(pa.float64()), np.nan)
    if scale != 1.0:
        return np.asarray(_lent(column) / scale, dtype=np.float64)
    # The kernel is compiled for columns that may be written to: a lent one is copied.
    return np.array(_lent(column), dtype=np.float64)


def _times(column: pa.Array, where: str) -> Ints:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
    elif not pa.types.is_int64(kind):
        raise Malformed(
            Reason.WRONG_TYPE,
            where=where,
            detail=f"times are {kind}, neither timestamps nor microseconds",
        )
    if column.null_count:
        raise Malformed(Reason.MISSING_FIELD, where=where, detail="a row has no time")
    return np.array(_lent(column), dtype=np.int64)


def _flags(column: pa.Array) -> Flags:
    if column.null_count:
        column = pc.fill_null(column, pa.scalar(False))
    return np.array(_lent(column.cast(pa.uint8())), dtype=np.bool_)

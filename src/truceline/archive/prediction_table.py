"""Predicted entries as a table, in CSV and in Parquet: each alert with what became of it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from truceline.airspace.predictions.prediction import Settled
from truceline.archive.crossing_table import check_target

_TIME = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        ("zone_id", pa.string()),
        ("icao24", pa.string()),
        ("callsign", pa.string()),
        ("level", pa.string()),
        ("predicted_at", _TIME),
        ("entry_at", _TIME),
        ("probability", pa.float64()),
        ("entry_lat", pa.float64()),
        ("entry_lon", pa.float64()),
        ("entry_alt_ft", pa.float64()),
        ("way", pa.string()),
        ("outcome", pa.string()),
        ("entered_at", _TIME),
        ("warning_s", pa.float64()),
    ]
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_predictions(path: Path, settled: Sequence[Settled]) -> None:
    """Write the alerts in the order given; the ending of the name decides the format."""
    check_target(path)
    rows = [row_of(one) for one in settled]
    if path.suffix.lower() == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path, compression="zstd")
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, SCHEMA.names)
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)


def row_of(one: Settled) -> dict[str, Any]:
    """Return one alert as a row; `level` is the highest that it reached."""
    made = one.prediction
    return {
        "zone_id": made.zone_id,
        "icao24": made.icao24,
        "callsign": made.callsign,
        "level": str(one.level),
        "predicted_at": _at(made.made_at),
        "entry_at": _at(made.entry_at),
        "probability": round(made.chance, 4),
        "entry_lat": round(made.entry_lat, 6),
        "entry_lon": round(made.entry_lon, 6),
        "entry_alt_ft": None if made.entry_ft is None else round(made.entry_ft),
        "way": made.way,
        "outcome": str(one.outcome),
        "entered_at": None if one.entered_at is None else _at(one.entered_at),
        "warning_s": one.warning_s,
    }


def _at(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return "" if value is None else value

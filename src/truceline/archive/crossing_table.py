"""Crossings as a table: the columns that analysts get, in CSV and in Parquet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from truceline.airspace.crossing import Crossing
from truceline.errors import Malformed, Reason

_TIME = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        ("zone_id", pa.string()),
        ("icao24", pa.string()),
        ("callsign", pa.string()),
        ("entered_at", _TIME),
        ("left_at", _TIME),
        ("entry_lat", pa.float64()),
        ("entry_lon", pa.float64()),
        ("entry_alt_ft", pa.float64()),
        ("exit_lat", pa.float64()),
        ("exit_lon", pa.float64()),
        ("exit_alt_ft", pa.float64()),
        ("max_depth_m", pa.float64()),
        ("verdict", pa.string()),
        ("cause_in", pa.string()),
        ("cause_out", pa.string()),
    ]
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_target(path: Path) -> None:
    """Refuse a file name that is neither .csv nor .parquet, or a folder that is not there."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise Malformed(
            Reason.BAD_FORMAT,
            where=str(path),
            detail=f"the ending {path.suffix or '(none)'} is neither .csv nor .parquet",
            remedy="Name the file .csv or .parquet",
        )
    if not path.parent.is_dir():
        raise Malformed(
            Reason.NOT_FOUND, where=str(path.parent), detail="the folder does not exist"
        )


def write_crossings(path: Path, crossings: Sequence[Crossing]) -> None:
    """Write the crossings in the order given; the ending of the name decides the format."""
    check_target(path)
    rows = [row_of(one) for one in crossings]
    if path.suffix.lower() == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path, compression="zstd")
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SCHEMA.names)
        writer.writerows([_text(row[name]) for name in SCHEMA.names] for row in rows)


def row_of(crossing: Crossing) -> dict[str, Any]:
    """Return a crossing as a row of the table."""
    return {
        "zone_id": crossing.zone_id,
        "icao24": crossing.icao24,
        "callsign": crossing.callsign or None,
        "entered_at": _EPOCH + timedelta(microseconds=crossing.entered_at),
        "left_at": _EPOCH + timedelta(microseconds=crossing.left_at),
        "entry_lat": crossing.entry.lat,
        "entry_lon": crossing.entry.lon,
        "entry_alt_ft": crossing.entry.alt_ft,
        "exit_lat": crossing.exit.lat,
        "exit_lon": crossing.exit.lon,
        "exit_alt_ft": crossing.exit.alt_ft,
        "max_depth_m": crossing.max_depth_m,
        "verdict": str(crossing.verdict),
        "cause_in": str(crossing.cause_in),
        "cause_out": str(crossing.cause_out),
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return repr(value) if isinstance(value, float) else str(value)

"""Files of reports, for matching two ledgers: CSV or Parquet.

Columns `id, lat, lon` and, where they are known, `radius_m, from, to, kind`. A row that
cannot be read is left out and named by its line and column; a file without the columns
that are needed is refused.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.geo.position import from_degrees
from truceline.incidents.matching.columns import Row

NEEDED = ("id", "lat", "lon")
COLUMNS = (*NEEDED, "radius_m", "from", "to", "kind")
MOST_BYTES = 256 * 1024 * 1024
MOST_RADIUS_M = 2_000_000.0
MOST_ID = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


class ReportFile:
    """A file of reports; `left_out` says of each row that was not read where and why."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left_out: list[str] = []

    def reports(self) -> list[Row]:
        """Return the reports that can be read, in the order of the file."""
        rows, seen = [], set[str]()
        for line, row in self._rows():
            try:
                told = of_row(row)
                if told.id in seen:
                    raise _wrong("id", f"{told.id} stands twice")
            except TrucelineError as error:
                self.left_out.append(
                    f"{self.path.name}, line {line}, {error.where}: {error.detail}"
                )
                continue
            seen.add(told.id)
            rows.append(told)
        return rows

    def _rows(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        if not self.path.is_file():
            raise Malformed(Reason.NOT_FOUND, where=str(self.path), detail="there is no such file")
        if self.path.stat().st_size > MOST_BYTES:
            raise Malformed(
                Reason.TOO_LARGE,
                where=str(self.path),
                detail=f"larger than {MOST_BYTES // 2**20} MiB",
            )
        return self._parquet() if self.path.suffix.lower() == ".parquet" else self._csv()

    def _csv(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file, restval="")
                reader.fieldnames = [(name or "").strip() for name in reader.fieldnames or ()]
                self._check(reader.fieldnames)
                for row in reader:
                    yield reader.line_num, row
        except (UnicodeDecodeError, csv.Error) as error:
            raise Malformed(
                Reason.BAD_FORMAT, where=str(self.path), detail=f"not CSV in UTF-8: {error}"
            ) from None

    def _parquet(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        import pyarrow as pa  # noqa: PLC0415 -- heavy, and not needed for CSV
        import pyarrow.parquet as pq  # noqa: PLC0415

        try:
            file = pq.ParquetFile(self.path)
            self._check(file.schema_arrow.names)
            kept = [name for name in COLUMNS if name in file.schema_arrow.names]
            line = 0
            for batch in file.iter_batches(columns=kept):
                for row in batch.to_pylist():
                    line += 1
                    yield line, row
        except (pa.ArrowException, OSError) as error:
            raise Malformed(
                Reason.BAD_FORMAT, where=str(self.path), detail=f"not Parquet: {error}"
            ) from None

    def _check(self, present: Iterable[str]) -> None:
        missing = [name for name in NEEDED if name not in present]
        if missing:
            raise Malformed(
                Reason.MISSING_FIELD, where=str(self.path), detail=f"no column {', '.join(missing)}"
            )


def of_row(row: Mapping[str, Any]) -> Row:
    """Return the report of one row. Raises `Malformed`, with the column for its place."""
    name = str(row.get("id") if row.get("id") is not None else "").strip()
    if not 0 < len(name) <= MOST_ID:
        raise _wrong("id", f"needs 1 to {MOST_ID} characters")
    lat, lon = _number(row, "lat"), _number(row, "lon")
    if lat is None or lon is None:
        raise _wrong("lat" if lat is None else "lon", "is empty")
    at = from_degrees(lat=lat, lon=lon)
    radius = _number(row, "radius_m")
    if radius is not None and not 0 <= radius <= MOST_RADIUS_M:
        raise _wrong("radius_m", f"{radius:g} is not within 0 and {MOST_RADIUS_M:g}")
    start, end = _window(row)
    kind = str(row.get("kind") or "").strip() or None
    return Row(name, at.lat, at.lon, radius, start, end, kind)


def _window(row: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return when it was, in microseconds. A date without an hour is the whole of its day (UTC)."""
    first, last = _moment(row, "from"), _moment(row, "to")
    start = None if first is None else first[0]
    end = None if last is None else last[1]
    if end is None and first is not None:
        end = first[1]
    if start is None and last is not None:
        start = last[0]
    if start is not None and end is not None and end < start:
        raise _wrong("to", "is before `from`")
    return start, end


def _moment(row: Mapping[str, Any], column: str) -> tuple[int, int] | None:
    said = row.get(column)
    if said is None or (isinstance(said, str) and not said.strip()):
        return None
    if isinstance(said, datetime):
        return (_micros(said),) * 2
    if isinstance(said, date):
        return _day(said)
    text = str(said).strip()
    try:
        if len(text) <= len("2017-07-24"):
            return _day(date.fromisoformat(text))
        return (_micros(datetime.fromisoformat(text)),) * 2
    except (ValueError, OverflowError):
        raise _wrong(column, f"{text[:40]!r} is not a date or a time of ISO 8601") from None


def _day(said: date) -> tuple[int, int]:
    start = datetime.combine(said, time(), UTC)
    return _micros(start), _micros(start + _DAY)


def _micros(said: datetime) -> int:
    known = said if said.tzinfo else said.replace(tzinfo=UTC)
    return (known - _EPOCH) // timedelta(microseconds=1)


def _number(row: Mapping[str, Any], column: str) -> float | None:
    said = row.get(column)
    if said is None or (isinstance(said, str) and not said.strip()):
        return None
    try:
        value = float(said)
    except (TypeError, ValueError):
        raise _wrong(column, f"{str(said)[:40]!r} is not a number") from None
    if not math.isfinite(value):
        raise _wrong(column, f"{said} is not a number")
    return value


def _wrong(column: str, detail: str) -> Malformed:
    return Malformed(Reason.BAD_FORMAT, where=column, detail=detail)

"""Track files: Parquet, CSV (ours and OpenSky's), readsb's JSON, raw Mode S; told apart by content.

A file is read in pieces of at most `BATCH_ROWS` rows and never held whole. Rows may
stand in any order within a piece; across pieces an aircraft's fixes must be in time
order, and those that are not are counted as such by the engine.
"""

from __future__ import annotations

import gzip
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from truceline.airspace.fix import Fixes, Names
from truceline.errors import Malformed, Reason, Unavailable
from truceline.sources import captures, opensky
from truceline.sources.columns import (
    check_names,
    fixes_of,
    from_segment,
    segment_columns,
)
from truceline.sources.readsb import read_json
from truceline.sources.sane import sane

BATCH_ROWS = 200_000
MAX_JSON_BYTES = 512 * 1024 * 1024
"""A JSON document is read whole; a bigger one is refused rather than guessed at."""

_CSV_BLOCK = 16 * 1024 * 1024
_GZIP = b"\x1f\x8b"


class TrackFile:
    """A file of fixes that is being read; it counts what it read and what it left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows_read = 0
        self.dropped: Counter[str] = Counter()
        self.names = (Names(), Names())

    def batches(self) -> Iterator[Fixes]:
        """Yield the usable fixes. Refuses what is none of the known formats."""
        try:
            for batch in self._batches():
                yield sane(batch, self.dropped)
        except FileNotFoundError:
            raise Malformed(Reason.NOT_FOUND, where=str(self.path), detail="no such file") from None
        except IsADirectoryError:
            raise Malformed(
                Reason.BAD_FORMAT, where=str(self.path), detail="this is a folder, not a file"
            ) from None
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, gzip.BadGzipFile, EOFError) as error:
            raise Malformed(
                Reason.BAD_FORMAT, where=str(self.path), detail=_first_line(error)
            ) from None
        except OSError as error:
            raise Unavailable(
                Reason.BUSY, where=str(self.path), detail=f"cannot be read: {_first_line(error)}"
            ) from None

    def _batches(self) -> Iterator[Fixes]:
        with self.path.open("rb") as file:
            head = file.read(4)
        if head == b"PAR1":
            yield from self._parquet()
            return
        with self._opened(head) as stream:
            start = stream.peek(64)[:64].lstrip(b"\xef\xbb\xbf \t\r\n")  # type: ignore[attr-defined]
            if not start:
                raise Malformed(Reason.BAD_FORMAT, where=str(self.path), detail="the file is empty")
            if captures.is_beast(start):
                yield from self._captured(stream, as_beast=True)
            elif captures.is_frames(stream.peek(4096)[:4096].lstrip()):  # type: ignore[attr-defined]
                yield from self._captured(stream, as_beast=False)
            else:
                yield from self._json(stream) if start[:1] in b"{[" else self._csv(stream)

    def _captured(self, stream: BinaryIO, *, as_beast: bool) -> Iterator[Fixes]:
        capture = captures.Capture(self.path.name, self.names, self.dropped)
        found = capture.beast(stream, name=self.path.name) if as_beast else capture.lines(stream)
        for batch in found:
            self.rows_read = capture.frames
            if len(batch):
                yield batch

    def _opened(self, head: bytes) -> BinaryIO:
        if head[:2] == _GZIP:
            return io.BufferedReader(gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def _parquet(self) -> Iterator[Fixes]:
        with pq.ParquetFile(self.path) as file:
            present = file.schema_arrow.names
            sealed = segment_columns(present)
            columns = sealed or check_names(present, where=self.path.name)
            # One row group at a time: asked for all, Arrow keeps what it has read until the end.
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=columns):
                    yield self._taken(from_segment(batch) if sealed else batch)

    def _csv(self, stream: BinaryIO) -> Iterator[Fixes]:
        read = pa.csv.ReadOptions(block_size=_CSV_BLOCK)
        parse = pa.csv.ParseOptions(invalid_row_handler=self._bad_row)
        first = stream.peek(65_536).split(b"\n", 1)[0]  # type: ignore[attr-defined]
        header = first.decode("utf-8-sig", errors="replace").strip().split(",")
        found = [name.strip().strip('"') for name in header]
        of_opensky = opensky.is_archive(found)
        columns = opensky.ARCHIVE if of_opensky else check_names(found, where=self.path.name)
        convert = pa.csv.ConvertOptions(
            include_columns=columns,
            column_types={name: pa.string() for name in columns},
            strings_can_be_null=True,
            null_values=["", "NaN", "nan", "NULL", "null", "None", "NA", "N/A"],
            check_utf8=False,
        )
        with pa.csv.open_csv(stream, read, parse, convert) as reader:
            for batch in reader:
                yield self._taken(opensky.from_archive(batch) if of_opensky else batch)

    def _bad_row(self, _row: Any) -> str:
        self.dropped["wrong_number_of_columns"] += 1
        self.rows_read += 1
        return "skip"

    def _json(self, stream: BinaryIO) -> Iterator[Fixes]:
        data = stream.read(MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise Malformed(
                Reason.TOO_LARGE,
                where=self.path.name,
                detail=f"over {MAX_JSON_BYTES} bytes of JSON",
            )
        before = sum(self.dropped.values())
        for batch in read_json(data, names=self.names, source=self.path.name, dropped=self.dropped):
            self.rows_read += len(batch) + sum(self.dropped.values()) - before
            before = sum(self.dropped.values())
            yield batch

    def _taken(self, table: pa.RecordBatch | pa.Table) -> Fixes:
        first = self.rows_read
        self.rows_read += table.num_rows
        return fixes_of(
            table, names=self.names, first=first, source=self.path.name, dropped=self.dropped
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["unreadable"])[0][:300]

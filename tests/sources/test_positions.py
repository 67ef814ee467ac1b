"""Positions out of Parquet: what the careful reader reads, from every layout, in pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truceline.airspace.fix import Fixes, Names, fixes, joined
from truceline.archive import positions, segment
from truceline.archive.positions import PositionFile
from truceline.errors import Malformed
from truceline.sources.tracks import TrackFile

NOON_US = 1_717_243_200_000_000


def flown(count: int = 3000) -> Fixes:
    rng = np.random.default_rng(5)
    return segment.settled(
        fixes(
            seen_at=NOON_US + np.arange(count, dtype=np.int64) * 1_000_000,
            aircraft=rng.integers(0, 7, count).astype(np.int32),
            lat=rng.uniform(30, 40, count),
            lon=rng.uniform(30, 40, count),
            baro_ft=np.where(rng.random(count) < 0.1, np.nan, rng.uniform(0, 40_000, count)),
            ground=rng.random(count) < 0.1,
            names=Names(f"a0000{k}" for k in range(7)).texts,
        )
    )


def as_tracks(batch: Fixes, path: Path) -> Path:
    names = np.array(batch.names)
    table = {
        "timestamp": pa.array(batch.seen_at, pa.timestamp("us", "UTC")),
        "icao24": pa.array(names[batch.aircraft]),
        "latitude": batch.lat,
        "longitude": batch.lon,
        "altitude": pa.array(batch.baro_ft, from_pandas=True),
        "onground": batch.ground,
    }
    pq.write_table(pa.table(table), path, row_group_size=700)
    return path


def as_compact(batch: Fixes, path: Path) -> Path:
    names = np.array(batch.names)
    feet = pa.array(np.nan_to_num(batch.baro_ft * 10).round().astype(np.int32), mask=np.isnan(batch.baro_ft))  # fmt: skip
    table = {
        "seen_at": batch.seen_at,
        "aircraft": pa.array(names[batch.aircraft]).dictionary_encode(),
        "lat_e7": np.rint(batch.lat * 1e7).astype(np.int32),
        "lon_e7": np.rint(batch.lon * 1e7).astype(np.int32),
        "baro_dft": feet,
        "ground": batch.ground,
    }
    pq.write_table(pa.table(table), path)
    return path


def as_segment(batch: Fixes, path: Path) -> Path:
    path.write_bytes(segment.write(batch).data)
    return path


@pytest.mark.parametrize("layout", [as_tracks, as_compact, as_segment])
def test_it_reads_what_the_careful_reader_reads(layout, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(positions, "BATCH_ROWS", 512)
    path = layout(flown(), tmp_path / "positions.parquet")
    file, careful = PositionFile(path), TrackFile(path)
    pieces = list(file.batches())
    mine, other = joined(pieces), joined(list(careful.batches()))
    assert len(pieces) > 4
    assert file.rows_read == len(mine) == len(other)
    for name in ("seen_at", "lat", "lon", "baro_ft", "ground", "sequence"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(other, name), err_msg=name)
    assert [file.names.texts[k] for k in mine.aircraft] == [careful.names[0].texts[k] for k in other.aircraft]  # fmt: skip


def test_what_is_no_such_file_is_refused(tmp_path: Path):
    (tmp_path / "text.parquet").write_text("timestamp,icao24\n")
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "other.parquet")
    wrong = {"timestamp": ["noon"], "icao24": ["a"], "latitude": [1.0], "longitude": [1.0]}
    pq.write_table(pa.table(wrong), tmp_path / "wrong.parquet")
    for name in ("text.parquet", "other.parquet", "wrong.parquet", "none.parquet"):
        with pytest.raises(Malformed):
            list(PositionFile(tmp_path / name).batches())


@pytest.mark.parametrize("reader", [PositionFile, TrackFile])
def test_a_file_of_any_length_is_read_in_the_same_memory(reader, tmp_path: Path):
    """Arrow's own stream over all row groups keeps what it has read; ours does not ask for that."""
    batch = flown(200_000)
    path = as_tracks(batch, tmp_path / "whole.parquet")
    pq.write_table(pq.read_table(path), path, row_group_size=10_000)
    held = [pa.total_allocated_bytes() for _ in reader(path).batches()]
    assert len(held) >= 20
    assert max(held[10:]) < 2 * max(held[:10])

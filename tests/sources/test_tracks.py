"""Track files of every kind, good and bad: what is read, what is left out, what is said."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truceline.airspace.fix import Fixes, joined
from truceline.errors import Malformed, Reason
from truceline.sources.tracks import TrackFile

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
NOON_US = 1_717_243_200_000_000
HEADER = "timestamp,icao24,callsign,latitude,longitude,altitude,onground,sample\n"


def read(path: Path) -> tuple[Fixes, TrackFile]:
    file = TrackFile(path)
    return joined(list(file.batches())), file


def csv(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "tracks.csv"
    path.write_text(header + "".join(line + "\n" for line in lines))
    return path


def parquet(folder: Path, **columns: object) -> Path:
    path = folder / "tracks.parquet"
    whole = {
        "timestamp": pa.array([NOON, NOON], pa.timestamp("us", "UTC")),
        "icao24": ["abc123", "abc123"],
        "latitude": [33.5, 33.6],
        "longitude": [36.0, 36.1],
    }
    kept = {name: column for name, column in {**whole, **columns}.items() if column is not None}
    pq.write_table(pa.table(kept), path)
    return path


def failure(path: Path) -> Malformed:
    with pytest.raises(Malformed) as told:
        read(path)
    return told.value


def test_csv_and_parquet_hold_the_same_fixes(tmp_path: Path):
    one, _ = read(csv(tmp_path, "2024-06-01T12:00:00Z,ABC123,TST1,33.5,36.0,1500,false,x"))
    two, _ = read(
        parquet(
            tmp_path,
            altitude=pa.array([1500.0, None], pa.float32()),
            callsign=["TST1", None],
            onground=[False, None],
        )
    )
    assert one.seen_at[0] == two.seen_at[0] == NOON_US
    assert one.names[0] == two.names[0] == "abc123"
    assert one.callsigns[one.callsign[0]] == two.callsigns[two.callsign[0]] == "TST1"
    assert one.baro_ft[0] == two.baro_ft[0] == 1500
    assert np.isnan(two.baro_ft[1])


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-01 12:00:00+00:00",
        "2024-06-01T15:00:00+03:00",
        "2024-06-01 12:00:00",
        "2024-06-01T12:00:00.000000Z",
        "1717243200",
        "1717243200.0",
        "1717243200000",
        "1717243200000000",
    ],
)
def test_times_are_read_as_people_write_them(tmp_path: Path, text: str):
    fix, _ = read(csv(tmp_path, f"{text},abc123,,33.5,36.0,,,"))
    assert fix.seen_at.tolist() == [NOON_US]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_times_of_any_unit_are_microseconds(tmp_path: Path, unit: str):
    path = parquet(tmp_path, timestamp=pa.array([NOON, NOON], pa.timestamp(unit, "UTC")))
    assert read(path)[0].seen_at.tolist() == [NOON_US, NOON_US]


def test_integer_degrees_are_units_of_1e_7(tmp_path: Path):
    path = parquet(tmp_path, latitude=pa.array([335_000_000] * 2, pa.int32()))
    assert read(path)[0].lat.tolist() == [33.5, 33.5]


def test_rows_that_cannot_be_read_are_counted_and_the_rest_is_kept(tmp_path: Path):
    fix, file = read(
        csv(
            tmp_path,
            "2024-06-01T12:00:00Z,abc123,,33.5,36.0,,,",
            "yesterday,abc123,,33.5,36.0,,,",
            "2024-06-01T12:00:02Z,,,33.5,36.0,,,",
            "2024-06-01T12:00:03Z,abc123,,north,36.0,,,",
            "2024-06-01T12:00:04Z,abc123,33.5",
        )
    )
    assert file.rows_read == 5
    assert dict(file.dropped) == {
        "no_time": 1,
        "no_address": 1,
        "bad_position": 1,
        "wrong_number_of_columns": 1,
    }
    assert fix.lat.tolist() == [33.5]


def test_missing_columns_are_named(tmp_path: Path):
    told = failure(parquet(tmp_path, latitude=None))
    assert told.reason is Reason.MISSING_FIELD
    assert "latitude" in told.detail
    assert failure(csv(tmp_path, "1,2", header="a,b\n")).reason is Reason.MISSING_FIELD


def test_a_column_of_the_wrong_type_is_named(tmp_path: Path):
    told = failure(parquet(tmp_path, latitude=[[1.0], [2.0]]))
    assert told.reason is Reason.WRONG_TYPE
    assert "latitude" in told.where


def test_an_empty_table_has_no_fixes(tmp_path: Path):
    assert sum(len(one) for one in TrackFile(csv(tmp_path)).batches()) == 0


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PAR1broken", b"\x1f\x8bnot gzip", b"[1]", b"{}"])  # fmt: skip
def test_what_is_no_track_file_is_refused_in_words(tmp_path: Path, content: bytes):
    path = tmp_path / "thing"
    path.write_bytes(content)
    assert failure(path).detail


def test_a_file_that_is_not_there_is_said(tmp_path: Path):
    assert failure(tmp_path / "nothing.parquet").reason is Reason.NOT_FOUND
    assert failure(tmp_path).detail


def test_a_snapshot_of_readsb_is_read(tmp_path: Path):
    path = tmp_path / "aircraft.json"
    path.write_text(
        json.dumps(
            {
                "now": 1717243200.5,
                "aircraft": [
                    {"hex": "abc123", "flight": "TST1    ", "lat": 33.5, "lon": 36.0, "alt_baro": 1500, "alt_geom": 1700, "gs": 250.0, "nac_p": 9, "seen_pos": 0.5},
                    {"hex": "~1a2b3c", "lat": 33.6, "lon": 36.1, "alt_baro": "ground", "type": "mlat"},
                    {"hex": "def456", "alt_baro": 3000},
                    "nonsense",
                ],
            }
        )
    )  # fmt: skip
    fix, file = read(path)
    assert fix.seen_at.tolist() == [NOON_US, NOON_US + 500_000]
    assert list(fix.names) == ["abc123", "~1a2b3c"]
    assert (fix.baro_ft[0], fix.geo_ft[0]) == (1500, 1700)
    assert fix.ground.tolist() == [False, True]
    assert fix.sigma_m == pytest.approx([30 / 2.448, 300])
    assert dict(file.dropped) == {"no_position": 1, "no_address": 1}
    assert file.rows_read == 4


def test_a_trace_of_readsb_is_read_gzipped_or_not(tmp_path: Path):
    trace = {
        "icao": "AC671B",
        "timestamp": 1717243200.0,
        "trace": [
            [0, 33.5, 36.0, "ground", 10.0, 90, 0, None, {"flight": "TST9", "nac_p": 8}, "adsb_icao", None],
            [5.5, 33.6, 36.1, 2500, 250.0, 90, 1, 0, None, "adsb_icao", 2700],
            [9.0, 33.7, 36.2, 2600, 250.0, 90, 2, 0, None, "adsb_icao", 2800],
            [1, 2],
        ],
    }  # fmt: skip
    path = tmp_path / "trace_full.json"
    path.write_bytes(gzip.compress(json.dumps(trace).encode()))
    fix, file = read(path)
    assert fix.seen_at.tolist() == [NOON_US, NOON_US + 9_000_000]
    assert fix.ground.tolist() == [True, False]
    assert fix.geo_ft[1] == 2800
    assert [fix.callsigns[code] for code in fix.callsign] == ["TST9", "TST9"]
    assert dict(file.dropped) == {"stale": 1, "short_row": 1}


def test_a_long_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("truceline.sources.tracks.BATCH_ROWS", 100)
    count = 1000
    path = parquet(
        tmp_path,
        timestamp=pa.array(range(NOON_US, NOON_US + count), pa.int64()),
        icao24=[f"{k % 7:06x}" for k in range(count)],
        latitude=[33.0] * count,
        longitude=[36.0] * count,
    )
    batches = list(TrackFile(path).batches())
    assert len(batches) == 10
    assert batches[-1].sequence[-1] == count - 1

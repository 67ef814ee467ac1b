"""Archives of raw Mode S and of OpenSky's state vectors, as track files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import orjson
import pytest
from tests.sources.frames import DECODED, beast_sample, truth

from truceline.airspace.fix import Fixes, joined
from truceline.airspace.quality import Kind
from truceline.errors import Malformed, Reason
from truceline.sources.beast import Frame, framed
from truceline.sources.captures import began_at
from truceline.sources.tracks import TrackFile

EVEN = Frame(bytes.fromhex("8D40621D58C382D690C8AC2863A7"), 12_000_000)
ODD = Frame(bytes.fromhex("8D40621D58C386435CC412692AD6"), 18_000_000)
BEGAN_US = 1_720_248_189_000_000


def read(path: Path) -> tuple[Fixes, TrackFile]:
    file = TrackFile(path)
    return joined(list(file.batches())), file


def test_a_flight_of_raw_frames_is_a_track_file(tmp_path: Path):
    pytest.importorskip("rs1090")
    rows = truth()
    path = tmp_path / DECODED.name
    path.write_bytes(DECODED.read_bytes())
    fix, file = read(path)
    assert file.rows_read == len(rows)
    assert len(fix) > 6_900
    assert set(fix.kind.tolist()) == {Kind.ADSB}
    places = {round(r["timestamp"] * 1e6): r["latitude"] for r in rows if "latitude" in r}
    assert max(abs(lat - places[at]) for at, lat in zip(fix.seen_at.tolist(), fix.lat, strict=True)) < 1e-9  # fmt: skip


def test_a_beast_capture_begins_when_its_name_says_and_runs_by_its_counter(tmp_path: Path):
    pytest.importorskip("rs1090")
    path = tmp_path / "north.2024-07-06T06:43:09Z.beast"
    path.write_bytes(framed(ODD.__class__(ODD.data, 6_000_000)) + framed(EVEN) + framed(ODD))
    fix, file = read(path)
    assert fix.seen_at.tolist() == [BEGAN_US + 500_000, BEGAN_US + 1_000_000]
    assert file.rows_read == 3


def test_a_beast_capture_without_a_date_is_refused(tmp_path: Path):
    path = tmp_path / "capture.beast"
    path.write_bytes(framed(EVEN))
    with pytest.raises(Malformed) as told:
        list(TrackFile(path).batches())
    assert told.value.reason is Reason.BAD_TIME
    assert "2024-07-06T06:43:09Z" in told.value.remedy


@pytest.mark.parametrize("name", ["2024-07-06T06:43:09Z", "x_2024-07-06_064309.bin", "2024-07-06 06-43-09"])  # fmt: skip
def test_names_that_say_when_a_capture_began(name: str):
    assert began_at(name) == BEGAN_US


@pytest.mark.parametrize("name", ["", "2024-13-06T06:43:09Z", "2024-07-06", "2024-07-06T25:00:00Z"])
def test_names_that_do_not(name: str):
    with pytest.raises(Malformed):
        began_at(name)


def test_the_capture_of_dump1090_is_read(tmp_path: Path):
    pytest.importorskip("rs1090")
    path = tmp_path / "sample.2024-07-06T06:43:09Z.bin"
    path.write_bytes(beast_sample())
    file = TrackFile(path)
    list(file.batches())
    assert file.rows_read > 100


def test_lines_that_hold_no_frame_are_counted(tmp_path: Path):
    pytest.importorskip("rs1090")
    good = [
        orjson.dumps({"timestamp": BEGAN_US / 1e6 + k, "frame": one.data.hex()})
        for k, one in enumerate((ODD, EVEN))
    ]
    bad = [b"{}", b'{"frame": "zz", "timestamp": 1}', b'{"frame": "8d40621d58c382d690c8ac2863a7"}']
    path = tmp_path / "frames.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join([good[0], *bad, b"noise", good[1]])))
    fix, file = read(path)
    assert len(fix) == 1
    assert file.dropped["not_a_frame"] == 4


ARCHIVE = """time,icao24,lat,lon,velocity,heading,vertrate,callsign,onground,alert,spi,squawk,baroaltitude,geoaltitude,lastposupdate,lastcontact,hour
1720248190,4ca2d6,33.5,36.3,226.9,93.1,-0.33,RYR1427 ,false,false,false,7000,11277.6,11414.8,1720248189.5,1720248189.9,1720245600
1720248200,4ca2d6,33.5,36.3,226.9,93.1,,RYR1427 ,false,false,false,7000,,,1720248189.5,1720248199.9,1720245600
1720248200,3c6444,,,,,,,false,false,false,,,,,1720248199.9,1720245600
"""


def test_opensky_archives_are_in_metres_and_count_from_when_a_position_was_heard(tmp_path: Path):
    path = tmp_path / "states.csv"
    path.write_text(ARCHIVE)
    fix, file = read(path)
    assert fix.seen_at.tolist() == [BEGAN_US + 500_000] * 2
    assert (round(fix.baro_ft[0]), round(fix.speed_kt[0], 1), round(fix.climb_ft_min[0])) == (37000, 441.1, -65)  # fmt: skip
    assert np.isnan(fix.baro_ft[1])
    assert file.dropped == {"no_time": 1}

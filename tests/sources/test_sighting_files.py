"""`truceline sightings warn` as an analyst runs it: files in, a table out."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline.cli.sightings import app
from truceline.errors import Malformed, Reason
from truceline.geo.plane import Plane
from truceline.geo.position import Position, from_degrees
from truceline.sources.sighting_file import SightingFile, read_places

NOON = datetime(2017, 7, 9, 12, tzinfo=UTC)
PLANE = Plane(from_degrees(lat=35.0, lon=37.0))
HEADER = "observer,lat,lon,bearing_deg,band,heading_deg,type,means,seen_at,received_at"


def spot(east_km: float, north_km: float) -> Position:
    return PLANE.position(east_km * 1_000, north_km * 1_000)


def eastward(folder: Path, *more: str) -> Path:
    lines = [HEADER]
    for nth in range(5):
        at, seen = spot(13.2 * nth, -5.0), NOON + timedelta(minutes=nth)
        received = seen + timedelta(seconds=40)
        lines.append(
            f"o{nth},{at.lat},{at.lon},0,middle,90,jet,seen,{seen.isoformat()},{received.isoformat()}"
        )
    path = folder / "sightings.csv"
    path.write_text("\n".join([*lines, *more]) + "\n")
    return path


def places(folder: Path) -> Path:
    points = {"ahead": spot(130, 0), "beside": spot(60, 80)}
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Point", "coordinates": [at.lon, at.lat]},
        }
        for code, at in points.items()
    ]
    path = folder / "places.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def run(*given: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in given])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_a_file_of_sightings_says_which_place_may_be_reached_and_when(tmp_path: Path):
    out = tmp_path / "warnings.csv"
    said = run(
        *("warn", "--sightings", eastward(tmp_path)),
        *("--places", places(tmp_path), "--out", out),
    )
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["place"] for one in rows] == ["ahead"]
    (row,) = rows
    assert row["issued_at"] < row["earliest_at"] < row["median_at"] < row["p90_at"]
    assert row["p90_at"] < row["taken_back_at"]
    assert float(row["probability"]) <= float(row["highest_probability"])
    assert int(row["observers"]) > 1
    assert "1 warnings of 1 of 2 places" in said
    assert "0 of them, when given, on the word of one observer" in said


def test_rows_that_cannot_be_read_are_counted_and_the_rest_is_used(tmp_path: Path):
    good = eastward(
        tmp_path,
        "x,north,37,0,middle,,jet,seen,2017-07-09T12:00Z,",
        "x,35,37,0,very near,,jet,seen,2017-07-09T12:00Z,",
        "x,35,37,0,near,,jet,seen,yesterday,",
        "x,95,37,0,near,,jet,seen,2017-07-09T12:00Z,",
        "x,35,37,720,near,,jet,seen,2017-07-09T12:00Z,",
        "x,35",
    )
    file = SightingFile(good)
    assert len(list(file.sightings())) == 5
    assert file.rows_read == 11
    assert sum(file.dropped.values()) == 6


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.MISSING_FIELD),
        ("code,lat\na,1\n", Reason.MISSING_FIELD),
        ("code,lat,lon\na,x,1\n", Reason.WRONG_TYPE),
        ("code,lat,lon\na,91,1\n", Reason.OUT_OF_RANGE),
        ("code,lat,lon\na,1,1\na,2,2\n", Reason.BAD_FORMAT),
        ("code,lat,lon\n", Reason.BAD_FORMAT),
        ("code,lat,lon\n,1,1\n", Reason.MISSING_FIELD),
        ('{"features": 3}', Reason.BAD_FORMAT),
        ("{", Reason.BAD_FORMAT),
        (
            '{"features":[{"id":"a","geometry":{"type":"LineString","coordinates":[]}}]}',
            Reason.BAD_GEOMETRY,
        ),
    ],
)
def test_places_that_cannot_be_warned_are_refused(tmp_path: Path, text: str, reason: Reason):
    path = tmp_path / "places"
    path.write_text(text)
    with pytest.raises(Malformed) as failure:
        read_places(path)
    assert failure.value.reason is reason


def test_half_of_the_files_is_no_question(tmp_path: Path):
    with pytest.raises(Malformed, match="given together"):
        run("warn", "--places", places(tmp_path))


def test_nobody_sighted_anything_warns_nobody(tmp_path: Path):
    empty = tmp_path / "none.csv"
    empty.write_text(HEADER + "\n")
    out = tmp_path / "out.csv"
    assert "0 warnings" in run(
        "warn", "--sightings", empty, "--places", places(tmp_path), "--out", out
    )
    assert len(out.read_text().splitlines()) == 1

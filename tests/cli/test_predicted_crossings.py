"""`truceline crossings --predict`: the entries that were predicted stand beside those that came."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from truceline.cli.crossings import crossings

app = typer.Typer()
app.command()(crossings)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A flight due north into a square, a fix a second with speed and track."""
    ring = [[35.9, 34.0], [36.1, 34.0], [36.1, 34.3], [35.9, 34.3], [35.9, 34.0]]
    square = {"type": "Polygon", "coordinates": [ring]}
    zone = {"type": "Feature", "properties": {"code": "A"}, "geometry": square}
    (tmp_path / "zones.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [zone]})
    )
    rows = ["timestamp,icao24,latitude,longitude,altitude,groundspeed,track,vertical_rate"]
    for second in range(240):
        at = f"2024-01-01T12:{second // 60:02}:{second % 60:02}Z"
        rows.append(f"{at},abc123,{33.75 + second * 0.00135:.6f},36.0,10000,291.6,0,0")
    (tmp_path / "tracks.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_a_predicted_entry_has_its_level_time_warning_and_outcome(files):
    made = CliRunner().invoke(
        app,
        [
            *("--tracks", str(files / "tracks.csv")),
            *("--zones", str(files / "zones.geojson")),
            *("--out", str(files / "crossings.csv")),
            *("--predict", str(files / "predicted.csv")),
        ],
    )
    assert made.exit_code == 0, made.output
    with (files / "predicted.csv").open() as file:
        (row,) = csv.DictReader(file)

    assert (row["zone_id"], row["icao24"], row["outcome"]) == ("A", "abc123", "entered")
    assert row["level"] == "imminent"
    assert 60 <= float(row["warning_s"]) <= 120
    assert row["entered_at"]
    assert "1 predicted entries: 1 entered" in made.output


def test_a_table_of_another_ending_is_refused_before_anything_is_read(files):
    made = CliRunner().invoke(
        app,
        [
            *("--tracks", str(files / "tracks.csv")),
            *("--zones", str(files / "zones.geojson")),
            *("--out", str(files / "crossings.csv")),
            *("--predict", str(files / "predicted.txt")),
        ],
    )
    assert made.exit_code != 0
    assert not (files / "crossings.csv").exists()

"""`truceline crossings` as an analyst runs it, held against shapely and against real flights."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import shapely
import typer
from typer.testing import CliRunner

from truceline.archive import segment
from truceline.cli.crossings import crossings
from truceline.errors import Malformed, Reason
from truceline.sources.tracks import TrackFile

SHARED = Path(__file__).parents[3] / "shared" / "data"
COLUMNS = [
    "zone_id",
    "icao24",
    "callsign",
    "entered_at",
    "left_at",
    "entry_lat",
    "entry_lon",
    "entry_alt_ft",
    "exit_lat",
    "exit_lon",
    "exit_alt_ft",
    "max_depth_m",
    "verdict",
    "cause_in",
    "cause_out",
]

app = typer.Typer()
app.command()(crossings)


def run(*given: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in given])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def zones(folder: Path, **shapes: object) -> Path:
    features = [
        {
            "type": "Feature",
            "id": name,
            "properties": properties,
            "geometry": shapely.geometry.mapping(shape),
        }
        for name, (shape, properties) in shapes.items()
    ]
    path = folder / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def tracks(folder: Path, rows: list[tuple[float, str, float, float, float]]) -> Path:
    """(seconds since the epoch, address, latitude, longitude, feet)."""
    seconds, address, lat, lon, feet = (list(column) for column in zip(*rows, strict=True))
    times = [round(one * 1e6) for one in seconds]
    table = pa.table(
        {
            "timestamp": pa.array(times, pa.timestamp("us", "UTC")),
            "icao24": address,
            "latitude": lat,
            "longitude": lon,
            "altitude": feet,
        }
    )
    path = folder / "tracks.parquet"
    pq.write_table(table, path)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} may not be shipped and is not here")
    return path


def test_the_columns_and_times_are_those_promised(tmp_path: Path):
    area = zones(tmp_path, A=(shapely.box(36, 33, 37, 34), {"upper": {"value": 1500, "unit": "ft", "datum": "STD"}}))  # fmt: skip
    path = tracks(tmp_path, [(1.7e9 + 10 * k, "abc123", 33.5, 35.99 + 0.01 * k, 1000.0) for k in range(110)])  # fmt: skip
    said = run("--tracks", path, "--zones", area, "--out", tmp_path / "out.csv")
    (row,) = rows_of(tmp_path / "out.csv")
    assert list(row) == COLUMNS
    assert row["zone_id"] == "A"
    assert row["entered_at"] == "2023-11-14T22:13:30.000000Z"
    assert (row["verdict"], row["cause_in"], row["cause_out"]) == ("confirmed", "entered", "left")
    assert "110 fixes read" in said
    assert "1 crossings: 1 confirmed" in said


def test_csv_and_parquet_say_the_same(tmp_path: Path):
    area = zones(tmp_path, A=(shapely.box(36, 33, 37, 34), {}))
    path = tracks(tmp_path, [(1.7e9 + 10 * k, "abc123", 33.5, 35.9 + 0.01 * k, 1000.0) for k in range(50)])  # fmt: skip
    for name in ("a.csv", "a.parquet"):
        run("--tracks", path, "--zones", area, "--out", tmp_path / name)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.names == COLUMNS
    assert table.schema.field("entered_at").type == pa.timestamp("us", "UTC")
    (row,) = rows_of(tmp_path / "a.csv")
    entered = table["entered_at"][0].as_py().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert (row["entered_at"], float(row["entry_lon"])) == (entered, table["entry_lon"][0].as_py())


def test_planar_times_are_those_of_shapely(tmp_path: Path):
    """Zones and fixes with every digit of a float; one straight line from fix to fix."""
    rng = np.random.default_rng(11)
    shapes = {}
    while len(shapes) < 20:
        angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
        far = rng.uniform(0.2, 1, 12) * rng.uniform(0.1, 1)
        x, y = rng.uniform(35, 37), rng.uniform(33, 35)
        area = shapely.Polygon(np.column_stack((x + far * np.cos(angle), y + far * np.sin(angle))))
        if area.is_valid:
            shapes[f"Z{len(shapes)}"] = (area, {})
    rows = []
    for aircraft in range(30):
        spot = np.array((36, 34)) + np.cumsum(rng.normal(0, 0.05, (100, 2)), axis=0)
        rows += [(1.7e9 + 10 * k, f"{aircraft:06x}", lat, lon, 1e4) for k, (lon, lat) in enumerate(spot)]  # fmt: skip
    path, area_file = tracks(tmp_path, rows), zones(tmp_path, **shapes)
    run("--tracks", path, "--zones", area_file, "--out", tmp_path / "o.csv", "--planar")
    ours = sorted((r["zone_id"], r["icao24"], _s(r["entered_at"]), _s(r["left_at"])) for r in rows_of(tmp_path / "o.csv"))  # fmt: skip
    expected = sorted(_by_shapely(rows, shapes))
    assert [one[:2] for one in ours] == [one[:2] for one in expected]
    np.testing.assert_allclose([one[2:] for one in ours], [one[2:] for one in expected], atol=1e-6)


def _s(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp() - 1.7e9


def _by_shapely(rows, shapes):
    """Each segment cut by each polygon; cuts that touch in time are one stay."""
    for address in sorted({row[1] for row in rows}):
        path = [(row[0] - 1.7e9, row[3], row[2]) for row in rows if row[1] == address]
        for name, (area, _) in shapes.items():
            stays: list[list[float]] = []
            for (t0, x0, y0), (t1, x1, y1) in pairwise(path):
                line = shapely.LineString([(x0, y0), (x1, y1)])
                for part in sorted(_parts(line, area)):
                    start, end = (t0 + (t1 - t0) * share / line.length for share in part)
                    if stays and start - stays[-1][1] < 1e-9:
                        stays[-1][1] = end
                    else:
                        stays.append([start, end])
            yield from ((name, address, start, end) for start, end in stays)


def _parts(line, area):
    for part in shapely.get_parts(shapely.intersection(line, area)):
        if part.geom_type == "LineString" and not part.is_empty:
            ends = [line.project(shapely.Point(at)) for at in part.coords]
            yield min(ends), max(ends)


def test_a_qnh_moves_the_limit_and_a_foolish_one_is_refused(tmp_path: Path):
    low = {"upper": {"value": 5000, "unit": "ft", "datum": "AMSL"}}
    area = zones(tmp_path, A=(shapely.box(36, 33, 37, 34), low))
    path = tracks(tmp_path, [(1.7e9 + 10 * k, "abc123", 33.5, 35.9 + 0.01 * k, 5100.0) for k in range(50)])  # fmt: skip
    common = ("--tracks", path, "--zones", area, "--out", tmp_path / "o.csv", "--planar")
    assert "0 crossings" in run(*common)
    assert "1 crossings" in run(*common, "--qnh", 1003.25)
    with pytest.raises(Malformed):
        run(*common, "--qnh", 29.92)


def test_the_least_verdict_keeps_the_rest_out_and_says_so(tmp_path: Path):
    area = zones(tmp_path, A=(shapely.box(36, 33, 37, 34), {}))
    path = tracks(tmp_path, [(1.7e9, "abc123", 33.5, 36.5, 1000.0)])
    common = ("--tracks", path, "--zones", area, "--out", tmp_path / "o.csv")
    assert "1 probable" in run(*common)
    said = run(*common, "--min-verdict", "confirmed")
    assert "0 crossings" in said
    assert "1 below --min-verdict" in said
    with pytest.raises(Malformed, match="certain"):
        run(*common, "--min-verdict", "certain")


def test_a_gap_is_what_the_analyst_says(tmp_path: Path):
    area = zones(tmp_path, A=(shapely.box(36, 33, 36.1, 34), {}))
    path = tracks(tmp_path, [(1.7e9, "abc123", 33.5, 35.9, 1e4), (1.7e9 + 400, "abc123", 33.5, 36.2, 1e4)])  # fmt: skip
    common = ("--tracks", path, "--zones", area, "--out", tmp_path / "o.csv")
    assert "0 crossings" in run(*common)
    assert "1 crossings" in run(*common, "--gap", 500)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("o.txt", Reason.BAD_FORMAT), ("nowhere/o.csv", Reason.NOT_FOUND)],
)
def test_a_target_that_cannot_be_is_refused_before_the_work(
    tmp_path: Path, name: str, reason: Reason
):
    with pytest.raises(Malformed) as told:
        run("--tracks", "none", "--zones", "none", "--out", tmp_path / name)
    assert told.value.reason is reason


def test_zones_that_cannot_be_read_are_named_and_none_at_all_is_refused(tmp_path: Path):
    bow = shapely.Polygon([(36, 33), (37, 34), (37, 33), (36, 34)])
    path = tracks(tmp_path, [(1.7e9, "abc123", 33.5, 36.5, 1000.0)])
    both = zones(tmp_path, bow=(bow, {}), fine=(shapely.box(36, 33, 37, 34), {}))
    assert "bow" in run("--tracks", path, "--zones", both, "--out", tmp_path / "o.csv")
    alone = zones(tmp_path, bow=(bow, {}))
    with pytest.raises(Malformed, match="bow"):
        run("--tracks", path, "--zones", alone, "--out", tmp_path / "o.csv")


def test_a_sealed_segment_is_a_track_file_and_gives_the_same_crossings(tmp_path: Path):
    area = zones(tmp_path, A=(shapely.box(36, 33, 37, 34), {}))
    path = tracks(tmp_path, [(1.7e9 + 10 * k, "abc123", 33.5, 35.9 + 0.01 * k, 1000.0) for k in range(50)])  # fmt: skip
    (batch,) = TrackFile(path).batches()
    sealed = tmp_path / "segment.parquet"
    sealed.write_bytes(segment.write(segment.settled(batch)).data)
    for source, out in ((path, "a.csv"), (sealed, "b.csv")):
        run("--tracks", source, "--zones", area, "--out", tmp_path / out)
    one, two = rows_of(tmp_path / "a.csv"), rows_of(tmp_path / "b.csv")
    assert [row["entered_at"] for row in one] == [row["entered_at"] for row in two]


def test_the_spoofed_flight_never_confirms_a_crossing_from_its_jumps(tmp_path: Path):
    """Positions jump 260 km away, wander there for half an hour, and jump back."""
    table = pq.read_table(shared("tracks/special_cases.parquet"))
    spoofed = table.filter(pc.equal(table["sample"], "noisy_spoofing"))
    path = tmp_path / "spoofed.parquet"
    pq.write_table(spoofed, path)
    around = {f"S{k}": (shapely.Point(24.0, 49.68).buffer(far), {}) for k, far in enumerate((0.02, 0.1, 0.5, 1))}  # fmt: skip
    between = {"gap": (shapely.box(22.95, 47.6, 23.9, 49.3), {})}
    area = zones(tmp_path, **around, **between)
    for extra in ((), ("--planar",)):
        run("--tracks", path, "--zones", area, "--out", tmp_path / "o.csv", *extra)
        found = rows_of(tmp_path / "o.csv")
        if not extra:
            assert any(row["zone_id"].startswith("S") for row in found)
            assert not any(row["verdict"] == "confirmed" for row in found)
        assert not any(row["zone_id"] == "gap" and row["verdict"] != "possible" for row in found)


def test_the_flight_over_the_eastern_mediterranean_is_found(tmp_path: Path):
    table = pq.read_table(shared("tracks/special_cases.parquet"))
    path = tmp_path / "elal.parquet"
    pq.write_table(table.filter(pc.equal(table["sample"], "elal747")), path)
    area = zones(tmp_path, sea=(shapely.box(33, 33, 34, 34.5), {}))
    run("--tracks", path, "--zones", area, "--out", tmp_path / "o.csv")
    assert {row["verdict"] for row in rows_of(tmp_path / "o.csv")} == {"confirmed"}


def test_zones_in_an_aviation_format_are_read_as_well(tmp_path: Path):
    """OpenAir: a box over the middle of nowhere, from the ground to flight level 100."""
    openair = tmp_path / "zones.txt"
    openair.write_text(
        "AC R\nAN NOWHERE\nAL GND\nAH FL100\n"
        "DP 33:00:00 N 036:00:00 E\nDP 33:00:00 N 037:00:00 E\n"
        "DP 34:00:00 N 037:00:00 E\nDP 34:00:00 N 036:00:00 E\n"
    )
    path = tracks(tmp_path, [(1.7e9 + 10 * k, "abc123", 33.5, 35.9 + 0.01 * k, 9000.0) for k in range(50)])  # fmt: skip
    said = run("--tracks", path, "--zones", openair, "--out", tmp_path / "o.csv")
    assert "1 crossings: 1 confirmed" in said

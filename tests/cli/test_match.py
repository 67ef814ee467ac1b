"""`truceline match`: two files in, proposed links out, every row that is left out named."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cli.program import Program

HEAD = "id,lat,lon,radius_m,from,to,kind\n"
A = HEAD + (
    "a1,33.514,36.347,800,2017-07-24T18:00:00+03:00,,air_strike\n"
    "a2,33.50,36.50,,2017-07-25,,\n"
    "a3,35.44,36.65,500,2017-09-19T07:00:00Z,2017-09-19T08:00:00Z,protected_object\n"
)
B = HEAD + (
    "b1,33.515,36.346,800,2017-07-24T15:20:00Z,,air_strike\n"
    "b2,33.505,36.49,,2017-07-25,,\n"
    "b3,32.62,36.10,500,2017-06-15,,indirect_fire\n"
)


def test_links_are_written_with_score_and_reasons(tmp_path: Path):
    program = _with(tmp_path, A, B)
    done = program.run("match", "--a", "a.csv", "--b", "b.csv", "--out", "links.csv")
    with (tmp_path / "links.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["a_id", "b_id", "score", "reasons"]
    assert {(row["a_id"], row["b_id"]) for row in rows} == {("a1", "b1"), ("a2", "b2")}
    assert all(0.0 < float(row["score"]) <= 1.0 for row in rows)
    assert "0.3 h apart" in next(row["reasons"] for row in rows if row["a_id"] == "a1")
    assert "a kind is not said" in next(row["reasons"] for row in rows if row["a_id"] == "a2")
    assert "a person confirms or refuses" in done.out


def test_parquet_is_read_as_csv_is(tmp_path: Path):
    program = _with(tmp_path, A, B)
    rows = list(csv.DictReader(A.splitlines()))
    table = pa.table(
        {
            "id": [row["id"] for row in rows],
            "lat": [float(row["lat"]) for row in rows],
            "lon": [float(row["lon"]) for row in rows],
            "radius_m": [
                float(row["radius_m"] or "nan") if row["radius_m"] else None for row in rows
            ],
            "from": [row["from"] for row in rows],
            "kind": [row["kind"] or None for row in rows],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    program.run("match", "--a", "a.parquet", "--b", "b.csv", "--out", "links.csv")
    program.run("match", "--a", "a.csv", "--b", "b.csv", "--out", "again.csv")
    links, again = ((tmp_path / name).read_text() for name in ("links.csv", "again.csv"))
    pairs = [[line.split(",")[:2] for line in one.splitlines()] for one in (links, again)]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ("a9,91,36,,,,", "lat", "outside"),
        ("a9,36.35,nan,,,,", "lon", "not a number"),
        ("a9,,36,,,,", "lat", "is empty"),
        ("a9,33,36,-5,,,", "radius_m", "not within"),
        ("a9,33,36,,yesterday,,", "from", "ISO 8601"),
        ("a9,33,36,,2017-07-25,2017-07-23,", "to", "is before"),
        (",33,36,,,,", "id", "characters"),
        ("a1,33,36,,,,", "id", "stands twice"),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_and_named(
    tmp_path: Path, row: str, column: str, said: str
):
    program = _with(tmp_path, A + row + "\n", B)
    done = program.run("match", "--a", "a.csv", "--b", "b.csv", "--out", "links.csv")
    told = next(line for line in done.out.splitlines() if "left out:" in line)
    assert f"a.csv, line 5, {column}: " in told
    assert said in told
    assert "a.csv: 3 reports read, 1 left out" in done.out


@pytest.mark.parametrize(
    ("written", "out", "said"),
    [
        ("id,lat\nx,1\n", "links.csv", "no column lon"),
        (A, "links.txt", ".csv"),
        (A, "b.csv", "one of the two ledgers"),
        ("", "links.csv", "no column id, lat, lon"),
    ],
)
def test_what_cannot_be_matched_is_refused_in_a_sentence(
    tmp_path: Path, written: str, out: str, said: str
):
    program = _with(tmp_path, written, B)
    done = program.run("match", "--a", "a.csv", "--b", "b.csv", "--out", out, code=None)
    assert done.code != 0
    assert said in done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert (tmp_path / "b.csv").read_text() == B


def _with(folder: Path, a: str, b: str) -> Program:
    (folder / "a.csv").write_text(a, encoding="utf-8")
    (folder / "b.csv").write_text(b, encoding="utf-8")
    return Program(folder)

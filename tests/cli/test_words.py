"""An agreement, a zone and a post from the command line, as two parties would do it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.api.server import running
from tests.cli.program import Program

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli-words")]

RING = [[36.3, 33.5], [36.6, 33.5], [36.6, 33.7], [36.3, 33.7], [36.3, 33.5]]
WIDER = [[36.3, 33.5], [36.7, 33.5], [36.7, 33.7], [36.3, 33.7], [36.3, 33.5]]
INSTRUMENT = """
code = "MEMO"
type = "memorandum"
secrecy = "public"
renewal = "none"
edge = "geodesic"
deadlines = []
obligations = []
signatories = [
  { body = "north", capacity = "guarantor" },
  { body = "south", capacity = "conflict_party" },
]

[title]
en = "A memorandum"

[texts.en]
file = "memo.txt"
equal_force = true

[effective]
rule = "on signature"
says = { from = "signature" }
"""


def zone(ring: list[list[float]], code: str = "Z1") -> str:
    """A GeoJSON file with one zone."""
    properties = {
        "name": "One",
        "lower": {"value": 0, "unit": "ft", "datum": "SFC"},
        "upper": {"value": 195, "unit": "FL", "datum": "STD"},
    }
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "id": code, "properties": properties, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


def by(who: str) -> tuple[str, ...]:
    """The options with which someone writes."""
    return ("--key", f"keys/{who}.key", "--data", "data")


@pytest.fixture(scope="module")
def agreed(founded: Program) -> Program:
    """The two have signed a memorandum and agreed on a zone, all of it through a server."""
    founded.write("memo.txt", "They agree.")
    founded.write("memo.toml", INSTRUMENT)
    founded.write("zone.geojson", zone(RING))
    founded.write("wider.geojson", zone(WIDER))
    with running(founded.folder / "data"):
        founded.run("instruments", "publish", "memo.toml", *by("north-1"))
        for who in ("north-1", "south-1"):
            founded.run("instruments", "sign", "MEMO", *by(who))
        founded.run(
            *("zones", "propose", "Z1", "--instrument", "MEMO", "--name", "en=One"),
            *("--file", "zone.geojson", "--edge", "geodesic", *by("north-1")),
        )
        founded.run(
            *("zones", "position", "Z1", "--basis", "road", "--file", "wider.geojson"),
            *("--edge", "geodesic"),
            *by("south-1"),
        )
        shown = founded.run("zones", "show", "Z1", "--json", "--data", "data").json()
        content = shown["proposals"][0]["content"]
        for who in ("north-1", "south-1"):
            founded.run("zones", "consent", "Z1", "--content", content, *by(who))
        founded.run(
            *("posts", "assign", "P1", "--zone", "Z1", "--kind", "checkpoint"),
            *("--operator", "north", "--count", "3", *by("north-1")),
        )
        founded.run(
            *("posts", "report", "P1", "--count", "2", "--as-of", "2026-01-01T00:00Z"),
            *by("north-1"),
        )
    return founded


def test_the_instrument_is_in_force_when_both_have_signed(agreed: Program) -> None:
    [row] = agreed.run("instruments", "list", "--json", "--data", "data").json()

    assert row["state"] == "in_force"
    assert "in_force" in agreed.run("instruments", "show", "MEMO", "--data", "data").out


def test_the_zone_is_in_force_when_both_consent_to_one_content(agreed: Program) -> None:
    [row] = agreed.run("zones", "in-force", "--json", "--data", "data").json()

    assert row["code"] == "Z1"
    assert row["missing"] == []
    table = agreed.run("zones", "list", "--data", "data").out
    assert "in_force" in table


def test_the_content_that_was_signed_lies_beside_the_receipts(agreed: Program) -> None:
    shown = agreed.run("zones", "show", "Z1", "--json", "--data", "data").json()
    content = shown["in_force"]["content"]
    receipts = agreed.folder / "keys" / "receipts"

    assert (agreed.folder / "keys" / "contents" / f"{content[:16]}.zone.json").exists()
    assert list(receipts.glob("*.receipt.json"))


def test_every_receipt_is_proved_by_the_verifier(agreed: Program) -> None:
    done = agreed.run("verify", "data", "--receipts", "keys/receipts")

    assert "of your receipts stand in the log" in done.out


def test_a_zone_of_the_log_is_exported_and_names_what_is_lost(agreed: Program) -> None:
    agreed.run("zones", "export", "Z1", "out.geojson", "--data", "data")
    agreed.run("zones", "export", "Z1", "out.kml", "--data", "data")

    made = json.loads((agreed.folder / "out.geojson").read_text())
    assert made["features"][0]["geometry"]["coordinates"][0][0] == RING[0]


def test_a_file_of_zones_is_imported_as_documents_to_propose(agreed: Program) -> None:
    agreed.run("zones", "import", "zone.geojson", "--out", "documents")
    [document] = (agreed.folder / "documents").iterdir()

    assert document.name == "Z1.zone.json"
    done = agreed.run("zones", "import", "memo.txt", "--out", "documents", code=None)
    assert done.code in (2, 3)


def test_the_posts_are_listed_with_what_was_reported(agreed: Program) -> None:
    [row] = agreed.run("posts", "list", "--json", "--data", "data").json()

    assert (row["agreed"], row["reported"][0]["count"], row["state"]) == (3, 2, "reported")
    assert "unpoliced" in agreed.run("posts", "unpoliced", "--data", "data").out


def test_a_proof_is_fetched_and_held_here(agreed: Program) -> None:
    assert "hashes hold" in agreed.run("log", "proof", "3", "--data", "data").out
    assert "log.example/assembly" in agreed.run("log", "checkpoint", "--data", "data").out


def test_a_refusal_names_the_rule_and_what_to_do(agreed: Program) -> None:
    done = agreed.run("zones", "consent", "Z9", "--content", "0" * 64, *by("north-1"), code=3)

    assert done.err.startswith("Refused: ")
    assert "reason" in done.err


def test_a_moment_is_understood_or_refused(agreed: Program) -> None:
    before = agreed.run("zones", "list", "--at", "2017-01-01T00:00Z", "--json", "--data", "data")

    assert before.json() == []
    assert "ISO 8601" in agreed.run("zones", "list", "--at", "noon", "--data", "data", code=2).err


def test_a_lost_key_is_replaced_from_paper(agreed: Program) -> None:
    card = agreed.run("keys", "new", "keys/south-2.key", "--json").json()
    agreed.run("keys", "enrol", "--new", "keys/south-2.key", *by("south-1"))
    agreed.write("paper.txt", card["recovery_key"])
    agreed.run("keys", "new", "keys/south-3.key")
    agreed.run(
        *("keys", "replace", card["key"], "--new", "keys/south-3.key"),
        *("--recovery-file", "paper.txt", "--data", "data"),
    )

    listed = agreed.run("keys", "list", "south", "--json", "--data", "data").json()
    ended = {one["key"]: one["ended"] for one in listed}
    assert ended[card["key"]] == "replaced"
    refused = agreed.run("keys", "enrol", "--new", "keys/north.key", *by("south-2"), code=3)
    assert "key" in refused.err


def test_a_token_says_who_asks_and_can_be_revoked(agreed: Program) -> None:
    made = agreed.run("tokens", "add", "south-1", "--data", "data", "--json").json()
    rows = agreed.run(
        "officers", "list", "--token", made["token"], "--data", "data", "--json"
    ).json()
    assert {row["code"] for row in rows} >= {"north-1", "south-1"}

    agreed.run("tokens", "revoke", made["name"], "--data", "data")
    gone = agreed.run("officers", "list", "--token", made["token"], "--data", "data", code=3)
    assert "revoked" in gone.err
    assert "nobody" in agreed.run("tokens", "add", "nobody", "--data", "data", code=3).err


def test_the_doctor_looks_at_everything(agreed: Program) -> None:
    rows = agreed.run("doctor", "--data", "data", "--json", code=None).json()
    checks = {row["check"]: row["good"] for row in rows}

    assert checks["folder"]
    assert checks["data key"]
    assert checks["store"]
    (agreed.folder / "data.key").rename(agreed.folder / "away.key")
    missing = agreed.run("doctor", "--data", "data", code=1)
    Path(agreed.folder / "away.key").rename(agreed.folder / "data.key")
    assert "data key is not there" in missing.out


def test_a_track_file_is_fed_to_the_watch(agreed: Program) -> None:
    [row] = agreed.run("zones", "in-force", "--json", "--data", "data").json()
    since = datetime.fromisoformat(row["in_force"]["from"])
    time.sleep(max(0.0, 30 - (datetime.now(UTC) - since).total_seconds()))
    rows = ["icao24,timestamp,latitude,longitude,altitude"]
    for step in range(25):
        at = (since + timedelta(seconds=3 + step)).isoformat()
        rows.append(f"abc123,{at},33.6,{36.4 + step * 0.002:.4f},12000")
    agreed.write("tracks.csv", "\n".join(rows) + "\n")
    told = agreed.run(
        *("feed", "tracks.csv", "--source", "north-radar", "--nature", "synthetic"),
        *("--data", "data"),
    )
    assert "25 fixes, 1 crossings stated" in told.out
    kinds = [
        one["kind"] for one in agreed.run("records", "list", "--json", "--data", "data").json()
    ]
    assert kinds.count("air.crossing/1") == 1
    assert "air.segment/1" in kinds
    agreed.run("verify", "data")


def test_the_first_digits_of_a_hash_are_enough_where_they_mean_one(agreed: Program) -> None:
    shown = agreed.run("zones", "show", "Z1", "--json", "--data", "data").json()
    content = shown["in_force"]["content"]

    agreed.run("zones", "export", "Z1", "z1.geojson", "--content", content[:8], "--data", "data")
    missed = agreed.run(
        *("zones", "export", "Z1", "none.geojson", "--content", "000000", "--data", "data"), code=3
    )
    assert "zones show" in missed.err


def test_a_zone_in_force_is_exported_in_the_format_that_is_asked_for(agreed: Program) -> None:
    agreed.run("zones", "export", "Z1", "z1.txt", "--to", "notam", "--data", "data")
    text = " ".join((agreed.folder / "z1.txt").read_text().split())

    assert text.startswith("(A0000/")
    assert "TO POINT OF ORIGIN" in text
    agreed.run("zones", "export", "Z1", "z1.ed318", "--data", "data")
    assert "FeatureCollection" in (agreed.folder / "z1.ed318").read_text()


def test_a_zone_is_proposed_in_words_alone_and_consent_tells_what_follows(
    agreed: Program,
) -> None:
    with running(agreed.folder / "data"):
        agreed.run(
            *("zones", "propose", "Z2", "--instrument", "MEMO", "--name", "en=Two"),
            *("--rule", "en=within 5 km of the bridge", *by("north-1")),
        )
        refused = agreed.run(
            *("zones", "propose", "Z3", "--instrument", "MEMO", "--name", "en=Three"),
            *by("north-1"),
            code=2,
        )
        content = agreed.run("zones", "show", "Z2", "--json", "--data", "data").json()
        digits = content["proposals"][0]["content"][:10]
        first = agreed.run("zones", "consent", "Z2", "--content", digits, *by("north-1"))
        second = agreed.run("zones", "consent", "Z2", "--content", digits, *by("south-1"))

    assert "--rule" in refused.err
    assert "consent is missing from south" in first.out
    assert "It is in force from" in second.out


def test_the_template_of_an_instrument_is_a_whole_one(agreed: Program) -> None:
    printed = agreed.run("instruments", "template").out
    agreed.write("template.toml", printed.replace('"MEMO"', '"MEMO-2"'))
    with running(agreed.folder / "data"):
        agreed.run("instruments", "publish", "template.toml", *by("north-1"))
    rows = agreed.run("instruments", "list", "--json", "--data", "data").json()
    assert {row["code"] for row in rows} == {"MEMO", "MEMO-2"}


def test_the_help_of_an_appointment_lists_the_roles(agreed: Program) -> None:
    assert "warning_operator" in " ".join(agreed.run("officers", "appoint", "--help").out.split())

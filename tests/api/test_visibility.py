"""Every route, asked by every role: what is sealed or kept among parties stays there (DOMAIN 9)."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from tests.api.world import PACT_AT, PACT_SECRETS, PACT_TEXT, SECRETS, World

from truceline.api.answers import moment
from truceline.records import envelope, record, sealed
from truceline.records.roles import Role

PUBLIC = ""


def routes(world: World) -> list[str]:
    """Every reading route of the API, with its parts filled in."""
    zones, instruments = ("Z1", "Z2", "Z3"), ("MEMO", "PACT")
    size = world.installation.book.size
    files = {
        one["content"]
        for zone in zones
        if world.ask(f"/api/zones/{zone}", "north-1").status_code == 200
        for one in world.get(f"/api/zones/{zone}", "north-1")["proposals"]
    }
    fill: dict[str, list[str]] = {
        "/api/zones/{code}": [f"/api/zones/{one}" for one in zones],
        "/api/zones/{code}/comparison": [
            f"/api/zones/{one}/comparison?a=north&b=south" for one in zones
        ],
        "/api/zones/{code}/file": [
            f"/api/zones/{one}/file?format={name}" for one in zones for name in ("geojson", "ed318")
        ],
        "/api/agreements/{code}": [f"/api/agreements/{one}" for one in instruments],
        "/api/bodies/{code}": [f"/api/bodies/{one}" for one in ("north", "south", "far")],
        "/api/records/{which}": [f"/api/records/{index}" for index in range(size)],
        "/api/files/{sha256}": [f"/api/files/{one}" for one in sorted(files)],
        "/api/records": ["/api/records?limit=1000", "/api/records?subject=Z3"],
        "/api/crossings/daily": [f"/api/crossings/daily?zone={one}" for one in zones],
        "/api/proofs/inclusion": [f"/api/proofs/inclusion?index={at}" for at in (0, size - 1)],
        "/api/proofs/consistency": ["/api/proofs/consistency?from=1"],
        "/api/next-seq": ["/api/next-seq?key=" + "0" * 32],
        "/api/places": ["/api/places?bbox=30,30,40,40"],
        "/log/{path}": [
            *("/log/checkpoint", "/log/vkey", "/log/snapshot"),
            *(f"/log/tile/entries/000.p/{width}" for width in (1, world.get("/api/log")["size"])),
        ],
        "/api/events": [],  # endless; tests/api/test_events.py
    }
    found = []
    for path, methods in world.client.get("/openapi.json").json()["paths"].items():
        if "get" in methods:
            found += fill.get(path, [path])
    assert not [one for one in found if "{" in one], "a route has a part that is not filled in"
    return found


def asked_by(world: World, who: str) -> dict[str, bytes]:
    """All answers to one asker, as bytes; what is in base 64 is read beside it."""
    answers = {path: world.ask(path, who).content for path in routes(world)}
    return {path: data + payloads_in(data) for path, data in answers.items()}


def payloads_in(data: bytes) -> bytes:
    """Whatever envelopes carry, opened: entries hold records in base 64."""
    found = re.findall(rb'"(?:payload|entry)":"([A-Za-z0-9+/=]{16,})"', data)
    opened = b"".join(base64.b64decode(one) for one in found)
    return opened + payloads_in(opened) if opened else b""


OUTSIDE = [PUBLIC, "operator", "far-agency", "far-observer", "far-unit", "far-reporter"]
OUTSIDE += ["far-auditor", "far-administrator", "far-hns_cell", "far-verifier", "far-liaison"]
OUTSIDE += ["far-chemical_desk", "far-warning_operator"]


@pytest.mark.parametrize("who", [*OUTSIDE, "north-1", "north-desk", "south-1"])
def test_no_route_shows_a_sealed_value_to_who_may_not_see_it(world: World, who: str) -> None:
    mine = {"Nadia of the Hidden Name"} if who.startswith("south") else set()
    for path, data in asked_by(world, who).items():
        for secret in SECRETS:
            assert secret in mine or secret.encode() not in data, f"{path} shows {secret} to {who}"


@pytest.mark.parametrize("who", OUTSIDE)
def test_a_secret_instrument_is_as_if_it_were_not_for_those_outside_it(
    world: World, who: str
) -> None:
    for path, data in asked_by(world, who).items():
        for secret in PACT_SECRETS:
            assert f'"{secret}"'.encode() not in data, f"{path} shows {secret} to {who}"
        assert PACT_TEXT not in data, path
        assert str(PACT_AT).encode() not in data, path
        assert str(moment(PACT_AT)).encode() not in data, path


def test_the_leaves_of_a_secret_instrument_say_nothing_to_whoever_has_the_log(world: World) -> None:
    size = world.get("/api/log")["size"]
    bundle = world.installation.log.read(f"tile/entries/000.p/{size}")
    assert bundle is not None
    told = payloads_in(bundle)

    assert b'"Z1"' in told
    assert b'"kind":"sealed/1"' in told
    for secret in (*PACT_SECRETS, str(PACT_AT)):
        assert f'"{secret}"'.encode() not in told
        assert f":{secret},".encode() not in told


def test_nothing_of_a_secret_instrument_lies_in_clear_in_the_data_folder(world: World) -> None:
    folder = world.installation.layout.mechanism_key.parent
    found = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    whole = b"".join(found.values()) + b"".join(payloads_in(data) for data in found.values())

    assert b'"Z1"' in whole
    for secret in (b'"Unspoken Hollow"', b'"PACT"', b'"Z3"', PACT_TEXT, b"Unspoken Hollow"):
        assert secret not in whole


def test_the_parties_open_the_leaves_of_their_secret_instrument_and_prove_them(
    world: World,
) -> None:
    rows = [one for one in world.get("/api/records", "north-1", limit=1000) if one["sealed"]]
    kinds = {one["kind"] for one in rows}

    assert {"instrument.published/1", "instrument.entered/1", "zone.adopted/1"} <= kinds
    assert {"air.crossing/1", "air.left/1", "post.assigned/1"} <= kinds
    for one in rows:
        whole = world.get(f"/api/records/{one['index']}", "north-1")
        if whole["kind"].startswith("instrument."):
            said = record.read(base64.b64decode(whole["envelope"]["payload"]))
            found = [sealed.read(text) for text in whole["disclosures"]]
            assert sealed.opened(said.sealed, found)["body"] == whole["body"]
    crossings = world.get("/api/crossings", "south-1", zone="Z3")
    assert [one["verdict"] for one in crossings] == ["confirmed"]
    assert world.get("/api/crossings/daily", "south-1", zone="Z3")[0]["count"] == 1
    assert world.get("/api/posts", "north-1")


def test_the_body_whose_part_was_handed_out_sees_to_whom(fresh: World) -> None:
    name = next(
        one
        for one in fresh.get("/api/records", "south-1", limit=1000, kind="officer.appointed/1")
        if one["sealed"]
    )
    handed = {"record": name["id"], "part": "name", "to": "north", "purpose": "a visa"}
    index = fresh.installation.door.state("disclosure.made/1", handed).taken()

    for who in ("south-1", "north-1"):
        one = fresh.get(f"/api/records/{index}", who)
        assert one["kind"] == "disclosure.made/1"
        assert one["body"]["to"] == "north"
    for who in (PUBLIC, "far-agency", "far-auditor", "operator"):
        one = fresh.get(f"/api/records/{index}", who)
        assert one["body"] is None
        assert one["disclosures"] == []
        assert not one["parts"]


def test_the_parties_see_their_secret_instrument(world: World) -> None:
    assert world.get("/api/agreements/PACT", "north-1")["state"] == "in_force"
    assert world.get("/api/zones/Z3", "south-1")["in_force"]


def test_the_watch_floor_sees_who_crossed_and_where(world: World) -> None:
    [one] = world.get("/api/crossings", "office-watch")

    assert one["aircraft"] == {"icao24": "SECRETHEX", "callsign": "HIDDENFLIGHT"}
    assert one["entry"]["lat"] == 33.987654
    assert one["exit"]["lon"] == 71.234567
    assert one["verdict"] == "confirmed"


def test_a_party_sees_that_there_was_a_crossing_and_not_who(world: World) -> None:
    [one] = world.get("/api/crossings", "north-1", zone="Z1")

    assert one["zone"] == "Z1"
    assert one["verdict"] == "confirmed"
    assert one.get("aircraft") is None
    assert one.get("entry") is None


def test_the_public_sees_no_crossing_and_no_daily_count_below_three(world: World) -> None:
    assert world.get("/api/crossings") == []
    days = world.get("/api/crossings/daily", zone="Z1")
    assert all(day["count"] is None or day["count"] >= 3 for day in days)


def test_the_public_sees_no_line_of_a_zone_before_it_is_in_force(world: World) -> None:
    features = world.get("/api/zones.geojson")["features"]

    assert {one["properties"]["zone"] for one in features} == {"Z1"}
    assert {one["properties"]["role"] for one in features} == {"in_force"}


def test_a_file_is_fetched_only_by_whoever_may_see_a_record_that_names_it(world: World) -> None:
    content = world.get("/api/zones/Z3", "north-1")["in_force"]["content"]

    assert world.ask(f"/api/files/{content}", "south-1").status_code == 200
    hidden = world.ask(f"/api/files/{content}", "far-agency")
    absent = world.ask(f"/api/files/{'0' * 64}", "far-agency")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content


def test_an_officer_who_has_left_sees_what_the_public_sees(fresh: World) -> None:
    assert "Z2" in zones_of(fresh, "south-1")
    ended = fresh.assembly.hand("south").sign("officer.ended/1", {"officer": "south-1"})
    assert fresh.submit(ended).status_code == 200

    assert zones_of(fresh, "south-1") == zones_of(fresh, PUBLIC)


def test_no_kept_answer_is_given_to_another_audience(world: World) -> None:
    for who in ("north-1", PUBLIC, "north-1", PUBLIC):
        assert ("Z2" in zones_of(world, who)) == (who == "north-1")


def test_the_file_of_a_segment_is_for_the_watch_floor(world: World) -> None:
    tracks = world.installation.files.put(b"every aircraft there was", "application/octet-stream")
    segment = {
        "segment": "01ARZ3NDEKTSV4RRFFQ69G5FAW",
        "source": "test",
        "file": tracks.tree(),
        "first_at": 1,
        "last_at": 2,
        "fixes": 3,
        "left_out": 0,
        "nature": "synthetic",
    }
    world.installation.door.state("air.segment/1", segment).taken()
    path = f"/api/files/{tracks.sha256}"
    for who in [*OUTSIDE, "north-1", "south-1", "office-desk"]:
        assert world.ask(path, who).status_code == 404, who
    assert world.ask(path, "office-watch").content == b"every aircraft there was"


def test_a_part_that_was_handed_out_is_seen_under_its_name_until_it_is_called_back(
    fresh: World,
) -> None:
    def shown() -> set[str]:
        return set(fresh.get(f"/api/records/{fresh.crossing}", "south-1").get("parts") or {})

    door = fresh.installation.door
    assert shown() == set()
    coarse = {"record": fresh.crossing, "part": "entry.1km", "to": "south", "purpose": "x"}
    door.state("disclosure.made/1", coarse).taken()
    assert shown() == set(), "the coarse part opens no finer one"
    made = door.state("disclosure.made/1", {**coarse, "part": "entry"})
    assert shown() == {"entry"}
    assert made.entry is not None
    named = record.read(envelope.read_entry(made.entry).envelope.payload).id
    door.state("disclosure.recalled/1", {"disclosure": named, "why": "x"}).taken()
    assert shown() == set()


def zones_of(world: World, who: str) -> list[Any]:
    return [one["code"] for one in world.get("/api/zones", who)]


def test_every_role_of_the_table_was_asked() -> None:
    asked = {one.removeprefix("far-") or "public" for one in OUTSIDE}
    inside = {Role.MECHANISM, Role.SECRETARIAT, Role.PRINCIPAL, Role.WATCH}
    assert {str(role) for role in Role} - {str(role) for role in inside} <= asked

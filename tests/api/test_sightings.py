"""Sightings over the API: reported by observers, warned of for the watch, hidden from others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.api.world import World

from truceline.airspace.sightings import record as sighting_record
from truceline.airspace.sightings.sighting import Band, Craft, Means, Sighting
from truceline.geo.plane import Plane
from truceline.geo.position import Position, from_degrees
from truceline.records import envelope, record
from truceline.records.kinds import KINDS, SEALED_LEAF
from truceline.store import log
from truceline.zones.gazetteer import Place, build

SECOND = 1_000_000
PLANE = Plane(from_degrees(lat=35.0, lon=37.0))


def spot(east_km: float, north_km: float) -> Position:
    return PLANE.position(east_km * 1_000, north_km * 1_000)


def eastward(now: int) -> list[Sighting]:
    """A jet on its way east at 220 m/s, told by five observers who stand 5 km south of it."""
    return [
        Sighting(
            "", "", spot(13.2 * nth, -5.0), 50.0, 0.0, 15.0, Band.MIDDLE, 90.0, 15.0,
            Craft.JET, 1, Means.SEEN, now - (5 - nth) * 60 * SECOND, now,
        )
        for nth in range(5)
    ]  # fmt: skip


def report(world: World, told: Sighting, officer: str = "far-observer", **changes: Any) -> Any:
    body = {**sighting_record.body(told), **changes}
    signed, parts = world.assembly.hand(officer).sign_sealed(sighting_record.KIND, body)
    return world.submit(signed, officer, tuple(parts))


@pytest.fixture
def warned(fresh: World) -> World:
    """A world with a town ahead of the jet and one beside its way."""
    towns = [
        Place("SY1", "Ahead", "أمام", spot(130, 0), 9_000),
        Place("SY2", "Beside", "جانب", spot(60, 80), 8_000),
    ]
    fresh.client.app.state.floor._gazetteer = build(places=towns)  # type: ignore[attr-defined]
    now = fresh.installation.clock.now()
    for told in eastward(now):
        answer = report(fresh, told)
        assert answer.status_code == 200, answer.text
    return fresh


def test_what_observers_report_warns_the_town_ahead_and_not_the_one_beside(warned: World):
    answer = warned.get("/api/sighting-warnings", "office-watch")
    assert [one["name"] for one in answer["warnings"]] == ["Ahead"]
    (warning,) = answer["warnings"]
    assert 0.15 <= warning["probability"] <= 1
    assert warning["earliest_at"] <= warning["median_at"] <= warning["p90_at"]
    (fan,) = [one for one in answer["fans"] if one["sightings"] == 5]
    assert fan["spots"][0]["radius_m"] < fan["spots"][-1]["radius_m"]
    assert (warning["observers"], warning["rests_on_one"]) == (1, True), "one officer said it all"
    assert not answer["left_out"]


def test_sightings_are_listed_for_the_watch_and_for_who_reported_them_alone(warned: World):
    for officer in ("office-watch", "far-observer"):
        found = warned.get("/api/sightings", officer)
        assert len(found) == 5
        assert found[0]["sight"]["distance_m"] == [3_000.0, 7_000.0]
        assert found[0]["by"] == "far-observer"
        assert found[0]["index"] > found[-1]["index"]
    assert len(warned.get("/api/sightings", "office-watch", limit=2)) == 2
    for officer in {"", *warned.tokens} - {"office-watch", "far-observer"}:
        assert warned.get("/api/sightings", officer) == [], officer


def test_the_log_says_neither_that_it_is_a_sighting_nor_when_what_or_by_whom(warned: World):
    held = warned.get("/api/sightings", "office-watch")
    for officer in {"", *warned.tokens} - {"office-watch", "far-observer"}:
        for one in held:
            shown = warned.ask(f"/api/records/{one['index']}", officer)
            assert "air.sighting" not in shown.text, officer
            assert "far-observer" not in shown.text, officer
            assert one["seen_at"] not in shown.text, officer
        listed = warned.ask("/api/records", officer, kind="air.sighting/1")
        assert not listed.is_success or listed.json() == [], officer
    with warned.installation.store.reading() as look:
        for row in log.read(look, held[-1]["index"], 5):
            said = record.read(envelope.read_entry(row.entry).envelope.payload)
            assert (said.kind, said.author, said.body, len(said.sealed)) == (SEALED_LEAF, "", {}, 4)


@pytest.mark.parametrize("who", ["", "north-1", "far-observer", "far-warning_operator"])
def test_what_may_be_reached_is_for_the_watch_alone(warned: World, who: str):
    assert warned.ask("/api/sighting-warnings", who).status_code == 403


def test_a_party_may_not_report_a_sighting(fresh: World):
    answer = report(fresh, eastward(fresh.installation.clock.now())[0], "north-1")
    assert answer.json()["reason"] == "no_mandate"


def test_a_sighting_in_clear_or_with_nonsense_is_refused(fresh: World):
    told = eastward(fresh.installation.clock.now())[0]
    bare = fresh.assembly.hand("far-observer").sign(
        sighting_record.KIND, sighting_record.body(told)
    )
    assert fresh.submit(bare, "far-observer").json()["reason"] == "contradicts"
    sight = sighting_record.body(told)["sight"]
    for wrong in ({"lat_e7": "north of here"}, {"bearing_sigma_e7": 0}, {"band": "beside me"}):
        answer = report(fresh, told, sight={**sight, **wrong})
        assert answer.status_code == 400, answer.text
    assert fresh.get("/api/sighting-warnings", "office-watch")["warnings"] == []


def test_the_bands_of_a_record_are_those_of_a_sighting():
    sight: Any = KINDS[sighting_record.KIND].body.fields["sight"]
    assert sight.fields["band"].words == tuple(Band)


def test_a_sighting_reads_back_from_its_record_as_it_was_told():
    told = replace(eastward(1_700_000_000 * SECOND)[2], name="r", observer="who")
    again = sighting_record.read("r", "who", sighting_record.body(told), told.received_at)
    assert again == told

"""Sightings over the API: reported by observers, warned of for the watch, hidden from others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.api.world import World

from truceline.airspace import sighting_record
from truceline.airspace.sighting import Band, Craft, Means, Sighting
from truceline.geo.plane import Plane
from truceline.geo.position import Position, from_degrees
from truceline.records import sealed
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
    closed = sealed.seal(sighting_record.parts(told), lambda: b"0123456789abcdef")
    signed = world.assembly.hand(officer).sign(
        sighting_record.KIND, body, sealed=sealed.digests(closed)
    )
    return world.submit(signed, officer, tuple(one.text() for one in closed))


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


def test_sightings_are_listed_with_the_observers_place_for_the_watch_alone(warned: World):
    found = warned.get("/api/sightings", "office-watch")
    assert len(found) == 5
    assert found[0]["sight"]["distance_m"] == [3_000.0, 7_000.0]
    assert warned.get("/api/sightings") == []
    for officer in warned.tokens:
        shown = warned.ask("/api/sightings", officer)
        if officer in ("office-watch", "far-observer"):
            continue
        assert "lat_e7" not in shown.text, officer
        assert all("sight" not in one for one in shown.json()), officer


@pytest.mark.parametrize("who", ["", "north-1", "far-observer", "far-warning_operator"])
def test_what_may_be_reached_is_for_the_watch_alone(warned: World, who: str):
    assert warned.ask("/api/sighting-warnings", who).status_code == 403


def test_a_party_may_not_report_a_sighting(fresh: World):
    answer = report(fresh, eastward(fresh.installation.clock.now())[0], "north-1")
    assert answer.json()["reason"] == "no_mandate"


def test_a_sighting_without_its_place_or_with_nonsense_is_counted_and_warns_nobody(fresh: World):
    told = eastward(fresh.installation.clock.now())[0]
    bare = fresh.assembly.hand("far-observer").sign(
        sighting_record.KIND, sighting_record.body(told)
    )
    assert fresh.submit(bare, "far-observer").status_code == 200
    wrong = sealed.seal({"sight": {"lat_e7": "north of here"}}, lambda: b"0123456789abcdef")
    signed = fresh.assembly.hand("far-observer").sign(
        sighting_record.KIND, sighting_record.body(told), sealed=sealed.digests(wrong)
    )
    assert fresh.submit(signed, "far-observer", tuple(one.text() for one in wrong)).is_success
    answer = fresh.get("/api/sighting-warnings", "office-watch")
    assert answer["warnings"] == []
    assert sum(answer["left_out"].values()) == 2


def test_a_sighting_reads_back_from_its_record_as_it_was_told():
    told = replace(eastward(1_700_000_000 * SECOND)[2], name="r", observer="who")
    again = sighting_record.read(
        "r", "who", sighting_record.body(told), sighting_record.parts(told), told.received_at
    )
    assert again == told

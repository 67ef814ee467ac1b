"""Predictions and announced flights over HTTP: who is given what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.world import token_for
from tests.mechanism.test_foresight import (
    announced,
    answered,
    lived,
    noted,
    over_the_secret_zone,
    southbound,
    the_notice,
)
from tests.mechanism.test_kept_among_parties import made_in_secret
from tests.mechanism.test_watch import NOON, SECOND, clock
from tests.support.assembly import OFFICE, Assembly, agreed, founded

from truceline.api.app import create_app
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.mechanism.watch import Watch
from truceline.records.record import Micros
from truceline.store.tokens import Purpose

__all__ = ["clock"]  # a fixture


@pytest.fixture
def mechanism(tmp_path: Path, clock: ScenarioClock) -> Iterator[Installation]:
    """Z1 in force, a watch officer, a flight that was predicted and crossed, and announced later."""
    assembly = Assembly()
    with founded(tmp_path, assembly, clock=clock) as made:
        for one in (*agreed(made, assembly), assembly.appoint(OFFICE, "office-watch", "watch")):
            made.door.submit(one).taken()
        clock.seek(Micros(NOON + 60 * SECOND))
        watch = Watch(made)
        lived(watch, clock, southbound())
        announced(made, assembly).taken()
        watch.finish()
        clock.seek(Micros(NOON + 3_600 * SECOND))
        yield made


def asked(mechanism: Installation, path: str, who: str = "") -> tuple[int, object]:
    token = token_for(mechanism, who, Purpose.READ, label=path) if who else ""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    with TestClient(create_app(mechanism, mechanism.settings)) as client:
        answer = client.get(path, headers=headers)
    return answer.status_code, answer.json()


def test_a_prediction_stands_with_its_outcome_and_its_aircraft_is_for_the_watch(mechanism):
    _, seen = asked(mechanism, "/api/predictions", "south-1")
    _, watched = asked(mechanism, "/api/predictions", "office-watch")

    assert [one["outcome"]["outcome"] for one in seen] == ["entered"]
    assert "aircraft" not in seen[0]
    assert watched[0]["aircraft"]["callsign"] == "NOBODY1"
    assert watched[0]["grounds"]["way"] == "straight on"


def test_the_public_is_given_statistics_of_days_long_past_and_nothing_else(mechanism):
    assert asked(mechanism, "/api/predictions") == (200, [])
    assert asked(mechanism, "/api/predictions/now")[0] == 403
    _, told = asked(mechanism, "/api/predictions/statistics")
    _, inside = asked(mechanism, "/api/predictions/statistics", "south-1")

    assert asked(mechanism, "/api/predictions/statistics?since=2023-11-01T00:00:00Z")[0] == 401
    assert told["alerts"] == 0
    assert (inside["alerts"], inside["entered"], inside["nuisance_share"]) == (1, 1, 0)


def test_a_flight_is_listed_for_those_it_concerns_and_its_crossing_tells_the_purpose(mechanism):
    assert asked(mechanism, "/api/flights")[0] == 401
    for who in ("north-1", "south-1", "office-watch"):
        _, flights = asked(mechanism, "/api/flights", who)
        assert [one["flight"] for one in flights] == ["AID-1"]
    _, crossings = asked(mechanism, "/api/crossings", "office-watch")

    assert crossings[0]["purpose"] == "claimed"
    assert crossings[0]["flight"]["announced"] == "after"


def test_what_is_not_settled_and_by_which_feed_it_was_seen_is_for_the_watch(mechanism, clock):
    watch = Watch(mechanism)
    clock.seek(Micros(NOON + 7_200 * SECOND))
    lived(watch, clock, southbound(start_s=7_200).take(slice(0, 40)))

    for who, outcomes, source in (
        ("south-1", ["entered"], ""),
        ("office-watch", [None, "entered"], "DRILL"),
    ):
        _, listed = asked(mechanism, "/api/predictions", who)
        assert [one["outcome"] and one["outcome"]["outcome"] for one in listed] == outcomes
        assert {one["source"] for one in listed} == {source}


def test_what_could_not_be_judged_is_counted_against_too(mechanism, clock):
    watch = Watch(mechanism)
    clock.seek(Micros(NOON + 7_200 * SECOND))
    lived(watch, clock, southbound(start_s=7_200).take(slice(0, 40)))
    watch.finish()
    _, told = asked(mechanism, "/api/predictions/statistics", "south-1")

    assert (told["nuisance_share"], told["not_judged"]) == (0, 1)
    assert told["nuisance_share_at_most"] == 0.5


def test_those_that_a_flight_was_announced_to_do_not_see_each_other(tmp_path, clock):
    assembly = Assembly()
    with founded(tmp_path, assembly, clock=clock) as made:
        offices = {"office-watch": "watch", "office-desk": "secretariat"}
        appointed = [assembly.appoint(OFFICE, *one) for one in offices.items()]
        for one in (*agreed(made, assembly), *appointed):
            made.door.submit(one).taken()
        clock.seek(Micros(NOON + 60 * SECOND))
        announced(made, assembly, to=["south", "office"]).taken()
        noted(made, assembly)
        objected = {"notice": the_notice(made), "answer": "objection"}
        answered(made, assembly, "office-desk", **objected).taken()

        seen = {}
        for who in ("north-1", "south-1", "office-watch"):
            _, (seen[who],) = asked(made, "/api/flights", who)

    assert seen["south-1"]["to"] == ["south"]
    assert [one["body"] for one in seen["south-1"]["answers"]] == ["south"]
    assert seen["south-1"]["state"] == "noted"
    for who in ("north-1", "office-watch"):
        assert [one["body"] for one in seen[who]["answers"]] == ["south", "office"]
        assert (seen[who]["to"], seen[who]["state"]) == (["south", "office"], "objection")


def test_a_prediction_of_a_zone_kept_among_its_parties_is_listed_for_them_alone(tmp_path, clock):
    assembly = Assembly()
    with founded(tmp_path, assembly, clock=clock) as made:
        for one in (*agreed(made, assembly), assembly.appoint(OFFICE, "office-desk", "auditor")):
            made.door.submit(one).taken()
        made_in_secret(made, assembly)
        clock.seek(Micros(NOON + 60 * SECOND))
        watch = Watch(made)
        lived(watch, clock, over_the_secret_zone())
        watch.finish()
        listed = {
            who: asked(made, "/api/predictions", who)[1] for who in ("south-1", "office-desk")
        }
        _, counted = asked(made, "/api/predictions/statistics", "office-desk")

    assert [(one["zone"], one["outcome"]["outcome"]) for one in listed["south-1"]] == [
        ("Z9", "entered")
    ]
    assert listed["office-desk"] == []
    assert counted["alerts"] == 0

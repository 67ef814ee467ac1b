"""Predictions and announced flights over HTTP: who is given what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.world import token_for
from tests.mechanism.test_foresight import announced, southbound
from tests.mechanism.test_watch import NOON, SECOND, clock, fed
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
        fed(watch, clock, southbound())
        watch.expire()
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

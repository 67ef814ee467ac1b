"""Predictions and announced flights on the record: alerts, their outcome, purpose beside presence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.mechanism.test_kept_among_parties import made_in_secret
from tests.mechanism.test_watch import NOON, SECOND, clock, fed, flight
from tests.support.assembly import Assembly, agreed, founded

from truceline.airspace.fix import Fixes
from truceline.errors import Reason
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.mechanism.watch import Watch
from truceline.parties.visibility import Viewer, may_see
from truceline.records.kinds import KINDS
from truceline.records.record import Micros
from truceline.records.roles import Role
from truceline.store.views import records

__all__ = ["clock"]  # a fixture

LATER = Micros(NOON + 3_600 * SECOND)


@pytest.fixture
def assembly() -> Assembly:
    return Assembly()


@pytest.fixture
def mechanism(tmp_path: Path, clock: ScenarioClock, assembly: Assembly) -> Iterator[Installation]:
    """An installation in which the zone Z1 is in force: 35.5 to 36.0 N, 36.5 to 37.0 E."""
    with founded(tmp_path, assembly, clock=clock) as made:
        for one in agreed(made, assembly):
            made.door.submit(one).taken()
        clock.seek(Micros(NOON + 60 * SECOND))
        yield made


def southbound(**other):
    """The flight of the watch's tests, from 3 minutes before the border, at a steady speed."""
    return flight(lat=36.5, step=-0.01, count=90, **other)


def lived(watch: Watch, clock: ScenarioClock, batch: Fixes) -> None:
    """Feed as a receiver does, a fix at a time, the clock going along."""
    for row in range(len(batch)):
        fed(watch, clock, batch.take(slice(row, row + 1)))
        watch.expire()


def told(mechanism: Installation, kind: str) -> list[dict]:
    with mechanism.store.reading() as look:
        return [one.body for one in reversed(records.newest(look, kind=kind))]


def notice(**changes):
    """A corridor due south along 36.75 E, 10 km wide, around the flight's time."""
    return {
        "flight": "AID-1",
        "purpose": "medevac",
        "callsign": "NOBODY1",
        "icao24": "f0beef",
        "route": [
            {"lat_e7": 365_500_000, "lon_e7": 367_500_000},
            {"lat_e7": 354_000_000, "lon_e7": 367_500_000},
        ],
        "width_m": 10_000,
        "from": NOON,
        "until": NOON + 3_600 * SECOND,
        "to": ["south"],
        **changes,
    }


def announced(mechanism: Installation, assembly: Assembly, **changes):
    body = {name: value for name, value in notice(**changes).items() if value is not None}
    envelope, disclosures = assembly.hand("north-1").sign_sealed("flight.notified/1", body)
    return mechanism.door.submit(envelope, disclosures)


def answered(mechanism: Installation, assembly: Assembly, by: str, **body):
    envelope, disclosures = assembly.hand(by).sign_sealed("flight.answered/1", body)
    return mechanism.door.submit(envelope, disclosures)


def noted(mechanism: Installation, assembly: Assembly, by: str = "south-1") -> None:
    answered(mechanism, assembly, by, notice=the_notice(mechanism), answer="noted").taken()


def flown(mechanism: Installation, clock: ScenarioClock, **other) -> None:
    """The flight of the watch's tests, from the first fix to the last."""
    watch = Watch(mechanism)
    fed(watch, clock, replace(southbound(), **other))
    watch.finish()


def misfits(mechanism: Installation) -> dict[str, str]:
    (found,) = matches(mechanism)
    return {one["what"]: one["said"] for one in found.body["misfits"]}


def held_back(mechanism: Installation) -> int:
    with mechanism.reading_book() as book:
        return sum(len(one) for one in book.flights.expected.values())


def the_notice(mechanism: Installation) -> str:
    with mechanism.reading_book() as book:
        return next(iter(book.flights.notices))


def matches(mechanism: Installation) -> list:
    with mechanism.reading_book() as book:
        return list(book.flights.matches.values())


def test_an_alert_is_on_the_record_before_the_crossing_and_its_outcome_after(mechanism, clock):
    watch = Watch(mechanism)
    lived(watch, clock, southbound())
    watch.finish()

    (made,) = told(mechanism, "air.prediction/1")
    (outcome,) = told(mechanism, "air.predicted/1")
    (crossing,) = told(mechanism, "air.crossing/1")
    assert made["predicted_at"] < crossing["entered_at"]
    assert made["level"] in ("alert", "imminent")
    assert outcome["outcome"] == "entered"
    assert outcome["entered_at"] == crossing["entered_at"]
    assert abs(made["entry_at"] - crossing["entered_at"]) <= 10 * SECOND


def test_a_warning_counts_from_when_it_stood_on_the_record(mechanism, clock):
    watch, whole = Watch(mechanism), southbound()
    lived(watch, clock, whole.take(slice(0, 28)))
    fed(watch, clock, whole.take(slice(28, 33)))  # handed over together, up to 20 s later
    watch.expire()
    lived(watch, clock, whole.take(slice(33, None)))
    watch.finish()

    with mechanism.store.reading() as look:
        (made,) = records.newest(look, kind="air.prediction/1")
    (outcome,) = told(mechanism, "air.predicted/1")
    early = (outcome["entered_at"] - made.received_at) / SECOND
    assert made.received_at > made.body["predicted_at"]
    assert outcome["warning_s"] == round(early)


def test_an_alert_that_is_stated_after_the_fact_warned_nobody(mechanism, clock):
    watch = Watch(mechanism)
    fed(watch, clock, southbound())  # all of it, and only then is it looked at
    watch.finish()

    assert len(told(mechanism, "air.crossing/1")) == 1
    assert [one["outcome"] for one in told(mechanism, "air.predicted/1")] == ["not_judged"]
    assert "warning_s" not in told(mechanism, "air.predicted/1")[0]


def test_who_and_where_is_sealed(mechanism, clock):
    watch = Watch(mechanism)
    fed(watch, clock, southbound())
    watch.expire()

    (made,) = told(mechanism, "air.prediction/1")
    assert not {"icao24", "callsign", "lat", "aircraft", "route"} & made.keys()


def test_a_replay_after_a_stop_states_no_prediction_twice(mechanism, clock):
    first = Watch(mechanism)
    fed(first, clock, southbound().take(slice(0, 40)))
    first.expire()  # and the program stops

    watch = Watch(mechanism)
    fed(watch, clock, southbound())
    watch.finish()

    assert len(told(mechanism, "air.prediction/1")) == 1


def test_two_aircraft_of_one_moment_are_two_also_after_a_stop(mechanism, clock):
    first, other = southbound(), replace(southbound(), names=("f0dead",))
    watch = Watch(mechanism)
    lived(watch, clock, first)
    watch.finish()
    watch = Watch(mechanism)
    fed(watch, clock, other)
    watch.finish()

    assert len(told(mechanism, "air.prediction/1")) == 2


@pytest.fixture
def secret(mechanism: Installation, assembly: Assembly, clock: ScenarioClock) -> Installation:
    """Beside Z1, the zone Z9 (33.5 to 34.0 N) under an instrument kept among its parties."""
    made_in_secret(mechanism, assembly)
    return mechanism


def over_the_secret_zone():
    return flight(lat=34.5, step=-0.01, count=90)


def test_what_was_open_of_a_zone_that_is_not_public_is_settled_at_the_next_start(secret, clock):
    lived(Watch(secret), clock, over_the_secret_zone().take(slice(0, 40)))  # and it stops
    assert not told(secret, "air.prediction/1")
    with secret.reading_book() as book:
        (stated,) = book.hidden.predictions

    watch = Watch(secret)
    lived(watch, clock, southbound(start_s=3_600).take(slice(0, 2)))
    watch.finish()

    with secret.reading_book() as book:
        outcomes = {name: one.record.body["outcome"] for name, one in book.hidden.outcomes.items()}
    assert outcomes == {stated: "not_judged"}


@pytest.mark.parametrize(("to", "held"), [(["south"], 1), (["south", "office"], 0)])
def test_over_a_zone_kept_among_its_parties_only_their_own_flights_are_matched(
    secret, assembly, clock, to, held
):
    route = [{"lat_e7": 345_500_000, "lon_e7": 367_500_000}]
    route.append({"lat_e7": 334_000_000, "lon_e7": 367_500_000})
    announced(secret, assembly, route=route, to=to).taken()
    noted(secret, assembly)
    watch = Watch(secret)
    lived(watch, clock, over_the_secret_zone())
    watch.finish()

    assert held_back(secret) == held
    assert [one.purpose for one in matches(secret)] == ["exempt"] * held


def test_what_is_predicted_now_is_shown_with_its_record(mechanism, clock):
    watch = Watch(mechanism)
    fed(watch, clock, southbound().take(slice(0, 40)))
    watch.expire()

    shown = [one for one in watch.predictions() if one[2].level.is_told]
    assert [record is not None for _, record, _ in shown] == [True]


def test_an_announced_flight_in_its_corridor_is_crossed_and_recorded_and_exempt(
    mechanism, assembly, clock
):
    announced(mechanism, assembly).taken()
    noted(mechanism, assembly)
    flown(mechanism, clock)

    assert len(told(mechanism, "air.crossing/1")) == 1
    assert told(mechanism, "air.prediction/1") == []  # nobody is alerted
    assert held_back(mechanism) == 1  # and that is on the record, sealed
    (found,) = matches(mechanism)
    assert (found.purpose, found.body["announced"], found.body["misfits"]) == (
        "exempt",
        "before",
        [],
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"icao24": None}, "address"),
        ({"callsign": None}, "callsign"),
        ({"until": NOON + 4 * 365 * 86_400 * SECOND}, "window"),
        ({"width_m": 100_000}, "route"),
        ({"to": ["office"]}, "answers"),
    ],
)
def test_a_notice_that_says_too_little_keeps_nobody_from_being_alerted(
    mechanism, assembly, clock, changes, what
):
    announced(mechanism, assembly, **changes).taken()
    if "to" not in changes:
        noted(mechanism, assembly)
    flown(mechanism, clock)

    assert list(misfits(mechanism)) == [what]
    assert len(told(mechanism, "air.prediction/1")) == 1
    assert held_back(mechanism) == 0


def test_a_body_that_accepts_its_own_flight_is_alerted_of_as_any_other(mechanism, assembly, clock):
    announced(mechanism, assembly, to=["north", "south"]).taken()
    noted(mechanism, assembly, "north-1")
    flown(mechanism, clock)

    assert list(misfits(mechanism)) == ["answers"]
    assert len(told(mechanism, "air.prediction/1")) == 1


def test_another_aircraft_under_an_exempt_callsign_is_alerted_of(mechanism, assembly, clock):
    announced(mechanism, assembly).taken()
    noted(mechanism, assembly)
    flown(mechanism, clock, names=("f0dead",))

    assert misfits(mechanism) == {"address": "announced f0beef, seen f0dead"}
    assert len(told(mechanism, "air.prediction/1")) == 1


def test_an_alert_that_is_held_back_is_stated_once_whatever_is_replayed(mechanism, assembly, clock):
    announced(mechanism, assembly).taken()
    noted(mechanism, assembly)
    flown(mechanism, clock)
    flown(mechanism, clock)

    assert held_back(mechanism) == 1


def test_a_flight_announced_after_the_fact_is_matched_to_the_crossing(mechanism, assembly, clock):
    watch = Watch(mechanism)
    fed(watch, clock, southbound())
    watch.finish()
    announced(mechanism, assembly).taken()
    watch.expire()

    (found,) = matches(mechanism)
    assert (found.purpose, found.body["announced"]) == ("claimed", "after")
    assert misfits(mechanism)["notice"] == "announced after the entry"
    assert len(told(mechanism, "air.crossing/1")) == 1


def test_what_does_not_fit_is_named_and_the_flight_is_merely_claimed(mechanism, assembly, clock):
    announced(mechanism, assembly, until=NOON + 60 * SECOND, width_m=100).taken()
    watch = Watch(mechanism)
    fed(watch, clock, southbound())
    watch.finish()

    (found,) = matches(mechanism)
    assert found.purpose == "claimed"
    assert [one["what"] for one in found.body["misfits"]] == ["window", "answers"]
    assert len(told(mechanism, "air.prediction/1")) == 1  # and the alert stands


def test_an_objection_turns_an_exempt_flight_into_a_claimed_one(mechanism, assembly, clock):
    announced(mechanism, assembly).taken()
    noted(mechanism, assembly)
    watch = Watch(mechanism)
    fed(watch, clock, southbound())
    watch.finish()
    answered(
        mechanism, assembly, "south-1", notice=the_notice(mechanism), answer="objection"
    ).taken()
    watch.expire()

    assert [one.purpose for one in matches(mechanism)] == ["claimed"]


def test_nobody_approves_but_whom_the_agreement_names(mechanism, assembly):
    announced(mechanism, assembly).taken()
    refused = answered(
        mechanism, assembly, "south-1", notice=the_notice(mechanism), answer="approved"
    )

    assert refused.failure.reason is Reason.NO_MANDATE
    assert "noted, query, objection" in str(refused.failure)


def test_a_notice_is_seen_by_its_body_by_whom_it_is_addressed_to_and_by_the_watch(
    mechanism, assembly
):
    announced(mechanism, assembly).taken()
    with mechanism.reading_book() as book:
        concerned = book.flights.concerned("flight.notified/1", notice())

    def sees(body: str, role: Role) -> bool:
        from truceline.parties.visibility import RecordFacts

        viewer = Viewer(body, "someone", frozenset((role,)), signed_in=True)
        facts = RecordFacts(author_body="north", concerned=concerned)
        return may_see(viewer, KINDS["flight.notified/1"], "", record=facts, at=LATER)

    assert sees("north", Role.LIAISON)
    assert sees("south", Role.LIAISON)
    assert sees("office", Role.WATCH)
    assert not sees("east", Role.LIAISON)
    assert not sees("office", Role.SECRETARIAT)
    assert not sees("east", Role.AUDITOR)
    assert not sees("office", Role.ADMINISTRATOR)


def test_nothing_of_a_notice_stands_in_the_log_in_clear(mechanism, assembly):
    announced(mechanism, assembly).taken()

    with mechanism.store.reading() as look:
        (newest,) = records.newest(look, limit=1)
    assert (newest.kind, newest.author, newest.body) == ("sealed/1", "", {})

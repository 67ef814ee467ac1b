"""What the mechanism says that it predicted: what contradicts it, and what is only told."""

from __future__ import annotations

from typing import Any

import pytest
from tests.mechanism.test_watch import NOON, SECOND, clock, fed, flight
from tests.simulators.log_host import CONTENT, MECHANISM, OTHER_CONTENT
from tests.support.assembly import Assembly, agreed, founded

from truceline.ledger.tree import leaf_hash
from truceline.mechanism.watch import Watch
from truceline.records.kinds import KINDS
from truceline.records.record import Micros
from truceline.store.views import records

__all__ = ["clock"]  # a fixture

SEGMENT = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
LIKELY = {"segment": SEGMENT, "nature": "real", "level": "alert", "probability_ppm": 900_000}


class Said:
    """A mechanism that predicts, a second after the moment that each prediction is of."""

    def __init__(self, host: Any) -> None:
        self.host = host

    def state(self, kind: str, body: dict[str, Any]) -> str:
        return str(self.host.say(kind, "mechanism", body, MECHANISM))

    def predicts(self, **changed: Any) -> str:
        at = self.host.clock
        body = {"zone": "ford", "content": CONTENT["sha256"], "source": "feed", "ways": 8}
        body |= LIKELY | {"predicted_at": at, "entry_at": at + 30 * SECOND} | changed
        known = KINDS["air.prediction/1"].body.fields
        return self.state("air.prediction/1", {name: body[name] for name in body if name in known})

    def crosses(self, **changed: Any) -> int:
        """State a crossing that begins as it is stated; return its instant."""
        self.host.clock += 60 * SECOND
        body = {"zone": "ford", "content": CONTENT["sha256"], "segment": SEGMENT, "source": "feed"}
        body |= {"nature": "real", "entered_at": self.host.clock, "verdict": "confirmed"}
        body |= {"probability_ppm": 1, "cause": "entered", "altitude_known": True} | changed
        self.state("air.crossing/1", body)
        return int(body["entered_at"])

    def tells(self, prediction: str, outcome: str = "entered", **changed: Any) -> str:
        body = {"prediction": prediction, "zone": "ford", "outcome": outcome, "level": "alert"}
        return self.state("air.predicted/1", body | {"settled_at": self.host.clock} | changed)

    def goes_on(self) -> None:
        """Traffic after the last outcome: nothing is on its way any more."""
        self.host.clock += 120 * SECOND
        self.host.contest()


@pytest.fixture
def mechanism(host) -> Said:
    return Said(host)


@pytest.fixture
def run(host, tmp_path, verify):
    def again():
        host.publish(tmp_path)
        return verify(tmp_path, genesis=host.genesis)

    return again


def test_predictions_and_outcomes_that_fit_are_told_as_stated(mechanism, run):
    came, not_true = mechanism.predicts(), mechanism.predicts()
    at = mechanism.crosses()
    mechanism.tells(came, entered_at=at, warning_s=60)
    mechanism.tells(not_true, "nuisance")
    mechanism.goes_on()

    told = run()

    assert told.says("broken") == ""
    assert told.code == 0
    assert "2 predicted entries are stated by the mechanism" in told.says("not_proved")
    assert "2 outcomes of predictions are stated by the mechanism" in told.says("not_proved")
    assert "warned" not in told.says("not_proved")


@pytest.mark.parametrize(
    "changed", [{"zone": "nowhere"}, {"content": OTHER_CONTENT["sha256"]}], ids=str
)
def test_a_prediction_is_of_a_content_that_was_adopted_for_its_zone(mechanism, run, changed):
    mechanism.predicts(**changed)

    assert "where no such content was adopted" in run().says("broken")


def test_a_prediction_is_not_made_after_it_was_received(mechanism, host, run):
    mechanism.predicts(predicted_at=host.clock + 9 * SECOND)  # a source's clock may run ahead
    assert run().says("broken") == ""

    mechanism.predicts(predicted_at=host.clock + 30 * SECOND)
    assert "is a prediction made after it was received" in run().says("broken")


def test_a_prediction_that_comes_long_after_its_moment_is_told(mechanism, host, run):
    mechanism.predicts(predicted_at=host.clock - 3600 * SECOND)

    told = run()

    assert told.code == 0
    assert "1 predictions were received more than 60 s after" in told.says("not_proved")


def test_a_prediction_written_after_the_entry_is_told_as_no_warning(mechanism, run):
    at = mechanism.crosses()
    written = mechanism.predicts(predicted_at=at - 50 * SECOND, entry_at=at)
    mechanism.tells(written, entered_at=at, warning_s=50)
    mechanism.goes_on()

    told = run()

    assert told.says("broken") == ""
    assert "1 outcomes tell of an entry that was over" in told.says("not_proved")


def test_a_prediction_has_one_outcome(mechanism, run):
    made = mechanism.predicts()
    mechanism.tells(made, "nuisance")
    mechanism.tells(made, "not_judged")

    assert f"tells a second outcome of the prediction {made}" in run().says("broken")


def test_an_outcome_names_a_prediction_that_stands_before_it(mechanism, host, run):
    mechanism.tells(SEGMENT, "not_judged")
    host.contest()

    assert f"tells the outcome of {SEGMENT}, which is no prediction" in run().says("broken")


def test_an_outcome_is_of_its_predictions_zone(mechanism, run):
    mechanism.tells(mechanism.predicts(), "nuisance", zone="mill")

    assert "tells of mill what became of a prediction for ford" in run().says("broken")


@pytest.mark.parametrize("outcome", ["entered", "late"])
def test_who_entered_as_foretold_stands_on_the_log_as_a_crossing(mechanism, host, run, outcome):
    made = mechanism.predicts()
    at = mechanism.crosses()
    mechanism.tells(made, outcome, entered_at=at - 20 * SECOND, warning_s=1)

    growing = run()
    assert growing.code == 0  # a crossing may be on its way
    assert growing.says("broken") == ""
    assert "no crossing on the log is of that zone and instant" in growing.says("not_proved")

    mechanism.goes_on()
    assert "no crossing on the log is of that zone and instant" in run().says("broken")


def test_a_crossing_of_another_zone_does_not_bear_an_outcome_out(mechanism, run):
    made = mechanism.predicts()
    at = mechanism.crosses(zone="mill")
    mechanism.tells(made, entered_at=at, warning_s=60)
    mechanism.goes_on()

    assert "a predicted aircraft entered ford, and no crossing" in run().says("broken")


def test_an_entry_that_was_foretold_is_after_the_prediction_and_has_an_instant(mechanism, run):
    at = mechanism.crosses()
    mechanism.host.clock += 60 * SECOND
    mechanism.tells(mechanism.predicts(), entered_at=at)
    mechanism.tells(mechanism.predicts())

    broken = run().says("broken")
    assert "an entry into ford from before the prediction" in broken
    assert "says that the aircraft entered ford, and not when" in broken


def test_a_warning_is_not_longer_than_from_the_prediction_to_the_entry(mechanism, run):
    made = mechanism.predicts()
    at = mechanism.crosses()
    mechanism.tells(made, entered_at=at, warning_s=600)

    assert "claims a longer warning than there was" in run().says("broken")


def test_what_the_watch_states_of_a_real_flight_holds(tmp_path, clock, verify):
    assembly = Assembly()
    with founded(tmp_path, assembly, clock=clock) as made:
        for one in agreed(made, assembly):
            made.door.submit(one).taken()
        clock.seek(Micros(NOON + 60 * SECOND))
        watch = Watch(made)
        fed(watch, clock, flight(lat=36.5, step=-0.01, count=90))
        watch.finish()
        with made.store.reading() as look:
            (outcome,) = records.newest(look, kind="air.predicted/1")
        assert made.wait_sealed(outcome.index + 1)
        first = made.layout.folder / "log" / "tile" / "entries"
    path = min(one for one in first.rglob("*") if one.is_file())
    data = path.read_bytes()
    genesis = leaf_hash(data[2 : 2 + int.from_bytes(data[:2])]).hex()

    told = verify(tmp_path / "data", genesis=genesis)

    assert told.says("broken") == ""
    assert "1 predicted entries are stated by the mechanism" in told.says("not_proved")
    assert "no crossing on the log" not in told.says("not_proved")

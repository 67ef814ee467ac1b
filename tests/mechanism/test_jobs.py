"""Clocks fire by themselves: whoever takes an id, and whatever is stuck beside them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.support.assembly import (
    STARTED_AT,
    Assembly,
    agreed,
    agreement,
    founded,
    texts_digest,
)

from truceline.clocks.deadline import DAY
from truceline.clocks.ladder import Firing
from truceline.errors import Reason, Refused, Unavailable
from truceline.mechanism import jobs, statement
from truceline.mechanism.installation import Installation
from truceline.mechanism.jobs import Ladders
from truceline.records.record import Micros
from truceline.store.views import records


def sign_late(installation: Installation, assembly: Assembly, code: str, *deadlines: str) -> None:
    """An instrument in force whose deadlines are long past: two steps of each are due at once."""
    due = {"rule": "on the day", "says": {"from": "instant", "at": STARTED_AT}}
    made = agreement(installation, assembly, code) | {
        "deadlines": [
            {"code": one, "clause": "1", "what": {"en": "late"}, "owner": "north", "due": due}
            for one in deadlines
        ]
    }
    desk = assembly.hand("north-desk")
    installation.door.submit(desk.sign("instrument.published/1", made)).taken()
    for body in assembly.codes:
        signed = {"instrument": code, "texts": texts_digest(made)}
        hand = assembly.hand(f"{body}-1")
        installation.door.submit(hand.sign("instrument.signed/1", signed)).taken()


def fired(installation: Installation) -> list[tuple[str, int]]:
    """Every step on the log, in its order."""
    with installation.store.reading() as look:
        rows = records.after(look, -1, limit=1000, kind="clock.fired/1")
        return [(row.body["clock"], row.body["step"]) for row in rows]


def countable_id(log: str, one: Firing) -> str:
    """The id that anyone can work out from log, clock, step and instant."""
    seed = hashlib.sha256(f"{log}\n{one.clock}\n{one.step}".encode()).digest()
    return statement.ulid(one.due_at, seed)


class Stuck:
    """The door, which turns down what one clock states."""

    def __init__(self, door: Any, clock: str, failure: Exception) -> None:
        self.door, self.clock, self.failure = door, clock, failure
        self.asked = 0

    def state(self, kind: str, body: Mapping[str, Any]) -> Any:
        """What the door says, but for that clock."""
        if body["clock"] != self.clock:
            return self.door.state(kind, body)
        self.asked += 1
        return type("Answer", (), {"failure": self.failure})()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AbstractContextManager[Installation]:
    """An installation whose own jobs do not run."""
    monkeypatch.setattr(jobs, "_TICK_S", 3600.0)
    return founded(tmp_path, Assembly())


def test_a_record_under_the_id_that_can_be_counted_out_stops_no_clock(tmp_path: Path) -> None:
    assembly = Assembly()
    with founded(tmp_path, assembly) as installation:
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        body = {"post": "P-south", "count": 1, "as_of": STARTED_AT}
        for step in (2, 3):
            firing = Firing(Micros(STARTED_AT + (step - 2) * DAY), "deadline/LATE/d1", step, "")
            squat = countable_id(installation.book.log, firing)
            signed = assembly.hand("south-1").sign("post.reported/1", body, id=squat)
            installation.door.submit(signed).taken()
        sign_late(installation, assembly, "LATE", "d1")
        patience = time.monotonic() + 20
        while len(fired(installation)) < 2 and time.monotonic() < patience:
            time.sleep(0.05)
        assert fired(installation) == [("deadline/LATE/d1", 2), ("deadline/LATE/d1", 3)]


def test_a_step_on_the_log_is_refused_a_second_time_under_any_id(still: Installation) -> None:
    with still as installation:
        sign_late(installation, Assembly(), "LATE", "d1")
        ladders = Ladders(installation.door, installation.clock, installation.reading_book)
        assert ladders.run() == 2
        body = {
            "clock": "deadline/LATE/d1",
            "step": 2,
            "due_at": STARTED_AT,
            "to": "north, signatories",
        }
        again = installation.door.state("clock.fired/1", body)
        assert isinstance(again.failure, Refused)
        assert again.failure.reason is Reason.WRONG_STATE
        assert ladders.run() == 0
        assert len(fired(installation)) == 2


@pytest.mark.parametrize(
    "failure",
    [
        Refused(Reason.CONTRADICTS, where="body", detail="no"),
        Unavailable(Reason.BUSY, where="door", detail="not now"),
    ],
)
def test_a_step_that_cannot_be_stated_keeps_no_other_waiting(
    still: Installation, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(jobs, "_MOST_FIRINGS", 1)
    with still as installation:
        sign_late(installation, Assembly(), "LATE", "d1", "d2")
        door = Stuck(installation.door, "deadline/LATE/d1", failure)
        present = [0.0]
        ladders = Ladders(
            door,  # type: ignore[arg-type]
            installation.clock,
            installation.reading_book,
            monotonic=lambda: present[0],
        )
        for _ in range(6):
            ladders.run()
        assert fired(installation) == [("deadline/LATE/d2", 2), ("deadline/LATE/d2", 3)]
        assert door.asked == 2, "each stuck step was tried once, and now waits"
        present[0] = 1.5
        door.clock = ""
        assert [ladders.run(), ladders.run(), ladders.run()] == [1, 1, 0]


def test_a_step_that_another_stated_meanwhile_is_no_failure(
    still: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    with still as installation:
        sign_late(installation, Assembly(), "LATE", "d1")
        other = Ladders(installation.door, installation.clock, installation.reading_book)

        class Late:
            def state(self, kind: str, body: Mapping[str, Any]) -> Any:
                other.run()
                return installation.door.state(kind, body)

        late = Ladders(
            Late(),  # type: ignore[arg-type]
            installation.clock,
            installation.reading_book,
        )
        assert late.run() == 0
        assert len(fired(installation)) == 2
        assert caplog.records == []

"""Predicted entries of the live feeds: shown while they hold, stated when they are alerts.

An alert goes on the record as it begins (`air.prediction/1`), and what became of it
once that is known (`air.predicted/1`), whichever it is: the share that did not come
true can be counted by anybody who reads the log. An advisory is shown and never stated.
What was open when the program stopped is told as not judged at the next start; what a
replay predicts again is stated once. An alert that is held back, because the entry is
that of an announced flight, is stated too (`flight.expected/1`, sealed whole).

A warning counts from when it stood on the record, not from the fix that it rests on: what
was stated more than `LATE_US` after it (a file that is fed later) warned nobody, and is
told as not judged.

The watch hands it what was fed, and it is kept; `look` works it out, about once a second,
beside the feeds: a crossing never waits for a prediction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from truceline.airspace.chart import Chart
from truceline.airspace.engine import Event
from truceline.airspace.exemptions.exemption import ExemptFlight, covers
from truceline.airspace.fix import Fixes, joined
from truceline.airspace.predictions.outlook import Outlook, entries_of
from truceline.airspace.predictions.prediction import (
    TIMELY_S,
    Alerted,
    Entry,
    Outcome,
    Prediction,
    Settled,
    Told,
)
from truceline.airspace.rules import SECOND_US, STANDARD, Rules
from truceline.mechanism.admission import Answer
from truceline.mechanism.detection import outcome_body, predicted_body, prediction_parts
from truceline.mechanism.exemptions import held_against, parties_of
from truceline.mechanism.following import FeedKey
from truceline.mechanism.installation import Installation
from truceline.mechanism.prediction_list import Row, outcomes, predictions
from truceline.mechanism.statement import ulid
from truceline.records.record import Micros, RecordId
from truceline.store import log
from truceline.zones import in_force

PREDICTION, PREDICTED = "air.prediction/1", "air.predicted/1"
EXPECTED = "flight.expected/1"
SILENT_US = 300 * SECOND_US
LATE_US = 30 * SECOND_US
SAME_ENTRY_US = 600 * SECOND_US
"""Entries of one announced flight into one zone that are expected within this are one."""

type Seen = tuple[str, str, int]
"""Source, zone and moment: a prediction as the log's clear part knows it."""


@dataclass(frozen=True, slots=True)
class Stated:
    """An alert on the record, and since when."""

    record: RecordId
    at: int


@dataclass(slots=True)
class _Waiting:
    """What was fed since the last look, by source and segment."""

    chart: Chart = field(init=False)
    now: int = 0
    entries: list[Entry] = field(default_factory=list)
    batches: dict[tuple[str, str], list[Fixes]] = field(default_factory=dict)


@dataclass(slots=True)
class _Group:
    """The outlook of one engine, and which alerts are on the record."""

    outlook: Outlook
    nature: str
    newest_at: int = 0
    stated: dict[tuple[str, str], Stated] = field(default_factory=dict)

    def record_of(self, made: Prediction) -> RecordId | None:
        """Return the record of an alert, or None."""
        found = self.stated.get((made.zone_id, made.icao24))
        return None if found is None else found.record


class Foresight:
    """Predictions beside what the watch follows. Safe to use from several threads."""

    def __init__(
        self,
        installation: Installation,
        *,
        chance: Callable[[int], bytes],
        rules: Rules = STANDARD,
        exempt: Callable[[], Sequence[ExemptFlight]] = tuple,
    ) -> None:
        self._installation = installation
        self._chance = chance
        self._rules = rules
        self._exempt = exempt
        self._groups: dict[FeedKey, _Group] = {}
        self._waiting: dict[FeedKey, _Waiting] = {}
        self._answers: list[Future[Answer]] = []
        self._keeping, self._looking = threading.Lock(), threading.Lock()
        self._known: dict[Seen, list[Row]] | None = None
        self._settled: set[str] = set()
        self._zones: dict[str, Mapping[str, Any]] = {}
        self._held_back: dict[tuple[str, str], tuple[int, ...]] = {}

    def feed(
        self,
        key: FeedKey,
        batch: Fixes,
        chart: Chart,
        events: Sequence[Event],
        *,
        segment: str,
        now: int,
    ) -> None:
        """Keep what was fed and what it showed, until `look`: who feeds does not wait for it."""
        with self._keeping:
            waiting = self._waiting.setdefault(key, _Waiting())
            waiting.entries += entries_of(events)
            waiting.chart, waiting.now = chart, now
            waiting.batches.setdefault((batch.source, segment), []).append(batch)

    def look(self) -> None:
        """Predict from what waits; state what begins and what is settled. Waits for the answers."""
        with self._looking:
            with self._keeping:
                waiting, self._waiting = self._waiting, {}
            for key, one in waiting.items():
                self._look(self._group(key), one)
            for group in self._groups.values():
                self._tell(group, group.outlook.expire(group.newest_at - SILENT_US), "")
            self._take_answers()

    def finish(self, keys: Sequence[FeedKey]) -> None:
        """Settle everything of feeds that are over."""
        self.look()
        with self._looking:
            for key in keys:
                group = self._groups.pop(key, None)
                if group is not None:
                    self._tell(group, group.outlook.finish(), "")
            self._take_answers()

    def current(self) -> list[tuple[str, RecordId | None, Prediction]]:
        """Return what is predicted now: nature, the record of an alert, the prediction."""
        with self._looking:
            return [
                (group.nature, group.record_of(one), one)
                for group in self._groups.values()
                for one in group.outlook.current()
            ]

    # -- inside --------------------------------------------------------------------------

    def _expected(self, made: Prediction) -> bool:
        flights = self._exempt()
        if not flights:
            return False
        with self._installation.reading_book() as book:
            parties = parties_of(book, made.zone_id)
            flights = held_against(book, made.zone_id, flights)
            stated = dict(book.flights.expected)
        found = next((one for one in flights if covers(one, made, parties)), None)
        if found is None:
            return False
        key = (found.notice, made.zone_id)
        before = (*stated.get(key, ()), *self._held_back.get(key, ()))
        if all(abs(made.entry_at - at) > SAME_ENTRY_US for at in before):
            self._held_back[key] = (made.entry_at,)
            self._state_held_back(found, made)
        return True

    def _state_held_back(self, flight: ExemptFlight, made: Prediction) -> None:
        said = predicted_body(made)
        names = ("zone", "predicted_at", "entry_at", "probability_ppm")
        body = {"notice": flight.notice, **{name: said[name] for name in names}}
        self._state(EXPECTED, body, {}, "", (flight.notice,))

    def _group(self, key: FeedKey) -> _Group:
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(
                Outlook(self._rules, expected=self._expected), key[1]
            )
            self._settle_left_open()
        return group

    def _look(self, group: _Group, waiting: _Waiting) -> None:
        entries = waiting.entries
        for (_, segment), batches in waiting.batches.items():
            one = joined(batches) if len(batches) > 1 else batches[0]
            group.newest_at = max(group.newest_at, int(one.seen_at.max()))
            told = group.outlook.take(one, waiting.chart, entries, now_us=waiting.now)
            entries = []
            self._tell(group, told, segment)

    def _state(
        self,
        kind: str,
        body: Mapping[str, Any],
        parts: Mapping[str, Any],
        record: str,
        refs: tuple[str, ...],
    ) -> None:
        door = self._installation.door
        self._answers.append(
            door.state_nowait(kind, body, refs=refs, sealed=parts, record_id=record)
        )

    def _take_answers(self) -> None:
        answers = [one.result() for one in self._answers]
        self._answers.clear()
        for one in answers:
            one.taken()

    def _tell(self, group: _Group, told: Sequence[Told], segment: str) -> None:
        for one in told:
            match one:
                case Alerted():
                    self._state_prediction(group, one.prediction, segment)
                case Settled():
                    self._state_outcome(group, one)

    def _state_prediction(self, group: _Group, made: Prediction, segment: str) -> None:
        key = (made.zone_id, made.icao24)
        known = self._stated_before(made)
        if known is not None:
            group.stated[key] = known
            return
        with self._installation.reading_book() as book:
            adoption = in_force.in_force(book.zones[made.zone_id], Micros(made.entry_at))
        if adoption is None or not segment:
            return
        now = self._installation.clock.now()
        record = ulid(now, self._chance(10))
        body = {
            **predicted_body(made),
            "content": adoption.content,
            "segment": segment,
            "nature": group.nature,
        }
        self._state(PREDICTION, body, prediction_parts(made), record, (adoption.record,))
        group.stated[key] = Stated(record, now)

    def _state_outcome(self, group: _Group, settled: Settled) -> None:
        made = settled.prediction
        found = group.stated.pop((made.zone_id, made.icao24), None)
        if found is not None and found.record not in self._settled:
            body = {**outcome_body(warned(settled, found.at)), "prediction": found.record}
            self._state(PREDICTED, body, {}, "", (found.record,))

    # -- after a stop ----------------------------------------------------------------------

    def _stated_before(self, made: Prediction) -> Stated | None:
        """Return the record of this very prediction: two aircraft of one moment are two."""
        if self._known is None:
            self._read_log()
        rows = (self._known or {}).get((made.source, made.zone_id, made.made_at), ())
        for one in rows:
            if self._aircraft(one) in ("", made.icao24):
                return Stated(RecordId(one.id), one.received_at)
        return None

    def _read_log(self) -> None:
        store, known = self._installation.store, self._installation
        with store.reading() as look, known.reading_book() as book:
            made, done = predictions(look, book), outcomes(look, book)
        self._known = {}
        for one in made:
            key = (one.body["source"], one.body["zone"], one.body["predicted_at"])
            self._known.setdefault(key, []).append(one)
        self._settled = set(done)
        self._zones = {one.id: one.body for one in made}

    def _aircraft(self, row: Row) -> str:
        """Who a prediction on the record is of; "" where its sealed part cannot be opened."""
        if self._installation.vault.locked:
            return ""
        with self._installation.store.reading() as look:
            parts = [p for one in log.read(look, row.index, 1) for p in self._parts(one.pae)]
        found = next((one.value for one in parts if one.name == "aircraft"), None)
        return "" if found is None else str(found.get("icao24", ""))

    def _parts(self, pae: bytes) -> tuple[Any, ...]:
        return self._installation.vault.get(pae)

    def _settle_left_open(self) -> None:
        """Tell as not judged what was open when the program stopped."""
        if self._known is not None:
            return
        self._read_log()
        for record, body in self._zones.items():
            if record not in self._settled:
                told = {
                    "zone": body["zone"],
                    "prediction": record,
                    "outcome": str(Outcome.NOT_JUDGED),
                    "level": body["level"],
                    "settled_at": max(body["predicted_at"], 0),
                }
                self._state(PREDICTED, told, {}, "", (record,))
                self._settled.add(record)
        self._zones = {}


def warned(settled: Settled, stated_at: int) -> Settled:
    """Return an outcome as those who were warned had it: the warning began when it was stated."""
    made = settled.prediction
    if stated_at - made.made_at > LATE_US:
        return replace(settled, outcome=Outcome.NOT_JUDGED, entered_at=None)
    began = replace(settled, prediction=replace(made, made_at=max(made.made_at, stated_at)))
    short = began.warning_s is not None and began.warning_s < TIMELY_S
    is_late = short and settled.outcome is Outcome.ENTERED
    return replace(began, outcome=Outcome.LATE) if is_late else began

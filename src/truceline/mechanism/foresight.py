"""Predicted entries of the live feeds: shown while they hold, stated when they are alerts.

An alert goes on the record as it begins (`air.prediction/1`), and what became of it
once that is known (`air.predicted/1`), whichever it is: the share that did not come
true can be counted by anybody who reads the log. An advisory is shown and never stated.
What was open when the program stopped is told as not judged at the next start; what a
replay predicts again is stated once.

The watch calls it with what it fed; it states nothing by itself but through the watch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from truceline.airspace.chart import Chart
from truceline.airspace.engine import Event
from truceline.airspace.exemption import ExemptFlight, covers
from truceline.airspace.fix import Fixes, joined
from truceline.airspace.prediction import Alerted, Entry, Outcome, Prediction, Settled, Told
from truceline.airspace.prediction_outlook import Outlook, entries_of
from truceline.airspace.rules import SECOND_US, STANDARD, Rules
from truceline.mechanism.detection import outcome_body, predicted_body, prediction_parts
from truceline.mechanism.following import FeedKey
from truceline.mechanism.installation import Installation
from truceline.mechanism.statement import ulid
from truceline.records.record import Micros, RecordId
from truceline.store.views import records
from truceline.zones import in_force

PREDICTION, PREDICTED = "air.prediction/1", "air.predicted/1"
TOGETHER_US = SECOND_US
"""Batches are looked at together once they span so long: the look costs more than the rows."""
SILENT_US = 300 * SECOND_US
_MOST_KNOWN = 10_000

type State = Callable[[str, Mapping[str, Any], Mapping[str, Any], str, tuple[str, ...]], None]
"""How the watch states: kind, body, sealed parts, record id, refs."""
type Seen = tuple[str, str, int]
"""Source, zone and moment: a prediction as the log's clear part knows it."""


@dataclass(slots=True)
class _Group:
    """The outlook of one engine; batches that wait; which alerts are on the record."""

    outlook: Outlook
    nature: str
    waiting: dict[str, list[Fixes]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    looked_at: int = 0
    newest_at: int = 0
    stated: dict[tuple[str, str], RecordId] = field(default_factory=dict)
    fed_at: int = 0


class Foresight:
    """Predictions beside what the watch follows. One thread at a time."""

    def __init__(
        self,
        installation: Installation,
        state: State,
        *,
        chance: Callable[[int], bytes],
        rules: Rules = STANDARD,
        exempt: Callable[[], Sequence[ExemptFlight]] = tuple,
    ) -> None:
        self._installation = installation
        self._state = state
        self._chance = chance
        self._rules = rules
        self._exempt = exempt
        self._groups: dict[FeedKey, _Group] = {}
        self._known: dict[Seen, RecordId] | None = None
        self._settled: set[str] = set()
        self._zones: dict[str, Mapping[str, Any]] = {}

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
        """Take what was fed and what it showed; state what begins and what is settled."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(
                Outlook(self._rules, expected=self._expected), key[1]
            )
            self._settle_left_open()
        group.entries += entries_of(events)
        if len(batch):
            group.waiting.setdefault(batch.source, []).append(batch)
            group.newest_at = max(group.newest_at, int(batch.seen_at.max()))
        group.fed_at = now
        if group.entries or group.newest_at - group.looked_at >= TOGETHER_US:
            self._look(group, chart, segment, now)

    def expire(self, key: FeedKey) -> None:
        """Settle the alerts of aircraft that have been silent too long, by the feed's own time."""
        group = self._groups.get(key)
        if group is not None:
            self._tell(group, group.outlook.expire(group.newest_at - SILENT_US), "")

    def finish(self, key: FeedKey) -> None:
        """Settle everything of a feed that is over."""
        group = self._groups.pop(key, None)
        if group is not None:
            self._tell(group, group.outlook.finish(), "")

    def current(self) -> list[tuple[str, RecordId | None, Prediction]]:
        """Return what is predicted now: nature, the record of an alert, the prediction."""
        return [
            (group.nature, group.stated.get((one.zone_id, one.icao24)), one)
            for group in self._groups.values()
            for one in group.outlook.current()
        ]

    # -- inside --------------------------------------------------------------------------

    def _expected(self, made: Prediction) -> bool:
        return any(covers(one, made) for one in self._exempt())

    def _look(self, group: _Group, chart: Chart, segment: str, now: int) -> None:
        entries, group.entries = group.entries, []
        waiting, group.waiting = group.waiting, {}
        group.looked_at = group.newest_at
        told: list[Told] = []
        for batches in waiting.values() or ([],):
            if batches:
                one = joined(batches) if len(batches) > 1 else batches[0]
                told += group.outlook.take(one, chart, entries, now_us=now)
                entries = []
        self._tell(group, told, segment)

    def _tell(self, group: _Group, told: Sequence[Told], segment: str) -> None:
        for one in told:
            match one:
                case Alerted():
                    self._state_prediction(group, one.prediction, segment)
                case Settled():
                    self._state_outcome(group, one)

    def _state_prediction(self, group: _Group, made: Prediction, segment: str) -> None:
        key = (made.zone_id, made.icao24)
        known = self._known_before().get((made.source, made.zone_id, made.made_at))
        if known is not None:
            group.stated[key] = known
            return
        with self._installation.reading_book() as book:
            adoption = in_force.in_force(book.zones[made.zone_id], Micros(made.entry_at))
        if adoption is None or not segment:
            return
        record = ulid(self._installation.clock.now(), self._chance(10))
        body = {
            **predicted_body(made),
            "content": adoption.content,
            "segment": segment,
            "nature": group.nature,
        }
        self._state(PREDICTION, body, prediction_parts(made), record, (adoption.record,))
        group.stated[key] = record

    def _state_outcome(self, group: _Group, settled: Settled) -> None:
        made = settled.prediction
        record = group.stated.pop((made.zone_id, made.icao24), None)
        if record is not None and record not in self._settled:
            self._state(
                PREDICTED, {**outcome_body(settled), "prediction": record}, {}, "", (record,)
            )

    # -- after a stop ----------------------------------------------------------------------

    def _known_before(self) -> dict[Seen, RecordId]:
        if self._known is None:
            self._read_log()
        return self._known or {}

    def _read_log(self) -> None:
        with self._installation.store.reading() as look:
            made = records.newest(look, kind=PREDICTION, limit=_MOST_KNOWN)
            done = records.newest(look, kind=PREDICTED, limit=_MOST_KNOWN)
        self._known = {
            (one.body["source"], one.body["zone"], one.body["predicted_at"]): RecordId(one.id)
            for one in made
        }
        self._settled = {one.body["prediction"] for one in done}
        self._zones = {one.id: one.body for one in made}

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

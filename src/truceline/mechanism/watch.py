"""The watch: batches of fixes in; crossings, leavings and sealed segments on the record.

Entries that are to come are looked for by `foresight.py`, announced flights held against
crossings by `exemptions.py`. What the feeds say of the zones comes from `following.py`. A crossing is stated as soon as
it is at least suspected, its leaving when it is over with the verdict that it ends with.
Both name the segment: the batch of fixes of that source, which is sealed by its hash a
little later. What may be nobody at all ("possible") is not stated.

Trusted for: what it states follows from the fixes in the segments and the contents in
force (`truceline replay` makes it again from the two). Who flew and where is in
sealed parts alone; a record's id is drawn at random, never made from an address.

If the program stops, fixes since the last seal are gone; crossings keep their own in
sealed parts, and their segment is never bound. Segments are kept short for that reason.
A source that is fed again from earlier on, after a crash, states nothing twice: a
crossing is known by source, zone and instant of entry. What was open when the program
stopped is taken up again, or told as lost when it has not come back.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from truceline.airspace.crossing import Crossing
from truceline.airspace.engine import Closed, Event
from truceline.airspace.fix import Fixes, Names, joined
from truceline.airspace.fusion import AHEAD_US, Said
from truceline.airspace.predictions.prediction import Prediction
from truceline.airspace.quality import Kind
from truceline.airspace.rules import SECOND_US, STANDARD, Rules
from truceline.airspace.verdict import Verdict
from truceline.archive import segment as segments
from truceline.archive.segment import Fed, Segment
from truceline.mechanism import crossing_list
from truceline.mechanism.admission import Answer
from truceline.mechanism.detection import entry_parts, exit_parts, left_body, stated_body
from truceline.mechanism.exemptions import Exemptions
from truceline.mechanism.following import FeedKey, Following, ZonesInForce, shown_by
from truceline.mechanism.foresight import Foresight
from truceline.mechanism.installation import Installation
from truceline.mechanism.statement import ulid
from truceline.records.record import Micros, RecordId
from truceline.store.views import crossings
from truceline.store.views.crossings import CrossingRow
from truceline.zones import in_force

MOST_FIXES = 200_000
"""A segment is sealed at the latest when it holds so many."""
SEAL_AFTER_US = 600 * SECOND_US
"""... or when its fixes span so long, by their own times ..."""
IDLE_MOST = 60
"""... or when the source was not fed between so many calls of `expire`."""

type Key = tuple[str, str, int]
"""Zone, aircraft, instant of entry: one crossing within a source."""
type Seen = tuple[str, int]
"""Zone and instant of entry: a crossing as the log's clear part knows it."""


@dataclass(frozen=True, slots=True)
class Began:
    """A crossing that is on the record, and whether its leaving is too."""

    record: RecordId
    is_over: bool = False


@dataclass(slots=True)
class _Source:
    """One source: the segment being filled, and the one before."""

    code: str
    nature: str
    batches: list[Fixes] = field(default_factory=list)
    fed: list[Fed] = field(default_factory=list)
    segment: RecordId | None = None
    sealed: RecordId | None = None
    opened_at: int = 0
    newest_at: int = 0
    idle: int = 0
    left_out: int = 0
    names: Names = field(default_factory=Names)
    names_of: str = ""

    def recoded(self, batch: Fixes, segment: str) -> Fixes:
        """The batch under codes that all batches of a segment share, so that they can be joined."""
        if segment != self.names_of:
            self.names, self.names_of = Names(), segment
        used, index = np.unique(batch.aircraft, return_inverse=True)
        codes = self.names.codes(batch.names[code] for code in used.tolist())
        return replace(batch, aircraft=codes[index], names=self.names.texts)


@dataclass(slots=True)
class _Group:
    """The sources whose crossings are one's: what is open of them."""

    codes: set[str] = field(default_factory=set)
    stated: dict[Key, Began] = field(default_factory=dict)
    found: dict[Seen, Began] = field(default_factory=dict)


class Watch:
    """Follows every source against the zones in force. Safe to use from several threads."""

    def __init__(
        self,
        installation: Installation,
        *,
        rules: Rules = STANDARD,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._installation = installation
        self._rules = rules
        self._chance = chance
        self._sources: dict[FeedKey, _Source] = {}
        self._groups: dict[FeedKey, _Group] = {}
        self._following = Following(ZonesInForce(installation), rules)
        self._waiting: list[Future[Answer]] = []
        self._lock = threading.RLock()
        self._exemptions = Exemptions(installation, self._state)
        self._foresight = Foresight(
            installation,
            chance=chance,
            rules=rules,
            exempt=self._exemptions.flights,
        )
        with installation.reading_book() as book:
            self._began_with = book.size

    def feed(self, batch: Fixes, nature: str) -> int:
        """Take a batch of one source; returns how many crossings were stated.

        `nature` is "real" or "synthetic"; the two are never mixed. Raises what the door
        could not take.
        """
        if not len(batch):
            return 0
        settled = segments.settled(batch)
        with self._lock:
            now = self._installation.clock.now()
            source = self._source(settled.source, nature)
            self._keep(source, settled, now)
            events = self._following.feed((source.code, nature), settled, now_us=now)
            count = self._tell(self._group(source), nature, events)
            self._look_ahead(source, events, now)
            if self._is_full(source):
                self._seal(source)
            return count

    def expire(self) -> None:
        """Close what has been silent too long, and seal what has waited long enough."""
        now = self._installation.clock.now()
        with self._lock:
            for key, events in self._following.expire(now):
                self._tell(self._groups.setdefault(key, _Group()), key[1], events)
                self._tell_lost(key)
            self._exemptions.look()
            self._take_answers()
            for source in self._sources.values():
                source.idle += 1
                if source.idle >= IDLE_MOST or self._is_full(source):
                    self._seal(source)
        self._foresight.look()  # nobody who feeds waits for it

    def seal(self) -> None:
        """Seal every segment that holds fixes."""
        with self._lock:
            for source in self._sources.values():
                self._seal(source)

    def finish(self, source: str | None = None, nature: str = "") -> None:
        """End every track: the feeds are over. What is inside is told as lost inside.

        With a source, that one alone is over; what others also follow goes on.
        """
        only = None if source is None else (source, nature)
        ended: list[FeedKey] = []
        with self._lock:
            over = [key for key in self._sources if only in (None, key)]
            left_out = {key: self._left_out(key) for key in over}
            for key, events in self._following.finish(only):
                self._tell(self._groups.pop(key, _Group()), key[1], events)
                ended.append(key)
            self._exemptions.look()
            self._take_answers()
            now = self._installation.clock.now()
            for key in over:
                # Nothing more, from here on: a second look ends the feed's tracks there too.
                if self._sources[key].batches:
                    self._sources[key].fed.append((0, now))
                self._seal(self._sources.pop(key), left_out[key])
        self._foresight.finish(ended)

    # -- the picture -------------------------------------------------------------------------

    def tell(self, source: str, nature: str, told: Mapping[str, Said]) -> None:
        """Take what aircraft said besides where they are."""
        now = self._installation.clock.now()
        with self._lock:
            kind = self._following.kinds.get((source, nature), Kind.UNKNOWN)
            self._following.fusion(nature).tell(source, kind, told, now)

    def picture(self, now: int) -> list[dict[str, Any]]:
        """Return the fused picture in readsb's words, each aircraft with its nature."""
        with self._lock:
            return [
                {**one, "nature": nature}
                for nature, fusion in self._following.fusions.items()
                for one in fusion.picture(now)
            ]

    def fused(self) -> dict[str, tuple[int, dict[str, int]]]:
        """Return by nature how many fixes came, and what carried no track, by reason."""
        with self._lock:
            fusions = self._following.fusions.items()
            return {nature: (one.messages, dict(+one.left_out)) for nature, one in fusions}

    def carried(self, source: str, nature: str) -> int:
        """Return how many fixes of a source carried a track."""
        with self._lock:
            return self._following.carried[source, nature]

    # -- what is ahead -----------------------------------------------------------------------

    def predictions(self) -> list[tuple[str, RecordId | None, Prediction]]:
        """Return what is predicted now: nature, the record of an alert, the prediction."""
        return self._foresight.current()

    def _look_ahead(self, source: _Source, events: list[Event], now: int) -> None:
        """Hand on what was held against the zones, and nothing that its fusion left out."""
        key = (source.code, source.nature)
        chart, batch = self._following.chart_of(key), self._following.judged
        if batch is None or chart is None or not chart.zone_ids:
            return
        batch = batch.take(batch.seen_at <= now + AHEAD_US)
        if not len(batch):
            return
        segment = source.segment or source.sealed or ""
        batch = source.recoded(batch, segment)
        of = self._following.group_of(key)
        self._foresight.feed(of, batch, chart, events, segment=segment, now=now)

    # -- sources -----------------------------------------------------------------------------

    def _source(self, code: str, nature: str) -> _Source:
        return self._sources.setdefault((code, nature), _Source(code, nature))

    def _group(self, source: _Source) -> _Group:
        key = self._following.group_of((source.code, source.nature))
        group = self._groups.setdefault(key, _Group())
        if source.code not in group.codes:
            group.codes.add(source.code)
            group.found |= self._open_in_the_log(source.code)
        return group

    def _left_out(self, key: FeedKey) -> int:
        return sum(self._following.left_out(key).values())

    # -- what is stated ----------------------------------------------------------------------

    def _tell(self, group: _Group, nature: str, events: list[Event]) -> int:
        """State what events say; all are on their way before the first answer is waited for."""
        count = sum(
            self._tell_one(group, nature, one.crossing, over=isinstance(one, Closed))
            for one in events
        )
        self._take_answers()
        return count

    def _tell_one(self, group: _Group, nature: str, crossing: Crossing, *, over: bool) -> int:
        """State a crossing once it is suspected, and its leaving once; 1 if it is new."""
        key = (crossing.zone_id, crossing.icao24, crossing.entered_at)
        began = group.stated.get(key) or self._found_again(group, crossing)
        is_new = began is None and crossing.verdict is not Verdict.POSSIBLE
        if is_new:
            began = self._state_crossing(self._shown_by(group, nature, crossing), crossing)
        if began is None:
            return 0
        group.stated[key] = began
        if over:
            del group.stated[key]
            if not began.is_over:
                self._state_left(crossing, began.record)
        return int(is_new)

    def _shown_by(self, group: _Group, nature: str, crossing: Crossing) -> _Source | None:
        """The source that a crossing is stated under; another of the group if that one is over."""
        codes = (shown_by(crossing), *sorted(group.codes))
        found = (self._sources.get((code, nature)) for code in codes)
        return next((one for one in found if one is not None), None)

    def _state_crossing(self, source: _Source | None, crossing: Crossing) -> Began | None:
        with self._installation.reading_book() as book:
            history = book.zones[crossing.zone_id]
            adoption = in_force.in_force(history, Micros(crossing.entered_at))
        segment = None if source is None else source.segment or source.sealed
        if adoption is None or source is None or segment is None:
            return None
        record = ulid(self._installation.clock.now(), self._chance(10))
        body = {
            **stated_body(crossing),
            "content": adoption.content,
            "segment": segment,
            "source": source.code,
            "nature": source.nature,
        }
        self._state("air.crossing/1", body, entry_parts(crossing), record, (adoption.record,))
        return Began(record)

    def _state_left(self, crossing: Crossing, record: RecordId) -> None:
        body = {**left_body(crossing), "crossing": record}
        self._state("air.left/1", body, exit_parts(crossing), "", (record,))

    def _state(
        self,
        kind: str,
        body: Mapping[str, Any],
        parts: Mapping[str, Any],
        record: str,
        refs: tuple[str, ...],
    ) -> None:
        door = self._installation.door
        self._waiting.append(
            door.state_nowait(kind, body, refs=refs, sealed=parts, record_id=record)
        )

    def _take_answers(self) -> None:
        """Wait for the answers to what was stated; raise the first failure among them."""
        answers = [one.result() for one in self._waiting]
        self._waiting.clear()
        for one in answers:
            one.taken()

    # -- after a crash -----------------------------------------------------------------------

    def _open_in_the_log(self, code: str) -> dict[Seen, Began]:
        """The crossings of a source that are on the record and were not over when we began."""
        return {
            (row.zone, row.entered_at): Began(RecordId(row.id))
            for row in self._rows_before()
            if row.source == code and row.left_index is None
        }

    def _found_again(self, group: _Group, crossing: Crossing) -> Began | None:
        """The record of a crossing that was stated before this program began, if there is one."""
        taken_up = group.found.pop((crossing.zone_id, crossing.entered_at), None)
        if taken_up is not None or self._began_with == 0:
            return taken_up
        rows = self._rows_before(crossing.zone_id, crossing.entered_at)
        return next(
            (
                Began(RecordId(row.id), is_over=row.left_index is not None)
                for row in rows
                if row.source in group.codes
            ),
            None,
        )

    def _rows_before(self, zone: str = "", entered_at: int | None = None) -> list[CrossingRow]:
        look, book = self._installation.store.reading(), self._installation.reading_book()
        with look as connection, book as state:
            return crossing_list.crossings(
                connection,
                state,
                zones=[zone] if zone else None,
                since=None if entered_at is None else Micros(entered_at),
                until=None if entered_at is None else Micros(entered_at + 1),
                before_size=self._began_with,
                limit=10_000,
            )

    def _tell_lost(self, key: FeedKey) -> None:
        """Tell as lost what was open before a stop, when its aircraft would have come back.

        The feed's own time counts: a replay passes the entry again before it is judged.
        """
        gap = round(self._rules.longest_gap_s * SECOND_US)
        group = self._groups[key]
        began_at, newest = self._following.told_until(key)
        for (zone, entered_at), began in tuple(group.found.items()):
            if newest - max(entered_at, began_at) > gap:
                del group.found[zone, entered_at]
                body = {"crossing": began.record, "left_at": entered_at, "cause": "lost_inside"}
                row = next(iter(self._rows_before(zone, entered_at)))
                self._state("air.left/1", {**body, "verdict": row.verdict}, {}, "", (began.record,))
        self._take_answers()

    # -- segments ----------------------------------------------------------------------------

    def _keep(self, source: _Source, batch: Fixes, now: int) -> None:
        first, source.idle = int(batch.seen_at.min()), 0
        if source.segment is None:
            source.segment, source.opened_at = self._segment_id(source, first), first
            source.newest_at = first
        source.newest_at = max(source.newest_at, int(batch.seen_at.max()))
        source.batches.append(batch)
        source.fed.append((len(batch), now))

    def _segment_id(self, source: _Source, first_at: int) -> RecordId:
        """The name of a segment: it follows from source and first fix, which are no secret.

        So a source that is fed again after a crash binds the segments that its crossings cite.
        """
        cause = f"{self._installation.book.log}\n{source.code}\n{source.nature}\n{first_at}"
        return ulid(Micros(first_at), hashlib.sha256(cause.encode()).digest())

    def _is_full(self, source: _Source) -> bool:
        held = sum(len(one) for one in source.batches)
        spanned = source.newest_at - source.opened_at
        return held >= MOST_FIXES or (held > 0 and spanned >= SEAL_AFTER_US)

    def _seal(self, source: _Source, left_out: int | None = None) -> None:
        """Write the fixes as a file, and state its hash: from here on they cannot be changed."""
        if source.segment is None or not source.batches:
            return
        made = segments.write(joined(source.batches), source.fed)
        name = self._free_name(source.segment, made)
        if left_out is None:
            left_out = self._left_out((source.code, source.nature))
        if name is not None:
            # The file is durable before the record names it. A crash before the record
            # leaves a file that nothing names, and crossings whose segment never came.
            # It is kept under the data key: it holds what the crossings have sealed.
            file = self._installation.files.put(made.data, segments.MEDIA_TYPE, sealed=True)
            body = {
                "segment": name,
                "source": source.code,
                "file": file.tree(),
                "first_at": made.first_at,
                "last_at": made.last_at,
                "fixes": made.count,
                "left_out": left_out - source.left_out,
                "nature": source.nature,
            }
            self._state("air.segment/1", body, {}, "", ())
            self._take_answers()
        source.segment, source.sealed, source.left_out = None, name or source.segment, left_out
        source.batches.clear()
        source.fed.clear()

    def _free_name(self, segment: RecordId, made: Segment) -> RecordId | None:
        """The segment's name; None when the log has these fixes; another when it has others."""
        with self._installation.store.reading() as look:
            known = crossings.segment_of(look, segment)
        if known is None:
            return segment
        if segments.same_fixes(self._installation.files.read(known.sha256), made.data):
            return None
        return ulid(Micros(made.first_at), self._chance(10))

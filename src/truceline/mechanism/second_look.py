"""A second look: any period run again from its sealed segments, held against the record.

The same code follows the same pieces of the same feeds against the zones that were in
force, and so gives the same crossings. What is on the record and is not found again, or
found and not on the record, is told; so is a crossing whose segment never came (the
program stopped before it was sealed). Needs the data key, since segments are sealed.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from truceline.airspace.crossing import Crossing
from truceline.airspace.engine import Closed, Event
from truceline.airspace.fix import Fixes
from truceline.airspace.rules import SECOND_US, STANDARD, Rules
from truceline.airspace.verdict import Verdict
from truceline.archive import segment as segments
from truceline.mechanism import crossing_list
from truceline.mechanism.detection import left_body, stated_body
from truceline.mechanism.following import FeedKey, Following, ZonesInForce, shown_by
from truceline.mechanism.installation import Installation
from truceline.records.record import Micros
from truceline.store.views import crossings
from truceline.store.views.crossings import CrossingRow, SegmentRow

_ALL = 2**31 - 1
_LEAD_GAPS = 2
"""How many of the longest gaps before the period are followed, so that tracks are known."""


@dataclass(frozen=True, slots=True)
class Found:
    """One crossing as the second look gives it; `first` is what is stated when it is new."""

    key: FeedKey
    first: Crossing
    last: Crossing
    over: bool = False


@dataclass(frozen=True, slots=True)
class Differing:
    """A crossing on the record that the second look tells otherwise: word, then and now."""

    record: CrossingRow
    word: str
    then: object
    now: object


@dataclass(slots=True)
class SecondLook:
    """What came of it."""

    segments: int = 0
    fixes: int = 0
    found: list[Found] = field(default_factory=list)
    same: int = 0
    differing: list[Differing] = field(default_factory=list)
    not_found: list[CrossingRow] = field(default_factory=list)
    not_recorded: list[Found] = field(default_factory=list)
    unbound: list[CrossingRow] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Say whether the record is what its segments give."""
        return not (self.differing or self.not_found or self.not_recorded)


def look_again(
    installation: Installation, since: Micros, until: Micros, *, rules: Rules = STANDARD
) -> SecondLook:
    """Follow every feed again; compare the crossings entered from `since` and before `until`.

    Raises `Unavailable(LOCKED)` without the data key, `Unproven` for a segment whose bytes
    are not those that its record names.
    """
    made = SecondLook()
    lead = round(_LEAD_GAPS * rules.longest_gap_s * SECOND_US)
    with installation.store.reading() as look, installation.reading_book() as book:
        sealed = crossings.segments_from(look, Micros(since - lead))
        stated = crossing_list.crossings(look, book, since=since, until=until, limit=_ALL)
        bound = crossings.names_of_segments(look)
    again = _Again(installation, made, rules, (since, until))
    made.found = again.followed(_by_feed(sealed))
    made.unbound = [one for one in stated if one.segment not in bound]
    _compare(made, [one for one in stated if one.segment in bound])
    return made


def _by_feed(sealed: Iterable[SegmentRow]) -> dict[FeedKey, list[SegmentRow]]:
    feeds: dict[FeedKey, list[SegmentRow]] = defaultdict(list)
    for one in sealed:
        feeds[one.source, one.nature].append(one)
    return feeds


type _Name = tuple[str, str, str, int]
type _Piece = tuple[int, FeedKey, Fixes, int | None]


class _Again:
    """All feeds, followed again together, each until nothing of the period is open any more."""

    def __init__(
        self,
        installation: Installation,
        made: SecondLook,
        rules: Rules,
        period: tuple[Micros, Micros],
    ) -> None:
        self._files = installation.files
        self._following = Following(ZonesInForce(installation), rules)
        self._made = made
        self._period = period
        # An entry is between two fixes; the later one may come after the period.
        self._enough = period[1] + round(rules.longest_gap_s * SECOND_US)
        self._known: dict[_Name, Found] = {}

    def followed(self, feeds: Mapping[FeedKey, list[SegmentRow]]) -> list[Found]:
        """Return the crossings of the period. Pieces come in the order in which they were fed."""
        streams = [self._pieces(key, sealed) for key, sealed in sorted(feeds.items())]
        for _, key, batch, now_us in heapq.merge(*streams, key=lambda piece: piece[0]):
            if len(batch):
                self._note(key[1], self._following.feed(key, batch, now_us=now_us))
            else:
                self._end(key)
        self._end()
        return [one for one in self._known.values() if self._is_of_it(one)]

    def _pieces(self, key: FeedKey, sealed: list[SegmentRow]) -> Iterator[_Piece]:
        for one in sealed:
            if one.first_at >= self._enough and not self._is_open():
                return
            self._made.segments += 1
            data = self._files.read(one.sha256)
            for batch, now_us in segments.pieces(data, sha256=one.sha256):
                self._made.fixes += len(batch)
                yield now_us if now_us is not None else one.first_at, key, batch, now_us

    def _end(self, only: FeedKey | None = None) -> None:
        for key, events in self._following.finish(only):
            self._note(key[1], events)

    def _is_open(self) -> bool:
        return any(not one.over and self._is_of_it(one) for one in self._known.values())

    def _is_of_it(self, one: Found) -> bool:
        return self._period[0] <= one.first.entered_at < self._period[1]

    def _note(self, nature: str, events: Iterable[Event]) -> None:
        """As the watch does: what is at least suspected is kept from then on, and how it ended."""
        for event in events:
            crossing = event.crossing
            name = (nature, crossing.zone_id, crossing.icao24, crossing.entered_at)
            over = isinstance(event, Closed)
            if name in self._known:
                self._known[name] = replace(self._known[name], last=crossing, over=over)
            elif crossing.verdict is not Verdict.POSSIBLE:
                self._known[name] = Found((shown_by(crossing), nature), crossing, crossing, over)


def _compare(made: SecondLook, stated: list[CrossingRow]) -> None:
    """Aircraft are sealed in the record, so equals are matched by nature, zone and instant."""
    waiting: dict[tuple[str, str, int], list[Found]] = defaultdict(list)
    for one in made.found:
        waiting[one.key[1], one.first.zone_id, one.first.entered_at].append(one)
    for row in stated:
        same = waiting.get((row.nature, row.zone, row.entered_at))
        if not same:
            made.not_found.append(row)
            continue
        fits = min(range(len(same)), key=lambda n: len(list(_differences(row, same[n]))))
        differences = list(_differences(row, same.pop(fits)))
        made.differing += differences
        made.same += not differences
    made.not_recorded = [one for left in waiting.values() for one in left]


def _differences(row: CrossingRow, found: Found) -> Iterator[Differing]:
    """What the two tell otherwise. A leaving that is not on the record yet is not compared."""
    pairs = [
        (row, name, stated_body(found.first)[name])
        for name in ("verdict", "probability_ppm", "cause", "altitude_known")
    ]
    for _, name, now in pairs:
        if getattr(row, name) != now:
            yield Differing(row, name, getattr(row, name), now)
    if row.left_at is None:
        return
    body = left_body(found.last)
    then = (row.left_at, row.left_cause, row.left_verdict, row.depth_m)
    names = ("left_at", "cause", "verdict", "depth_m")
    for name, was in zip(names, then, strict=True):
        if was != body[name]:
            yield Differing(row, f"left {name}" if "left" not in name else name, was, body[name])

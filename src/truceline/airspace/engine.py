"""The engine: batches of fixes in, crossings out, for any number of zones.

One engine serves a file and a live feed. Each batch goes through five steps on
columns: legs (`track`), the path on the globe (`bend`), pieces over the zones on
the ground, cut by height and time (`kernel`, or `ground` and `stay` until it is ready),
zones (`combine`). What is left is rare, and is followed one by one
(`episode`). Nothing is kept but the last fix of each aircraft and the crossings
that are open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from truceline.airspace.bend import bent, cut
from truceline.airspace.chart import Chart
from truceline.airspace.combine import by_zone
from truceline.airspace.crossing import Cause, Crossing
from truceline.airspace.episode import Episode, Follower, Passage, seen_at
from truceline.airspace.fix import Fixes
from truceline.airspace.kernel import Search
from truceline.airspace.measure import Span
from truceline.airspace.near import Surroundings
from truceline.airspace.rules import SECOND_US, STANDARD, Rules
from truceline.airspace.stay import Edge, Stays
from truceline.airspace.track import Rows, Tracks
from truceline.airspace.verdict import verdict_of


@dataclass(frozen=True, slots=True)
class Opened:
    """A crossing began; it is still going on."""

    crossing: Crossing


@dataclass(frozen=True, slots=True)
class Raised:
    """A crossing that goes on is surer than it was."""

    crossing: Crossing


@dataclass(frozen=True, slots=True)
class Closed:
    """A crossing is over and will not change."""

    crossing: Crossing


type Event = Opened | Raised | Closed


class Engine:
    """Follows aircraft against one chart under one set of rules."""

    def __init__(
        self, chart: Chart, rules: Rules = STANDARD, *, search: Search | None = None
    ) -> None:
        self.chart, self.rules = chart, rules
        self.tracks = Tracks(rules)
        self._search = search or Search()
        self._open: dict[int, dict[int, Episode]] = {}
        self._passed: dict[int, dict[int, Crossing]] = {}  # passed by, and not yet sure of that
        self._surroundings = Surroundings(self._search)
        self._follower = self._new_follower()

    def _new_follower(self) -> Follower:
        tracks = self.tracks
        texts = (tracks.callsigns, tracks.sources)
        return Follower(self._search, self.chart, self.rules, tracks.aircraft, texts)

    def feed(self, batch: Fixes, *, now_us: int | None = None) -> list[Event]:
        """Take a batch and return what began, became surer or ended with it."""
        rows = self.tracks.take(batch, now_us=now_us)
        rows = cut(rows) if self.rules.planar else bent(rows, self.rules)
        if len(rows) < 2:
            return []
        return list(self._follow(rows, self._search(self.chart, rows)))

    def finish(self) -> list[Event]:
        """End every leg and return the crossings that were still open."""
        self.tracks.finish()
        slots = sorted({*self._open, *self._passed})
        return [event for slot in slots for event in self.end_leg(slot)]

    def end_leg(self, slot: int) -> list[Event]:
        """Close what is open of one aircraft: nothing more of this leg will come."""
        passed = self._passed.pop(slot, {})
        ended = self._open.pop(slot, {})
        told = [event for one in passed.values() for event in _whole(one)]
        return told + [Closed(self._follower.closed(one)) for one in ended.values()]

    def expire(self, before_us: int) -> list[Event]:
        """Close what belongs to aircraft whose last fix is older than this."""
        known = sorted({*self._open, *self._passed})
        slots = [slot for slot in known if self.tracks.last_seen(slot) < before_us]
        return [event for slot in slots for event in self.end_leg(slot)]

    def cut_back(self, most: int) -> list[Event]:
        """Forget all but the aircraft heard most recently; close what they leave open."""
        moved = self.tracks.cut_back(most)
        gone = sorted(slot for slot in {*self._open, *self._passed} if slot not in moved)
        events = [event for slot in gone for event in self.end_leg(slot)]
        for zones in self._open.values():
            for episode in zones.values():
                episode.slot = moved[episode.slot]
        self._open = {moved[slot]: zones for slot, zones in self._open.items()}
        self._passed = {moved[slot]: zones for slot, zones in self._passed.items()}
        self._follower = self._new_follower()
        return events

    def swap(self, chart: Chart, moved: dict[int, int]) -> None:
        """Go on with another chart; `moved` says which zone of the old one is which of the new."""
        for zones in self._open.values():
            episodes = {moved[zone]: episode for zone, episode in zones.items()}
            for zone, episode in episodes.items():
                episode.zone = zone
            zones.clear()
            zones.update(episodes)
        for slot, passed in self._passed.items():
            self._passed[slot] = {moved[zone]: one for zone, one in passed.items()}
        self.chart = chart
        self._follower = self._new_follower()

    def open_zones(self) -> set[int]:
        """Return the numbers of the zones with an open crossing."""
        return {zone for zones in self._open.values() for zone in zones}

    @property
    def open_crossings(self) -> list[Crossing]:
        """What is going on now, as far as it is known."""
        return [self._so_far(one) for zones in self._open.values() for one in zones.values()]

    def _follow(self, rows: Rows, found: Stays) -> Iterator[Event]:
        passages = self._passages(rows, found)
        present = rows.slot[np.flatnonzero(np.diff(rows.slot, prepend=-1))]  # they are in order
        known = {*self._open, *self._passed}
        slots = sorted({*passages, *(s for s in known if _holds(present, s))})
        first = np.searchsorted(rows.slot, slots, side="left").tolist()
        last = np.searchsorted(rows.slot, slots, side="right").tolist()
        for slot, start, stop in zip(slots, first, last, strict=True):
            yield from self._follow_one(rows, slot, (start, stop), passages.get(slot, []))

    def _passages(self, rows: Rows, found: Stays) -> dict[int, list[Passage]]:
        """Return the stays in zones by aircraft; where zones are simple they are measured at once."""
        zones = by_zone(self.chart, found)
        known = None
        if self.chart.all_simple:
            known = self._search.measured(self.chart, rows, found, self.rules)
        columns = [getattr(zones, name).tolist() for name in Stays.__slots__]
        slots = rows.slot[zones.row_in].tolist()
        by_slot: dict[int, list[Passage]] = {}
        for number in np.argsort(zones.row_in, kind="stable").tolist():
            zone, row_in, share_in, edge_in, row_out, share_out, edge_out = (
                column[number] for column in columns
            )
            span = Span(row_in, share_in, row_out, share_out)
            measured = known[number] if known else None
            one = Passage(zone, slots[number], span, edge_in, edge_out, measured)
            by_slot.setdefault(one.slot, []).append(one)
        for near in self._surroundings.near(self.chart, rows, zones, self.rules):
            aside = Passage(near.zone, near.slot, near.span, Edge.BORDER, Edge.BORDER, near=near)
            by_slot.setdefault(near.slot, []).append(aside)
            by_slot[near.slot].sort(key=lambda one: (one.span.row_in, one.span.share_in))
        return by_slot

    def _follow_one(
        self, rows: Rows, slot: int, reach: tuple[int, int], passages: list[Passage]
    ) -> Iterator[Event]:
        start, stop = reach
        cuts = (np.flatnonzero(rows.starts[start:stop]) + start).tolist()
        bounds = sorted({start, *cuts})
        for number, begin in enumerate(bounds):
            end = bounds[number + 1] if number + 1 < len(bounds) else stop
            if begin in cuts:
                yield from self.end_leg(slot)
            inside = [one for one in passages if begin <= one.span.row_in < end]
            yield from self._follow_leg(rows, slot, (begin, end), inside)

    def _follow_leg(
        self, rows: Rows, slot: int, leg: tuple[int, int], passages: list[Passage]
    ) -> Iterator[Event]:
        before = {*self._open.get(slot, {}), *self._passed.get(slot, {})}
        zones = sorted({*before, *(one.zone for one in passages)})
        for zone in zones:
            here = [one for one in passages if one.zone == zone]
            yield from self._follow_zone(rows, slot, leg, here, zone)
        for kept in (self._open, self._passed):
            if not kept.get(slot, True):
                del kept[slot]

    def _follow_zone(
        self, rows: Rows, slot: int, leg: tuple[int, int], passages: list[Passage], zone: int
    ) -> Iterator[Event]:
        episode = self._open.get(slot, {}).pop(zone, None)
        before = None if episode is None else verdict_of(episode.doubt)
        cursor, is_new = leg[0], False
        for passage in passages:
            if passage.near is not None and episode is not None and episode.is_inside:
                continue
            episode, ended = self._up_to(rows, episode, cursor, passage)
            yield from ended
            yield from self._settle(rows, passage)
            if passage.near is not None:
                self._pass_by(rows, passage, episode)
                cursor = max(cursor, passage.span.row_in + 1)
                continue
            if episode is None:
                episode, is_new = self._follower.begin(rows, passage), True
                yield Opened(self._so_far(episode))
                before = verdict_of(episode.doubt)
            else:
                self._follower.go_on(rows, passage, episode)
            cursor = passage.span.row_out + 1
        yield from self._passed_for_good(slot, zone, int(rows.seen_at[leg[1] - 1]))
        if episode is None:
            return
        real = any(passage.near is None for passage in passages)
        if not real and episode.is_inside and rows.joins[leg[0]]:
            _step_out(episode)  # there is a path from the last fix, and none of it is inside
        yield from self._after(rows, episode, cursor, leg[1])
        if verdict_of(episode.doubt) is not before and not is_new:
            yield Raised(self._so_far(episode))

    def _up_to(
        self, rows: Rows, episode: Episode | None, cursor: int, passage: Passage
    ) -> tuple[Episode | None, list[Event]]:
        """Bring an episode up to the next stay; it may end on the way."""
        if episode is None:
            return None, []
        continues = passage.edge_in == Edge.OPEN and passage.span.share_in == 0.0
        if episode.is_inside and continues:
            return episode, []
        if episode.is_inside:
            _step_out(episode)
        if not self.rules.planar:
            self._follower.watch_outside(rows, episode, cursor, passage.span.row_in)
        entry = seen_at(rows, passage.span.row_in, passage.span.share_in)
        if self._is_over(episode, entry):
            return None, [Closed(self._follower.closed(episode))]
        return episode, []

    def _settle(self, rows: Rows, passage: Passage) -> Iterator[Event]:
        """Tell what was passed by long before this passage; forget what it was the start of."""
        entry = seen_at(rows, passage.span.row_in, passage.span.share_in)
        yield from self._passed_for_good(passage.slot, passage.zone, entry)
        if passage.near is None:
            self._passed.get(passage.slot, {}).pop(passage.zone, None)

    def _passed_for_good(self, slot: int, zone: int, now_us: int) -> list[Event]:
        passed = self._passed.get(slot, {}).get(zone)
        if passed is None or now_us - passed.exit.at <= self.rules.reopen_s * SECOND_US:
            return []
        del self._passed[slot][zone]
        return _whole(passed)

    def _pass_by(self, rows: Rows, passage: Passage, episode: Episode | None) -> None:
        """Keep what only some paths enter, until it is sure that no crossing follows."""
        if passage.near is None or episode is not None:
            return
        one = self._follower.passed_by(rows, passage.near)
        kept = self._passed.setdefault(passage.slot, {})
        before = kept.get(passage.zone)
        if before is not None:
            one = replace(before, exit=one.exit, doubt=before.doubt.with_more(one.doubt))
        kept[passage.zone] = one

    def _after(self, rows: Rows, episode: Episode, cursor: int, end: int) -> Iterator[Event]:
        """Look at what follows the last stay in the batch; keep or end the episode."""
        if not episode.is_inside:
            if not self.rules.planar:
                self._follower.watch_outside(rows, episode, cursor, end - 1)
            if self._is_over(episode, int(rows.seen_at[end - 1])):
                yield Closed(self._follower.closed(episode))
                return
        self._open.setdefault(episode.slot, {})[episode.zone] = episode

    def _is_over(self, episode: Episode, now_us: int) -> bool:
        return self.rules.planar or self._follower.is_over(episode, now_us)

    def _so_far(self, episode: Episode) -> Crossing:
        last = episode.exit or episode.last_spot or episode.entry
        cause = Cause.LOST_INSIDE if episode.is_inside else episode.cause_out
        return self._follower.crossing(episode, last, cause)


def _whole(crossing: Crossing) -> list[Event]:
    """A crossing that is told when it is over already."""
    return [Opened(crossing), Closed(crossing)]


def _step_out(episode: Episode) -> None:
    """Inside at the last fix, and outside from there on: the border runs through the fix."""
    episode.exit, episode.cause_out = episode.last_spot, Cause.LEFT


def _holds(ordered: np.ndarray[tuple[int], np.dtype[np.int64]], value: int) -> bool:
    place = int(np.searchsorted(ordered, value))
    return place < len(ordered) and int(ordered[place]) == value


def crossings_of(events: list[Event]) -> list[Crossing]:
    """Return the crossings that are over, of a list of events."""
    return [event.crossing for event in events if isinstance(event, Closed)]

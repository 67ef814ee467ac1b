"""The live watch: the same engine, on a feed that does not end and zones that change.

Zones may be replaced at any moment. A zone that is new, or new in content, counts
from that moment on (an aircraft inside is "activated under"); one that is gone
counts until then ("deactivated over"). Both are told by the first segment that
spans the moment, with place and time interpolated, as for a window in the text.

Memory is bounded: an aircraft that has been silent for as long as a gap may last is
closed, and the list of aircraft is cut back when it is full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from truceline.airspace.chart import Chart, FlatVolume, WatchedZone, chart
from truceline.airspace.crossing import Crossing
from truceline.airspace.engine import Closed, Engine, Event, Opened, Raised
from truceline.airspace.fix import Fixes
from truceline.airspace.interference import Interference
from truceline.airspace.kernel import Search
from truceline.airspace.rules import SECOND_US, STANDARD, Rules
from truceline.geo.volume import Operation, Window

MOST_AIRCRAFT = 200_000

CrossingOpened, CrossingRaised, CrossingClosed = Opened, Raised, Closed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A zone on the chart: as it was given, and since and until when it counts."""

    given: WatchedZone
    since: int | None
    until: int | None = None


class LiveWatch:
    """Follows a feed against the zones in force."""

    def __init__(
        self,
        zones: Sequence[WatchedZone],
        rules: Rules = STANDARD,
        *,
        search: Search | None = None,
        most_aircraft: int = MOST_AIRCRAFT,
    ) -> None:
        self._entries = [_Entry(zone, since=None) for zone in zones]
        self._engine = Engine(self._chart(), rules, search=search)
        self._rules = rules
        self._most = most_aircraft
        self._newest = 0

    def feed(self, batch: Fixes, *, now_us: int | None = None) -> list[Event]:
        """Take a batch; return the crossings that opened, became surer or closed.

        `now_us` is our clock; fixes from its future are left out.
        """
        events = self._engine.feed(batch, now_us=now_us)
        if len(batch):
            self._newest = max(self._newest, self._engine.tracks.newest)
        if len(self._engine.tracks.aircraft.texts) > self._most:
            events += self._engine.cut_back(self._most // 2)
        return events

    def expire(self, now_us: int) -> list[Event]:
        """Close what belongs to aircraft that have been silent for longer than a gap may last."""
        self._drop_old(now_us)
        return self._engine.expire(now_us - round(self._rules.longest_gap_s * SECOND_US))

    def replace_zones(self, zones: Sequence[WatchedZone], *, at_us: int) -> None:
        """Let these zones count from `at_us` on, instead of those before."""
        current = {e.given.zone_id: e for e in self._entries if e.until is None}
        kept = [
            entry
            if entry.until is not None or entry.given in zones
            else replace(entry, until=at_us)
            for entry in self._entries
        ]
        added = [
            _Entry(zone, since=at_us)
            for zone in zones
            if zone.zone_id not in current or current[zone.zone_id].given != zone
        ]
        self._swap([*kept, *added], list(range(len(kept))))
        self._drop_old(at_us)

    def finish(self) -> list[Event]:
        """End every leg: the feed is over."""
        return self._engine.finish()

    @property
    def chart(self) -> Chart:
        """What is watched now."""
        return self._engine.chart

    @property
    def open_crossings(self) -> list[Crossing]:
        """What is going on now."""
        return self._engine.open_crossings

    @property
    def left_out(self) -> dict[str, int]:
        """How many fixes were left out, by reason."""
        return dict(self._engine.tracks.left_out)

    def vouch(self, aircraft: str, seen_at: int) -> None:
        """Note that a sensor of another kind agreed with a track without being part of it."""
        self._engine.tracks.vouch(aircraft, seen_at)

    @property
    def interference(self) -> Interference:
        """Where positions are in doubt; more signs may be handed to it (`Interference.take`)."""
        return self._engine.tracks.interference

    @property
    def aircraft(self) -> int:
        """How many aircraft are remembered."""
        return len(self._engine.tracks.aircraft.texts)

    def _drop_old(self, now_us: int) -> None:
        """Take off the chart what ended so long ago that no segment can reach back to it."""
        horizon = min(now_us, self._newest) - round(self._rules.longest_gap_s * 2 * SECOND_US)
        open_zones = self._engine.open_zones()
        keep = [
            number
            for number, entry in enumerate(self._entries)
            if entry.until is None or entry.until > horizon or number in open_zones
        ]
        if len(keep) < len(self._entries):
            self._swap([self._entries[number] for number in keep], keep)

    def _swap(self, entries: list[_Entry], before: list[int]) -> None:
        """Put new entries on the chart; `before` are the old numbers of the first of them."""
        self._entries = entries
        self._engine.swap(self._chart(), {old: new for new, old in enumerate(before)})

    def _chart(self) -> Chart:
        return chart([_in_time(entry) for entry in self._entries])


def _in_time(entry: _Entry) -> WatchedZone:
    if entry.since is None and entry.until is None:
        return entry.given
    volumes = tuple(
        volume
        if volume.operation is not Operation.UNION
        else replace(volume, window=_cut(volume.window, entry))
        for volume in entry.given.volumes
    )
    return WatchedZone(entry.given.zone_id, volumes)


def _cut(window: Window, entry: _Entry) -> Window:
    since = None if entry.since is None else _EPOCH + timedelta(microseconds=entry.since)
    until = None if entry.until is None else _EPOCH + timedelta(microseconds=entry.until)
    start = max((t for t in (window.start, since) if t is not None), default=None)
    end = min((t for t in (window.end, until) if t is not None), default=None)
    if start is not None and end is not None and end < start:
        end = start
    return Window(start, end)


__all__ = ["CrossingClosed", "CrossingOpened", "CrossingRaised", "FlatVolume", "LiveWatch"]

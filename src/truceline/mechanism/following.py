"""Feeds against the zones in force at each instant: batches go in, events come out.

Live sources of one nature share an engine: `airspace/fusion.py` says which of their fixes
carry the track of an aircraft, so that several sources of one aircraft make one crossing.
A source that contradicts the track that is carried is judged beside it, under a name of its
own: that a crossing was there is then suspected at most, and none is hidden by another feed.
A source whose first fixes are older than two minutes when they come is a replay, and has
an engine of its own, so that it never disturbs what is live. The zones are those in force by the Book; one that is adopted, ends or gives way
to another counts from that instant. A zone that a signatory has suspended is watched on:
its line is still the last one agreed, and the map shows who suspended it.

Here is no door and no clock: the watch (`watch.py`) states what comes out, and
`second_look.py` runs the same code again over what was sealed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from truceline.airspace.chart import Chart, WatchedZone, watched
from truceline.airspace.crossing import Crossing
from truceline.airspace.engine import Event
from truceline.airspace.fix import Fixes
from truceline.airspace.fusion import LATE_US, Fusion, is_apart, judged
from truceline.airspace.interference import Evidence, Sign
from truceline.airspace.live import LiveWatch
from truceline.airspace.quality import Kind
from truceline.airspace.rules import STANDARD, Rules
from truceline.airspace.verdict import Verdict
from truceline.mechanism.book import Book
from truceline.mechanism.installation import Installation
from truceline.records.record import Micros
from truceline.zones import in_force

type FeedKey = tuple[str, str]
"""A source's code, and its nature: "real" or "synthetic". Fused sources go by "" together."""

FUSED = ""


class ZonesInForce:
    """What may be watched at a moment, as the Book and the deposited contents have it."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._flat = lru_cache(4_096)(self._flatten)

    def at(self, at: Micros) -> list[WatchedZone]:
        """The zones in force, flattened; a zone in words alone cannot be watched."""
        with self._installation.reading_book() as book:
            found = ((one.code, in_force.in_force(one, at)) for one in tuple(book.zones.values()))
            zones = (self._flat(code, one.content) for code, one in found if one is not None)
            return [one for one in zones if one is not None]

    def changes(self, after: Micros, until: Micros) -> list[Micros]:
        """The instants after one moment and until another at which a zone's content changes."""
        with self._installation.reading_book() as book:
            return sorted(set(_changes(book, after, until)))

    def _flatten(self, zone: str, sha256: str) -> WatchedZone | None:
        content = self._installation.contents(sha256)
        return None if content.unresolved else watched(zone, content.airspace())


@dataclass(slots=True)
class _Group:
    """The engine of one source, or of several that are fused; and until when it knows the zones."""

    watch: LiveWatch
    began_at: Micros
    zones_at: Micros


class Following:
    """Every feed, by itself or fused with others. One thread at a time."""

    def __init__(self, zones: ZonesInForce, rules: Rules = STANDARD) -> None:
        self._zones = zones
        self._rules = rules
        self._groups: dict[FeedKey, _Group] = {}
        self._group_of: dict[FeedKey, FeedKey] = {}
        self._left_out: dict[FeedKey, Counter[str]] = {}
        self.fusions: dict[str, Fusion] = {}
        self.carried: Counter[FeedKey] = Counter()
        self.kinds: dict[FeedKey, Kind] = {}
        self.judged: Fixes | None = None

    def feed(self, key: FeedKey, batch: Fixes, *, now_us: int | None) -> list[Event]:
        """Take a batch that is settled and not empty; return what it says of the zones.

        `judged` are then the rows of it that were held against them.
        """
        of = self._group_of.get(key) or self._assign(key, batch, now_us)
        self.kinds[key] = _kind(int(batch.kind[-1]))
        is_fused = of[0] == FUSED and now_us is not None
        if is_fused and now_us is not None:
            fusion = self.fusions[key[1]]
            carry = fusion.take(batch, now_us)
            self.carried[key] += int(carry.sum())
            batch = judged(batch, carry, fusion.apart)
        else:
            self.carried[key] += len(batch)
        self.judged = batch
        if not len(batch):
            return []
        group = self._group(of, batch)
        self._renew(group, Micros(int(batch.seen_at.max())))
        if is_fused:
            _pass_on(self.fusions[key[1]], group.watch)
        before = group.watch.left_out
        events = group.watch.feed(batch, now_us=now_us)
        counts = self._left_out.setdefault(key, Counter())
        counts.update(Counter(group.watch.left_out) - Counter(before))
        return [_capped(one) for one in events]

    def expire(self, now: int) -> Iterator[tuple[FeedKey, list[Event]]]:
        """Close what has been silent too long, group by group."""
        for key, group in self._groups.items():
            yield key, [_capped(one) for one in group.watch.expire(now)]

    def finish(self, only: FeedKey | None = None) -> Iterator[tuple[FeedKey, list[Event]]]:
        """End every track, and forget the feeds; or those that `only` one feed has to itself."""
        for key in (only,) if only is not None else tuple(self._group_of):
            self._group_of.pop(key, None)
            self._left_out.pop(key, None)
        followed = set(self._group_of.values())
        for key in [one for one in self._groups if one not in followed]:
            yield key, [_capped(one) for one in self._groups.pop(key).watch.finish()]

    def fusion(self, nature: str) -> Fusion:
        """Return what the live sources of a nature say together."""
        return self.fusions.setdefault(nature, Fusion())

    def group_of(self, key: FeedKey) -> FeedKey:
        """By which key the events of a feed come: its own, or that of the fused."""
        return self._group_of.get(key, key)

    def chart_of(self, key: FeedKey) -> Chart | None:
        """What the engine of a feed watches now; None before its first fix that carries a track."""
        group = self._groups.get(self.group_of(key))
        return None if group is None else group.watch.chart

    def left_out(self, key: FeedKey) -> Mapping[str, int]:
        """How many fixes of a feed the engine left out, by reason."""
        return self._left_out.get(key, {})

    def told_until(self, key: FeedKey) -> tuple[Micros, Micros]:
        """When a group began, and the newest of its own times."""
        return self._groups[key].began_at, self._groups[key].zones_at

    def _assign(self, key: FeedKey, batch: Fixes, now_us: int | None) -> FeedKey:
        """Decide once, by a feed's first batch, whether it is live or a replay."""
        is_live = now_us is not None and int(np.abs(batch.seen_at - now_us).min()) <= LATE_US
        if is_live:
            self.fusion(key[1])
        return self._group_of.setdefault(key, (FUSED, key[1]) if is_live else key)

    def _group(self, key: FeedKey, batch: Fixes) -> _Group:
        found = self._groups.get(key)
        if found is None:
            first = Micros(int(batch.seen_at.min()))
            found = _Group(LiveWatch(self._zones.at(first), self._rules), first, first)
            self._groups[key] = found
        return found

    def _renew(self, group: _Group, until: Micros) -> None:
        """Tell the engine of every change of the zones in force since it was last told."""
        if until <= group.zones_at:
            return
        for at in self._zones.changes(group.zones_at, until):
            group.watch.replace_zones(self._zones.at(at), at_us=at)
        group.zones_at = until


def shown_by(crossing: Crossing) -> str:
    """Return the source under which a crossing is stated: that of the first fix after its entry."""
    return crossing.entry.after.source


def _capped(event: Event) -> Event:
    """What stands against another source's word is suspected at most."""
    crossing = event.crossing
    if not is_apart(crossing.icao24) or crossing.verdict.rank <= Verdict.SUSPECTED.rank:
        return event
    return replace(event, crossing=replace(crossing, verdict=Verdict.SUSPECTED))


def _kind(number: int) -> Kind:
    return Kind(number) if 0 <= number < len(Kind) else Kind.UNKNOWN


def _pass_on(fusion: Fusion, watch: LiveWatch) -> None:
    """Tell the engine where sensors contradict each other, and where they agree."""
    watch.interference.take(
        Evidence(Sign.CONTRADICTED, one.aircraft, one.at, one.lat, one.lon, one.metres)
        for one in fusion.contradictions()
    )
    for aircraft, seen_at in fusion.witnesses():
        watch.vouch(aircraft, seen_at)


def _changes(book: Book, after: Micros, until: Micros) -> Iterator[Micros]:
    for zone in tuple(book.zones.values()):
        for one in zone.adoptions.newest_first():
            ended_at = one.ended(until)
            for at in (max(one.from_at, one.at), ended_at):
                if at is not None and after < at <= until:
                    yield Micros(at)

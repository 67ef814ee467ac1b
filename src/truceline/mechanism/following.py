"""Feeds against the zones in force at each instant: batches go in, events come out.

One engine for each source and nature, so that a replay of one source never disturbs
another. The zones are those in force by the Book; one that is adopted, ends or gives way
to another counts from that instant. A zone that a signatory has suspended is watched on:
its line is still the last one agreed, and the map shows who suspended it.

Here is no door and no clock: the watch (`watch.py`) states what comes out, and
`second_look.py` runs the same code again over what was sealed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from truceline.airspace.chart import WatchedZone, watched
from truceline.airspace.engine import Event
from truceline.airspace.fix import Fixes
from truceline.airspace.live import LiveWatch
from truceline.airspace.rules import STANDARD, Rules
from truceline.mechanism.book import Book
from truceline.mechanism.installation import Installation
from truceline.records.record import Micros
from truceline.zones import in_force

type FeedKey = tuple[str, str]
"""A source's code, and its nature: "real" or "synthetic"."""


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
class _Feed:
    """One source's engine, and until when it knows the zones."""

    watch: LiveWatch
    began_at: Micros
    zones_at: Micros


class Following:
    """Every feed, each with an engine of its own. One thread at a time."""

    def __init__(self, zones: ZonesInForce, rules: Rules = STANDARD) -> None:
        self._zones = zones
        self._rules = rules
        self._feeds: dict[FeedKey, _Feed] = {}

    def feed(self, key: FeedKey, batch: Fixes, *, now_us: int | None) -> list[Event]:
        """Take a batch that is settled and not empty; return what it says of the zones."""
        feed = self._feeds.get(key)
        if feed is None:
            first = Micros(int(batch.seen_at.min()))
            feed = _Feed(LiveWatch(self._zones.at(first), self._rules), first, first)
            self._feeds[key] = feed
        self._renew(feed, Micros(int(batch.seen_at.max())))
        return feed.watch.feed(batch, now_us=now_us)

    def expire(self, now: int) -> Iterator[tuple[FeedKey, list[Event]]]:
        """Close what has been silent too long."""
        for key, feed in self._feeds.items():
            yield key, feed.watch.expire(now)

    def finish(self) -> Iterator[tuple[FeedKey, list[Event]]]:
        """End every track, and forget the feeds."""
        feeds, self._feeds = self._feeds, {}
        for key, feed in feeds.items():
            yield key, feed.watch.finish()

    def left_out(self, key: FeedKey) -> Mapping[str, int]:
        """How many fixes of a feed were left out, by reason."""
        return self._feeds[key].watch.left_out if key in self._feeds else {}

    def told_until(self, key: FeedKey) -> tuple[Micros, Micros]:
        """When a feed began, and the newest of its own times."""
        return self._feeds[key].began_at, self._feeds[key].zones_at

    def _renew(self, feed: _Feed, until: Micros) -> None:
        """Tell the engine of every change of the zones in force since it was last told."""
        if until <= feed.zones_at:
            return
        for at in self._zones.changes(feed.zones_at, until):
            feed.watch.replace_zones(self._zones.at(at), at_us=at)
        feed.zones_at = until


def _changes(book: Book, after: Micros, until: Micros) -> Iterator[Micros]:
    for zone in tuple(book.zones.values()):
        for one in zone.adoptions.newest_first():
            ended_at = one.ended(until)
            for at in (max(one.from_at, one.at), ended_at):
                if at is not None and after < at <= until:
                    yield Micros(at)

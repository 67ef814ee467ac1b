"""From a live feed to the mechanism: what waits, what is sent, and what happens when it is away.

The feed runs in a thread of its own and never waits for the mechanism, unless a great many
fixes wait: then it stops reading, and its sender sees that. While the mechanism is away
nothing is thrown away by us; what it refuses ends the command.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from truceline.cli.reach import part
from truceline.errors import Reason, Unavailable

if TYPE_CHECKING:
    from truceline.airspace.fix import Fixes
    from truceline.cli.reach import Reach
    from truceline.sources.feed import Feed

EVERY_S = 0.5
"""Seconds of a live feed that go into one request."""
TELL_EVERY_S = 2.0
ROWS = 50_000
"""Fixes that go into one request at most; about two megabytes."""
MOST_WAITING = 1_000_000
RETRY_S = 2.0


class Courier:
    """Brings batches and news of a feed to the mechanism; counts what became of them."""

    def __init__(self, mechanism: Reach, name: str, nature: str) -> None:
        self._mechanism, self.name, self._nature = mechanism, name, nature
        self.fixes = self.crossings = 0

    def take(self, batch: Fixes) -> None:
        """Send one batch."""
        from truceline.archive import segment

        for first in range(0, len(batch), ROWS):
            rows = batch.take(slice(first, first + ROWS))
            self._send(segment.write(replace(rows, source=self.name)).data, last=False)

    def finish(self) -> None:
        """Say that the feed is over."""
        self._send(b"", last=True)

    def tell(self, feed: Feed) -> None:
        """Tell how the feed is doing, and what aircraft said besides where they are."""
        told = {
            aircraft: {name: [value, at] for name, (value, at) in said.items()}
            for aircraft, said in feed.told.handed_over().items()
        }
        news = {"nature": self._nature, "health": asdict(feed.health()), "told": told}
        self._mechanism.post(f"/api/feeds/{part(self.name)}", news)

    def _send(self, data: bytes, *, last: bool) -> None:
        whose = f"&source={part(self.name)}" if last else ""
        target = f"/api/fixes?nature={self._nature}&last={str(last).lower()}{whose}"
        told = self._mechanism.ask("POST", target, data).json()
        self.fixes += told["fixes"]
        self.crossings += told["crossings"]


class Pile:
    """What the feed has read and nobody has fetched. Safe between two threads."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._waiting: list[Fixes] = []
        self._count, self._most = 0, most
        self._room = threading.Condition()

    def add(self, batch: Fixes) -> None:
        """Add a batch; waits while too much waits already."""
        with self._room:
            self._room.wait_for(lambda: self._count < self._most)
            self._waiting.append(batch)
            self._count += len(batch)

    def fetched(self) -> Iterator[Fixes]:
        """Yield what waits, joined as far as the batches share their names."""
        from truceline.airspace.fix import joined

        with self._room:
            waiting, self._waiting, self._count = self._waiting, [], 0
            self._room.notify_all()
        for _, group in groupby(waiting, key=lambda one: (id(one.names), id(one.callsigns))):
            yield joined(list(group))

    def open_wide(self) -> None:
        """Let whoever waits for room go on: nobody will fetch any more."""
        with self._room:
            self._most = 1 << 62
            self._room.notify_all()


def carry(
    feed: Feed,
    courier: Courier,
    *,
    for_s: float | None,
    once: bool,
    away: Callable[[str], None],
) -> None:
    """Run a feed until Ctrl-C, until `for_s` is over, or with `once` until it has ended.

    With `once`, refuses a source that could not be reached at all.
    """
    stop, pile = threading.Event(), Pile()
    worker = threading.Thread(
        target=feed.run, args=(pile.add, stop), kwargs={"once": once}, name="feed", daemon=True
    )
    ends_at = None if for_s is None else time.monotonic() + for_s
    worker.start()
    rounds = _Rounds(feed, courier, pile, away)
    try:
        while worker.is_alive() and (ends_at is None or time.monotonic() < ends_at):
            worker.join(EVERY_S if ends_at is None else min(EVERY_S, ends_at - time.monotonic()))
            rounds.make()
    except KeyboardInterrupt:
        away("Stopped.")
    finally:
        stop.set()
        pile.open_wide()
        worker.join(5)
    rounds.make(at_last=True)
    if once and not feed.health().connections:
        reasons = ", ".join(feed.health().lost) or "no answer"
        raise Unavailable(
            Reason.BUSY, where=feed.address, detail=f"the source could not be reached ({reasons})"
        )


class _Rounds:
    """Fetches and sends, again and again; what could not be sent waits for the next round."""

    def __init__(
        self, feed: Feed, courier: Courier, pile: Pile, away: Callable[[str], None]
    ) -> None:
        self._feed, self._courier, self._pile, self._away = feed, courier, pile, away
        self._held: list[Fixes] = []
        self._told_at = self._again_at = 0.0

    def make(self, *, at_last: bool = False) -> None:
        """Send what waits, and news when they are due. `at_last` raises what else would wait."""
        now = time.monotonic()
        if now < self._again_at and not at_last:
            return
        try:
            self._held = self._held or list(self._pile.fetched())
            while self._held:
                self._courier.take(self._held[0])
                self._held.pop(0)
            if at_last:
                for batch in self._pile.fetched():
                    self._courier.take(batch)
            if at_last or now - self._told_at >= TELL_EVERY_S:
                self._told_at = now
                self._courier.tell(self._feed)
        except Unavailable as error:
            if at_last:
                raise
            # Part of a batch may have been taken: the engine leaves out what it has seen.
            self._again_at = time.monotonic() + RETRY_S
            self._away(str(error))


def summary(feed: Feed) -> list[tuple[str, Any]]:
    """Return how a feed did, for printing: what, and how much."""
    health = feed.health()
    rows: list[tuple[str, Any]] = [
        ("bytes read", health.bytes),
        ("fixes", health.fixes),
        ("connections", health.connections),
    ]
    for word, counts in (
        ("left out", health.dropped),
        ("noted", health.noted),
        ("ended", health.lost),
    ):
        rows += [(f"{word}: {name}", count) for name, count in sorted(counts.items())]
    return rows

"""The telling of the past: founding, officers, acts and flights, in the order of their times.

Each step knows whether the log has it already, so that a telling that was cut short,
by Ctrl-C or by kill -9, goes on where the log ends. The clock stands still at each
step's moment, and due clocks fire on their way there, each at its own instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from truceline.clocks.deadline import DAY
from truceline.mechanism.jobs import Ladders
from truceline.records.record import Micros
from truceline.scenario import founding, material
from truceline.scenario.flights import Track
from truceline.scenario.material import Act, Cast, Handing, Officer
from truceline.scenario.sky import Sky
from truceline.scenario.speaking import Speaker
from truceline.scenario.stage import Stage
from truceline.store.views import crossings


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the past. `until` is when it is over; most are over at once."""

    at: Micros
    until: Micros
    is_told: Callable[[], bool]
    tell: Callable[[], None]


class Past:
    """Everything before the demonstration's now."""

    def __init__(
        self,
        stage: Stage,
        sky: Sky,
    ) -> None:
        self._stage = stage
        self._sky = sky
        self._speaker = Speaker(stage)
        self._cast: Cast = material.cast()

    def tell(self, tracks: tuple[Track, ...], until: Micros) -> int:
        """Tell what the log does not have yet, up to a moment; returns how many steps that took."""
        told = 0
        for step in sorted(self._steps(tracks), key=lambda one: one.at):
            if step.at > until:
                break
            if step.is_told():
                continue
            self._go_to(step.at)
            step.tell()
            told += 1
        self._go_to(until)
        return told

    def _steps(self, tracks: tuple[Track, ...]) -> Iterator[Step]:
        acts = material.acts()
        founded_at, appointed_at = founding.moments(acts[0].at, len(self._cast.officers))
        yield self._step(founded_at, self._is_founded, lambda: self._found(founded_at))
        for officer, at in zip(self._cast.officers, appointed_at, strict=True):
            yield self._appointing(officer, at)
        for act in acts:
            yield self._saying(act)
        for track in tracks:
            yield self._flying(track)
        for handing in material.handings():
            yield self._handing(handing)

    def _step(self, at: Micros, is_told: Callable[[], bool], tell: Callable[[], None]) -> Step:
        return Step(at, at, is_told, tell)

    def _appointing(self, officer: Officer, at: Micros) -> Step:
        return self._step(
            at,
            lambda: self._knows(officer.code),
            lambda: founding.appoint(self._speaker, officer, at),
        )

    def _saying(self, act: Act) -> Step:
        """A refused act leaves nothing in the log: it is told when something later stands there."""

        def is_told() -> bool:
            return self._speaker.said(act) or (bool(act.refused) and self._is_past(act.at))

        def tell() -> None:
            self._speaker.say(act)

        return self._step(act.at, is_told, tell)

    def _flying(self, track: Track) -> Step:
        return Step(
            track.first_at,
            track.last_at,
            lambda: self._is_past(track.last_at),
            lambda: self._sky.fly((track,), track.first_at - 1, track.last_at),
        )

    def _handing(self, handing: Handing) -> Step:
        return self._step(
            handing.at,
            lambda: self._is_handed(handing),
            lambda: self._hand(handing),
        )

    def _hand(self, handing: Handing) -> None:
        body = {
            "record": self._crossing_of(handing),
            "part": handing.part,
            "to": handing.to,
            "purpose": handing.purpose,
        }
        self._stage.installation.door.state("disclosure.made/1", body).taken()

    def _is_handed(self, handing: Handing) -> bool:
        record = self._crossing_of(handing)
        with self._stage.installation.reading_book() as book:
            return any(
                (one.part, one.body) == (handing.part, handing.to)
                for one in book.handed.get(record, ())
            )

    def _crossing_of(self, handing: Handing) -> str:
        """The record of the day's first crossing of the zone; "" before it is told."""
        with self._stage.installation.store.reading() as look:
            rows = crossings.crossings(
                look,
                zones=[handing.zone],
                since=handing.entered_on,
                until=Micros(handing.entered_on + DAY),
            )
        return rows[-1].id if rows else ""

    # -- what the log has -------------------------------------------------------------------

    def _is_founded(self) -> bool:
        with self._stage.installation.reading_book() as book:
            return book.size > 0

    def _knows(self, officer: str) -> bool:
        with self._stage.installation.reading_book() as book:
            return officer in book.register.officers

    def _is_past(self, at: Micros) -> bool:
        return self._stage.newest_at >= at

    def _found(self, at: Micros) -> None:
        founding.found(self._stage, self._cast, at)

    def _go_to(self, at: Micros) -> None:
        """Move the clock on, and let each due clock fire at its own instant on the way."""
        installation, clock = self._stage.installation, self._stage.clock
        while True:
            with installation.reading_book() as book:
                due_at = book.clocks.next_due()
            if due_at is None or due_at > at:
                break
            clock.seek(Micros(max(due_at, clock.now())))
            Ladders(installation.door, clock, installation.reading_book).run()
        clock.seek(Micros(max(at, clock.now())))

"""The telling of the past: founding, officers, acts and flights, in the order of their times.

Each step knows whether the log has it already, so that a telling that was cut short,
by Ctrl-C or by kill -9, goes on where the log ends. The clock stands still at each
step's moment, and due clocks fire on their way there, each at its own instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.records.record import Micros
from truceline.scenario import founding, material
from truceline.scenario.flights import Track
from truceline.scenario.keyring import Keyring
from truceline.scenario.material import Act, Cast, Officer
from truceline.scenario.sky import Sky
from truceline.scenario.speaking import Speaker
from truceline.store import log

type FireDue = Callable[[Micros], None]
"""Seek the clock to each instant that is due until a moment, and let what is due fire."""


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
        installation: Installation,
        clock: ScenarioClock,
        keyring: Keyring,
        vkeys: Mapping[str, str],
        sky: Sky,
        fire_due: FireDue,
    ) -> None:
        self._installation = installation
        self._clock = clock
        self._keyring = keyring
        self._vkeys = vkeys
        self._sky = sky
        self._fire_due = fire_due
        self._speaker = Speaker(installation, keyring)
        self._cast: Cast = material.cast()

    def tell(self, tracks: tuple[Track, ...], until: Micros) -> int:
        """Tell what the log does not have yet, up to a moment; returns how many steps that took."""
        told = 0
        for step in sorted(self._steps(tracks), key=lambda one: one.at):
            if step.at > until:
                break
            if step.is_told():
                continue
            self._fire_due(step.at)
            self._clock.seek(step.at)
            step.tell()
            told += 1
        self._fire_due(until)
        self._clock.seek(until)
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

    def _step(self, at: Micros, is_told: Callable[[], bool], tell: Callable[[], None]) -> Step:
        return Step(at, at, is_told, tell)

    def _appointing(self, officer: Officer, at: Micros) -> Step:
        return self._step(
            at,
            lambda: self._knows(officer.code),
            lambda: founding.appoint(self._speaker, self._keyring, officer, at),
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

    # -- what the log has -------------------------------------------------------------------

    def _is_founded(self) -> bool:
        with self._installation.reading_book() as book:
            return book.size > 0

    def _knows(self, officer: str) -> bool:
        with self._installation.reading_book() as book:
            return officer in book.register.officers

    def _is_past(self, at: Micros) -> bool:
        return newest(self._installation) >= at

    def _found(self, at: Micros) -> None:
        founding.found(self._installation, self._cast, self._keyring, self._vkeys, at)


def newest(installation: Installation) -> Micros:
    """Return when the newest record of the log was received; 0 for an empty log."""
    with installation.store.reading() as look:
        last = log.last(look)
    return Micros(0) if last is None else last.received_at

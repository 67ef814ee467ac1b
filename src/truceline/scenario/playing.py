"""The demonstration once the past is told: the clock runs, aircraft fly, the page is guided.

What flies comes in rounds, each the same flights again with other scatter; the real
flight comes once. At the end of the story (30 September 2017) the clock stops.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from truceline.airspace.predictions.prediction import Prediction
from truceline.errors import Reason, Refused, TrucelineError
from truceline.mechanism.clock import ScenarioClock
from truceline.records.record import Micros, RecordId
from truceline.scenario.flights import Programme, Track
from truceline.scenario.sky import Sky
from truceline.scenario.story import RoleChoice, Storyline

_log = logging.getLogger("truceline.scenario")
TICK_S = 1.0
"""Seconds of the world between two batches."""


class Playing:
    """The play as the page steers it. Safe to use from several threads."""

    def __init__(
        self,
        clock: ScenarioClock,
        sky: Sky,
        programme: Programme,
        story: Sequence[Storyline],
        roles: Sequence[RoleChoice],
        *,
        ends_at: Micros,
    ) -> None:
        self._clock = clock
        self._sky = sky
        self._programme = programme
        self._story = story
        self._roles = roles
        self._ends_at = ends_at
        self._fed_until = clock.now()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="truceline-play", daemon=True)

    # -- what the API asks (api/play.py) ------------------------------------------------

    def told(self) -> Mapping[str, Any]:
        """Return the story, the roles and where the clock stands."""
        return {
            "scenario_at": self._clock.now(),
            "speed": self._clock.speed,
            "playing": self._clock.playing,
            "story": [_without_nothing(asdict(one)) for one in self._story],
            "roles": [
                {"code": one.code, "title": dict(one.title), "token": one.token or None}
                for one in self._roles
            ],
            "marked": "exercise",
        }

    def steer(
        self, *, playing: bool | None = None, speed: float | None = None, seek_at: int | None = None
    ) -> None:
        """Play, pause, change the speed, or go to a later moment.

        Refuses an earlier one: the log never goes back. The past is looked at with `at`.
        """
        if seek_at is not None:
            self._seek(Micros(seek_at))
        if speed is not None or playing is True:
            was_playing = self._clock.playing
            self._clock.play(speed=speed)
            if not was_playing and playing is not True:
                self._clock.pause()
        if playing is False:
            self._clock.pause()

    def predictions(self) -> list[tuple[str, RecordId | None, Prediction]]:
        """Return what is ahead now."""
        return self._sky.watch.predictions()

    def aircraft(self) -> list[dict[str, Any]]:
        """Return the aircraft in the air now."""
        return self._sky.aircraft(self._in_the_air())

    # -- the loop -------------------------------------------------------------------------

    def start(self) -> None:
        """Let time pass and aircraft fly until `stop`."""
        self._clock.play()
        self._thread.start()

    def stop(self) -> None:
        """Stop the clock, end the tracks, seal what was fed."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._clock.pause()
        self._sky.watch.finish()

    def _run(self) -> None:
        while not self._stopping.wait(TICK_S):
            try:
                self._tick()
            except TrucelineError as failure:
                _log.warning("a batch of the play was not taken: %s", failure)

    def _tick(self) -> None:
        now = self._clock.now()
        if now >= self._ends_at:
            self._clock.pause()
            now = self._ends_at
        tracks = self._in_the_air()
        after, self._fed_until = self._fed_until, now
        self._sky.feed(tracks, after, now)
        self._sky.watch.expire()

    def _seek(self, at: Micros) -> None:
        now = self._clock.now()
        if not now <= at <= self._ends_at:
            raise Refused(
                Reason.OUT_OF_RANGE,
                where="seek_at",
                detail="the play goes forward alone, and no further than its end",
                remedy="Look at an earlier moment with `at`; the log never goes back",
            )
        # What would have flown in between is left out, rather than told in one breath.
        self._fed_until = max(self._fed_until, at)
        self._clock.seek(at)

    def _in_the_air(self) -> tuple[Track, ...]:
        """The real flight, and the synthetic ones of this round and the one before."""
        number = max(0, self._clock.now() - self._programme.now) // self._programme.round_us
        rounds = [self._programme.round(one) for one in (number - 1, number) if one >= 0]
        return (self._programme.real, *(track for one in rounds for track in one))


def _without_nothing(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if value != ""}

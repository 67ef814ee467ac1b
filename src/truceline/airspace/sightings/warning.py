"""Warnings of places that an aircraft known from sightings may reach: given, and taken back.

A warning is given when a place's probability of being reached passes `given_at`, and
stands until it falls below `kept_at` (what was reached, has turned away, or was never
there). The two thresholds were chosen by measurement (docs/air-sightings.md). It says when
the place may be reached as a distribution, and names nobody: not the observers, not the
aircraft.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from truceline.airspace.fix import Floats
from truceline.airspace.sightings.reach import AHEAD_S, PLACE_RADIUS_M, Reach, positions, reach
from truceline.airspace.sightings.sighting import Sighting
from truceline.airspace.sightings.tracks import SightingTracks, TrackRules, Trail
from truceline.geo.plane import Plane
from truceline.geo.position import Position

if TYPE_CHECKING:
    from truceline.airspace.sightings.filter import Motion

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class WarningRules:
    """When to warn. Probabilities, 0 to 1; `tracks`: the tracker's numbers."""

    given_at: float = 0.15
    kept_at: float = 0.08
    radius_m: float = PLACE_RADIUS_M
    ahead_s: float = AHEAD_S
    tracks: TrackRules = field(default_factory=TrackRules)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that can be warned: a circle about a position."""

    code: str
    position: Position


@dataclass(frozen=True, slots=True)
class PlaceWarning:
    """One warning of one place. Times are microseconds since the epoch, UTC.

    `earliest_at`, `median_at`, `latest_at`: 5, 50 and 90 % of the arrivals that are expected,
    as last computed. `issued_at` until `ended_at`; None: it stands. `highest`: the highest
    probability while it stood. `observers`: how many people reported what may reach it; a
    warning that rests on one may rest on an error, or on a lie.
    """

    place: str
    issued_at: int
    probability: float
    highest: float
    earliest_at: int
    median_at: int
    latest_at: int
    updated_at: int
    observers: int
    ended_at: int | None = None


class SightingWarnings:
    """Sightings in, warnings out. Not for several threads; time and seed are arguments."""

    def __init__(
        self,
        places: Sequence[Place],
        plane: Plane,
        rules: WarningRules | None = None,
        seed: int = 1,
    ) -> None:
        self.rules = rules or WarningRules()
        self.tracks = SightingTracks(plane, self.rules.tracks)
        self.places = tuple(places)
        self._seed = seed
        held = [plane.metres(one.position) for one in self.places]
        self._metres = np.asarray(held, dtype=np.float64).reshape(-1, 2)
        self._standing: dict[str, PlaceWarning] = {}

    @property
    def standing(self) -> tuple[PlaceWarning, ...]:
        """The warnings that stand."""
        return tuple(self._standing.values())

    def take(self, reports: Iterable[Sighting], at: int) -> list[PlaceWarning]:
        """Take the reports that came up to a moment; return the warnings that began or ended."""
        self.tracks.take(reports)
        return self._judge(self.reaches(at), at)

    def reaches(self, at: int) -> list[Reach]:
        """Return what each trail can reach from a moment on."""
        rules = self.rules
        return [
            replace(
                reach(
                    motion, trail.craft, standing, self._metres,
                    at=at, seed=self._seed, radius_m=rules.radius_m, ahead_s=rules.ahead_s,
                ),
                observers=trail.observers,
            )
            for trail, motion, standing in self.tracks.standing(at)
        ]  # fmt: skip

    def spread(
        self, trail: Trail, motion: Motion, at: int, every_min: int = 2
    ) -> list[tuple[int, tuple[float, float], float]]:
        """Return where a trail may be: minutes after `at`, middle, and radius of 90 % in metres."""
        minutes = range(0, round(self.rules.ahead_s / 60) + 1, every_min)
        late_s = (at - motion.at) / _SECOND_US
        found = []
        for one in minutes:
            points = positions(motion, trail.craft, late_s + one * 60.0, self._seed)
            middle = np.median(points, axis=0)
            apart = np.hypot(*(points - middle).T)
            found.append(
                (one, (float(middle[0]), float(middle[1])), float(np.quantile(apart, 0.9)))
            )
        return found

    def likely(self, reaches: list[Reach]) -> Floats:
        """Return for each place how likely at least one of the trails reaches it."""
        missed = np.ones(len(self.places))
        for one in reaches:
            missed *= 1 - one.probability
        return 1 - missed

    def _judge(self, reaches: list[Reach], at: int) -> list[PlaceWarning]:
        likely = self.likely(reaches)
        changes: list[PlaceWarning] = []
        for number, place in enumerate(self.places):
            share, stands = float(likely[number]), self._standing.get(place.code)
            if stands is None and share >= self.rules.given_at:
                times = _times(reaches, number, at)
                behind = self._observers(reaches, number)
                begun = PlaceWarning(place.code, at, share, share, *times, at, behind)
                self._standing[place.code] = begun
                changes.append(begun)
            elif stands is not None and share >= self.rules.kept_at:
                renewed = _renewed(stands, share, _times(reaches, number, at), at)
                behind = self._observers(reaches, number)
                self._standing[place.code] = replace(renewed, observers=behind)
            elif stands is not None:
                changes.append(replace(stands, probability=share, updated_at=at, ended_at=at))
                del self._standing[place.code]
        return changes

    def _observers(self, reaches: list[Reach], number: int) -> int:
        """Return how many people stand behind the warning of a place.

        Counted are the trails that would keep it up alone, or the likeliest: who reports
        something faint beside it does not bear it out.
        """
        shares = [float(one.probability[number]) for one in reaches]
        enough = min(self.rules.kept_at, max(shares))
        behind = (
            one.observers for one, share in zip(reaches, shares, strict=True) if share >= enough
        )
        return len(frozenset[str]().union(*behind))


def _renewed(
    stands: PlaceWarning, share: float, times: tuple[int, int, int], at: int
) -> PlaceWarning:
    earliest, median, latest = times
    return replace(
        stands,
        probability=share,
        highest=max(stands.highest, share),
        earliest_at=earliest,
        median_at=median,
        latest_at=latest,
        updated_at=at,
    )


def _times(reaches: list[Reach], number: int, at: int) -> tuple[int, int, int]:
    """Return when 5, 50 and 90 % of the arrivals at a place are expected."""
    arrivals = np.concatenate([one.arrives_s[:, number] for one in reaches])
    weights = np.concatenate([np.full(len(one.arrives_s), one.standing) for one in reaches])
    within = np.isfinite(arrivals)
    order = np.argsort(arrivals[within], kind="stable")
    sorted_s, heap = arrivals[within][order], np.cumsum(weights[within][order])
    return tuple(at + round(_quantile(sorted_s, heap, q) * _SECOND_US) for q in (0.05, 0.5, 0.9))  # type: ignore[return-value]


def _quantile(sorted_s: Floats, heap: Floats, share: float) -> float:
    where = int(np.searchsorted(heap, share * heap[-1]))
    return float(sorted_s[min(where, len(sorted_s) - 1)])


def middle_of(positions: Iterable[Position]) -> Position:
    """Return a middle for a plane: the mean of positions as points on a sphere."""
    x = y = z = 0.0
    for one in positions:
        lat, lon = math.radians(one.lat), math.radians(one.lon)
        x += math.cos(lat) * math.cos(lon)
        y += math.cos(lat) * math.sin(lon)
        z += math.sin(lat)
    lat, lon = math.atan2(z, math.hypot(x, y)), math.atan2(y, x)
    return Position(round(math.degrees(lat) * 1e7), round(math.degrees(lon) * 1e7))


def replayed(
    reports: Iterable[Sighting],
    places: Sequence[Place],
    *,
    rules: WarningRules | None = None,
    seed: int = 1,
    every_s: float = 15.0,
) -> tuple[list[PlaceWarning], SightingWarnings]:
    """Return every warning that these reports would have given, had each come when it did.

    The machine is looked at every `every_s` seconds until nothing stands any more. The
    probability and the times of a warning are those with which it was given.
    """
    waiting = sorted(reports, key=lambda one: (one.received_at, one.name))
    plane = Plane(middle_of([one.position for one in places] or [one.place for one in waiting]))
    machine = SightingWarnings(places, plane, rules, seed)
    given: dict[tuple[str, int], PlaceWarning] = {}
    step = round(every_s * _SECOND_US)
    now = waiting[0].received_at if waiting else 0
    while waiting or machine.standing:
        if waiting and not machine.tracks.trails and not machine.standing:
            now = max(now, waiting[0].received_at)  # an empty sky is passed over
        come = bisect_right(waiting, now, key=lambda one: one.received_at)
        for one in machine.take(waiting[:come], now):
            told = given.get((one.place, one.issued_at), one)
            given[one.place, one.issued_at] = replace(
                told, highest=one.highest, updated_at=now, ended_at=one.ended_at
            )
        del waiting[:come]
        now += step
    found = sorted(given.values(), key=lambda one: (one.issued_at, one.place))
    return found, machine

"""From sightings to tracks, in whatever order the reports come.

A picture is a frozen set of trails. Each sighting is taken into the picture of the moment
it belongs to: for a report that comes late, the pictures after it are thrown away and made
again. So the picture is a function of the set of reports and not of the order in which
they came; `WINDOW_US` bounds how far back that goes, and with it memory and time.

A first sighting is a trail at once, with little weight: one in ten is false. The second
one from a different observer confirms it. A trail that nobody sees for long fades and is
dropped. Two trails that have become one are one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.airspace.sightings.sighting import Craft, Placed, Sighting, placed
from truceline.geo.plane import Plane

if TYPE_CHECKING:
    from truceline.airspace.sightings.filter import Filter, Motion

_SECOND_US = 1_000_000
WINDOW_US = 600 * _SECOND_US
"""Reports of what is longer ago than this against the newest are left out, and counted."""
AHEAD_US = 60 * _SECOND_US
"""... and so are reports of what is to come: a clock that is wrong."""
MOST_TRAILS = 400
"""More at once than any sky has here; beyond it trails go, and are counted."""
MOST_OF_ONE = 50
"""... of what one observer reports: nobody sees more aircraft in seven minutes."""
SUREST = 0.97
"""No trail is surer than this: an aircraft lands, or leaves, and nobody reports that."""


@dataclass(frozen=True, slots=True)
class TrackRules:
    """The numbers of the tracker; chosen by measurement, docs/air-sightings.md.

    `wander`, `jump_m_s`, `turns_h`, `fresh_per_m2`, `gate`: see `Filter`. `false_share`: of first sightings.
    `each_min`: how often an aircraft in the observers' sight is reported, per minute.
    `silent_s`: a trail that nobody reported for so long is dropped.
    """

    wander: float = 0.02
    jump_m_s: float = 70.0
    turns_h: float = 3.0
    fresh_per_m2: float = 2e-11
    gate: float = 0.999
    false_share: float = 0.1
    each_min: float = 0.5
    usual_delay_s: float = 55.0
    silent_s: float = 420.0
    merge: float = 6.0


@dataclass(frozen=True, slots=True)
class Trail:
    """One aircraft, or group, as the sightings so far tell of it."""

    number: int
    state: Any
    last_at: int
    began_at: int
    names: tuple[str, ...]
    observers: frozenset[str]
    crafts: tuple[Craft, ...]
    count: int
    real: float

    @property
    def craft(self) -> Craft:
        """What most took it for; unknown where nobody could tell."""
        told = Counter(one for one in self.crafts if one is not Craft.UNKNOWN)
        return told.most_common(1)[0][0] if told else Craft.UNKNOWN

    @property
    def confirmed(self) -> bool:
        """Whether two observers reported it."""
        return len(self.observers) > 1

    def standing(self, at: int, rules: TrackRules) -> float:
        """Return the probability that it is there: it falls while nobody reports it.

        A silence that the usual delay explains says nothing.
        """
        silent_s = max(0.0, (at - self.last_at) / _SECOND_US - rules.usual_delay_s)
        unseen = math.exp(-rules.each_min * silent_s / 60)
        return self.real * unseen / (1 - self.real + self.real * unseen)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A sighting, and the picture with it."""

    at: int
    seen: Placed
    trails: tuple[Trail, ...]


class SightingTracks:
    """The picture that a stream of reports makes. Not for several threads."""

    def __init__(self, plane: Plane, rules: TrackRules | None = None) -> None:
        from truceline.airspace.sightings.filter import Filter  # noqa: PLC0415 -- the extra

        self.plane, self.rules = plane, rules or TrackRules()
        self._filter: Filter = Filter(
            wander=self.rules.wander,
            jump_m_s=self.rules.jump_m_s,
            turns_h=self.rules.turns_h,
            fresh_per_m2=self.rules.fresh_per_m2,
            gate=self.rules.gate,
        )
        self._moments: list[_Moment] = []
        self._base: tuple[Trail, ...] = ()
        self._names: dict[str, int] = {}
        self._next = 1
        self.left_out: Counter[str] = Counter()

    @property
    def trails(self) -> tuple[Trail, ...]:
        """The trails after the newest sighting."""
        return self._moments[-1].trails if self._moments else self._base

    def take(self, reports: Iterable[Sighting]) -> bool:
        """Take reports; returns whether the picture changed.

        What is reported twice, too late, from the future or from too far away is left out
        and counted in `left_out`.
        """
        usable = [placed(one, self.plane) for one in reports if self._is_usable(one)]
        if not usable:
            return False
        for one in usable:
            self._names[one.sighting.name] = one.sighting.seen_at
        newest = max(self._newest(), *(one.at for one in usable))
        self._forget_before(newest - WINDOW_US)
        again = self._rewind(min(one.at for one in usable))
        for one in sorted(usable + again, key=lambda one: (one.at, one.sighting.name)):
            self._moments.append(_Moment(one.at, one, self._after(one)))
        return True

    def standing(self, at: int) -> list[tuple[Trail, Motion, float]]:
        """Return each trail, where its last sighting left it, and how surely it is there now."""
        rules, trails = self.rules, self.trails
        return [
            (one, self._filter.motion(one.state, one.last_at), one.standing(at, rules))
            for one in trails
            if at - one.last_at < rules.silent_s * _SECOND_US
        ]

    def _newest(self) -> int:
        return self._moments[-1].at if self._moments else 0

    def _is_usable(self, one: Sighting) -> bool:
        why = ""
        if one.name in self._names:
            why = "repeated"
        elif one.seen_at > one.received_at + AHEAD_US:
            why = "from_the_future"
        elif self._moments and one.seen_at < self._newest() - WINDOW_US:
            why = "too_late"
        elif not self.plane.holds(one.place):
            why = "too_far_away"
        if why:
            self.left_out[why] += 1
        return not why

    def _forget_before(self, at: int) -> None:
        keep = bisect_right(self._moments, at, key=lambda one: one.at)
        if keep:
            self._base = self._moments[keep - 1].trails
            del self._moments[:keep]
            self._names = {name: seen for name, seen in self._names.items() if seen > at}

    def _rewind(self, at: int) -> list[Placed]:
        """Throw away the pictures from a moment on; return their sightings."""
        keep = bisect_right(self._moments, at - 1, key=lambda one: one.at)
        again = [one.seen for one in self._moments[keep:]]
        del self._moments[keep:]
        return again

    # -- one sighting --------------------------------------------------------------------------

    def _after(self, seen: Placed) -> tuple[Trail, ...]:
        """Return the picture with one more sighting."""
        silent = self.rules.silent_s * _SECOND_US
        trails = [one for one in self.trails if seen.at - one.last_at < silent]
        chosen = self._filter.choose([one.state for one in trails], seen)
        if chosen is None:
            return self._with_new(trails, seen)
        number, state, share = chosen
        grown = self._grown(trails.pop(number), seen, state, share)
        return tuple(self._merged(trails, grown))

    def _with_new(self, trails: list[Trail], seen: Placed) -> tuple[Trail, ...]:
        """Return the trails and the one that begins; one less where there are too many.

        A trail is worth as much as the least busy of those who reported it: whoever fills
        the table with inventions, alone or with others, pushes out inventions, or adds none.
        """
        busy = Counter(who for one in trails for who in one.observers)
        who = seen.sighting.observer
        crowd = trails if len(trails) >= MOST_TRAILS else []
        if busy[who] >= MOST_OF_ONE:
            crowd = [one for one in trails if who in one.observers]
        if not crowd:
            return (*trails, self._begun(seen))
        self.left_out["too_many_trails"] += 1
        gone = min(crowd, key=lambda one: (-_least(one, busy), one.standing(seen.at, self.rules)))
        if _least(gone, busy) < busy[who]:
            return tuple(trails)
        return (*(one for one in trails if one is not gone), self._begun(seen))

    def _begun(self, seen: Placed) -> Trail:
        told = seen.sighting
        self._next += 1
        return Trail(
            self._next,
            self._filter.first(seen),
            seen.at,
            seen.at,
            (told.name,),
            frozenset((told.observer,)),
            (told.craft,),
            told.count,
            1 - self.rules.false_share,
        )

    def _grown(self, trail: Trail, seen: Placed, state: Any, share: float) -> Trail:
        told = seen.sighting
        doubt = (1 - trail.real) * (1 - share * (1 - self.rules.false_share))
        return replace(
            trail,
            state=state,
            last_at=seen.at,
            names=(*trail.names[-31:], told.name),
            observers=frozenset((*trail.observers, told.observer)),
            crafts=(*trail.crafts[-31:], told.craft),
            count=max(trail.count, told.count),
            real=min(1 - doubt, SUREST),
        )

    def _merged(self, trails: list[Trail], grown: Trail) -> list[Trail]:
        """Drop the trails that the grown one has run into: they are one aircraft told twice."""
        from truceline.airspace.sightings.filter import near  # noqa: PLC0415 -- the extra

        at = grown.last_at
        motion = self._filter.motion(grown.state, at)
        kept = []
        for one in trails:
            younger = len(one.names) <= len(grown.names)
            if not (younger and near(one.state, grown.state) and self._same(one, motion, at)):
                kept.append(one)
        return [*kept, grown]

    def _same(self, one: Trail, motion: Motion, at: int) -> bool:
        other = self._filter.motion(one.state, at)
        apart = other.mean - motion.mean
        spread = other.covariance + motion.covariance
        return bool(apart @ np.linalg.solve(spread, apart) < self.rules.merge)


def _least(trail: Trail, busy: Counter[str]) -> int:
    """Return how many trails the least busy of those who reported this one stands behind."""
    return min(busy[who] for who in trail.observers)

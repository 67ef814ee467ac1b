"""The bridge to the tracking library (stonesoup): models, prediction, association, update.

It is imported when sightings are tracked and not before: the library is the extra
`tracking`, and takes seconds to load. Nothing of it leaves this module but opaque states;
`Motion` is what the rest reads.

The state is [east, velocity east, north, velocity north] in metres of a plane. A sighting
measures the place and, where a heading was given, that the velocity has no part across
it: both are linear, so that an aircraft right over its observer, where a bearing says
nothing, needs no special case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from truceline.airspace.fix import Floats
from truceline.airspace.sightings.sighting import Pace, Placed
from truceline.errors import Reason, Unavailable

try:
    from stonesoup.base import Property  # type: ignore[import-untyped]
    from stonesoup.functions import gm_reduce_single  # type: ignore[import-untyped]
    from stonesoup.hypothesiser.probability import PDAHypothesiser  # type: ignore[import-untyped]
    from stonesoup.models.base import TimeVariantModel  # type: ignore[import-untyped]
    from stonesoup.models.measurement.linear import LinearGaussian  # type: ignore[import-untyped]
    from stonesoup.models.transition.linear import LinearGaussianTransitionModel  # type: ignore[import-untyped]
    from stonesoup.predictor.kalman import KalmanPredictor  # type: ignore[import-untyped]
    from stonesoup.types.array import StateVectors  # type: ignore[import-untyped]
    from stonesoup.types.detection import Detection  # type: ignore[import-untyped]
    from stonesoup.types.state import GaussianState  # type: ignore[import-untyped]
    from stonesoup.types.track import Track  # type: ignore[import-untyped]
    from stonesoup.updater.kalman import KalmanUpdater  # type: ignore[import-untyped]
except ImportError:
    raise Unavailable(
        Reason.MISSING_EXTRA,
        where="sightings",
        detail="the tracking library is not installed",
        remedy="Install it with: pip install 'truceline[tracking]'",
    ) from None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = (0, 2)
_VELOCITY = (1, 3)
_SHARP, _SHARP_SHARE = 3.0, 0.1
"""One turn in ten is this much sharper: a turn back must not be taken for another aircraft."""


def instant(at: int) -> datetime:
    """Return microseconds since the epoch as the library wants them."""
    return _EPOCH + timedelta(microseconds=at)


@dataclass(frozen=True, slots=True)
class Motion:
    """Where something is and how it moves at a moment: mean and covariance, metres and seconds."""

    at: int
    mean: Floats
    covariance: Floats

    @property
    def place(self) -> tuple[float, float]:
        """Metres east and north."""
        return float(self.mean[0]), float(self.mean[2])

    @property
    def speed_m_s(self) -> float:
        """Speed over the ground."""
        return math.hypot(self.mean[1], self.mean[3])

    @property
    def heading_deg(self) -> float:
        """Direction of motion from north, 0 to 360."""
        return math.degrees(math.atan2(self.mean[1], self.mean[3])) % 360


class _Across(LinearGaussian):  # type: ignore[misc]
    """A place, and the velocity across a heading, which ought to be zero."""

    heading: float = Property(doc="Radians from north")

    @property
    def ndim_meas(self) -> int:
        """Three: east, north, metres per second across the heading."""
        return 3

    def matrix(self, **_: Any) -> Floats:
        """See the library: the rows are what is measured."""
        rows = np.zeros((3, 4))
        rows[0, 0] = rows[1, 2] = 1.0
        rows[2, 1], rows[2, 3] = math.cos(self.heading), -math.sin(self.heading)
        return rows


class _Steady(LinearGaussianTransitionModel, TimeVariantModel):  # type: ignore[misc]
    """Steady velocity with white acceleration in both directions.

    The same as the library's combined `ConstantVelocity`, written out: it is asked for a
    million times a day, and putting blocks together took three quarters of that.
    """

    wander: float = Property(doc="Spectral density of the acceleration, m2/s3")

    @property
    def ndim_state(self) -> int:
        """Four."""
        return 4

    def matrix(self, *, time_interval: timedelta, **_: Any) -> Floats:
        """See the library."""
        rows = np.eye(4)
        rows[0, 1] = rows[2, 3] = time_interval.total_seconds()
        return rows

    def covar(self, *, time_interval: timedelta, **_: Any) -> Floats:
        """See the library; backwards in time the doubt grows as it does forwards."""
        gap = abs(time_interval.total_seconds())
        spread = np.zeros((4, 4))
        for one in (0, 2):
            spread[one, one] = gap**3 / 3
            spread[one, one + 1] = spread[one + 1, one] = gap**2 / 2
            spread[one + 1, one + 1] = gap
        return spread * self.wander


class _Turned(_Steady):
    """The same with one turn at an unknown moment of the interval: the velocity jumps."""

    jump_m_s: float = Property(doc="Spread of the jump in each direction, m/s")

    def covar(self, *, time_interval: timedelta, **_: Any) -> Floats:
        """See the library."""
        gap = abs(time_interval.total_seconds())
        spread = super().covar(time_interval=time_interval)
        for one in (0, 2):
            spread[one, one] += self.jump_m_s**2 * gap**2 / 3
            spread[one, one + 1] += self.jump_m_s**2 * gap / 2
            spread[one + 1, one] += self.jump_m_s**2 * gap / 2
            spread[one + 1, one + 1] += self.jump_m_s**2
        return spread


class Filter:
    """Prediction, gating, association and update, with fixed numbers.

    Aircraft fly straight most of the time and turn at times: each interval between two
    sightings is judged both ways, weighed by what the sighting says, and told as one.

    `wander`: spectral density of acceleration, m2/s3. `jump_m_s`, `turns_h`: of a turn.
    `fresh_per_m2`: how densely sightings that belong to nothing known are expected, against
    the rate at which one aircraft is sighted. `gate`: the share of true sightings that the
    gate lets through.
    """

    def __init__(
        self, *, wander: float, jump_m_s: float, turns_h: float, fresh_per_m2: float, gate: float
    ) -> None:
        self._straight = KalmanPredictor(_Steady(wander=wander))
        self._turned = KalmanPredictor(_Turned(wander=wander, jump_m_s=jump_m_s))
        self._sharp = KalmanPredictor(_Turned(wander=wander, jump_m_s=_SHARP * jump_m_s))
        self._updater = KalmanUpdater(None)
        self._turns_h = turns_h
        self._fresh, self._gate = fresh_per_m2, gate

    def first(self, seen: Placed) -> Any:
        """Return the state that one sighting alone gives."""
        mean, cov = np.zeros((4, 1)), np.zeros((4, 4))
        mean[0, 0], mean[2, 0] = seen.east_m, seen.north_m
        cov[np.ix_(_PLACE, _PLACE)] = seen.covariance
        velocity, spread = _first_velocity(seen)
        mean[1, 0], mean[3, 0] = velocity
        cov[np.ix_(_VELOCITY, _VELOCITY)] = spread
        return GaussianState(mean, cov, timestamp=instant(seen.at))

    def choose(self, states: Sequence[Any], seen: Placed) -> tuple[int, Any, float] | None:
        """Return the state that a sighting belongs to, as updated by it, and how surely.

        The nearest in probability, if that beats belonging to nothing known. The number is
        its place in `states`. None: it belongs to none of them.
        """
        detection = _detection(seen)
        best: tuple[int, list[tuple[float, Any]]] | None = None
        for number, state in enumerate(states):
            if _may_be(state, seen):
                ways = self._ways(state, detection, seen)
                if sum(odds for odds, _ in ways) > max(1.0, (best and _odds(best)) or 0.0):
                    best = (number, ways)
        if best is None:
            return None
        odds = _odds(best)
        return best[0], self._updated(best[1], odds), odds / (1 + odds)

    def _ways(self, state: Any, detection: Any, seen: Placed) -> list[tuple[float, Any]]:
        """Return the odds of each way of flying on, with the hypothesis of the library."""
        gap_s = abs((detection.timestamp - state.timestamp).total_seconds())
        turning = 1 - math.exp(-self._turns_h * gap_s / 3600)
        found = []
        ways = (
            (1 - turning, self._straight),
            (turning * (1 - _SHARP_SHARE), self._turned),
            (turning * _SHARP_SHARE, self._sharp),
        )
        for share, predictor in ways:
            track = Track([state])
            judged = self._hypothesiser(predictor, seen).hypothesise(
                track, {detection}, detection.timestamp
            )
            for one in judged:
                if one and share > 0:
                    probability = min(float(one.probability), 1 - 1e-12)
                    found.append((share * probability / (1 - probability), one))
        return found

    def _updated(self, ways: list[tuple[float, Any]], odds: float) -> Any:
        made = [(share / odds, self._updater.update(one)) for share, one in ways]
        if len(made) == 1:
            return made[0][1]
        weights = np.array([share for share, _ in made])
        means = StateVectors([one.state_vector for _, one in made])
        covars = np.stack([one.covar for _, one in made], axis=2)
        mean, covar = gm_reduce_single(means, covars, weights)
        return GaussianState(mean, covar, timestamp=made[0][1].timestamp)

    def _hypothesiser(self, predictor: Any, seen: Placed) -> Any:
        density = self._fresh
        if seen.heading is not None:
            density /= 2 * math.pi * seen.pace.mean_m_s
        return PDAHypothesiser(
            predictor,
            self._updater,
            clutter_spatial_density=density,
            prob_detect=0.5,  # evens: what is expected of one aircraft is in `fresh_per_m2`
            prob_gate=self._gate,
        )

    def motion(self, state: Any, at: int) -> Motion:
        """Return a state carried to a moment."""
        if state.timestamp == instant(at):
            return _motion(state, at)
        ahead = self._straight.predict(state, timestamp=instant(at))
        return _motion(ahead, at)


def _odds(found: tuple[int, list[tuple[float, Any]]]) -> float:
    return sum(odds for odds, _ in found[1])


def _motion(state: Any, at: int) -> Motion:
    mean = np.asarray(state.mean, dtype=np.float64).reshape(4)
    return Motion(at, mean, np.asarray(state.covar, dtype=np.float64))


def near(state: Any, other: Any) -> bool:
    """Say whether two states may be one: a coarse test before an exact one."""
    gap = (other.timestamp - state.timestamp).total_seconds()
    mean, there = (np.asarray(one.mean, dtype=np.float64).reshape(4) for one in (state, other))
    spread = math.sqrt(state.covar[0, 0] + state.covar[2, 2]) + abs(gap) * 60
    other_spread = math.sqrt(other.covar[0, 0] + other.covar[2, 2])
    apart = math.hypot(mean[0] + gap * mean[1] - there[0], mean[2] + gap * mean[3] - there[2])
    return bool(apart < 3 * (spread + other_spread))


def _first_velocity(seen: Placed) -> tuple[tuple[float, float], Floats]:
    pace: Pace = seen.pace
    if seen.heading is None:
        side = (pace.mean_m_s**2 + pace.sigma_m_s**2) / 2
        return (0.0, 0.0), np.eye(2) * side
    sin, cos = math.sin(seen.heading), math.cos(seen.heading)
    turn = np.array([[sin, cos], [cos, -sin]])
    across = pace.mean_m_s * min(seen.heading_sigma, 1.0)
    spread = turn @ np.diag([pace.sigma_m_s**2, across**2]) @ turn.T
    return (pace.mean_m_s * sin, pace.mean_m_s * cos), spread


def _detection(seen: Placed) -> Any:
    place = [[seen.east_m], [seen.north_m]]
    if seen.heading is None:
        model = LinearGaussian(4, _PLACE, seen.covariance)
        return Detection(np.array(place), timestamp=instant(seen.at), measurement_model=model)
    noise = np.zeros((3, 3))
    noise[:2, :2] = seen.covariance
    noise[2, 2] = (seen.pace.mean_m_s * math.sin(min(seen.heading_sigma, 1.0))) ** 2
    model = _Across(4, _PLACE, noise, heading=seen.heading)
    return Detection(np.array([*place, [0.0]]), timestamp=instant(seen.at), measurement_model=model)


def _may_be(state: Any, seen: Placed) -> bool:
    """A coarse gate before the library's: near enough, and not going the other way."""
    mean = np.asarray(state.mean, dtype=np.float64).reshape(4)
    spread = np.asarray(state.covar, dtype=np.float64)
    gap = (instant(seen.at) - state.timestamp).total_seconds()
    east = mean[0] + mean[1] * gap - seen.east_m
    north = mean[2] + mean[3] * gap - seen.north_m
    slack = 4 * math.sqrt(
        spread[0, 0] + spread[2, 2] + gap**2 * (spread[1, 1] + spread[3, 3])
        + seen.covariance[0, 0] + seen.covariance[1, 1] + abs(gap) ** 3
    )  # fmt: skip
    if math.hypot(east, north) > slack:
        return False
    if seen.heading is None:
        return True
    along = mean[1] * math.sin(seen.heading) + mean[3] * math.cos(seen.heading)
    return bool(along > -2 * math.sqrt(max(spread[1, 1], spread[3, 3])))

"""Which places can be reached, when, and how likely: the future of each trail as many paths.

From where its last sighting left a trail, `PATHS` paths go on: place and velocity drawn
from what the tracker knows, and at most one turn, when and how sharp drawn from the pace
of the type. The draws are the same numbers at every moment (low-discrepancy, from the
seed), so a probability moves because the picture did and never by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.airspace.fix import Floats
from truceline.airspace.sightings.sighting import PACES, Craft

if TYPE_CHECKING:
    from truceline.airspace.sightings.filter import Motion

PATHS = 512
AHEAD_S = 900.0
"""How far ahead a warning looks."""
PLACE_RADIUS_M = 5_000.0
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Reach:
    """When the paths of one trail get to each place.

    `arrives_s`: seconds after the moment asked, one row for each path, one column for each
    place; infinite: never within the time looked ahead, or passed already. `observers`: who
    reported the trail.
    """

    arrives_s: Floats
    standing: float
    observers: frozenset[str] = frozenset()

    @property
    def probability(self) -> Floats:
        """Return how likely each place is reached."""
        share = np.isfinite(self.arrives_s).mean(axis=0)
        return np.asarray(share * self.standing, dtype=np.float64)


def reach(
    motion: Motion,
    craft: Craft,
    standing: float,
    places_m: Floats,
    *,
    at: int,
    seed: int,
    radius_m: float = PLACE_RADIUS_M,
    ahead_s: float = AHEAD_S,
) -> Reach:
    """Return when a trail gets to each place (rows of east, north in metres).

    A path that is inside a place at `at` arrives at once; one that has left it before, not.
    """
    late_s = (at - motion.at) / _SECOND_US
    start, velocity, turn_s, turned = _paths(motion, craft, late_s + ahead_s, seed)
    until_s = np.full(PATHS, late_s + ahead_s)
    corner = start + velocity * turn_s[:, None]
    end = corner + turned * (until_s - turn_s)[:, None]
    near = _near(np.concatenate((start, corner, end)), places_m, radius_m)
    arrives = np.full((PATHS, len(places_m)), np.inf)
    if near.any():
        first = _arrival(start, velocity, places_m[near], radius_m, 0.0, turn_s, late_s)
        second = _arrival(corner, turned, places_m[near], radius_m, turn_s, until_s, late_s)
        arrives[:, near] = np.maximum(np.minimum(first, second) - late_s, 0.0)
    return Reach(arrives, standing)


def positions(motion: Motion, craft: Craft, after_s: float, seed: int) -> Floats:
    """Return where the paths of a trail are so many seconds after its last sighting."""
    start, velocity, turn_s, turned = _paths(motion, craft, max(after_s, 0.0), seed)
    return start + velocity * turn_s[:, None] + turned * (max(after_s, 0.0) - turn_s)[:, None]


def _near(corners: Floats, places_m: Floats, radius_m: float) -> NDArray[np.bool_]:
    """Return which places lie in the box of the paths: the others cannot be reached."""
    low, high = corners.min(axis=0) - radius_m, corners.max(axis=0) + radius_m
    return np.asarray(((places_m > low) & (places_m < high)).all(axis=1))


def _arrival(
    start: Floats,
    velocity: Floats,
    places_m: Floats,
    radius_m: float,
    from_s: Floats | float,
    until_s: Floats,
    now_s: float,
) -> Floats:
    """Return when each path, straight from `from_s` to `until_s`, is first in each place."""
    apart = places_m[None, :, :] - start[:, None, :]
    square = np.maximum((velocity**2).sum(axis=1), 1e-6)[:, None]
    along = (apart * velocity[:, None, :]).sum(axis=2) / square
    beside = (apart**2).sum(axis=2) - along**2 * square
    half = np.sqrt(np.maximum(radius_m**2 - beside, 0.0) / square)
    base = np.broadcast_to(np.asarray(from_s, dtype=np.float64), until_s.shape)[:, None]
    enters = np.maximum(np.maximum(base + along - half, base), now_s)
    leaves = np.minimum(base + along + half, until_s[:, None])
    meets = (beside < radius_m**2) & (leaves > enters)
    return np.asarray(np.where(meets, enters, np.inf), dtype=np.float64)


def _paths(
    motion: Motion, craft: Craft, span_s: float, seed: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return start, velocity, seconds to the turn, and the velocity after it."""
    normal, uniform = _draws(seed)
    values, axes = np.linalg.eigh(motion.covariance)
    state = motion.mean + normal[:, :4] @ (axes * np.sqrt(np.maximum(values, 0.0))).T
    start, velocity = state[:, [0, 2]], state[:, [1, 3]]
    pace = PACES[craft]
    turn_s = -np.log(uniform) * 3600.0 / max(pace.turns_h, 1e-9)
    angle = np.radians(pace.turn_deg) * normal[:, 4]
    sin, cos = np.sin(angle), np.cos(angle)
    turned = np.column_stack(
        (velocity[:, 0] * cos + velocity[:, 1] * sin, velocity[:, 1] * cos - velocity[:, 0] * sin)
    )
    return start, velocity, np.minimum(turn_s, span_s), turned


@lru_cache(8)
def _draws(seed: int) -> tuple[Floats, Floats]:
    """Return 5 normal draws and 1 uniform one for each path, stratified so that 512 do."""
    chance = np.random.Generator(np.random.PCG64(seed))
    strata = np.column_stack(
        [(chance.permutation(PATHS) + chance.random(PATHS)) / PATHS for _ in range(6)]
    )
    inside = np.clip(strata, 1e-9, 1 - 1e-9)
    return _normal(inside[:, :5]), inside[:, 5]


def _normal(share: Floats) -> Floats:
    """Return the normal quantile of each share."""
    quantile = np.vectorize(NormalDist().inv_cdf)
    return np.asarray(quantile(share), dtype=np.float64)

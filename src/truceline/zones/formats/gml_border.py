"""The part of a border between two points beside it: how a zone follows a line that is not its own.

AIXM lets an airspace say "along the State border" by naming the border. What is
taken is the run of the border's own vertices between the places nearest to where
the curves before and after it end; of a closed border the shorter way around.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from truceline.geo.geodesic import distance_m
from truceline.geo.position import Position


@dataclass(frozen=True, slots=True)
class _Place:
    """A place on a line: after how many vertices, and how far along the edge from there."""

    edge: int
    share: float
    away_m: float


def along_border(
    border: tuple[Position, ...], start: Position, end: Position
) -> tuple[tuple[Position, ...], float]:
    """Return the border's vertices strictly between two places, and how far those are from it.

    The distance is the greater of the two, in metres.
    """
    a, b = _nearest(border, start), _nearest(border, end)
    away = max(a.away_m, b.away_m)
    forward = _run(border, a, b)
    if border[0] != border[-1]:
        backward = tuple(reversed(_run(border, b, a)))
        return (forward if (a.edge, a.share) <= (b.edge, b.share) else backward), away
    ring = border[:-1]
    one = _around(ring, a, b)
    other = tuple(reversed(_around(ring, b, a)))
    return min((one, other), key=lambda run: _length_m((start, *run, end))), away


def _run(border: tuple[Position, ...], a: _Place, b: _Place) -> tuple[Position, ...]:
    return border[a.edge + 1 : b.edge + 1]


def _around(ring: tuple[Position, ...], a: _Place, b: _Place) -> tuple[Position, ...]:
    """The vertices from `a` forward to `b`, over the first vertex where `b` comes before."""
    if (a.edge, a.share) <= (b.edge, b.share):
        return ring[a.edge + 1 : b.edge + 1]
    return (*ring[a.edge + 1 :], *ring[: b.edge + 1])


def _length_m(line: tuple[Position, ...]) -> float:
    return sum(distance_m(p, q) for p, q in pairwise(line))


def _nearest(border: tuple[Position, ...], at: Position) -> _Place:
    """The place on the border nearest to a point, in a plane around that point."""
    scale = math.cos(math.radians(at.lat))
    xy = [((one.lon - at.lon) * scale, one.lat - at.lat) for one in border]
    best = _Place(0, 0.0, math.inf)
    for number, ((ax, ay), (bx, by)) in enumerate(pairwise(xy)):
        dx, dy = bx - ax, by - ay
        long = dx * dx + dy * dy
        share = 0.0 if long == 0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / long))
        away = math.hypot(ax + share * dx, ay + share * dy) * 111_195.0
        if away < best.away_m:
            best = _Place(number, share, away)
    return best

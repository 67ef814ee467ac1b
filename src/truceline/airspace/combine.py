"""From stays in volumes to stays in zones: union, intersection, subtraction along the path.

Most zones are one volume, and their stays are the zone's. For the others the stays
of their volumes are intervals on one axis (row + share), combined in the order in
which the agreement lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from truceline.airspace.chart import Chart
from truceline.airspace.fix import Flags
from truceline.airspace.stay import Edge, Stays

_TOUCH = 1e-9


class Mark(NamedTuple):
    """One end of an interval."""

    row: int
    share: float
    edge: int

    @property
    def axis(self) -> float:
        """The place on the one axis of all rows."""
        return self.row + self.share


type Interval = tuple[Mark, Mark]


def by_zone(chart: Chart, found: Stays) -> Stays:
    """Return the stays in zones (`volume` then holds the zone), in order of zone and path."""
    if chart.all_simple:
        return found
    simple_zone = np.array([chart.is_simple(z) for z in range(len(chart.zone_ids))], dtype=bool)
    zone = chart.zone_of[found.volume]
    simple: Flags = simple_zone[zone]
    parts = [_picked(found, simple, zone)]
    for number in np.unique(zone[~simple]).tolist():
        parts.append(_complex(chart, int(number), found))
    return _in_order(parts)


def _picked(found: Stays, rows: Flags, zone: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Stays:
    picked = {name: getattr(found, name)[rows] for name in Stays.__slots__}
    return Stays(**{**picked, "volume": zone[rows]})


def _in_order(parts: list[Stays]) -> Stays:
    wide = {n: np.concatenate([getattr(one, n) for one in parts]) for n in Stays.__slots__}
    order = np.lexsort((wide["share_in"], wide["row_in"], wide["volume"]))
    return Stays(**{name: column[order] for name, column in wide.items()})


def _complex(chart: Chart, zone: int, found: Stays) -> Stays:
    joined: list[Interval] = []
    for volume in range(int(chart.zone_first[zone]), int(chart.zone_first[zone + 1])):
        more = _intervals(found, volume)
        joined = _RULE[int(chart.operation[volume])](joined, more)
    marks = [(a, b) for a, b in joined if b.axis > a.axis]
    return Stays(
        volume=np.full(len(marks), zone, dtype=np.int64),
        row_in=np.array([a.row for a, _ in marks], dtype=np.int64),
        share_in=np.array([a.share for a, _ in marks], dtype=np.float64),
        edge_in=np.array([a.edge for a, _ in marks], dtype=np.int64),
        row_out=np.array([b.row for _, b in marks], dtype=np.int64),
        share_out=np.array([b.share for _, b in marks], dtype=np.float64),
        edge_out=np.array([b.edge for _, b in marks], dtype=np.int64),
    )


def _intervals(found: Stays, volume: int) -> list[Interval]:
    rows = np.flatnonzero(found.volume == volume).tolist()
    return [
        (
            Mark(int(found.row_in[k]), float(found.share_in[k]), int(found.edge_in[k])),
            Mark(int(found.row_out[k]), float(found.share_out[k]), int(found.edge_out[k])),
        )
        for k in rows
    ]


def union(one: list[Interval], two: list[Interval]) -> list[Interval]:
    """Return the intervals in either; those that touch become one, unless a leg ends between."""
    made: list[Interval] = []
    for begin, end in sorted([*one, *two], key=lambda i: i[0].axis):
        if made and begin.axis <= made[-1][1].axis + _TOUCH and not _apart(made[-1][1], begin):
            kept, until = made[-1]
            made[-1] = (kept, max(until, end, key=lambda mark: mark.axis))
        else:
            made.append((begin, end))
    return made


def _apart(end: Mark, begin: Mark) -> bool:
    """One leg ended and the next began: rows next to each other, but no path between."""
    return end.edge == Edge.OPEN and begin.edge == Edge.OPEN and begin.row > end.row


def intersect(one: list[Interval], two: list[Interval]) -> list[Interval]:
    """Return the intervals in both."""
    made = []
    for a, b in one:
        for c, d in two:
            begin = max(a, c, key=lambda mark: mark.axis)
            end = min(b, d, key=lambda mark: mark.axis)
            if end.axis > begin.axis:
                made.append((begin, end))
    return made


def subtract(one: list[Interval], two: list[Interval]) -> list[Interval]:
    """Return the intervals in the first and not in the second."""
    left = one
    for c, d in two:
        made: list[Interval] = []
        for a, b in left:
            if d.axis <= a.axis or c.axis >= b.axis:
                made.append((a, b))
                continue
            if c.axis > a.axis:
                made.append((a, c))
            if d.axis < b.axis:
                made.append((d, b))
        left = made
    return left


_RULE: list[Callable[[list[Interval], list[Interval]], list[Interval]]] = [
    union,
    intersect,
    subtract,
]

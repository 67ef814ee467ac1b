"""Stays: the pieces of a path that lie in a volume, in space, height and time.

`Pairs` are candidates (segment, volume) with the part of the segment that lies
over the shape on the ground, in shares 0..1. `clipped` cuts them by altitude and
window; `stays` joins what continues from one segment to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from truceline.airspace.chart import Chart
from truceline.airspace.fix import Floats, Ints
from truceline.airspace.track import Rows
from truceline.airspace.vertical import Column


class Edge(IntEnum):
    """What the end of a stay is."""

    OPEN = 0  # the leg, or the batch, starts or ends here
    BORDER = 1
    HEIGHT = 2
    WINDOW = 3


@dataclass(frozen=True, slots=True)
class Pairs:
    """Parts of segments over volumes: segment `row`..`row + 1`, from `start` to `end`."""

    row: Ints
    volume: Ints
    start: Floats
    end: Floats


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pairs cut by altitude and window, with what cut them."""

    row: Ints
    volume: Ints
    start: Floats
    end: Floats
    edge_in: Ints
    edge_out: Ints

    def take(self, order: Ints) -> Pieces:
        """Return some of the pieces, in the order asked for."""
        return Pieces(*(getattr(self, name)[order] for name in Pieces.__slots__))


@dataclass(frozen=True, slots=True)
class Stays:
    """Unbroken times in a volume: from a share of one segment to a share of another."""

    volume: Ints
    row_in: Ints
    share_in: Floats
    edge_in: Ints
    row_out: Ints
    share_out: Floats
    edge_out: Ints

    def __len__(self) -> int:
        return len(self.volume)


NO_STAYS = Stays(*(np.zeros(0, dtype=d) for d in "qqdqqdq"))


def stays(chart: Chart, rows: Rows, pairs: Pairs) -> Stays:
    """Return the stays of these pairs, ordered by volume, then along the path."""
    pieces = clipped(chart, rows, pairs)
    still = rows.seen_at[pieces.row] == rows.seen_at[pieces.row + 1]
    keep = (pieces.end > pieces.start) | (still & (pieces.end >= pieces.start))
    pieces = pieces.take(np.flatnonzero(keep))
    order = np.lexsort((pieces.start, pieces.row, pieces.volume))
    return _join(chart, rows, pieces.take(order))


def _join(chart: Chart, rows: Rows, pieces: Pieces) -> Stays:
    row, volume, start, end = pieces.row, pieces.volume, pieces.start, pieces.end
    if not len(row):
        return NO_STAYS
    follows = (volume[1:] == volume[:-1]) & (row[1:] == row[:-1] + 1) & rows.joins[row[:-1]]
    follows &= rows.joins[row[1:]] & ~rows.starts[row[1:]] & (end[:-1] == 1.0) & (start[1:] == 0.0)
    first = np.concatenate(([True], ~follows))
    final = np.concatenate((~follows, [True]))
    edge_in, edge_out = _ends(chart, rows, pieces)
    return Stays(
        volume=volume[first],
        row_in=row[first],
        share_in=start[first],
        edge_in=edge_in[first],
        row_out=row[final],
        share_out=end[final],
        edge_out=edge_out[final],
    )


def _ends(chart: Chart, rows: Rows, pieces: Pieces) -> tuple[Ints, Ints]:
    """Say what the ends of pieces are where a stay begins or ends there."""
    row, volume = pieces.row, pieces.volume
    fresh = np.concatenate(([True], ~rows.joins[:-1]))  # nothing before this row in its leg
    stops = ~np.concatenate((rows.joins[1:], [False]))
    # A window that opens or closes exactly at a fix leaves no share to see it by.
    opened = (pieces.start == 0.0) & (rows.seen_at[row] == chart.opens_at[volume])
    closed = (pieces.end == 1.0) & (rows.seen_at[row + 1] == chart.closes_at[volume])
    edge_in = np.where(opened, Edge.WINDOW, pieces.edge_in)
    edge_in = np.where((pieces.start == 0.0) & fresh[row], Edge.OPEN, edge_in)
    edge_out = np.where(closed, Edge.WINDOW, pieces.edge_out)
    edge_out = np.where((pieces.end == 1.0) & stops[row] & ~closed, Edge.OPEN, edge_out)
    return edge_in, edge_out


def clipped(chart: Chart, rows: Rows, pairs: Pairs) -> Pieces:
    """Return where each pair starts and ends once altitude and window are heeded, and why there."""
    start, end = pairs.start.copy(), pairs.end.copy()
    edge_in = np.full(len(start), int(Edge.BORDER), dtype=np.int64)
    edge_out = edge_in.copy()
    low, high = height_span(chart, rows, pairs)
    opens, closes = window_span(chart, rows, pairs)
    for bound, edge in ((low, Edge.HEIGHT), (opens, Edge.WINDOW)):
        later = bound > start
        start[later], edge_in[later] = bound[later], edge
    for bound, edge in ((high, Edge.HEIGHT), (closes, Edge.WINDOW)):
        sooner = bound < end
        end[sooner], edge_out[sooner] = bound[sooner], edge
    return Pieces(pairs.row, pairs.volume, start, end, edge_in, edge_out)


def height_span(chart: Chart, rows: Rows, pairs: Pairs) -> tuple[Floats, Floats]:
    """Return from which to which share the segment lies between the limits; empty: 2 to -1.

    A height that is not known at either end counts as inside.
    """
    span = np.zeros(len(pairs.row)), np.ones(len(pairs.row))
    _narrow(_over_floor(chart, rows, pairs), span)
    _narrow(_under_ceiling(chart, rows, pairs), span)
    return span


type Margins = tuple[Ints, Floats, Floats]
"""Which pairs have such a limit, and how far inside it each of their two ends is (feet)."""


def _over_floor(chart: Chart, rows: Rows, pairs: Pairs) -> Margins:
    tested, here, there = _heights(chart.lower_column, rows, pairs)
    limit = chart.lower_ft[pairs.volume[tested]]
    return tested, here - limit, there - limit


def _under_ceiling(chart: Chart, rows: Rows, pairs: Pairs) -> Margins:
    tested, here, there = _heights(chart.upper_column, rows, pairs)
    limit = chart.upper_ft[pairs.volume[tested]]
    return tested, limit - here, limit - there


def _heights(columns: Ints, rows: Rows, pairs: Pairs) -> Margins:
    column = columns[pairs.volume]
    tested = np.flatnonzero((column >= Column.STD) & (column <= Column.WGS84))
    row = pairs.row[tested]
    height = rows.height_ft
    return tested, height[column[tested], row], height[column[tested], row + 1]


def _narrow(margins: Margins, span: tuple[Floats, Floats]) -> None:
    """Narrow the spans to where the margin is not negative."""
    tested, here, there = margins
    low, high = span
    known = ~(np.isnan(here) | np.isnan(there))
    out = known & (here < 0) & (there < 0)
    rising = known & (here < 0) & (there >= 0)
    falling = known & (here >= 0) & (there < 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = here / (here - there)
    low[tested[rising]] = np.maximum(low[tested[rising]], share[rising])
    high[tested[falling]] = np.minimum(high[tested[falling]], share[falling])
    low[tested[out]], high[tested[out]] = 2.0, -1.0


def window_span(chart: Chart, rows: Rows, pairs: Pairs) -> tuple[Floats, Floats]:
    """Return from which to which share of the segment the window is open; empty: 2 to -1."""
    begins = rows.seen_at[pairs.row]
    lasts = rows.seen_at[pairs.row + 1] - begins
    opens = chart.opens_at[pairs.volume] - begins
    closes = chart.closes_at[pairs.volume] - begins
    span = np.maximum(lasts, 1).astype(np.float64)
    low = np.where(opens > 0, opens / span, 0.0)
    high = np.where(closes < lasts, closes / span, 1.0)
    shut = (opens > lasts) | (closes <= 0)
    low[shut], high[shut] = 2.0, -1.0
    return low, high

"""A table of cells over the zones, so that most fixes are settled by one look.

For each cell: the volumes that cover it whole, and for each volume with a border in
it the edges there and one reference point whose side is known. Any point of the cell
is then on the side that the edges between it and the reference point say. The
reference point is proven off the line of every edge of the cell: borders on round
coordinates run through the middle of round cells, and a middle would lie on them
(a prototype lost 242 of 617,079 memberships that way). Edges are entered in every cell
that they touch, with a margin, so no rounding of a cell number can lose one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.airspace.chart import Chart
from truceline.airspace.fix import Flags, Floats, Ints
from truceline.airspace.vertical import Column

FEWEST_CELLS = 65_536
MOST_CELLS = 4_194_304
FARTHEST = 15
"""Distances to the nearest cell with anything in it are counted up to here."""

_MARGIN = 1e-6  # of a cell
_LEAST_CELL_DEG = 1e-4
_OFFSETS = (
    (0.5127, 0.4871),
    (0.3819, 0.6180),
    (0.7071, 0.2929),
    (0.1415, 0.7182),
    (0.9003, 0.0557),
)

type Words = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Cells:
    """The table. Cell number = row * columns + column; lists run over cells, then entries.

    What is read together lies together: a look that misses the cache costs more than
    all that is reckoned with what it finds.
    """

    west: float
    south: float
    size: float
    columns: int
    rows: int
    heads: Words  # for each cell: where its covers begin, and where its entries do
    cover: Words  # volumes that cover the cell
    entry: Words  # volumes with a border in the cell, and where the edges of each begin
    edges: Floats  # x0, y0, x1, y1
    reference: Floats  # x, y, and 1 where that place is inside
    nearest: NDArray[np.uint8]  # cells to the nearest one with anything in it
    volumes: Floats  # floor's column and feet, ceiling's column and feet, opens, closes, -, -
    heights: NDArray[np.float32]  # lowest floor and highest ceiling in the cell, pressure altitude

    def number(self, lon: Floats, lat: Floats) -> Ints:
        """Return the cell of each point, -1 outside the table."""
        column = np.floor((lon - self.west) / self.size).astype(np.int64)
        row = np.floor((lat - self.south) / self.size).astype(np.int64)
        within = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows)
        return np.where(within, row * self.columns + column, -1)


@dataclass(frozen=True, slots=True)
class _Grid:
    west: float
    south: float
    size: float
    columns: int
    rows: int


def cells(chart: Chart) -> Cells:
    """Return the table for a chart. Refuses nothing; a chart without zones has one empty cell."""
    grid = _grid(chart)
    cell, volume, edge = _touched(chart, grid)
    order = np.lexsort((edge, volume, cell))
    cell, volume, edge = cell[order], volume[order], edge[order]
    new = np.ones(len(cell), dtype=np.bool_)
    new[1:] = (np.diff(cell) != 0) | (np.diff(volume) != 0)
    first = np.flatnonzero(new)
    entry_cell, entry = cell[first], volume[first]
    reference = _references(grid, entry_cell, chart.edges[edge], first)
    cover_cell, cover = _covers(chart, grid, entry_cell, entry)
    count = grid.columns * grid.rows
    return Cells(
        west=grid.west,
        south=grid.south,
        size=grid.size,
        columns=grid.columns,
        rows=grid.rows,
        heads=np.column_stack((_first(cover_cell, count), _first(entry_cell, count))),
        cover=cover.astype(np.int32),
        entry=np.column_stack((np.append(entry, -1), np.append(first, len(edge)))).astype(np.int32),
        edges=np.ascontiguousarray(chart.edges[edge]),
        reference=np.column_stack((reference, _sides(chart, entry, reference))),
        nearest=_nearest(grid, np.union1d(entry_cell, cover_cell)),
        volumes=_volumes(chart),
        heights=_heights(chart, count, ((entry_cell, entry), (cover_cell, cover))),
    )


def _grid(chart: Chart) -> _Grid:
    if not len(chart.bounds):
        return _Grid(0.0, 0.0, 1.0, 1, 1)
    west, south = chart.bounds[:, :2].min(axis=0)
    east, north = chart.bounds[:, 2:].max(axis=0)
    wanted = min(max(len(chart.edges), FEWEST_CELLS), MOST_CELLS)
    size = max(math.sqrt((east - west) * (north - south) / wanted), _LEAST_CELL_DEG)
    size = max(size, (east - west) / 30_000, (north - south) / 30_000)
    # The table begins off the round numbers on which people draw borders.
    west, south = west - size * 1.2718, south - size * 1.3141
    return _Grid(
        float(west),
        float(south),
        float(size),
        math.ceil((east - west) / size) + 2,
        math.ceil((north - south) / size) + 2,
    )


def _touched(chart: Chart, grid: _Grid) -> tuple[Ints, Ints, Ints]:
    """Return (cell, volume, edge) for every cell that an edge touches."""
    x = (chart.edges[:, 0::2] - grid.west) / grid.size
    y = (chart.edges[:, 1::2] - grid.south) / grid.size
    low = np.floor(x.min(axis=1) - _MARGIN).astype(np.int64)
    high = np.floor(x.max(axis=1) + _MARGIN).astype(np.int64)
    edge = np.repeat(np.arange(len(x)), high - low + 1)
    column = _counted(low, high)
    bottom, top = _within_column(x[edge], y[edge], column)
    edge = np.repeat(edge, top - bottom + 1)
    row = _counted(bottom, top)
    column = np.repeat(column, top - bottom + 1)
    volume = np.searchsorted(chart.edge_first, edge, side="right") - 1
    return row * grid.columns + column, volume, edge


def _counted(low: Ints, high: Ints) -> Ints:
    """Return low..high for each pair, one after the other."""
    count = high - low + 1
    start = np.cumsum(count) - count
    made = np.arange(int(count.sum())) - np.repeat(start, count) + np.repeat(low, count)
    return np.asarray(made, dtype=np.int64)


def _within_column(x: Floats, y: Floats, column: Ints) -> tuple[Ints, Ints]:
    """Return the lowest and highest row that an edge touches in one column."""
    run = x[:, 1] - x[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.clip((column - _MARGIN - x[:, 0]) / run, 0, 1)
        two = np.clip((column + 1 + _MARGIN - x[:, 0]) / run, 0, 1)
    steep = np.abs(run) < _MARGIN
    one, two = np.where(steep, 0.0, one), np.where(steep, 1.0, two)
    rise = y[:, 1] - y[:, 0]
    a, b = y[:, 0] + rise * one, y[:, 0] + rise * two
    low = np.floor(np.minimum(a, b) - _MARGIN).astype(np.int64)
    return low, np.floor(np.maximum(a, b) + _MARGIN).astype(np.int64)


def _references(grid: _Grid, cell: Ints, edges: Floats, first: Ints) -> Floats:
    """Return a point of each cell that lies off the line of each of its edges."""
    corner = np.column_stack(
        (
            grid.west + (cell % grid.columns) * grid.size,
            grid.south + (cell // grid.columns) * grid.size,
        )
    )
    found = corner + np.array(_OFFSETS[0]) * grid.size
    count = np.diff(np.append(first, len(edges)))
    for turn in range(1, 40):
        bad = _on_a_line(np.repeat(found, count, axis=0), edges)
        worst = np.maximum.reduceat(bad, first) if len(first) else bad
        if not worst.any():
            break
        offset = np.array(_OFFSETS[turn % len(_OFFSETS)]) + 0.0113 * (turn // len(_OFFSETS))
        found[worst] = corner[worst] + offset * grid.size
    return found


def _on_a_line(at: Floats, edges: Floats) -> Flags:
    run, rise = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
    left, right = run * (at[:, 1] - edges[:, 1]), rise * (at[:, 0] - edges[:, 0])
    return np.asarray(np.abs(left - right) <= 1e-9 * (np.abs(left) + np.abs(right)), dtype=np.bool_)


def _sides(chart: Chart, entry: Ints, reference: Floats) -> Flags:
    found = np.zeros(len(entry), dtype=np.bool_)
    order = np.argsort(entry, kind="stable")
    bounds = np.searchsorted(entry[order], np.arange(len(chart.areas) + 1))
    for volume, area in enumerate(chart.areas):
        rows = order[bounds[volume] : bounds[volume + 1]]
        found[rows] = shapely.intersects_xy(area, reference[rows])
    return found


def _covers(chart: Chart, grid: _Grid, cell: Ints, entry: Ints) -> tuple[Ints, Ints]:
    """Return (cell, volume) for every cell that lies wholly in a volume."""
    order = np.argsort(entry, kind="stable")
    bounds = np.searchsorted(entry[order], np.arange(len(chart.areas) + 1))
    made_cell, made_volume = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for volume in range(len(chart.areas)):
        border = cell[order[bounds[volume] : bounds[volume + 1]]]
        inner = _inner(chart, grid, volume, border)
        made_cell.append(inner)
        made_volume.append(np.full(len(inner), volume, dtype=np.int64))
    both, volumes = np.concatenate(made_cell), np.concatenate(made_volume)
    order = np.argsort(both, kind="stable")
    return both[order], volumes[order]


def _inner(chart: Chart, grid: _Grid, volume: int, border: Ints) -> Ints:
    """Cells without border lie wholly on one side; neighbours in a row lie on the same one."""
    row, column = border // grid.columns, border % grid.columns
    bottom, left = int(row.min()), int(column.min())
    shape = (int(row.max()) - bottom + 1, int(column.max()) - left + 1)
    edge = np.zeros(shape, dtype=np.bool_)
    edge[row - bottom, column - left] = True
    begins = ~edge
    begins[:, 1:] &= edge[:, :-1]
    run = np.cumsum(begins.ravel()) - 1
    start = np.argwhere(begins)
    if not len(start):
        return np.zeros(0, dtype=np.int64)
    middle = (start[:, ::-1] + (left + 0.5, bottom + 0.5)) * grid.size + (grid.west, grid.south)
    inside = shapely.intersects_xy(chart.areas[volume], middle)
    free = np.flatnonzero(~edge.ravel())
    free = free[inside[run[free]]]
    number = (free // shape[1] + bottom) * grid.columns + free % shape[1] + left
    return np.asarray(number, dtype=np.int64)


def _first(cell: Ints, count: int) -> Words:
    return np.searchsorted(cell, np.arange(count + 1)).astype(np.int32)


def _volumes(chart: Chart) -> Floats:
    """Return what is asked of a volume in one line of the cache; times are whole in a float."""
    made = np.zeros((len(chart.areas), 8))
    limits = (chart.lower_column, chart.lower_ft, chart.upper_column, chart.upper_ft)
    for number, column in enumerate((*limits, chart.opens_at, chart.closes_at)):
        made[:, number] = column
    return made


def _heights(
    chart: Chart, count: int, listed: tuple[tuple[Ints, Ints], ...]
) -> NDArray[np.float32]:
    """Return the lowest floor and the highest ceiling of what is in each cell.

    A limit that is not a pressure altitude is not one that a look can settle: it
    counts as none. Rounded outwards.
    """
    made = np.empty((count, 2), dtype=np.float32)
    made[:, 0], made[:, 1] = np.inf, -np.inf
    low = np.where(chart.lower_column == Column.STD, chart.lower_ft, -np.inf)
    high = np.where(chart.upper_column == Column.STD, chart.upper_ft, np.inf)
    low = np.nextafter(low.astype(np.float32), np.float32(-np.inf))
    high = np.nextafter(high.astype(np.float32), np.float32(np.inf))
    for cell, volume in listed:
        np.minimum.at(made[:, 0], cell, low[volume])
        np.maximum.at(made[:, 1], cell, high[volume])
    return made


def _nearest(grid: _Grid, filled: Ints) -> NDArray[np.uint8]:
    """Return for each cell how many cells (in either direction) the nearest filled one is away."""
    near = np.full((grid.rows, grid.columns), FARTHEST, dtype=np.uint8)
    reached = np.zeros((grid.rows, grid.columns), dtype=np.bool_)
    reached.ravel()[filled] = True
    near[reached] = 0
    for step in range(1, FARTHEST):
        wider = reached.copy()
        wider[1:] |= reached[:-1]
        wider[:-1] |= reached[1:]
        across = wider.copy()
        across[:, 1:] |= wider[:, :-1]
        across[:, :-1] |= wider[:, 1:]
        near[across & ~reached] = step
        reached = across
    return np.ascontiguousarray(near.ravel())

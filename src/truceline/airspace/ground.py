"""Which part of a segment lies over a shape: the plain way, by shapely.

This is what the engine falls back on, and what the compiled kernel is held
against. The border counts as inside.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from truceline.airspace.chart import Chart
from truceline.airspace.fix import Flags, Floats, Ints
from truceline.airspace.stay import Pairs
from truceline.airspace.track import Rows

_JOIN = 1e-12


def pairs_plain(chart: Chart, rows: Rows) -> Pairs:
    """Return every part of a segment over a volume, by looking at each volume's box."""
    row = np.flatnonzero(rows.joins)
    west, east = _ends(rows.lon, row)
    south, north = _ends(rows.lat, row)
    found = []
    for volume, (left, low, right, high) in enumerate(chart.bounds.tolist()):
        near = (west <= right) & (east >= left) & (south <= high) & (north >= low)
        if near.any():
            found.append(parts_over(chart, rows, row[near], volume))
    return gathered(found)


def gathered(found: list[Pairs]) -> Pairs:
    """Return several lists of pairs as one."""
    if not found:
        return Pairs(*(np.zeros(0, dtype=d) for d in "qqdd"))
    return Pairs(
        *(
            np.concatenate([getattr(one, name) for one in found])
            for name in ("row", "volume", "start", "end")
        )
    )


def _ends(values: Floats, row: Ints) -> tuple[Floats, Floats]:
    return np.minimum(values[row], values[row + 1]), np.maximum(values[row], values[row + 1])


def parts_over(chart: Chart, rows: Rows, row: Ints, volume: int) -> Pairs:
    """Return the parts of these segments that lie over one volume."""
    area = chart.areas[volume]
    a = np.column_stack((rows.lon[row], rows.lat[row]))
    b = np.column_stack((rows.lon[row + 1], rows.lat[row + 1]))
    still = (a == b).all(axis=1)
    whole = np.zeros(len(row), dtype=np.bool_)
    whole[still] = shapely.intersects_xy(area, a[still])
    lines = shapely.linestrings(np.stack((a, b), axis=1)[~still])
    moving = np.flatnonzero(~still)
    meets = shapely.intersects(area, lines)
    covered = meets.copy()
    covered[meets] = shapely.covers(area, lines[meets])
    whole[moving[covered]] = True
    partly = moving[meets & ~covered]
    number, start, end = _cut(area, lines[meets & ~covered], a[partly], b[partly])
    inner = row[whole]
    return Pairs(
        row=np.concatenate((inner, row[partly][number])),
        volume=np.full(len(inner) + len(number), volume, dtype=np.int64),
        start=np.concatenate((np.zeros(len(inner)), start)),
        end=np.concatenate((np.ones(len(inner)), end)),
    )


def _cut(area: Any, lines: Any, a: Floats, b: Floats) -> tuple[Ints, Floats, Floats]:
    """Return the shares of each line that lie in the area, touching parts joined."""
    parts, number = shapely.get_parts(shapely.intersection(lines, area), return_index=True)
    long = shapely.get_dimensions(parts) == 1
    parts, number = parts[long], number[long]
    first = shapely.get_coordinates(shapely.get_point(parts, 0))
    last = shapely.get_coordinates(shapely.get_point(parts, -1))
    one, two = _share(first, a[number], b[number]), _share(last, a[number], b[number])
    return _touching(number, np.minimum(one, two), np.maximum(one, two))


def _share(at: Floats, a: Floats, b: Floats) -> Floats:
    """How far along a..b a point on it lies; its ends are exactly 0 and 1."""
    along = b - a
    steep = np.abs(along[:, 1]) > np.abs(along[:, 0])
    pick = (np.arange(len(at)), steep.astype(np.int64))
    share = np.clip((at[pick] - a[pick]) / along[pick], 0.0, 1.0)
    share[(at == a).all(axis=1)] = 0.0
    share[(at == b).all(axis=1)] = 1.0
    return np.asarray(share, dtype=np.float64)


def _touching(number: Ints, start: Floats, end: Floats) -> tuple[Ints, Floats, Floats]:
    order = np.lexsort((start, number))
    number, start, end = number[order], start[order], end[order]
    if len(number) < 2:
        return number, start, end
    joined: Flags = (number[1:] == number[:-1]) & (start[1:] <= end[:-1] + _JOIN)
    first = np.concatenate(([True], ~joined))
    final = np.concatenate((~joined, [True]))
    return number[first], start[first], end[final]

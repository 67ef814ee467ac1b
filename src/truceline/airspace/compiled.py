"""The compiled kernel. Importing this module compiles nothing yet, but needs numba.

What it answers must equal `ground.py` and `stay.py`, which say in plain words what
is meant. The signs of orientations are exact: a floating-point filter decides, and
where it cannot, the products are summed without error (Shewchuk 1997).

Import this module from `kernel.py` only: it may fail where numba cannot write its
cache, and `kernel.py` knows what then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

CACHED = True
"""Whether what is compiled is kept for the next start."""

_FILTER = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
_SPLIT = 134_217_729.0
_SAME = 1e-13

OPEN, BORDER, HEIGHT, WINDOW = 0, 1, 2, 3


def compiled(function: Callable[..., Any]) -> Any:
    """Compile at first call; keep the result on disk where that can be done."""
    global CACHED  # noqa: PLW0603 -- told once, at import
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        CACHED = False
        return numba.njit(nogil=True)(function)


@compiled
def two_product(a, b):  # type: ignore[no-untyped-def]
    """Return a * b and its rounding error (Dekker)."""
    high = a * b
    c = _SPLIT * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = _SPLIT * b
    b_high = c - (c - b)
    b_low = b - b_high
    return high, a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low)


@compiled
def exact_side(ax, ay, bx, by, cx, cy):  # type: ignore[no-untyped-def]
    """Return the exact sign of ax*by - ax*cy - cx*by - ay*bx + ay*cx + cy*bx."""
    parts = np.zeros(12)
    parts[0], parts[1] = two_product(ax, by)
    parts[2], parts[3] = two_product(-ax, cy)
    parts[4], parts[5] = two_product(-cx, by)
    parts[6], parts[7] = two_product(-ay, bx)
    parts[8], parts[9] = two_product(ay, cx)
    parts[10], parts[11] = two_product(cy, bx)
    total = np.zeros(12)
    for count in range(12):
        rest = parts[count]
        for k in range(count):
            both = total[k] + rest
            virtual = both - total[k]
            total[k] = (total[k] - (both - virtual)) + (rest - virtual)
            rest = both
        total[count] = rest
    for k in range(11, -1, -1):
        if total[k] != 0.0:
            return total[k]
    return 0.0


@compiled
def side(ax, ay, bx, by, cx, cy):  # type: ignore[no-untyped-def]
    """Return twice the area of a, b, c; its sign (left of a-b positive) is exact."""
    left = (ax - cx) * (by - cy)
    right = (ay - cy) * (bx - cx)
    area = left - right
    if abs(area) > _FILTER * (abs(left) + abs(right)):
        return area
    if left == 0.0 and right == 0.0 and (ax == cx or by == cy) and (ay == cy or bx == cx):
        return 0.0
    return exact_side(ax, ay, bx, by, cx, cy)


@compiled
def cell_of(x, y, west, south, size, columns, rows):  # type: ignore[no-untyped-def]
    """Return the number of the cell of a point, -1 outside."""
    column = int(np.floor((x - west) / size))
    row = int(np.floor((y - south) / size))
    if column < 0 or column >= columns or row < 0 or row >= rows:
        return -1
    return row * columns + column


@compiled
def inside_entry(px, py, entry, edge_first, edges, reference, reference_inside):  # type: ignore[no-untyped-def]
    """Say whether a point of a cell is in the volume of one of the cell's entries; border: yes."""
    rx, ry = reference[entry, 0], reference[entry, 1]
    inside = reference_inside[entry]
    low_x, high_x = min(px, rx), max(px, rx)
    low_y, high_y = min(py, ry), max(py, ry)
    for k in range(edge_first[entry], edge_first[entry + 1]):
        x0, y0, x1, y1 = edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3]
        if (
            max(x0, x1) < low_x
            or min(x0, x1) > high_x
            or max(y0, y1) < low_y
            or min(y0, y1) > high_y
        ):
            continue
        here = side(x0, y0, x1, y1, px, py)
        if here == 0.0:
            if min(x0, x1) <= px <= max(x0, x1) and min(y0, y1) <= py <= max(y0, y1):
                return True
            continue
        there = side(x0, y0, x1, y1, rx, ry)
        if (here > 0.0) == (there > 0.0):
            continue
        one = side(px, py, rx, ry, x0, y0) >= 0.0
        two = side(px, py, rx, ry, x1, y1) >= 0.0
        if one != two:
            inside = not inside
    return inside


@compiled
def inside_volume(px, py, volume, grid, counts, covers, entries, borders):  # type: ignore[no-untyped-def]
    """Say whether a point is in a volume on the ground; the border is."""
    cell = cell_of(px, py, grid[0], grid[1], grid[2], counts[0], counts[1])
    if cell < 0:
        return False
    cover_first, cover = covers
    entry_first, entry = entries
    edge_first, edges, reference, reference_inside = borders
    for k in range(entry_first[cell], entry_first[cell + 1]):
        if entry[k] == volume:
            return inside_entry(px, py, k, edge_first, edges, reference, reference_inside)
    found = False
    for k in range(cover_first[cell], cover_first[cell + 1]):
        found = found or cover[k] == volume
    return found


@compiled
def members(lon, lat, grid, counts, covers, entries, borders):  # type: ignore[no-untyped-def]
    """Return (point, volume) for every volume that each point lies in on the ground."""
    cover_first, cover = covers
    entry_first, entry = entries
    edge_first, edges, reference, reference_inside = borders
    size = max(64, len(lon))
    point, volume = np.empty(size, np.int64), np.empty(size, np.int32)
    count = 0
    most = len(cover) + len(entry)
    for number in range(len(lon)):
        px, py = lon[number], lat[number]
        cell = cell_of(px, py, grid[0], grid[1], grid[2], counts[0], counts[1])
        if cell < 0:
            continue
        first, last = cover_first[cell], cover_first[cell + 1]
        from_, until = entry_first[cell], entry_first[cell + 1]
        if last - first + until - from_ == 0:
            continue
        if count + min(most, last - first + until - from_) > size:
            size *= 2
            point, volume = _longer(point, size), _longer(volume, size)
        for k in range(first, last):
            point[count], volume[count] = number, cover[k]
            count += 1
        for k in range(from_, until):
            if inside_entry(px, py, k, edge_first, edges, reference, reference_inside):
                point[count], volume[count] = number, entry[k]
                count += 1
    return point[:count], volume[:count]


@compiled
def _longer(values, size):  # type: ignore[no-untyped-def]
    made = np.empty(size, values.dtype)
    made[: len(values)] = values
    return made


@compiled
def walk(ax, ay, bx, by, grid, counts, found):  # type: ignore[no-untyped-def]
    """Write the cells that a segment touches into `found` and return how many.

    A straight walk enters each column and each row once; `found` has room for all.
    """
    west, south, size = grid
    columns, rows = counts
    x0, y0 = (ax - west) / size, (ay - south) / size
    x1, y1 = (bx - west) / size, (by - south) / size
    margin = 1e-6
    low = max(0, int(np.floor(max(min(x0, x1) - margin, -1.0))))
    high = min(columns - 1, int(np.floor(min(max(x0, x1) + margin, columns + 1.0))))
    count = 0
    run, rise = x1 - x0, y1 - y0
    for column in range(low, high + 1):
        one, two = 0.0, 1.0
        if abs(run) > margin:
            one = min(1.0, max(0.0, (column - margin - x0) / run))
            two = min(1.0, max(0.0, (column + 1 + margin - x0) / run))
        a, b = y0 + rise * one, y0 + rise * two
        bottom = max(0, int(np.floor(max(min(a, b) - margin, -1.0))))
        top = min(rows - 1, int(np.floor(min(max(a, b) + margin, rows + 1.0))))
        for row in range(bottom, top + 1):
            found[count] = row * columns + column
            count += 1
    return count


@compiled
def hits(ax, ay, bx, by, first, last, edges, found, count):  # type: ignore[no-untyped-def]
    """Add the shares at which a segment meets these edges; return the new count, -1: too many."""
    low_x, high_x = min(ax, bx), max(ax, bx)
    low_y, high_y = min(ay, by), max(ay, by)
    for k in range(first, last):
        x0, y0, x1, y1 = edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3]
        if (
            max(x0, x1) < low_x
            or min(x0, x1) > high_x
            or max(y0, y1) < low_y
            or min(y0, y1) > high_y
        ):
            continue
        start, end = side(x0, y0, x1, y1, ax, ay), side(x0, y0, x1, y1, bx, by)
        if (start > 0.0 and end > 0.0) or (start < 0.0 and end < 0.0):
            continue
        one, two = side(ax, ay, bx, by, x0, y0), side(ax, ay, bx, by, x1, y1)
        if (one > 0.0 and two > 0.0) or (one < 0.0 and two < 0.0):
            continue
        if count + 2 > len(found):
            return -1
        if start == 0.0 and end == 0.0:
            found[count] = share_of(ax, ay, bx, by, x0, y0)
            found[count + 1] = share_of(ax, ay, bx, by, x1, y1)
            count += 2
        else:
            found[count] = min(1.0, max(0.0, start / (start - end)))
            count += 1
    return count


@compiled
def share_of(ax, ay, bx, by, x, y):  # type: ignore[no-untyped-def]
    """Return how far along a-b a point of its line lies, kept to 0..1."""
    if abs(bx - ax) >= abs(by - ay):
        if bx == ax:
            return 0.0
        share = (x - ax) / (bx - ax)
    else:
        share = (y - ay) / (by - ay)
    return min(1.0, max(0.0, share))


@compiled
def narrow(here, there, low, high):  # type: ignore[no-untyped-def]
    """Return the shares between which a margin that runs straight is not negative."""
    if np.isnan(here) or np.isnan(there):
        return low, high
    if here < 0.0 and there < 0.0:
        return 2.0, -1.0
    if here < 0.0:
        return max(low, here / (here - there)), high
    if there < 0.0:
        return low, min(high, here / (here - there))
    return low, high


@compiled
def stays_in(path, chart, grid, counts, covers, entries, borders, nearest):  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 -- the hot loop: one pass, no calls that hide a cost
    """Return the stays of the path in every volume, in order of their ends along the path.

    The columns are those of `stay.Stays`.
    """
    lon, lat, seen_at, height, joins = path
    lower_column, lower_ft, upper_column, upper_ft, opens_at, closes_at = chart
    cover_first, cover = covers
    entry_first, entry = entries
    edge_first, edges = borders[0], borders[1]
    west, south, size = grid
    columns, rows = counts
    volumes = len(lower_ft)

    room = 1024
    numbers = np.empty((room, 5), np.int64)  # volume, row_in, edge_in, row_out, edge_out
    shares = np.empty((room, 2))
    made = 0
    current = np.full(volumes, -1, np.int64)  # the stay that may go on, by volume
    stamp = np.full(volumes, -1, np.int64)
    near = np.empty(volumes + 1, np.int64)
    passed = np.empty(4 * (columns + rows) + 64, np.int64)
    met = np.empty(4096)
    cuts = np.empty(2 * 4096 + 2)

    for k in range(len(lon) - 1):
        if not joins[k]:
            continue
        ax, ay, bx, by = lon[k], lat[k], lon[k + 1], lat[k + 1]
        column = int(np.floor((ax - west) / size))
        row = int(np.floor((ay - south) / size))
        to_column = int(np.floor((bx - west) / size))
        to_row = int(np.floor((by - south) / size))
        within = 0 <= column < columns and 0 <= row < rows
        cell = row * columns + column if within else -1
        if within:
            steps = max(abs(to_column - column), abs(to_row - row))
            if nearest[cell] > steps:
                continue
        count = 0
        if within and column == to_column and row == to_row:
            passed[0] = cell
            count = 1
        else:
            count = walk(ax, ay, bx, by, grid, counts, passed)
        # Which volumes may be met, those with a border on the way first.
        listed = 0
        for n in range(count):
            for e in range(entry_first[passed[n]], entry_first[passed[n] + 1]):
                if stamp[entry[e]] != k:
                    stamp[entry[e]] = k
                    near[listed] = entry[e]
                    listed += 1
        with_border = listed
        if within:
            for c in range(cover_first[cell], cover_first[cell + 1]):
                if stamp[cover[c]] != k:
                    stamp[cover[c]] = k
                    near[listed] = cover[c]
                    listed += 1
        begins, ends = seen_at[k], seen_at[k + 1]
        fresh = k == 0 or not joins[k - 1]
        final = not joins[k + 1]
        for n in range(listed):
            volume = near[n]
            # Height and time are cheap: first.
            low, high = 0.0, 1.0
            c = lower_column[volume]
            if 0 <= c <= 2:
                limit = lower_ft[volume]
                low, high = narrow(height[c, k] - limit, height[c, k + 1] - limit, low, high)
            c = upper_column[volume]
            if 0 <= c <= 2 and high >= low:
                limit = upper_ft[volume]
                low, high = narrow(limit - height[c, k], limit - height[c, k + 1], low, high)
            if high < low:
                continue
            opens, closes = opens_at[volume] - begins, closes_at[volume] - begins
            if opens > ends - begins or closes <= 0:
                continue
            since, until = 0.0, 1.0
            if opens > 0:
                since = opens / max(ends - begins, 1)
            if closes < ends - begins:
                until = closes / max(ends - begins, 1)
            # On the ground.
            pieces = 0
            if n >= with_border:
                cuts[0], cuts[1] = 0.0, 1.0
                pieces = 1
            else:
                found = 0
                while True:
                    found = 0
                    for m in range(count):
                        for e in range(entry_first[passed[m]], entry_first[passed[m] + 1]):
                            if entry[e] == volume and found >= 0:
                                found = hits(
                                    ax,
                                    ay,
                                    bx,
                                    by,
                                    edge_first[e],
                                    edge_first[e + 1],
                                    edges,
                                    met,
                                    found,
                                )
                    if found >= 0:
                        break
                    met = np.empty(2 * len(met))
                    cuts = np.empty(2 * len(met) + 2)
                if found == 0 or (ax == bx and ay == by):
                    if inside_volume(ax, ay, volume, grid, counts, covers, entries, borders):
                        cuts[0], cuts[1] = 0.0, 1.0
                        pieces = 1
                else:
                    order = np.sort(met[:found])
                    before = 0.0
                    for m in range(found + 1):
                        after = order[m] if m < found else 1.0
                        if after - before <= _SAME:
                            if m == found and pieces > 0 and cuts[2 * pieces - 1] == before:
                                cuts[2 * pieces - 1] = 1.0
                            continue
                        half = before + (after - before) / 2
                        px, py = ax + (bx - ax) * half, ay + (by - ay) * half
                        if inside_volume(px, py, volume, grid, counts, covers, entries, borders):
                            start = 0.0 if before <= _SAME else before
                            if pieces > 0 and before - cuts[2 * pieces - 1] <= _SAME:
                                cuts[2 * pieces - 1] = after
                            else:
                                cuts[2 * pieces], cuts[2 * pieces + 1] = start, after
                                pieces += 1
                        before = after
                    if pieces > 0 and 1.0 - cuts[2 * pieces - 1] <= _SAME:
                        cuts[2 * pieces - 1] = 1.0
            # Put together.
            for m in range(pieces):
                start, end = cuts[2 * m], cuts[2 * m + 1]
                edge_in, edge_out = BORDER, BORDER
                if low > start:
                    start, edge_in = low, HEIGHT
                if since > start:
                    start, edge_in = since, WINDOW
                if high < end:
                    end, edge_out = high, HEIGHT
                if until < end:
                    end, edge_out = until, WINDOW
                if end < start or (end == start and begins != ends):
                    continue
                if start == 0.0:
                    if fresh:
                        edge_in = OPEN
                    elif begins == opens_at[volume]:
                        edge_in = WINDOW
                if end == 1.0:
                    if ends == closes_at[volume]:
                        edge_out = WINDOW
                    elif final:
                        edge_out = OPEN
                last = current[volume]
                if (
                    last >= 0
                    and start == 0.0
                    and not fresh
                    and numbers[last, 3] == k - 1
                    and shares[last, 1] == 1.0
                ):
                    numbers[last, 3], numbers[last, 4], shares[last, 1] = k, edge_out, end
                    continue
                if made == room:
                    room *= 2
                    more, wide = np.empty((room, 5), np.int64), np.empty((room, 2))
                    more[:made], wide[:made] = numbers, shares
                    numbers, shares = more, wide
                numbers[made, 0], numbers[made, 1], numbers[made, 2] = volume, k, edge_in
                numbers[made, 3], numbers[made, 4] = k, edge_out
                shares[made, 0], shares[made, 1] = start, end
                current[volume] = made
                made += 1
    return numbers[:made], shares[:made]

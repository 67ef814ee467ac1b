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
_ALONG = 1e-13  # degrees: a corner so near to a path is on it
_SPLIT = 134_217_729.0

OPEN, BORDER, HEIGHT, WINDOW = 0, 1, 2, 3
UNTESTABLE = 3
LOOK_M, MOST_LOOKS = 50.0, 512
A_M, E2 = 6_378_137.0, 6.69437999014e-3
LEAST_TAIL = 1e-6
MEMBERS_BLOCK = 1024
BLOCK = 16
"""Edges in a block. These repeat `measure`, `metres` and `chart`: a test holds them equal."""


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
def cell_of(x, y, west, south, scale, columns, rows):  # type: ignore[no-untyped-def]
    """Return the number of the cell of a point, -1 outside."""
    column = int(np.floor((x - west) * scale))
    row = int(np.floor((y - south) * scale))
    if column < 0 or column >= columns or row < 0 or row >= rows:
        return -1
    return row * columns + column


@compiled
def inside_entry(px, py, own, entry, edges, reference):  # type: ignore[no-untyped-def]
    """Say whether a point of a cell is in the volume of one of the cell's entries; border: yes."""
    rx, ry, inside = reference[own, 0], reference[own, 1], reference[own, 2] > 0.0
    low_x, high_x = min(px, rx), max(px, rx)
    low_y, high_y = min(py, ry), max(py, ry)
    for k in range(entry[own, 1], entry[own + 1, 1]):
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
def members(lon, lat, grid, counts, heads, cover, entry, edges, reference):  # type: ignore[no-untyped-def]
    """Return (point, volume) for every volume that each point lies in on the ground.

    Block by block: first every point's cell is looked up, all at once, for the looks
    wait for memory and not for each other; then the few that found something go on.
    """
    size = max(64, len(lon))
    point, volume = np.empty(size, np.int64), np.empty(size, np.int32)
    count = 0
    west, south, _, scale = grid
    columns, rows = counts
    some, cells = np.empty(MEMBERS_BLOCK, np.int64), np.empty(MEMBERS_BLOCK, np.int64)
    for begin in range(0, len(lon), MEMBERS_BLOCK):
        left = 0
        for number in range(begin, min(begin + MEMBERS_BLOCK, len(lon))):
            column = int(np.floor((lon[number] - west) * scale))
            row = int(np.floor((lat[number] - south) * scale))
            good = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
            cell = row * columns + column if good else 0
            some[left], cells[left] = number, cell
            listed = heads[cell + 1, 0] - heads[cell, 0] + heads[cell + 1, 1] - heads[cell, 1]
            left += good & (listed > 0)
        for n in range(left):
            number, cell = some[n], cells[n]
            first, from_ = heads[cell, 0], heads[cell, 1]
            last, until = heads[cell + 1, 0], heads[cell + 1, 1]
            most = last - first + until - from_
            if count + most > size:
                size = 2 * size + most
                point, volume = _longer(point, size), _longer(volume, size)
            for k in range(first, last):
                point[count], volume[count] = number, cover[k]
                count += 1
            for k in range(from_, until):
                if inside_entry(lon[number], lat[number], k, entry, edges, reference):
                    point[count], volume[count] = number, entry[k, 0]
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
    west, south, size, _ = grid
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
    corner = _ALONG * (high_x - low_x + high_y - low_y)
    for k in range(first, last):
        x0, y0, x1, y1 = edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3]
        if (
            max(x0, x1) < low_x
            or min(x0, x1) > high_x
            or max(y0, y1) < low_y
            or min(y0, y1) > high_y
        ):
            continue
        if count + 2 > len(found):
            return -1
        # A corner on the path to within rounding parts it, met or missed: else one test in
        # the middle, which rounds as well, would speak for both sides of the corner.
        one = side(ax, ay, bx, by, x0, y0)
        if abs(one) <= corner:
            found[count] = share_of(ax, ay, bx, by, x0, y0)
            count += 1
        start, end = side(x0, y0, x1, y1, ax, ay), side(x0, y0, x1, y1, bx, by)
        if start == end or (start > 0.0 and end > 0.0) or (start < 0.0 and end < 0.0):
            continue
        two = side(ax, ay, bx, by, x1, y1)
        if (one > 0.0 and two > 0.0) or (one < 0.0 and two < 0.0):
            continue
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
def metres(lat):  # type: ignore[no-untyped-def]
    """Return the length of a degree of longitude and of latitude; see `metres.py`."""
    phi = lat * np.pi / 180.0
    bent = 1.0 - E2 * np.sin(phi) ** 2
    east = A_M / np.sqrt(bent) * np.cos(phi) * np.pi / 180.0
    return east, A_M * (1.0 - E2) / bent**1.5 * np.pi / 180.0


@compiled
def block_m2(x, y, east, north, block, volume, borders):  # type: ignore[no-untyped-def]
    """Return the square of the distance of a point to the edges of one block, in square metres."""
    edge_first, edges, block_first, _ = borders
    best = np.inf
    begin = edge_first[volume] + (block - block_first[volume]) * BLOCK
    for k in range(begin, min(begin + BLOCK, edge_first[volume + 1])):
        ax, ay = (edges[k, 0] - x) * east, (edges[k, 1] - y) * north
        ex, ey = (edges[k, 2] - edges[k, 0]) * east, (edges[k, 3] - edges[k, 1]) * north
        square = ex * ex + ey * ey
        along = min(1.0, max(0.0, -(ax * ex + ay * ey) / square)) if square > 0.0 else 0.0
        ax, ay = ax + along * ex, ay + along * ey
        best = min(best, ax * ax + ay * ay)
    return best


@compiled
def border_m(x, y, volume, borders, hint):  # type: ignore[no-untyped-def]
    """Return the distance of a point to the border of a volume in metres, and the nearest block.

    Edges lie in blocks with a box each; a block that is further than the best is
    skipped. `hint` is the block that was nearest last: tried first, it saves the others.
    """
    block_first, boxes = borders[2], borders[3]
    east, north = metres(y)
    first, last = block_first[volume], block_first[volume + 1]
    nearest = hint if first <= hint < last else first
    best = block_m2(x, y, east, north, nearest, volume, borders)
    for block in range(first, last):
        dx = max(0.0, boxes[block, 0] - x, x - boxes[block, 2]) * east
        dy = max(0.0, boxes[block, 1] - y, y - boxes[block, 3]) * north
        if dx * dx + dy * dy < best:
            here = block_m2(x, y, east, north, block, volume, borders)
            if here < best:
                best, nearest = here, block
    return np.sqrt(best), nearest


@compiled
def borders_m(lon, lat, volume, borders):  # type: ignore[no-untyped-def]
    """Return the distance of points to the border of a volume in metres."""
    found, hint = np.empty(len(lon)), -1
    for k in range(len(lon)):
        found[k], hint = border_m(lon[k], lat[k], volume, borders, hint)
    return found


@compiled
def phi_of(z):  # type: ignore[no-untyped-def]
    """The normal distribution function, as in `verdict.phi`."""
    x = abs(z) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * x)
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    tail = 0.5 * series * np.exp(-x * x)
    tail = tail if tail > LEAST_TAIL else 0.0
    return 1.0 - tail if z >= 0.0 else tail


@compiled
def between(values, row, share):  # type: ignore[no-untyped-def]
    """Return a value at a share of a segment, its ends exactly."""
    if share == 0.0:
        return values[row]
    if share == 1.0:
        return values[row + 1]
    return values[row] + (values[row + 1] - values[row]) * share


@compiled
def upright_at(height, row, share, rise, volume, chart, errors):  # type: ignore[no-untyped-def]
    """Return P(between the limits) at a place, at least and as estimated, and whether known.

    `rise` is how far from the drawn height the aircraft may have been there.
    """
    lower_column, lower_ft, upper_column, upper_ft = chart[0], chart[1], chart[2], chart[3]
    plain, slope, spread = errors
    least, chance, known = 1.0, 1.0, True
    for side_of in range(2):
        c = lower_column[volume] if side_of == 0 else upper_column[volume]
        if c == UNTESTABLE:
            known = False
        elif c >= 0:
            h = between(height[c], row, share)
            if np.isnan(h):
                known = False
            else:
                margin = h - lower_ft[volume] if side_of == 0 else upper_ft[volume] - h
                sigma = np.hypot(plain[c], slope[c] * h)
                likely = phi_of(margin / np.hypot(sigma, spread * rise)) - 1.0
                chance += likely
                least += phi_of((margin - rise) / sigma) - 1.0 if rise > 0.0 else likely
    return least, chance, known


@compiled
def step_of(lon, lat, row, begin, end):  # type: ignore[no-untyped-def]
    """Return the metres of a part of a segment, and how many looks are taken along it."""
    east, north = metres((lat[row] + lat[row + 1]) / 2)
    whole = np.hypot((lon[row + 1] - lon[row]) * east, (lat[row + 1] - lat[row]) * north)
    length = whole * (end - begin)
    return length, int(min(MOST_LOOKS, max(1.0, np.ceil(length / LOOK_M))))


@compiled
def deepest(lon, lat, borders, volume, span, best, slack):  # type: ignore[no-untyped-def]
    """Return the deepest look of a stay: metres, row, share, and the share between two looks.

    A distance to the border changes by no more than the way flown, so looks that
    cannot be deeper than the best by `slack` of it are not taken.
    """
    first, share_in, last, share_out = span
    depth, deep_row, deep_share, deep_half = best
    was, since, hint = np.inf, 0.0, -1  # the last distance taken, and the way flown since
    for row in range(first, last + 1):
        begin = share_in if row == first else 0.0
        end = share_out if row == last else 1.0
        length, looks = step_of(lon, lat, row, begin, end)
        for k in range(looks + 1):
            if k > 0:
                since += length / looks
            if depth >= 0.0 and was + since <= depth * (1.0 + slack):
                continue
            share = end if k == looks else begin + (end - begin) * k / looks
            x, y = between(lon, row, share), between(lat, row, share)
            was, hint = border_m(x, y, volume, borders, hint)
            since = 0.0
            if was > depth:
                depth, deep_row, deep_share = was, row, share
                deep_half = (end - begin) / looks
    return depth, deep_row, deep_share, deep_half


@compiled
def narrowed(lon, lat, borders, volume, span, best):  # type: ignore[no-untyped-def]
    """Return the best look narrowed down between its neighbours: metres, row, share."""
    first, share_in, last, share_out = span
    depth, row, at, half = best
    left = max(share_in if row == first else 0.0, at - half)
    right = min(share_out if row == last else 1.0, at + half)
    hint = -1
    for _ in range(30 if right > left else 0):
        one, two = left + (right - left) / 3, right - (right - left) / 3
        a, hint = border_m(between(lon, row, one), between(lat, row, one), volume, borders, hint)
        b, hint = border_m(between(lon, row, two), between(lat, row, two), volume, borders, hint)
        if a > depth:
            depth, at = a, one
        if b > depth:
            depth, at = b, two
        if a < b:
            left = one
        else:
            right = two
    return depth, row, at


@compiled
def surest(path, quality, chart, borders, errors, volume, span):  # type: ignore[no-untyped-def]
    """Return firm, capped, loose, across, upright, the fixes inside, known; see `verdict.Doubt`."""
    lon, lat, _, height, _ = path
    sigma, certain, fix, trusted, band_m, band_ft = quality
    first, share_in, last, share_out = span
    firm, capped, loose, across, upright, fixes = 0.0, 0.0, 0.0, 0.0, 0.0, 0
    top, ever = 0.0, 0.0
    was, since, hint = np.inf, 0.0, -1
    for row in range(first, last + 1):
        begin = share_in if row == first else 0.0
        end = share_out if row == last else 1.0
        length, looks = step_of(lon, lat, row, begin, end)
        believed = trusted[row] and trusted[row + 1]
        for k in range(looks + 1):
            share = end if k == looks else begin + (end - begin) * k / looks
            if k > 0:
                since += length / looks
            ended = share == 1.0
            if ended and fix[row + 1] and k > 0:
                fixes += 1
            if firm >= 1.0:
                continue
            near = certain[row] or (ended and fix[row + 1])
            held = capped if near else loose
            noise = sigma[row + 1] if ended else max(sigma[row], sigma[row + 1])
            wide, rise = between(band_m, row, share), between(band_ft, row, share)
            spread = np.hypot(noise, errors[2] * wide)
            least, chance, known = upright_at(height, row, share, rise, volume, chart, errors)
            counts = known and believed and (near or wide > 0.0)
            ever = 1.0 if known else ever
            reach = was + since
            surer = counts and least > firm and least * phi_of((reach - wide) / noise) > firm
            if not surer and (chance <= held or chance * phi_of(reach / spread) <= held):
                continue
            x, y = between(lon, row, share), between(lat, row, share)
            was, hint = border_m(x, y, volume, borders, hint)
            since = 0.0
            aside = phi_of(was / spread)
            if counts:
                sure = phi_of((was - wide) / noise) if wide > 0.0 else aside
                firm = max(firm, sure * least)
            if near:
                capped = max(capped, aside * chance)
            else:
                loose = max(loose, aside * chance)
            if aside * chance > top:
                top, across, upright = aside * chance, aside, chance
    if firm >= 1.0:
        capped, loose = 0.0, 0.0
    return firm, capped, loose, across, upright, fixes, ever


@compiled
def measure(path, quality, chart, borders, errors, numbers, shares):  # type: ignore[no-untyped-def]
    """Return for each stay: depth, its lon and lat, firm, capped, loose, across, upright, fixes, microseconds, known.

    What is meant is said in `measure.py`. The depth is searched twice: roughly, and
    then for anything deeper than that, which takes few looks.
    """
    lon, lat, seen_at = path[0], path[1], path[2]
    found = np.zeros((len(numbers), 11))
    for n in range(len(numbers)):
        volume, first, last = numbers[n, 0], numbers[n, 1], numbers[n, 3]
        span = (first, shares[n, 0], last, shares[n, 1])
        best = (-1.0, first, shares[n, 0], 0.0)
        best = deepest(lon, lat, borders, volume, span, best, 0.1)
        best = deepest(lon, lat, borders, volume, span, best, 0.0)
        depth, row, share = narrowed(lon, lat, borders, volume, span, best)
        found[n, 0], found[n, 1], found[n, 2] = (
            depth,
            between(lon, row, share),
            between(lat, row, share),
        )
        doubt = surest(path, quality, chart, borders, errors, volume, span)
        found[n, 3], found[n, 4], found[n, 5] = doubt[0], doubt[1], doubt[2]
        found[n, 6], found[n, 7], found[n, 8] = doubt[3], doubt[4], doubt[5]
        found[n, 10] = doubt[6]
        begins = np.rint((seen_at[first + 1] - seen_at[first]) * shares[n, 0])
        ends = np.rint((seen_at[last + 1] - seen_at[last]) * shares[n, 1])
        found[n, 9] = seen_at[last] - seen_at[first] + ends - begins
    return found


@compiled
def inside_ring(x, y, volume, edge_first, edges):  # type: ignore[no-untyped-def]
    """Say whether a point is in a volume, by every edge; exact, the border counts."""
    inside = False
    for k in range(edge_first[volume], edge_first[volume + 1]):
        x0, y0, x1, y1 = edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3]
        if max(y0, y1) < y or min(y0, y1) > y or max(x0, x1) < x:
            continue
        turn = side(x0, y0, x1, y1, x, y)
        if turn == 0.0 and min(x0, x1) <= x:
            return True
        if (y0 <= y) != (y1 <= y) and (turn > 0.0) == (y1 > y0):
            inside = not inside
    return inside


@compiled
def beyond(height, row, column, limit_ft, sign, errors, exit_ft):  # type: ignore[no-untyped-def]
    """Say whether a fix is outside one limit by more than doubt allows."""
    if column < 0 or column == UNTESTABLE:
        return False
    plain, slope, _ = errors
    h = height[column, row]
    reach = max(2 * np.hypot(plain[column], slope[column] * h), exit_ft)
    return sign * (h - limit_ft) < -reach


@compiled
def leave(path, quality, chart, borders, errors, exits, volume, first, last, state):  # type: ignore[no-untyped-def]
    """Follow the fixes of rows first..last after an exit; `episode.py` says what is meant.

    `state` is (fixes outside in a row, since when); returned with whether the exit is certain.
    """
    lon, lat, seen_at, height, _ = path
    sigma, _, fix, _, _, _ = quality
    exit_m, exit_ft, exit_fixes, exit_us = exits
    count, since = state
    for row in range(first, last + 1):
        if not fix[row]:
            continue
        near = chart[4][volume] <= seen_at[row] < chart[5][volume]
        if near:
            near = not beyond(height, row, chart[0][volume], chart[1][volume], 1, errors, exit_ft)
        if near:
            near = not beyond(height, row, chart[2][volume], chart[3][volume], -1, errors, exit_ft)
        if near:
            reach = max(2 * sigma[row], exit_m)
            near = border_m(lon[row], lat[row], volume, borders, -1)[0] < reach or inside_ring(
                lon[row], lat[row], volume, borders[0], borders[1]
            )
        if near:
            count = 0
            continue
        if count == 0:
            since = seen_at[row]
        count += 1
        if count >= exit_fixes or seen_at[row] - since >= exit_us:
            return count, since, True
    return count, since, False

"""The compiled path: from segments to the pieces, stays, entries and exits that they make.

Three passes, block by block. A screen passes over the fixes, with one look into the
table of cells for each, and writes down the segments that may meet anything
(`joined_segments` of a path that is laid out, `screen` of columns as they come).
`pieces` works those out against every volume. `stays_of` and `visits_of` join what
goes on from one segment to the next. What is meant is said in plain words in `stay.py`
and `sweep.py`. Import this module from `kernel.py` only.

A call with many arrays costs more than what it does for one segment (each is counted
up and down), so the passes are loops and what they call is small.
"""

from __future__ import annotations

import numpy as np

from truceline.airspace.compiled import (
    BORDER,
    HEIGHT,
    OPEN,
    WINDOW,
    compiled,
    hits,
    inside_entry,
    narrow,
    walk,
)

_SAME = 1e-13

# A segment that is written down. Whole numbers:
ROW, BEGINS, ENDS, FRESH, FINAL, OF, BEFORE, AFTER = range(8)
# and lon, lat of its ends (0..3), three heights here (4..6) and there (7..9).
SEGMENT_WHOLES, SEGMENT_REALS = 8, 10

# A piece: the segment, the volume, what its ends are; and start and end as shares.
SEGMENT, IN_VOLUME, PIECE_IN, PIECE_OUT = range(4)

# A visit. Whole numbers; and longitude, latitude, feet of the entry and of the exit.
SLOT, VOLUME, AT_IN, AT_OUT, EDGE_IN, EDGE_OUT, BEFORE_IN, AFTER_IN, BEFORE_OUT, AFTER_OUT = range(
    10
)
WHOLES, REALS = 10, 6

# What is kept of an aircraft, one line of the cache: lon, lat and three heights (0..4), and
# times and a number that are whole in a float. Its first open visit is kept apart.
SEEN, HEARD, NUMBER = 5, 6, 7

# Why a fix was left out: the columns of the count that `screen` keeps.
NO_POSITION, OUT_OF_RANGE, ZERO, POLE, TOO_OLD, FUTURE, LATE, TWICE = range(8)

EARLIEST_US = 631_152_000_000_000
NEAR_POLE_DEG = 89.0
"""These repeat `track`: a test holds them equal."""


@compiled
def in_order(values, count):  # type: ignore[no-untyped-def]
    """Sort the first `count` values where they are (Shell): mostly there are two or three."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, count):
            value, place = values[k], k
            while place >= gap and values[place - gap] > value:
                values[place] = values[place - gap]
                place -= gap
            values[place] = value
        gap //= 3


@compiled
def height_at(real, k, share):  # type: ignore[no-untyped-def]
    """Return the pressure altitude at a share, or the geometric one where only that is known."""
    for c in (4, 6):
        h = real[k, c] if share == 0.0 else real[k, c] + (real[k, c + 3] - real[k, c]) * share
        if share == 1.0:
            h = real[k, c + 3]
        if h == h:
            return h
    return np.nan


@compiled
def grown(values, room):  # type: ignore[no-untyped-def]
    """Return a copy with more rows."""
    made = np.empty((room, values.shape[1]), values.dtype)
    made[: len(values)] = values
    return made


@compiled
def reason_of(x, y, t, last_t, now_us):  # type: ignore[no-untyped-def]  # noqa: PLR0911 -- one return a reason
    """Return why a fix cannot be taken."""
    if not (abs(x) < np.inf and abs(y) < np.inf):
        return NO_POSITION
    if abs(y) > 90 or abs(x) > 180:
        return OUT_OF_RANGE
    if x == 0.0 and y == 0.0:
        return ZERO
    if abs(y) > NEAR_POLE_DEG:
        return POLE
    if t < EARLIEST_US:
        return TOO_OLD
    if t > now_us:
        return FUTURE
    return LATE if t < last_t else TWICE


@compiled
def too_high_or_low(a, b, column, row, to_column, to_row, columns, rows, heights):  # type: ignore[no-untyped-def]
    """Say whether two pressure altitudes are both above or both below all that a segment passes.

    One step to a neighbour passes no cell but the four around the corner. An unknown
    height is neither.
    """
    low, high = min(column, to_column), max(column, to_column)
    bottom, top = min(row, to_row), max(row, to_row)
    if (
        high - low > 1
        or top - bottom > 1
        or low < 0
        or bottom < 0
        or high >= columns
        or top >= rows
    ):
        return False
    above, below = True, True
    for y in range(bottom, top + 1):
        for x in range(low, high + 1):
            cell = y * columns + x
            above &= (a > heights[cell, 1]) & (b > heights[cell, 1])
            below &= (a < heights[cell, 0]) & (b < heights[cell, 0])
    return above or below


@compiled
def joined_segments(path, begin, grid, counts, nearest, heights, whole, real):  # type: ignore[no-untyped-def]
    """Write down the segments of a path from row `begin` that may meet a volume.

    Returns how many, and the row at which the block was full (or the last one).
    """
    lon, lat, seen_at, height, joins = path
    west, south, _, scale = grid
    columns, rows = counts
    made = 0
    for k in range(begin, len(lon) - 1):
        if not joins[k]:
            continue
        ax, ay, bx, by = lon[k], lat[k], lon[k + 1], lat[k + 1]
        column, row = int(np.floor((ax - west) * scale)), int(np.floor((ay - south) * scale))
        to_column = int(np.floor((bx - west) * scale))
        to_row = int(np.floor((by - south) * scale))
        if 0 <= column < columns and 0 <= row < rows:
            steps = max(abs(to_column - column), abs(to_row - row))
            if nearest[row * columns + column] > steps:
                continue
            a, b = height[0, k], height[0, k + 1]
            if too_high_or_low(a, b, column, row, to_column, to_row, columns, rows, heights):
                continue
        if made == len(whole):
            return made, k
        whole[made, ROW], whole[made, BEGINS], whole[made, ENDS] = k, seen_at[k], seen_at[k + 1]
        whole[made, FRESH] = k == 0 or not joins[k - 1]
        whole[made, FINAL] = not joins[k + 1]
        real[made, 0], real[made, 1], real[made, 2], real[made, 3] = ax, ay, bx, by
        for c in range(3):
            real[made, 4 + c], real[made, 7 + c] = height[c, k], height[c, k + 1]
        made += 1
    return made, len(lon)


@compiled
def pieces(count, whole, real, volumes, table, scratch):  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 -- the hot loop: one pass, no calls that hide a cost
    """Return the pieces of segments that lie in volumes, in the order of the segments."""
    grid, counts, heads, cover, entry, edges, reference = table
    marks, near, which, passed, stamps = scratch
    west, south, _, scale = grid
    columns, rows = counts
    met, cuts = np.empty(64), np.empty(2 * 64 + 2)
    words, shares = np.empty((1024, 4), np.int64), np.empty((1024, 2))
    total, stamp = 0, stamps[0]
    stamps[0] += count + 1
    for k in range(count):
        stamp += 1
        ax, ay, bx, by = real[k, 0], real[k, 1], real[k, 2], real[k, 3]
        begins, ends = whole[k, BEGINS], whole[k, ENDS]
        column, row = int(np.floor((ax - west) * scale)), int(np.floor((ay - south) * scale))
        within = 0 <= column < columns and 0 <= row < rows
        cell = row * columns + column if within else -1
        one = (
            within
            and column == int(np.floor((bx - west) * scale))
            and row == int(np.floor((by - south) * scale))
        )
        # Which volumes may be met, those with a border on the way first.
        listed, passes = 0, 1
        if one:
            for e in range(heads[cell, 1], heads[cell + 1, 1]):
                near[listed], which[listed] = entry[e, 0], e
                listed += 1
            passed[0] = cell
        else:
            passes = walk(ax, ay, bx, by, grid, counts, passed)
            for n in range(passes):
                for e in range(heads[passed[n], 1], heads[passed[n] + 1, 1]):
                    if marks[entry[e, 0]] != stamp:
                        marks[entry[e, 0]] = stamp
                        near[listed], which[listed] = entry[e, 0], -1
                        listed += 1
        with_border = listed
        if within:
            for c in range(heads[cell, 0], heads[cell + 1, 0]):
                if one or marks[cover[c]] != stamp:
                    near[listed] = cover[c]
                    listed += 1
        for n in range(listed):
            volume = near[n]
            # Height and time are cheap: first.
            low, high = 0.0, 1.0
            c = int(volumes[volume, 0])
            if 0 <= c <= 2:
                limit = volumes[volume, 1]
                low, high = narrow(real[k, 4 + c] - limit, real[k, 7 + c] - limit, low, high)
            c = int(volumes[volume, 2])
            if 0 <= c <= 2 and high >= low:
                limit = volumes[volume, 3]
                low, high = narrow(limit - real[k, 4 + c], limit - real[k, 7 + c], low, high)
            if high < low:
                continue
            opens = volumes[volume, 4] - begins
            closes = volumes[volume, 5] - begins
            if opens > ends - begins or closes <= 0:
                continue
            since, until = 0.0, 1.0
            if opens > 0:
                since = opens / max(ends - begins, 1)
            if closes < ends - begins:
                until = closes / max(ends - begins, 1)
            # On the ground.
            parts = 0
            if n >= with_border:
                cuts[0], cuts[1] = 0.0, 1.0
                parts = 1
            else:
                found = 0
                while True:
                    found, own = 0, which[n]
                    if own >= 0:
                        found = hits(
                            ax, ay, bx, by, entry[own, 1], entry[own + 1, 1], edges, met, 0
                        )
                    else:
                        for m in range(passes):
                            for e in range(heads[passed[m], 1], heads[passed[m] + 1, 1]):
                                if entry[e, 0] == volume and found >= 0:
                                    found = hits(
                                        ax,
                                        ay,
                                        bx,
                                        by,
                                        entry[e, 1],
                                        entry[e + 1, 1],
                                        edges,
                                        met,
                                        found,
                                    )
                    if found >= 0:
                        break
                    met, cuts = np.empty(4 * len(met)), np.empty(8 * len(met) + 2)
                still = ax == bx and ay == by
                if found > 1:
                    in_order(met, found)
                whole_way = found == 0 or still
                before = 0.0
                for m in range(1 if whole_way else found + 1):
                    after = met[m] if m < found and not whole_way else 1.0
                    if after - before <= _SAME:
                        if m == found and parts > 0 and cuts[2 * parts - 1] == before:
                            cuts[2 * parts - 1] = 1.0
                        continue
                    # One place of the part says on which side it is.
                    half = 0.0 if whole_way else before + (after - before) / 2
                    px, py = ax + (bx - ax) * half, ay + (by - ay) * half
                    own, inside = which[n], False
                    if own < 0:
                        pcolumn = int(np.floor((px - west) * scale))
                        prow = int(np.floor((py - south) * scale))
                        if 0 <= pcolumn < columns and 0 <= prow < rows:
                            here = prow * columns + pcolumn
                            for e in range(heads[here, 1], heads[here + 1, 1]):
                                if entry[e, 0] == volume:
                                    own = e
                            if own < 0:
                                for c in range(heads[here, 0], heads[here + 1, 0]):
                                    inside = inside or cover[c] == volume
                    if own >= 0:
                        inside = inside_entry(px, py, own, entry, edges, reference)
                    if inside:
                        if parts > 0 and before - cuts[2 * parts - 1] <= _SAME:
                            cuts[2 * parts - 1] = after
                        else:
                            cuts[2 * parts] = 0.0 if before <= _SAME else before
                            cuts[2 * parts + 1] = after
                            parts += 1
                    before = after
                if parts > 0 and 1.0 - cuts[2 * parts - 1] <= _SAME:
                    cuts[2 * parts - 1] = 1.0
            # Put together.
            for m in range(parts):
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
                # A window that opens or closes exactly at a fix leaves no share to see it by.
                if start == 0.0:
                    if whole[k, FRESH]:
                        edge_in = OPEN
                    elif begins == volumes[volume, 4]:
                        edge_in = WINDOW
                if end == 1.0:
                    if ends == volumes[volume, 5]:
                        edge_out = WINDOW
                    elif whole[k, FINAL]:
                        edge_out = OPEN
                if total == len(words):
                    more, wide = np.empty((2 * total, 4), np.int64), np.empty((2 * total, 2))
                    more[:total], wide[:total] = words, shares
                    words, shares = more, wide
                words[total, 0], words[total, 1] = k, volume
                words[total, 2], words[total, 3] = edge_in, edge_out
                shares[total, 0], shares[total, 1] = start, end
                total += 1
    return total, words, shares


@compiled
def stays_in(path, volumes, table, nearest, heights, scratch, room):  # type: ignore[no-untyped-def]
    """Return the stays of the path in every volume, in order of their ends along the path.

    The columns are those of `stay.Stays`; `room` is a block of segments.
    """
    whole, real = room
    made = 0
    numbers = np.empty((1024, 5), np.int64)  # volume, row_in, edge_in, row_out, edge_out
    shares = np.empty((1024, 2))
    current = np.full(len(volumes), -1, np.int64)  # the stay that may go on, by volume
    begin = 0
    while begin < len(path[0]):
        count, begin = joined_segments(
            path, begin, table[0], table[1], nearest, heights, whole, real
        )
        total, words, parts = pieces(count, whole, real, volumes, table, scratch)
        for n in range(total):
            k, volume = words[n, SEGMENT], words[n, IN_VOLUME]
            row, start, end = whole[k, ROW], parts[n, 0], parts[n, 1]
            last = current[volume]
            if (
                last >= 0
                and start == 0.0
                and not whole[k, FRESH]
                and numbers[last, 3] == row - 1
                and shares[last, 1] == 1.0
            ):
                numbers[last, 3], numbers[last, 4] = row, words[n, PIECE_OUT]
                shares[last, 1] = end
                continue
            if made == len(numbers):
                numbers, shares = grown(numbers, 2 * made), grown(shares, 2 * made)
            numbers[made, 0], numbers[made, 1], numbers[made, 2] = volume, row, words[n, PIECE_IN]
            numbers[made, 3], numbers[made, 4] = row, words[n, PIECE_OUT]
            shares[made, 0], shares[made, 1] = start, end
            current[volume] = made
            made += 1
    return numbers[:made], shares[:made]


@compiled
def screen(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 -- the hot loop: one pass, no calls that hide a cost
    batch, begin, state, left_out, grid, counts, nearest, heights, rules, share, whole, real
):
    """Take fixes from row `begin` on and write down the segments that may meet a volume.

    Returns how many, and the row at which the block was full (or the last one). `share`
    is (mine, of how many): aircraft of others are passed over, so that threads can
    share a batch. A segment from a fix to itself begins every leg.
    """
    slots, seen_at, lons, lats, stds, amsls, wgss, ground, sequence = batch
    place, _ = state
    longest_us, held_us, now_us = rules
    west, south, _, scale = grid
    columns, rows = counts
    current, row_before = -1, -1
    px, py, p0, p1, p2 = 0.0, 0.0, 0.0, 0.0, 0.0
    pt, heard = np.int64(0), np.int64(0)
    pcolumn, prow = -1, -1
    made, stop = 0, len(slots)
    for r in range(begin, len(slots)):
        s = slots[r]
        if s != current:
            if share[1] > 1 and (s >> 6) % share[1] != share[0]:
                continue
            if row_before >= 0:
                place[current, 0], place[current, 1] = px, py
                place[current, 2], place[current, 3], place[current, 4] = p0, p1, p2
                place[current, SEEN], place[current, HEARD] = pt, heard
                place[current, NUMBER] = sequence[row_before]
            current, row_before = s, -1
            px, py = place[s, 0], place[s, 1]
            p0, p1, p2 = place[s, 2], place[s, 3], place[s, 4]
            pt, heard = np.int64(place[s, SEEN]), np.int64(place[s, HEARD])
            if pt > 0:
                pcolumn = int(np.floor((px - west) * scale))
                prow = int(np.floor((py - south) * scale))
        t, x, y = seen_at[r], lons[r], lats[r]
        # Most fixes pass all tests at once; why one does not is found out afterwards.
        good = (abs(x) <= 180.0) & (abs(y) <= NEAR_POLE_DEG) & (t >= EARLIEST_US) & (t <= now_us)
        if not (good & (t > pt)) or (x == 0.0 and y == 0.0):
            left_out[reason_of(x, y, t, pt, now_us)] += 1
            continue
        h0, h1, h2 = stds[r], amsls[r], wgss[r]
        heard_now = t
        if h0 != h0:
            heard_now = heard
            if pt > 0 and t - heard <= held_us:
                h0, h1 = p0, p1
            elif ground[r]:
                h0, h1 = 0.0, 0.0
        if h2 != h2 and ground[r]:
            h2 = 0.0
        column, row = int(np.floor((x - west) * scale)), int(np.floor((y - south) * scale))
        fresh = t - pt > longest_us
        over = False
        if fresh:
            ax, ay, a0, a1, a2, begins = x, y, h0, h1, h2, t
            quiet = not (0 <= column < columns and 0 <= row < rows)
            quiet = quiet or nearest[row * columns + column] > 0
        else:
            ax, ay, a0, a1, a2, begins = px, py, p0, p1, p2, pt
            over = abs(x - px) > 180.0
            if 0 <= pcolumn < columns and 0 <= prow < rows:
                steps = max(abs(column - pcolumn), abs(row - prow))
                quiet = not over and (
                    nearest[prow * columns + pcolumn] > steps
                    or too_high_or_low(p0, h0, pcolumn, prow, column, row, columns, rows, heights)
                )
            else:
                quiet = not over and (
                    max(column, pcolumn) < 0
                    or min(column, pcolumn) >= columns
                    or max(row, prow) < 0
                    or min(row, prow) >= rows
                )
        if not quiet:
            if made + 2 > len(whole):
                stop = r
                break
            after = sequence[r]
            before = after
            if not fresh:
                before = sequence[row_before] if row_before >= 0 else np.int64(place[s, NUMBER])
            whole[made, OF], whole[made, FRESH], whole[made, FINAL] = s, fresh, False
            whole[made, BEGINS], whole[made, ENDS] = begins, t
            whole[made, BEFORE], whole[made, AFTER] = before, after
            real[made, 0], real[made, 1], real[made, 2], real[made, 3] = ax, ay, x, y
            real[made, 4], real[made, 5], real[made, 6] = a0, a1, a2
            real[made, 7], real[made, 8], real[made, 9] = h0, h1, h2
            made += 1
            if over:
                # A step over the antimeridian is two: to the border of the map, and on from there.
                side = 180.0 if ax > 0 else -180.0
                left = abs(side - ax)
                turn = left / max(left + abs(side + x), 1e-12)
                for n in range(WHOLES - 2):
                    whole[made, n] = whole[made - 1, n]
                for n in range(SEGMENT_REALS):
                    real[made, n] = real[made - 1, n]
                middle = begins + np.int64(np.rint((t - begins) * turn))
                whole[made - 1, ENDS] = whole[made, BEGINS] = middle
                real[made - 1, 2], real[made, 0] = side, -side
                real[made - 1, 3] = real[made, 1] = ay + (y - ay) * turn
                for n in range(4, 7):
                    mid = real[made, n] + (real[made, n + 3] - real[made, n]) * turn
                    real[made - 1, n + 3] = real[made, n] = mid
                made += 1
        px, py, p0, p1, p2, pt, heard = x, y, h0, h1, h2, t, heard_now
        pcolumn, prow, row_before = column, row, r
    if row_before >= 0:
        place[current, 0], place[current, 1] = px, py
        place[current, 2], place[current, 3], place[current, 4] = p0, p1, p2
        place[current, SEEN], place[current, HEARD] = pt, heard
        place[current, NUMBER] = sequence[row_before]
    return made, stop


@compiled
def emit(out_whole, out_real, made, pool_whole, pool_real, node):  # type: ignore[no-untyped-def]
    """Write an open visit as one that has ended where it was last seen."""
    for n in range(WHOLES):
        out_whole[made, n] = pool_whole[node, n]
    for n in range(REALS):
        out_real[made, n] = pool_real[node, n]


@compiled
def sweep(batch, state, pool, spent, volumes, table, nearest, heights, scratch, room, rules, share):  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 -- the hot loop: one pass, no calls that hide a cost
    """Follow a batch of fixes; return the visits that ended, and the pool, which may have grown.

    An open visit is kept as if it had ended at the last fix inside; the next segment
    of its aircraft either begins there and goes on with it, or it has ended.
    """
    left_out, free_of = spent
    whole, real = room
    place, heads = state
    pool_whole, pool_real, pool_next = pool
    free = free_of[0]
    out_whole, out_real = np.empty((1024, WHOLES), np.int64), np.empty((1024, REALS))
    made, begin = 0, 0
    while begin < len(batch[0]):
        count, begin = screen(
            batch,
            begin,
            state,
            left_out,
            table[0],
            table[1],
            nearest,
            heights,
            rules,
            share,
            whole,
            real,
        )
        total, words, parts = pieces(count, whole, real, volumes, table, scratch)
        for n in range(total):
            k, volume = words[n, SEGMENT], words[n, IN_VOLUME]
            s, begins, ends = whole[k, OF], whole[k, BEGINS], whole[k, ENDS]
            start, end = parts[n, 0], parts[n, 1]
            ax, ay, bx, by = real[k, 0], real[k, 1], real[k, 2], real[k, 3]
            # What was open before this fix, and is not reached by this piece, has ended.
            node, chain, own = heads[s], -1, -1
            if (
                node >= 0
                and end == 1.0
                and pool_next[node] < 0
                and start == 0.0
                and pool_whole[node, VOLUME] == volume
                and pool_whole[node, AT_OUT] == begins
                and not whole[k, FRESH]
            ):
                # Mostly one visit is open, and it goes on.
                pool_whole[node, AT_OUT], pool_whole[node, EDGE_OUT] = ends, words[n, PIECE_OUT]
                pool_whole[node, BEFORE_OUT] = whole[k, AFTER]
                pool_whole[node, AFTER_OUT] = whole[k, AFTER]
                pool_real[node, 3], pool_real[node, 4] = bx, by
                pool_real[node, 5] = real[k, 7] if real[k, 7] == real[k, 7] else real[k, 9]
                continue
            while node >= 0:
                onward = pool_next[node]
                if (
                    own < 0
                    and start == 0.0
                    and not whole[k, FRESH]
                    and pool_whole[node, VOLUME] == volume
                    and pool_whole[node, AT_OUT] == begins
                ):
                    own = node
                elif pool_whole[node, AT_OUT] < begins:
                    if made == len(out_whole):
                        out_whole, out_real = grown(out_whole, 2 * made), grown(out_real, 2 * made)
                    emit(out_whole, out_real, made, pool_whole, pool_real, node)
                    made += 1
                    pool_next[node], free = free, node
                else:
                    pool_next[node], chain = chain, node
                node = onward
            if own < 0:
                if free < 0:
                    have = len(pool_whole)
                    pool_whole, pool_real = grown(pool_whole, 2 * have), grown(pool_real, 2 * have)
                    pool_next = np.append(pool_next, np.arange(have + 1, 2 * have + 1))
                    pool_next[2 * have - 1] = -1
                    free = have
                own = free
                free = pool_next[own]
                pool_whole[own, SLOT], pool_whole[own, VOLUME] = s, volume
                pool_whole[own, AT_IN] = begins + np.int64(np.rint((ends - begins) * start))
                pool_whole[own, EDGE_IN] = words[n, PIECE_IN]
                pool_whole[own, BEFORE_IN] = whole[k, BEFORE]
                pool_whole[own, AFTER_IN] = whole[k, AFTER] if start > 0.0 else whole[k, BEFORE]
                pool_real[own, 0] = ax + (bx - ax) * start
                pool_real[own, 1] = ay + (by - ay) * start
                pool_real[own, 2] = height_at(real, k, start)
            pool_whole[own, AT_OUT] = begins + np.int64(np.rint((ends - begins) * end))
            pool_whole[own, EDGE_OUT] = words[n, PIECE_OUT]
            pool_whole[own, BEFORE_OUT] = whole[k, BEFORE] if end < 1.0 else whole[k, AFTER]
            pool_whole[own, AFTER_OUT] = whole[k, AFTER]
            pool_real[own, 3] = ax + (bx - ax) * end if end < 1.0 else bx
            pool_real[own, 4] = ay + (by - ay) * end if end < 1.0 else by
            pool_real[own, 5] = height_at(real, k, end)
            if end < 1.0:
                if made == len(out_whole):
                    out_whole, out_real = grown(out_whole, 2 * made), grown(out_real, 2 * made)
                emit(out_whole, out_real, made, pool_whole, pool_real, own)
                made += 1
                pool_next[own], free = free, own
            else:
                pool_next[own], chain = chain, own
            heads[s] = chain
    # What did not reach the last fix of its aircraft has ended too.
    by_row = len(batch[0]) < len(heads)
    before = -1
    for r in range(len(batch[0]) if by_row else len(heads)):
        s = batch[0][r] if by_row else r
        if s == before or heads[s] < 0:
            continue
        before = s
        node, chain = heads[s], -1
        while node >= 0:
            onward = pool_next[node]
            if pool_whole[node, AT_OUT] < place[s, SEEN]:
                if made == len(out_whole):
                    out_whole, out_real = grown(out_whole, 2 * made), grown(out_real, 2 * made)
                emit(out_whole, out_real, made, pool_whole, pool_real, node)
                made += 1
                pool_next[node], free = free, node
            else:
                pool_next[node], chain = chain, node
            node = onward
        heads[s] = chain
    free_of[0] = free
    return (pool_whole, pool_real, pool_next), out_whole[:made], out_real[:made]


@compiled
def ended(place, heads, pool, free_of, before_us):  # type: ignore[no-untyped-def]
    """End every leg whose last fix is older than this; return what was open."""
    pool_whole, pool_real, pool_next = pool
    out_whole, out_real = np.empty((1024, WHOLES), np.int64), np.empty((1024, REALS))
    made, free = 0, free_of[0]
    for s in range(len(heads)):
        node = heads[s] if place[s, SEEN] < before_us else -1
        if node >= 0:
            heads[s] = -1
        while node >= 0:
            if made == len(out_whole):
                out_whole, out_real = grown(out_whole, 2 * made), grown(out_real, 2 * made)
            emit(out_whole, out_real, made, pool_whole, pool_real, node)
            if out_whole[made, EDGE_OUT] != WINDOW:
                out_whole[made, EDGE_OUT] = OPEN
            made += 1
            onward = pool_next[node]
            pool_next[node], free = free, node
            node = onward
    free_of[0] = free
    return out_whole[:made], out_real[:made]


@compiled
def nothing_on(ax, ay, bx, by, a, b, grid, counts, nearest, heights):  # type: ignore[no-untyped-def]
    """Say whether a long straight step passes no cell with anything at its heights.

    It goes from cell to cell, and over as many as the table says are empty around.
    """
    west, south, _, scale = grid
    columns, rows = counts
    x0, y0 = (ax - west) * scale, (ay - south) * scale
    run, rise = (bx - west) * scale - x0, (by - south) * scale - y0
    whole = max(abs(run), abs(rise))
    done = 0.0
    while True:
        share = min(1.0, done / whole) if whole > 0.0 else 1.0
        column, row = int(np.floor(x0 + run * share)), int(np.floor(y0 + rise * share))
        step = 1.0
        if 0 <= column < columns and 0 <= row < rows:
            empty = nearest[row * columns + column]
            step = max(1.0, empty - 1.0)
            if empty <= 1:
                # Itself and the cells around: a step of one cell passes no other.
                above, below = True, True
                for y in range(max(0, row - 1), min(rows, row + 2)):
                    for x in range(max(0, column - 1), min(columns, column + 2)):
                        cell = y * columns + x
                        above &= (a > heights[cell, 1]) & (b > heights[cell, 1])
                        below &= (a < heights[cell, 0]) & (b < heights[cell, 0])
                if not (above or below):
                    return False
        if done >= whole:
            return True
        done += step


@compiled
def ahead_segments(  # type: ignore[no-untyped-def]
    paths, begin, horizon_s, chord_s, per_degree, grid, counts, nearest, heights, whole, real
):
    """Write down the straight parts of the ways ahead, from row `begin` on, that may meet a volume.

    Returns how many, and the row at which the block was full (or the last one).
    """
    lon, lat, seen_at, height, east, north, climb, turn, turn_s, climb_s = paths
    most = int(np.ceil(horizon_s / chord_s)) + 3
    made = 0
    for k in range(begin, len(lon)):
        if made + most > len(whole):
            return made, k
        turning = 0.0 if turn[k] == 0.0 else min(turn_s[k], horizon_s)
        ve, vn = east[k], north[k]
        if turning > 0.0:
            ve, vn = ve * per_degree[0, k], vn * per_degree[1, k]
        climbing = 0.0 if climb[k] == 0.0 else min(climb_s[k], horizon_s)
        ax, ay, begins = lon[k], lat[k], 0.0
        while begins < horizon_s:
            ends = horizon_s
            if begins < turning:
                ends = min(begins + chord_s, turning)
            if begins < climbing < ends:
                ends = climbing
            bx, by = ax + ve * (ends - begins), ay + vn * (ends - begins)
            if turning > 0.0:
                # Over a chord the direction is that of its middle.
                angle = turn[k] * (min(begins, turning) + min(ends, turning)) / 2
                ce = ve * np.cos(angle) + vn * np.sin(angle)
                cn = vn * np.cos(angle) - ve * np.sin(angle)
                bx = ax + ce * (ends - begins) / per_degree[0, k]
                by = ay + cn * (ends - begins) / per_degree[1, k]
            up, up_then = climb[k] * min(begins, climbing), climb[k] * min(ends, climbing)
            a, b = height[0, k] + up, height[0, k] + up_then
            if not nothing_on(ax, ay, bx, by, a, b, grid, counts, nearest, heights):
                whole[made, ROW], whole[made, OF] = k, k
                whole[made, BEGINS] = seen_at[k] + np.int64(begins * 1e6)
                whole[made, ENDS] = seen_at[k] + np.int64(ends * 1e6)
                whole[made, FRESH], whole[made, FINAL] = False, False
                real[made, 0], real[made, 1], real[made, 2], real[made, 3] = ax, ay, bx, by
                for c in range(3):
                    real[made, 4 + c] = height[c, k] + up
                    real[made, 7 + c] = height[c, k] + up_then
                made += 1
            ax, ay, begins = bx, by, ends
    return made, len(lon)


@compiled
def ahead(paths, horizon_s, chord_s, per_degree, volumes, table, nearest, heights, scratch, room):  # type: ignore[no-untyped-def]
    """Return (row, volume) and the seconds until each way ahead first enters each volume."""
    whole, real = room
    numbers, seconds = np.empty((1024, 2), np.int64), np.empty((1024, 1))
    latest = np.full(len(volumes), -1, np.int64)  # the row that a volume was last entered by
    made, begin = 0, 0
    while begin < len(paths[0]):
        count, begin = ahead_segments(
            paths, begin, horizon_s, chord_s, per_degree, table[0], table[1], nearest, heights,
            whole, real,
        )  # fmt: skip
        total, words, parts = pieces(count, whole, real, volumes, table, scratch)
        for n in range(total):
            k, volume = words[n, SEGMENT], words[n, IN_VOLUME]
            row = whole[k, ROW]
            if latest[volume] == row:
                continue
            latest[volume] = row
            if made == len(numbers):
                numbers, seconds = grown(numbers, 2 * made), grown(seconds, 2 * made)
            numbers[made, 0], numbers[made, 1] = row, volume
            begins, ends = whole[k, BEGINS], whole[k, ENDS]
            seconds[made, 0] = (begins - paths[2][row] + (ends - begins) * parts[n, 0]) / 1e6
            made += 1
    return numbers[:made, 0].copy(), numbers[:made, 1].copy(), seconds[:made, 0].copy()

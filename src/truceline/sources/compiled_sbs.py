"""The SBS line parser, compiled. Importing this module compiles nothing yet, but needs numba.

It reads the lines that receivers write and gives back every other one untouched ("odd"):
those are read by `sbs.py`, which says in plain words what is meant. So the two cannot
differ in what a damaged line is worth; where both read a line, a test holds them equal.

Numbers of up to fifteen digits are a whole number divided by a power of ten, both exact:
the result is the double that the text means, as Python's `float` gives it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

CACHED = True
"""Whether what is compiled is kept for the next start."""

FIELDS = 22
LINES, POSITIONS, BAD_POSITION, APART, LOCAL, ADDRESSES, CALLSIGNS, ROWS = range(8)
"""What `counts` holds."""
CALLSIGN, BARO_AT, SPEED_AT, TRACK_AT, CLIMB_AT, SQUAWK, SQUAWK_AT = range(7)
"""What the whole numbers heard of an aircraft are; the others are its four values."""

APART_US, KEPT_US = 10_000_000, 30_000_000
QUARTER_US, ZONES_US = 900_000_000, 14 * 3_600_000_000
"""These repeat `sbs.py`: a test holds them equal."""

_POWERS = np.array([10.0**k for k in range(16)])


def compiled(function: Callable[..., Any]) -> Any:
    """Compile at first call; keep the result on disk where that can be done."""
    global CACHED  # noqa: PLW0603 -- told once, at import
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        CACHED = False
        return numba.njit(nogil=True)(function)


@compiled
def digits(data, start, end):  # type: ignore[no-untyped-def]
    """Return the whole number that some digits are, -1 if one of them is none."""
    value = 0
    for at in range(start, end):
        digit = data[at] - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@compiled
def number(data, start, end):  # type: ignore[no-untyped-def]
    """Return a decimal number and whether it is a plain one; nothing at all is NaN."""
    if start == end:
        return np.nan, True
    negative = data[start] == 45
    at = start + 1 if negative else start
    value, count, after = 0, 0, -1
    while at < end:
        byte = data[at]
        if byte == 46:
            if after >= 0 or count == 0:
                return np.nan, False
            after = 0
        elif byte < 48 or byte > 57:
            return np.nan, False
        else:
            value = value * 10 + (byte - 48)
            count += 1
            if after >= 0:
                after += 1
        at += 1
    if count == 0 or count > 15 or after == 0:
        return np.nan, False
    found = float(value)
    if after > 0:
        found = found / _POWERS[after]
    return (-found if negative else found), True


@compiled
def day_us(data, start, end):  # type: ignore[no-untyped-def]
    """Return the midnight of YYYY/MM/DD in microseconds since 1970, -1 if it is none."""
    if end - start != 10 or data[start + 4] != 47 or data[start + 7] != 47:
        return -1
    year = digits(data, start, start + 4)
    month = digits(data, start + 5, start + 7)
    day = digits(data, start + 8, start + 10)
    if year < 1970 or month < 1 or month > 12 or day < 1 or day > 28:
        if not (day in (29, 30, 31) and year >= 1970 and 1 <= month <= 12):
            return -1
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if month == 2 and (day > 29 or not leap):
            return -1
        if day == 31 and month in (4, 6, 9, 11):
            return -1
    before = year - 1 if month <= 2 else year
    era_year = before % 400
    moved = month - 3 if month > 2 else month + 9
    in_year = (153 * moved + 2) // 5 + day - 1
    in_era = era_year * 365 + era_year // 4 - era_year // 100 + in_year
    return (before // 400 * 146097 + in_era - 719468) * 86_400_000_000


@compiled
def same(data, start, end, other):  # type: ignore[no-untyped-def]
    """Whether a day is written as the one that was read last, ten characters from `other`."""
    if end - start != 10:
        return False
    alike = True
    for at in range(10):
        alike = alike and data[start + at] == data[other + at]
    return alike


@compiled
def clock_us(data, start, end):  # type: ignore[no-untyped-def]
    """Return HH:MM:SS with up to six decimals in microseconds, -1 if it is none."""
    length = end - start
    if length < 8 or length == 9 or length > 15 or data[start + 2] != 58 or data[start + 5] != 58:
        return -1
    hours = digits(data, start, start + 2)
    minutes = digits(data, start + 3, start + 5)
    seconds = digits(data, start + 6, start + 8)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59 or seconds < 0 or seconds > 59:
        return -1
    micros = 0
    if length > 8:
        micros = digits(data, start + 9, end)
        if data[start + 8] != 46 or micros < 0:
            return -1
        for _ in range(15 - length):
            micros *= 10
    return (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + micros


@compiled
def address_of(data, start, end):  # type: ignore[no-untyped-def]
    """Return the 24 bits of six hex digits, with bit 24 set for `~`; -1 if it is neither."""
    while start < end and data[start] == 32:
        start += 1
    while end > start and data[end - 1] == 32:
        end -= 1
    mark = 0
    if start < end and data[start] == 126:
        mark = 1 << 24
        start += 1
    if end - start != 6:
        return -1
    value = 0
    for at in range(start, end):
        byte = data[at]
        if 48 <= byte <= 57:
            value = value * 16 + (byte - 48)
        elif 65 <= byte <= 70:
            value = value * 16 + (byte - 55)
        elif 97 <= byte <= 102:
            value = value * 16 + (byte - 87)
        else:
            return -1
    return mark | value if value else -1


@compiled
def text_of(data, start, end):  # type: ignore[no-untyped-def]
    """Return up to eight characters as a number, 0 for none, -1 for more."""
    while start < end and data[start] == 32:
        start += 1
    while end > start and data[end - 1] == 32:
        end -= 1
    if end - start > 8:
        return np.int64(-1)
    return packed(data, start, end)


@compiled
def squawk_of(data, start, end):  # type: ignore[no-untyped-def]
    """Return four octal digits as they are written, 0 for none, -1 for anything else."""
    if end != start and end - start != 4:
        return -1
    for at in range(start, end):
        if data[at] > 55:
            return -1
    return digits(data, start, end)


@compiled
def packed(data, start, end):  # type: ignore[no-untyped-def]
    """Return up to eight ASCII characters as a number."""
    value = np.int64(0)
    for at in range(start, end):
        value = (value << 8) | np.int64(data[at])
    return value


@compiled
def find(keys, key):  # type: ignore[no-untyped-def]
    """Return where a key stands in a table, or the free place that it would have."""
    mask = len(keys) - 1
    at = np.int64((key ^ (key >> 29)) * 2654435761 & mask)
    while keys[at] != -1 and keys[at] != key:
        at = (at + 1) & mask
    return at


@compiled
def insert(keys, values, key, value):  # type: ignore[no-untyped-def]
    """Put a key and its value into a table."""
    at = find(keys, key)
    keys[at] = key
    values[at] = value


@compiled
def code_of(keys, values, key, added, counts, which):  # type: ignore[no-untyped-def]
    """Return the code of a key, a new one if it was not known."""
    at = find(keys, key)
    if keys[at] == -1:
        keys[at] = key
        values[at] = counts[which]
        added[counts[which]] = key
        counts[which] += 1
    return values[at]


@compiled
def seen_us(made, logged, received_at, counts):  # type: ignore[no-untyped-def]
    """Return the time that counts of a line's two clocks, put into UTC; 0 received: no clock."""
    seen = made
    if abs(made - logged) > APART_US:
        counts[APART] += 1
        if received_at and abs(logged - received_at) < abs(made - received_at):
            seen = logged
    if received_at == 0:
        return seen
    shift = np.int64(np.rint((received_at - seen) / QUARTER_US)) * QUARTER_US
    if shift == 0 or abs(shift) > ZONES_US or abs(received_at - seen - shift) > 6 * APART_US:
        return seen
    counts[LOCAL] += 1
    return seen + shift


@compiled
def parse(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 -- one pass over the bytes, no calls back
    data, at, end, received_at, counts, addresses, callsigns, heard, values, whole, parts
):
    """Read lines from `at`; return where the next odd line begins, or `end`.

    `addresses` and `callsigns` are (keys, values, added); `heard` and `values` are what each
    aircraft said; `whole` and `parts` are the columns of the positions found.
    """
    commas = np.empty(FIELDS + 1, dtype=np.int64)
    day, day_at = np.int64(-1), np.int64(0)
    while at < end:
        start, count, stop = at, 0, at
        commas[0] = start - 1
        odd = False
        while stop < end and data[stop] != 10:
            byte = data[stop]
            if byte == 44:
                count += 1
                if count < FIELDS:
                    commas[count] = stop
            elif byte < 32 or byte > 126:
                odd = odd or not (byte == 13 and stop + 1 < end and data[stop + 1] == 10)
            stop += 1
        following = stop + 1
        if stop > start and data[stop - 1] == 13:
            stop -= 1
        commas[FIELDS] = stop
        if odd or count != FIELDS - 1 or commas[1] != start + 3:
            return start
        if data[start] != 77 or data[start + 1] != 83 or data[start + 2] != 71:
            return start
        key = address_of(data, commas[4] + 1, commas[5])
        if day < 0 or not same(data, commas[6] + 1, commas[7], day_at):
            day, day_at = day_us(data, commas[6] + 1, commas[7]), commas[6] + 1
        made_day = day
        made = clock_us(data, commas[7] + 1, commas[8])
        logged_day = day
        if not same(data, commas[8] + 1, commas[9], day_at):
            logged_day = day_us(data, commas[8] + 1, commas[9])
        logged = clock_us(data, commas[9] + 1, commas[10])
        called = text_of(data, commas[10] + 1, commas[11])
        if key < 0 or made_day < 0 or made < 0 or logged_day < 0 or logged < 0 or called < 0:
            return start
        baro, good_baro = number(data, commas[11] + 1, commas[12])
        speed, good_speed = number(data, commas[12] + 1, commas[13])
        track, good_track = number(data, commas[13] + 1, commas[14])
        lat, good_lat = number(data, commas[14] + 1, commas[15])
        lon, good_lon = number(data, commas[15] + 1, commas[16])
        climb, good_climb = number(data, commas[16] + 1, commas[17])
        if not (good_baro and good_speed and good_track and good_lat and good_lon and good_climb):
            return start
        squawk = squawk_of(data, commas[17] + 1, commas[18])
        if squawk < 0:
            return start
        # Nothing before this line changes any state: an odd line leaves no trace here.
        counts[LINES] += 1
        seen = seen_us(made_day + made, logged_day + logged, received_at, counts)
        code = code_of(addresses[0], addresses[1], key, addresses[2], counts, ADDRESSES)
        if called:
            heard[code, CALLSIGN] = code_of(
                callsigns[0], callsigns[1], called, callsigns[2], counts, CALLSIGNS
            )
        if baro == baro:
            values[code, 0], heard[code, BARO_AT] = baro, seen
        if speed == speed:
            values[code, 1], heard[code, SPEED_AT] = speed, seen
        if track == track:
            values[code, 2], heard[code, TRACK_AT] = track, seen
        if climb == climb:
            values[code, 3], heard[code, CLIMB_AT] = climb, seen
        if commas[18] > commas[17] + 1:
            heard[code, SQUAWK], heard[code, SQUAWK_AT] = squawk, seen
        at = following
        if lat != lat and lon != lon:
            continue
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            counts[BAD_POSITION] += 1
            continue
        counts[POSITIONS] += 1
        row = counts[ROWS]
        counts[ROWS] += 1
        first, last = commas[21] + 1, stop
        while first < last and data[first] == 32:
            first += 1
        while last > first and data[last - 1] == 32:
            last -= 1
        ground = (
            (last - first == 1 and data[first] == 49)
            or (last - first == 2 and data[first] == 45 and data[first + 1] == 49)
            or (commas[2] - commas[1] == 2 and data[commas[1] + 1] == 50)
        )
        whole[0, row], whole[1, row] = seen, code
        whole[2, row], whole[3, row] = heard[code, CALLSIGN], counts[LINES]
        whole[4, row] = 1 if ground else 0
        parts[0, row], parts[1, row] = lat, lon
        for place in range(4):
            fresh = seen - heard[code, BARO_AT + place] <= KEPT_US
            parts[2 + place, row] = values[code, place] if fresh else np.nan
    return end


def try_out() -> None:
    """Read one line, so that everything is compiled when the first real one comes."""
    line = b"MSG,3,1,1,4CA2D6,1,2024/06/01,12:00:00.000,2024/06/01,12:00:00.000,X,1,1,1,1.0,1.0,1,7000,0,0,0,0\n"
    table = (
        np.full(8, -1, dtype=np.int64),
        np.zeros(8, dtype=np.int32),
        np.zeros(8, dtype=np.int64),
    )
    heard, values = np.zeros((8, 7), dtype=np.int64), np.zeros((8, 4))
    rows = np.zeros((5, 1), dtype=np.int64), np.zeros((6, 1))
    counts = np.zeros(8, dtype=np.int64)
    octets = np.frombuffer(line, dtype=np.uint8)
    parse(octets, 0, len(octets), 0, counts, table, table, heard, values, *rows)
    insert(table[0], table[1], 0, 0)

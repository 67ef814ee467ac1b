"""Where satellite navigation is disturbed: areas in which positions prove little.

One aircraft whose position leaps may have a fault. Several in one place at one time
do not: then every position that rests on the aircraft's own receiver is in doubt
there, however good it says it is (a spoofed receiver reports itself in good health).
In such an area a crossing is at most suspected, unless a sensor of another kind
(multilateration, radar, an observer) follows the same path.

Signs (AIRSPACE d.5): a jump, a position that stands still at speed, a collapse of
NACp or NIC, a step of geometric minus barometric height, a way flown that does not
fit the stated speed, another kind of sensor that says otherwise. An area is a cell
of one degree in which `AREA_AIRCRAFT` aircraft gave a sign within `AREA_S`; it lasts
so long after the last sign.

A sign counts from its own time on, so that a feed gives the same areas as a file in
order of time. Memory is bounded: so many cells, and so many signs in each.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.airspace.fix import Flags, Floats, Ints
from truceline.airspace.rules import SECOND_US

AREA_AIRCRAFT = 3
AREA_S = 900
MOST_CELLS = 4_096
MOST_SIGNS = 64
MOST_TIMES = 8

GOOD_NACP, BAD_NACP = 8, 5  # EPU under 93 m; over 926 m
GOOD_NIC, BAD_NIC = 7, 5  # containment under 370 m; over 1,852 m
STEP_FT = 500.0
STEP_S = 60.0
SPEED_S = (5.0, 60.0)
SPEED_TURN_DEG = 20.0
SPEED_M, SPEED_SHARE = 3_000.0, 0.75

type Table = dict[str, NDArray[Any]]


class Sign(StrEnum):
    """What an aircraft showed."""

    JUMP = "jump"
    FROZEN = "frozen"
    ACCURACY_LOST = "accuracy_lost"
    HEIGHT_STEP = "height_step"
    SPEED_MISMATCH = "speed_mismatch"
    CONTRADICTED = "contradicted"  # by another kind of sensor


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign: of which aircraft, when, where it was last believed to be, and how large.

    `size` is in metres, for `ACCURACY_LOST` the NACp or NIC, for `HEIGHT_STEP` in feet.
    """

    sign: Sign
    aircraft: str
    seen_at: int
    lat: float
    lon: float
    size: float


@dataclass(frozen=True, slots=True)
class Area:
    """A degraded area: one degree by one degree from its south-west corner, and its evidence."""

    south: int
    west: int
    since: int
    until: int
    aircraft: int
    signs: dict[str, int]
    evidence: tuple[Evidence, ...]


@dataclass(slots=True)
class _Cell:
    signs: deque[Evidence] = field(default_factory=lambda: deque(maxlen=MOST_SIGNS))
    times: deque[list[int]] = field(default_factory=lambda: deque(maxlen=MOST_TIMES))


class Interference:
    """Collects signs and says where and when positions are in doubt."""

    def __init__(self) -> None:
        self._cells: OrderedDict[int, _Cell] = OrderedDict()
        self.counted: Counter[str] = Counter()

    def take(self, evidence: Iterable[Evidence]) -> None:
        """Take signs, in any order; each counts from its own time on."""
        for one in sorted(evidence, key=lambda sign: (sign.seen_at, sign.aircraft)):
            self._add(one)

    def _add(self, one: Evidence) -> None:
        key = int(cell_of(np.array([one.lat]), np.array([one.lon]))[0])
        cell = self._cells.setdefault(key, _Cell())
        self._cells.move_to_end(key)
        if len(self._cells) > MOST_CELLS:
            self._cells.popitem(last=False)
        if one in cell.signs:
            return
        self.counted[one.sign] += 1
        cell.signs.append(one)
        since = one.seen_at - AREA_S * SECOND_US
        if len({old.aircraft for old in cell.signs if old.seen_at >= since}) < AREA_AIRCRAFT:
            return
        until = one.seen_at + AREA_S * SECOND_US
        if cell.times and one.seen_at <= cell.times[-1][1]:
            cell.times[-1][1] = max(until, cell.times[-1][1])
        else:
            cell.times.append([one.seen_at, until])

    def degraded(self, lat: Floats, lon: Floats, seen_at: Ints) -> Flags:
        """Say for each place and time whether it lies in a degraded area."""
        found = np.zeros(len(lat), dtype=np.bool_)
        areas = [(key, cell.times) for key, cell in self._cells.items() if cell.times]
        if not areas or not len(lat):
            return found
        first, last = int(seen_at.min()), int(seen_at.max())
        cells: Ints | None = None
        for key, times in areas:
            for since, until in times:
                if since <= last and until >= first:
                    cells = cell_of(lat, lon) if cells is None else cells
                    found |= (cells == key) & (seen_at > since) & (seen_at <= until)
        return found

    def areas(self, at_us: int) -> list[Area]:
        """Return the areas that are degraded at a moment."""
        made = []
        for key, cell in self._cells.items():
            for since, until in cell.times:
                if since <= at_us <= until:
                    made.append(_area(key, (since, until), cell))
        return made


def _area(key: int, times: tuple[int, int], cell: _Cell) -> Area:
    since, until = times
    told = tuple(one for one in cell.signs if since - AREA_S * SECOND_US <= one.seen_at <= until)
    return Area(
        south=key // 360 - 90,
        west=key % 360 - 180,
        since=since,
        until=until,
        aircraft=len({one.aircraft for one in told}),
        signs=dict(Counter(str(one.sign) for one in told)),
        evidence=told,
    )


def cell_of(lat: Floats, lon: Floats) -> Ints:
    """Return the number of the cell of each place."""
    south = np.clip(np.floor(lat) + 90, 0, 179).astype(np.int64)
    west = np.clip(np.floor(lon) + 180, 0, 359).astype(np.int64)
    return np.asarray(south * 360 + west, dtype=np.int64)


def signs_of(
    rows: Table, names: Sequence[str], steps_m: Callable[[Table, Table], Floats]
) -> list[Evidence]:
    """Return the signs between rows in order of aircraft and time.

    `steps_m` measures the way from rows to others. Rows `carried` from before give no
    sign of their own. What a feed leaves out (jumps, frozen positions) is not here.
    """
    if len(rows["slot"]) < 2:
        return []
    same = (rows["slot"][1:] == rows["slot"][:-1]) & ~rows["carried"][1:]
    seconds = np.diff(rows["seen_at"]) / SECOND_US
    found = [*_accuracy(rows, same), *_height(rows, same, seconds)]
    found += _speed(rows, same, seconds, steps_m)
    return [_evidence(rows, row, sign, size, names) for sign, row, size in found]


type _Found = list[tuple[Sign, int, float]]


def _evidence(rows: Table, row: int, sign: Sign, size: float, names: Sequence[str]) -> Evidence:
    return Evidence(
        sign=sign,
        aircraft=names[int(rows["slot"][row])],
        seen_at=int(rows["seen_at"][row]),
        lat=float(rows["lat"][row]),
        lon=float(rows["lon"][row]),
        size=size,
    )


def _told(sign: Sign, bad: Flags, size: NDArray[Any]) -> _Found:
    return [(sign, row + 1, float(size[row])) for row in np.flatnonzero(bad).tolist()]


def _accuracy(rows: Table, same: Flags) -> _Found:
    nacp, nic = rows["nacp"], rows["nic"]
    if max(nacp.max(), nic.max()) < min(GOOD_NACP, GOOD_NIC):
        return []
    lost = (nacp[:-1] >= GOOD_NACP) & (nacp[1:] >= 0) & (nacp[1:] <= BAD_NACP)
    wide = (nic[:-1] >= GOOD_NIC) & (nic[1:] >= 0) & (nic[1:] <= BAD_NIC)
    return _told(Sign.ACCURACY_LOST, (lost | wide) & same, np.where(lost, nacp[1:], nic[1:]))


def _height(rows: Table, same: Flags, seconds: Floats) -> _Found:
    if np.isnan(rows["geo_ft"]).all():
        return []
    step = np.abs(np.diff(rows["geo_ft"] - rows["baro_ft"]))
    with np.errstate(invalid="ignore"):
        return _told(Sign.HEIGHT_STEP, (step > STEP_FT) & (seconds <= STEP_S) & same, step)


def _speed(
    rows: Table, same: Flags, seconds: Floats, steps_m: Callable[[Table, Table], Floats]
) -> _Found:
    """A way flown straight that is some kilometres off what was said, and three quarters of it.

    Clocks of receivers are off by seconds now and then; that makes a kilometre.
    """
    row = np.flatnonzero(same & (seconds >= SPEED_S[0]) & (seconds <= SPEED_S[1]))
    if not len(row):
        return []
    one, two = ({name: column[at] for name, column in rows.items()} for at in (row, row + 1))
    told = (one["speed_kt"] + two["speed_kt"]) / 2 * (1852 / 3600) * seconds[row]
    turn = np.abs((two["track_deg"] - one["track_deg"] + 180) % 360 - 180)
    off = np.abs(steps_m(one, two) - told)
    with np.errstate(invalid="ignore"):
        odd = (off > SPEED_M) & (off > told * SPEED_SHARE) & (turn < SPEED_TURN_DEG)
    return [(Sign.SPEED_MISMATCH, int(row[at]) + 1, float(off[at])) for at in np.flatnonzero(odd)]

"""Every visit to a volume, straight from columns of fixes: the raw events, and fast.

This is the mode for exactness and speed beside planar tools: the path between two
fixes is straight in longitude and latitude, there is no hysteresis, nothing is left
out as implausible, no depth and no verdict is worked out. Heights are taken as
reported; a limit above mean sea level is compared by the QNH of the rules alone. What counts is the four
dimensions: holes, heights (linear in between), windows, gaps. A visit has the time,
place and height at which it began and ended, by interpolation, and the numbers of the
fixes on either side. The crossings of the engine under `rules.PLANAR` are the same
visits where limits are pressure altitudes; `tests/airspace/test_sweep.py` holds the two
equal.

Fixes of an aircraft are taken in the order in which they come; one that is not newer
than the last is left out and counted. Aircraft may be mixed in any way: grouped by
aircraft is twice as fast as in order of time, because less memory is touched. Between
batches the last fix of each aircraft is kept and the visits that are open, so a stream
may be of any length and come in any pieces.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from truceline.airspace.cells import Cells, cells
from truceline.airspace.chart import Chart
from truceline.airspace.fix import Fixes, Floats, Ints, Names
from truceline.airspace.kernel import SWEEPING, Kernel, block, scratch_for, table_of
from truceline.airspace.rules import PLANAR, SECOND_US, Rules
from truceline.airspace.track import FUTURE_US
from truceline.airspace.vertical import Column, heights_ft
from truceline.errors import Reason, Unavailable

_REASONS = (
    "no_position",
    "position_out_of_range",
    "position_zero",
    "near_a_pole",
    "time_before_1990",
    "time_in_future",
    "out_of_order",
    "duplicate",
)
_NEVER = 2**62
_ROOM = 1024


@dataclass(frozen=True, slots=True)
class Visits:
    """Times in a volume, whole, in columns. Times are microseconds, heights feet (NaN unknown).

    `aircraft` is a code into the `names` of the sweep. `edge_in` and `edge_out` are
    `stay.Edge`: OPEN where the leg begins or ends inside. `before_in` and `after_in` are
    the sequence numbers of the fixes on either side of the entry; equal, it is that fix.
    """

    aircraft: Ints
    volume: Ints
    entered_at: Ints
    left_at: Ints
    edge_in: Ints
    edge_out: Ints
    before_in: Ints
    after_in: Ints
    before_out: Ints
    after_out: Ints
    lon_in: Floats
    lat_in: Floats
    ft_in: Floats
    lon_out: Floats
    lat_out: Floats
    ft_out: Floats

    def __len__(self) -> int:
        return len(self.aircraft)

    def in_order(self) -> Visits:
        """Return them by time of entry, then volume, then aircraft."""
        order = np.lexsort((self.aircraft, self.volume, self.entered_at))
        return Visits(*(getattr(self, name)[order] for name in Visits.__slots__))


def joined(visits: list[Visits]) -> Visits:
    """Return several lists of visits as one; needs at least one."""
    return Visits(*(np.concatenate([getattr(v, n) for v in visits]) for n in Visits.__slots__))


class _Thread:
    """What one thread keeps of its share of the aircraft."""

    def __init__(self, scratch: tuple[Any, ...]) -> None:
        self.place, self.heads = _places(0), np.zeros(0, np.int64)
        self.pool = (np.empty((_ROOM, 10), np.int64), np.empty((_ROOM, 6)), _chain(_ROOM))
        self.spent = (np.zeros(len(_REASONS), np.int64), np.zeros(1, np.int64))
        self.scratch, self.block = scratch, block()

    def grow(self, count: int) -> None:
        have = len(self.place)
        if count <= have:
            return
        more = max(count, 2 * have)
        place, heads = _places(more), np.full(more, -1, np.int64)
        place[:have], heads[:have] = self.place, self.heads
        self.place, self.heads = place, heads


class Sweep:
    """Follows aircraft against one chart and returns visits.

    Waits for the compiled kernel; raises `Unavailable` with its notice where there can
    be none (the engine, which has a plain way, answers there too).
    """

    def __init__(
        self,
        chart: Chart,
        rules: Rules = PLANAR,
        *,
        table: Cells | None = None,
        kernel: Kernel = SWEEPING,
        threads: int = 1,
    ) -> None:
        if not kernel.wait():
            raise Unavailable(Reason.BUSY, where="sweep", detail=kernel.notice)
        self.chart, self._rules, self._kernel = chart, rules, kernel
        self._cells = table or cells(chart)
        self.aircraft = Names()
        self.left_out: Counter[str] = Counter()
        self._table = table_of(self._cells)
        self._threads = [
            _Thread(scratch_for(len(chart.areas), self._cells)) for _ in range(threads)
        ]
        self._codes: tuple[Any, Ints] = (None, np.zeros(0, np.int32))
        columns = {*np.unique(chart.lower_column).tolist(), *np.unique(chart.upper_column).tolist()}
        self._plain = not columns & {Column.AMSL, Column.WGS84}

    def feed(self, batch: Fixes, *, now_us: int | None = None) -> Visits:
        """Take a batch and return the visits that ended with it."""
        columns = self._columns(batch)
        until = _NEVER if now_us is None else now_us + FUTURE_US
        if len(self._threads) == 1:
            return self._follow(0, columns, until)
        with ThreadPoolExecutor(len(self._threads)) as pool:
            work = [pool.submit(self._follow, n, columns, until) for n in range(len(self._threads))]
            return joined([one.result() for one in work])

    def finish(self) -> Visits:
        """End every leg and return the visits that were still open."""
        return self.expire(_NEVER)

    def expire(self, before_us: int) -> Visits:
        """End the legs of aircraft last seen before this."""
        ended = [
            _visits(
                *self._kernel.module().ended(
                    one.place, one.heads, one.pool, one.spent[1], before_us
                )
            )
            for one in self._threads
        ]
        return joined(ended)

    @property
    def kept_bytes(self) -> int:
        """How much is remembered between batches."""
        return sum(
            array.nbytes for one in self._threads for array in (one.place, one.heads, *one.pool)
        )

    def _follow(self, number: int, columns: tuple[Any, ...], until: int) -> Visits:
        mine = self._threads[number]
        mine.grow(len(self.aircraft.texts))
        rules = (
            round(self._rules.longest_gap_s * SECOND_US),
            round(self._rules.altitude_held_s * SECOND_US),
            until,
        )
        mine.pool, whole, real = self._kernel.module().sweep(
            columns,
            (mine.place, mine.heads),
            mine.pool,
            mine.spent,
            self._cells.volumes,
            self._table,
            self._cells.nearest,
            self._cells.heights,
            mine.scratch,
            mine.block,
            rules,
            (number, len(self._threads)),
        )
        self._count(mine.spent[0])
        return _visits(whole, real)

    def _count(self, spent: Ints) -> None:
        for number, reason in enumerate(_REASONS):
            if spent[number]:
                self.left_out[reason] += int(spent[number])
                spent[number] = 0

    def _columns(self, batch: Fixes) -> tuple[Any, ...]:
        std = amsl = wgs = batch.baro_ft
        if not self._plain:
            heights = heights_ft(
                batch.baro_ft, batch.geo_ft, np.zeros(1, np.bool_), qnh_hpa=self._rules.qnh_hpa
            )
            std, amsl, wgs = heights
        return (
            self._slots(batch),
            batch.seen_at,
            batch.lon,
            batch.lat,
            std,
            amsl,
            wgs,
            batch.ground,
            batch.sequence,
        )

    def _slots(self, batch: Fixes) -> Any:
        """The batch's codes as ours; a source that keeps its list of names is looked up once."""
        names, table = self._codes
        if names is not batch.names or len(table) != len(batch.names):
            known = len(table) if names is batch.names else 0
            more = self.aircraft.codes(batch.names[known:])
            table = np.concatenate((table[:known], more))
            self._codes = (batch.names, table)
        if len(table) == len(self.aircraft.texts) and (
            len(table) == 0 or table[-1] == len(table) - 1
        ):
            return batch.aircraft
        return table[batch.aircraft]


def _places(count: int) -> Floats:
    """Room for so many aircraft; each begins where a line of the cache does."""
    raw = np.zeros(8 * count + 8)
    skip = (-raw.ctypes.data % 64) // 8
    return raw[skip : skip + 8 * count].reshape(count, 8)


def _chain(count: int) -> Ints:
    places = np.arange(1, count + 1, dtype=np.int64)
    places[-1] = -1
    return places


def _visits(whole: Ints, real: Floats) -> Visits:
    columns: list[Any] = [*whole.T, *real.T]
    return Visits(*columns)

"""From fixes to legs: what is left out and why, and where a path may be drawn.

Fixes are put in time order for each aircraft. What cannot be a fix is left out and
counted: no position, 0/0, near a pole, before 1990, in the future, older than or
as old as one already taken, a position merely repeated at speed, a lone point to
which no aircraft could have flown. A path is drawn between two fixes unless they
are further apart in time than `longest_gap_s` or the step between them is a jump;
then a new leg starts. After a jump that lasts, the aircraft's positions are not
trusted: a spoofed receiver reports itself in good health.

`Tracks` remembers one fix for each aircraft, so a stream may come in any pieces
and gives the same legs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.airspace.fix import Codes, Fixes, Flags, Floats, Ints, Names
from truceline.airspace.metres import metres_per_degree
from truceline.airspace.rules import SECOND_US, Rules
from truceline.airspace.vertical import heights_ft

EARLIEST_US = 631_152_000 * SECOND_US
"""1 January 1990: no transponder reported positions before."""

FUTURE_US = 60 * SECOND_US
"""A clock this far ahead of ours is still believed."""

NEAR_POLE_DEG = 89.0

ROW = np.dtype(
    [
        ("slot", np.int64),
        ("seen_at", np.int64),
        ("lon", np.float64),
        ("lat", np.float64),
        ("baro_ft", np.float64),
        ("geo_ft", np.float64),
        ("ground", np.bool_),
        ("sigma_m", np.float64),
        ("speed_kt", np.float64),
        ("callsign", np.int64),
        ("sequence", np.int64),
        ("source", np.int64),
        ("heard_at", np.int64),  # when the altitude was reported, which may be before
        ("carried", np.bool_),  # from an earlier batch
        ("trusted", np.bool_),
        ("breaks", np.bool_),  # starts a new leg
        ("jumped", np.bool_),  # reached by a step no aircraft flies
    ]
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Fixes ready for the engine: row k and row k + 1 of one leg are a segment.

    A leg that starts here starts with its first fix twice, so that one fix alone is
    a segment too. `fix` is true where a row is a fix to be counted (not the copy,
    not one counted before, not a point drawn between). `bracket` is the row of the
    last fix at or before each row.
    """

    slot: Ints
    seen_at: Ints
    lon: Floats
    lat: Floats
    height_ft: Floats  # STD, AMSL, WGS84
    joins: Flags  # row k and row k + 1 are one segment
    starts: Flags  # first row of a leg that starts here
    fix: Flags
    bracket: Ints
    sigma_m: Floats
    certain: Flags  # the path to the next row is taken as flown
    trusted: Flags
    source_row: NDArray[Any]  # ROW records, one for each row

    def __len__(self) -> int:
        return len(self.slot)


class Tracks:
    """The last fix of every aircraft, and the legs that a new batch makes with it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.aircraft = Names()
        self.callsigns = Names()
        self.sources = Names()
        self.left_out: Counter[str] = Counter()
        self.last = np.zeros(0, dtype=ROW)
        self._known = np.zeros(0, dtype=np.bool_)
        self.newest = 0
        self._pending: dict[int, NDArray[Any]] = {}

    def take(self, batch: Fixes, *, now_us: int | None = None) -> Rows:
        """Return the legs that a batch makes, and remember where each aircraft was last."""
        rows = self._admit(batch, now_us)
        rows = self._chain(rows)
        self._remember(rows)
        return lay_out(rows, self._rules)

    def last_seen(self, slot: int) -> int:
        """Return the time of the last fix taken of an aircraft."""
        return int(self.last["seen_at"][slot])

    def cut_back(self, most: int) -> dict[int, int]:
        """Forget all but the aircraft heard most recently; return their new slots by old."""
        count = len(self.aircraft.texts)
        latest = np.argsort(-self.last["seen_at"][:count], kind="stable")[:most]
        kept = np.sort(latest)
        texts, callsigns = self.aircraft.texts, self.callsigns.texts
        moved = {old: new for new, old in enumerate(kept.tolist())}
        self.aircraft = Names(texts[old] for old in kept.tolist())
        self.last, self._known = self.last[kept], self._known[kept]
        self.last["slot"] = np.arange(len(kept))
        self.callsigns = Names()
        for row in np.flatnonzero(self.last["callsign"] >= 0).tolist():
            text = callsigns[int(self.last["callsign"][row])]
            self.last["callsign"][row] = self.callsigns.code(text)
        self.finish()
        return moved

    def finish(self) -> None:
        """Count the fixes that were waiting for a second one to agree with them."""
        self._count("implausible_speed", len(self._pending))
        self._pending.clear()

    def _admit(self, batch: Fixes, now_us: int | None) -> NDArray[Any]:
        reasons = unusable(batch, now_us)
        keep = np.ones(len(batch), dtype=np.bool_)
        for reason, bad in reasons:
            self._count(reason, int(np.count_nonzero(bad & keep)))
            keep &= ~bad
        return self._rows_of(batch if keep.all() else batch.take(keep))

    def _rows_of(self, batch: Fixes) -> NDArray[Any]:
        slots = self._slots(batch)
        rows = np.zeros(len(batch), dtype=ROW)
        rows["slot"] = slots
        for name in ("seen_at", "lon", "lat", "baro_ft", "geo_ft", "ground", "speed_kt"):
            rows[name] = getattr(batch, name)
        rows["sequence"] = batch.sequence
        rows["sigma_m"] = np.where(np.isnan(batch.sigma_m), self._rules.sigma_m, batch.sigma_m)
        rows["callsign"] = self._callsigns(batch)
        rows["source"] = self.sources.code(batch.source)
        rows["heard_at"] = batch.seen_at
        rows["trusted"] = True
        return rows

    def _slots(self, batch: Fixes) -> Ints:
        used = np.unique(batch.aircraft)
        table = np.zeros(int(used[-1]) + 1 if len(used) else 0, dtype=np.int64)
        table[used] = [self.aircraft.code(batch.names[code]) for code in used.tolist()]
        self._grow(len(self.aircraft.texts))
        return table[batch.aircraft]

    def _callsigns(self, batch: Fixes) -> Codes | Ints:
        if not batch.callsigns:
            return batch.callsign
        used = np.unique(batch.callsign)
        table = np.full(len(batch.callsigns) + 1, -1, dtype=np.int64)
        for code in used[used >= 0].tolist():
            table[code] = self.callsigns.code(batch.callsigns[code])
        return table[batch.callsign]

    def _grow(self, count: int) -> None:
        if count > len(self.last):
            more = max(count, 2 * len(self.last)) - len(self.last)
            self.last = np.concatenate((self.last, np.zeros(more, dtype=ROW)))
            self._known = np.concatenate((self._known, np.zeros(more, dtype=np.bool_)))

    def _chain(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Put the rows in order behind the last known fix of their aircraft."""
        rows = self._with_pending(rows[self._newer(rows)])
        order = np.lexsort((rows["seen_at"], rows["slot"]))
        rows = rows[order]
        again = _same_slot(rows) & (np.diff(rows["seen_at"]) == 0)
        self._count("duplicate", int(np.count_nonzero(again)))
        rows = rows[np.concatenate(([True], ~again))] if len(rows) else rows
        rows = self._with_carried(rows)
        return rows if self._rules.planar else self._plausible(rows)

    def _newer(self, rows: NDArray[Any]) -> Flags:
        known = self._known[rows["slot"]]
        last = self.last["seen_at"][rows["slot"]]
        late = known & (rows["seen_at"] < last)
        same = known & (rows["seen_at"] == last)
        self._count("out_of_order", int(np.count_nonzero(late)))
        self._count("duplicate", int(np.count_nonzero(same)))
        return np.asarray(~(late | same), dtype=np.bool_)

    def _with_pending(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Bring back the points that wait for a second one, as if they had just come."""
        if not self._pending:
            return rows
        back = [
            self._pending.pop(s) for s in np.unique(rows["slot"]).tolist() if s in self._pending
        ]
        return np.concatenate((*back, rows))

    def _with_carried(self, rows: NDArray[Any]) -> NDArray[Any]:
        slots = np.unique(rows["slot"])
        carried = self.last[slots[self._known[slots]]]
        carried["carried"] = True
        carried["breaks"] = False
        both = np.concatenate((carried, rows))
        return both[np.argsort(both["slot"], kind="stable")]

    def _plausible(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Leave out held positions and lone absurd points; mark the jumps that last."""
        held = _held(rows, self._rules)
        self._count("position_repeated", int(np.count_nonzero(held)))
        rows = rows[~held]
        odd = np.zeros(len(rows), dtype=np.bool_)
        odd[1:] = _same_slot(rows) & _jumps(rows[:-1], rows[1:], self._rules)
        suspects = np.union1d(rows["slot"][odd], self._distrusted(rows))
        watched = np.isin(rows["slot"], suspects)
        if not watched.any():
            return rows
        kept = [self._walk(rows[rows["slot"] == slot]) for slot in np.unique(rows["slot"][watched])]
        both = np.concatenate((rows[~watched], *kept))
        return both[np.argsort(both["slot"], kind="stable")]

    def _distrusted(self, rows: NDArray[Any]) -> Ints:
        return np.unique(rows["slot"][rows["carried"] & ~rows["trusted"]])

    def _walk(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Follow one aircraft whose path has jumps, fix by fix."""
        slot = int(rows["slot"][0])
        pending: NDArray[Any] | None = None
        kept: list[NDArray[Any]] = []
        last = rows[:1] if rows["carried"][0] else None
        if last is not None:
            kept.append(last)
        for number in range(len(kept), len(rows)):
            row = rows[number : number + 1].copy()
            if last is None or not _jumps(last, row, self._rules)[0]:
                self._count("implausible_speed", 0 if pending is None else 1)
                pending = None
                row["trusted"] = last is None or self._trusted_after(last, row)
                last = row
                kept.append(row)
            elif pending is not None and not _jumps(pending, row, self._rules)[0]:
                pending["breaks"] = pending["jumped"] = True
                pending["trusted"] = row["trusted"] = False
                kept += [pending, row]
                last, pending = row, None
            else:
                self._count("implausible_speed", 0 if pending is None else 1)
                pending = row
        if pending is not None:
            self._pending[slot] = pending
        return np.concatenate(kept) if kept else rows[:0]

    def _trusted_after(self, last: NDArray[Any], row: NDArray[Any]) -> bool:
        absent_us = int(row["seen_at"][0] - last["seen_at"][0])
        return bool(last["trusted"][0]) or absent_us > self._rules.distrust_s * SECOND_US

    def _remember(self, rows: NDArray[Any]) -> None:
        _fill_altitudes(rows, self._rules)
        _fill_callsigns(rows)
        if not len(rows):
            return
        ends = np.concatenate((~_same_slot(rows), [True]))
        slots = rows["slot"][ends]
        self.newest = max(self.newest, int(rows["seen_at"][ends].max()))
        self.last[slots] = rows[ends]
        self._known[slots] = True

    def _count(self, reason: str, count: int) -> None:
        if count:
            self.left_out[reason] += count


def unusable(batch: Fixes, now_us: int | None) -> list[tuple[str, Flags]]:
    """Return, reason by reason, which rows of a batch cannot be fixes."""
    absent = ~(np.isfinite(batch.lat) & np.isfinite(batch.lon))
    far = (np.abs(batch.lat) > 90) | (np.abs(batch.lon) > 180)
    future = np.zeros(len(batch), dtype=np.bool_)
    if now_us is not None:
        future = batch.seen_at > now_us + FUTURE_US
    return [
        ("no_position", absent),
        ("position_out_of_range", far),
        ("position_zero", (batch.lat == 0) & (batch.lon == 0)),
        ("near_a_pole", np.abs(batch.lat) > NEAR_POLE_DEG),
        ("time_before_1990", batch.seen_at < EARLIEST_US),
        ("time_in_future", future),
    ]


def _same_slot(rows: NDArray[Any]) -> Flags:
    return np.asarray(rows["slot"][1:] == rows["slot"][:-1], dtype=np.bool_)


def _held(rows: NDArray[Any], rules: Rules) -> Flags:
    """The position of the row before once more, at a speed at which it must have changed."""
    held = np.zeros(len(rows), dtype=np.bool_)
    held[1:] = (
        _same_slot(rows)
        & (rows["lat"][1:] == rows["lat"][:-1])
        & (rows["lon"][1:] == rows["lon"][:-1])
        & (rows["speed_kt"][1:] > rules.held_kt)
    )
    return held


def steps_m(before: NDArray[Any], after: NDArray[Any]) -> Floats:
    """Return the distance between rows in metres: plane near by, sphere beyond 100 km."""
    turn = (after["lon"] - before["lon"] + 180) % 360 - 180
    east, north = metres_per_degree((before["lat"] + after["lat"]) / 2)
    near = np.hypot(turn * east, (after["lat"] - before["lat"]) * north)
    if not np.any(near > 100_000):
        return np.asarray(near, dtype=np.float64)
    a, b = np.radians(before["lat"]), np.radians(after["lat"])
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(turn) / 2) ** 2
    far = 2 * 6_371_008.8 * np.arcsin(np.sqrt(half))
    return np.asarray(np.where(near > 100_000, far, near), dtype=np.float64)


def _jumps(before: NDArray[Any], after: NDArray[Any], rules: Rules) -> Flags:
    """Further and faster than an aircraft flies, or than this one says it flies."""
    apart = steps_m(before, after)
    seconds = (after["seen_at"] - before["seen_at"]) / SECOND_US
    told = np.fmax(before["speed_kt"], after["speed_kt"]) * (1852 / 3600) * 1.3
    limit = np.minimum(np.fmax(rules.jump_m_s, told), rules.fastest_m_s)
    leapt = (apart > rules.jump_m) & (apart > limit * seconds)
    return np.asarray(leapt | _stalls(before, after, rules), dtype=np.bool_)


def _stalls(before: NDArray[Any], after: NDArray[Any], rules: Rules) -> Flags:
    """At a cruising height, from a speed that carries a wing to one that does not, or back.

    So the spoofed airliner of 2024-09-17 shows itself (481 kt, then 51 kt, at 38,000 ft)
    after its position had stood still for twenty minutes, when the step alone was one
    that it could have flown.
    """
    slow = np.minimum(before["speed_kt"], after["speed_kt"]) < rules.stalled_kt
    fast = np.maximum(before["speed_kt"], after["speed_kt"]) > rules.flying_kt
    high = np.minimum(before["baro_ft"], after["baro_ft"]) > rules.high_ft
    return np.asarray(slow & fast & high, dtype=np.bool_)


def _fill_altitudes(rows: NDArray[Any], rules: Rules) -> None:
    """Give a fix without altitude that of the fix before, if that is recent."""
    if not np.isnan(rows["baro_ft"]).any():
        return
    have = ~np.isnan(rows["baro_ft"])
    number = np.arange(len(rows))
    source = np.maximum.accumulate(np.where(have, number, -1))
    usable = (source >= 0) & (rows["slot"][source] == rows["slot"])
    age = rows["seen_at"] - rows["heard_at"][source]
    usable &= ~have & (age <= rules.altitude_held_s * SECOND_US)
    rows["baro_ft"][usable] = rows["baro_ft"][source[usable]]
    rows["heard_at"][usable] = rows["heard_at"][source[usable]]


def _fill_callsigns(rows: NDArray[Any]) -> None:
    have = rows["callsign"] >= 0
    source = np.maximum.accumulate(np.where(have, np.arange(len(rows)), -1))
    usable = ~have & (source >= 0) & (rows["slot"][source] == rows["slot"])
    rows["callsign"][usable] = rows["callsign"][source[usable]]


def lay_out(rows: NDArray[Any], rules: Rules) -> Rows:
    """Return legs of segments for rows in order of aircraft and time."""
    same = np.concatenate(([False], _same_slot(rows))) if len(rows) else np.zeros(0, np.bool_)
    gap_us = np.zeros(len(rows), dtype=np.int64)
    gap_us[1:] = np.diff(rows["seen_at"])
    starts = ~rows["carried"] & (
        ~same | rows["breaks"] | (gap_us > rules.longest_gap_s * SECOND_US)
    )
    number = np.repeat(np.arange(len(rows)), 1 + starts)
    copies = np.zeros(len(number), dtype=np.bool_)
    copies[np.flatnonzero(starts) + np.arange(np.count_nonzero(starts))] = True
    wide = rows[number]
    joins = np.zeros(len(number), dtype=np.bool_)
    joins[:-1] = _same_slot(wide) & ~copies[1:]
    certain = np.zeros(len(number), dtype=np.bool_)
    certain[:-1] = joins[:-1] & (np.diff(wide["seen_at"]) <= rules.certain_gap_s * SECOND_US)
    if rules.planar and len(wide) > 1:
        certain[:-1] &= ~_jumps(wide[:-1], wide[1:], rules)
    return Rows(
        slot=wide["slot"],
        seen_at=np.ascontiguousarray(wide["seen_at"]),
        lon=np.ascontiguousarray(wide["lon"]),
        lat=np.ascontiguousarray(wide["lat"]),
        height_ft=heights_ft(
            wide["baro_ft"], wide["geo_ft"], wide["ground"], qnh_hpa=rules.qnh_hpa
        ),
        joins=joins,
        starts=copies,
        fix=~copies & ~wide["carried"],
        bracket=np.arange(len(number), dtype=np.int64),
        sigma_m=np.ascontiguousarray(wide["sigma_m"]),
        certain=certain,
        trusted=np.ascontiguousarray(wide["trusted"]),
        source_row=wide,
    )

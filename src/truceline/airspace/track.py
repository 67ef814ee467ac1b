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

from truceline.airspace.fix import Fixes, Flags, Floats, Ints, Names
from truceline.airspace.interference import Evidence, Interference, Sign, signs_of
from truceline.airspace.metres import metres_per_degree
from truceline.airspace.qnh import LOW_FT, RegionalQnh
from truceline.airspace.quality import Kind
from truceline.airspace.rules import SECOND_US, Rules
from truceline.airspace.vertical import heights_ft

EARLIEST_US = 631_152_000 * SECOND_US
"""1 January 1990: no transponder reported positions before."""

FUTURE_US = 60 * SECOND_US
"""A clock this far ahead of ours is still believed."""

NEAR_POLE_DEG = 89.0

_OWN_WORD = np.array([one.is_own_word for one in Kind])

type Table = dict[str, NDArray[Any]]
"""Fixes in columns that may still change: the names are those of `_COLUMNS`."""

_COLUMNS: dict[str, type[np.generic]] = {
    "slot": np.int64,
    "seen_at": np.int64,
    "lon": np.float64,
    "lat": np.float64,
    "baro_ft": np.float64,
    "geo_ft": np.float64,
    "ground": np.bool_,
    "kind": np.int8,
    "nacp": np.int8,
    "nic": np.int8,
    "sigma_m": np.float64,
    "speed_kt": np.float64,
    "track_deg": np.float64,
    "climb_ft_min": np.float64,
    "qnh_hpa": np.float64,
    "callsign": np.int64,
    "sequence": np.int64,
    "source": np.int64,
    "heard_at": np.int64,  # when the altitude was reported, which may be before
    "odd_ft": np.float64,  # an altitude that was not believed, until the next one
    "seconded_at": np.int64,  # when a sensor of another kind last followed this path
    "carried": np.bool_,  # from an earlier batch
    "trusted": np.bool_,
    "breaks": np.bool_,  # starts a new leg
}


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
    band_m: Floats  # how far from here the aircraft may have been: 0 at a fix
    band_ft: Floats  # ... upwards or downwards
    certain: Flags  # the way to the next row is short enough for a suspicion
    trusted: Flags
    origin: Ints  # the row of `table` that this one is, or was drawn after
    table: Table

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
        self.interference = Interference()
        self.qnh = RegionalQnh()
        self.doubted: Counter[str] = Counter()
        self._signs: list[Evidence] = []
        self.last = _empty(0)
        self._known = np.zeros(0, dtype=np.bool_)
        self.newest = 0
        self._pending: dict[int, Table] = {}

    def take(self, batch: Fixes, *, now_us: int | None = None) -> Rows:
        """Return the legs that a batch makes, and remember where each aircraft was last."""
        rows = self._chain(self._admit(batch, now_us))
        self._remember(rows)
        return lay_out(rows, self._rules, self._believed(rows), self._pressure(rows))

    def _pressure(self, rows: Table) -> float | Floats | None:
        """The QNH that was given, or else what crews near by have set, or None."""
        if self._rules.qnh_hpa is not None or not _length(rows):
            return self._rules.qnh_hpa
        low = ~np.isnan(rows["qnh_hpa"]) & (rows["baro_ft"] < LOW_FT) & ~rows["carried"]
        if low.any():
            told = pick(rows, low)
            place = (told["lat"], told["lon"])
            self.qnh.take(told["slot"], told["seen_at"], place, told["qnh_hpa"])
        return self.qnh.hpa(rows["lat"], rows["lon"], rows["seen_at"]) if self.qnh else None

    def _believed(self, rows: Table) -> Flags:
        """Say which positions are trusted: of aircraft that did not jump, outside degraded areas.

        A position that a sensor of another kind has lately followed is believed all the same.
        """
        trusted = np.asarray(rows["trusted"], dtype=np.bool_)
        if self._rules.planar or not _length(rows):
            return trusted
        signs = self._signs + signs_of(rows, self.aircraft.texts, steps_m)
        self._signs = []
        self.interference.take(signs)
        trusted = trusted & ~self.interference.degraded(rows["lat"], rows["lon"], rows["seen_at"])
        held = rows["seen_at"] - rows["seconded_at"] <= self._rules.seconded_s * SECOND_US
        return np.asarray(trusted | held, dtype=np.bool_)

    def _sign(self, sign: Sign, at: Table, seen_at: int, size: float) -> None:
        lat, lon = float(at["lat"][0]), float(at["lon"][0])
        name = self.aircraft.texts[int(at["slot"][0])]
        self._signs.append(Evidence(sign, name, seen_at, lat, lon, size))

    def last_seen(self, slot: int) -> int:
        """Return the time of the last fix taken of an aircraft."""
        return int(self.last["seen_at"][slot])

    def cut_back(self, most: int) -> dict[int, int]:
        """Forget all but the aircraft heard most recently; return their new slots by old."""
        count = len(self.aircraft.texts)
        kept = np.sort(np.argsort(-self.last["seen_at"][:count], kind="stable")[:most])
        texts, callsigns = self.aircraft.texts, self.callsigns.texts
        moved = {old: new for new, old in enumerate(kept.tolist())}
        self.aircraft = Names(texts[old] for old in kept.tolist())
        self.last, self._known = pick(self.last, kept), self._known[kept]
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

    def _admit(self, batch: Fixes, now_us: int | None) -> Table:
        keep = np.ones(len(batch), dtype=np.bool_)
        for reason, bad in unusable(batch, now_us):
            self._count(reason, int(np.count_nonzero(bad & keep)))
            keep &= ~bad
        return self._table_of(batch if keep.all() else batch.take(keep))

    def _table_of(self, batch: Fixes) -> Table:
        count = len(batch)
        sigma = batch.sigma_m
        unstated = np.isnan(sigma)
        return {
            "slot": self._slots(batch),
            "seen_at": batch.seen_at,
            "lon": batch.lon,
            "lat": batch.lat,
            "baro_ft": batch.baro_ft,
            "geo_ft": batch.geo_ft,
            "ground": batch.ground,
            "kind": batch.kind,
            "nacp": batch.nacp,
            "nic": batch.nic,
            "sigma_m": np.where(unstated, self._rules.sigma_m, sigma) if unstated.any() else sigma,
            "speed_kt": batch.speed_kt,
            "track_deg": batch.track_deg,
            "climb_ft_min": batch.climb_ft_min,
            "qnh_hpa": batch.qnh_hpa,
            "callsign": self._callsigns(batch),
            "sequence": batch.sequence,
            "source": np.full(count, self.sources.code(batch.source)),
            "heard_at": batch.seen_at,
            "odd_ft": np.full(count, np.nan),
            "seconded_at": np.where(_OWN_WORD[batch.kind], 0, batch.seen_at),
            "carried": np.zeros(count, dtype=np.bool_),
            "trusted": np.ones(count, dtype=np.bool_),
            "breaks": np.zeros(count, dtype=np.bool_),
        }

    def _slots(self, batch: Fixes) -> Ints:
        used = np.flatnonzero(np.bincount(batch.aircraft))
        table = np.zeros(int(used[-1]) + 1 if len(used) else 0, dtype=np.int64)
        table[used] = [self.aircraft.code(batch.names[code]) for code in used.tolist()]
        self._grow(len(self.aircraft.texts))
        return table[batch.aircraft]

    def _callsigns(self, batch: Fixes) -> Ints:
        used = np.flatnonzero(np.bincount(batch.callsign + 1)) - 1
        table = np.full(len(batch.callsigns) + 1, -1, dtype=np.int64)
        for code in used[used >= 0].tolist():
            table[code] = self.callsigns.code(batch.callsigns[code])
        return table[batch.callsign]

    def _grow(self, count: int) -> None:
        have = len(self._known)
        if count > have:
            more = max(count, 2 * have) - have
            self.last = joined_tables([self.last, _empty(more)])
            self._known = np.concatenate((self._known, np.zeros(more, dtype=np.bool_)))

    def _chain(self, rows: Table) -> Table:
        """Put the rows in order behind the last known fix of their aircraft."""
        rows = self._with_pending(self._newer(rows))
        slot, seen_at = rows["slot"], rows["seen_at"]
        same = np.diff(slot) == 0
        later = np.diff(seen_at) > 0
        if not ((np.diff(slot) > 0) | (same & later)).all():
            rows = pick(rows, np.lexsort((seen_at, slot)))
            again = np.append(False, _same_slot(rows) & (np.diff(rows["seen_at"]) == 0))
            self._count("duplicate", int(np.count_nonzero(again)))
            rows = pick(rows, ~again[: _length(rows)]) if again.any() else rows
        rows = self._with_carried(rows)
        return rows if self._rules.planar else self._plausible(rows)

    def _newer(self, rows: Table) -> Table:
        if not self._known.any():
            return rows
        known = self._known[rows["slot"]]
        last = self.last["seen_at"][rows["slot"]]
        late = known & (rows["seen_at"] < last)
        same = known & (rows["seen_at"] == last)
        self._count("out_of_order", int(np.count_nonzero(late)))
        self._count("duplicate", int(np.count_nonzero(same)))
        kept = ~(late | same)
        return rows if kept.all() else pick(rows, kept)

    def _with_pending(self, rows: Table) -> Table:
        """Bring back the points that wait for a second one, as if they had just come."""
        if not self._pending:
            return rows
        slots = np.unique(rows["slot"]).tolist()
        back = [self._pending.pop(slot) for slot in slots if slot in self._pending]
        return joined_tables([*back, rows])

    def _with_carried(self, rows: Table) -> Table:
        """Put before the rows of each aircraft the last one known of it."""
        present = np.zeros(len(self._known), dtype=np.bool_)
        present[rows["slot"]] = True
        slots = np.flatnonzero(present & self._known)
        if not len(slots):
            return rows
        carried = pick(self.last, slots)
        carried["carried"] = np.ones(len(slots), dtype=np.bool_)
        carried["breaks"] = np.zeros(len(slots), dtype=np.bool_)
        place = np.searchsorted(rows["slot"], slots)
        order = np.insert(
            np.arange(len(slots), len(slots) + _length(rows)), place, np.arange(len(slots))
        )
        return pick(joined_tables([carried, rows]), order)

    def _plausible(self, rows: Table) -> Table:
        """Leave out held positions and lone absurd points; mark the jumps that last."""
        held = _held(rows, self._rules)
        if held.any():
            self._count("position_repeated", int(np.count_nonzero(held)))
            self._note_frozen(rows, held)
            rows = pick(rows, ~held)
        rows = self._plausible_heights(rows)
        odd = np.zeros(_length(rows), dtype=np.bool_)
        odd[1:] = _jumps(pick(rows, slice(None, -1)), pick(rows, slice(1, None)), self._rules)
        odd[1:] &= _same_slot(rows)
        doubted = rows["carried"] & ~rows["trusted"]
        suspects = np.unique(rows["slot"][odd | doubted])
        if not len(suspects):
            return rows
        watched = np.isin(rows["slot"], suspects)
        kept = [self._walk(pick(rows, rows["slot"] == slot)) for slot in suspects]
        both = joined_tables([pick(rows, ~watched), *kept])
        return pick(both, np.argsort(both["slot"], kind="stable"))

    def _note_frozen(self, rows: Table, held: Flags) -> None:
        """Say which aircraft stood still for long while what else they say went on changing.

        A receiver that has lost an aircraft may repeat what it knew, all of it or, of one that
        is landing, its position; that is no sign.
        """
        source = np.maximum.accumulate(np.where(held, 0, np.arange(_length(rows))))
        lasted = rows["seen_at"] - rows["seen_at"][source]
        alive, fast = (
            np.zeros(_length(rows), dtype=np.bool_),
            rows["speed_kt"] > self._rules.flying_kt,
        )
        for name in ("baro_ft", "speed_kt", "track_deg"):
            alive |= np.abs(rows[name] - rows[name][source]) > 0
        long = np.flatnonzero(held & alive & fast & (lasted > self._rules.frozen_s * SECOND_US))
        first = long[np.unique(source[long], return_index=True)[1]]
        for row in first.tolist():
            at = pick(rows, slice(row, row + 1))
            self._sign(Sign.FROZEN, at, int(rows["seen_at"][row]), float(lasted[row]) / SECOND_US)

    def _plausible_heights(self, rows: Table) -> Table:
        """Do not believe a height to which no aircraft could have climbed, unless it lasts.

        Decoders now and then give one aircraft the height of another for a message.
        """
        told = np.flatnonzero(~np.isnan(rows["baro_ft"]))
        before, after = told[:-1], told[1:]
        same = rows["slot"][before] == rows["slot"][after]
        rise = np.abs(rows["baro_ft"][after] - rows["baro_ft"][before])
        seconds = (rows["seen_at"][after] - rows["heard_at"][before]) / SECOND_US
        recent = seconds <= self._rules.altitude_held_s
        odd = same & recent & (rise > self._rules.leap_ft + self._rules.leap_ft_s * seconds)
        suspects = np.unique(
            np.concatenate((rows["slot"][after[odd]], rows["slot"][~np.isnan(rows["odd_ft"])]))
        )
        if not len(suspects):
            return rows
        rows = {**rows, "baro_ft": rows["baro_ft"].copy(), "odd_ft": rows["odd_ft"].copy()}
        for slot in suspects.tolist():
            self._walk_heights(rows, np.flatnonzero(rows["slot"] == slot))
        return rows

    def _walk_heights(self, rows: Table, which: Ints) -> None:
        """Follow the heights of one aircraft; what is not believed becomes "not reported"."""
        feet, odd_ft = rows["baro_ft"], rows["odd_ft"]
        carried = bool(rows["carried"][which[0]])
        held, heard_at = float(feet[which[0]]), int(rows["heard_at"][which[0]])
        odd = float(odd_ft[which[0]]) if carried else np.nan
        for row in which[1:].tolist():
            here, seen_at = float(feet[row]), int(rows["seen_at"][row])
            if not np.isnan(here):
                most = (
                    self._rules.leap_ft + self._rules.leap_ft_s * (seen_at - heard_at) / SECOND_US
                )
                believed = np.isnan(held) or abs(here - held) <= most
                believed = believed or abs(here - odd) <= self._rules.leap_ft
                if believed:
                    held, heard_at, odd = here, seen_at, np.nan
                else:
                    self.doubted["height_implausible"] += 1
                    feet[row], odd = np.nan, here
            odd_ft[row] = odd

    def _walk(self, rows: Table) -> Table:
        """Follow one aircraft whose path has jumps, fix by fix."""
        slot = int(rows["slot"][0])
        pending: Table | None = None
        kept: list[Table] = []
        last = pick(rows, slice(0, 1)) if rows["carried"][0] else None
        if last is not None:
            kept.append(last)
        for number in range(len(kept), _length(rows)):
            row = {name: column[number : number + 1].copy() for name, column in rows.items()}
            if last is None or not _jumps(last, row, self._rules)[0]:
                self._count("implausible_speed", 0 if pending is None else 1)
                pending = None
                row["trusted"][:] = last is None or self._trusted_after(last, row)
                last = row
                kept.append(row)
            elif pending is not None and not _jumps(pending, row, self._rules)[0]:
                self._sign_jump(last, row)
                pending["breaks"][:] = True
                pending["trusted"][:] = row["trusted"][:] = False
                kept += [pending, row]
                last, pending = row, None
            else:
                self._count("implausible_speed", 0 if pending is None else 1)
                pending = row
        if pending is not None:
            self._pending[slot] = pending
        return joined_tables(kept) if kept else pick(rows, slice(0, 0))

    def _sign_jump(self, last: Table, row: Table) -> None:
        self._sign(Sign.JUMP, last, int(row["seen_at"][0]), float(steps_m(last, row)[0]))

    def _trusted_after(self, last: Table, row: Table) -> bool:
        absent_us = int(row["seen_at"][0] - last["seen_at"][0])
        return bool(last["trusted"][0]) or absent_us > self._rules.distrust_s * SECOND_US

    def _remember(self, rows: Table) -> None:
        _fill_altitudes(rows, self._rules)
        _fill_callsigns(rows)
        _fill_seconded(rows)
        if not _length(rows):
            return
        ends = np.flatnonzero(np.append(~_same_slot(rows), True))
        slots = rows["slot"][ends]
        self.newest = max(self.newest, int(rows["seen_at"][ends].max()))
        for name, column in self.last.items():
            column[slots] = rows[name][ends]
        self._known[slots] = True

    def vouch(self, aircraft: str, seen_at: int) -> None:
        """Note that a sensor of another kind agreed with a track without being part of it."""
        slot = self.aircraft.known(aircraft)
        if slot is not None and slot < len(self._known) and self._known[slot]:
            seconded = self.last["seconded_at"]
            seconded[slot] = max(int(seconded[slot]), seen_at)

    def _count(self, reason: str, count: int) -> None:
        if count:
            self.left_out[reason] += count


def _empty(count: int) -> Table:
    return {name: np.zeros(count, dtype=kind) for name, kind in _COLUMNS.items()}


def _length(rows: Table) -> int:
    return len(rows["slot"])


def pick(rows: Table, which: Any) -> Table:
    """Return some of the rows of a table."""
    return {name: column[which] for name, column in rows.items()}


def joined_tables(tables: list[Table]) -> Table:
    """Return tables one after the other."""
    return {name: np.concatenate([one[name] for one in tables]) for name in _COLUMNS}


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


def _same_slot(rows: Table) -> Flags:
    return np.asarray(rows["slot"][1:] == rows["slot"][:-1], dtype=np.bool_)


def _held(rows: Table, rules: Rules) -> Flags:
    """The position of the row before once more, at a speed at which it must have changed."""
    held = np.zeros(_length(rows), dtype=np.bool_)
    held[1:] = (
        _same_slot(rows)
        & (rows["lat"][1:] == rows["lat"][:-1])
        & (rows["lon"][1:] == rows["lon"][:-1])
        & (rows["speed_kt"][1:] > rules.held_kt)
    )
    return held


def steps_m(before: Table, after: Table) -> Floats:
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


_OF_JUMPS = ("lon", "lat", "seen_at", "speed_kt", "baro_ft")
"""The columns that tell a jump."""


def _jumps(before: Table, after: Table, rules: Rules) -> Flags:
    """Further and faster than an aircraft flies, or than this one says it flies."""
    found = _stalls(before, after, rules)
    # No step is longer than its degrees at the equator: most are settled by that.
    turn = np.abs(after["lon"] - before["lon"])
    far = np.flatnonzero((turn + np.abs(after["lat"] - before["lat"])) * 111_700 > rules.jump_m)
    if len(far):
        one, two = pick(before, far), pick(after, far)
        apart = steps_m(one, two)
        seconds = (two["seen_at"] - one["seen_at"]) / SECOND_US
        told = np.fmax(one["speed_kt"], two["speed_kt"]) * (1852 / 3600) * 1.3
        limit = np.minimum(np.fmax(rules.jump_m_s, told), rules.fastest_m_s)
        found[far] |= (apart > rules.jump_m) & (apart > limit * seconds)
    return found


def _stalls(before: Table, after: Table, rules: Rules) -> Flags:
    """At a cruising height, from a speed that carries a wing to one that does not, or back.

    So the spoofed airliner of 2024-09-17 shows itself (481 kt, then 51 kt, at 38,000 ft)
    after its position had stood still for twenty minutes, when the step alone was one
    that it could have flown.
    """
    slow = np.minimum(before["speed_kt"], after["speed_kt"]) < rules.stalled_kt
    fast = np.maximum(before["speed_kt"], after["speed_kt"]) > rules.flying_kt
    high = np.minimum(before["baro_ft"], after["baro_ft"]) > rules.high_ft
    return np.asarray(slow & fast & high, dtype=np.bool_)


def _fill_altitudes(rows: Table, rules: Rules) -> None:
    """Give a fix without altitude that of the fix before, if that is recent."""
    have = ~np.isnan(rows["baro_ft"])
    if have.all():
        return
    source = np.maximum.accumulate(np.where(have, np.arange(len(have)), -1))
    usable = (source >= 0) & (rows["slot"][source] == rows["slot"])
    age = rows["seen_at"] - rows["heard_at"][source]
    usable &= ~have & (age <= rules.altitude_held_s * SECOND_US)
    rows["baro_ft"] = np.where(usable, rows["baro_ft"][source], rows["baro_ft"])
    rows["heard_at"] = np.where(usable, rows["heard_at"][source], rows["heard_at"])


def _fill_seconded(rows: Table) -> None:
    """Carry along each path when a sensor of another kind was last on it; a jump ends that."""
    seconded = rows["seconded_at"]
    if not seconded.any():
        return
    row = np.arange(_length(rows))
    fresh = np.append(True, ~_same_slot(rows)) | rows["breaks"]
    begin = np.maximum.accumulate(np.where(fresh, row, 0))
    source = np.maximum.accumulate(np.where(seconded > 0, row, -1))
    rows["seconded_at"] = np.where(source >= begin, seconded[source], 0)


def _fill_callsigns(rows: Table) -> None:
    have = rows["callsign"] >= 0
    if have.all() or not have.any():
        return
    source = np.maximum.accumulate(np.where(have, np.arange(len(have)), -1))
    usable = ~have & (source >= 0) & (rows["slot"][source] == rows["slot"])
    rows["callsign"] = np.where(usable, rows["callsign"][source], rows["callsign"])


def lay_out(rows: Table, rules: Rules, believed: Flags, qnh_hpa: float | Floats | None) -> Rows:
    """Return legs of segments for rows in order of aircraft and time."""
    count = _length(rows)
    same = np.zeros(count, dtype=np.bool_)
    same[1:] = _same_slot(rows)
    far = np.zeros(count, dtype=np.bool_)
    far[1:] = np.diff(rows["seen_at"]) > rules.longest_gap_s * SECOND_US
    starts = ~rows["carried"] & (~same | rows["breaks"] | far)
    origin = np.repeat(np.arange(count), 1 + starts)
    copies = np.zeros(len(origin), dtype=np.bool_)
    copies[np.flatnonzero(starts) + np.arange(np.count_nonzero(starts))] = True
    slot, seen_at = rows["slot"][origin], rows["seen_at"][origin]
    joins = np.zeros(len(origin), dtype=np.bool_)
    joins[:-1] = (slot[1:] == slot[:-1]) & ~copies[1:]
    certain = joins.copy()
    certain[:-1] &= np.diff(seen_at) <= rules.certain_gap_s * SECOND_US
    if rules.planar and count > 1:
        wide = {name: rows[name][origin] for name in _OF_JUMPS}
        certain[:-1] &= ~_jumps(pick(wide, slice(None, -1)), pick(wide, slice(1, None)), rules)
    height = heights_ft(
        rows["baro_ft"],
        rows["geo_ft"],
        rows["ground"],
        qnh_hpa=qnh_hpa,
        place=(rows["lat"], rows["lon"]),
    )
    return Rows(
        slot=slot,
        seen_at=seen_at,
        lon=rows["lon"][origin],
        lat=rows["lat"][origin],
        height_ft=height[:, origin],
        joins=joins,
        starts=copies,
        fix=~(copies | rows["carried"][origin]),
        bracket=np.arange(len(origin), dtype=np.int64),
        sigma_m=rows["sigma_m"][origin],
        band_m=np.zeros(len(origin)),
        band_ft=np.zeros(len(origin)),
        certain=certain,
        trusted=believed[origin],
        origin=origin,
        table=rows,
    )

"""How each aircraft moves: a state for every five seconds of its track, in columns.

The first fix in each interval of `CYCLE_US` gives a state: place, heights, speed over
ground, climb, and how it has been turning. A state rests on
fixes at or before it and on nothing else, so that a file read in any pieces and a live
feed give the same states.

Speed and track are taken as the aircraft reports them; where it reports none they
follow from its last ten seconds. A step that no aircraft flies, or half a minute of
silence, begins the memory anew: nothing is said of an aircraft until it has been
followed for `SETTLED_S` again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.airspace.fix import Fixes, Flags, Floats, Ints, Names
from truceline.airspace.metres import metres_per_degree
from truceline.airspace.rules import SECOND_US, Rules
from truceline.airspace.track import unusable
from truceline.airspace.vertical import heights_ft

CYCLE_US = 5 * SECOND_US
"""Predictions are made so often for each aircraft (AIRSPACE d.2)."""
KEPT_US = 45 * SECOND_US
SILENCE_US = 30 * SECOND_US
SETTLED_S = 10.0
"""An aircraft is predicted once it has been followed so long."""
SLOWEST_M_S = 15.0
"""Slower than this an aircraft hovers or taxies, and its heading says nothing."""
_KNOT = 1852 / 3600
_WRAP = 2 * np.pi


@dataclass(frozen=True, slots=True)
class States:
    """States in columns, sorted by aircraft and time. NaN: not known.

    `slot` is a code into `Memory.aircraft`, `row` the row of the batch. `heading` is in
    radians clockwise from north; turns in rad/s over 10, 20 and 40 s.
    """

    slot: Ints
    seen_at: Ints
    row: Ints
    lon: Floats
    lat: Floats
    baro_ft: Floats
    geo_ft: Floats
    ground: Flags
    speed: Floats
    heading: Floats
    climb: Floats
    began_at: Ints
    turn10: Floats
    turn20: Floats
    turn40: Floats

    def __len__(self) -> int:
        return len(self.slot)

    def take(self, rows: NDArray[np.bool_] | Ints) -> States:
        """Return some of the rows."""
        return States(*(getattr(self, name)[rows] for name in _STATE))

    @property
    def known_s(self) -> Floats:
        """How long the aircraft has been followed without a break."""
        return np.asarray((self.seen_at - self.began_at) / SECOND_US, dtype=np.float64)

    def heights(self, rules: Rules) -> Floats:
        """Return the three columns of heights, in feet (`vertical.py`)."""
        return heights_ft(self.baro_ft, self.geo_ft, self.ground, qnh_hpa=rules.qnh_hpa)


_STATE = tuple(one.name for one in fields(States))
_KEPT = _STATE[: _STATE.index("turn10")]
"""What is remembered of a state; the rest follows from it and those before."""

type _Table = dict[str, NDArray[Any]]


def _states(table: _Table) -> States:
    return States(*(table[name] for name in _STATE))


class Memory:
    """What the next states rest on: the states of the last 45 seconds."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.aircraft = Names()
        self.callsigns: dict[int, str] = {}
        self._kept: _Table = {name: _column(name, 0) for name in _KEPT}

    def take(self, batch: Fixes, *, now_us: int | None = None) -> States:
        """Return the states that a batch adds."""
        rows = self._opening(batch, now_us)
        fresh = self._fresh(batch, rows)
        mine = np.isin(self._kept["slot"], np.unique(fresh["slot"]))
        whole = {name: np.concatenate((self._kept[name][mine], fresh[name])) for name in _KEPT}
        order = np.lexsort((whole["seen_at"], whole["slot"]))
        whole = {name: column[order] for name, column in whole.items()}
        is_new = whole["row"] >= 0
        _fill_motion(whole)
        self._begin_anew(whole)
        made = _states({**whole, **_changes(whole)}).take(is_new)
        self._remember(whole, mine)
        return made

    def forget(self, before_us: int) -> None:
        """Forget aircraft that have been silent since then."""
        keep = self._kept["seen_at"] >= before_us
        slots, self._kept["slot"] = np.unique(self._kept["slot"][keep], return_inverse=True)
        for name in _KEPT[1:]:
            self._kept[name] = self._kept[name][keep]
        self.callsigns = {
            new: self.callsigns[old]
            for new, old in enumerate(slots.tolist())
            if old in self.callsigns
        }
        self.aircraft = Names(self.aircraft.texts[old] for old in slots.tolist())

    # -- inside --------------------------------------------------------------------------

    def _opening(self, batch: Fixes, now_us: int | None) -> Ints:
        """The rows that are the first usable fix of their aircraft in an interval."""
        bad = np.zeros(len(batch), dtype=np.bool_)
        for _, some in unusable(batch, now_us):
            bad |= some
        rows = np.flatnonzero(~bad)
        order = rows[np.lexsort((batch.seen_at[rows], batch.aircraft[rows]))]
        turn = batch.seen_at[order] // CYCLE_US
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (np.diff(batch.aircraft[order]) != 0) | (np.diff(turn) != 0)
        return np.asarray(order[first], dtype=np.int64)

    def _fresh(self, batch: Fixes, rows: Ints) -> _Table:
        slots = self._slots(batch, rows)
        newest = np.full(len(self.aircraft.texts), -(2**62), dtype=np.int64)
        newest[self._kept["slot"]] = 0
        np.maximum.at(newest, self._kept["slot"], self._kept["seen_at"])
        keep = batch.seen_at[rows] // CYCLE_US > newest[slots] // CYCLE_US
        rows, slots = rows[keep], slots[keep]
        self._note_callsigns(batch, rows, slots)
        return {
            "slot": slots,
            "seen_at": batch.seen_at[rows],
            "row": rows,
            "lon": batch.lon[rows],
            "lat": batch.lat[rows],
            "baro_ft": batch.baro_ft[rows],
            "geo_ft": batch.geo_ft[rows],
            "ground": batch.ground[rows],
            "speed": batch.speed_kt[rows] * _KNOT,
            "heading": np.radians(batch.track_deg[rows]),
            "climb": batch.climb_ft_min[rows] / 60,
            "began_at": np.zeros(len(rows), dtype=np.int64),
        }

    def _slots(self, batch: Fixes, rows: Ints) -> Ints:
        used = np.unique(batch.aircraft[rows])
        table = np.zeros(int(used[-1]) + 1 if len(used) else 0, dtype=np.int64)
        table[used] = [self.aircraft.code(batch.names[code]) for code in used.tolist()]
        return np.asarray(table[batch.aircraft[rows]], dtype=np.int64)

    def _note_callsigns(self, batch: Fixes, rows: Ints, slots: Ints) -> None:
        said = batch.callsign[rows] >= 0
        for slot, code in set(
            zip(slots[said].tolist(), batch.callsign[rows][said].tolist(), strict=True)
        ):
            self.callsigns[slot] = batch.callsigns[code]

    def _begin_anew(self, whole: _Table) -> None:
        """Say since when each aircraft has been followed without a break."""
        broken = _breaks(whole, self._rules)
        began = np.where(whole["row"] >= 0, whole["seen_at"], whole["began_at"])
        runs = np.flatnonzero(broken)
        run = np.cumsum(broken) - 1
        whole["began_at"] = began[runs][run]

    def _remember(self, whole: _Table, mine: Flags) -> None:
        newest = int(whole["seen_at"].max()) if len(whole["seen_at"]) else -(2**62)
        last = np.append(np.diff(whole["slot"]) != 0, True)[: len(whole["slot"])]
        ends = whole["seen_at"][last][np.cumsum(np.append(0, last[:-1]))] if len(last) else newest
        recent = whole["seen_at"] >= ends - KEPT_US
        kept = {**whole, "row": np.full(len(whole["row"]), -1, dtype=np.int64)}
        for name in _KEPT:
            self._kept[name] = np.concatenate((self._kept[name][~mine], kept[name][recent]))


def _column(name: str, count: int) -> NDArray[Any]:
    kinds: Mapping[str, type[np.generic]] = {
        **dict.fromkeys(("slot", "seen_at", "row", "began_at"), np.int64),
        "ground": np.bool_,
    }
    return np.zeros(count, dtype=kinds.get(name, np.float64))


def _lag(whole: _Table, seconds: float) -> Ints:
    """For each row the earliest one of its aircraft that is at most so old."""
    if not len(whole["slot"]):
        return np.zeros(0, dtype=np.int64)
    origin = int(whole["seen_at"].min())
    span = int(whole["seen_at"].max()) - origin + 2 * KEPT_US + 1
    rank = np.cumsum(np.append(0, np.diff(whole["slot"]) != 0))
    key = rank * span + (whole["seen_at"] - origin) + KEPT_US
    found = np.searchsorted(key, key - round(seconds * SECOND_US))
    first = np.searchsorted(rank, rank)
    return np.asarray(np.maximum(found, first), dtype=np.int64)


def _fill_motion(whole: _Table) -> None:
    """Derive from the last ten seconds what was not reported."""
    before = _lag(whole, 12.0)
    dt = (whole["seen_at"] - whole["seen_at"][before]) / SECOND_US
    east, north = metres_per_degree(whole["lat"])
    step_east = ((whole["lon"] - whole["lon"][before] + 180) % 360 - 180) * east
    step_north = (whole["lat"] - whole["lat"][before]) * north
    with np.errstate(invalid="ignore", divide="ignore"):
        speed = np.where(dt > 0, np.hypot(step_east, step_north) / dt, np.nan)
        climb = np.where(dt > 0, (whole["baro_ft"] - whole["baro_ft"][before]) / dt, np.nan)
        climb_geo = np.where(dt > 0, (whole["geo_ft"] - whole["geo_ft"][before]) / dt, np.nan)
    silent = np.isnan(whole["speed"]) | np.isnan(whole["heading"])
    whole["speed"] = np.where(silent, speed, whole["speed"])
    whole["heading"] = np.where(silent, np.arctan2(step_east, step_north), whole["heading"])
    for other in (climb, climb_geo, np.zeros(len(dt))):
        whole["climb"] = np.where(np.isnan(whole["climb"]), other, whole["climb"])


def _breaks(whole: _Table, rules: Rules) -> Flags:
    """Where an aircraft's memory begins anew: first row, long silence, a step nobody flies."""
    count = len(whole["slot"])
    broken = np.ones(count, dtype=np.bool_)
    east, north = metres_per_degree(whole["lat"][1:])
    dt = np.diff(whole["seen_at"]) / SECOND_US
    step = np.hypot(
        ((np.diff(whole["lon"]) + 180) % 360 - 180) * east, np.diff(whole["lat"]) * north
    )
    jump = (step > rules.jump_m) & (step > rules.jump_m_s * dt)
    broken[1:] = (np.diff(whole["slot"]) != 0) | (np.diff(whole["seen_at"]) > SILENCE_US) | jump
    # A carried row keeps the beginning that it had: it starts a run, and says since when.
    return broken


def _changes(whole: _Table) -> dict[str, Floats]:
    """How the heading changed; over a break nothing changes."""
    turned = np.zeros(len(whole["slot"]))
    steps = (np.diff(whole["heading"]) + np.pi) % _WRAP - np.pi
    turned[1:] = np.where(np.isfinite(steps), steps, 0.0)
    turned = np.where(_run_start(whole) == np.arange(len(turned)), 0.0, turned)
    course = np.cumsum(turned)

    def rate(seconds: float) -> Floats:
        before = np.maximum(_lag(whole, seconds), _run_start(whole))
        dt = (whole["seen_at"] - whole["seen_at"][before]) / SECOND_US
        enough = dt >= max(4.0, seconds / 2)
        return np.where(enough, (course - course[before]) / np.where(enough, dt, 1.0), 0.0)

    return {"turn10": rate(10.0), "turn20": rate(20.0), "turn40": rate(40.0)}


def _run_start(whole: _Table) -> Ints:
    """The first row of the unbroken run that each row belongs to."""
    count = len(whole["slot"])
    new = np.ones(count, dtype=np.bool_)
    new[1:] = (np.diff(whole["slot"]) != 0) | (np.diff(whole["began_at"]) != 0)
    starts = np.flatnonzero(new)
    return np.asarray(starts[np.cumsum(new) - 1] if count else starts, dtype=np.int64)

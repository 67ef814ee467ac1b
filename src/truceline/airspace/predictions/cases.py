"""Pairs of aircraft and zone that are worth deciding on, and what each of them says.

`cases_of` goes from states to chances in columns; `Cases.prediction` puts one row into
words and places, which is rare. `far_ahead` is the advisory: straight on, five minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from truceline.airspace.fix import Fixes, Flags, Floats, Ints
from truceline.airspace.predictions.chance import chance, expected_s, parts, terms
from truceline.airspace.predictions.motion import SETTLED_S, SLOWEST_M_S, Memory, States
from truceline.airspace.predictions.paths import (
    HORIZON_S,
    NEVER,
    WAYS,
    Lookout,
    Ways,
    along,
    clarity,
    entries_ahead,
    ways,
)
from truceline.airspace.predictions.prediction import (
    ADVISORY_S,
    IMMINENT_S,
    Key,
    Level,
    Prediction,
    Seen,
    us,
)
from truceline.airspace.rules import SECOND_US, Rules

_PATH_STEP_S, _PATH_MORE_S = 10.0, 30.0


@dataclass(slots=True)
class Cases:
    """Pairs of state and zone worth deciding on: some way leads in, or it is inside already."""

    states: States
    zones: Ints
    entry_s: Floats
    inside: Flags
    chance: Floats
    left_s: Floats
    terms: Floats
    heights: Floats
    look: Lookout
    memory: Memory
    batch: Fixes | None = None

    @property
    def at(self) -> Ints:
        return self.states.seen_at

    def key(self, row: int) -> Key:
        zone = self.look.chart.zone_ids[int(self.zones[row])]
        return zone, self.memory.aircraft.texts[int(self.states.slot[row])]

    def prediction(self, row: int) -> Prediction:
        """Return what one pair says, in words and places."""
        state = self.states.take(np.array([row]))
        entry_s, left_s = self.entry_s[row], float(self.left_s[row])
        way = int(np.argmin(np.where(entry_s <= HORIZON_S, entry_s, np.inf)))
        way = 0 if entry_s[0] <= HORIZON_S else way
        zone_id, icao24 = self.key(row)
        because = list(parts(self.terms[row]).items())[:4]
        level = Level.IMMINENT if left_s <= IMMINENT_S else Level.ALERT
        made = predicted(state, way, left_s, self.heights[:, row], self.batch)
        return replace(
            made,
            zone_id=zone_id,
            icao24=icao24,
            callsign=self.memory.callsigns.get(int(state.slot[0]), ""),
            level=level,
            chance=float(self.chance[row]),
            ways_in=int(np.count_nonzero(entry_s <= HORIZON_S)),
            because=tuple((name, round(value, 2)) for name, value in because),
        )


def cases_of(look: Lookout, states: States, rules: Rules, memory: Memory) -> Cases:
    usable = np.flatnonzero(fit(states))
    some = states.take(usable)
    heights = some.heights(rules)
    pairs, entry_s, inside = entries_ahead(look, some, heights)
    worth = np.flatnonzero(inside | (entry_s.min(axis=1, initial=NEVER) <= HORIZON_S))
    rows, zones = pairs[0][worth], pairs[1][worth]
    entry_s, inside = entry_s[worth], inside[worth]
    clear = clarity(look, some, heights, (rows, zones))
    each = some.take(rows)
    made = terms(entry_s, clear, each)
    return Cases(
        each, zones, entry_s, inside, chance(made), expected_s(entry_s), made,
        heights[:, rows], look, memory,
    )  # fmt: skip


def fit(states: States) -> Flags:
    """Which states may be predicted from: in the air, moving, followed for a while."""
    with np.errstate(invalid="ignore"):
        moving = states.speed >= SLOWEST_M_S
    known = np.isfinite(states.heading) & (states.known_s >= SETTLED_S)
    return np.asarray(moving & ~states.ground & known, dtype=np.bool_)


def last_of_each(states: States) -> Ints:
    ends = np.ones(len(states), dtype=np.bool_)
    ends[:-1] = np.diff(states.slot) != 0
    return np.flatnonzero(ends)


def predicted(
    state: States, way: int, left_s: float, heights: Floats, batch: Fixes | None
) -> Prediction:
    flown = ways(state)
    one = Ways(*(getattr(flown, name)[:, way : way + 1] for name in Ways.__slots__))
    seconds = np.append(np.arange(0.0, left_s + _PATH_MORE_S, _PATH_STEP_S), left_s)
    lon, lat, risen = (column[0, 0] for column in along(state, one, seconds))
    seen = _seen(state, batch)
    height = heights[0] if np.isfinite(heights[0]) else heights[2]
    return Prediction(
        zone_id="",
        icao24="",
        callsign="",
        level=Level.ADVISORY,
        made_at=seen.seen_at,
        entry_at=seen.seen_at + us(left_s),
        chance=float("nan"),
        entry_lat=float(lat[-1]),
        entry_lon=float(lon[-1]),
        entry_ft=float(height + risen[-1]) if np.isfinite(height) else None,
        way=WAYS[way],
        ways_in=1,
        path=tuple(zip(lat[:-1].tolist(), lon[:-1].tolist(), strict=True)),
        because=(),
        seen=seen,
        source=batch.source if batch is not None else "",
    )


def _seen(state: States, batch: Fixes | None) -> Seen:
    row = int(state.row[0])
    return Seen(
        sequence=int(batch.sequence[row]) if batch is not None else row,
        seen_at=int(state.seen_at[0]),
        lat=float(state.lat[0]),
        lon=float(state.lon[0]),
        baro_ft=_known(state.baro_ft[0]),
        geo_ft=_known(state.geo_ft[0]),
        speed_kt=float(state.speed[0]) * 3600 / 1852,
        track_deg=float(np.degrees(state.heading[0])) % 360,
        climb_ft_min=float(state.climb[0]) * 60,
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def far_ahead(
    look: Lookout, states: States, rules: Rules, memory: Memory, batch: Fixes
) -> Iterator[Prediction]:
    """Who would be in a zone within five minutes, straight on; the climb ends after two."""
    rows, zones = look.near(states, ADVISORY_S)
    heights = states.heights(rules)
    seconds = np.arange(0.0, ADVISORY_S + 1, 5.0)
    for row, zone in zip(rows.tolist(), zones.tolist(), strict=True):
        one = states.take(np.array([row]))
        flown = ways(one)
        straight = Ways(*(getattr(flown, name)[:, :1] for name in Ways.__slots__))
        lon, lat, risen = (column[0, 0] for column in along(one, straight, seconds))
        at = int(one.seen_at[0]) + np.rint(seconds * SECOND_US).astype(np.int64)
        hit = look.inside(zone, lon, lat, heights[:, row, None] + risen, at)
        first = int(np.argmax(hit))
        if not hit.any() or first == 0:
            continue
        made = predicted(one, 0, float(seconds[first]), heights[:, row], batch)
        yield replace(
            made,
            zone_id=look.chart.zone_ids[zone],
            icao24=memory.aircraft.texts[int(one.slot[0])],
            callsign=memory.callsigns.get(int(one.slot[0]), ""),
        )

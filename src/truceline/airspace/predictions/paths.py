"""Where an aircraft may be in the next two minutes, and which zones that is in.

Eight ways to fly on are looked at for each aircraft (`WAYS`): straight on; the turn of
the last ten seconds held for 20 or 40 seconds; level from here; levelling off at the
next thousand feet; both; and a moderate turn to either side. For each way it is found
when it first enters each zone (`first_entry`), by points every `STEP_S` seconds: in the
shape, between the limits, in the window, volumes combined in their order. A climb is
not held beyond two minutes. A height that is not known counts as inside at every
height, as for a crossing.

What the ways say is put beside how clear the case is: how far the aircraft must turn to
miss, and how far it has to climb (`clarity`). What follows is `predictions/chance.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from truceline.airspace.ahead import WaysAhead, lookahead
from truceline.airspace.cells import Cells, cells
from truceline.airspace.chart import Chart
from truceline.airspace.fix import Flags, Floats, Ints
from truceline.airspace.kernel import AHEAD, Kernel
from truceline.airspace.metres import metres_per_degree
from truceline.airspace.predictions.motion import SLOWEST_M_S, States
from truceline.airspace.rules import SECOND_US
from truceline.airspace.vertical import Column

HORIZON_S = 120.0
"""Alerts look so far ahead: beyond it the share of timely warnings does not rise."""
CLIMB_HELD_S = 120.0
STEP_S = 2.5
WARM_STATES = 5_000
"""After so many states the compiled look-ahead is loaded."""
NEVER = 999.0
TURN_RAD_S = 0.025
"""A moderate turn: half of the standard rate of three degrees a second."""
_LEVEL_FT, _LEVEL_NEAR_FT = 1000.0, 50.0
_AT_ONCE = 1_000
_PLAIN_M = 25.0
"""Distances and turns are measured against a border that is drawn this plainly."""

WAYS = (
    "straight on",
    "turn held for 20 s",
    "turn held for 40 s",
    "level from here",
    "level at the next thousand feet",
    "turn held for 20 s, level at the next thousand feet",
    "turn to the right for 20 s",
    "turn to the left for 20 s",
)


@dataclass(frozen=True, slots=True)
class Ways:
    """For each state and way: turn (rad/s) and how long it is held, climb and how long (s)."""

    turn: Floats
    turn_s: Floats
    climb: Floats
    climb_s: Floats


def ways(states: States) -> Ways:
    """Return the eight ways to fly on, as arrays of states by ways."""
    count = len(states)
    none, climb = np.zeros(count), states.climb
    levelled = np.where(np.abs(climb) > 0, _to_level_s(states), CLIMB_HELD_S)
    held = np.full(count, CLIMB_HELD_S)
    turns = (none, states.turn10, states.turn10, none, none, states.turn20)
    side = np.full(count, TURN_RAD_S)
    return Ways(
        turn=np.column_stack((*turns, side, -side)),
        turn_s=np.broadcast_to((0.0, 20.0, 40.0, 0.0, 0.0, 20.0, 20.0, 20.0), (count, 8)),
        climb=np.column_stack((climb, climb, climb, none, climb, climb, climb, climb)),
        climb_s=np.column_stack((held, held, held, none, levelled, levelled, held, held)),
    )


def _to_level_s(states: States) -> Floats:
    """The time to the next thousand feet in the direction of the climb."""
    height = np.where(np.isnan(states.baro_ft), states.geo_ft, states.baro_ft)
    up = np.ceil((height + _LEVEL_NEAR_FT) / _LEVEL_FT) * _LEVEL_FT - height
    down = height - np.floor((height - _LEVEL_NEAR_FT) / _LEVEL_FT) * _LEVEL_FT
    apart = np.where(states.climb > 0, up, down)
    with np.errstate(divide="ignore", invalid="ignore"):
        seconds = apart / np.abs(states.climb)
    return np.where(np.isfinite(seconds), np.minimum(seconds, CLIMB_HELD_S), CLIMB_HELD_S)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is looked at of a zone, made once: its footprint in metres about its middle."""

    volumes: range
    footprint: Any
    hull: Floats
    middle: tuple[float, float]
    scale: tuple[float, float]  # metres in a degree of longitude and latitude there
    lower: tuple[int, float]
    upper: tuple[int, float]


class Lookout:
    """The zones of one chart, laid out for looking ahead."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self._grounds: dict[int, Ground] = {}
        boxes = [self._box(zone) for zone in range(len(chart.zone_ids))]
        self._tree = shapely.STRtree(boxes)
        self.simple = np.array(
            [chart.is_simple(zone) for zone in range(len(boxes))], dtype=np.bool_
        )
        self.asked = 0
        self._cells: Cells | None = None

    def near(self, states: States, horizon_s: float) -> tuple[Ints, Ints]:
        """Return the pairs of state and zone that can meet within a time."""
        east, north = metres_per_degree(states.lat)
        reach = np.maximum(states.speed, SLOWEST_M_S) * horizon_s
        lon, lat = reach / east, reach / north
        boxes = shapely.box(states.lon - lon, states.lat - lat, states.lon + lon, states.lat + lat)
        usable = np.flatnonzero(np.isfinite(states.speed) & np.isfinite(states.heading))
        state, zone = self._tree.query(boxes[usable])
        return usable[state], np.asarray(zone, dtype=np.int64)

    def cells(self) -> Cells:
        """Return the table of cells of the chart, made once."""
        if self._cells is None:
            self._cells = cells(self.chart)
        return self._cells

    def ground(self, zone: int) -> Ground:
        """Return what is looked at of a zone."""
        found = self._grounds.get(zone)
        if found is None:
            found = self._grounds[zone] = _ground(self.chart, self._volumes(zone))
        return found

    def inside(self, zone: int, lon: Floats, lat: Floats, height: Floats, at: Ints) -> Flags:
        """Say which points are in the zone; arrays of one shape, `height` of three such."""
        chart, answer = self.chart, np.zeros(lon.shape, dtype=np.bool_)
        for volume in self._volumes(zone):
            here = (chart.opens_at[volume] <= at) & (at < chart.closes_at[volume])
            here &= _within(chart, volume, height)
            west, south, east, north = chart.bounds[volume]
            here &= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
            if here.any():
                here[here] = shapely.intersects_xy(chart.areas[volume], lon[here], lat[here])
            match int(chart.operation[volume]):
                case 0:
                    answer |= here
                case 1:
                    answer &= here
                case _:
                    answer &= ~here
        return answer

    def _volumes(self, zone: int) -> range:
        return range(int(self.chart.zone_first[zone]), int(self.chart.zone_first[zone + 1]))

    def _box(self, zone: int) -> Any:
        added = [one for one in self._volumes(zone) if self.chart.operation[one] == 0]
        if not added:
            return None
        sides = self.chart.bounds[added]
        return shapely.box(*sides[:, :2].min(axis=0), *sides[:, 2:].max(axis=0))


def _within(chart: Chart, volume: int, height: Floats) -> Flags:
    low, high = int(chart.lower_column[volume]), int(chart.upper_column[volume])
    inside = np.ones(height.shape[1:], dtype=np.bool_)
    if Column.STD <= low <= Column.WGS84:
        inside &= ~(height[low] < chart.lower_ft[volume])
    if Column.STD <= high <= Column.WGS84:
        inside &= ~(height[high] > chart.upper_ft[volume])
    return inside


def _ground(chart: Chart, volumes: range) -> Ground:
    added = [one for one in volumes if chart.operation[one] == 0]
    area = shapely.union_all([chart.areas[one] for one in added])
    west, south, east, north = area.bounds
    middle = ((west + east) / 2, (south + north) / 2)
    per_degree = metres_per_degree(np.array([middle[1]]))
    scale = (float(per_degree[0][0]), float(per_degree[1][0]))
    plane = shapely.transform(area, lambda xy: (xy - middle) * scale).simplify(_PLAIN_M)
    shapely.prepare(plane)
    return Ground(
        volumes=volumes,
        footprint=plane,
        hull=shapely.get_coordinates(plane.convex_hull)[:-1],
        middle=middle,
        scale=scale,
        lower=_extreme(chart.lower_column[added], chart.lower_ft[added], np.argmin),
        upper=_extreme(chart.upper_column[added], chart.upper_ft[added], np.argmax),
    )


def _extreme(columns: Ints, feet: Floats, pick: Any) -> tuple[int, float]:
    """The lowest floor or highest ceiling; (-1, 0) where one volume has none."""
    tested = (columns >= Column.STD) & (columns <= Column.WGS84)
    if not tested.all():
        return -1, 0.0
    chosen = int(pick(feet))
    return int(columns[chosen]), float(feet[chosen])


def entries_ahead(
    look: Lookout, states: States, heights: Floats, *, kernel: Kernel = AHEAD
) -> tuple[tuple[Ints, Ints], Floats, Flags]:
    """Return the pairs of state and zone that meet, when by each way, and who is inside.

    The compiled look-ahead (`ahead.py`) answers for zones of one volume once it is loaded;
    the plain one for the rest, and until then. Both answer in steps of `STEP_S`; the plain
    one may miss a corner that is passed within a step.
    """
    look.asked += len(states)
    if look.asked >= WARM_STATES:
        kernel.start()
    is_ready = kernel.ready and look.simple.any()
    rows, zones = look.near(states, HORIZON_S + STEP_S)
    if is_ready:
        rest = ~look.simple[zones]
        rows, zones = rows[rest], zones[rest]
    entry, inside = first_entry(look, states, heights, (rows, zones))
    if not is_ready:
        return (rows, zones), entry, inside
    pairs, fast = _compiled(look, states, heights, kernel)
    both = np.concatenate((entry, fast)), np.concatenate((inside, (fast == 0).any(axis=1)))
    return (np.concatenate((rows, pairs[0])), np.concatenate((zones, pairs[1]))), *both


def _compiled(
    look: Lookout, states: States, heights: Floats, kernel: Kernel
) -> tuple[tuple[Ints, Ints], Floats]:
    flown, many = ways(states), len(WAYS)
    east, north = metres_per_degree(states.lat)
    way, volume, seconds = lookahead(
        look.cells(),
        WaysAhead(
            lon=np.repeat(states.lon, many),
            lat=np.repeat(states.lat, many),
            seen_at=np.repeat(states.seen_at, many),
            height_ft=np.repeat(heights, many, axis=1),
            east_deg_s=np.repeat(states.speed * np.sin(states.heading) / east, many),
            north_deg_s=np.repeat(states.speed * np.cos(states.heading) / north, many),
            climb_ft_s=flown.climb.ravel(),
            turn_rad_s=flown.turn.ravel(),
            turn_s=flown.turn_s.ravel(),
            climb_s=flown.climb_s.ravel(),
        ),
        HORIZON_S,
        kernel=kernel,
    )
    zone = look.chart.zone_of[volume]
    known = look.simple[zone]
    way, zone, seconds = way[known], zone[known], seconds[known]
    keys, pair = np.unique(way // many * len(look.simple) + zone, return_inverse=True)
    entry = np.full((len(keys), many), NEVER)
    np.minimum.at(entry, (pair, way % many), np.ceil(seconds / STEP_S - 1e-9) * STEP_S)
    return (keys // len(look.simple), keys % len(look.simple)), entry


def first_entry(
    look: Lookout, states: States, heights: Floats, pairs: tuple[Ints, Ints]
) -> tuple[Floats, Flags]:
    """Return, for each pair and way, after how many seconds the zone is entered, and who is inside.

    `NEVER`: not within `HORIZON_S`.
    """
    rows, zones = pairs
    entry = np.full((len(rows), len(WAYS)), NEVER)
    inside = np.zeros(len(rows), dtype=np.bool_)
    flown = ways(states)
    for zone, some in _by_zone(rows, zones):
        for piece in np.array_split(some, -(-len(some) // _AT_ONCE)):
            entry[piece], inside[piece] = _entries(look, zone, states, heights, flown, rows[piece])
    return entry, inside


def _by_zone(rows: Ints, zones: Ints) -> Iterator[tuple[int, Ints]]:
    order = np.argsort(zones, kind="stable")
    cuts = np.flatnonzero(np.diff(zones[order])) + 1
    for some in np.split(order, cuts):
        if len(some):
            yield int(zones[some[0]]), some


def _entries(
    look: Lookout, zone: int, states: States, heights: Floats, flown: Ways, rows: Ints
) -> tuple[Floats, Flags]:
    seconds = np.arange(0.0, HORIZON_S + STEP_S / 2, STEP_S)
    one = Ways(flown.turn[rows], flown.turn_s[rows], flown.climb[rows], flown.climb_s[rows])
    lon, lat, risen = along(states.take(rows), one, seconds)
    height = heights[:, rows, None, None] + risen
    at = states.seen_at[rows, None, None] + np.rint(seconds * SECOND_US).astype(np.int64)
    hit = look.inside(zone, lon, lat, height, np.broadcast_to(at, lon.shape))
    first = np.argmax(hit, axis=2)
    return np.where(hit.any(axis=2), seconds[first], NEVER), hit[:, 0, 0]


def along(states: States, flown: Ways, seconds: Floats) -> tuple[Floats, Floats, Floats]:
    """Return longitude, latitude and feet risen, by state, way and time."""
    speed, heading = states.speed[:, None, None], states.heading[:, None, None]
    turn, turn_s = flown.turn[:, :, None], flown.turn_s[:, :, None]
    bent = np.minimum(seconds, turn_s)
    straight = seconds - bent
    last = heading + turn * bent
    small = np.abs(turn) < 1e-6
    rate = np.where(small, 1.0, turn)
    arc_east = np.where(small, np.sin(heading) * bent, (np.cos(heading) - np.cos(last)) / rate)
    arc_north = np.where(small, np.cos(heading) * bent, (np.sin(last) - np.sin(heading)) / rate)
    east, north = metres_per_degree(states.lat)
    lon = (
        states.lon[:, None, None]
        + speed * (arc_east + np.sin(last) * straight) / east[:, None, None]
    )
    lat = (
        states.lat[:, None, None]
        + speed * (arc_north + np.cos(last) * straight) / north[:, None, None]
    )
    return lon, lat, flown.climb[:, :, None] * np.minimum(seconds, flown.climb_s[:, :, None])


@dataclass(frozen=True, slots=True)
class Clarity:
    """How clear each case is. Seconds, radians, feet.

    `edge_s` the straight way to the border at this speed (0 above or below the zone);
    `miss_near` and `miss_far` the turns after which it would miss, to the nearer side and
    the other; `away` the turning of the last 10, 20 and 40 s towards the nearer side;
    `climb_ft` how far above or below the zone it is now (0: at its heights), `off_ft` the
    same after `edge_s` (negative: between the limits).
    """

    edge_s: Floats
    miss_near: Floats
    miss_far: Floats
    away: Floats
    climb_ft: Floats
    off_ft: Floats


def clarity(look: Lookout, states: States, heights: Floats, pairs: tuple[Ints, Ints]) -> Clarity:
    """Return how clear the case of each pair is."""
    rows, zones = pairs
    made = np.zeros((len(rows), 8))
    for zone, some in _by_zone(rows, zones):
        made[some] = _clear(look.ground(zone), states.take(rows[some]), heights[:, rows[some]])
    return Clarity(made[:, 0], made[:, 1], made[:, 2], made[:, 3:6], made[:, 6], made[:, 7])


def _clear(ground: Ground, states: States, heights: Floats) -> Floats:
    x = (states.lon - ground.middle[0]) * ground.scale[0]
    y = (states.lat - ground.middle[1]) * ground.scale[1]
    edge_m = np.asarray(shapely.distance(ground.footprint, shapely.points(x, y)))
    edge_s = edge_m / np.maximum(states.speed, SLOWEST_M_S)
    left, right = _turns_to_miss(ground, states.heading, x, y, edge_m == 0)
    side = np.where(right < left, 1.0, -1.0)[:, None]
    turning = np.column_stack((states.turn10, states.turn20, states.turn40))
    now = _outside_ft(ground, heights)
    then = _outside_ft(ground, heights + states.climb * np.minimum(edge_s, CLIMB_HELD_S))
    nearer, further = np.minimum(left, right), np.maximum(left, right)
    return np.column_stack((edge_s, nearer, further, turning * side, np.maximum(now, 0.0), then))


def _turns_to_miss(
    ground: Ground, heading: Floats, x: Floats, y: Floats, within: Flags
) -> tuple[Floats, Floats]:
    """How far to turn left, and right, until the zone lies beside the path; pi when over it."""
    bearing = np.arctan2(ground.hull[None, :, 0] - x[:, None], ground.hull[None, :, 1] - y[:, None])
    centre = np.arctan2(-x, -y)
    spread = (bearing - centre[:, None] + np.pi) % (2 * np.pi) - np.pi
    off = (centre - heading + np.pi) % (2 * np.pi) - np.pi
    right, left = off + spread.max(axis=1), -(off + spread.min(axis=1))
    return np.where(within, np.pi, left), np.where(within, np.pi, right)


def _outside_ft(ground: Ground, heights: Floats) -> Floats:
    """How far below the floor or above the ceiling; negative between them, -20,000 without."""
    outside = np.full(heights.shape[1], -20_000.0)
    if ground.lower[0] >= 0:
        outside = np.fmax(outside, ground.lower[1] - heights[ground.lower[0]])
    if ground.upper[0] >= 0:
        outside = np.fmax(outside, heights[ground.upper[0]] - ground.upper[1])
    return np.asarray(np.clip(outside, -20_000.0, 20_000.0), dtype=np.float64)

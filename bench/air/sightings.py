"""From sightings to a warning, judged on real tracks: `python bench/air/sightings.py`.

Sightings are drawn by a seed from the tracks of ../shared/data/tracks, given to
`SightingWarnings` in the order in which they would have come, and the warnings are held
against what the aircraft then did. Method and table: docs/air-sightings.md.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from truceline.airspace.sightings.filter import Motion
from truceline.airspace.sightings.reach import reach
from truceline.airspace.sightings.sighting import (
    METRES_OF,
    PACES,
    SOUND_M_S,
    Band,
    Craft,
    Means,
    Sighting,
    placed,
)
from truceline.airspace.sightings.warning import Place, SightingWarnings, WarningRules, middle_of
from truceline.geo.plane import Plane
from truceline.geo.position import from_degrees

DATA = Path(__file__).resolve().parents[3] / "shared/data/tracks"
FILES = {
    "switzerland": "switzerland_2018-08-01.parquet",
    "paris": "paris_terminal_area_2021-10-07.parquet",
}
SECOND = 1_000_000
STEP_S = 5.0


@dataclass(frozen=True)
class World:
    """How people see and report. The first five are given; the rest is stated in the docs."""

    every_m: float = 15_000.0
    miss: float = 0.60
    bearing_deg: float = 15.0
    delay_s: tuple[float, float] = (20.0, 90.0)
    false_share: float = 0.10
    sight_m: float = 12_000.0  # how far over the ground an aircraft is noticed
    again_s: float = math.inf  # seconds after which one observer has another chance; inf: never
    heard: float = 0.3
    range_share: float = 0.25
    heading_deg: float = 15.0
    heading_given: float = 0.8
    type_known: float = 0.7
    type_wrong: float = 0.05


@dataclass
class Leg:
    """One aircraft without a gap, every 5 s: seconds, metres east and north."""

    t: np.ndarray
    east: np.ndarray
    north: np.ndarray
    aircraft: str
    first_seen: float = math.inf  # when its first sighting happened ...
    first_known: float = math.inf  # ... and was received
    sightings: int = 0
    names: set[str] = field(default_factory=set)


@dataclass
class Scene:
    """Tracks, places and sightings of one seed."""

    plane: Plane
    legs: list[Leg]
    places: list[Place]
    metres: np.ndarray
    reports: list[Sighting]
    span: tuple[float, float]
    box: tuple[float, float, float, float] = field(default=(0, 0, 0, 0))


def load(name: str, hours: tuple[float, float], below_ft: float, one_in: int, seed: int) -> Any:
    """Return legs in a plane: the hours of the file, and one aircraft in so many."""
    table = pq.read_table(DATA / FILES[name]).to_pandas()
    table = table.dropna(subset=["latitude", "longitude"]).sort_values(["icao24", "timestamp"])
    if below_ft < math.inf:
        table = table[(table.altitude < below_ft) & (table.altitude > 300)]
    if "onground" in table:
        table = table[~table.onground.fillna(False).astype(bool)]
    t = table.timestamp.astype("int64").to_numpy()
    unit = {"us": 1e6, "ns": 1e9, "ms": 1e3}[table.timestamp.dt.unit]
    table["t"] = t / unit
    start = math.floor(table.t.min() / 3600) * 3600
    table = table[(table.t >= start + hours[0] * 3600) & (table.t < start + hours[1] * 3600)]
    middle = middle_of([from_degrees(lat=table.latitude.mean(), lon=table.longitude.mean())])
    plane = Plane(middle)
    east, north = plane.many(table.latitude.to_numpy(), table.longitude.to_numpy())
    table["east"], table["north"] = east, north
    names = sorted(table.icao24.unique())
    chosen = set(
        np.random.default_rng([seed, 7]).permutation(names)[: max(1, len(names) // one_in)]
    )
    legs = []
    for name_, rows in table[table.icao24.isin(chosen)].groupby("icao24"):
        tt, e, n = rows.t.to_numpy(), rows.east.to_numpy(), rows.north.to_numpy()
        cuts = np.flatnonzero(np.diff(tt) > 120) + 1
        for part in np.split(np.arange(len(tt)), cuts):
            if len(part) < 2 or tt[part[-1]] - tt[part[0]] < 60:
                continue
            grid = np.arange(tt[part[0]], tt[part[-1]], STEP_S)
            legs.append(
                Leg(
                    grid,
                    np.interp(grid, tt[part], e[part]),
                    np.interp(grid, tt[part], n[part]),
                    str(name_),
                )
            )
    return plane, legs


def scene(
    name: str, seed: int, world: World, hours=(0.0, 24.0), below_ft=math.inf, one_in=1, places=100
) -> Scene:
    """Return a scene drawn by a seed."""
    plane, legs = load(name, hours, below_ft, one_in, seed)
    chance = np.random.default_rng([seed, 1])
    east = np.concatenate([one.east for one in legs])
    north = np.concatenate([one.north for one in legs])
    box = (
        np.quantile(east, 0.01), np.quantile(east, 0.99),
        np.quantile(north, 0.01), np.quantile(north, 0.99),
    )  # fmt: skip
    centre = np.column_stack(
        (chance.uniform(box[0], box[1], places), chance.uniform(box[2], box[3], places))
    )
    named = [Place(f"place-{n:03}", plane.position(*xy)) for n, xy in enumerate(centre)]
    reports = _sightings(legs, plane, box, world, np.random.default_rng([seed, 2]))
    span = (min(one.t[0] for one in legs), max(one.t[-1] for one in legs))
    return Scene(plane, legs, named, centre, reports, span, box)


def _sightings(
    legs: list[Leg], plane: Plane, box: Any, world: World, chance: Any
) -> list[Sighting]:
    xs = np.arange(box[0], box[1] + world.every_m, world.every_m)
    ys = np.arange(box[2], box[3] + world.every_m, world.every_m)
    spots = np.array([(x, y) for x in xs for y in ys]) + chance.uniform(
        -2000, 2000, (len(xs) * len(ys), 2)
    )
    reports: list[Sighting] = []
    for leg in legs:
        gap = np.hypot(leg.east[:, None] - spots[:, 0], leg.north[:, None] - spots[:, 1])
        for who in np.flatnonzero((gap <= world.sight_m).any(axis=0)):
            inside = np.flatnonzero(gap[:, who] <= world.sight_m)
            for passing in np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1):
                start, end = leg.t[passing[0]], leg.t[passing[-1]]
                parts = (
                    max(1, math.ceil((end - start) / world.again_s))
                    if world.again_s < math.inf
                    else 1
                )
                for part in range(parts):
                    if chance.random() < world.miss:
                        continue
                    width = (end - start) / parts
                    when = start + width * (part + chance.random())
                    one = _told(leg, when, int(who), spots[who], plane, world, chance, len(reports))
                    leg.first_seen = min(leg.first_seen, one.seen_at / SECOND)
                    leg.first_known = min(leg.first_known, one.received_at / SECOND)
                    leg.sightings += 1
                    leg.names.add(one.name)
                    reports.append(one)
    first, last = min(one.t[0] for one in legs), max(one.t[-1] for one in legs)
    for _ in range(round(len(reports) * world.false_share / (1 - world.false_share))):
        who = int(chance.integers(len(spots)))
        reports.append(
            _made_up(
                chance.uniform(first, last), who, spots[who], plane, world, chance, len(reports)
            )
        )
    return sorted(reports, key=lambda one: one.received_at)


def _told(
    leg: Leg, when: float, who: int, spot: Any, plane: Plane, world: World, chance: Any, nth: int
) -> Sighting:
    heard = chance.random() < world.heard
    then = when
    for _ in range(4 if heard else 0):  # the sound that arrives now left then
        e, n = np.interp(then, leg.t, leg.east), np.interp(then, leg.t, leg.north)
        then = when - math.hypot(e - spot[0], n - spot[1]) / SOUND_M_S
    e, n = np.interp(then, leg.t, leg.east), np.interp(then, leg.t, leg.north)
    e2, n2 = np.interp(then + STEP_S, leg.t, leg.east), np.interp(then + STEP_S, leg.t, leg.north)
    e1, n1 = np.interp(then - STEP_S, leg.t, leg.east), np.interp(then - STEP_S, leg.t, leg.north)
    bearing = math.degrees(math.atan2(e - spot[0], n - spot[1])) + chance.normal(
        0, world.bearing_deg
    )
    far = math.hypot(e - spot[0], n - spot[1]) * math.exp(chance.normal(0, world.range_share))
    heading = math.degrees(math.atan2(e2 - e1, n2 - n1)) + chance.normal(0, world.heading_deg)
    given = chance.random() < world.heading_given * (0.5 if heard else 1)
    draw = chance.random()
    craft = Craft.JET if draw < world.type_known else Craft.UNKNOWN
    if draw > 1 - world.type_wrong:
        craft = Craft.HELICOPTER
    return _sighting(
        nth,
        who,
        spot,
        plane,
        bearing,
        far,
        heading if given else None,
        craft,
        heard,
        when,
        world,
        chance,
    )


def _made_up(
    when: float, who: int, spot: Any, plane: Plane, world: World, chance: Any, nth: int
) -> Sighting:
    heading = chance.uniform(0, 360) if chance.random() < world.heading_given else None
    craft = Craft.JET if chance.random() < world.type_known else Craft.UNKNOWN
    far = world.sight_m * math.sqrt(chance.random())
    heard = chance.random() < world.heard
    return _sighting(
        nth,
        who,
        spot,
        plane,
        chance.uniform(0, 360),
        far,
        heading,
        craft,
        heard,
        when,
        world,
        chance,
    )


def _sighting(
    nth, who, spot, plane, bearing, far, heading, craft, heard, when, world, chance
) -> Sighting:
    band = next((b for b, (_, most) in METRES_OF.items() if far < most), Band.HORIZON)
    seen = round(when * SECOND)
    return Sighting(
        f"s{nth:06}", f"observer-{who}", plane.position(*spot), 100.0,
        bearing % 360, world.bearing_deg, band,
        None if heading is None else heading % 360, max(world.heading_deg, 1.0), craft, 1,
        Means.HEARD if heard else Means.SEEN, seen, seen + round(chance.uniform(*world.delay_s) * SECOND),
    )  # fmt: skip


# -- truth and judgement ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """An aircraft went into a place."""

    place: int
    at: float
    until: float
    leg: int


def entries(scene: Scene, radius_m: float) -> list[Entry]:
    """Return who entered which place when: 5 s steps, and coming back within 10 minutes is one."""
    found = []
    for nth, leg in enumerate(scene.legs):
        near = (
            np.hypot(
                leg.east[:, None] - scene.metres[:, 0], leg.north[:, None] - scene.metres[:, 1]
            )
            < radius_m
        )
        for place in np.flatnonzero(near.any(axis=0)):
            inside = np.flatnonzero(near[:, place])
            for part in np.split(inside, np.flatnonzero(np.diff(inside) * STEP_S > 600) + 1):
                if part[0] == 0:
                    continue  # it appeared inside: nobody can warn of it
                found.append(Entry(int(place), float(leg.t[part[0]]), float(leg.t[part[-1]]), nth))
    return found


@dataclass(frozen=True)
class Episode:
    """A warning from when to when."""

    place: int
    start: float
    end: float


@dataclass
class Run:
    """The probability of every place at every look, and what it cost."""

    times: list[float]
    likely: np.ndarray
    cpu_s: float

    def episodes(self, rules: WarningRules) -> list[Episode]:
        """Return the warnings that two thresholds make of it: the rule of SightingWarnings."""
        found = []
        for place in range(self.likely.shape[1]):
            begun = None
            for at, share in zip(self.times, self.likely[:, place], strict=True):
                if begun is None and share >= rules.given_at:
                    begun = at
                elif begun is not None and share < rules.kept_at:
                    found.append(Episode(place, begun, at))
                    begun = None
            if begun is not None:
                found.append(Episode(place, begun, self.times[-1]))
        return found


def run(scene: Scene, every_s: float = 30.0) -> Run:
    """Hand the reports over as they come, and ask every 30 s what may be reached."""
    machine = SightingWarnings(scene.places, scene.plane, seed=1)
    began, nth, now = time.process_time(), 0, scene.span[0]
    times, likely = [], []
    while now < scene.span[1] + 900:
        now += every_s
        first = nth
        while nth < len(scene.reports) and scene.reports[nth].received_at <= now * SECOND:
            nth += 1
        machine.tracks.take(scene.reports[first:nth])
        times.append(now)
        likely.append(machine.likely(machine.reaches(round(now * SECOND))))
    return Run(times, np.array(likely), time.process_time() - began)


def known(scene: Scene, every_s: float = 30.0) -> Run:
    """The bound: from an aircraft's first report on, its true place and velocity are known."""
    times = list(np.arange(scene.span[0] + every_s, scene.span[1], every_s))
    likely = np.zeros((len(times), len(scene.places)))
    sure = np.diag([100.0**2, 2.0**2, 100.0**2, 2.0**2])
    for row, now in enumerate(times):
        missed = np.ones(len(scene.places))
        for leg in scene.legs:
            if leg.first_known < now and leg.t[0] + 10 < now < leg.t[-1]:
                at = [
                    np.interp(now - back, leg.t, one)
                    for one in (leg.east, leg.north)
                    for back in (0, 10)
                ]
                mean = np.array([at[0], (at[0] - at[1]) / 10, at[2], (at[2] - at[3]) / 10])
                micros = round(now * SECOND)
                moving = Motion(micros, mean, sure)
                reached = reach(moving, Craft.JET, 1.0, scene.metres, at=micros, seed=1)
                missed *= 1 - reached.probability
        likely[row] = 1 - missed
    return Run(times, likely, 0.0)


def straight(scene: Scene, radius_m: float, ahead_s: float = 900.0) -> list[Episode]:
    """The plain baseline: each sighting alone, straight on along its heading at the usual speed."""
    spans: dict[int, list[tuple[float, float]]] = {}
    for one in scene.reports:
        if one.heading_deg is None:
            continue
        at = placed(one, scene.plane)
        v = PACES[one.craft].mean_m_s
        u = np.array((math.sin(at.heading), math.cos(at.heading)))
        rel = scene.metres - (at.east_m, at.north_m)
        along, across = rel @ u, np.abs(rel @ np.array((u[1], -u[0])))
        for place in np.flatnonzero((along > 0) & (across < radius_m) & (along < v * ahead_s)):
            known = one.received_at / SECOND
            arrives = at.at / SECOND + (along[place] + radius_m) / v
            if arrives + 60 > known:
                spans.setdefault(int(place), []).append((known, arrives + 60))
    episodes = []
    for place, times in spans.items():
        joined: list[list[float]] = []
        for a, b in sorted(times):
            if joined and a <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], b)
            else:
                joined.append([a, b])
        episodes += [Episode(place, a, b) for a, b in joined]
    return episodes


def judge(
    scene: Scene, found: list[Entry], episodes: list[Episode], out_s: float = 300.0
) -> dict[str, Any]:
    """Hold warnings against entries. An aircraft can be warned of only once it was reported."""
    by_place: dict[int, list[Episode]] = {}
    for one in episodes:
        by_place.setdefault(one.place, []).append(one)
    leads: list[float] = []
    able = warned = 0
    able_known = warned_known = good_known = 0
    all_warned = 0
    true_of: dict[int, list[tuple[float, float]]] = {}
    for entry in found:
        leg = scene.legs[entry.leg]
        held = next(
            (e for e in by_place.get(entry.place, ()) if e.start <= entry.at <= e.end), None
        )
        lead = -1.0
        if held is not None and leg.first_known < entry.at:
            since = max(held.start, leg.first_known)
            lead = entry.at - since
            true_of.setdefault(id(held), []).append((since, min(entry.until, held.end)))
            all_warned += 1
        if leg.first_known <= entry.at - out_s:
            able_known += 1
            warned_known += lead > 0
            good_known += lead >= out_s
        if leg.first_seen <= entry.at - out_s:
            able += 1
            if lead > 0:
                warned += 1
                leads.append(lead)
    hours = sum(e.end - e.start for e in episodes) / 3600
    true_hours = sum(_union(spans) for spans in true_of.values()) / 3600
    lead = np.array(leads or [0.0])
    return {
        "entries": len(found), "able": able, "warned": warned / max(able, 1),
        "of_all": all_warned / max(len(found), 1),
        "good": float((lead >= out_s).mean()), "mean_min": float(lead.mean() / 60),
        "median_min": float(np.median(lead) / 60),
        "quantiles_min": [round(float(q), 1) for q in np.quantile(lead / 60, (0.1, 0.25, 0.5, 0.75, 0.9))],
        "false_hours": 1 - true_hours / max(hours, 1e-9), "hours": hours,
        "empty_hours": sum(e.end - e.start for e in episodes if id(e) not in true_of) / 3600 / max(hours, 1e-9),
        "false_warnings": 1 - len(true_of) / max(len(episodes), 1), "warnings": len(episodes),
        "able_known": able_known, "warned_known": warned_known / max(able_known, 1),
        "good_known": good_known / max(warned_known, 1),
    }  # fmt: skip


def _union(spans: list[tuple[float, float]]) -> float:
    total, last = 0.0, -math.inf
    for a, b in sorted(spans):
        total += max(0.0, b - max(a, last))
        last = max(last, b)
    return total


SETS: Mapping[str, dict[str, Any]] = {
    "tuned on: Switzerland 05-07 h, all": {"name": "switzerland", "seed": 1, "hours": (0, 2)},
    "judged: Switzerland 11-13 h, all": {"name": "switzerland", "seed": 2, "hours": (6, 8)},
    "judged: Switzerland 11-15 h, one in 4": {
        "name": "switzerland", "seed": 2, "hours": (6, 10), "one_in": 4,
    },
    "judged: Paris 12-14 h, all": {"name": "paris", "seed": 2, "hours": (0, 2)},
    "judged: Paris 12-15 h, below 10,000 ft": {
        "name": "paris", "seed": 2, "hours": (0, 3), "below_ft": 10_000.0,
    },
}  # fmt: skip
FRONTIER = (0.10, 0.15, 0.20, 0.30, 0.45)
HEAD = (
    "| set | warned at | entries | could be warned 5 min before | warned | >= 5 min of those |"
    " >= 5 min where reported 5 min before | mean, median min | 10-90 % min | false place-hours | ... strictly | false warnings |"
)


def line(name: str, at: str, got: dict[str, Any]) -> str:
    """Return a row of the table."""
    low, high = got["quantiles_min"][0], got["quantiles_min"][-1]
    return (
        f"| {name} | {at} | {got['entries']} | {got['able']} | {got['warned']:.1%}"
        f" | {got['good']:.1%} | {got['good_known']:.1%} | {got['mean_min']:.1f}, {got['median_min']:.1f} | {low}-{high}"
        f" | {got['empty_hours']:.1%} of {got['hours']:.0f} | {got['false_hours']:.1%}"
        f" | {got['false_warnings']:.1%} of {got['warnings']} |"
    )


def main() -> None:
    """Print the table for every set, or for those whose name holds a word given."""
    wanted = [one for one in sys.argv[1:] if not one.startswith("-")]
    if not DATA.is_dir():
        print("the tracks are not here (../shared/data/tracks); nothing is measured")
        return
    plain = WarningRules()
    print(HEAD)
    print("| --- " * (HEAD.count("|") - 1) + "|")
    for name, told in SETS.items():
        if wanted and not any(word in name for word in wanted):
            continue
        drawn = scene(world=World(), **told)
        truth = entries(drawn, plain.radius_m)
        bound = known(drawn).episodes(replace(plain, given_at=0.5, kept_at=0.25))
        print(line(name, "all known (0.50)", judge(drawn, truth, bound)))
        print(line(name, "straight on", judge(drawn, truth, straight(drawn, plain.radius_m))))
        made = run(drawn)
        for given in FRONTIER:
            rules = replace(plain, given_at=given, kept_at=given * plain.kept_at / plain.given_at)
            mark = " (chosen)" if given == plain.given_at else ""
            got = judge(drawn, truth, made.episodes(rules))
            print(line(name, f"{given:.2f}{mark}", got), flush=True)
        print(
            f"  {name}: {len(drawn.legs)} flights, {len(drawn.reports)} sightings,"
            f" {made.cpu_s:.0f} s of CPU for {(drawn.span[1] - drawn.span[0]) / 3600:.1f} h",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()

"""How well incursions are found from sparse fixes: recall, false ones, entry times, doubt.

    python bench/air/accuracy.py [--seed 2017] [--tracks paris,switzerland] [--every 5,10,...]

Real tracks at 1 Hz (Paris) or 10 s (Switzerland) are the truth; the fixes of each leg
are thinned to one every so many seconds, from a seeded first second on, and the
engine is asked again. 180 seeded circles of 2, 5 and 10 km, half with a slab of
1,500 ft to either side. The truth is worked out without the engine: distance to the
centre, height, and straight lines over the one second between two fixes. An
incursion counts where it overlaps the time from the first to the last thinned fix.

An incursion is found if a crossing of that zone by that leg overlaps it in time. A
crossing that overlaps none is false, if its verdict is more than "possible".
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from truceline.airspace.chart import Chart, FlatVolume, WatchedZone, chart
from truceline.airspace.crossing import Crossing
from truceline.airspace.engine import Engine, crossings_of
from truceline.airspace.fix import Fixes, Names, fixes
from truceline.airspace.kernel import KERNEL
from truceline.airspace.metres import metres_per_degree
from truceline.airspace.rules import PLANAR, SECOND_US, STANDARD, Rules
from truceline.airspace.verdict import Verdict
from truceline.geo.altitude import Datum, Unit, altitude
from truceline.sources.columns import fixes_of

DATA = Path(__file__).parents[3] / "shared/data/tracks"
FILES = {
    "paris": ("paris_terminal_area_2021-10-07.parquet", 4.0),
    "switzerland": ("switzerland_2018-08-01.parquet", 15.0),
}
"""File, and the seconds between two fixes beyond which the truth is not known."""

RADII_M = (2_000.0, 5_000.0, 10_000.0)
SLAB_FT = 1_500.0
LEAST_LEG_S = 120.0
JUMP_AT = datetime(2024, 9, 17, 9, 5, tzinfo=UTC)
"""The spoofed flight stands still from 09:04:50 on, and jumps after twenty minutes."""

CLASSES = ((0, 30), (30, 120), (120, 1e9))


@dataclass(frozen=True)
class Circle:
    """One zone of the experiment."""

    lat: float
    lon: float
    radius_m: float
    floor_ft: float = -np.inf
    top_ft: float = np.inf


@dataclass(frozen=True)
class Incursions:
    """What really happened: leg, zone, seconds of entry and exit."""

    leg: np.ndarray
    zone: np.ndarray
    begin: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.leg)


def load(name: str) -> Fixes:
    """Return the legs of a track file; each leg counts as an aircraft of its own."""
    file, most = FILES[name]
    table = pq.read_table(DATA / file)
    column = {c: table[c].to_numpy() for c in table.column_names if c in _NUMBERS}
    seen = table["timestamp"].cast("int64").to_numpy()
    who = np.unique(table["icao24"].to_numpy().astype(str), return_inverse=True)[1]
    usable = np.isfinite(column["latitude"]) & np.isfinite(column["longitude"])
    usable &= (column["altitude"] > -500) & (column["altitude"] < 50_000)
    if "onground" in table.column_names:
        usable &= ~table["onground"].to_numpy().astype(bool)
    order = np.flatnonzero(usable)
    order = order[np.lexsort((seen[order], who[order]))]
    order = order[
        _news(who[order], seen[order], column["latitude"][order], column["longitude"][order])
    ]
    order = order[~_spikes(who[order], column["altitude"][order])]
    seen, who = seen[order], who[order]
    column = {c: values[order].astype(np.float64) for c, values in column.items()}
    fresh = np.append(True, who[1:] != who[:-1])
    fresh[1:] |= np.diff(seen) > most * SECOND_US
    fresh[1:] |= _leaps(column["latitude"], column["longitude"], seen)
    leg = np.cumsum(fresh) - 1
    first = np.searchsorted(leg, np.arange(leg[-1] + 2))
    lasts = (seen[first[1:] - 1] - seen[first[:-1]]) / SECOND_US
    kept = lasts[leg] >= LEAST_LEG_S
    number = np.cumsum(lasts >= LEAST_LEG_S) - 1
    return fixes(
        seen_at=seen[kept],
        aircraft=number[leg[kept]].astype(np.int32),
        lat=column["latitude"][kept],
        lon=column["longitude"][kept],
        baro_ft=column["altitude"][kept],
        speed_kt=column["groundspeed"][kept],
        track_deg=column["track"][kept],
        climb_ft_min=column["vertical_rate"][kept],
        sigma_m=np.full(np.count_nonzero(kept), 10.0),
        names=[f"{k:06x}" for k in range(int(number[-1]) + 1)],
        source=file,
    )


_NUMBERS = ("latitude", "longitude", "altitude", "groundspeed", "track", "vertical_rate")


def _news(who: np.ndarray, seen: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Rows that are neither the same second again nor the same position held."""
    same = who[1:] == who[:-1]
    again = same & ((seen[1:] == seen[:-1]) | ((lat[1:] == lat[:-1]) & (lon[1:] == lon[:-1])))
    return np.append(True, ~again)


def _spikes(who: np.ndarray, feet: np.ndarray) -> np.ndarray:
    """Heights that are another aircraft's: far from the middle one of five in a row."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(feet, 2, mode="edge"), 5)
    same = np.lib.stride_tricks.sliding_window_view(np.pad(who, 2, mode="edge"), 5)
    return (np.abs(feet - np.median(around, axis=1)) > 400) & (same[:, 0] == same[:, -1])


def _leaps(lat: np.ndarray, lon: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Steps that no aircraft takes: the truth is not known there."""
    east, north = metres_per_degree(lat[1:])
    step = np.hypot(np.diff(lon) * east, np.diff(lat) * north)
    return step > 400 * np.maximum(np.diff(seen) / SECOND_US, 0.5)


def circles(batch: Fixes, count: int, seed: int) -> list[Circle]:
    """Return seeded zones near where aircraft fly; every second one with a slab."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        middle = float(batch.baro_ft[rng.integers(len(batch))])
        slab = (middle - SLAB_FT, middle + SLAB_FT) if number % 2 else (-np.inf, np.inf)
        near = int(rng.integers(len(batch)))
        north, east = rng.normal(0, 0.05, 2)
        lat, lon = float(batch.lat[near] + north), float(batch.lon[near] + 1.5 * east)
        made.append(Circle(lat, lon, RADII_M[number % 6 // 2], *slab))
    return made


def zones_of(found: Sequence[Circle]) -> Chart:
    """Return the circles for the engine, as rings true to about a metre."""
    made = []
    for number, one in enumerate(found):
        east, north = metres_per_degree(np.array([one.lat]))
        angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
        lon = one.lon + one.radius_m * np.cos(angle) / east[0]
        lat = one.lat + one.radius_m * np.sin(angle) / north[0]
        slab = np.isfinite(one.floor_ft)
        made.append(
            WatchedZone(
                str(number),
                (
                    FlatVolume(
                        shapely.Polygon(np.column_stack((lon, lat))),
                        altitude(one.floor_ft, Unit.FT, Datum.STD) if slab else None,
                        altitude(one.top_ft, Unit.FT, Datum.STD) if slab else None,
                    ),
                ),
            )
        )
    return chart(made)


def truth(batch: Fixes, found: Sequence[Circle]) -> Incursions:
    """Return every incursion of the full path, by distance and height alone."""
    seconds = (batch.seen_at - batch.seen_at.min()) / SECOND_US
    same = batch.aircraft[1:] == batch.aircraft[:-1]
    parts = [_in_circle(batch, seconds, same, one) for one in found]
    zone = np.repeat(np.arange(len(parts)), [len(one[0]) for one in parts])
    leg, begin, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Incursions(leg, zone, begin, end)


def _in_circle(
    batch: Fixes, seconds: np.ndarray, same: np.ndarray, one: Circle
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    east, north = metres_per_degree(np.array([one.lat]))
    x, y = (batch.lon - one.lon) * east[0], (batch.lat - one.lat) * north[0]
    near = np.hypot(x, y) < one.radius_m + 2_000
    rows = np.flatnonzero(same & (near[1:] | near[:-1]))
    dx, dy = x[rows + 1] - x[rows], y[rows + 1] - y[rows]
    a, b = dx * dx + dy * dy, x[rows] * dx + y[rows] * dy
    c = x[rows] ** 2 + y[rows] ** 2 - one.radius_m**2
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    still = a < 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(still, np.where(c <= 0, 0.0, 2.0), (-b - root) / a)
        high = np.where(still, np.where(c <= 0, 1.0, -1.0), (-b + root) / a)
    low, high = np.where(b * b < a * c, 2.0, low), np.where(b * b < a * c, -1.0, high)
    h, g = batch.baro_ft[rows], batch.baro_ft[rows + 1]
    for limit, sign in ((one.floor_ft, 1.0), (one.top_ft, -1.0)):
        if np.isfinite(limit):
            here, there = sign * (h - limit), sign * (g - limit)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = here / (here - there)
            low = np.where((here < 0) & (there >= 0), np.maximum(low, share), low)
            high = np.where((here >= 0) & (there < 0), np.minimum(high, share), high)
            low = np.where((here < 0) & (there < 0), 2.0, low)
    low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
    held = low < high
    rows, low, high = rows[held], low[held], high[held]
    span = seconds[rows + 1] - seconds[rows]
    begin, end = seconds[rows] + span * low, seconds[rows] + span * high
    leg = batch.aircraft[rows]
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = (leg[1:] != leg[:-1]) | (begin[1:] - end[:-1] > 1e-6)
    first = np.flatnonzero(fresh)
    if not len(first):
        return np.zeros(0, int), np.zeros(0), np.zeros(0)
    return leg[first], begin[first], np.maximum.reduceat(end, first)


def thinned(batch: Fixes, every: float, seed: int) -> Fixes:
    """Return one fix of each leg every so many seconds, from a seeded moment on."""
    rng = np.random.default_rng(seed)
    first = np.searchsorted(batch.aircraft, np.arange(len(batch.names)))
    offset = np.rint(rng.uniform(0, every, len(batch.names)) * SECOND_US).astype(np.int64)
    after = batch.seen_at - batch.seen_at[first][batch.aircraft] - offset[batch.aircraft]
    step = np.floor(after / (every * SECOND_US)).astype(np.int64)
    kept = step >= 0
    kept[1:] &= (step[1:] != step[:-1]) | (batch.aircraft[1:] != batch.aircraft[:-1])
    return batch.take(kept)


def found_by(zones: Chart, batch: Fixes, rules: Rules) -> list[Crossing]:
    """Return what the engine finds."""
    engine = Engine(zones, rules)
    made = []
    for start in range(0, len(batch), 100_000):
        made += crossings_of(engine.feed(batch.take(slice(start, start + 100_000))))
    return made + crossings_of(engine.finish())


@dataclass(frozen=True)
class Score:
    """One row of the table."""

    incursions: int
    recall: float
    by_class: tuple[float, ...]
    recall_sure: float
    false: int
    false_sure: int
    possible: int
    sure: int
    error_med: float
    error_p95: float


def covered(real: Incursions, sparse: Fixes, start_us: int) -> Incursions:
    """Return the incursions that overlap the time between first and last fix of their leg."""
    legs = np.arange(len(sparse.names))
    first = np.searchsorted(sparse.aircraft, legs, side="left")
    last = np.searchsorted(sparse.aircraft, legs, side="right") - 1
    there = last > first
    opens = np.where(there, (sparse.seen_at[np.minimum(first, len(sparse) - 1)] - start_us), 1)
    closes = np.where(there, (sparse.seen_at[last] - start_us), 0)
    kept = (real.end * SECOND_US > opens[real.leg]) & (real.begin * SECOND_US < closes[real.leg])
    return Incursions(*(getattr(real, n)[kept] for n in ("leg", "zone", "begin", "end")))


def score(real: Incursions, made: Sequence[Crossing], start_us: int) -> Score:
    """Match crossings and incursions of the same leg and zone by their times."""
    by_key: dict[tuple[int, int], list[Crossing]] = {}
    for one in made:
        by_key.setdefault((int(one.icao24, 16), int(one.zone_id)), []).append(one)
    hit = np.zeros(len(real), dtype=bool)
    sure = np.zeros(len(real), dtype=bool)
    used: set[int] = set()
    errors = []
    for n in range(len(real)):
        begin, end = real.begin[n], real.end[n]
        for one in by_key.get((int(real.leg[n]), int(real.zone[n])), []):
            came = (one.entered_at - start_us) / SECOND_US
            left = (one.left_at - start_us) / SECOND_US
            if came <= end and left >= begin:
                if not hit[n] and one.cause_in in ("entered", "crossed_between_fixes"):
                    errors.append(came - begin)
                hit[n] = True
                sure[n] |= one.verdict is Verdict.CONFIRMED
                used.add(id(one))
    lasts = real.end - real.begin
    classes = tuple(
        float(np.mean(hit[(lasts >= a) & (lasts < b)]))
        if ((lasts >= a) & (lasts < b)).any()
        else 1.0
        for a, b in CLASSES
    )
    wrong = [one for one in made if id(one) not in used]
    off = np.abs(errors) if errors else np.zeros(1)
    return Score(
        len(real),
        float(np.mean(hit)),
        classes,
        float(np.mean(sure)),
        sum(one.verdict is not Verdict.POSSIBLE for one in wrong),
        sum(one.verdict is Verdict.CONFIRMED for one in wrong),
        sum(one.verdict is Verdict.POSSIBLE for one in wrong),
        sum(one.verdict is Verdict.CONFIRMED for one in made),
        float(np.median(errors)) if errors else 0.0,
        float(np.percentile(off, 95)),
    )


def points_only(
    real: Incursions, sparse: Fixes, found: Sequence[Circle], start_us: int
) -> np.ndarray:
    """Say which incursions a plain test of the fixes alone finds."""
    hit = np.zeros(len(real), dtype=bool)
    when = (sparse.seen_at - start_us) / SECOND_US
    first = np.searchsorted(sparse.aircraft, np.arange(len(sparse.names) + 1))
    for n in range(len(real)):
        rows = slice(first[real.leg[n]], first[real.leg[n] + 1])
        hit[n] = bool(np.any((when[rows] >= real.begin[n]) & (when[rows] <= real.end[n])))
    return hit


def table(name: str, every: Sequence[float], seed: int) -> None:
    """Print the table of one track file."""
    batch = load(name)
    found = circles(batch, 180, seed)
    zones, real = zones_of(found), truth(batch, found)
    start_us = int(batch.seen_at.min())
    lasts = real.end - real.begin
    print(
        f"\n{name}: {len(batch.names)} legs, {len(batch)} fixes, {len(real)} incursions, "
        f"median {np.median(lasts):.0f} s, {np.mean(lasts < 30):.0%} under 30 s"
    )
    print(
        f"{'every':>6} {'path':<9}{'all':>6} {'recall':>7} {'<30s':>6} {'<120s':>6} {'>=120s':>6} "
        f"{'certain':>8} {'false':>6} {'f.cert':>6} {'possible*':>9}  {'entry med/p95':>14}  {'cpu s':>6}"
    )
    for seconds in every:
        sparse = thinned(batch, seconds, seed + int(seconds))
        here = covered(real, sparse, start_us)
        plain = points_only(here, sparse, found, start_us)
        short = here.end - here.begin < 30
        print(
            f"{seconds:>5.0f}s {'points':<9}{len(here):>6} {plain.mean():>7.3f} {plain[short].mean():>6.3f}"
        )
        bare = replace(
            sparse,
            track_deg=np.full(len(sparse), np.nan),
            climb_ft_min=np.full(len(sparse), np.nan),
        )
        for word, given in (("straight", bare), ("engine", sparse)):
            began = time.process_time()
            made = found_by(zones, given, STANDARD)
            spent = time.process_time() - began
            s = score(here, made, start_us)
            print(
                f"{'':>6} {word:<9}{s.incursions:>6} {s.recall:>7.3f} {s.by_class[0]:>6.3f} "
                f"{s.by_class[1]:>6.3f} {s.by_class[2]:>6.3f} {s.recall_sure:>8.3f} {s.false:>6} "
                f"{s.false_sure:>6} {s.possible:>9}  {s.error_med:>+6.2f} /{s.error_p95:>6.2f}  {spent:>6.1f}"
            )


def jitter(seed: int, runs: int = 40) -> None:
    """A flight of 600 s at 1 Hz along an edge, with correlated noise: how often is it "entered"?

    The noise is 30 m along each axis with a memory of ten seconds, as NACp 8 allows. The
    plain test counts an entry whenever a fix outside is followed by one inside.
    """
    rng = np.random.default_rng(seed)
    plain, bare, ours, sure = [], [], [], []
    zone = chart([WatchedZone("edge", (FlatVolume(shapely.box(0.0, -1.0, 3.0, 0.0)),))])
    for _ in range(runs):
        noise = np.zeros((2, 600))
        for second in range(1, 600):
            noise[:, second] = 0.9 * noise[:, second - 1] + rng.normal(0, 30 * np.sqrt(0.19), 2)
        lon = 1 + (200.0 * np.arange(600) + noise[0]) / 111_320
        lat = noise[1] / 110_574
        batch = fixes(
            seen_at=np.arange(600) * SECOND_US + 1_717_243_200 * SECOND_US,
            aircraft=np.zeros(600, dtype=np.int32),
            lat=lat,
            lon=lon,
            sigma_m=np.full(600, 30.0),
            names=["abc123"],
        )
        inside = lat <= 0
        plain.append(int(np.count_nonzero(~inside[:-1] & inside[1:])))
        bare.append(len(found_by(zone, batch, PLANAR)))
        made = found_by(zone, batch, STANDARD)
        ours.append(len(made))
        sure.append(sum(one.verdict is Verdict.CONFIRMED for one in made))
    print(
        f"\nalong an edge, 600 s at 1 Hz, {runs} runs: plain test {np.mean(plain):.1f} entries, "
        f"segments without hysteresis {np.mean(bare):.1f}, engine {np.mean(ours):.2f} "
        f"(confirmed {np.mean(sure):.2f}); must: <= 1.2"
    )


def spoofed() -> None:
    """The spoofed airliner of 2024-09-17: what its jumps make of boxes of half a degree."""
    path = DATA / "special_cases.parquet"
    if not path.exists():
        print("the spoofed flight is not here (special_cases.parquet)")
        return
    table = pq.read_table(path)
    table = table.filter(pc.equal(table["sample"], "noisy_spoofing"))
    batch = fixes_of(table, names=(Names(), Names()), first=0, source=path.name, dropped=Counter())
    boxes = [
        WatchedZone(
            f"{west} {south}", (FlatVolume(shapely.box(west, south, west + 0.5, south + 0.5)),)
        )
        for west in np.arange(15, 35, 0.5)
        for south in np.arange(41, 58, 0.5)
    ]
    made = found_by(chart(boxes), batch, STANDARD)
    jump_us = JUMP_AT.timestamp() * 1e6
    after = [one for one in made if one.left_at > jump_us]
    words = Counter(str(one.verdict) for one in after)
    print(
        f"the spoofed flight: {len(made) - len(after)} crossings before its first jump; from it on "
        f"{len(after)}: {dict(words)} (must: none confirmed)"
    )


def main() -> None:
    """Run and print."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--seed", type=int, default=2017)
    asked.add_argument("--tracks", default="paris")
    asked.add_argument("--every", default="5,10,15,30,60,120")
    given = asked.parse_args()
    KERNEL.wait()
    for name in given.tracks.split(","):
        if not (DATA / FILES[name][0]).exists():
            print(f"{name}: the tracks are not here ({FILES[name][0]}); see docs/air.md")
            continue
        table(name, [float(one) for one in given.every.split(",")], given.seed)
    print(
        "\n* crossings told as 'possible' that overlap no incursion; they are never put on record"
    )
    jitter(given.seed)
    spoofed()


if __name__ == "__main__":
    main()

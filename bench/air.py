"""Zone membership and crossings: our engine beside shapely, in one run, as CPU time.

    python bench/air.py [--positions 1000000] [--zones 4,100,1000] [--repeats 3]

Generated: aircraft with fixes every 1 to 10 s over ten by ten degrees; rough zones of
10 to 2,000 vertices, a fifth with a hole, limits and windows on some (the workload of
the published baselines). Real tracks of the air data set are used where they are
present. Every row checks that its answer is the peer's before it gives a rate. Rates
are million positions a second of process time; a peer slower than that runs a sample
that the row names.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from truceline.airspace.cells import cells
from truceline.airspace.chart import Chart, FlatVolume, WatchedZone, chart
from truceline.airspace.engine import Engine, crossings_of
from truceline.airspace.fix import Fixes, Names, fixes
from truceline.airspace.kernel import KERNEL, members, stays_compiled
from truceline.airspace.rules import PLANAR, STANDARD
from truceline.airspace.track import Tracks
from truceline.geo.altitude import Datum, Unit, altitude
from truceline.geo.volume import Window

START = datetime(2024, 6, 1, 12, tzinfo=UTC)
START_US = int(START.timestamp()) * 1_000_000
SAMPLE_AIRCRAFT = 200
REAL = Path(__file__).parents[2] / "shared/data/tracks/paris_terminal_area_2021-10-07.parquet"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    who: str
    rate: float
    note: str = ""


def cpu(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the least CPU seconds of several runs after one to warm up, and the answer."""
    answer = work()
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        answer = work()
        best = min(best, time.process_time() - start)
    return best, answer


def flights(count: int, seed: int = 7) -> Fixes:
    """Generated positions, grouped by aircraft."""
    rng = np.random.default_rng(seed)
    seconds = 900
    every = rng.choice([1, 2, 4, 5, 10], size=max(1, count // 200), p=[0.35, 0.2, 0.15, 0.2, 0.1])
    lengths = seconds // every
    keep = int(np.searchsorted(np.cumsum(lengths), count)) + 1
    every, lengths = every[:keep], lengths[:keep]
    who = np.repeat(np.arange(len(every), dtype=np.int32), lengths)
    first = np.cumsum(lengths) - lengths
    number = np.arange(len(who)) - first[who]
    step = every[who].astype(np.float64)
    turn = np.repeat(rng.normal(0, 0.002, len(every)), lengths) * step * number
    heading = np.repeat(rng.uniform(0, 2 * np.pi, len(every)), lengths) + turn
    metres = np.repeat(rng.uniform(60, 250, len(every)), lengths) * step
    east = metres * np.cos(heading) / 71_500
    north = metres * np.sin(heading) / 111_200
    lon = _walk(east, first, lengths) + np.repeat(rng.uniform(0, 10, len(every)), lengths)
    lat = _walk(north, first, lengths) + np.repeat(rng.uniform(45, 55, len(every)), lengths)
    climb = np.repeat(rng.normal(0, 10, len(every)), lengths) * step * number
    height = np.repeat(rng.uniform(1000, 40_000, len(every)), lengths) + climb
    jitter = rng.integers(-50_000, 50_000, len(who))
    return fixes(
        seen_at=START_US + (step * number * 1e6).astype(np.int64) + jitter,
        aircraft=who,
        lat=lat,
        lon=lon,
        baro_ft=np.clip(height, 0, 45_000),
        sigma_m=np.full(len(who), 30.0),
        names=Names(f"{k:06x}" for k in range(len(every))).texts,
    )


def _walk(steps: np.ndarray, first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    total = np.cumsum(steps)
    return total - np.repeat(total[first], lengths)


def rough(count: int, seed: int = 3) -> list[WatchedZone]:
    """Generated zones: star-shaped, rough, smaller when there are more."""
    rng = np.random.default_rng(seed)
    size = 2.5 / np.sqrt(count)
    made: list[WatchedZone] = []
    while len(made) < count:
        corners = int(np.exp(rng.uniform(np.log(10), np.log(2000))))
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        waves = sum(
            rng.normal(0, 0.25 / k) * np.sin(k * angle + rng.uniform(0, 6.3)) for k in range(1, 9)
        )
        far = size * np.clip(1 + waves + rng.normal(0, 0.03, corners), 0.2, 2.5)
        middle = rng.uniform((0, 45), (10, 55))
        ring = middle + np.column_stack((far * 1.5 * np.cos(angle), far * np.sin(angle)))
        hole = [middle + (ring - middle)[::-1] * 0.15] if rng.random() < 0.2 else []
        area = shapely.Polygon(ring, hole)
        if not area.is_valid:
            continue
        floor = altitude(float(rng.integers(0, 8) * 50), Unit.FL, Datum.STD)
        top = altitude(floor.feet / 100 + float(rng.choice([30, 60, 120, 400])), Unit.FL, Datum.STD)
        window = Window()
        if rng.random() < 0.3:
            begin = int(rng.integers(0, 600))
            window = Window(_at(begin), _at(begin + int(rng.integers(60, 600))))
        made.append(
            WatchedZone(f"Z{len(made):05d}", (FlatVolume(area, floor, top, window=window),))
        )
    return made


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(START.timestamp() + seconds, UTC)


# -- membership -----------------------------------------------------------------


def expert(areas: Sequence[Any], lon: np.ndarray, lat: np.ndarray) -> int:
    """Shapely as an expert writes it: boxes by the tree, then prepared polygons."""
    tree = shapely.STRtree(list(areas))
    point, area = tree.query(shapely.points(lon, lat))
    order = np.argsort(area, kind="stable")
    point, area = point[order], area[order]
    bounds = np.searchsorted(area, np.arange(len(areas) + 1))
    found = 0
    for number, one in enumerate(areas):
        rows = point[bounds[number] : bounds[number + 1]]
        if len(rows):
            found += int(shapely.intersects_xy(one, lon[rows], lat[rows]).sum())
    return found


def membership(zones: Chart, batch: Fixes, repeats: int) -> list[Row]:
    """Which zones is each position in, on the ground."""
    table = cells(zones)
    lon, lat = batch.lon, batch.lat
    ours, pairs = cpu(lambda: members(KERNEL, table, lon, lat), repeats)
    part = slice(0, min(len(batch), 300_000))
    theirs, count = cpu(lambda: expert(zones.areas, lon[part], lat[part]), 1)
    mine = int(np.count_nonzero(pairs[0] < part.stop))
    assert mine == count, f"membership differs: {mine} and {count}"
    rate, peer = len(batch) / ours / 1e6, part.stop / theirs / 1e6
    return [
        Row("membership", "truceline kernel", rate, f"{rate / peer:.0f}x; {len(pairs[0])} pairs"),
        Row("membership", "shapely expert", peer, f"sample {part.stop}"),
    ]


# -- crossings ------------------------------------------------------------------


def by_hand(zones: Chart, batch: Fixes) -> list[tuple[int, float, float]]:
    """Crossings on the ground as one writes them with shapely: tree, prepared, intersection."""
    same = batch.aircraft[1:] == batch.aircraft[:-1]
    same &= np.diff(batch.seen_at) <= PLANAR.longest_gap_s * 1e6
    row = np.flatnonzero(same)
    ends = np.stack(
        (
            np.column_stack((batch.lon[row], batch.lat[row])),
            np.column_stack((batch.lon[row + 1], batch.lat[row + 1])),
        ),
        axis=1,
    )
    lines = shapely.linestrings(ends)
    borders = np.array([one.boundary for one in zones.areas])
    shapely.prepare(borders)
    tree = shapely.STRtree(list(zones.areas))
    line, area = tree.query(lines)
    meets = shapely.intersects(borders[area], lines[line])
    whole = ~meets
    for number in np.unique(area[whole]).tolist():
        rows = np.flatnonzero(whole & (area == number))
        whole[rows] = shapely.intersects_xy(zones.areas[number], ends[line[rows], 0])
    cut, through = line[meets], area[meets]
    parts, number = shapely.get_parts(
        shapely.intersection(lines[cut], np.array(zones.areas)[through]), return_index=True
    )
    long = (shapely.get_dimensions(parts) == 1) & ~shapely.is_empty(parts)
    parts, number = parts[long], number[long]
    start = ends[cut[number], 0]
    span = np.hypot(*(ends[cut[number], 1] - start).T)
    one = np.hypot(*(shapely.get_coordinates(shapely.get_point(parts, 0)) - start).T) / span
    two = np.hypot(*(shapely.get_coordinates(shapely.get_point(parts, -1)) - start).T) / span
    count = np.count_nonzero(whole)
    low = np.concatenate((np.minimum(one, two), np.zeros(count)))
    high = np.concatenate((np.maximum(one, two), np.ones(count)))
    where = row[np.concatenate((cut[number], line[whole]))]
    zone_of = np.concatenate((through[number], area[whole]))
    order = np.lexsort((low, where, zone_of))
    made: list[tuple[int, float, float]] = []
    for zone, at, a, b in zip(
        zone_of[order].tolist(),
        where[order].tolist(),
        low[order].tolist(),
        high[order].tolist(),
        strict=True,
    ):
        if made and made[-1][0] == zone and at + a - made[-1][2] < 1e-9:
            made[-1] = (zone, made[-1][1], at + b)
        else:
            made.append((zone, at + a, at + b))
    return made


def crossings(zones: Chart, batch: Fixes, repeats: int) -> list[Row]:
    """4-D stays in memory, grouped by aircraft; then the whole engine with its verdicts."""
    table = cells(zones)
    rows = Tracks(PLANAR).take(batch)
    stays, found = cpu(lambda: stays_compiled(KERNEL, zones, table, rows), repeats)
    flat = chart(
        [
            WatchedZone(name, (FlatVolume(area),))
            for name, area in zip(zones.zone_ids, zones.areas, strict=True)
        ]
    )
    sample = batch.take(batch.aircraft < SAMPLE_AIRCRAFT)
    theirs, events = cpu(lambda: by_hand(flat, sample), 1)
    check = stays_compiled(KERNEL, flat, cells(flat), Tracks(PLANAR).take(sample))
    assert len(check) == len(events), f"stays differ: {len(check)} and {len(events)}"
    rate, peer = len(batch) / stays / 1e6, len(sample) / theirs / 1e6
    made = [
        Row("crossings", "truceline kernel, 4-D", rate, f"{rate / peer:.0f}x; {len(found)} stays"),
        Row("crossings", "shapely segments, 2-D", peer, f"sample {len(sample)}"),
    ]
    for name, rules in (("engine, planar", PLANAR), ("engine, verdicts", STANDARD)):
        spent, done = cpu(lambda rules=rules: _engine(zones, batch, rules), 1)
        made.append(Row("crossings", name, len(batch) / spent / 1e6, f"{done} crossings"))
    return made


def _engine(zones: Chart, batch: Fixes, rules: Any) -> int:
    engine = Engine(zones, rules)
    total = 0
    for start in range(0, len(batch), 500_000):
        total += len(crossings_of(engine.feed(batch.take(slice(start, start + 500_000)))))
    return total + len(crossings_of(engine.finish()))


def real() -> Fixes | None:
    """The dense real tracks, grouped by aircraft, where they are present."""
    if not REAL.exists():
        return None
    from truceline.airspace.fix import joined
    from truceline.sources.tracks import TrackFile

    batch = joined(list(TrackFile(REAL).batches()))
    return batch.take(np.lexsort((batch.seen_at, batch.aircraft)))


def moved(zones: list[WatchedZone], batch: Fixes) -> list[WatchedZone]:
    """The generated zones, put over the area of the real tracks; their windows left out."""
    west, east = np.nanpercentile(batch.lon, (1, 99))
    south, north = np.nanpercentile(batch.lat, (1, 99))

    def fit(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(
            (west + xy[:, 0] / 10 * (east - west), south + (xy[:, 1] - 45) / 10 * (north - south))
        )

    made = []
    for zone in zones:
        old = zone.volumes[0]
        area = shapely.transform(old.area, fit)
        made.append(WatchedZone(zone.zone_id, (FlatVolume(area, old.lower, old.upper),)))
    return made


def show(title: str, rows: list[Row]) -> None:
    """Print one block of the table."""
    print(f"\n{title}")
    for row in rows:
        print(f"  {row.what:<12} {row.who:<24} {row.rate:>9.3f} M/s  {row.note}")


def main() -> None:
    """Run and print."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--positions", type=int, default=1_000_000)
    asked.add_argument("--zones", default="4,100,1000")
    asked.add_argument("--repeats", type=int, default=3)
    given = asked.parse_args()
    if not KERNEL.wait():
        print(KERNEL.notice)
        return
    batch = flights(given.positions)
    print(
        f"{len(batch)} generated positions, {len(batch.names)} aircraft; CPU seconds, best of {given.repeats}"
    )
    for count in (int(word) for word in given.zones.split(",")):
        zones = rough(count)
        table = chart(zones)
        spent, made = cpu(lambda table=table: cells(table), 1)
        title = f"{count} zones, {len(table.edges)} edges, {made.columns * made.rows} cells in {spent:.2f} s"
        show(
            title, membership(table, batch, given.repeats) + crossings(table, batch, given.repeats)
        )
    flown = real()
    if flown is not None:
        over = chart(moved(rough(100), flown))
        show(
            f"real tracks, {len(flown)} positions, 100 zones moved over them",
            membership(over, flown, given.repeats) + crossings(over, flown, given.repeats),
        )


if __name__ == "__main__":
    main()

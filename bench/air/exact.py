"""Exactness: the engine beside GEOS and MEOS, pair by pair and crossing by crossing.

    python bench/air/exact.py [--polygons 10000] [--tracks 10000] [--seed 2017]

Three questions, each asked of polygons made from a seed (every third on a grid of
round coordinates, every fifth with a hole), and of real airspace files:

- membership: is every (position, polygon) pair the same as with `shapely.intersects_xy`,
  positions on the grid, on borders and on corners among them;
- crossing times in planar mode: within 1e-6 s of the intersection that GEOS makes;
- entry and exit in planar mode: within 10 ms of MEOS (`tgeompoint.at(polygon)`).

A touch that lasts no time may be told by one and not by the other, and so may a path
that runs along an edge to within a ten-thousandth of a millimetre (1e-12 degree): there
the sign of a rounding decides, and GEOS's own `relate` and `intersection` disagree.
Such times are counted apart. The exit code is 1 if a question was answered wrongly.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from truceline.airspace.cells import cells
from truceline.airspace.chart import Chart, FlatVolume, WatchedZone, chart
from truceline.airspace.engine import Engine, crossings_of
from truceline.airspace.fix import Fixes, fixes
from truceline.airspace.kernel import KERNEL, members
from truceline.airspace.rules import PLANAR

DATA = Path(__file__).parents[3] / "shared/data"
START_US = 1_717_243_200 * 1_000_000
STEP_S = 60
ROUND = 500
"""Polygons, and aircraft, looked at in one go."""

type Spans = list[tuple[int, int]]


def polygons(count: int, seed: int) -> list[Any]:
    """Return star-shaped polygons in 4 by 4 degrees; every third on round coordinates."""
    rng = np.random.default_rng(seed)
    made: list[Any] = []
    while len(made) < count:
        corners = int(rng.integers(3, 40))
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        far = rng.uniform(0.05, 0.8) * rng.uniform(0.3, 1.0, corners)
        middle = rng.uniform(0.5, 3.5, 2)
        ring = middle + np.column_stack((far * np.cos(angle), far * np.sin(angle)))
        if len(made) % 3 == 0:
            ring = np.round(ring * 20) / 20
        hole = [middle + (ring - middle) * 0.3] if len(made) % 5 == 0 else []
        area = shapely.Polygon(ring, hole)
        if area.is_valid and area.area > 1e-6:
            made.append(area)
    return made


def positions(count: int, seed: int, areas: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return places: anywhere, on round coordinates, on corners and in the middle of edges."""
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(np.array(areas))
    spot = rng.uniform((west, south), (east, north), (count, 2))
    spot[::3] = np.round(spot[::3] * 20) / 20
    corner = shapely.get_coordinates(np.array(areas))
    picked = corner[rng.integers(0, len(corner) - 1, count // 5)]
    following = corner[
        np.minimum(rng.integers(0, len(corner) - 1, count // 5) + 1, len(corner) - 1)
    ]
    spot[1::5][: len(picked)] = picked[: len(spot[1::5])]
    half = (picked + following) / 2
    spot[2::5][: len(half)] = half[: len(spot[2::5])]
    return spot[:, 0].copy(), spot[:, 1].copy()


def paths(count: int, length: int, seed: int, *, grid: bool) -> Fixes:
    """Return tracks of so many fixes, a minute apart; on a grid of round coordinates or not."""
    rng = np.random.default_rng(seed)
    spot = np.clip(np.cumsum(rng.normal(0, 0.2, (count, length, 2)), axis=1), -2, 2) + 2
    spot += rng.uniform(-0.3, 0.3, (count, 1, 2))
    spot = np.clip(spot, 0.01, 3.99)
    if grid:
        spot = np.round(spot * 20) / 20
    when = START_US + np.arange(length, dtype=np.int64) * STEP_S * 1_000_000
    return fixes(
        seen_at=np.tile(when, count),
        aircraft=np.repeat(np.arange(count, dtype=np.int32), length),
        lon=spot[..., 0].ravel(),
        lat=spot[..., 1].ravel(),
        names=[f"{k:06x}" for k in range(count)],
    )


def charted(areas: Sequence[Any]) -> Chart:
    """Return the polygons for the engine, as they are."""
    return chart([WatchedZone(str(k), (FlatVolume(area),)) for k, area in enumerate(areas)])


def membership(areas: Sequence[Any], lon: np.ndarray, lat: np.ndarray) -> tuple[int, int]:
    """Return how many pairs there are, and how many are told by one side only."""
    point, volume = members(KERNEL, cells(charted(areas)), lon, lat)
    ours = np.zeros((len(areas), len(lon)), dtype=bool)
    ours[volume, point] = True
    shapely.prepare(np.array(areas))
    wrong = sum(
        int(np.count_nonzero(ours[k] != shapely.intersects_xy(area, lon, lat)))
        for k, area in enumerate(areas)
    )
    return len(point), wrong


def ours(areas: Sequence[Any], batch: Fixes) -> dict[tuple[int, int], Spans]:
    """Return when each track was in each polygon, by the engine in planar mode."""
    engine = Engine(charted(areas), PLANAR)
    made = crossings_of(engine.feed(batch) + engine.finish())
    found: dict[tuple[int, int], Spans] = {}
    for one in sorted(made, key=lambda c: c.entered_at):
        key = int(one.icao24, 16), int(one.zone_id)
        found.setdefault(key, []).append((one.entered_at - START_US, one.left_at - START_US))
    return found


def by_geos(areas: Sequence[Any], batch: Fixes) -> dict[tuple[int, int], Spans]:
    """Return the same, by intersecting each segment with each polygon by GEOS."""
    row = np.flatnonzero(np.diff(batch.aircraft) == 0)
    ends = np.stack(
        (
            np.column_stack((batch.lon[row], batch.lat[row])),
            np.column_stack((batch.lon[row + 1], batch.lat[row + 1])),
        ),
        axis=1,
    )
    lines = shapely.linestrings(ends)
    line, area = shapely.STRtree(lines).query(np.array(areas), "intersects")[::-1]
    found: dict[tuple[int, int], Spans] = {}
    still = np.flatnonzero((ends[:, 0] == ends[:, 1]).all(axis=1))
    tree = shapely.STRtree(shapely.points(ends[still, 0]))
    for number, at in zip(*tree.query(np.array(areas), "intersects").tolist(), strict=True):
        one = int(row[still[at]])
        begins = int(batch.seen_at[one]) - START_US
        found.setdefault((int(batch.aircraft[one]), number), []).append(
            (begins, begins + STEP_S * 1_000_000)
        )
    parts, pair = shapely.get_parts(
        shapely.intersection(lines[line], np.array(areas)[area]), return_index=True
    )
    for part, number in zip(parts, pair.tolist(), strict=True):
        at = int(row[line[number]])
        one, two = ends[line[number]]
        if shapely.is_empty(part):
            continue
        shares = _shares(shapely.get_coordinates(part), one, two)
        begins = int(batch.seen_at[at]) - START_US
        span = [begins + share * STEP_S * 1e6 for share in shares]
        key = int(batch.aircraft[at]), int(area[number])
        found.setdefault(key, []).append((span[0], span[-1]))  # type: ignore[arg-type]
    return found


def _shares(at: np.ndarray, one: np.ndarray, two: np.ndarray) -> list[float]:
    along = two - one
    if not along.any():
        return [0.0, 1.0]
    axis = int(np.abs(along).argmax())
    return sorted(((at[:, axis] - one[axis]) / along[axis]).tolist())


def by_meos(
    areas: Sequence[Any], batch: Fixes, rows: Sequence[int]
) -> Iterator[tuple[int, Spans | None]]:
    """Yield (track, its times in the polygon of the same number), by MEOS.

    None where MEOS gives up ("not been found due to roundoff errors"), as it does on some
    corners with round coordinates.
    """
    from datetime import UTC, datetime

    from pymeos import TGeomPointSeq, pymeos_initialize
    from pymeos_cffi.errors import MeosException

    pymeos_initialize()
    began = datetime.fromtimestamp(START_US / 1e6, UTC)
    for track in rows:
        part = batch.aircraft == track
        spots = ", ".join(
            f"Point({x!r} {y!r})@{datetime.fromtimestamp(t / 1e6, UTC).isoformat()}"
            for x, y, t in zip(
                batch.lon[part].tolist(),
                batch.lat[part].tolist(),
                batch.seen_at[part].tolist(),
                strict=True,
            )
        )
        try:
            inside = TGeomPointSeq(f"[{spots}]").at(areas[track])
        except MeosException:
            yield track, None
            continue
        spans = [] if inside is None else inside.time().spans()
        yield (
            track,
            [
                (
                    round((one.lower() - began).total_seconds() * 1e6),
                    round((one.upper() - began).total_seconds() * 1e6),
                )
                for one in spans
            ],
        )


def joined(spans: Sequence[tuple[float, float]], least: float) -> list[tuple[float, float]]:
    """Return spans in order, those closer than `least` joined, those shorter left out."""
    made: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if made and begin - made[-1][1] <= least:
            made[-1] = made[-1][0], max(end, made[-1][1])
        else:
            made.append((begin, end))
    return [one for one in made if one[1] - one[0] > least]


def furthest(one: Sequence[tuple[float, float]], two: Sequence[tuple[float, float]]) -> float:
    """Return the greatest difference between two lists of spans; infinite if they do not match."""
    if len(one) != len(two):
        return float("inf")
    return float(np.max(np.abs(np.array(one) - np.array(two)), initial=0.0))


def against_geos(areas: Sequence[Any], batch: Fixes) -> tuple[int, float, int]:
    """Return how many crossings there are, the greatest difference of a time in seconds, and
    how many tracks run along an edge so closely that rounding decides."""
    mine, theirs = ours(areas, batch), by_geos(areas, batch)
    worst, count, along = 0.0, 0, 0
    for key in mine.keys() | theirs.keys():
        one, two = joined(mine.get(key, []), 2.0), joined(theirs.get(key, []), 2.0)
        count += len(two)
        apart = furthest(one, two)
        if apart > 1.0 and _on_edge(areas[key[1]], batch.take(batch.aircraft == key[0]), one, two):
            along += 1
        else:
            worst = max(worst, apart)
    return count, worst / 1e6, along


def _on_edge(
    area: Any,
    path: Fixes,
    one: Sequence[tuple[float, float]],
    two: Sequence[tuple[float, float]],
) -> bool:
    """Say whether the path runs along the border wherever the two lists differ."""
    cuts = np.unique([0.0, *np.array([*one, *two]).ravel()])
    middle = (cuts[1:] + cuts[:-1]) / 2
    inside = [
        np.any([(middle >= a) & (middle <= b) for a, b in spans] or [middle < 0], axis=0)
        for spans in (one, two)
    ]
    differ = np.flatnonzero((inside[0] != inside[1]) & (np.diff(cuts) > 1.0))
    when = (path.seen_at - START_US).astype(np.float64)
    for share in (0.05, 0.5, 0.95):
        at = cuts[differ] + (cuts[differ + 1] - cuts[differ]) * share
        spot = shapely.points(np.interp(at, when, path.lon), np.interp(at, when, path.lat))
        if np.any(shapely.distance(area.boundary, spot) > 1e-12):
            return False
    return True


def against_meos(areas: Sequence[Any], batch: Fixes) -> tuple[int, float, int]:
    """Return the same for entries and exits by MEOS, and on how many tracks it gave up.

    Track k is held against polygon k.
    """
    mine, worst, count, gave_up = ours(areas, batch), 0.0, 0, 0
    for track, spans in by_meos(areas, batch, range(len(areas))):
        if spans is None:
            gave_up += 1
            continue
        one = joined(mine.get((track, track), []), 20_000.0)
        two = joined(spans, 20_000.0)
        worst = max(worst, furthest(one, two))
        count += 2 * len(two)
    return count, worst / 1e6, gave_up


def real_airspace() -> dict[str, list[Any]]:
    """Return the polygons of the real airspace files that are here, by file."""
    from truceline.sources.zone_file import read_zones, watch

    found = {}
    for path in sorted((*DATA.glob("zones/*.geojson"), *DATA.glob("formats/openair*.txt"))):
        zones = watch(read_zones(path), planar=True)
        found[path.name] = [volume.area for zone in zones for volume in zone.volumes]
    return found


def main() -> int:
    """Run and print."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--polygons", type=int, default=10_000)
    asked.add_argument("--tracks", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=2017)
    given = asked.parse_args()
    if not KERNEL.wait():
        print(KERNEL.notice)
        return 1
    failed = 0
    failed |= _membership(given.polygons, given.seed)
    failed |= _times("GEOS, planar", given.polygons, given.seed, 1e-6)
    failed |= _times("MEOS, planar", given.tracks, given.seed + 1, 0.010)
    return failed


def _membership(count: int, seed: int) -> int:
    pairs = wrong = 0
    began = time.process_time()
    for number in range(0, count, ROUND):
        areas = polygons(min(ROUND, count - number), seed + number)
        found = membership(areas, *positions(4_000, seed + number, areas))
        pairs, wrong = pairs + found[0], wrong + found[1]
    print(f"membership, {count} polygons: {pairs} pairs, {wrong} differ from shapely; "
          f"{time.process_time() - began:.0f} s")  # fmt: skip
    for name, areas in real_airspace().items():
        found = membership(areas, *positions(100_000, seed, areas))
        print(f"membership, {name}: {found[0]} pairs, {found[1]} differ from shapely")
        wrong += found[1]
    return int(wrong > 0)


def _times(what: str, count: int, seed: int, least: float) -> int:
    told, worst, along = 0, 0.0, 0
    began = time.process_time()
    size = ROUND if "GEOS" in what else ROUND // 5
    for number in range(0, count, size):
        areas = polygons(min(size, count - number), seed + number)
        tracks = len(areas) // 5 if "GEOS" in what else len(areas)
        batch = paths(tracks, 12, seed + number, grid=number % (2 * size) > 0)
        found = (against_geos if "GEOS" in what else against_meos)(areas, batch)
        told, worst, along = told + found[0], max(worst, found[1]), along + found[2]
    print(f"{what}: {count} polygons, {told} {'crossings' if 'GEOS' in what else 'entries and exits'}, "
          f"greatest difference {worst:.1e} s (must: {least:g} s), {along} {'along an edge' if 'GEOS' in what else 'on which MEOS gives up'}; {time.process_time() - began:.0f} s")  # fmt: skip
    return int(worst > least * (1 + 1e-9))


if __name__ == "__main__":
    sys.exit(main())

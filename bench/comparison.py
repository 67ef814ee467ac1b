"""Time to compare two positions: 2,000 vertices each, 7,580 places, 272 sub-districts.

Run: `python bench/comparison.py [FOLDER]`. With a folder that holds
`syr_populated_places.csv.gz` and `syr_adm3.geojson.gz` (OCHA, CC BY 3.0 IGO) the real
ones are used; without, generated ones of the same size. The budget is 200 ms of wall time on
a machine at rest; the program is one thread, so its CPU time is what fails the bench.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
import statistics
import sys
import time
from pathlib import Path

from truceline.geo.position import Position, from_degrees
from truceline.geo.volume import Polygon
from truceline.zones.boundary import ZoneContent, ZoneKind, ZoneVolume
from truceline.zones.comparison import compare
from truceline.zones.gazetteer import (
    AdminArea,
    Gazetteer,
    Place,
    area_from_geometry,
    build,
    place_from_row,
)

BUDGET_MS = 200
VERTICES = 2_000


def ring(chance: random.Random, *, wobble: float, shared: list[float]) -> tuple[Position, ...]:
    """A star-shaped line around Idlib, 2,000 vertices; `wobble` of its radius is its own."""
    made = []
    for number, radius in enumerate(shared):
        angle = 2 * math.pi * number / len(shared)
        own = radius * (1 + wobble * chance.uniform(-1, 1))
        made.append(
            from_degrees(
                lat=35.8 + 0.45 * own * math.sin(angle), lon=36.6 + 0.5 * own * math.cos(angle)
            )
        )
    return tuple(made)


def position_pair(wobble: float) -> tuple[ZoneContent, ZoneContent]:
    """Two positions on one boundary; the more wobble, the more disputed pieces."""
    chance = random.Random(7)
    slow = [chance.uniform(0.85, 1.15) for _ in range(41)]
    shared = [_between(slow, 40 * number / VERTICES) for number in range(VERTICES)]
    made = []
    for _ in range(2):
        drift = [chance.uniform(-0.06, 0.06) for _ in range(41)]
        own = [
            value + _between(drift, 40 * number / VERTICES) for number, value in enumerate(shared)
        ]
        shape = Polygon(ring(chance, wobble=wobble, shared=own))
        made.append(ZoneContent("DEZ-1", ZoneKind.DE_ESCALATION, volumes=(ZoneVolume(shape),)))
    return made[0], made[1]


def _between(values: list[float], at: float) -> float:
    low = int(at)
    return values[low % 40] + (values[(low + 1) % 40] - values[low % 40]) * (at - low)


def real(folder: Path) -> Gazetteer:
    """The gazetteer of the published files."""
    with gzip.open(folder / "syr_populated_places.csv.gz", "rt", encoding="utf-8") as rows:
        places = [
            place_from_row(
                {"pcode": row["PP_PCODE"], "name_en": row["PP_NAME_EN"], "area": row["ADM3_PCODE"]}
                | row
            )
            for row in csv.DictReader(rows)
        ]
    with gzip.open(folder / "syr_adm3.geojson.gz", "rt", encoding="utf-8") as text:
        features = json.load(text)["features"]
    areas = [
        area_from_geometry(
            {"pcode": one["properties"]["PCODE"], "population": 50_000}, one["geometry"]
        )
        for one in features
    ]
    return build(places=places, areas=areas)


def generated() -> Gazetteer:
    """7,580 places and 272 jagged sub-districts of 3,000 vertices over the same land."""
    chance = random.Random(11)
    places = [
        Place(
            f"C{n}",
            f"Place {n}",
            "",
            from_degrees(lat=chance.uniform(34.9, 36.7), lon=chance.uniform(35.6, 38)),
        )
        for n in range(7_580)
    ]
    areas: list[AdminArea] = []
    for number in range(272):
        lat, lon = 35 + (number // 17) * 0.1, 35.7 + (number % 17) * 0.13
        outline = []
        for n in range(3000):
            angle, size = 2 * math.pi * n / 3000, chance.uniform(0.95, 1.05)
            outline.append(
                [lon + 0.07 * size * math.cos(angle), lat + 0.06 * size * math.sin(angle)]
            )
        outline.append(outline[0])
        areas.append(
            area_from_geometry(
                {"pcode": f"S{number}", "population": 50_000},
                {"type": "Polygon", "coordinates": [outline]},
            )
        )
    return build(places=places, areas=areas)


def main() -> int:
    """Print the times, and fail above the budget."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    started = time.perf_counter()
    gazetteer = real(folder) if folder else generated()
    print(
        f"gazetteer ({'published' if folder else 'generated'}): {len(gazetteer.places)} places,"
        f" {len(gazetteer.areas)} sub-districts, built once in {time.perf_counter() - started:.2f} s"
    )
    worst = 0.0
    for wobble in (0.0, 0.002, 0.01):
        a, b = position_pair(wobble)
        compare(a, b, gazetteer)
        times, spent = [], []
        for _ in range(7):
            wall, used = time.perf_counter(), time.process_time()
            found = compare(a, b, gazetteer)
            times.append(1000 * (time.perf_counter() - wall))
            spent.append(1000 * (time.process_time() - used))
        places = sum(len(one.places) for one in found.pieces)
        print(
            f"2 x {VERTICES} vertices, {len(found.pieces):4d} pieces, {places:4d} places in them:"
            f" median {statistics.median(times):6.1f} ms wall, {statistics.median(spent):6.1f} ms CPU,"
            f" worst {max(times):6.1f} ms (budget {BUDGET_MS} ms)"
        )
        worst = max(worst, statistics.median(times))
    return 0 if worst < BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())

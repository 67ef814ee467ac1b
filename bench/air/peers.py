"""The peers, each as its own users would use it, for the same work; CPU time of each.

Membership: all pairs of a position and a zone that contains it, on the ground, points
made from columns. Crossings: the pieces of every track within every zone, on the
ground, by interpolation. Indexes and geometries of zones are made before the clock
starts, as ours is. Tile38 is not in a package index and is left out.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from truceline.airspace.fix import Fixes

ROOT = Path(__file__).parents[2]


def cpu(work: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Return the median of the CPU seconds of several runs, all threads counted, and the answer."""
    spent = []
    answer = None
    for _ in range(max(1, repeats)):
        start = time.process_time()
        answer = work()
        spent.append(time.process_time() - start)
    return sorted(spent)[len(spent) // 2], answer


# -- membership: each returns (CPU seconds, pairs) --------------------------------


def shapely_expert(areas: Sequence[Any], batch: Fixes) -> tuple[float, int]:
    """Boxes by the tree, then prepared polygons over columns."""
    areas = np.array(areas)
    shapely.prepare(areas)
    tree = shapely.STRtree(areas)

    def work() -> int:
        point, area = tree.query(shapely.points(batch.lon, batch.lat))
        order = np.argsort(area, kind="stable")
        point, area = point[order], area[order]
        bounds = np.searchsorted(area, np.arange(len(areas) + 1))
        found = 0
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            rows = point[bounds[number] : bounds[number + 1]]
            inside = shapely.contains_xy(areas[number], batch.lon[rows], batch.lat[rows])
            found += int(np.count_nonzero(inside))
        return found

    return cpu(work)


def sedona(areas: Sequence[Any], batch: Fixes) -> tuple[float, int]:
    """SedonaDB: a spatial join in SQL."""
    import pyarrow as pa
    import sedonadb

    context = sedonadb.connect()
    wkb = pa.array(shapely.to_wkb(np.array(areas)), pa.binary())
    context.create_data_frame(pa.table({"wkb": wkb})).to_view("given")
    made = context.sql("SELECT ST_GeomFromWKB(wkb) AS geom FROM given").to_memtable()
    made.to_view("zones")
    table = pa.table({"x": batch.lon, "y": batch.lat})
    context.create_data_frame(table).to_view("positions")
    query = (
        "SELECT count(*) AS pairs FROM zones JOIN (SELECT ST_Point(x, y) AS g FROM positions) AS p "
        "ON ST_Contains(zones.geom, p.g)"
    )
    spent, answer = cpu(lambda: pa.table(context.sql(query)))
    return spent, int(answer["pairs"][0].as_py())


def duckdb_spatial(areas: Sequence[Any], batch: Fixes) -> tuple[float, int]:
    """DuckDB with its spatial extension: a spatial join in SQL, one thread."""
    import duckdb
    import duckdb_extension_spatial

    place = Path(duckdb_extension_spatial.__file__).parent / "extensions"
    extension = next(place.glob("*/spatial.duckdb_extension"))
    with duckdb.connect(config={"threads": 1}) as base:
        base.execute(f"LOAD '{extension}'")
        wkb = shapely.to_wkb(np.array(areas)).tolist()
        base.execute("CREATE TABLE zones (zone INTEGER, geom GEOMETRY)")
        base.executemany("INSERT INTO zones VALUES (?, ST_GeomFromWKB(?))", [*enumerate(wkb)])
        columns = {"x": batch.lon, "y": batch.lat}  # noqa: F841 -- the name in the query
        base.execute("CREATE TABLE positions AS SELECT ST_Point(x, y) AS geom FROM columns")
        query = (
            "SELECT count(*) FROM zones JOIN positions ON ST_Contains(zones.geom, positions.geom)"
        )
        spent, answer = cpu(lambda: base.execute(query).fetchone())
    return spent, int(answer[0])


@contextmanager
def postgis() -> Iterator[Callable[[Sequence[Any], Fixes], tuple[float, int]]]:
    """PostGIS on a server of its own: GiST on the zones, CPU time of the backend."""
    sys.path.insert(0, str(ROOT))
    import psycopg
    from tests.support.postgres import running

    with running() as url, psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as link:

        def work(areas: Sequence[Any], batch: Fixes) -> tuple[float, int]:
            link.execute("DROP TABLE IF EXISTS zones, positions")
            link.execute("CREATE TABLE zones (zone int, geom geometry)")
            link.execute("CREATE TABLE positions (geom geometry)")
            with link.cursor() as cursor:
                with cursor.copy("COPY zones FROM STDIN") as copy:
                    for zone, one in enumerate(areas):
                        copy.write_row((zone, shapely.to_wkb(one, hex=True)))
                with cursor.copy("COPY positions FROM STDIN") as copy:
                    points = shapely.to_wkb(shapely.points(batch.lon, batch.lat), hex=True)
                    copy.write("\n".join(points.tolist()) + "\n")
            link.execute("CREATE INDEX ON zones USING gist (geom)")
            link.execute("VACUUM ANALYZE zones, positions")
            link.execute("SET max_parallel_workers_per_gather = 0")
            query = "SELECT count(*) FROM zones JOIN positions p ON ST_Within(p.geom, zones.geom)"
            pid = link.info.backend_pid
            start = _cpu_of(pid)
            (found,) = link.execute(query).fetchone() or (0,)
            return _cpu_of(pid) - start, int(found)

        yield work


def _cpu_of(pid: int) -> float:
    """The CPU seconds of another process, from the kernel's own account."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# -- crossings: each returns (CPU seconds, pieces) --------------------------------


def shapely_segments(areas: Sequence[Any], batch: Fixes, longest_us: int) -> tuple[float, int]:
    """Segments as one writes them by hand: tree, prepared boundaries, intersections."""
    areas = np.array(areas)
    shapely.prepare(areas)
    borders = shapely.boundary(areas)
    shapely.prepare(borders)
    tree = shapely.STRtree(areas)

    def work() -> int:
        same = batch.aircraft[1:] == batch.aircraft[:-1]
        row = np.flatnonzero(same & (np.diff(batch.seen_at) <= longest_us))
        where = np.column_stack((batch.lon, batch.lat))
        ends = np.stack((where[row], where[row + 1]), axis=1)
        lines = shapely.linestrings(ends)
        line, area = tree.query(lines)
        meets = shapely.intersects(borders[area], lines[line])
        whole = ~meets
        order = np.argsort(area, kind="stable")
        bounds = np.searchsorted(area[order], np.arange(len(areas) + 1))
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            rows = order[bounds[number] : bounds[number + 1]]
            rows = rows[whole[rows]]
            whole[rows] = shapely.contains_xy(areas[number], ends[line[rows], 0])
        cut, through = line[meets], area[meets]
        parts, number = shapely.get_parts(
            shapely.intersection(lines[cut], areas[through]), return_index=True
        )
        long = shapely.get_dimensions(parts) == 1
        parts, number = parts[long], number[long]
        start = ends[cut[number], 0]
        span = np.hypot(*(ends[cut[number], 1] - start).T)
        one = np.hypot(*(shapely.get_coordinates(shapely.get_point(parts, 0)) - start).T) / span
        two = np.hypot(*(shapely.get_coordinates(shapely.get_point(parts, -1)) - start).T) / span
        count = np.count_nonzero(whole)
        low = np.concatenate((np.minimum(one, two), np.zeros(count)))
        high = np.concatenate((np.maximum(one, two), np.ones(count)))
        at = row[np.concatenate((cut[number], line[whole]))]
        zone = np.concatenate((through[number], area[whole]))
        order = np.lexsort((low, at, zone))
        zone, begin, end = zone[order], (at + low)[order], (at + high)[order]
        goes_on = (zone[1:] == zone[:-1]) & (begin[1:] - end[:-1] < 1e-9)
        return len(zone) - int(np.count_nonzero(goes_on))

    return cpu(work)


def _tracks(batch: Fixes) -> Iterator[tuple[Any, np.ndarray]]:
    cuts = np.flatnonzero(np.diff(batch.aircraft)) + 1
    for rows in np.split(np.arange(len(batch)), cuts):
        line = shapely.linestrings(batch.lon[rows], batch.lat[rows])
        yield line, rows


def meos(areas: Sequence[Any], batch: Fixes) -> tuple[float, int]:
    """MEOS, the engine of MobilityDB: `at` of a sequence, boxes looked up before."""
    from datetime import UTC, datetime

    from pymeos import TGeomPointInst, TGeomPointSeq, pymeos_initialize

    pymeos_initialize()
    tree = shapely.STRtree(list(areas))
    made = []
    for line, rows in _tracks(batch):
        instants = [
            TGeomPointInst(
                point=shapely.Point(batch.lon[k], batch.lat[k]),
                timestamp=datetime.fromtimestamp(batch.seen_at[k] / 1e6, UTC),
            )
            for k in rows.tolist()
        ]
        sequence = TGeomPointSeq(instant_list=instants, lower_inc=True, upper_inc=True)
        made.append((sequence, [areas[n] for n in tree.query(line).tolist()]))

    def work() -> int:
        found = 0
        for sequence, near in made:
            for area in near:
                inside = sequence.at(area)
                if inside is not None:
                    found += inside.num_sequences() if hasattr(inside, "num_sequences") else 1
        return found

    return cpu(work)


def movingpandas(areas: Sequence[Any], batch: Fixes) -> tuple[float, int]:
    """movingpandas: `clip` of a trajectory, boxes looked up before."""
    import geopandas
    import pandas as pd
    from movingpandas import Trajectory

    tree = shapely.STRtree(list(areas))
    made = []
    for line, rows in _tracks(batch):
        frame = geopandas.GeoDataFrame(
            {"t": pd.to_datetime(batch.seen_at[rows], unit="us")},
            geometry=shapely.points(batch.lon[rows], batch.lat[rows]),
            crs=4326,
        ).set_index("t")
        made.append((Trajectory(frame, len(made)), [areas[n] for n in tree.query(line).tolist()]))

    def work() -> int:
        return sum(len(one.clip(area)) for one, near in made for area in near)

    return cpu(work)

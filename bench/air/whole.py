"""Whole processes, from a Parquet file to events: ours beside shapely used by an expert.

    python bench/air/whole.py [--positions 1000000] [--zones 100] [--repeats 3]

Each run is a fresh process: start, imports, reading the file, index, events. What is
printed is the CPU time of the process and its greatest memory. The expert reads the
columns whole, looks boxes up in a tree, tests prepared polygons over columns, then
heights and windows, and takes differences in time order: events at fixes, which is
less than we find (no place or time between fixes, nothing that happens between two).
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

LAYOUTS = ("float64, by time", "int32, by aircraft")


def write(folder: Path, positions: int, count: int) -> None:
    """Write the positions in both layouts, in row groups of a million, and the zones."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import workload

    batch = workload.aircraft(positions)
    with (folder / "zones.pickle").open("wb") as file:
        pickle.dump(workload.zones(count), file)
    mixed = workload.in_time_order(batch)
    names = np.array(batch.names)
    plain = pa.table(
        {
            "timestamp": pa.array(mixed.seen_at, pa.timestamp("us", "UTC")),
            "icao24": pa.array(names[mixed.aircraft]),
            "latitude": mixed.lat,
            "longitude": mixed.lon,
            "altitude": mixed.baro_ft.astype(np.float32),
        }
    )
    options = {"compression": "zstd", "row_group_size": 1_000_000}
    pq.write_table(plain, folder / f"{LAYOUTS[0]}.parquet", use_dictionary=["icao24"], **options)
    compact = pa.table(
        {
            "seen_at": batch.seen_at,
            "aircraft": pa.array(names[batch.aircraft]),
            "lat_e7": np.rint(batch.lat * 1e7).astype(np.int32),
            "lon_e7": np.rint(batch.lon * 1e7).astype(np.int32),
            "baro_dft": np.rint(batch.baro_ft * 10).astype(np.int32),
        }
    )
    delta = dict.fromkeys(("seen_at", "lat_e7", "lon_e7", "baro_dft"), "DELTA_BINARY_PACKED")
    pq.write_table(
        compact,
        folder / f"{LAYOUTS[1]}.parquet",
        use_dictionary=["aircraft"],
        column_encoding=delta,
        **options,
    )


def ours(tracks: Path, zones: Path) -> dict[str, float]:
    """Stream the file through the sweep."""
    import time

    from truceline.airspace.chart import chart
    from truceline.airspace.sweep import Sweep
    from truceline.archive.positions import PositionFile

    with zones.open("rb") as file:
        sweep = Sweep(chart(pickle.load(file)))
    start = time.process_time()
    events, source = 0, PositionFile(tracks)
    for batch in source.batches():
        events += 2 * len(sweep.feed(batch))
    events += 2 * len(sweep.finish())
    spent = time.process_time() - start
    return {"events": events, "positions": source.rows_read, "stream_s": spent}


def expert(tracks: Path, zones: Path) -> dict[str, float]:
    """Shapely and numpy over whole columns."""
    import numpy as np
    import pyarrow.parquet as pq
    import shapely

    with zones.open("rb") as file:
        volumes = [zone.volumes[0] for zone in pickle.load(file)]
    table = pq.read_table(tracks)
    compact = "lat_e7" in table.schema.names
    who = table["aircraft" if compact else "icao24"].combine_chunks().dictionary_encode()
    code = who.indices.to_numpy()
    at = table["seen_at" if compact else "timestamp"].cast("int64").to_numpy()
    lon = table["lon_e7"].to_numpy() / 1e7 if compact else table["longitude"].to_numpy()
    lat = table["lat_e7"].to_numpy() / 1e7 if compact else table["latitude"].to_numpy()
    feet = table["baro_dft"].to_numpy() / 10 if compact else table["altitude"].to_numpy()
    del table
    areas = np.array([volume.area for volume in volumes])
    shapely.prepare(areas)
    point, area = shapely.STRtree(areas).query(shapely.points(lon, lat))
    order = np.argsort(area, kind="stable")
    point, area = point[order], area[order]
    bounds = np.searchsorted(area, np.arange(len(areas) + 1))
    kept = []
    for number, volume in enumerate(volumes):
        rows = point[bounds[number] : bounds[number + 1]]
        inside = shapely.contains_xy(areas[number], lon[rows], lat[rows])
        inside &= (feet[rows] >= volume.lower.feet) & (feet[rows] <= volume.upper.feet)
        for limit, sign in ((volume.window.start, 1), (volume.window.end, -1)):
            if limit is not None:
                inside &= sign * (at[rows] - round(limit.timestamp() * 1e6)) >= 0
        kept.append(rows[inside])
    # Where a fix inside is not followed by the aircraft's next fix inside, it has left.
    rank = np.empty(len(code), dtype=np.int64)
    rank[np.lexsort((at, code))] = np.arange(len(code))
    visits = sum(
        1 + int(np.count_nonzero(np.diff(np.sort(rank[rows])) != 1)) if len(rows) else 0
        for rows in kept
    )
    return {"events": 2 * visits, "positions": len(code)}


def run(who: str, tracks: Path, zones: Path) -> dict[str, float]:
    """One fresh process; its CPU seconds and MiB come with its answer."""
    command = [sys.executable, __file__, "--run", who, "--tracks", str(tracks), "--in", str(zones)]
    # As installed programs do, both keep their byte code.
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    kept["PYTHONPYCACHEPREFIX"] = str(zones.parent / "byte-code")
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=kept) as process:
        assert process.stdout is not None
        answer = json.loads(process.stdout.read())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    answer["cpu_s"] = used.ru_utime + used.ru_stime
    answer["mib"] = used.ru_maxrss / 1024
    return answer


def table(positions: int, count: int, repeats: int) -> None:
    """Print both layouts for both; medians, runs of the two by turns."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # Written in a process of its own: ours would stay as large as that made it.
        asked = ["--write", place, "--positions", str(positions), "--zones", str(count)]
        subprocess.run([sys.executable, __file__, *asked], check=True)
        zones = folder / "zones.pickle"
        print(f"\nwhole processes, {positions:,} positions asked for, {count} zones")
        for layout in LAYOUTS:
            tracks = folder / f"{layout}.parquet"
            for who in ("ours", "expert"):
                run(who, tracks, zones)  # compiles, if nothing has yet
            runs = [
                (run("ours", tracks, zones), run("expert", tracks, zones)) for _ in range(repeats)
            ]
            mine, peer = (
                sorted(side, key=lambda one: one["cpu_s"])[repeats // 2]
                for side in zip(*runs, strict=True)
            )
            rate = mine["positions"] / mine["stream_s"] / 1e6
            for name, one in (("truceline", mine), ("shapely expert", peer)):
                print(
                    f"  {layout:<20} {name:<16} {one['cpu_s']:>7.2f} s CPU {one['mib']:>7,.0f} MiB"
                    f"  {int(one['events']):>8,} events"
                )
            print(
                f"  {'':<20} {peer['cpu_s'] / mine['cpu_s']:.1f}x in CPU; "
                f"Parquet to events {rate:.1f} M/s"
            )


def main() -> None:
    """Print the table, or be one of the processes."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--positions", type=int, default=1_000_000)
    asked.add_argument("--zones", type=int, default=100)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--run", choices=("ours", "expert"))
    asked.add_argument("--write", type=Path)
    asked.add_argument("--tracks", type=Path)
    asked.add_argument("--in", dest="given", type=Path)
    wanted = asked.parse_args()
    if wanted.write:
        write(wanted.write, wanted.positions, wanted.zones)
    elif wanted.run:
        work = ours if wanted.run == "ours" else expert
        print(json.dumps(work(wanted.tracks, wanted.given)))
    else:
        table(wanted.positions, wanted.zones, wanted.repeats)


if __name__ == "__main__":
    main()

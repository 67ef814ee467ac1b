"""The first answer with an empty kernel cache, and with a full one: CPU seconds and wall seconds.

    python bench/air/first.py

A fresh process, its cache of compiled code in an empty folder, asks the engine about
one short flight and one zone; then the same with the cache that a full compilation has
filled. The engine answers by the plain way until the kernel is ready, so neither waits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ASKED = """
import numpy as np, shapely
from truceline.airspace.chart import FlatVolume, WatchedZone, chart
from truceline.airspace.engine import Engine, crossings_of
from truceline.airspace.fix import fixes
engine = Engine(chart([WatchedZone("box", (FlatVolume(shapely.box(1, 0, 2, 1)),))]))
at = 1_717_243_200_000_000 + np.arange(60) * 10_000_000
flight = fixes(seen_at=at, aircraft=np.zeros(60, np.int32), lat=np.full(60, 0.5),
               lon=0.5 + np.arange(60) * 0.02, baro_ft=np.full(60, 9000.0), names=["abc123"])
found = crossings_of(engine.feed(flight) + engine.finish())
assert [one.zone_id for one in found] == ["box"], found
"""
COMPILED = "from truceline.airspace.kernel import {0}\nassert {0}.wait(), {0}.notice\n"


def run(script: str, folder: str) -> tuple[float, float]:
    """CPU and wall seconds of a fresh process."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    kept |= {"NUMBA_CACHE_DIR": folder + "/kernel", "PYTHONPYCACHEPREFIX": folder + "/byte-code"}
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", script], env=kept) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("the process failed")
    return used.ru_utime + used.ru_stime, time.perf_counter() - start


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [("first answer, nothing cached", run(ASKED, folder))]
        assert not list(Path(folder).glob("kernel/*")), "the first answer waited for the compiler"
        rows.append(("first answer, byte code cached", run(ASKED, folder)))
        for name, what in (("SWEEPING", "sweep"), ("AHEAD", "look-ahead"), ("KERNEL", "engine")):
            rows.append((f"kernel of the {what}, compiled", run(COMPILED.format(name), folder)))
            rows.append(
                (f"kernel of the {what}, from the cache", run(COMPILED.format(name), folder))
            )
    for what, (cpu, wall) in rows:
        print(f"  {what:<40} {cpu:>7.2f} s CPU {wall:>7.2f} s wall")


if __name__ == "__main__":
    main()

"""The live path: SBS lines over TCP to crossings on the record, in one process.

    python bench/air/live.py [--zones 1000] [--rate 20000] [--seconds 10] [--saturate 200000]

A producer of its own sends bursts every 5 ms; each line bears the moment at which it was
sent. Latency is from there until the watch has judged the burst and its crossings are
durable in the log (SQLite, WAL, FULL). The zones are squares on a grid, each adopted by
signed consent. Then as many lines as there are time for, from memory, one batch of a
thousand after the other. CPU is this process's alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.assembly import Assembly, agreement, founded, texts_digest

from truceline.airspace.kernel import KERNEL
from truceline.geo.position import from_degrees
from truceline.geo.volume import Polygon
from truceline.mechanism.clock import SystemClock
from truceline.mechanism.installation import Installation
from truceline.mechanism.watch import Watch
from truceline.sources.feed import TcpFeed
from truceline.sources.sbs import SbsReader
from truceline.sources.sbs_compiler import COMPILER
from truceline.zones import document
from truceline.zones.boundary import Edge, ZoneContent, ZoneKind, ZoneVolume

AIRCRAFT = 2_000
PRODUCER = """
import socket, sys, time
AIRCRAFT = int(sys.argv[3])
rate, seconds, burst = int(sys.argv[1]), float(sys.argv[2]), 0.005
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
link = server.accept()[0]
began, sent, number = time.monotonic(), 0, 0
while (past := time.monotonic() - began) < seconds:
    now = time.time_ns() // 1000
    clock = time.strftime("%Y/%m/%d,%H:%M:%S", time.gmtime(now // 10**6)) + f".{now % 10**6:06d}"
    lines = []
    while sent < past * rate:
        who = number % AIRCRAFT
        lat = 45 + who * 0.005 % 10
        lon = (who * 0.37 + past * 0.003 + number * 1e-9) % 10
        lines.append(f"MSG,3,1,1,{0x400000 + who:06X},1,{clock},{clock},,20000,,,{lat:.5f},{lon:.5f},,,0,0,0,0\\r\\n")
        sent += 1
        number += 1
    link.sendall("".join(lines).encode())
    time.sleep(max(0.0, burst - (time.monotonic() - began - past)))
link.close()
"""


def square(installation: Installation, code: str, lat: float, lon: float, side: float) -> dict:
    """Deposit a square zone and return its file name."""
    corners = [(lat, lon), (lat, lon + side), (lat + side, lon + side), (lat + side, lon)]
    ring = tuple(from_degrees(lat=a, lon=b) for a, b in corners)
    content = ZoneContent(
        code=code,
        kind=ZoneKind.DE_ESCALATION,
        volumes=(ZoneVolume(Polygon(ring), edge=Edge.GEODESIC),),
        edge_chosen=True,
    )
    return installation.files.put(document.encode(content), document.MEDIA_TYPE).tree()


def agree(installation: Installation, assembly: Assembly, zones: int) -> None:
    """Have so many zones adopted."""
    memo = agreement(installation, assembly)
    desk = assembly.hand(f"{assembly.codes[0]}-desk")
    made = [desk.sign("instrument.published/1", memo)]
    signed = {"instrument": "MEMO", "texts": texts_digest(memo)}
    made += [
        assembly.hand(f"{one}-1").sign("instrument.signed/1", signed) for one in assembly.codes
    ]
    across = int(np.ceil(np.sqrt(zones)))
    for number in range(zones):
        place = (45 + number // across * 10 / across, number % across * 10 / across)
        content = square(installation, f"Z{number}", *place, 6 / across)
        told = {"zone": f"Z{number}", "name": {"en": "A"}, "instrument": "MEMO", "content": content}
        made.append(desk.sign("zone.proposed/1", told))
        consent = {"zone": f"Z{number}", "content": content["sha256"]}
        made += [assembly.hand(f"{o}-1").sign("zone.consented/1", consent) for o in assembly.codes]
    for one in made:
        installation.door.submit(one).taken()


def over_tcp(watch: Watch, source: str, rate: int, seconds: float) -> None:
    """Print share of a core and latency at a steady rate."""
    command = [sys.executable, "-c", PRODUCER, str(rate), str(seconds), str(AIRCRAFT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as producer:
        assert producer.stdout is not None
        port = int(producer.stdout.readline())
        feed = TcpFeed("127.0.0.1", port, SbsReader(source), clock=lambda: time.time_ns() // 1000)
        late: list[float] = []
        stated = 0

        def take(batch) -> None:  # type: ignore[no-untyped-def]
            nonlocal stated
            stated += watch.feed(batch, "synthetic")
            late.append((time.time_ns() // 1000 - int(batch.seen_at.min())) / 1000)

        cpu, wall = time.process_time(), time.monotonic()
        feed.run(take, threading.Event(), once=True)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    health = feed.health()
    p50, p95, p99 = np.percentile(late[len(late) // 10 :], [50, 95, 99])
    print(
        f"  {health.fixes / wall:>9,.0f} lines/s  {100 * cpu / wall:>5.1f} % of a core  "
        f"p50 {p50:.1f}  p95 {p95:.1f}  p99 {p99:.1f} ms  {stated} crossings stated"
    )


def saturated(watch: Watch, lines: int) -> None:
    """Print how many lines a CPU second takes, in batches of a thousand."""
    reader, data = SbsReader("FULL"), []
    now = time.time_ns() // 1000
    for first in range(0, lines, 1000):
        at = now - (lines - first) * 20
        clock = time.strftime("%Y/%m/%d,%H:%M:%S", time.gmtime(at // 10**6)) + f".{at % 10**6:06d}"
        data.append(
            "".join(
                f"MSG,3,1,1,{0x500000 + n % AIRCRAFT:06X},1,{clock},{clock},,20000,,,"
                f"{45 + n % AIRCRAFT * 0.005 % 10:.5f},{(n % AIRCRAFT * 0.37 + n * 2e-8) % 10:.5f},"
                ",,0,0,0,0\r\n"
                for n in range(first, first + 1000)
            ).encode()
        )
    cpu, fixes = time.process_time(), 0
    for one in data:
        batch = reader.feed(one, received_at=time.time_ns() // 1000)
        fixes += len(batch)
        watch.feed(batch, "synthetic")
    cpu = time.process_time() - cpu
    print(f"  saturated: {fixes / cpu / 1e6:.2f} M lines a CPU second, whole path")


def main() -> None:
    """Print the table."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--zones", type=int, default=1000)
    given.add_argument("--rate", type=int, default=20_000)
    given.add_argument("--seconds", type=float, default=10.0)
    given.add_argument("--saturate", type=int, default=200_000)
    options = given.parse_args()
    COMPILER.start().join()
    KERNEL.wait()
    with tempfile.TemporaryDirectory() as folder:
        assembly = Assembly()
        with founded(Path(folder), assembly, clock=SystemClock()) as installation:
            agree(installation, assembly, options.zones)
            watch = Watch(installation)
            print(f"{options.zones} zones, {AIRCRAFT} aircraft; floor: 10 % of a core, p99 5 ms")
            over_tcp(watch, "WARM", options.rate, 3.0)  # kernels are compiled beside this one
            over_tcp(watch, "LIVE", options.rate, options.seconds)
            saturated(watch, options.saturate)
            watch.finish()


if __name__ == "__main__":
    main()

"""How fast: membership, crossings, look-ahead and replay beside peers, in one run, as CPU time.

    python bench/air/throughput.py [--positions 1000000] [--zones 4,100,1000] [--repeats 3]
                                   [--peers 300000] [--without NAME,...]

The work is that of `workload.py`; the published figures are of `--positions 10000000
--zones 4,100,1000,10000 --peers 1000000`. Rates are million positions a second of
process time, the median of the repeats; indexes are made before. A peer runs on
`--peers` positions, a slow one on fewer: its row says how many. Each answer is held
against the peer's before a rate is printed.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os import getloadavg
from typing import Any

import numpy as np
import peers
import workload
from peers import cpu

from truceline.airspace.ahead import lookahead, straight
from truceline.airspace.cells import Cells, cells
from truceline.airspace.chart import Chart, chart
from truceline.airspace.engine import Engine, crossings_of
from truceline.airspace.fix import Fixes
from truceline.airspace.kernel import AHEAD, KERNEL, SWEEPING, Search, members
from truceline.airspace.rules import PLANAR, STANDARD, Rules
from truceline.airspace.sweep import Sweep, joined

PIECE = 1_000_000
SLOW = 50_000
FEW_AIRCRAFT, FEWEST_AIRCRAFT, SOME_AIRCRAFT = 40, 4, 400
LONGEST_US = round(PLANAR.longest_gap_s * 1e6)


@dataclass(frozen=True)
class Row:
    """One line of the table: a rate in million positions a second."""

    what: str
    who: str
    rate: float
    note: str = ""


def times(ours: float, theirs: float) -> str:
    """How many times as fast."""
    ratio = ours / theirs
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


# -- membership -----------------------------------------------------------------


def membership(
    zones: Chart, table: Cells, batch: Fixes, mixed: Fixes, given: argparse.Namespace
) -> list[Row]:
    """Which zones each position is in, on the ground."""
    ours, pairs = cpu(lambda: members(KERNEL, table, batch.lon, batch.lat), given.repeats)
    again, _ = cpu(lambda: members(KERNEL, table, mixed.lon, mixed.lat), given.repeats)
    rate, in_time = len(batch) / ours / 1e6, len(batch) / again / 1e6
    rows = [
        Row("membership", "truceline, by aircraft", rate, f"{len(pairs[0]):,} pairs"),
        Row("membership", "truceline, by time", in_time),
    ]
    for name, peer, most in (
        ("sedonadb", peers.sedona, given.peers),
        ("shapely expert", peers.shapely_expert, given.peers),
        ("duckdb", peers.duckdb_spatial, min(given.peers, 300_000)),
        ("postgis", given.postgis, SLOW),
    ):
        if name in given.without or peer is None:
            continue
        part = mixed.take(slice(0, min(len(mixed), most)))
        rows.append(_beside("membership", name, peer, zones, table, part, in_time))
    return rows


def _beside(
    what: str,
    name: str,
    peer: Callable[[Sequence[Any], Fixes], tuple[float, int]],
    zones: Chart,
    table: Cells,
    part: Fixes,
    rate: float,
) -> Row:
    mine = len(members(KERNEL, table, part.lon, part.lat)[0])
    spent, found = peer(zones.areas, part)
    assert found == mine, f"{name}: {found} pairs, ours {mine}"
    theirs = len(part) / spent / 1e6
    return Row(what, name, theirs, f"{times(rate, theirs)} by time; {len(part):,} positions")


# -- crossings ------------------------------------------------------------------


def swept(zones: Chart, table: Cells, batch: Fixes, *, threads: int = 1) -> int:
    """Sweep a batch in pieces and count the visits."""
    sweep = Sweep(zones, table=table, threads=threads)
    made = [
        sweep.feed(batch.take(slice(start, start + PIECE))) for start in range(0, len(batch), PIECE)
    ]
    return len(joined([*made, sweep.finish()]))


def crossings(
    zones: Chart, table: Cells, batch: Fixes, mixed: Fixes, given: argparse.Namespace
) -> list[Row]:
    """Entries and exits in four dimensions; peers know the ground alone."""
    ours, found = cpu(lambda: swept(zones, table, batch), given.repeats)
    again, other = cpu(lambda: swept(zones, table, mixed), given.repeats)
    assert found == other, f"{found} visits by aircraft, {other} by time"
    rate = len(batch) / ours / 1e6
    rows = [
        Row("crossings", "truceline, by aircraft", rate, f"{found:,} visits, 4-D"),
        Row("crossings", "truceline, by time", len(batch) / again / 1e6),
    ]
    flat = chart(workload.flat(given.zones_now))
    flat_table = cells(flat)
    for name, peer, count in (
        ("shapely segments", _segments, SOME_AIRCRAFT),
        ("meos", peers.meos, FEW_AIRCRAFT),
        ("movingpandas", peers.movingpandas, FEWEST_AIRCRAFT),
    ):
        if name in given.without:
            continue
        part = batch.take(batch.aircraft < count)
        spent, pieces = peer(flat.areas, part)
        mine = swept(flat, flat_table, part)
        # A real track has gaps, at which ours ends a visit and these go on.
        same = name == "movingpandas" or given.is_real or pieces == mine
        assert same, f"{name}: {pieces} pieces, ours {mine}"
        theirs = len(part) / spent / 1e6
        note = f"{times(rate, theirs)}; {len(part):,} positions, {pieces} pieces, ours {mine}"
        rows.append(Row("crossings", f"{name}, ground", theirs, note))
    return rows


def _segments(areas: Sequence[Any], batch: Fixes) -> tuple[float, int]:
    return peers.shapely_segments(areas, batch, LONGEST_US)


def judged(zones: Chart, batch: Fixes, given: argparse.Namespace) -> list[Row]:
    """The whole engine: depth, doubt and verdict of every crossing, hysteresis, evidence."""
    part = batch.take(slice(0, min(len(batch), 2_000_000)))
    made = []
    for name, rules in (("engine, planar", PLANAR), ("engine, verdicts", STANDARD)):
        search = Search()
        search.table(zones)  # the index is made before, as for all
        spent, done = cpu(lambda rules=rules: _engine(zones, part, rules, search))  # noqa: B023 -- called at once
        made.append(Row("crossings", name, len(part) / spent / 1e6, f"{done:,} crossings"))
    return made


def _engine(zones: Chart, batch: Fixes, rules: Rules, search: Search) -> int:
    engine = Engine(zones, rules, search=search)
    total = 0
    for start in range(0, len(batch), PIECE // 2):
        total += len(crossings_of(engine.feed(batch.take(slice(start, start + PIECE // 2)))))
    return total + len(crossings_of(engine.finish()))


# -- look-ahead -------------------------------------------------------------------


def looked_ahead(table: Cells, batch: Fixes, given: argparse.Namespace) -> list[Row]:
    """Straight on from every fix for a minute: every volume that it enters, and when."""
    part = batch.take(slice(0, min(len(batch), PIECE)))
    same = np.append(np.diff(part.aircraft) == 0, False)
    seconds = np.where(same, np.diff(part.seen_at, append=0) / 1e6, 1.0)

    def each_second(column: np.ndarray) -> np.ndarray:
        return np.where(same, np.diff(column, append=0), 0.0) / seconds

    velocity = (each_second(part.lon), each_second(part.lat), each_second(part.baro_ft))
    heights = np.stack([part.baro_ft] * 3)
    ways = straight(part.lon, part.lat, part.seen_at, heights, velocity)
    spent, found = cpu(lambda: lookahead(table, ways, 60.0), given.repeats)
    note = f"{len(found[0]):,} entries ahead"
    return [Row("look-ahead", "truceline, 60 s", len(part) / spent / 1e6, note)]


# -- two threads ------------------------------------------------------------------


def threads(zones: Chart, table: Cells, batch: Fixes, given: argparse.Namespace) -> list[Row]:
    """Wall time of one thread and of two; the machine must be quiet for it."""

    def wall(count: int) -> float:
        spent = []
        for _ in range(given.repeats):
            start = time.perf_counter()
            swept(zones, table, batch, threads=count)
            spent.append(time.perf_counter() - start)
        return sorted(spent)[len(spent) // 2]

    one, two = wall(1), wall(2)
    load = f"load {getloadavg()[0]:.1f}"
    return [Row("two threads", "wall", len(batch) / two / 1e6, f"{one / two:.2f}x one; {load}")]


# -- all --------------------------------------------------------------------------


def show(title: str, rows: Sequence[Row]) -> None:
    """Print one block of the table."""
    print(f"\n{title}")
    for row in rows:
        print(f"  {row.what:<12} {row.who:<24} {row.rate:>9.4g} M/s  {row.note}")
    print(flush=True, end="")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--positions", type=int, default=1_000_000)
    asked.add_argument("--zones", default="4,100,1000")
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--peers", type=int, default=200_000)
    asked.add_argument("--without", default="")
    given = asked.parse_args()
    given.is_real = False
    given.without = {word.strip() for word in given.without.split(",")}
    return given


def run(given: argparse.Namespace) -> None:
    """Run on the generated sets, then on the real tracks."""
    batch = workload.aircraft(given.positions)
    mixed = workload.in_time_order(batch)
    print(f"{len(batch):,} generated positions, {len(batch.names):,} aircraft; {stamp()}")
    for count in (int(word) for word in given.zones.split(",")):
        given.zones_now = workload.zones(count)
        zones = chart(given.zones_now)
        spent, table = cpu(lambda zones=zones: cells(zones))
        title = (
            f"{count:,} zones, {len(zones.edges):,} edges; "
            f"{table.columns * table.rows:,} cells in {spent:.2f} s"
        )
        rows = membership(zones, table, batch, mixed, given)
        rows += crossings(zones, table, batch, mixed, given)
        rows += judged(zones, batch, given) + looked_ahead(table, batch, given)
        show(title, rows + threads(zones, table, batch, given))
    flown = workload.flown()
    if flown is not None:
        given.is_real = True
        given.zones_now = workload.moved(workload.zones(100), flown)
        zones = chart(given.zones_now)
        table = cells(zones)
        mixed = workload.in_time_order(flown)
        title = f"real tracks, {len(flown):,} positions, 100 zones moved over them"
        rows = membership(zones, table, flown, mixed, given)
        show(title, rows + crossings(zones, table, flown, mixed, given))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nTile38 is in no package index and was left out. Peak memory {peak:,.0f} MiB.")


def stamp() -> str:
    """When and on what."""
    now = datetime.now(UTC)
    load = ", ".join(f"{one:.1f}" for one in getloadavg())
    return f"{now:%Y-%m-%d %H:%M} UTC, {platform.machine()}, numpy {np.__version__}, load {load}"


def main() -> None:
    """Start the peers that are servers, and run."""
    given = arguments()
    for kernel in (KERNEL, SWEEPING, AHEAD):
        if not kernel.wait():
            raise SystemExit(kernel.notice)
    given.postgis = None
    if "postgis" in given.without:
        run(given)
        return
    try:
        with peers.postgis() as given.postgis:
            run(given)
    except RuntimeError as error:
        print(f"PostGIS is left out: {error}")
        given.postgis = None
        run(given)


if __name__ == "__main__":
    main()

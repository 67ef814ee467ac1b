"""Admission at the door: signature, decision, leaf, views, durable commit, receipt.

Run: `python bench/door.py [--records N] [--profile]`. Eight pipelined writers in one
process, then a single writer who waits for each answer; SQLite, and PostgreSQL where it
can be started. Records are signed before the clock starts. Beside them the peers of the
same run: what the disk alone allows (append and fdatasync, one a group), and the rows
alone, without signatures and rules.

Floors: 4,000/s with p99 under 50 ms (eight writers); p99 under 15 ms (one writer);
100,000 durable rows a second at batch 100 (the ledger alone).
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.assembly import Assembly, agreed, founded, report

from truceline.ledger.tree import leaf_hash
from truceline.mechanism.installation import Installation
from truceline.store import log, migrate
from truceline.store.log import Row
from truceline.store.store import Store

WRITERS = 8
IN_FLIGHT = 12
"""How many unanswered submissions one pipelined writer keeps open."""


def main() -> int:
    """Measure and print; the exit code says whether the floors were met."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--records", type=int, default=24_000)
    asked.add_argument("--profile", action="store_true")
    asked.add_argument("--no-postgres", action="store_true")
    chosen = asked.parse_args()
    print(f"{'':44} {'records/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs':>8}")
    met = _store("SQLite", "", chosen.records, chosen.profile)
    if not chosen.no_postgres:
        with ExitStack() as stack:
            try:
                from tests.support.postgres import running

                url = stack.enter_context(running())
            except (ImportError, OSError, RuntimeError) as error:
                print(f"PostgreSQL: not measured ({error})")
            else:
                _store("PostgreSQL", url, chosen.records // 2, chosen.profile)
    met &= _rows_alone()
    _disk_alone()
    return 0 if met else 1


def _store(name: str, url: str, count: int, profiled: bool) -> bool:
    with tempfile.TemporaryDirectory(dir=_disk()) as place:
        assembly = Assembly(codes=tuple(f"b{number}" for number in range(WRITERS)))
        with founded(Path(place), assembly, database=url) as installation:
            for one in agreed(installation, assembly):
                installation.door.submit(one).taken()
            _warm(installation, assembly)
            many = _pipelined(installation, assembly, count, profiled)
            _line(f"{name}: {WRITERS} pipelined writers", *many)
            single = _single(installation, assembly, 1_000)
            _line(f"{name}: one writer, waits for each", *single)
    return many[0] >= 4_000 and many[2] < 50 and single[2] < 15


def _warm(installation: Installation, assembly: Assembly) -> None:
    for _ in range(200):
        installation.door.submit(report(assembly, f"{assembly.codes[0]}-1"))


type Measured = tuple[float, float, float, float]


def _pipelined(
    installation: Installation, assembly: Assembly, count: int, profiled: bool
) -> Measured:
    each = count // WRITERS
    signed = [[report(assembly, f"{code}-1") for _ in range(each)] for code in assembly.codes]
    times: list[list[float]] = [[] for _ in signed]
    threads = [
        threading.Thread(target=_writer, args=(installation, mine, kept))
        for mine, kept in zip(signed, times, strict=True)
    ]
    started, cpu = time.perf_counter(), time.process_time()
    profile = cProfile.Profile() if profiled else None
    if profile:
        threading.setprofile_all_threads(None)
        profile.enable()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    took, used = time.perf_counter() - started, time.process_time() - cpu
    if profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
    return _measured([t for kept in times for t in kept], took, used)


def _writer(installation: Installation, signed: list[bytes], kept: list[float]) -> None:
    open_: deque[tuple[float, object]] = deque()
    for one in signed:
        if len(open_) >= IN_FLIGHT:
            _settle(open_, kept)
        open_.append((time.perf_counter(), _stamped(installation, one)))
    while open_:
        _settle(open_, kept)


def _stamped(installation: Installation, one: bytes) -> tuple[object, list[float]]:
    answered: list[float] = []
    future = installation.door.submit_nowait(one)
    future.add_done_callback(lambda _: answered.append(time.perf_counter()))
    return future, answered


def _settle(open_: deque[tuple[float, object]], kept: list[float]) -> None:
    began, (future, answered) = open_.popleft()  # type: ignore[misc]
    future.result().taken()
    while not answered:
        time.sleep(0)
    kept.append(answered[0] - began)


def _single(installation: Installation, assembly: Assembly, count: int) -> Measured:
    signed = [report(assembly, f"{assembly.codes[0]}-1") for _ in range(count)]
    times = []
    started, cpu = time.perf_counter(), time.process_time()
    for one in signed:
        began = time.perf_counter()
        installation.door.submit(one).taken()
        times.append(time.perf_counter() - began)
    return _measured(times, time.perf_counter() - started, time.process_time() - cpu)


def _measured(times: list[float], took: float, used: float) -> Measured:
    times.sort()
    count = len(times)
    return (
        count / took,
        times[count // 2] * 1000,
        times[int(count * 0.99)] * 1000,
        used / count * 1e6,
    )


def _rows_alone(count: int = 100_000, batch: int = 100) -> bool:
    """The ledger alone: rows of 440 bytes, durable by the hundred."""
    entries = [b"%08d" % number + b"x" * 432 for number in range(count)]
    with tempfile.TemporaryDirectory(dir=_disk()) as place:
        store = Store.at(Path(place) / "rows.sqlite3")
        migrate.upgrade(store)
        times = []
        started, cpu = time.perf_counter(), time.process_time()
        for at in range(0, count, batch):
            began = time.perf_counter()
            rows = [
                Row(at + nth, leaf_hash(b"pae" + one), leaf_hash(one), at, one)
                for nth, one in enumerate(entries[at : at + batch])
            ]
            with store.writing() as tx:
                log.append(tx, rows)
            times.append(time.perf_counter() - began)
        took, used = time.perf_counter() - started, time.process_time() - cpu
        store.close()
    rate, p50, p99, _ = _measured(times, took, used)
    _line(f"rows alone, SQLite, durable by {batch}", rate * batch, p50, p99, used / count * 1e6)
    return rate * batch >= 100_000


def _disk_alone(count: int = 500, batch: int = 100) -> None:
    """The peer that does nothing: append 440 bytes a record to a file, and fdatasync."""
    with tempfile.NamedTemporaryFile(dir=_disk()) as file:
        times = []
        started, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            began = time.perf_counter()
            os.write(file.fileno(), b"x" * 440 * batch)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
        took, used = time.perf_counter() - started, time.process_time() - cpu
    rate, p50, p99, _ = _measured(times, took, used)
    _line(
        f"peer: append and fdatasync, by {batch}",
        rate * batch,
        p50,
        p99,
        used / count / batch * 1e6,
    )


def _disk() -> str | None:
    """A folder on a disk: /tmp may be memory, and then an fsync costs nothing."""
    return os.environ.get("BENCH_DIR") or str(Path.cwd())


def _line(name: str, rate: float, p50: float, p99: float, cpu: float) -> None:
    print(f"{name:44} {rate:>10,.0f} {p50:>8.2f} {p99:>8.2f} {cpu:>8.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

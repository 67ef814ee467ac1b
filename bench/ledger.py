"""The ledger alone: append, proofs, a million entries verified; pymerkle beside it.

    python bench/ledger.py [--quick]

Rates are per second of CPU of this process, so that a busy machine changes them
little; the full verification runs on every core and is told in wall time. `--quick`
takes a twentieth of the entries. Floors are those of DESIGN 9.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from truceline.ledger import audit, checkpoint, proof, tiles
from truceline.ledger.checkpoint import Checkpoint
from truceline.ledger.tiles import Edge
from truceline.records import envelope, keys
from truceline.records.envelope import Entry
from truceline.records.record import Micros, Record, RecordId

ORIGIN = "bench.truceline.example/ledger"
BATCH = 100
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def main() -> None:
    """Print every figure with its floor."""
    wanted = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    wanted.add_argument("--quick", action="store_true")
    wanted.add_argument("--only-verify", type=Path, help=argparse.SUPPRESS)
    options = wanted.parse_args()
    if options.only_verify:
        verify_hashes(options.only_verify)
        return
    count = 50_000 if options.quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="truceline-bench-") as folder:
        run(Path(folder), count)


def run(folder: Path, count: int) -> None:
    """Build one log of `count` signed records in `folder`, and measure on it."""
    sample = min(count, 200_000)
    entries = [entry for _, entry in zip(range(sample), unsigned_entries(), strict=False)]
    rate, edge, files = append(entries)
    told("append (leaf hash, tree, files), batches of 100", rate, "/s of CPU", floor=200_000)
    made, checked = proofs(files, edge)
    told("inclusion proofs made from tiles", made, "/s of CPU", floor=50_000)
    told("inclusion proofs verified", checked, "/s of CPU")
    peer(entries[: min(sample, 100_000)], rate, made, checked)
    del entries, files

    genesis = build(folder, count)
    hashes(folder, count)
    everything(folder, count, genesis)


def told(
    what: str, value: float, unit: str, *, floor: float | None = None, most: float | None = None
) -> None:
    """Print one figure beside what it must reach."""
    limit = "" if floor is None else f"   (floor {floor:,.0f})"
    limit = limit if most is None else f"   (limit {most:,.0f})"
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    print(f"{what:<58}{shown:>12} {unit}{limit}", flush=True)


def append(entries: list[bytes]) -> tuple[float, Edge, dict[str, bytes]]:
    """Append in batches, as group commit does."""
    edge, files = tiles.EMPTY_EDGE, {}
    began = time.process_time()
    for at in range(0, len(entries), BATCH):
        growth = tiles.grow(edge, entries[at : at + BATCH])
        files.update(growth.full)
        edge = growth.edge
    rate = len(entries) / (time.process_time() - began)
    return rate, edge, {**files, **edge.partial()}


def proofs(files: dict[str, bytes], edge: Edge) -> tuple[float, float]:
    """Prove random leaves, twice over: the second time the tiles are open."""
    tree = proof.TileTree(files.get, edge.size)
    chosen = random.Random(1).choices(range(edge.size), k=50_000)
    made = [tree.inclusion(index) for index in chosen]
    began = time.process_time()
    made = [tree.inclusion(index) for index in chosen]
    rate = len(chosen) / (time.process_time() - began)
    leaves, root = [tree.leaf(index) for index in chosen], edge.root()
    began = time.process_time()
    for index, leaf, path in zip(chosen, leaves, made, strict=True):
        proof.verify_inclusion(leaf, index, edge.size, path, root)
    return rate, len(chosen) / (time.process_time() - began)


def peer(entries: list[bytes], appended: float, made: float, checked: float) -> None:
    """The same by pymerkle's tree in memory, as its documents use it."""
    import pymerkle

    tree = pymerkle.InmemoryTree(algorithm="sha256")
    began = time.process_time()
    for entry in entries:
        tree.append_entry(entry)
    rate = len(entries) / (time.process_time() - began)
    told("pymerkle append", rate, "/s of CPU")
    chosen = random.Random(1).choices(range(1, len(entries) + 1), k=2_000)
    began = time.process_time()
    paths = [tree.prove_inclusion(index) for index in chosen]
    prove = len(chosen) / (time.process_time() - began)
    leaves, root = [tree.get_leaf(index) for index in chosen], tree.get_root()
    began = time.process_time()
    for leaf, path in zip(leaves, paths, strict=True):
        pymerkle.verify_inclusion(leaf, root, path)
    verify = len(chosen) / (time.process_time() - began)
    told("pymerkle prove / verify", prove, f"/s, {verify:,.0f} /s of CPU")
    print(
        f"{'ours against pymerkle: append, prove, verify':<58}"
        f"{appended / rate:>12.1f} x, {made / prove:.1f} x, {checked / verify:.1f} x"
    )


# -- a whole log --------------------------------------------------------------


def ulid(number: int) -> RecordId:
    """The record id of a number."""
    text = ""
    for _ in range(26):
        text, number = _ALPHABET[number & 31] + text, number >> 5
    return RecordId(text)


def key(label: str) -> keys.SigningKey:
    """The key that belongs to a label."""
    return keys.from_seed(hashlib.sha256(label.encode()).digest())


def unsigned_entries() -> Iterator[bytes]:
    """Entries of the usual size whose signatures are only bytes."""
    chance = random.Random(2)
    for number in range(10**9):
        yield b'{"envelope":{"payload":"%s"},"received_at":%d}' % (
            chance.randbytes(300).hex().encode(),
            1_700_000_000_000_000 + number,
        )


def records(count: int) -> Iterator[bytes]:
    """A genesis, an officer, and then that officer's signed records."""
    start = 1_700_000_000_000_000

    def entry(
        number: int, kind: str, author: str, seq: int, body: dict, *signers: keys.SigningKey
    ) -> bytes:
        said = Record(ORIGIN, kind, ulid(number + 1), author, seq, Micros(start + number), (), body)
        return Entry(envelope.sign(said.canonical(), *signers), Micros(start + number)).encode()

    def pair(label: str) -> dict[str, str]:
        return {
            "public": keys.public_to_text(key(label).public),
            "recovery": keys.public_to_text(key(label + "r").public),
        }

    founding = {
        "mode": "exercise",
        "title": {"en": "bench"},
        "bodies": [
            {
                "code": "north",
                "name": {"en": "North"},
                "capacity": "conflict_party",
                "key": pair("north"),
            }
        ],
        "witnesses": [],
        "quorum": 0,
        "mechanism": keys.public_to_text(key("mechanism").public),
        "time_zone": "UTC",
    }
    yield entry(0, "genesis/1", "mechanism", 1, founding, key("mechanism"), key("north"))
    officer = {"officer": "n-1", "roles": ["principal"], "key": pair("n-1")}
    yield entry(1, "officer.appointed/1", "north", 1, officer, key("north"))
    signer, content = key("n-1"), hashlib.sha256(b"line").hexdigest()
    for number in range(2, count):
        body = {
            "zone": "ford",
            "content": content,
            "why": {"en": f"the line at marker {number} was moved"},
        }
        yield entry(number, "zone.contested/1", "n-1", number - 1, body, signer)


def build(folder: Path, count: int) -> str:
    """Write a log of `count` signed records; return the hash of its genesis."""
    edge, genesis, batch = tiles.EMPTY_EDGE, "", []
    began = time.perf_counter()
    for entry in records(count):
        genesis = genesis or hashlib.sha256(b"\x00" + entry).hexdigest()
        batch.append(entry)
        if len(batch) == 4096:
            edge, batch = write(folder, edge, batch), []
    edge = write(folder, edge, batch)
    for path, data in edge.partial().items():
        put(folder, path, data)
    head = checkpoint.sign(Checkpoint(ORIGIN, edge.size, edge.root()), key("mechanism"))
    put(folder, "checkpoint", head.encode())
    size = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
    spent = time.perf_counter() - began
    print(
        f"a log of {count:,} signed records: {size / 1e6:,.0f} MB, made in {spent:.0f} s",
        flush=True,
    )
    return genesis


def write(folder: Path, edge: Edge, batch: list[bytes]) -> Edge:
    """Append a batch and write the files that became full."""
    growth = tiles.grow(edge, batch)
    for path, data in growth.full.items():
        put(folder, path, data)
    return growth.edge


def put(folder: Path, path: str, data: bytes) -> None:
    """Write one file of the log."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def hashes(folder: Path, count: int) -> None:
    """Every leaf and tile hashed again, in a process of its own so that its memory is its own."""
    subprocess.run([sys.executable, __file__, "--only-verify", folder], check=True)
    del count


def verify_hashes(folder: Path) -> None:
    """The body of that process."""
    from truceline.verifier import world

    read = world.folder_reader(folder)
    head = checkpoint.read(read("checkpoint") or b"").checkpoint
    wall, began = time.perf_counter(), time.process_time()
    flaws = audit.check_hashes(read, head.size, head.root)
    spent = time.process_time() - began
    assert not flaws, flaws
    told(
        f"hashes of {head.size:,} entries verified, one process",
        spent,
        f"s of CPU, {time.perf_counter() - wall:.2f} s, {rss_mb():,.0f} MB",
        most=4,
    )


RUNNER = """
import multiprocessing, os, sys, threading, time
from pathlib import Path

from truceline.verifier.run import run_verify


def resident_mb():
    found = 0
    for pid in [os.getpid(), *(one.pid for one in multiprocessing.active_children())]:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        found += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return found / 1024


def watch(most):
    while True:
        most[0] = max(most[0], resident_mb())
        time.sleep(0.1)


if __name__ == "__main__":
    most = [0.0]
    threading.Thread(target=watch, args=(most,), daemon=True).start()
    began = time.perf_counter()
    code = run_verify(sys.argv[1], say=lambda line: None, genesis=sys.argv[2])
    print(code, time.perf_counter() - began, most[0])
"""


def everything(folder: Path, count: int, genesis: str) -> None:
    """`truceline verify`: signatures, order, keys and all, on every core."""
    runner = folder / "verify_all.py"
    runner.write_text(RUNNER)
    done = subprocess.run(
        [sys.executable, runner, folder, genesis], check=True, capture_output=True, text=True
    )
    code, spent, memory = done.stdout.split()
    assert code == "0", done.stdout + done.stderr
    cores = os.cpu_count() or 1
    told(
        f"all of {count:,} signed records verified, {cores} processes",
        float(spent),
        f"s, {float(memory):,.0f} MB in all processes together",
        most=90,
    )


def rss_mb() -> float:
    """The most memory this process held, in MB (`ru_maxrss` would count its parent's too)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()

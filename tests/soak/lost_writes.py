"""What a power cut takes: every prefix of the recorded writes, without what was not synced.

A killed process leaves its page cache behind; a dead machine does not. The door is run
under `strace`, which writes down each write, rename, truncation and fsync of the data
folder with its bytes. The disk is then played again: at every point where something
became durable, and just before it, the folder is built as a disk may have it,

- `strict`: only what was synced, file contents by fsync and names by the folder's fsync;
- `torn`: of the unsynced writes every other one has reached the disk, out of order;

and the installation is opened on it. It must start by itself; every receipt that was out
at that point must be in its log; its checkpoint must be one history with every checkpoint
that anyone could have read before.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.assembly import Assembly, agreed, founded, report

from truceline.errors import TrucelineError
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import note, proof
from truceline.ledger.proof import TileTree
from truceline.mechanism.installation import Installation
from truceline.store import log

ROOT = Path(__file__).resolve().parents[2]
_CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,ftruncate,unlink,mkdir"
_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += +(-?\d+)(?:<([^>]*)>)?")
_FD = re.compile(r"^(\d+)<([^>]*)>")


def available() -> bool:
    """Say whether this machine can record system calls (strace, and leave to trace)."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@dataclass
class Found:
    """What the run tried and found."""

    calls: int = 0
    syncs: int = 0
    disks: int = 0
    receipts: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def said(self) -> str:
        """The counts in one line."""
        return (
            f"{self.calls} calls recorded, {self.syncs} syncs, {self.disks} disks tried, "
            f"{self.receipts} receipts, {len(self.wrong)} wrong, {self.seconds:.0f} s"
        )


# -- what was recorded -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One call that touches the folder. `data` is what was written, `at` where."""

    name: str
    path: str
    data: bytes = b""
    at: int = -1
    other: str = ""


def read_trace(file: Path, folder: str) -> Iterator[Call]:
    """Yield the calls below `folder`, in the order in which they ended."""
    begun: dict[str, str] = {}
    with file.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            found = _LINE.match(line)
            if not found:
                continue
            thread, said = found.groups()
            if said.endswith("<unfinished ...>\n") or said.rstrip().endswith("<unfinished ...>"):
                begun[thread] = said.rstrip().removesuffix("<unfinished ...>").rstrip()
                if begun[thread].startswith(("fsync", "fdatasync")):
                    # what a sync covers is what was written before it began
                    yield from _read_call(f"{begun[thread]}) = 0", folder, name="sync begun")
                continue
            resumed = re.match(r"^<\.\.\. (\w+) resumed>(.*)$", said.rstrip())
            if resumed:
                head = begun.pop(thread, "")
                if head.startswith(("fsync", "fdatasync")):
                    yield from _read_call(f"{head}{resumed[2]}", folder, name="sync ended")
                    continue
                said = f"{head}{resumed[2]}"
            yield from _read_call(said.rstrip(), folder)


def _read_call(said: str, folder: str, *, name: str = "") -> Iterator[Call]:
    found = _CALL.match(said)
    if not found or int(found[3]) < 0:
        return
    call, inside = found[1], found[2]
    if call in ("write", "pwrite64", "fsync", "fdatasync", "ftruncate"):
        handle = _FD.match(inside)
        path = _text(handle[2]).decode() if handle else ""
        if handle is None or not path.startswith(folder) or path.endswith("-shm"):
            return
        rest = inside[handle.end() + 2 :]
        if call == "write":
            yield Call("write", path, _quoted(rest))
        elif call == "pwrite64":
            yield Call("write", path, _quoted(rest), int(rest.rsplit(", ", 1)[1]))
        elif call == "ftruncate":
            yield Call("truncate", path, at=int(rest))
        else:
            yield Call(name or "sync", path)
    elif call in ("rename", "unlink", "mkdir"):
        paths = [_text(one).decode() for one in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', inside)]
        if paths and paths[0].startswith(folder) and not paths[0].endswith("-shm"):
            yield Call(call, paths[0], other=paths[1] if len(paths) > 1 else "")
    elif call == "openat" and "O_CREAT" in inside:
        path = _text(found[4] or "").decode()
        if path.startswith(folder) and not path.endswith("-shm"):
            yield Call("truncating create" if "O_TRUNC" in inside else "create", path)


def _text(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _quoted(rest: str) -> bytes:
    return _text(rest[1 : rest.index('"', 1)])


# -- the disk ----------------------------------------------------------------------------


@dataclass
class File:
    """One file: what programs see, what is surely on the disk, and the writes in between."""

    seen: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes]] = field(default_factory=list)
    offset: int = 0

    def write(self, at: int, data: bytes) -> None:
        """A write that is not synced yet; `at` -1 goes on where the last one ended."""
        place = self.offset if at < 0 else at
        if at < 0:
            self.offset += len(data)
        self.waiting.append((place, data))
        _put(self.seen, place, data)

    def truncate(self, length: int) -> None:
        """Truncation; -2 in the list of waiting writes stands for it."""
        self.waiting.append((-2 - length, b""))
        _cut(self.seen, length)

    def sync(self, count: int) -> None:
        """The first `count` waiting writes are on the disk now."""
        for place, data in self.waiting[:count]:
            _apply(self.durable, place, data)
        del self.waiting[:count]

    def torn(self) -> bytearray:
        """The disk if every other unsynced write has reached it."""
        made = bytearray(self.durable)
        for place, data in self.waiting[::2]:
            _apply(made, place, data)
        return made


def _apply(data: bytearray, place: int, more: bytes) -> None:
    if place <= -2:
        _cut(data, -2 - place)
    else:
        _put(data, place, more)


def _put(data: bytearray, place: int, more: bytes) -> None:
    if place > len(data):
        data.extend(b"\0" * (place - len(data)))
    data[place : place + len(more)] = more


def _cut(data: bytearray, length: int) -> None:
    if length < len(data):
        del data[length:]
    else:
        data.extend(b"\0" * (length - len(data)))


class Disk:
    """Names and files: as programs see them, and as they are surely on the disk."""

    def __init__(self, folder: str, base: Path) -> None:
        self.folder = folder
        self.names: dict[str, File] = {}
        self.durable_names: dict[str, File] = {}
        for path in base.rglob("*"):
            if path.is_file() and not path.name.endswith("-shm"):
                data = path.read_bytes()
                file = File(bytearray(data), bytearray(data))
                self.names[f"{folder}/{path.relative_to(base)}"] = file
        self.durable_names.update(self.names)
        self._begun: dict[str, int] = {}

    def play(self, call: Call) -> bool:
        """Play one call; says whether anything became durable by it."""
        match call.name:
            case "create" | "truncating create":
                file = self.names.setdefault(call.path, File())
                file.offset = 0
                if call.name == "truncating create" and file.seen:
                    file.truncate(0)
            case "write":
                self.names.setdefault(call.path, File()).write(call.at, call.data)
            case "truncate":
                self.names[call.path].truncate(call.at)
            case "rename":
                self.names[call.other] = self.names.pop(call.path)
            case "unlink":
                self.names.pop(call.path, None)
            case "sync begun":
                file = self.names.get(call.path)
                self._begun[call.path] = len(file.waiting) if file else -1
            case "sync" | "sync ended":
                return self._sync(call)
        return False

    def _sync(self, call: Call) -> bool:
        file = self.names.get(call.path)
        count = self._begun.pop(call.path, None)
        if file is not None:
            file.sync(len(file.waiting) if count is None else count)
        else:
            self._sync_folder(call.path)
        return True

    def _sync_folder(self, folder: str) -> None:
        """A folder's fsync makes the names in it durable: new ones, moved ones, gone ones."""
        inside = f"{folder.rstrip('/')}/"

        def direct(path: str) -> bool:
            return path.startswith(inside) and "/" not in path[len(inside) :]

        for path in [one for one in self.durable_names if direct(one) and one not in self.names]:
            del self.durable_names[path]
        self.durable_names.update({p: f for p, f in self.names.items() if direct(p)})

    def put(self, place: Path, *, torn: bool) -> None:
        """Lay the disk out in a folder as it is after a power cut."""
        for path, file in self.durable_names.items():
            target = place / path[len(self.folder) + 1 :]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.torn() if torn else file.durable)


# -- the run -----------------------------------------------------------------------------


def run(*, records: int = 200, most_disks: int = 100_000) -> Found:
    """Record `records` submissions, then try every disk; at most `most_disks`, evenly spread."""
    began = time.monotonic()
    found = Found()
    with tempfile.TemporaryDirectory(prefix="truceline-lost-") as made:
        place = Path(made)
        assembly = Assembly()
        with founded(place, assembly) as installation:
            for one in agreed(installation, assembly):
                installation.door.submit(one).taken()
        signed = [
            report(assembly, ("north-1", "south-1")[number % 2]).decode()
            for number in range(records)
        ]
        (place / "signed.json").write_text(json.dumps(signed))
        base = place / "base"
        shutil.copytree(place / "data", base)
        trace = _record(place)
        calls = list(read_trace(trace, str(place / "data")))
        found.calls = len(calls)
        _try_all(place, base, calls, found, most_disks)
    found.seconds = time.monotonic() - began
    return found


def _record(place: Path) -> Path:
    trace = place / "trace"
    done = subprocess.run(
        [
            *("strace", "-f", "-y", "-xx", "-s", "100000000", "-e", f"trace={_CALLS}"),
            *("-o", str(trace), sys.executable, "-m", "tests.soak.lost_writes", str(place)),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the recorded run failed: {done.stderr[-2000:]}")
    return trace


def _try_all(place: Path, base: Path, calls: list[Call], found: Found, most: int) -> None:
    disk = Disk(str(place / "data"), base)
    receipts: list[tuple[int, str]] = []
    seen: list[bytes] = []
    probe = deepcopy(disk)
    syncs = sum(probe.play(one) for one in calls)
    every = max(1, -(-2 * syncs // most))
    for number, call in enumerate(calls):
        if call.name == "write" and call.path.endswith("/receipts.out"):
            told = json.loads(call.data)
            receipts.append((told["index"], told["leaf"]))
            continue
        about_to = call.name in ("sync", "sync ended")
        if about_to and found.syncs % every == 0:
            _try(place, disk, receipts, seen, f"before call {number}", found)
        if disk.play(call):
            found.syncs += 1
            if found.syncs % every == 0:
                _try(place, disk, receipts, seen, f"after call {number}", found)
        if call.name == "rename" and call.other.endswith("/log/checkpoint"):
            seen.append(bytes(disk.names[call.other].seen))
    found.receipts = len(receipts)


def _try(
    place: Path,
    disk: Disk,
    receipts: list[tuple[int, str]],
    seen: list[bytes],
    where: str,
    found: Found,
) -> None:
    for torn in (False, True):
        after = place / "after"
        disk.put(after / "data", torn=torn)
        shutil.copy(place / "data.key", after / "data.key")
        found.disks += 1
        try:
            with Installation.open(after / "data") as installation:
                installation.wait_sealed(installation.book.size)
                wrong = [*_lost(installation, receipts), *_contradicted(installation, seen)]
        except TrucelineError as failure:
            wrong = [f"it did not start: {failure}"]
        how = "torn" if torn else "strict"
        found.wrong += [f"{where} ({how}): {one}" for one in wrong]
        shutil.rmtree(after)


def _lost(installation: Installation, receipts: list[tuple[int, str]]) -> Iterator[str]:
    with installation.store.reading() as look:
        leaves = {row.index: row.leaf.hex() for row in log.walk(look)}
    for index, leaf in receipts:
        if leaves.get(index) != leaf:
            yield f"the receipt for leaf {index} was out, and the leaf is not there"


def _contradicted(installation: Installation, seen: list[bytes]) -> Iterator[str]:
    key = note.read_vkey((installation.log.read("vkey") or b"").decode().strip())
    now = installation.sealer.signed
    if now is None:
        if seen:
            yield "a checkpoint was out, and there is none"
        return
    head = now.checkpoint
    whole = TileTree(installation.log.read, head.size)
    for data in seen[-3:]:
        older = checkpoints.verified(data, key).checkpoint
        if older.size > head.size:
            yield f"a checkpoint of {older.size} was out, and the log has {head.size} leaves"
            continue
        try:
            path = whole.consistency(older.size)
            proof.verify_consistency(older.size, older.root, head.size, head.root, path)
        except TrucelineError as failure:
            yield f"the checkpoint of {older.size} is contradicted: {failure}"


def main(place: str) -> None:
    """The run that is recorded: submit everything, note each receipt when it is there."""
    folder = Path(place) / "data"
    signed = json.loads((Path(place) / "signed.json").read_text())
    out = os.open(folder / "receipts.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with Installation.open(folder) as installation:
        waiting = []
        for number, one in enumerate(signed):
            waiting.append(installation.door.submit_nowait(one.encode()))
            if number % 7 == 6:
                _note(out, waiting)
                time.sleep(0.01)
        _note(out, waiting)


def _note(out: int, waiting: list) -> None:  # type: ignore[type-arg]
    for one in waiting:
        receipt = json.loads(one.result().receipt.payload)
        os.write(out, json.dumps({"index": receipt["index"], "leaf": receipt["leaf"]}).encode())
    waiting.clear()


if __name__ == "__main__":
    main(sys.argv[1])

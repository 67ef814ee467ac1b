"""Kill -9 at random moments, restart, and see whether anything that was promised is gone.

One campaign: a log, four writer processes that never stop, and a door process that is
killed again and again while it admits, commits, seals or starts. It must come back
without a hand. At the end every receipt that a writer holds is looked up in the log's files,
every two checkpoints that were ever seen are shown to be one history, and `fsck` looks at
all of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.assembly import ORIGIN, Assembly, agreed, founded
from tests.support.postgres import Server

from truceline.errors import Unproven
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import note, proof, tiles
from truceline.ledger.proof import TileTree
from truceline.ledger.tree import leaf_hash
from truceline.mechanism import fsck, upkeep
from truceline.records import envelope
from truceline.records.receipt import read_receipt
from truceline.store.logfiles import LogFolder

WRITERS = 4
ROOT = Path(__file__).resolve().parents[2]
READY_S = 60


@dataclass
class Count:
    """What a campaign did and found."""

    kills: int = 0
    killed_at_start: int = 0
    stores_crashed: int = 0
    receipts: int = 0
    refused: int = 0
    leaves: int = 0
    checkpoints: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        """Count another campaign in."""
        for name in (
            "kills",
            "killed_at_start",
            "stores_crashed",
            "receipts",
            "refused",
            "leaves",
            "checkpoints",
            "seconds",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong

    def said(self) -> str:
        """The counts in one line."""
        return (
            f"{self.kills} kills ({self.killed_at_start} while starting, {self.stores_crashed} with the "
            f"store's server), {self.receipts} receipts, {self.leaves} leaves, "
            f"{self.checkpoints} checkpoints seen, {len(self.wrong)} wrong, {self.seconds:.0f} s"
        )


def run(runs: int, *, seed: int, server: Server | None = None) -> Count:
    """Run one campaign of `runs` kills on SQLite, or on a database of `server`."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="truceline-soak-") as place:
        campaign = _Campaign(Path(place), random.Random(seed), server)
        try:
            campaign.found()
            for _ in range(runs):
                campaign.live_and_die()
            campaign.end()
        except _Stopped as stop:
            campaign.count.wrong.append(str(stop))
        finally:
            campaign.tear_down()
        campaign.count.seconds = time.monotonic() - began
        return campaign.count


class _Stopped(Exception):  # noqa: N818 -- it says what happened
    """The campaign cannot go on: the door did not come back by itself."""


class _Campaign:
    def __init__(self, place: Path, chance: random.Random, server: Server | None) -> None:
        self.place = place
        self.chance = chance
        self.server = server
        self.count = Count()
        self.socket = str(place / "door")
        self.seen: dict[bytes, None] = {}
        self.door: subprocess.Popen[bytes] | None = None
        self.writers: list[subprocess.Popen[bytes]] = []
        self._watching = True
        self._watch = threading.Thread(target=self._see_checkpoints, daemon=True)

    # -- the play ---------------------------------------------------------------------

    def found(self) -> None:
        """Begin a log with an officer for each writer."""
        assembly = Assembly()
        database = self.server.database() if self.server else ""
        with founded(self.place, assembly, database=database) as made:
            for one in agreed(made, assembly):
                made.door.submit(one).taken()
            for number in range(WRITERS):
                made.door.submit(assembly.appoint("north", f"writer-{number}", "liaison")).taken()
        self._watch.start()
        for number in range(WRITERS):
            self.writers.append(
                self._python(
                    "tests.soak.writer_process",
                    self.socket,
                    f"writer-{number}",
                    ORIGIN,
                    str(self.place / f"receipts-{number}"),
                    "0",
                )
            )

    def live_and_die(self) -> None:
        """Start the door, let it work for a moment, kill it. Sometimes it dies while starting."""
        self._start()
        if self.chance.random() < 0.15:
            time.sleep(self.chance.uniform(0, 0.9))
            self.count.killed_at_start += 1
        else:
            self._await_ready()
            time.sleep(self.chance.uniform(0, 0.5))
        self._kill()
        if self.server is not None and self.chance.random() < 0.1:
            self.server.stop("immediate")
            self.server.start()
            self.count.stores_crashed += 1

    def end(self) -> None:
        """A last start, an orderly end, and the reckoning."""
        self._start()
        self._await_ready()
        time.sleep(0.3)
        for one in self.writers:
            assert one.stdin is not None
            one.stdin.close()
            one.wait(READY_S)
        self.writers.clear()
        assert self.door is not None
        assert self.door.stdin is not None
        self.door.stdin.close()
        if self.door.wait(READY_S):
            raise _Stopped("the door did not close in order")
        self.door = None
        self._watching = False
        self._watch.join()
        self._reckon()

    def tear_down(self) -> None:
        """Leave no process behind."""
        self._watching = False
        for one in (*self.writers, *([self.door] if self.door else [])):
            one.kill()
            one.wait()

    # -- processes --------------------------------------------------------------------

    def _python(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.place / "errors").open("ab"),
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        )

    def _start(self) -> None:
        self.door = self._python("tests.soak.door_process", str(self.place / "data"), self.socket)

    def _await_ready(self) -> None:
        assert self.door is not None
        assert self.door.stdout is not None
        there, _, _ = select.select([self.door.stdout], [], [], READY_S)
        if not there or self.door.stdout.readline() != b"ready\n":
            errors = (self.place / "errors").read_text()[-2000:]
            raise _Stopped(f"the door needs a hand to start: {errors}")

    def _kill(self) -> None:
        assert self.door is not None
        self.door.send_signal(signal.SIGKILL)
        self.door.wait()
        self.door = None
        self.count.kills += 1

    def _see_checkpoints(self) -> None:
        """Look at the published checkpoint all the time, as a stranger would."""
        path = self.place / "data" / "log" / "checkpoint"
        while self._watching:
            with contextlib.suppress(FileNotFoundError):
                self.seen.setdefault(path.read_bytes())
            time.sleep(0.003)

    # -- the reckoning ----------------------------------------------------------------

    def _reckon(self) -> None:
        folder = LogFolder(self.place / "data" / "log")
        key = note.read_vkey((folder.read("vkey") or b"").decode().strip())
        last = checkpoints.verified(folder.read("checkpoint") or b"", key).checkpoint
        self.count.leaves += last.size
        self._look_up_receipts(folder, last.size, key)
        self._compare_checkpoints(folder, last.size, key)
        with upkeep.opened(self.place / "data", writing=False) as ground:
            self.count.wrong += fsck.fsck(ground).wrong

    def _look_up_receipts(self, folder: LogFolder, size: int, key: note.VerifierKey) -> None:
        entries = {}
        for number in range(WRITERS):
            for line in (self.place / f"receipts-{number}").read_bytes().splitlines():
                told = json.loads(line)
                if "refused" in told:
                    self.count.refused += 1
                    self.count.wrong.append(f"refused: {told['refused']}")
                    continue
                self.count.receipts += 1
                signed = envelope.from_tree(told)
                envelope.verify(signed, envelope.keys.key_id(key.public), key.public)
                receipt = read_receipt(signed)
                page = receipt.index // 256
                if receipt.index >= size:
                    self.count.wrong.append(f"receipt for leaf {receipt.index} of a log of {size}")
                    continue
                if page not in entries:
                    width = tiles.width_of(size, 0, page)
                    data = tiles.fetch(folder.read, tiles.Place(None, page, width))
                    entries[page] = tiles.unpack(data)
                entry = entries[page][receipt.index % 256]
                held = envelope.read_entry(entry)
                if leaf_hash(entry) != receipt.leaf or held.envelope.digest() != receipt.pae:
                    self.count.wrong.append(f"leaf {receipt.index} is not what its receipt says")

    def _compare_checkpoints(self, folder: LogFolder, size: int, key: note.VerifierKey) -> None:
        heads = sorted(
            {checkpoints.verified(data, key).checkpoint for data in self.seen},
            key=lambda one: one.size,
        )
        self.count.checkpoints += len(heads)
        whole = TileTree(folder.read, size)
        for older in heads:
            path = whole.consistency(older.size)
            try:
                proof.verify_consistency(older.size, older.root, size, whole.root(), path)
            except Unproven as failure:
                self.count.wrong.append(f"checkpoint of {older.size}: {failure}")

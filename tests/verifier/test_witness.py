"""A witness's daemon: one history whatever happens to its process, its disk or its peers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.simulators.log_host import MECHANISM, ORIGIN, LogHost

from truceline.errors import Malformed, Unavailable
from truceline.ledger import checkpoint, note, witness
from truceline.ledger.witness import AddCheckpoint
from truceline.verifier import world
from truceline.verifier.run import open_witness, run_witness
from truceline.verifier.serve import WitnessServer
from truceline.verifier.witness import read_state, write_state

NAME = "witness.north.example/w1"
LOG = checkpoint.log_key(ORIGIN, MECHANISM)


@pytest.fixture(scope="module")
def host():
    made = LogHost().found()
    made.contest(120)
    return made


def ask(host: LogHost, old: int, new: int) -> bytes:
    return AddCheckpoint(old, tuple(host.prove(old, new)) if old else (), host.head(new)).encode()


def test_a_witness_makes_its_key_and_publishes_the_other_half(tmp_path):
    made = open_witness(tmp_path / "w", name=NAME, logs=[LOG])

    assert note.read_vkey((tmp_path / "w" / "vkey").read_text()) == made.vkey()
    assert (tmp_path / "w" / "witness.key").stat().st_mode & 0o077 == 0


def test_a_witness_remembers_after_a_restart(host, tmp_path):
    first = start(tmp_path)
    assert world.post(first.url, ask(host, 0, 50)).status == 200
    first.stop()
    again = start(tmp_path)
    try:
        assert world.post(again.url, ask(host, 0, 60)).body == b"50\n"
        assert world.post(again.url, ask(host, 50, 60)).status == 200
    finally:
        again.stop()


def test_two_witnesses_never_share_a_folder(tmp_path):
    open_witness(tmp_path, name=NAME, logs=[LOG])

    with pytest.raises(Unavailable, match="another witness runs"):
        open_witness(tmp_path, name=NAME, logs=[LOG])


def test_a_witness_that_lost_its_state_does_not_start(tmp_path):
    home = world.WitnessFolder(tmp_path)
    home.key(write_state({}))
    (tmp_path / "state").unlink()

    with pytest.raises(Unavailable, match="what it signed before is unknown"):
        open_witness(tmp_path, name=NAME, logs=[LOG])


@pytest.mark.parametrize(
    "state", [b"", b"{}", b'{"logs":[],"v":2}', b'{"logs":[["o",1,"ab"]],"v":1}', b"\x00" * 40]
)
def test_a_witness_whose_state_is_damaged_does_not_start(tmp_path, state):
    world.WitnessFolder(tmp_path).key(write_state({}))
    (tmp_path / "state").write_bytes(state)

    with pytest.raises(Malformed):
        open_witness(tmp_path, name=NAME, logs=[LOG])


def test_a_full_disk_signs_nothing_and_forgets_nothing(host, tmp_path):
    made = open_witness(tmp_path, name=NAME, logs=[LOG])
    assert made.add_checkpoint(ask(host, 0, 40)).status == 200
    write = made.remember

    def full(_: bytes) -> None:
        raise Unavailable(world.Reason.DISK_FULL, detail="no space left on device")

    made.remember = full
    with pytest.raises(Unavailable):
        made.add_checkpoint(ask(host, 40, 50))
    made.remember = write

    assert made.seen[ORIGIN].size == 40
    assert made.add_checkpoint(ask(host, 40, 50)).status == 200


def test_a_really_full_disk_leaves_the_old_state_whole(tmp_path, host):
    """/dev/full stands for the disk: every write to it fails with "no space left"."""
    made = open_witness(tmp_path, name=NAME, logs=[LOG])
    made.add_checkpoint(ask(host, 0, 40))
    (tmp_path / ".state.new").symlink_to("/dev/full")

    with pytest.raises(Unavailable, match="space"):
        made.add_checkpoint(ask(host, 40, 50))

    assert read_state((tmp_path / "state").read_bytes())[ORIGIN].size == 40


def test_the_state_is_durable_before_the_signature_exists(host, tmp_path):
    made = open_witness(tmp_path, name=NAME, logs=[LOG])
    order: list[str] = []
    write, clock = made.remember, made.now_s
    made.remember = lambda state: (write(state), order.append("durable"))[0]
    made.now_s = lambda: (order.append("signing"), clock())[1]

    made.add_checkpoint(ask(host, 0, 40))

    assert order == ["durable", "signing"]


def test_of_many_at_once_none_rolls_the_witness_back(host, tmp_path):
    made = open_witness(tmp_path, name=NAME, logs=[LOG])
    server = WitnessServer(("127.0.0.1", 0), made, lambda _: None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/add-checkpoint"
    signed: list[int] = []

    def feed(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(12):
            size = chance.randrange(1, 120)
            try:
                witness.cosign(
                    host.head(size),
                    made.vkey(),
                    old_size=0,
                    prove=host.prove,
                    post=lambda body: world.post(url, body),
                )
            except Exception:  # noqa: BLE001 -- a lost race is an answer too
                continue
            signed.append(size)

    threads = [threading.Thread(target=feed, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.shutdown()
    server.server_close()

    assert signed
    assert made.seen[ORIGIN].size == max(signed)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 9999999\r\n\r\n", b"413"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: -4\r\n\r\n", b"411"),
        (b"POST /elsewhere HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"GET /vkey HTTP/1.1\r\nHost: w\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\nHost: w\r\n\r\n", b"404"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 3\r\n\r\nold", b"400"),
    ],
)
def test_every_request_gets_an_answer(tmp_path, head, status):
    import socket

    made = open_witness(tmp_path, name=NAME, logs=[LOG])
    server = WitnessServer(("127.0.0.1", 0), made, lambda _: None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as wire:
            wire.sendall(head)
            assert wire.recv(4096).split()[1] == status
    finally:
        server.shutdown()
        server.server_close()


def test_the_command_says_what_it_is_and_where(tmp_path):
    said: list[str] = []

    def stop(server: WitnessServer) -> None:
        threading.Thread(target=server.shutdown).start()

    assert (
        run_witness(tmp_path, say=said.append, name=NAME, logs=[LOG.text()], port=0, started=stop)
        == 0
    )
    assert said[1] == f"follows {ORIGIN}"
    assert run_witness(tmp_path, say=said.append, name="two words", logs=[], port=0) == 2
    assert run_witness(tmp_path / "x", say=said.append, name=NAME, logs=["nonsense"], port=0) == 2


# -- kill -9 ------------------------------------------------------------------

PROGRAM = """
import sys
from pathlib import Path
from truceline.verifier.run import run_witness

sys.exit(run_witness(Path(sys.argv[1]), say=lambda line: print(line, flush=True), name=sys.argv[2], logs=[sys.argv[3]], port=0))
"""


class Running:
    """A witness in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, folder, NAME, LOG.text()],
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = [self.process.stdout.readline() for _ in range(3)]
        self.url = lines[2].removeprefix("listens on ").strip()

    def stop(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.process.pid, number)
        self.process.wait()
        self.process.stdout.close()


def start(folder: Path) -> Running:
    return Running(folder)


@pytest.mark.slow
def test_killed_at_any_moment_a_witness_signs_one_history(host, tmp_path):
    """Two histories are offered in turn while it is killed; what it signed agrees with itself."""
    other = host.forked(9)
    other.contest(120, by="north")
    signed: list[tuple[LogHost, int]] = []
    chance = random.Random(7)

    for _ in range(12):
        running = start(tmp_path)
        killer = threading.Timer(0.02 + chance.random() * 0.25, running.stop)
        killer.start()
        offered = sorted(chance.sample(range(10, 120), 20))
        for size in offered:
            history = chance.choice((host, other))
            try:
                known = world.post(running.url, ask(history, 0, size))
                old = 0 if known.status == 200 else int(known.body)
                reply = (
                    known
                    if old == 0
                    else world.post(running.url, ask(history, old, max(old, size)))
                )
            except (Unavailable, ValueError):
                break
            if reply.status == 200:
                signed.append((history, max(old, size)))
        killer.join()
        time.sleep(0.01)

    heads = {
        (history.head(size).checkpoint.size, history.head(size).checkpoint.root)
        for history, size in signed
    }
    assert signed
    assert len({id(history) for history, _ in signed}) == 1
    assert len(heads) == len({size for size, _ in heads})


def test_the_state_reaches_the_disk_before_its_name_and_the_name_before_the_answer(
    tmp_path, monkeypatch
):
    """A file that was renamed and not synced can come back empty after a power cut."""
    order: list[str] = []
    sync, rename = os.fsync, Path.replace

    def synced(handle: int) -> None:
        order.append("folder" if Path(f"/proc/self/fd/{handle}").resolve().is_dir() else "bytes")
        sync(handle)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(
        Path, "replace", lambda draft, to: (order.append("name"), rename(draft, to))[1]
    )
    world.write_durably(tmp_path / "state", b"{}")

    assert order == ["bytes", "name", "folder"]


def test_a_folder_whose_state_was_unreadable_can_be_opened_when_it_is_mended(tmp_path):
    open_witness(tmp_path, name="w.example/1", logs=[]).close()
    state = (tmp_path / "state").read_bytes()
    (tmp_path / "state").write_bytes(b"{}")
    with pytest.raises(Malformed):
        open_witness(tmp_path, name="w.example/1", logs=[])
    (tmp_path / "state").write_bytes(state)

    open_witness(tmp_path, name="w.example/1", logs=[]).close()

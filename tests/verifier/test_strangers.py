"""Independent eyes: programs that we did not write verify the same folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import aics_witness as aics_witness_package
import pytest
from tests.simulators.log_host import MECHANISM, ORIGIN, LogHost

from truceline.errors import Refused
from truceline.ledger import checkpoint, note, witness
from truceline.verifier import world
from truceline.verifier.run import open_witness
from truceline.verifier.serve import WitnessServer

GO_SOURCE = Path(__file__).parents[1] / "vectors" / "gov" / "main.go"
GO_PATH = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")


@pytest.fixture(scope="session")
def go_verifier(tmp_path_factory):
    """The verifier of `tests/vectors/gov`, built from Go's reference packages."""
    if shutil.which("go") is None or not GO_PATH.is_dir():
        pytest.skip("golang-go and golang-golang-x-mod-dev are not installed")
    program = tmp_path_factory.mktemp("gov") / "gov"
    here = {
        **os.environ,
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(program.parent / "cache"),
    }
    subprocess.run(["go", "build", "-o", program, GO_SOURCE], check=True, env=here, timeout=240)
    return program


def go_verifies(program: Path, log: Path, *older: Path) -> str:
    run = subprocess.run(
        [program, log, log / "vkey", *older],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode == 0) == (not run.stderr)
    return run.stdout + run.stderr


def test_the_go_reference_verifies_note_records_and_consistency(go_verifier, tmp_path):
    host = LogHost().found()
    host.contest(600)
    older = []
    for size in (1, 8, 256, 300, 600):
        older.append(tmp_path / f"old{size}")
        older[-1].write_bytes(host.head(size).encode())
    host.publish(tmp_path)

    assert (
        go_verifies(go_verifier, tmp_path / "log", *older)
        == f"ok {host.size} records, 5 older checkpoints\n"
    )


def test_the_go_reference_refuses_what_we_refuse(go_verifier, tmp_path):
    host = LogHost().found()
    liar = host.forked(6)
    liar.contest(9, by="north")
    (tmp_path / "old").write_bytes(host.head().encode())
    liar.publish(tmp_path)

    assert "NOT VERIFIED" in go_verifies(go_verifier, tmp_path / "log", tmp_path / "old")

    bundle = tmp_path / "log" / "tile" / "entries" / "000.p" / "15"
    bundle.write_bytes(bundle.read_bytes().replace(b'"received_at":17', b'"received_at":16', 1))
    assert "NOT VERIFIED" in go_verifies(go_verifier, tmp_path / "log")


def test_aics_tlog_verifies_the_folder_by_its_own_command(tmp_path):
    host = LogHost().found()
    host.contest(300)
    log = host.publish(tmp_path) / "log"
    (tmp_path / "old").write_bytes(host.head(120).encode())
    shutil.copy(log / "vkey", tmp_path / "vkey")  # it refuses a key that the log itself hands over
    program = Path(sys.executable).parent / "aics-tlog"
    common = ["--tiles", log, "--vkey-file", tmp_path / "vkey"]

    for command in (
        ["verify-checkpoint", *common],
        ["verify-inclusion", *common, "--index", "257"],
        ["verify-consistency", *common, "--old-checkpoint", tmp_path / "old"],
    ):
        run = subprocess.run(
            [program, *command], capture_output=True, text=True, timeout=60, check=False
        )
        assert run.returncode == 0, run.stderr + run.stdout


# -- a stranger's witness -----------------------------------------------------


@pytest.fixture
def aics_witness(tmp_path):
    """A running aics-witness that follows our log: its address and its key."""
    program = Path(sys.executable).parent / "aics-witness"
    home = tmp_path / "aics"
    home.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*words: str) -> str:
        done = subprocess.run(
            [program, *words], cwd=home, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    made = run("init", "--name", "witness.eyes.example/aics", "--listen", f"127.0.0.1:{port}")
    vkey = next(word for word in made.split() if word.startswith("witness.eyes.example/aics+"))
    run("add-log", "--origin", ORIGIN, "--vkey", checkpoint.log_key(ORIGIN, MECHANISM).text())
    server = subprocess.Popen(
        [program, "serve"], cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/add-checkpoint", note.read_vkey(vkey)
    finally:
        server.kill()
        server.wait()


def wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("the witness does not listen")


def test_aics_witness_cosigns_our_log_and_refuses_replay_and_fork(aics_witness):
    url, key = aics_witness
    host = LogHost().found()
    first = host.head()

    def ask(signed, old_size, prove=host.prove):
        return witness.cosign(
            signed, key, old_size=old_size, prove=prove, post=lambda body: world.post(url, body)
        )

    _, said = ask(first, 0)
    assert said.witness == key
    host.contest(300)
    _, said = ask(host.head(), first.checkpoint.size)
    assert said.signed_at_s > 1_700_000_000

    replay = world.post(url, witness.AddCheckpoint(0, (), first).encode())
    assert (replay.status, replay.content_type, replay.body) == (
        409,
        witness.SIZE_TYPE,
        b"%d\n" % host.size,
    )

    liar = host.forked(6)
    liar.contest(400, by="north")
    with pytest.raises(Refused, match="422"):
        ask(liar.head(), host.size, prove=liar.prove)


def test_the_aics_client_gets_a_cosignature_from_our_witness(tmp_path):
    host = LogHost().found()
    log = checkpoint.log_key(ORIGIN, MECHANISM)
    made = open_witness(tmp_path / "w", name="witness.north.example/w1", logs=[log])
    server = WitnessServer(("127.0.0.1", 0), made, lambda _: None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        answer = aics_witness_package.submit_checkpoint(
            f"http://127.0.0.1:{server.server_port}",
            host.head().encode(),
            host.prove,
            witness_vkey=made.vkey().text(),
            old_size=0,
        )
    finally:
        server.shutdown()
        server.server_close()
    assert "witness.north.example/w1" in answer

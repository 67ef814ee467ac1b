"""A backup taken while the server writes holds everything that was receipted before it began."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from tests.api.server import Server, running
from tests.api.world import token_for
from tests.cli.program import Program
from tests.support import postgres
from tests.support.assembly import Assembly, agreed, founded, key_tree, report

from truceline.errors import Malformed, Refused
from truceline.mechanism import backup as backups
from truceline.mechanism.installation import Installation
from truceline.records import sealed
from truceline.store import copying

pytestmark = pytest.mark.slow


def told(place: Path, assembly: Assembly) -> str:
    """An installation with a sealed part in it; returns a token that submits."""
    with founded(place, assembly) as installation:
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        closed = sealed.seal({"name": "Nadia of the Hidden Name"}, lambda: b"0123456789abcdef")
        body = {"officer": "south-2", "roles": ["liaison"], "key": key_tree("south-2")}
        hand = assembly.hand("south")
        signed = hand.sign("officer.appointed/1", body, sealed=sealed.digests(closed))
        installation.door.submit(signed, [one.text() for one in closed]).taken()
        return token_for(installation, "north-1")


@contextmanager
def busy(server: Server, assembly: Assembly, token: str, receipts: list[int]) -> Iterator[None]:
    """Somebody submits, one record after another, while the block runs."""
    over = threading.Event()

    def submit() -> None:
        headers = {"authorization": f"Bearer {token}"}
        with server.client(headers=headers) as client:
            while not over.is_set():
                body = {"envelope": json.loads(report(assembly, "north-1")), "disclosures": []}
                receipts.append(client.post("/api/records", json=body).json()["index"])

    writer = threading.Thread(target=submit)
    writer.start()
    try:
        while len(receipts) < 20:
            assert writer.is_alive()
            over.wait(0.01)
        yield
    finally:
        over.set()
        writer.join()


def test_a_copy_of_a_running_server_restores_to_all_that_was_receipted(tmp_path: Path) -> None:
    assembly = Assembly()
    token = told(tmp_path, assembly)
    data, program = tmp_path / "data", Program(tmp_path)
    receipts: list[int] = []
    with running(data) as server:
        with busy(server, assembly, token, receipts):
            before = list(receipts)
            made = program.run("backup", "--to", "copy", "--data", "data", "--json").json()
        server.kill()
    data.rename(tmp_path / "lost")

    done = program.run("restore", "copy", "--data", "again", "--json").json()

    assert done["wrong"] == []
    assert done["verify"] == 0
    assert done["sealed_parts"] == 1
    assert done["entries"] > max(before)
    assert done["entries"] >= made["leaves"]
    with Installation.open(tmp_path / "again") as again:
        kept = again.vault.names()
        assert [one.name for pae in kept for one in again.vault.get(pae)] == ["name"]
        again.door.submit(report(assembly, "south-1")).taken()
        assert again.wait_sealed(again.book.size)
    assert program.run("verify", "again").code == 0


def test_a_copy_of_a_server_that_was_killed_is_whole(tmp_path: Path) -> None:
    assembly = Assembly()
    token = told(tmp_path, assembly)
    receipts: list[int] = []
    with running(tmp_path / "data") as server, busy(server, assembly, token, receipts):
        pass
    with running(tmp_path / "data") as server:
        server.kill()
    backups.backup(tmp_path / "data", tmp_path / "copy")
    found = backups.restore(tmp_path / "copy", tmp_path / "again")

    assert found.wrong == []
    assert found.entries == max(receipts) + 1


def test_the_data_key_is_in_no_backup_and_nothing_sealed_is_in_clear(tmp_path: Path) -> None:
    told(tmp_path, Assembly())
    backups.backup(tmp_path / "data", tmp_path / "copy")
    key = (tmp_path / "data.key").read_text().strip()
    for file in (tmp_path / "copy").rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        assert key.encode() not in data
        assert bytes.fromhex(key) not in data
        assert b"Nadia" not in data
    (tmp_path / "data.key").rename(tmp_path / "gone.key")

    found = backups.restore(tmp_path / "copy", tmp_path / "again")

    assert found.wrong == []
    moved = backups.restore(tmp_path / "copy", tmp_path / "moved", key_file=tmp_path / "gone.key")
    assert moved.wrong == []
    with Installation.open(tmp_path / "moved") as again:
        assert not again.vault.locked


def test_where_a_backup_may_not_go_and_what_is_none(tmp_path: Path) -> None:
    told(tmp_path, Assembly())
    data = tmp_path / "data"
    for place in (data / "copy", data, tmp_path):
        with pytest.raises(Refused):
            backups.backup(data, place)
    backups.backup(data, tmp_path / "copy")
    with pytest.raises(Refused):
        backups.backup(data, tmp_path / "copy")
    with pytest.raises(Refused):
        backups.restore(tmp_path / "copy", data)
    (tmp_path / "copy" / backups.MANIFEST).unlink()
    with pytest.raises(Malformed):
        backups.restore(tmp_path / "copy", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_file_that_is_missing_in_the_copy_is_named(tmp_path: Path) -> None:
    told(tmp_path, Assembly())
    backups.backup(tmp_path / "data", tmp_path / "copy")
    lost = next(one for one in (tmp_path / "copy" / "files").rglob("*") if one.is_file())
    lost.unlink()

    found = backups.restore(tmp_path / "copy", tmp_path / "again")

    assert any(lost.name in one for one in found.wrong)


@pytest.mark.postgres
def test_a_postgresql_is_dumped_read_back_and_verified(
    tmp_path: Path, postgres_server: postgres.Server
) -> None:
    assembly = Assembly()
    with founded(tmp_path, assembly, database=postgres_server.database()) as installation:
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        size = installation.book.size
        made = backups.backup(tmp_path / "data", tmp_path / "copy")
    assert made.database == "postgresql"
    with pytest.raises(Malformed):
        backups.restore(tmp_path / "copy", tmp_path / "again")
    fresh = postgres_server.database()
    plain = make_url(fresh).set(drivername="postgresql").render_as_string(hide_password=False)
    dump = str(tmp_path / "copy" / copying.DUMP)
    command = ["pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={plain}", dump]
    subprocess.run(command, check=True, capture_output=True)

    found = backups.restore(tmp_path / "copy", tmp_path / "again", database=fresh)

    assert found.wrong == []
    assert found.entries == size

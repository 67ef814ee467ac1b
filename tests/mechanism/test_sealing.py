"""Checkpoints: one history, witnessed, with the signed map beside it; and who may write at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.assembly import Assembly, agreed, folder_made, key_of, report

from truceline.errors import Reason, Unavailable, Unproven
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import cosignature, proof
from truceline.ledger.proof import TileTree
from truceline.mechanism import settings
from truceline.mechanism.installation import Installation
from truceline.records import envelope
from truceline.store.layout import Layout
from truceline.verifier import public_map
from truceline.verifier.serve import WitnessServer
from truceline.verifier.witness import Witness


def sealed(installation: Installation) -> int:
    size = installation.book.size
    assert installation.wait_sealed(size)
    return size


def test_every_leaf_is_proved_by_the_published_files(installation):
    size = sealed(installation)
    head = installation.checkpoint().checkpoint
    tree = TileTree(installation.log.read, head.size)
    assert head.size == size
    for index in range(size):
        proof.verify_inclusion(tree.leaf(index), index, size, tree.inclusion(index), head.root)


def test_each_checkpoint_grows_from_the_one_before(installation, assembly):
    seen = []
    for _ in range(12):
        installation.door.submit(report(assembly, "north-1")).taken()
        sealed(installation)
        seen.append(installation.checkpoint().checkpoint)
    tree = TileTree(installation.log.read, seen[-1].size)
    for older in seen:
        path = tree.consistency(older.size)
        proof.verify_consistency(older.size, older.root, seen[-1].size, seen[-1].root, path)


def test_partial_tiles_go_when_their_tile_is_full(installation, assembly):
    waiting = [installation.door.submit_nowait(report(assembly, "north-1")) for _ in range(300)]
    for one in waiting:
        one.result().taken()
    sealed(installation)
    tiles = installation.layout.log / "tile" / "0"
    assert (tiles / "000").is_file()
    assert not (tiles / "000.p").exists()


def test_altered_files_stop_the_start(installation):
    size = sealed(installation)
    folder = installation.layout.folder
    installation.close()
    tile = folder / "log" / "tile" / "0" / "000.p" / str(size)
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(bytes(data))
    with pytest.raises(Unproven, match="another root"):
        Installation.open(folder)


def test_a_checkpoint_of_another_key_stops_the_start(installation):
    sealed(installation)
    folder = installation.layout.folder
    head = installation.checkpoint().checkpoint
    installation.close()
    forged = checkpoints.sign(head, key_of("another"))
    (folder / "log" / "checkpoint").write_bytes(forged.encode())
    with pytest.raises(Unproven):
        Installation.open(folder)


def test_the_signed_map_is_what_the_records_give(installation):
    size = sealed(installation)
    for _ in range(100):
        data = installation.log.read("snapshot")
        snapshot = public_map.read(envelope.read(data)) if data else None
        if snapshot and snapshot.zones:
            break
        time.sleep(0.05)
    assert snapshot is not None
    assert snapshot.size <= size
    key = installation.mechanism_key()
    envelope.verify(envelope.read(data), key.id, key.public)
    assert [one["zone"] for one in snapshot.zones] == ["Z1"]
    assert TileTree(installation.log.read, snapshot.size).root() == snapshot.root


# -- witnesses -----------------------------------------------------------------------------


@pytest.fixture
def witness_address(witness: dict[str, Any]) -> Iterator[str]:
    """A real witness of the south, serving on this machine."""
    server = WitnessServer(("127.0.0.1", 0), witness["made"], lambda _: None)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture
def witness(tmp_path: Path) -> dict[str, Any]:
    """The witness, before it knows of any log."""
    name, key = "witness.south.example/w1", key_of("witness south")
    vkey = cosignature.witness_key(name, key.public)
    mechanism = folder_made(tmp_path)
    log_key = checkpoints.log_key("log.example/assembly", mechanism)
    made = Witness(name, key, {log_key.name: (log_key,)}, {}, lambda _: None, lambda: 1_700_000_000)
    return {"name": name, "vkey": vkey, "mechanism": mechanism, "made": made}


def test_a_witness_cosigns_and_the_quorum_shows(tmp_path, witness, witness_address):
    founding = {
        "witnesses": [{"body": "south", "name": witness["name"], "vkey": witness["vkey"].text()}],
        "quorum": 1,
    }
    chosen = settings.read(Layout(tmp_path / "data").settings).model_copy(
        update={"witnesses": {witness["name"]: witness_address}, "witness_every_s": 0.1}
    )
    assembly = Assembly()
    with Installation.open(tmp_path / "data", chosen) as installation:
        installation.door.submit(assembly.genesis(witness["mechanism"], **founding)).taken()
        for one in assembly.opening(witness["mechanism"])[1:]:
            installation.door.submit(one).taken()
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        size = sealed(installation)
        for _ in range(100):
            signed = installation.checkpoint()
            quorum = cosignature.quorum(signed.note, [witness["vkey"]], 1)
            if quorum.met:
                break
            time.sleep(0.05)
        assert quorum.met
        assert signed.checkpoint.size == size
        data = installation.log.read("checkpoint.witnessed")
        assert checkpoints.read(data).checkpoint == signed.checkpoint


def test_a_witness_that_is_away_stops_nothing(tmp_path, witness):
    founding = {
        "witnesses": [{"body": "south", "name": witness["name"], "vkey": witness["vkey"].text()}],
        "quorum": 1,
    }
    chosen = settings.read(Layout(tmp_path / "data").settings).model_copy(
        update={"witnesses": {witness["name"]: "http://127.0.0.1:1"}, "witness_every_s": 0.1}
    )
    with Installation.open(tmp_path / "data", chosen) as installation:
        signed = Assembly().genesis(witness["mechanism"], **founding)
        installation.door.submit(signed).taken()
        assert installation.wait_sealed(1)
        for _ in range(100):
            if installation.witnesses_told():
                break
            time.sleep(0.05)
        (told,) = installation.witnesses_told()
        assert "cannot be reached" in told.failure


# -- the fence -----------------------------------------------------------------------------


def test_a_second_writer_is_refused(installation):
    with pytest.raises(Unavailable) as failure:
        Installation.open(installation.layout.folder)
    assert failure.value.reason is Reason.NOT_THE_WRITER


def test_a_standby_takes_over_when_the_first_is_gone(installation, assembly):
    folder = installation.layout.folder
    taken: list[Installation] = []

    def stand_by() -> None:
        taken.append(Installation.open(folder, wait_s=20))

    thread = threading.Thread(target=stand_by)
    thread.start()
    time.sleep(0.3)
    assert not taken
    index = installation.door.submit(report(assembly, "north-1")).taken()
    installation.close()
    thread.join()
    with taken[0] as second:
        assert second.door.submit(report(assembly, "north-1")).taken() == index + 1


def test_a_late_first_writer_writes_nothing(installation, assembly):
    """Whoever was thought dead and wakes up finds another number in the fence."""
    from truceline.store import fence

    with installation.store.writing() as tx:
        fence.take(tx)
    answer = installation.door.submit(report(assembly, "north-1"))
    assert answer.receipt is None
    assert answer.failure.reason is Reason.NOT_THE_WRITER


def test_a_reader_sees_what_the_writer_adds_and_has_no_door(installation, assembly):
    with Installation.open(installation.layout.folder, writer=False) as reader:
        before = reader.catch_up()
        installation.door.submit(report(assembly, "north-1")).taken()
        assert reader.catch_up() == before + 1
        with pytest.raises(Unavailable) as failure:
            _ = reader.door
        assert failure.value.reason is Reason.NOT_THE_WRITER


def test_without_its_data_key_an_installation_does_not_write(tmp_path, assembly):
    folder_made(tmp_path)
    (tmp_path / "data.key").unlink()
    with pytest.raises(Unavailable) as failure:
        Installation.open(tmp_path / "data")
    assert failure.value.reason is Reason.LOCKED
    assert "--data-key" in failure.value.remedy

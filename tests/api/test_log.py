"""The log over HTTP is the log on the disk, and its proofs hold without trusting the server."""

from __future__ import annotations

import time
from pathlib import Path

from tests.api.world import World, opened

from truceline.ledger import checkpoint, note, proof, tree


def test_the_head_is_signed_by_the_log_and_says_the_same_as_the_checkpoint(world: World) -> None:
    head = world.get("/api/log")
    vkey = note.read_vkey(world.client.get("/log/vkey").text.strip())
    signed = checkpoint.verified(head["checkpoint"].encode(), vkey)

    assert signed.checkpoint.size == head["size"]
    assert signed.checkpoint.root.hex() == head["root"]
    assert head["quorum_met"] is True


def test_every_leaf_is_proved_against_the_head(world: World) -> None:
    head = world.get("/api/log")
    for index in range(head["size"]):
        one = world.get("/api/proofs/inclusion", index=index)
        hashes = [bytes.fromhex(each) for each in one["hashes"]]
        leaf, root = bytes.fromhex(one["leaf"]), bytes.fromhex(head["root"])
        proof.verify_inclusion(leaf, index, head["size"], hashes, root)


def test_any_two_sizes_are_proved_consistent(world: World) -> None:
    size = world.get("/api/log")["size"]
    for old in range(1, size + 1):
        one = world.get("/api/proofs/consistency", **{"from": old})
        hashes = [bytes.fromhex(each) for each in one["hashes"]]
        old_root, root = bytes.fromhex(one["old_root"]), bytes.fromhex(one["root"])
        proof.verify_consistency(old, old_root, size, root, hashes)


def test_a_record_and_its_leaf_are_the_same_bytes(world: World) -> None:
    one = world.get("/api/records/0")
    leaf = world.get("/api/proofs/inclusion", index=0)["leaf"]
    bundle = world.installation.log.read(f"tile/entries/000.p/{world.get('/api/log')['size']}")
    assert bundle is not None
    length = int.from_bytes(bundle[:2], "big")

    assert tree.leaf_hash(bundle[2 : 2 + length]).hex() == leaf
    assert one["envelope"]["payload"].encode() in bundle[2 : 2 + length]


def test_the_files_are_those_on_the_disk_and_are_kept_as_long_as_they_hold(world: World) -> None:
    folder = world.installation.log.folder
    size = world.get("/api/log")["size"]
    for path in ("checkpoint", "vkey", f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
        answer = world.ask(f"/log/{path}", "north-1")
        assert answer.content == (folder / path).read_bytes()
        assert answer.headers["cache-control"].endswith("no-cache")


def test_entries_are_for_those_who_are_signed_in_and_hashes_for_everyone(world: World) -> None:
    size = world.get("/api/log")["size"]
    for path in (f"tile/entries/000.p/{size}", "tile/entries/000.p/1"):
        assert world.ask(f"/log/{path}").status_code == 401
        assert world.client.get(f"/log/{path}?key=tl_wrong").status_code == 401
        for who in ("north-1", "far-reporter", "operator"):
            assert world.ask(f"/log/{path}", who).status_code == 200
        by_query = world.client.get(f"/log/{path}", params={"key": world.tokens["south-1"]})
        assert by_query.status_code == 200
        assert by_query.headers["cache-control"].startswith("private")
        assert by_query.headers["vary"] == "authorization"
    for path in ("checkpoint", "vkey", "snapshot", f"tile/0/000.p/{size}"):
        assert world.ask(f"/log/{path}").status_code == 200


def test_an_account_that_has_ended_reads_no_entries(fresh: World) -> None:
    ended = fresh.assembly.hand("south").sign("officer.ended/1", {"officer": "south-1"})
    assert fresh.submit(ended).status_code == 200
    size = fresh.get("/api/log")["size"]

    assert fresh.ask(f"/log/tile/entries/000.p/{size}", "south-1").status_code == 403


def test_the_public_is_told_of_a_hidden_record_where_it_stands_and_no_more(world: World) -> None:
    rows = world.get("/api/records", limit=1000)
    hidden = [one for one in rows if one["body"] is None]

    assert len(rows) == world.get("/api/log")["size"]
    assert hidden
    for one in hidden:
        told = {name for name, value in one.items() if value}
        assert told <= {"index", "received_at"}
        whole = world.get(f"/api/records/{one['index']}")
        assert whole["envelope"] is None
        assert not {name for name in (*one, "parts") if whole[name]} - told
    signed_in = world.get("/api/records", "far-reporter", limit=1000)
    assert all(one["kind"] for one in signed_in)


def test_a_subject_that_one_may_not_see_has_no_records(world: World) -> None:
    for who in ("", "far-agency", "far-liaison"):
        assert world.get("/api/records", who, subject="Z3") == []
    assert world.get("/api/records", "north-1", subject="Z3")
    assert world.get("/api/records", kind="zone.position/1") == []


def test_a_log_that_is_open_to_the_public_gives_everyone_its_entries(tmp_path: Path) -> None:
    with opened(tmp_path, log_open_to="public") as world:
        size = world.get("/api/log")["size"]
        assert world.get("/api/log")["open_to"] == "public"
        answer = world.ask(f"/log/tile/entries/000.p/{size}")
        assert answer.status_code == 200
        assert "private" not in answer.headers["cache-control"]
        assert all(one["kind"] for one in world.get("/api/records", limit=1000))


def test_the_snapshot_is_published_with_the_log(world: World) -> None:
    for _ in range(50):
        answer = world.client.get("/log/snapshot")
        if answer.status_code == 200:
            break
        time.sleep(0.1)

    assert answer.json()["payloadType"] == "application/vnd.truceline.snapshot.v1+json"

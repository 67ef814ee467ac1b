"""The log over HTTP is the log on the disk, and its proofs hold without trusting the server."""

from __future__ import annotations

import time

from tests.api.world import World

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
        answer = world.client.get(f"/log/{path}")
        assert answer.content == (folder / path).read_bytes()
        assert answer.headers["cache-control"] == "no-cache"


def test_the_snapshot_is_published_with_the_log(world: World) -> None:
    for _ in range(50):
        answer = world.client.get("/log/snapshot")
        if answer.status_code == 200:
            break
        time.sleep(0.1)

    assert answer.json()["payloadType"] == "application/vnd.truceline.snapshot.v1+json"

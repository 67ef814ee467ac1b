"""The vectors are what this program makes, hold where they say so, and fail where they say so."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from truceline.errors import Malformed, TrucelineError, Unproven
from truceline.ledger import checkpoint, cosignature, note, proof, tree, witness
from truceline.records import canonical, envelope, keys, receipt, record, sealed

from . import make

HERE = Path(__file__).parent
PROTOCOL = HERE.parents[1] / "docs" / "protocol.md"


def vectors(name: str):
    return json.loads((HERE / name).read_text())


@pytest.mark.parametrize("name", sorted(make.all_vectors()))
def test_every_file_is_what_this_program_makes_today(name):
    assert vectors(name) == json.loads(json.dumps(make.all_vectors()[name]))


def test_leaf_hashes_and_roots():
    given = vectors("leaf.json")
    hashes = tree.leaf_hashes([f"entry {number}".encode() for number in range(300)])

    assert [one.hex() for one in hashes[:8]] == given["leaf_hashes"]
    for size, root in given["roots"].items():
        assert tree.root_of(hashes[: int(size)]).hex() == root
    assert tree.leaf_hash(given["example"]["entry"].encode()).hex() == given["example"]["leaf_hash"]


@pytest.mark.parametrize("given", vectors("inclusion.json"), ids=str)
def test_inclusion_proofs_hold_where_they_say_so(given):
    path = [bytes.fromhex(one) for one in given["path"]]

    def verify() -> None:
        leaf, root = bytes.fromhex(given["leaf"]), bytes.fromhex(given["root"])
        proof.verify_inclusion(leaf, given["index"], given["size"], path, root)

    holds_or_not(given["holds"], verify)


@pytest.mark.parametrize("given", vectors("consistency.json"), ids=str)
def test_consistency_proofs_hold_where_they_say_so(given):
    path = [bytes.fromhex(one) for one in given["path"]]
    roots = [bytes.fromhex(given[name]) for name in ("old_root", "root")]
    holds_or_not(
        given["holds"],
        lambda: proof.verify_consistency(
            given["old_size"], roots[0], given["size"], roots[1], path
        ),
    )


def holds_or_not(holds: bool, verify) -> None:
    if holds:
        verify()
    else:
        with pytest.raises(Unproven):
            verify()


def test_the_checkpoint_and_its_cosignatures_hold_and_the_false_ones_do_not():
    given = vectors("checkpoint.json")
    log = note.read_vkey(given["vkey"])
    signed = checkpoint.verified(given["note"].encode(), log)
    witnesses = [note.read_vkey(one) for one in given["witnesses"]]
    counted = cosignature.quorum(signed.note, witnesses, 2)

    assert counted.met
    assert [one.witness.name for one in counted.good] == given["cosigned_by"]
    assert {one.signed_at_s for one in counted.good} == {given["cosigned_at_s"]}
    assert signed.checkpoint.root.hex() == given["root"]
    assert (
        witness.judge(given["add_checkpoint_request"].encode(), {log.name: [log]}, {}).status == 200
    )
    for text in given["not_signed"]:
        with pytest.raises(Unproven):
            checkpoint.verified(text.encode(), log)


def test_the_envelope_runs_from_record_to_receipt():
    given = vectors("envelope.json")
    payload, public = given["canonical"].encode(), keys.public_from_text(given["public"])
    signed = envelope.from_tree(given["envelope"])
    pae = bytes.fromhex(given["pae_hex"])

    assert (
        canonical.encode(given["record"])
        == payload
        == record.read(payload).canonical()
        == signed.payload
    )
    assert keys.key_id(public) == given["keyid"] == signed.signatures[0].key
    assert signed.pae() == pae
    assert signed.digest().hex() == given["pae_sha256"]
    assert keys.holds(public, pae, base64.b64decode(given["signature"]))
    entry = envelope.read_entry(given["entry"].encode())
    assert (entry.envelope, entry.received_at) == (signed, given["received_at"])
    assert tree.leaf_hash(given["entry"].encode()).hex() == given["leaf_hash"]
    answered = envelope.from_tree(given["receipt"])
    envelope.verify(
        answered,
        keys.key_id(keys.public_from_text(given["mechanism_public"])),
        keys.public_from_text(given["mechanism_public"]),
    )
    assert receipt.read_receipt(answered).leaf.hex() == given["leaf_hash"]


def test_what_the_envelope_vectors_call_wrong_is_refused():
    given = vectors("envelope.json")
    public, pae = keys.public_from_text(given["public"]), bytes.fromhex(given["pae_hex"])

    for text in given["not_canonical"]:
        with pytest.raises(Malformed):
            record.read(text.encode())
    for text in given["bad_signatures"]:
        assert not keys.holds(public, pae, base64.b64decode(text))


def test_sealed_parts_open_what_the_record_commits_to_and_nothing_else():
    given = vectors("sealed.json")
    opened = sealed.opened(
        given["sealed"], [sealed.read(one["text"]) for one in given["disclosures"]]
    )

    assert opened == {one["name"]: one["value"] for one in given["disclosures"]}
    assert sorted(one["digest"] for one in given["disclosures"]) == given["sealed"]
    for one in given["disclosures"]:
        assert sealed.digest_of(one["text"]) == one["digest"]
        assert sealed.read(one["text"]).salt.hex() == one["salt_hex"]
    for text in given["not_committed"]:
        with pytest.raises(TrucelineError):
            sealed.opened(given["sealed"], [sealed.read(text)])


def test_the_worked_example_of_the_protocol_is_these_bytes():
    text = PROTOCOL.read_text()
    record_made, head = vectors("envelope.json"), vectors("checkpoint.json")
    part = vectors("sealed.json")["disclosures"][0]
    pae = bytes.fromhex(record_made["pae_hex"])

    for shown in (
        record_made["canonical"],
        record_made["public"],
        record_made["keyid"],
        pae[: pae.index(b"{")].decode(),
        record_made["pae_sha256"],
        record_made["signature"],
        record_made["entry"],
        record_made["leaf_hash"],
        record_made["receipt_payload"],
        head["vkey"],
        head["note"],
        head["witnesses"][0],
        head["add_checkpoint_request"],
        part["text"],
        part["digest"],
    ):
        assert shown in text

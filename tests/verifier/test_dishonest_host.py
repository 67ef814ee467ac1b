"""The host as liar (DESIGN 3): each lie is rightly signed by it, and caught by what it does not run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.simulators.log_host import (
    ADOPTED,
    CONTENT,
    DAY,
    OTHER_CONTENT,
    WITNESSES,
    LogHost,
    key,
    pair,
)

from truceline.ledger import checkpoint, tree
from truceline.ledger.witness import NOTHING_SEEN, AddCheckpoint, Seen, judge
from truceline.records import envelope, receipt
from truceline.records.envelope import Entry


def test_a_dropped_record_is_caught_by_its_senders_receipt(host, tmp_path, verify):
    mine = host.keep_receipts(tmp_path / "mine", 15)
    liar = host.forked(15)
    liar.clock = host.clock
    for entry in host.entries[16:]:
        liar.entries.append(entry)
    liar.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis, receipts=[mine])

    assert run.code == 1
    assert "leaf 15 is not the one that the mechanism promised" in run.says("broken")
    assert "left out 1 numbers" in run.says("noted")


def test_a_dropped_last_record_is_caught_by_its_senders_receipt(host, tmp_path, verify):
    mine = host.keep_receipts(tmp_path / "mine", 19)
    host.publish(tmp_path, head=host.head(19, cosigned_by=2))

    run = verify(tmp_path, genesis=host.genesis, receipts=[mine])

    assert "promised leaf 19, but the log shows 19 leaves" in run.says("broken")


def test_a_receipt_that_the_host_did_not_sign_accuses_nobody(host, tmp_path, verify):
    false = envelope.sign(
        envelope.read(host.receipts[3].encode()).payload,
        key("south-1"),
        payload_type=host.receipts[3].payload_type,
    )
    (tmp_path / "false.json").write_bytes(false.encode())
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis, receipts=[tmp_path / "false.json"])

    assert "false.json is not signed by the mechanism" in run.says("broken")


@pytest.mark.parametrize("changed", [{"received_at": 1}, {"pae": b"\x01" * 32}])
def test_a_receipt_that_says_another_time_or_record_than_the_leaf_is_caught(
    host, tmp_path, verify, changed
):
    true = receipt.read_receipt(host.receipts[15])
    (tmp_path / "mine.json").write_bytes(replace(true, **changed).signed(key("mechanism")).encode())
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis, receipts=[tmp_path / "mine.json"])

    assert "leaf 15 holds another record or time than the receipt says" in run.says("broken")


def test_an_altered_record_no_longer_carries_its_authors_signature(host, tmp_path, verify):
    entry = envelope.read_entry(host.entries[18])
    payload = entry.envelope.payload.replace(b'"time 4"', b'"time 9"')
    assert payload != entry.envelope.payload
    altered = envelope.Envelope(payload, entry.envelope.signatures)
    host.entries[18] = Entry(altered, entry.received_at).encode()
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert f"leaf 18: the signature by key {key('south-1').id} does not hold" in run.says("broken")


def test_an_altered_genesis_is_another_log(host, tmp_path, verify):
    other = LogHost(quorum=0).found()
    other.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert "This is another log" in run.says("broken")


def test_a_fork_is_caught_by_an_older_checkpoint(host, tmp_path, verify):
    (tmp_path / "kept").write_bytes(host.head(cosigned_by=2).encode())
    liar = host.forked(14)
    liar.contest(9, by="north")
    liar.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis, checkpoints=[tmp_path / "kept"])

    assert run.code == 1
    assert "they show two histories" in run.says("broken")


def test_a_fork_is_caught_by_the_memory_of_an_earlier_run(host, tmp_path, verify):
    memory = tmp_path / "memory.json"
    host.publish(tmp_path / "monday")
    verify(tmp_path / "monday", genesis=host.genesis, memory=memory)
    before = memory.read_bytes()
    liar = host.forked(14)
    liar.contest(6, by="north")
    liar.publish(tmp_path / "tuesday")

    run = verify(tmp_path / "tuesday", memory=memory)

    assert run.code == 1
    assert "The log was forked" in run.says("broken")
    assert memory.read_bytes() == before


def test_leaves_taken_back_are_caught_by_an_older_checkpoint(host, tmp_path, verify):
    (tmp_path / "kept").write_bytes(host.head(cosigned_by=2).encode())
    host.publish(tmp_path, head=host.head(15, cosigned_by=2))

    run = verify(tmp_path, genesis=host.genesis, checkpoints=[tmp_path / "kept"])

    assert "The log shows 15 leaves, but kept was signed for 20" in run.says("broken")


def test_a_fork_finds_no_witness(host):
    liar = host.forked(14)
    liar.contest(9, by="north")
    key_of_log = checkpoint.log_key(host.head().checkpoint.origin, key("mechanism"))
    logs = {key_of_log.name: (key_of_log,)}
    honest = host.head()
    first = judge(AddCheckpoint(0, (), honest).encode(), logs, {})
    seen = {key_of_log.name: first.now_seen}
    assert seen[key_of_log.name] != NOTHING_SEEN

    path = tuple(liar.prove(20, liar.size))
    verdict = judge(AddCheckpoint(20, path, liar.head()).encode(), logs, seen)
    assert verdict.status == 422

    assert judge(AddCheckpoint(20, (), liar.head(20)).encode(), logs, seen).status == 409
    assert judge(AddCheckpoint(0, (), liar.head()).encode(), logs, seen).body == "20\n"
    smaller = AddCheckpoint(20, (), host.head(15)).encode()
    assert judge(smaller, logs, seen).status == 400
    assert seen[key_of_log.name] == Seen(20, honest.checkpoint.root)


def test_a_fork_shown_to_one_party_lacks_the_quorum(host, tmp_path, verify):
    liar = host.forked(14)
    liar.contest(9, by="north")
    liar.publish(tmp_path, head=liar.head())

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert "No checkpoint has the 2 cosignatures" in run.says("not_proved")


def test_a_cosignature_that_the_host_invented_is_caught(host, tmp_path, verify):
    from truceline.ledger import cosignature
    from truceline.ledger.checkpoint import SignedCheckpoint

    head = host.head(cosigned_by=2)
    name = list(WITNESSES)[2]
    false = cosignature.sign(head.note.text, name, key("liar"), signed_at_s=1_750_000_000)
    right_id = cosignature.witness_key(name, WITNESSES[name].public).key_id
    line = type(false)(name, right_id, false.signature)
    host.publish(tmp_path, head=SignedCheckpoint(head.checkpoint, head.note.adding([line])))

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert f"the cosignature by {name} does not hold" in run.says("broken")


def test_a_backdated_record_is_caught_by_what_a_witness_had_seen(host, tmp_path, verify):
    witnessed = host.head(cosigned_by=2, at=host.clock + 3_600_000_000)
    (tmp_path / "kept").write_bytes(witnessed.encode())
    host.contest(1)  # a second after the last leaf, an hour before the cosignature
    host.publish(tmp_path, head=host.head(cosigned_by=2, at=host.clock + 3_700_000_000))

    run = verify(tmp_path, genesis=host.genesis, checkpoints=[tmp_path / "kept"])

    assert run.code == 1
    assert "leaf 20 claims a time 60.0 min before witness." in run.says("broken")


def test_a_minute_is_allowed_between_a_cosignature_and_the_next_leaf(host, tmp_path, verify):
    (tmp_path / "kept").write_bytes(host.head(cosigned_by=2, at=host.clock + 60_000_000).encode())
    host.contest(1)
    host.publish(tmp_path, head=host.head(cosigned_by=2, at=host.clock + 60_000_000))

    assert verify(tmp_path, genesis=host.genesis, checkpoints=[tmp_path / "kept"]).code == 0


def test_time_that_runs_back_is_caught_without_any_witness(host, tmp_path, verify):
    body = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": "yesterday"}}
    host.take(
        host.envelope("zone.contested/1", "south-1", body, key("south-1")),
        received_at=host.clock - DAY,
    )
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert "before the leaf in front of it" in run.says("broken")


def test_two_parties_shown_two_maps_each_catch_the_false_one(host, tmp_path, verify):
    right = host.snapshot()
    zones = [
        {
            "zone": "ford",
            "content": OTHER_CONTENT["sha256"],
            "adopted": ADOPTED,
            "from": host.adopted_from(),
            "until": None,
            "suspended_by": [],
        }
    ]
    (tmp_path / "north.json").write_bytes(right.encode())
    (tmp_path / "south.json").write_bytes(host.snapshot(zones).encode())
    (tmp_path / "empty.json").write_bytes(host.snapshot([]).encode())
    host.publish(tmp_path)

    assert verify(tmp_path, genesis=host.genesis, snapshots=[tmp_path / "north.json"]).code == 0
    south = verify(tmp_path, genesis=host.genesis, snapshots=[tmp_path / "south.json"])
    empty = verify(tmp_path, genesis=host.genesis, snapshots=[tmp_path / "empty.json"])

    assert "south.json: the map shows ford with another content" in south.says("broken")
    assert "empty.json: the map leaves out ford, which is in force" in empty.says("broken")


def test_a_map_of_a_history_that_the_log_does_not_show_is_caught(host, tmp_path, verify):
    liar = host.forked(14)
    liar.contest(3, by="north")
    (tmp_path / "fork.json").write_bytes(liar.snapshot().encode())
    host.contest(1)
    (tmp_path / "late.json").write_bytes(host.snapshot().encode())
    host.publish(tmp_path, head=host.head(20, cosigned_by=2))

    run = verify(
        tmp_path, genesis=host.genesis, snapshots=[tmp_path / "fork.json", tmp_path / "late.json"]
    )

    assert "fork.json: it was signed for another history" in run.says("broken")
    assert "late.json: it was signed for 21 leaves, but the log shows 20" in run.says("broken")


def test_a_zone_that_the_host_adopts_without_consent_is_caught(host, tmp_path, verify):
    host.adopt(OTHER_CONTENT, by=("north",))
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert "puts ford in force, but south has not consented to this content" in run.says("broken")


def test_a_consent_that_was_overtaken_carries_no_adoption(host, tmp_path, verify):
    host.consent("south", OTHER_CONTENT)
    host.adopt(CONTENT, by=("north",))
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert "south has not consented to this content" in run.says("broken")


@pytest.mark.parametrize(
    ("kind", "author", "body", "signer", "says"),
    [
        (
            "officer.appointed/1",
            "south",
            {"officer": "south-9", "roles": ["principal"], "key": pair("south-9")},
            "mechanism",
            "the author south holds none of the keys that signed",
        ),
        (
            "officer.appointed/1",
            "south",
            {"officer": "south-9", "roles": ["liaison", "watch"], "key": pair("south-9")},
            "south",
            "a body admitted as conflict_party may not give the role watch",
        ),
        (
            "officer.appointed/1",
            "eyes",
            {"officer": "Mechanism", "roles": ["observer"], "key": pair("eyes-9")},
            "eyes",
            "the officer code Mechanism is taken",
        ),
        (
            "key.enrolled/1",
            "north-1",
            {"holder": "south-1", "key": pair("south-1b")},
            "north-1",
            "the signer does not speak for south-1",
        ),
        (
            "key.revoked/1",
            "north",
            {"key": key("south-1").id, "why": "lost"},
            "north",
            "the signer may not revoke",
        ),
        (
            "zone.consented/1",
            "south",
            {"zone": "ford", "content": CONTENT["sha256"]},
            "south",
            "south does not have a role that may sign zone.consented/1",
        ),
        (
            "zone.expired/1",
            "north-1",
            {"zone": "ford", "content": CONTENT["sha256"], "at": 1},
            "north-1",
            "does not have a role that may sign zone.expired/1",
        ),
    ],
)
def test_a_record_by_someone_who_may_not_make_it_is_caught(
    host, tmp_path, verify, kind, author, body, signer, says
):
    host.say(kind, author, body, key(signer))
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert says in run.says("broken")


def test_a_key_that_no_record_names_signs_nothing(host, tmp_path, verify):
    body = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": "who?"}}
    host.say("zone.contested/1", "south-1", body, key("stranger"))
    host.publish(tmp_path)

    assert "which no record names" in verify(tmp_path, genesis=host.genesis).says("broken")


def test_a_revoked_key_and_an_ended_officer_sign_nothing_more(host, tmp_path, verify):
    host.say("key.revoked/1", "south", {"key": key("south-1").id, "why": "stolen"}, key("south"))
    host.contest(1)
    host.say("officer.ended/1", "north", {"officer": "north-1"}, key("north"))
    host.contest(1, by="north")
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert [one["leaf"] for one in run.told["findings"] if one["check"] == "keys"] == [21, 23]


def test_a_lost_key_is_replaced_by_its_recovery_key_alone(host, tmp_path, verify):
    replaced = {"old": key("south-1").id, "key": pair("south-1 new")}
    host.say("key.replaced/1", "south-1", replaced, key("south-1 recovery"))
    body = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": "back"}}
    host.say("zone.contested/1", "south-1", body, key("south-1 new"))
    host.publish(tmp_path)
    assert verify(tmp_path, genesis=host.genesis).code == 0

    host.say("zone.contested/1", "south-1", body, key("south-1 new recovery"))
    host.say(
        "key.replaced/1",
        "north-1",
        {"old": key("north-1").id, "key": pair("n2")},
        key("south recovery"),
    )
    host.publish(tmp_path)
    run = verify(tmp_path, genesis=host.genesis)

    assert {one["leaf"] for one in run.told["findings"] if one["state"] == "broken"} == {22, 23}


def test_a_thief_of_key_and_recovery_sheet_does_not_come_back_after_the_body_revoked(
    host, tmp_path, verify
):
    host.say("key.revoked/1", "south", {"key": key("south-1").id, "why": "stolen"}, key("south"))
    replaced = {"old": key("south-1").id, "key": pair("thief")}
    host.say("key.replaced/1", "south-1", replaced, key("south-1 recovery"))
    body = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": "mine"}}
    host.say("zone.contested/1", "south-1", body, key("thief"))
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert [one["leaf"] for one in run.told["findings"] if one["state"] == "broken"] == [21, 22]


def test_a_thief_of_a_bodys_only_key_cannot_shut_the_body_out_by_revoking_it(
    host, tmp_path, verify
):
    host.say("key.revoked/1", "south", {"key": key("south").id, "why": "lost"}, key("south"))
    replaced = {"old": key("south").id, "key": pair("south again")}
    host.say("key.replaced/1", "south", replaced, key("south recovery"))
    host.say("officer.ended/1", "south", {"officer": "south-1"}, key("south again"))
    host.publish(tmp_path)

    assert verify(tmp_path, genesis=host.genesis).code == 0


def test_an_officers_key_ends_with_the_term(host, tmp_path, verify):
    until = host.clock + 3_500_000
    officer = {"officer": "north-2", "roles": ["principal"], "key": pair("north-2"), "until": until}
    host.say("officer.appointed/1", "north", officer, key("north"))
    body = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": "term"}}
    for _ in range(4):
        host.say("zone.contested/1", "north-2", body, key("north-2"))
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert [one["leaf"] for one in run.told["findings"] if one["check"] == "keys"] == [23, 24]


def test_a_log_founded_twice_is_caught(host, tmp_path, verify):
    host.entries.append(host.entries[0])
    host.publish(tmp_path)

    assert "founds the log a second time" in verify(tmp_path, genesis=host.genesis).says("broken")


def test_a_genesis_that_a_body_did_not_sign_is_caught(tmp_path, verify):
    host = LogHost().found()
    entry = envelope.read_entry(host.entries[0])
    fewer = tuple(one for one in entry.envelope.signatures if one.key != key("south").id)
    host.entries[0] = Entry(
        envelope.Envelope(entry.envelope.payload, fewer), entry.received_at
    ).encode()
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=tree.leaf_hash(host.entries[0]).hex())

    assert f"genesis is not signed by key {key('south').id}" in run.says("broken")


def test_a_checkpoint_by_another_key_is_caught(host, tmp_path, verify):
    head = host.head().checkpoint
    host.publish(tmp_path, head=checkpoint.sign(head, key("someone")))

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert "checkpoint: no signature by" in run.says("broken")


def test_a_suspension_shows_on_the_map_until_its_body_takes_it_back(host, tmp_path, verify):
    suspended = host.say(
        "zone.suspended/1", "south-1", {"zone": "ford", "why": {"en": "fire"}}, key("south-1")
    )
    zone = {
        "zone": "ford",
        "content": CONTENT["sha256"],
        "adopted": ADOPTED,
        "from": host.adopted_from(),
        "until": None,
    }
    shown = host.snapshot([{**zone, "suspended_by": ["south"]}])
    hidden = host.snapshot([{**zone, "suspended_by": []}])
    host.say(
        "zone.restored/1", "north-1", {"zone": "ford", "suspension": suspended}, key("north-1")
    )
    still = host.snapshot([{**zone, "suspended_by": ["south"]}])
    host.say(
        "zone.restored/1", "south-1", {"zone": "ford", "suspension": suspended}, key("south-1")
    )
    over = host.snapshot([{**zone, "suspended_by": []}])
    host.publish(tmp_path)
    for name, one in {"a": shown, "b": hidden, "c": still, "d": over}.items():
        (tmp_path / f"{name}.json").write_bytes(one.encode())

    run = verify(
        tmp_path, genesis=host.genesis, snapshots=[tmp_path / f"{name}.json" for name in "abcd"]
    )

    broken = [one["says"] for one in run.told["findings"] if one["state"] == "broken"]
    assert len(broken) == 1
    assert "b.json: the map shows ford with another suspended_by" in broken[0]

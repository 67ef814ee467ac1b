"""The door: what is taken, what is refused and how it is said, and what is durable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.assembly import (
    OFFICE,
    STARTED_AT,
    Assembly,
    agreed,
    agreement,
    folder_made,
    founded,
    fresh_id,
    key_of,
    key_tree,
    report,
    zone_file,
)

from truceline.errors import Malformed, Reason, Refused, TrucelineError, Unproven
from truceline.ledger.tree import leaf_hash
from truceline.mechanism import statement
from truceline.mechanism.admission import Answer
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.records import envelope, record
from truceline.records.receipt import read_receipt
from truceline.records.record import Micros, Record
from truceline.records.sealed import Disclosure, digests
from truceline.store.views import records


def refusal(answer: Answer) -> TrucelineError:
    """The failure in an answer that is a signed refusal."""
    assert answer.receipt is None
    assert answer.failure is not None
    assert answer.refusal is not None
    return answer.failure


def test_the_receipt_names_the_leaf_whose_bytes_it_hands_over(installation, assembly):
    answer = installation.door.submit(report(assembly, "north-1"))
    receipt = read_receipt(answer.receipt)
    key = installation.mechanism_key()
    envelope.verify(answer.receipt, key.id, key.public)
    assert receipt.index == answer.index
    assert receipt.leaf == leaf_hash(answer.entry)
    assert envelope.read_entry(answer.entry).received_at == receipt.received_at


def test_the_same_envelope_again_gets_the_same_receipt(installation, assembly):
    signed = report(assembly, "north-1")
    first = installation.door.submit(signed)
    assert installation.door.submit(report(assembly, "north-1")).index == first.index + 1
    assert installation.door.submit(signed).receipt == first.receipt


def test_the_same_envelope_twice_in_one_breath_is_one_leaf(installation, assembly):
    signed = report(assembly, "north-1")
    waiting = [installation.door.submit_nowait(signed) for _ in range(20)]
    assert len({one.result().taken() for one in waiting}) == 1


def test_the_last_consent_is_followed_by_the_adoption(installation):
    with installation.reading_book() as book:
        zones = book.public_map(Micros(STARTED_AT * 2))
    assert [one["zone"] for one in zones] == ["Z1"]


def test_an_altered_record_is_refused(installation, assembly):
    tree = json.loads(report(assembly, "north-1"))
    tree["signatures"][0]["sig"] = "A" * 86 + "=="
    failure = refusal(installation.door.submit(json.dumps(tree).encode()))
    assert isinstance(failure, Unproven)
    assert failure.reason is Reason.BAD_SIGNATURE


def test_a_repeated_number_is_refused_and_a_gap_is_not(installation, assembly):
    north = assembly.hand("north-1")
    body = {"post": "P-north", "count": 1, "as_of": STARTED_AT}
    installation.door.submit(north.sign("post.reported/1", body, seq=50)).taken()
    again = installation.door.submit(north.sign("post.reported/1", body, seq=50))
    assert refusal(again).reason is Reason.SEQUENCE
    earlier = installation.door.submit(north.sign("post.reported/1", body, seq=49))
    assert refusal(earlier).reason is Reason.SEQUENCE


def test_a_key_that_is_unknown_or_out_of_force_is_refused(installation, assembly):
    stranger = installation.door.submit(report(assembly, "nobody"))
    assert refusal(stranger).reason is Reason.KEY_UNKNOWN
    body = {"key": key_of("south-1").id, "why": "stolen"}
    installation.door.submit(assembly.hand("south").sign("key.revoked/1", body)).taken()
    late = installation.door.submit(report(assembly, "south-1"))
    assert refusal(late).reason is Reason.KEY_NOT_IN_FORCE


def test_another_log_and_another_author_are_refused(installation, assembly):
    north = assembly.hand("north-1")
    body = {"post": "P-north", "count": 1, "as_of": STARTED_AT}
    elsewhere = north.sign("post.reported/1", body, log="log.example/other")
    assert refusal(installation.door.submit(elsewhere)).reason is Reason.WRONG_LOG
    for_another = north.sign("post.reported/1", body, author="south-1")
    assert refusal(installation.door.submit(for_another)).reason is Reason.NO_MANDATE


def test_bytes_that_are_json_but_not_canonical_are_refused(installation, assembly):
    made = assembly.hand("north-1").record("post.reported/1", {"post": "P-north"}).canonical()
    spaced = made.replace(b'":', b'": ', 1)
    signed = envelope.sign(spaced, key_of("north-1")).encode()
    failure = refusal(installation.door.submit(signed))
    assert isinstance(failure, Malformed)
    assert failure.reason is Reason.NOT_CANONICAL
    assert "RFC 8785" in failure.remedy


def test_an_integer_above_2_53_is_refused(installation, assembly):
    made = assembly.hand("north-1").record("post.reported/1", {"post": "P-north", "count": 7})
    wide = made.canonical().replace(b'"count":7', b'"count":9007199254740993')
    signed = envelope.sign(wide, key_of("north-1")).encode()
    assert refusal(installation.door.submit(signed)).reason is Reason.INTEGER_TOO_LARGE


def test_an_entry_over_the_length_prefix_is_refused(installation, assembly):
    why = {"en": "x" * 19_000, "fr": "y" * 19_000, "ru": "z" * 19_000}
    body = {"instrument": "MEMO", "why": why}
    signed = assembly.hand("north-1").sign("instrument.suspended/1", body)
    failure = refusal(installation.door.submit(signed))
    assert failure.reason is Reason.TOO_LARGE
    assert "SHA-256" in failure.remedy


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_bytes_that_are_no_envelope_are_refused_and_harm_nothing(installation, assembly, data):
    assert isinstance(refusal(installation.door.submit(data)), Malformed)
    installation.door.submit(report(assembly, "north-1")).taken()


def test_a_file_that_nobody_deposited_is_refused_by_name(installation, assembly):
    named = zone_file(installation, "Z1") | {"sha256": "0" * 64}
    body = {"zone": "Z1", "content": named}
    signed = assembly.hand("north-desk").sign("zone.revised/1", body)
    failure = refusal(installation.door.submit(signed))
    assert failure.reason is Reason.FILE_UNKNOWN
    assert "0" * 64 in failure.detail


def test_a_zone_content_that_cannot_be_read_is_refused(installation, assembly):
    broken = installation.files.put(b'{"zone":1}', "application/vnd.truceline.zone+json")
    body = {"zone": "Z1", "content": broken.tree()}
    signed = assembly.hand("north-desk").sign("zone.revised/1", body)
    assert isinstance(refusal(installation.door.submit(signed)), Malformed)


def appointment(assembly: Assembly, code: str, parts: tuple[Disclosure, ...]) -> bytes:
    """An appointment with sealed parts."""
    body = {"officer": code, "roles": ["unit"], "key": key_tree(code)}
    return assembly.hand("north").sign("officer.appointed/1", body, sealed=digests(parts))


def test_sealed_parts_need_their_disclosures_and_no_others(installation, assembly):
    name = Disclosure(b"1" * 16, "name", "A. Person")
    other = Disclosure(b"2" * 16, "name", "B. Person")
    signed = appointment(assembly, "n7", (name,))
    door = installation.door
    assert refusal(door.submit(signed)).reason is Reason.DISCLOSURE_MISSING
    mismatch = refusal(door.submit(signed, [other.text()]))
    assert mismatch.reason is Reason.DISCLOSURE_MISMATCH
    door.submit(signed, [name.text()]).taken()


def test_a_sealed_part_that_the_kind_does_not_have_is_refused(installation, assembly):
    shoe = Disclosure(b"1" * 16, "shoe_size", 44)
    signed = appointment(assembly, "n8", (shoe,))
    assert refusal(installation.door.submit(signed, [shoe.text()])).reason is Reason.UNKNOWN_FIELD


def test_a_sealed_value_is_nowhere_but_in_the_vault(installation, assembly):
    name = Disclosure(b"1" * 16, "name", "Zebulon Quartermain")
    index = installation.door.submit(appointment(assembly, "n9", (name,)), [name.text()]).taken()
    installation.wait_sealed(index + 1)
    with installation.store.reading() as look:
        pae = records.pae_of(look, records.by_index(look, index).id)
    assert installation.vault.get(pae) == (name,)
    hidden = (b"Quartermain", name.text().encode(), name.text().encode()[:24])
    for path in installation.layout.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(one in data for one in hidden), path


def test_a_statement_of_a_sealed_kind_shows_nothing_in_its_leaf(installation):
    with installation.store.reading() as look:
        about = records.by_index(look, 1).id
    body = {"record": about, "part": "name", "to": "south", "purpose": "A reason of state"}
    answer = installation.door.state("disclosure.made/1", body)
    leaf = record.read(envelope.read_entry(answer.entry).envelope.payload)
    assert (leaf.kind, leaf.author, leaf.refs, leaf.body) == ("sealed/1", "", (), {})
    assert b"reason of state" not in answer.entry
    with installation.store.reading() as look:
        shown = records.by_index(look, answer.index)
    assert (shown.kind, shown.author, shown.body) == ("sealed/1", "", {})


def test_a_record_from_the_future_is_refused_in_a_live_log(tmp_path):
    live = Assembly(mode="live")
    with founded(tmp_path, live) as installation:
        ahead = installation.clock.now() + 6 * 60 * 1_000_000
        body = {"officer": "n2", "roles": ["unit"], "key": key_tree("n2")}
        signed = live.hand("north").sign("officer.appointed/1", body, made_at=ahead)
        assert refusal(installation.door.submit(signed)).reason is Reason.MADE_IN_FUTURE


def test_time_never_goes_back_in_the_log_when_the_clock_does(tmp_path, assembly):
    clock = ScenarioClock(STARTED_AT, playing=False)
    with founded(tmp_path, assembly, clock=clock) as installation:
        before = installation.door.submit(assembly.appoint("north", "n3", "unit"))
        clock.seek(Micros(STARTED_AT - 3_600_000_000))
        after = installation.door.submit(assembly.appoint("north", "n4", "unit"))
        times = [envelope.read_entry(one.entry).received_at for one in (before, after)]
        assert times[1] == times[0] + 1


def test_a_live_log_does_not_start_with_a_clock_behind_it(tmp_path, monkeypatch):
    live = Assembly(mode="live")
    founded(tmp_path, live).close()
    monkeypatch.setattr("time.time_ns", lambda: STARTED_AT * 1000)
    with pytest.raises(TrucelineError) as failure:
        Installation.open(tmp_path / "data")
    assert failure.value.reason is Reason.BAD_TIME


def test_a_live_log_does_not_run_on_a_scenarios_clock(tmp_path):
    founded(tmp_path, Assembly(mode="live")).close()
    with pytest.raises(Refused):
        Installation.open(tmp_path / "data", clock=ScenarioClock(STARTED_AT))


def test_the_founding_must_name_this_installations_key(tmp_path, assembly):
    folder_made(tmp_path)
    with Installation.open(tmp_path / "data") as installation:
        foreign = installation.door.submit(assembly.genesis(key_of("another mechanism")))
        assert refusal(foreign).reason is Reason.CONTRADICTS


def test_nothing_comes_before_the_founding(tmp_path, assembly):
    folder_made(tmp_path)
    with Installation.open(tmp_path / "data") as installation:
        early = installation.door.submit(report(assembly, "north-1"))
        assert refusal(early).reason in (Reason.KEY_UNKNOWN, Reason.WRONG_STATE)


def test_records_of_one_group_see_those_before_them(installation, assembly):
    waiting = []
    for number in range(30):
        officer = f"chain-{number}"
        waiting.append(
            installation.door.submit_nowait(assembly.appoint("north", officer, "liaison"))
        )
        waiting.append(installation.door.submit_nowait(report(assembly, officer)))
    indexes = [one.result().taken() for one in waiting]
    assert indexes == sorted(indexes)


def test_a_mechanism_kind_is_not_taken_from_anyone_else(installation, assembly):
    body = {"clock": "c", "step": 0, "due_at": STARTED_AT, "to": "x"}
    signed = assembly.hand("north-1").sign("clock.fired/1", body)
    assert refusal(installation.door.submit(signed)).reason is Reason.NO_MANDATE


def test_a_record_id_is_taken_once(installation, assembly):
    shared = fresh_id()
    body = {"post": "P-north", "count": 1, "as_of": STARTED_AT}
    theirs = {**body, "post": "P-south"}
    north, south = assembly.hand("north-1"), assembly.hand("south-1")
    installation.door.submit(north.sign("post.reported/1", body, id=shared)).taken()
    second = installation.door.submit(south.sign("post.reported/1", theirs, id=shared))
    assert refusal(second).reason is Reason.ID_TAKEN


def test_an_unreadable_payload_type_is_refused(installation):
    made = Record("log.example/assembly", "x/1", fresh_id(), "north-1", 1, STARTED_AT)
    signed = envelope.sign(made.canonical(), key_of("north-1"), payload_type="text/plain")
    assert refusal(installation.door.submit(signed.encode())).reason is Reason.WRONG_TYPE


def test_a_closed_door_says_so(tmp_path: Path, assembly: Assembly):
    installation = founded(tmp_path, assembly)
    door = installation.door
    installation.close()
    answer = door.submit(report(assembly, "north-1"))
    assert answer.failure.reason is Reason.NO_WRITER
    assert answer.refusal is None


@pytest.mark.parametrize("name", ["name.5km", "name..", "name.", "name.\n", "name.1km.1km"])
def test_a_sealed_part_has_one_of_the_known_precisions_or_none(installation, assembly, name):
    part = Disclosure(b"1" * 16, name, "x")
    answer = installation.door.submit(appointment(assembly, "n8", (part,)), [part.text()])
    assert refusal(answer).reason is Reason.UNKNOWN_FIELD


def test_an_id_that_follows_from_a_cause_is_known_to_the_mechanism_alone(installation):
    key = installation.mechanism_key()
    mine = statement.caused_id(statement.secret_of_ids(key), "log", "cause", STARTED_AT)
    same = statement.caused_id(statement.secret_of_ids(key), "log", "cause", STARTED_AT)
    other = statement.secret_of_ids(key_of("a standby with another key"))
    assert mine == same
    assert mine != statement.caused_id(other, "log", "cause", STARTED_AT)
    assert mine != statement.caused_id(b"", "log", "cause", STARTED_AT)


def test_a_cause_does_not_fail_because_somebody_has_its_id(tmp_path, assembly, monkeypatch):
    """The squatter's id: even one who could foresee it stops nothing."""
    taken = fresh_id()
    monkeypatch.setattr(statement, "caused_id", lambda *_: taken)
    with founded(tmp_path, assembly) as installation:
        squatter = assembly.hand("north")
        body = {"officer": "n2", "roles": ["liaison"], "key": key_tree("n2")}
        installation.door.submit(squatter.sign("officer.appointed/1", body, id=taken)).taken()
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        with installation.reading_book() as book:
            assert [one["zone"] for one in book.public_map(Micros(STARTED_AT * 2))] == ["Z1"]


def secret_pact(installation, assembly, code: str) -> tuple[bytes, list[str]]:
    """An instrument that only its parties know, with a text of its own: sealed whole."""
    text = installation.files.put(b"What only they may read.", "text/plain")
    texts = {"en": {"file": text.tree(), "equal_force": True}}
    body = {**agreement(installation, assembly), "code": code, "texts": texts, "secrecy": "named"}
    return assembly.hand("north-desk").sign_sealed("instrument.published/1", body)


@pytest.mark.parametrize("together", [False, True], ids=["one after another", "in one group"])
def test_naming_a_file_by_its_hash_does_not_open_it(tmp_path, assembly, together):
    """The hash stands in the log for everyone; whoever repeats it would show the file to all."""
    with founded(tmp_path, assembly) as installation:
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        pact = secret_pact(installation, assembly, "PACT")
        file = installation.files.put(b"What only they may read.", "text/plain").tree()
        outsider = assembly.hand("far-1")
        installation.door.submit(assembly.appoint(OFFICE, "office-1", "secretariat")).taken()
        installation.door.submit(
            assembly.hand("office-1").sign(
                "body.admitted/1",
                {
                    "code": "far",
                    "name": {"en": "Far"},
                    "capacity": "guarantor",
                    "key": key_tree("far"),
                },
            )
        ).taken()
        installation.door.submit(assembly.appoint("far", "far-1", "principal")).taken()
        body = {
            **agreement(installation, assembly),
            "code": "TRICK",
            "signatories": [{"body": "far", "capacity": "guarantor"}],
            "texts": {"en": {"file": file, "equal_force": True}},
        }
        trick = outsider.sign("instrument.published/1", body)
        door = installation.door
        if together:
            waiting = [door.submit_nowait(*one) for one in (pact, (trick,))]
            taken, tried = (one.result() for one in waiting)
        else:
            taken, tried = door.submit(*pact), door.submit(trick)
        taken.taken()
        assert refusal(tried).reason is Reason.NOT_VISIBLE
        again = secret_pact(installation, assembly, "PACT2")
        door.submit(*again).taken()

"""Envelopes, keys and sealed parts: what is signed cannot be changed, what is sealed cannot be read."""

from __future__ import annotations

import dataclasses
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import Malformed, Reason, Unproven
from truceline.records import canonical, envelope, keys, record, sealed
from truceline.records.record import Micros, Record, RecordId

NORTH = keys.from_seed(b"n" * 32)
SOUTH = keys.from_seed(b"s" * 32)


def statement(**changes: object) -> Record:
    made = Record(
        log="log.example/one",
        kind="zone.consented/1",
        id=RecordId("01BX5ZZKBKACTAV9WEVGEMMVRZ"),
        author="north-1",
        seq=1,
        made_at=Micros(1_496_275_200_000_000),
        body={"zone": "DEZ-3", "content": "0" * 64},
    )
    return dataclasses.replace(made, **changes)


def test_a_record_reads_back_as_it_was_written():
    assert record.read(statement().canonical()) == statement()


@pytest.mark.parametrize("field", sorted(json.loads(statement().canonical())))
def test_a_record_without_one_of_its_fields_is_refused_by_name(field):
    tree = json.loads(statement().canonical())
    del tree[field]
    with pytest.raises(Malformed) as failure:
        record.read(canonical.encode(tree))
    assert failure.value.where == f"record.{field}"


def test_the_signature_is_plain_ed25519_over_the_dsse_pae():
    signed = envelope.sign(statement().canonical(), NORTH)
    other = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
    payload = statement().canonical()
    kind = b"application/vnd.truceline.record.v1+json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    assert signed.signatures[0].value == other.sign(message)


def test_two_bodies_sign_the_same_bytes_in_any_order():
    once = envelope.countersign(envelope.sign(statement().canonical(), NORTH), SOUTH)
    assert once == envelope.countersign(envelope.sign(statement().canonical(), SOUTH), NORTH)
    for key in (NORTH, SOUTH):
        envelope.verify(once, key.id, key.public)


def read_and_verify(data: bytes) -> None:
    again = envelope.read(data)
    envelope.verify(again, NORTH.id, NORTH.public)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_one_flipped_bit_anywhere_breaks_the_signature_or_the_reading(place, bit):
    signed = envelope.sign(statement().canonical(), NORTH).encode()
    changed = bytearray(signed)
    changed[place % len(changed)] ^= 1 << bit
    with pytest.raises((Malformed, Unproven)):
        read_and_verify(bytes(changed))


def test_stray_bits_in_base_64_are_refused():
    tree = envelope.sign(b"a", NORTH).tree()
    tree["payload"] = "YR=="
    with pytest.raises(Malformed) as failure:
        envelope.from_tree(tree)
    assert failure.value.reason is Reason.NOT_CANONICAL


def test_an_entry_over_the_length_prefix_is_refused_and_told_what_to_do():
    signed = envelope.sign(b"x" * 50_000, NORTH)
    with pytest.raises(Malformed) as failure:
        envelope.Entry(signed, Micros(1)).encode()
    assert failure.value.reason is Reason.TOO_LARGE
    assert "SHA-256" in failure.value.remedy


def test_an_entry_reads_back():
    entry = envelope.Entry(envelope.sign(statement().canonical(), NORTH, SOUTH), Micros(7))
    assert envelope.read_entry(entry.encode()) == entry


def test_a_key_file_opens_with_its_passphrase_alone():
    locked = keys.lock_key_file(NORTH, "blue heron", salt=b"1" * 16, nonce=b"2" * 24, label="north")
    assert NORTH.seed not in locked
    assert NORTH.seed.hex().encode() not in locked
    assert keys.unlock_key_file(locked, "blue heron") == NORTH
    with pytest.raises(Unproven, match="passphrase"):
        keys.unlock_key_file(locked, "grey heron")
    with pytest.raises(Malformed):
        keys.unlock_key_file(b"{}", "blue heron")


@given(st.binary(min_size=32, max_size=32))
def test_a_recovery_key_survives_paper(seed):
    printed = keys.print_recovery_key(seed)
    assert keys.read_recovery_key(printed.lower().replace("0", "O")).seed == seed


@given(st.binary(min_size=32, max_size=32), st.integers(0, 54))
def test_a_slip_of_the_pen_is_told_from_a_wrong_key(seed, place):
    letters = list(keys.print_recovery_key(seed).replace("-", ""))
    at = place % len(letters)
    letters[at] = "A" if letters[at] != "A" else "B"
    with pytest.raises(Malformed):
        keys.read_recovery_key("".join(letters))


def test_a_sealed_part_opens_only_what_the_record_commits_to():
    salts = iter([b"a" * 16, b"b" * 16, b"c" * 16])
    parts = sealed.seal({"name": "Clinic 7", "position.1km": [355, 366]}, lambda: next(salts))
    digests = sealed.digests(parts)
    assert sealed.opened(digests, parts[:1]) == {parts[0].name: parts[0].value}
    stranger = sealed.Disclosure(b"d" * 16, "name", "Clinic 8")
    with pytest.raises(Unproven):
        sealed.opened(digests, [stranger])
    assert sealed.read(parts[0].text()) == parts[0]


def test_equal_values_have_unequal_digests():
    one, two = (sealed.Disclosure(salt * 16, "kind", "aid.notice/1") for salt in (b"a", b"b"))
    assert one.digest() != two.digest()


def test_a_disclosure_with_a_short_salt_is_refused():
    with pytest.raises(Malformed):
        sealed.read(sealed.Disclosure(b"short", "name", "x").text())


@pytest.mark.parametrize("end", ["\n", " ", "0"])
def test_a_record_id_is_a_ulid_to_its_last_character(end):
    tree = json.loads(statement().canonical())
    tree["id"] += end
    with pytest.raises(Malformed) as failure:
        record.read(canonical.encode(tree))
    assert failure.value.where == "record.id"

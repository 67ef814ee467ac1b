"""Signed notes, vkeys, checkpoints and cosignatures: the bytes that other tools verify."""

from __future__ import annotations

import hashlib

import aics_tlog
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import Malformed, TrucelineError, Unproven
from truceline.ledger import checkpoint, cosignature, note
from truceline.ledger.checkpoint import Checkpoint
from truceline.ledger.note import SignatureLine, VerifierKey
from truceline.records import keys

ORIGIN = "truceline.example/two-valleys"
LOG = keys.from_seed(b"\x01" * 32)
WITNESS = keys.from_seed(b"\x02" * 32)
WITNESS_NAME = "witness.north.example/w1"
HEAD = Checkpoint(ORIGIN, 7, hashlib.sha256(b"seven").digest())

# Go's documentation of golang.org/x/mod/sumdb/note: key, text and signature
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# the checkpoint and cosignature that tlog-cosignature prints as its example
C2SP = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def test_the_note_of_gos_documentation_verifies():
    key = note.read_vkey(GO_VKEY)
    read = note.read(GO_NOTE.encode())

    note.verify(read, key)
    assert key.text() == GO_VKEY
    assert read.encode().decode() == GO_NOTE


def test_the_example_of_the_specification_is_read():
    signed = checkpoint.read(C2SP.encode())

    assert signed.checkpoint.size == 20852163
    assert signed.encode().decode() == C2SP
    assert signed.note.signatures[1].signature[:8].hex() == "00000000641850cb"  # time 1679315147


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+c74f20a3",
        "a b+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Other+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcCGcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2Q==",
        "PeterNeumann+c74f20a3+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_a_vkey_that_does_not_fit_itself_is_refused(text):
    with pytest.raises(Malformed):
        note.read_vkey(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\xe2\x80\x94 name\n",
        b"text\n\n\xe2\x80\x94 name AAAA\n",
        b"text\n\n\xe2\x80\x94 name AAAAAAA\n",
        b"text\n\n- name AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 name AAAAAAAB",
        b"te\x00xt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"te\rxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"\xff\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"x" * 70_000,
        b"text\n\n" + b"\xe2\x80\x94 name AAAAAAAA\n" * 65,
    ],
)
def test_what_is_no_note_is_refused(data):
    with pytest.raises(Malformed):
        note.read(data)


@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail_in_another_way(data):
    for read in (note.read, checkpoint.read):
        try:
            read(data)
        except TrucelineError:
            continue


def test_a_checkpoint_is_signed_under_its_origin_and_read_back():
    signed = checkpoint.sign(HEAD, LOG)

    assert checkpoint.verified(signed.encode(), checkpoint.log_key(ORIGIN, LOG)) == signed


def test_another_key_or_another_origin_proves_nothing():
    signed = checkpoint.sign(HEAD, LOG)
    other = checkpoint.sign(Checkpoint("other.example/log", 7, HEAD.root), LOG)
    disguised = note.Note(other.note.text, (note.sign(other.note.text, ORIGIN, LOG),))

    with pytest.raises(Unproven, match="no signature by"):
        checkpoint.verified(signed.encode(), checkpoint.log_key(ORIGIN, WITNESS))
    with pytest.raises(Unproven, match="the checkpoint is of other"):
        checkpoint.verified(disguised.encode(), checkpoint.log_key(ORIGIN, LOG))


def test_an_altered_size_or_root_no_longer_verifies():
    data = checkpoint.sign(HEAD, LOG).encode()

    with pytest.raises(Unproven, match="does not hold"):
        checkpoint.verified(data.replace(b"\n7\n", b"\n8\n"), checkpoint.log_key(ORIGIN, LOG))


def test_a_good_and_a_bad_signature_by_one_key_are_refused_together():
    signed = checkpoint.sign(HEAD, LOG)
    good = signed.note.signatures[0]
    bad = SignatureLine(good.name, good.key_id, bytes(64))

    with pytest.raises(Unproven):
        note.verify(signed.note.adding([bad]), checkpoint.log_key(ORIGIN, LOG))


def test_a_signature_by_an_unknown_key_is_ignored():
    signed = checkpoint.sign(HEAD, LOG)
    stranger = note.sign(signed.note.text, "stranger.example", WITNESS)

    note.verify(signed.note.adding([stranger]), checkpoint.log_key(ORIGIN, LOG))


@pytest.mark.parametrize(
    "text",
    [
        "origin\n7\n",
        "origin\n07\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n9007199254740992\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n7\nCsUY\n",
        "origin\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "origin\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text):
    with pytest.raises(Malformed):
        checkpoint.read_text(text)


# -- cosignatures -------------------------------------------------------------


def test_a_cosignature_says_when_and_by_whom():
    text = HEAD.text()
    line = cosignature.sign(text, WITNESS_NAME, WITNESS, signed_at_s=1_700_000_000)
    witness = cosignature.witness_key(WITNESS_NAME, WITNESS.public)

    assert cosignature.verify(text, line, witness).signed_at_s == 1_700_000_000
    assert cosignature.message(text, 5) == f"cosignature/v1\ntime 5\n{text}".encode()


def test_a_cosignature_of_another_time_text_or_key_does_not_hold():
    text = HEAD.text()
    line = cosignature.sign(text, WITNESS_NAME, WITNESS, signed_at_s=1_700_000_000)
    witness = cosignature.witness_key(WITNESS_NAME, WITNESS.public)
    later = SignatureLine(
        line.name, line.key_id, (1_700_000_001).to_bytes(8, "big") + line.signature[8:]
    )

    for bad_text, bad_line, key in (
        (text.replace("7", "8", 1), line, witness),
        (text, later, witness),
        (text, line, cosignature.witness_key(WITNESS_NAME, LOG.public)),
        (text, SignatureLine(line.name, line.key_id, line.signature[:40]), witness),
    ):
        with pytest.raises(Unproven):
            cosignature.verify(bad_text, bad_line, key)


def test_a_witness_signs_nothing_but_checkpoints():
    with pytest.raises(Malformed):
        cosignature.sign("anything\n", WITNESS_NAME, WITNESS, signed_at_s=1)


def test_a_plain_note_signature_is_no_cosignature():
    signed = checkpoint.sign(HEAD, LOG)
    plain = note.sign(signed.note.text, WITNESS_NAME, WITNESS)
    witness = cosignature.witness_key(WITNESS_NAME, WITNESS.public)

    assert not plain.is_by(witness)
    assert not cosignature.quorum(signed.note.adding([plain]), [witness], 1).met


def quorum_of(*signers: int, needed: int = 2) -> cosignature.Quorum:
    made = [keys.from_seed(bytes([number]) * 32) for number in (2, 3, 4)]
    names = [f"w{number}.example" for number in (2, 3, 4)]
    known = [
        cosignature.witness_key(name, key.public) for name, key in zip(names, made, strict=True)
    ]
    signed = checkpoint.sign(HEAD, LOG).note
    lines = [cosignature.sign(signed.text, names[at], made[at], signed_at_s=9) for at in signers]
    return cosignature.quorum(signed.adding(lines), known, needed)


def test_a_quorum_counts_known_witnesses_once():
    assert not quorum_of(0).met
    assert not quorum_of(0, 0, 0).met
    assert quorum_of(0, 2).met
    assert [key.name for key in quorum_of(0, 2).missing] == ["w3.example"]
    with pytest.raises(Unproven, match="1 of 2"):
        quorum_of(1).require()


def test_one_key_under_two_names_is_one_witness():
    known = [cosignature.witness_key(name, WITNESS.public) for name in ("a.example", "b.example")]
    signed = checkpoint.sign(HEAD, LOG).note
    lines = [cosignature.sign(signed.text, key.name, WITNESS, signed_at_s=9) for key in known]

    assert len(cosignature.quorum(signed.adding(lines), known, 2).good) == 1


def test_a_bad_line_by_a_known_witness_spoils_the_quorum():
    witness = cosignature.witness_key(WITNESS_NAME, WITNESS.public)
    signed = checkpoint.sign(HEAD, LOG).note
    bad = SignatureLine(witness.name, witness.key_id, bytes(72))
    counted = cosignature.quorum(signed.adding([bad]), [witness], 0)

    assert counted.bad == (witness,)
    assert not counted.met


def test_another_implementation_reads_our_checkpoint_and_cosignature():
    signed = checkpoint.sign(HEAD, LOG)
    line = cosignature.sign(signed.note.text, WITNESS_NAME, WITNESS, signed_at_s=1_700_000_000)
    read = aics_tlog.parse_note(signed.note.adding([line]).encode())
    vkey = aics_tlog.parse_vkey(VerifierKey(ORIGIN, LOG.public).text())
    witness = aics_tlog.parse_vkey(cosignature.witness_key(WITNESS_NAME, WITNESS.public).text())

    result = aics_tlog.verify_checkpoint(read, vkey, [witness], 1, expected_origin=ORIGIN)
    assert result.ok

"""The witness's decision, and the log's side of the conversation: bytes in, bytes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.log_host import MECHANISM, ORIGIN, WITNESSES, LogHost, key

from truceline.errors import Malformed, Refused, Unavailable, Unproven
from truceline.ledger import checkpoint, cosignature, witness
from truceline.ledger.checkpoint import Checkpoint
from truceline.ledger.witness import AddCheckpoint, Reply, Seen, judge

LOGS = {ORIGIN: (checkpoint.log_key(ORIGIN, MECHANISM),)}
NAME = next(iter(WITNESSES))
KEY = WITNESSES[NAME]
VKEY = cosignature.witness_key(NAME, KEY.public)


@pytest.fixture(scope="module")
def host():
    made = LogHost().found()
    made.contest(300)
    return made


def request(host: LogHost, old: int, new: int) -> bytes:
    return AddCheckpoint(old, tuple(host.prove(old, new)) if old else (), host.head(new)).encode()


def seen(host: LogHost, size: int) -> dict[str, Seen]:
    return {ORIGIN: Seen(size, host.head(size).checkpoint.root)} if size else {}


@pytest.mark.parametrize(
    ("old", "new"), [(0, 1), (0, 308), (1, 2), (7, 256), (256, 257), (300, 308), (308, 308)]
)
def test_growth_with_its_proof_is_accepted(host, old, new):
    verdict = judge(request(host, old, new), LOGS, seen(host, old))

    assert verdict.status == 200
    assert verdict.now_seen == Seen(new, host.head(new).checkpoint.root)


def test_a_request_is_read_back_as_it_was_written(host):
    body = request(host, 7, 256)

    assert witness.read_request(body).encode() == body


def test_an_unknown_log_is_404_and_a_wrong_key_403(host):
    body = request(host, 0, 8)
    forged = AddCheckpoint(0, (), checkpoint.sign(host.head(8).checkpoint, key("someone"))).encode()

    assert judge(body, {}, {}).status == 404
    assert judge(forged, LOGS, {}).status == 403


def test_a_wrong_old_size_is_409_and_names_the_right_one(host):
    verdict = judge(request(host, 0, 300), LOGS, seen(host, 7))

    assert (verdict.status, verdict.content_type, verdict.body) == (409, "text/x.tlog.size", "7\n")


def test_a_rollback_is_never_accepted(host):
    assert judge(request(host, 0, 8), LOGS, seen(host, 300)).status == 409
    assert judge(AddCheckpoint(300, (), host.head(8)).encode(), LOGS, seen(host, 300)).status == 400


def test_a_fork_is_never_accepted(host):
    liar = host.forked(6)
    liar.contest(302, by="north")

    grown = judge(request(liar, 300, 308), LOGS, seen(host, 300))
    same_size = judge(AddCheckpoint(300, (), liar.head(300)).encode(), LOGS, seen(host, 300))

    assert grown.status == 422
    assert same_size.status == 409
    assert (
        judge(AddCheckpoint(300, (), host.head(308)).encode(), LOGS, seen(host, 300)).status == 422
    )


def test_a_first_request_may_carry_no_proof(host):
    body = AddCheckpoint(0, (b"\x00" * 32,), host.head(8)).encode()

    assert judge(body, LOGS, {}).status == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old -1\n\n",
        b"old 01\n\n",
        b"size 0\n\n",
        b"old 0\nAAAA\n\n",
        b"old 0\n" + b"A" * 43 + b"=\n" * 64 + b"\n",
        b"old 0\n\nnot a checkpoint\n",
        b"old 0\n\n" + b"x" * 70_000,
    ],
)
def test_what_is_no_request_is_400(body):
    assert judge(body, LOGS, {}).status == 400


@given(st.binary(max_size=200))
def test_no_bytes_shake_a_witness(data):
    assert judge(data, LOGS, {}).status in (400, 404)
    assert judge(b"old 0\n\n" + data, LOGS, {}).status in (400, 404)


def test_an_empty_log_may_be_cosigned(host):
    empty = checkpoint.sign(Checkpoint(ORIGIN, 0, witness.NOTHING_SEEN.root), MECHANISM)

    assert judge(AddCheckpoint(0, (), empty).encode(), LOGS, {}).status == 200


# -- the log's side -----------------------------------------------------------


class Wire:
    """A witness at the other end, in this process; notes what it was asked."""

    def __init__(self, bound: dict[str, Seen]) -> None:
        self.seen, self.asked = bound, []

    def __call__(self, body: bytes) -> Reply:
        self.asked.append(witness.read_request(body).old_size)
        verdict = judge(body, LOGS, self.seen)
        if verdict.accepted:
            line = cosignature.sign(verdict.accepted.note.text, NAME, KEY, signed_at_s=5)
            verdict = witness.answer(verdict.accepted, line)
        return Reply(verdict.status, verdict.content_type, verdict.body.encode())


def test_a_log_that_knows_the_size_asks_once(host):
    wire = Wire(seen(host, 7))
    line, said = witness.cosign(host.head(300), VKEY, old_size=7, prove=host.prove, post=wire)

    assert wire.asked == [7]
    assert said.signed_at_s == 5
    assert cosignature.quorum(host.head(300).note.adding([line]), [VKEY], 1).met


def test_a_log_that_lost_its_notes_learns_the_size_and_asks_again(host):
    wire = Wire(seen(host, 256))
    witness.cosign(host.head(300), VKEY, old_size=0, prove=host.prove, post=wire)

    assert wire.asked == [0, 256]


def test_a_witness_that_is_ahead_means_try_later(host):
    with pytest.raises(Unavailable, match="has seen 308 leaves"):
        witness.cosign(
            host.head(300), VKEY, old_size=0, prove=host.prove, post=Wire(seen(host, 308))
        )


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(403, "text/plain", b"no"), Refused),
        (Reply(503, "text/plain", b"disk full"), Unavailable),
        (Reply(409, "text/plain", b"?"), Refused),
        (Reply(409, "text/x.tlog.size", b"seven\n"), Malformed),
        (Reply(409, "text/x.tlog.size", b"7"), Malformed),
        (Reply(200, "text/plain", b""), Malformed),
        (Reply(200, "text/plain", b"\xff\xfe"), Malformed),
        (Reply(200, "text/plain", b"x" * 70_000), Malformed),
        (Reply(200, "text/plain", "— somebody.example AAAAAAAA\n".encode()), Unproven),
    ],
)
def test_a_witness_that_lags_or_lies_is_told_apart(host, reply, failure):
    with pytest.raises(failure):
        witness.cosign(host.head(8), VKEY, old_size=0, prove=host.prove, post=lambda _: reply)


def test_a_cosignature_on_another_checkpoint_is_not_taken(host):
    line = cosignature.sign(host.head(9).note.text, NAME, KEY, signed_at_s=5)

    with pytest.raises(Unproven, match="does not hold"):
        witness.cosign(
            host.head(8),
            VKEY,
            old_size=0,
            prove=host.prove,
            post=lambda _: Reply(200, "text/plain", line.text().encode()),
        )


def test_a_proof_from_a_size_that_the_witness_never_saw_is_409(host):
    verdict = judge(request(host, 256, 300), LOGS, seen(host, 7))

    assert (verdict.status, verdict.body) == (409, "7\n")

"""The witness protocol (C2SP tlog-witness, add-checkpoint): requests, answers, the decision.

Pure on both sides. `judge` is the whole of a witness's conscience: what it saw
last goes in, a verdict comes out. The edge (`verifier/world.py`) writes the new
state durably *before* it signs, so that no crash makes a witness sign two
histories; a state written and never signed costs one more request.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from truceline.errors import Malformed, Reason, Refused, TrucelineError, Unavailable, Unproven
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import cosignature, note, proof
from truceline.ledger.checkpoint import SignedCheckpoint
from truceline.ledger.cosignature import Cosignature
from truceline.ledger.note import SignatureLine, VerifierKey
from truceline.ledger.tree import EMPTY_ROOT, HASH_BYTES

MAX_REQUEST_BYTES = 64 * 1024
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"

_OK, _BAD, _FORBIDDEN, _UNKNOWN, _CONFLICT, _UNPROVEN = 200, 400, 403, 404, 409, 422


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """One request: the size the log believes we saw, the proof from it, the new checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    signed: SignedCheckpoint

    def encode(self) -> bytes:
        """The request's body."""
        lines = [
            f"old {self.old_size}",
            *(base64.b64encode(one).decode() for one in self.proof),
            "",
        ]
        return "".join(f"{line}\n" for line in lines).encode() + self.signed.encode()


def read_request(body: bytes) -> AddCheckpoint:
    """Return the request in a body, or raise `Malformed`."""
    if len(body) > MAX_REQUEST_BYTES:
        raise Malformed(
            Reason.TOO_LARGE, where="request", detail=f"more than {MAX_REQUEST_BYTES} bytes"
        )
    head, cut, rest = body.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    if not cut or not first.startswith(b"old ") or len(lines) > proof.MAX_PROOF:
        raise Malformed(
            Reason.BAD_FORMAT,
            where="request",
            detail="not `old SIZE`, proof lines, an empty line and a checkpoint",
        )
    old_size = checkpoints.read_size(first[4:].decode("ascii", "replace"), where="old size")
    return AddCheckpoint(old_size, tuple(_hash(line) for line in lines), checkpoints.read(rest))


def _hash(line: bytes) -> bytes:
    try:
        data = binascii.a2b_base64(line, strict_mode=True)
    except ValueError:
        data = b""
    if len(data) != HASH_BYTES or base64.b64encode(data) != line:
        raise Malformed(
            Reason.BAD_FORMAT, where="proof", detail="a proof line is 32 bytes in base 64"
        )
    return data


@dataclass(frozen=True, slots=True)
class Seen:
    """The largest tree of a log that this witness has cosigned or is bound by."""

    size: int
    root: bytes


NOTHING_SEEN = Seen(0, EMPTY_ROOT)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to answer. `accepted` is set for 200 alone: write it down, then sign it."""

    status: int
    body: str
    content_type: str = TEXT_TYPE
    accepted: SignedCheckpoint | None = None

    @property
    def now_seen(self) -> Seen:
        """What to remember before signing; only after an acceptance."""
        if self.accepted is None:
            raise Malformed(Reason.WRONG_STATE, detail="nothing was accepted")
        return Seen(self.accepted.checkpoint.size, self.accepted.checkpoint.root)


def judge(
    body: bytes,
    logs: Mapping[str, Sequence[VerifierKey]],
    seen: Mapping[str, Seen],
) -> Verdict:
    """Decide one add-checkpoint request, in the order of the specification.

    400 unreadable, or old size beyond the checkpoint; 404 unknown log; 403 not
    signed by it; 409 not what we saw last (with the size that we did see), or the
    same size with another root; 422 the proof does not hold; 200 accepted.
    """
    try:
        request = read_request(body)
    except Malformed as error:
        return Verdict(_BAD, f"{error}\n")
    origin = request.signed.checkpoint.origin
    if origin not in logs:
        return Verdict(_UNKNOWN, "this witness does not follow that log\n")
    if not _signed_by_log(request.signed, logs[origin]):
        return Verdict(_FORBIDDEN, "not signed by that log\n")
    return _judge_growth(request, seen.get(origin, NOTHING_SEEN))


def _signed_by_log(signed: SignedCheckpoint, known: Sequence[VerifierKey]) -> bool:
    """Any one key of the log will do; a bad signature by a known key spoils the note."""
    by_known = [key for key in known if any(line.is_by(key) for line in signed.note.signatures)]
    try:
        for key in by_known:
            note.verify(signed.note, key)
    except Unproven:
        return False
    return bool(by_known)


def _judge_growth(request: AddCheckpoint, last: Seen) -> Verdict:
    head = request.signed.checkpoint
    if request.old_size > head.size:
        return Verdict(_BAD, "the old size is larger than the checkpoint\n")
    if request.old_size != last.size:
        return Verdict(_CONFLICT, f"{last.size}\n", SIZE_TYPE)
    if head.size == last.size and head.root != last.root:
        return Verdict(_CONFLICT, f"{last.size}\n", SIZE_TYPE)
    try:
        proof.verify_consistency(last.size, last.root, head.size, head.root, request.proof)
    except Unproven as error:
        return Verdict(_UNPROVEN, f"{error}\n")
    return Verdict(_OK, "", accepted=request.signed)


def answer(accepted: SignedCheckpoint, line: SignatureLine) -> Verdict:
    """Return the answer of 200: the witness's signature line, once its state is durable."""
    return Verdict(_OK, line.text(), accepted=accepted)


# -- the log's side -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as a log reads it."""

    status: int
    content_type: str
    body: bytes


type Post = Callable[[bytes], Reply]
"""Send an add-checkpoint body to one witness; raises `Unavailable` when it cannot."""

type Prove = Callable[[int, int], Sequence[bytes]]
"""Make the consistency proof from one size to another."""


def cosign(
    signed: SignedCheckpoint,
    witness: VerifierKey,
    *,
    old_size: int,
    prove: Prove,
    post: Post,
) -> tuple[SignatureLine, Cosignature]:
    """Ask one witness for its cosignature; `old_size` is what it saw last, as far as we know.

    A witness that saw another size says so (409) and is asked once more from
    there. Raises `Unavailable` when it is ahead of us or unwell, `Refused` when it
    turns the checkpoint down, `Unproven` when its answer does not hold.
    """
    reply = post(_request(signed, min(old_size, signed.checkpoint.size), prove))
    behind = _size_in(reply)
    if behind is not None:
        if behind > signed.checkpoint.size:
            raise Unavailable(
                Reason.BUSY,
                where=witness.name,
                detail=f"the witness has seen {behind} leaves, more than {signed.checkpoint.size}",
            )
        reply = post(_request(signed, behind, prove))
    return read_answer(reply, signed, witness)


def _request(signed: SignedCheckpoint, old_size: int, prove: Prove) -> bytes:
    path = tuple(prove(old_size, signed.checkpoint.size)) if old_size else ()
    return AddCheckpoint(old_size, path, signed).encode()


def _size_in(reply: Reply) -> int | None:
    if reply.status != _CONFLICT or reply.content_type.split(";")[0].strip() != SIZE_TYPE:
        return None
    text = reply.body.decode("ascii", "replace")
    if not text.endswith("\n"):
        raise Malformed(Reason.BAD_FORMAT, where="witness", detail="its size is not a line")
    return checkpoints.read_size(text[:-1], where="witness")


def read_answer(
    reply: Reply, signed: SignedCheckpoint, witness: VerifierKey
) -> tuple[SignatureLine, Cosignature]:
    """Return the witness's line and what it says, checked against the checkpoint."""
    if reply.status != _OK:
        raise _refusal(reply, witness)
    if len(reply.body) > MAX_REQUEST_BYTES:
        raise Malformed(Reason.TOO_LARGE, where=witness.name, detail="the answer is too long")
    try:
        lines = note.read_lines(reply.body.decode("utf-8"), where=witness.name)
    except UnicodeDecodeError:
        raise Malformed(
            Reason.BAD_TEXT, where=witness.name, detail="the answer is not UTF-8"
        ) from None
    for line in lines:
        if line.is_by(witness):
            return line, cosignature.verify(signed.note.text, line, witness)
    raise Unproven(
        Reason.BAD_SIGNATURE, where=witness.name, detail="the answer has no line by this witness"
    )


def _refusal(reply: Reply, witness: VerifierKey) -> TrucelineError:
    said = reply.body[:200].decode("utf-8", "replace").strip()
    detail = f"the witness answered {reply.status}: {said}"
    if reply.status >= 500 or reply.status == 429:
        return Unavailable(Reason.BUSY, where=witness.name, detail=detail)
    return Refused(Reason.INCONSISTENT, where=witness.name, detail=detail)

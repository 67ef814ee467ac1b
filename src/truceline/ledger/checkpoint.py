"""Checkpoints (C2SP tlog-checkpoint): the signed head of the log.

Three lines (origin, size, root) signed by the mechanism's key under the origin's
name. A log signs only what grows from what it signed before; that is checked by
consistency proofs (`proof.py`) and by witnesses (`witness.py`).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from truceline.errors import Malformed, Reason, Unproven
from truceline.ledger import note
from truceline.ledger.note import Note, VerifierKey
from truceline.ledger.tree import EMPTY_ROOT, HASH_BYTES
from truceline.records.keys import SigningKey

MAX_SIZE = 2**53 - 1
"""Beyond it a browser no longer counts exactly."""

_SIZE = re.compile(r"^(0|[1-9][0-9]{0,15})$")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: the log's origin, its size, and the root over all its leaves."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note text, its last newline included."""
        root = base64.b64encode(self.root).decode("ascii")
        return "".join(
            f"{line}\n" for line in (self.origin, str(self.size), root, *self.extensions)
        )


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint together with the note that carries its signatures."""

    checkpoint: Checkpoint
    note: Note

    def encode(self) -> bytes:
        """The bytes as they are published."""
        return self.note.encode()


def read_text(text: str, *, where: str = "checkpoint") -> Checkpoint:
    """Return the checkpoint in a note's text."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise Malformed(
            Reason.BAD_FORMAT,
            where=where,
            detail="a checkpoint has origin, size and root, one a line",
        )
    size = read_size(lines[1], where=where)
    root = _root(lines[2], where)
    if size == 0 and root != EMPTY_ROOT:
        raise Malformed(
            Reason.BAD_FORMAT, where=where, detail="an empty log has the root of no leaves"
        )
    return Checkpoint(lines[0], size, root, tuple(lines[3:]))


def read_size(text: str, *, where: str) -> int:
    """Return a tree size written in decimal without leading zeroes."""
    if not _SIZE.match(text) or int(text) > MAX_SIZE:
        raise Malformed(
            Reason.BAD_FORMAT, where=where, detail="a tree size is decimal without leading zeroes"
        )
    return int(text)


def _root(text: str, where: str) -> bytes:
    try:
        root = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (ValueError, UnicodeEncodeError):
        raise Malformed(Reason.BAD_FORMAT, where=where, detail="the root is not base 64") from None
    if len(root) != HASH_BYTES or base64.b64encode(root).decode("ascii") != text:
        raise Malformed(
            Reason.BAD_FORMAT, where=where, detail="the root is not 32 bytes in base 64"
        )
    return root


def read(data: bytes, *, where: str = "checkpoint") -> SignedCheckpoint:
    """Return the checkpoint in a signed note; its signatures are not checked."""
    signed = note.read(data, where=where)
    return SignedCheckpoint(read_text(signed.text, where=where), signed)


def verified(data: bytes, key: VerifierKey, *, where: str = "checkpoint") -> SignedCheckpoint:
    """Return the checkpoint in `data`, signed by the log's key for the log's origin.

    Raises `Unproven` for a missing or bad signature and for another log's origin.
    """
    signed = read(data, where=where)
    note.verify(signed.note, key, where=where)
    if signed.checkpoint.origin != key.name:
        raise Unproven(
            Reason.WRONG_LOG,
            where=where,
            detail=f"the checkpoint is of {signed.checkpoint.origin}, the key of {key.name}",
        )
    return signed


def sign(checkpoint: Checkpoint, key: SigningKey) -> SignedCheckpoint:
    """Return the checkpoint signed by the log's key, named by the origin."""
    note.check_name(checkpoint.origin, where="origin")
    text = checkpoint.text()
    return SignedCheckpoint(checkpoint, Note(text, (note.sign(text, checkpoint.origin, key),)))


def log_key(origin: str, key: SigningKey) -> VerifierKey:
    """Return the verifier key of a log: what the file `vkey` holds."""
    note.check_name(origin, where="origin")
    return VerifierKey(origin, key.public)

"""Cosignatures (C2SP tlog-cosignature, Ed25519 cosignature/v1) and their quorum.

A witness's statement: "at this second, the largest tree I have seen of this log,
each consistent with the one before, has this root." A host that shows two logs
needs a quorum of witnesses to lie with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from truceline.errors import Malformed, Reason, Unproven
from truceline.ledger import note
from truceline.ledger.note import COSIGNATURE_V1, Note, SignatureLine, VerifierKey
from truceline.records import keys
from truceline.records.keys import SIGNATURE_BYTES, SigningKey

_TIME_BYTES = 8
_MAX_TIME = 2**63 - 1
_CHECKPOINT = re.compile(r"^[^\n]+\n(0|[1-9][0-9]*)\n[^\n]+\n")


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's good signature, and the second (POSIX) at which it was made."""

    witness: VerifierKey
    signed_at_s: int


@dataclass(frozen=True, slots=True)
class Quorum:
    """What witnesses said of one checkpoint: who signed, who did not, whose line is bad."""

    needed: int
    good: tuple[Cosignature, ...]
    missing: tuple[VerifierKey, ...]
    bad: tuple[VerifierKey, ...] = ()

    @property
    def met(self) -> bool:
        """Say whether enough witnesses signed; a bad line by a known witness spoils it."""
        return len(self.good) >= self.needed and not self.bad

    def require(self) -> None:
        """Raise `Unproven` unless the quorum is met."""
        if not self.met:
            raise Unproven(
                Reason.QUORUM,
                where="checkpoint",
                detail=f"{len(self.good)} of {self.needed} cosignatures, {len(self.bad)} bad",
            )


def message(text: str, signed_at_s: int) -> bytes:
    """Return the bytes that a witness signs: header, time, and the whole note text."""
    return f"cosignature/v1\ntime {signed_at_s}\n{text}".encode()


def sign(text: str, name: str, key: SigningKey, *, signed_at_s: int) -> SignatureLine:
    """Return the cosignature line of a checkpoint's note text.

    Refuses a text that is not a checkpoint's: a witness signs nothing else.
    """
    if not _CHECKPOINT.match(text) or not 0 <= signed_at_s <= _MAX_TIME:
        raise Malformed(
            Reason.BAD_FORMAT, where="cosignature", detail="not a checkpoint or not a time"
        )
    note.check_name(name, where="witness name")
    signature = key.sign(message(text, signed_at_s))
    stamped = signed_at_s.to_bytes(_TIME_BYTES, "big") + signature
    return SignatureLine(name, witness_key(name, key.public).key_id, stamped)


def witness_key(name: str, public: bytes) -> VerifierKey:
    """Return the verifier key of a witness: type 0x04."""
    return VerifierKey(name, public, COSIGNATURE_V1)


def verify(text: str, line: SignatureLine, witness: VerifierKey) -> Cosignature:
    """Return the cosignature in `line`, or raise `Unproven` when it does not hold."""
    good = (
        line.is_by(witness)
        and witness.algorithm == COSIGNATURE_V1
        and len(line.signature) == _TIME_BYTES + SIGNATURE_BYTES
    )
    signed_at_s = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    signature = line.signature[_TIME_BYTES:]
    if (
        not good
        or signed_at_s > _MAX_TIME
        or not keys.holds(witness.public, message(text, signed_at_s), signature)
    ):
        raise Unproven(
            Reason.BAD_SIGNATURE,
            where="cosignature",
            detail=f"the cosignature by {witness.name} does not hold",
        )
    return Cosignature(witness, signed_at_s)


def quorum(signed: Note, witnesses: Sequence[VerifierKey], needed: int) -> Quorum:
    """Count the cosignatures of known witnesses on a checkpoint's note.

    Two names with one public key count once: a witness is a key, not a name.
    """
    good: dict[bytes, Cosignature] = {}
    missing, bad = [], []
    for witness in witnesses:
        lines = [line for line in signed.signatures if line.is_by(witness)]
        if not lines:
            missing.append(witness)
            continue
        try:
            held = [verify(signed.text, line, witness) for line in lines]
        except Unproven:
            bad.append(witness)
            continue
        good.setdefault(witness.public, max(held, key=lambda one: one.signed_at_s))
    return Quorum(needed, tuple(good.values()), tuple(missing), tuple(bad))

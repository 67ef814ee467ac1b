"""What the mechanism says in its own name: ids, numbers, signatures.

Statements that follow from a record (`Follow`) get their id from their cause, under a
secret of the mechanism's: nobody can take it before. A statement whose kind is sealed is signed under the
mechanism's pseudonym, and its leaf shows nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from truceline.mechanism.submission import Submission, of
from truceline.parties.mandate import MECHANISM
from truceline.records import envelope, sealed
from truceline.records.keys import SigningKey
from truceline.records.kinds import SEALED_LEAF
from truceline.records.record import Micros, Record, RecordId
from truceline.records.sealed import SALT_BYTES, Disclosure

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHANCE_BYTES = 10

type Chance = Callable[[int], bytes]
"""Gives so many random bytes."""


def ulid(at: Micros, chance: bytes) -> RecordId:
    """Return the ULID of a moment (its milliseconds) and 80 bits."""
    number = ((at // 1000) & (2**48 - 1)) << 80 | int.from_bytes(chance[:_CHANCE_BYTES], "big")
    return RecordId("".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5)))


def secret_of_ids(key: SigningKey) -> bytes:
    """Return the secret under which ids follow from causes; a standby has the same key, so the same."""
    return hmac.digest(key.seed, b"truceline ids of what is caused", hashlib.sha256)


def caused_id(secret: bytes, log: str, seed: str, at: Micros) -> RecordId:
    """Return the record id that follows from a cause: HMAC-SHA-256 under the mechanism's secret."""
    return ulid(at, hmac.digest(secret, f"{log}\n{seed}".encode(), hashlib.sha256))


def clear(
    kind: str,
    body: Mapping[str, Any],
    *,
    log: str,
    record_id: RecordId,
    seq: int,
    at: Micros,
    refs: Sequence[str],
    parts: Mapping[str, Any],
    key: SigningKey,
    chance: Chance,
) -> Submission:
    """Return a statement in clear, its sealed parts sealed, signed by the mechanism."""
    disclosures = _sealed(parts, chance)
    made = Record(
        log=log,
        kind=kind,
        id=record_id,
        author=MECHANISM,
        seq=seq,
        made_at=at,
        refs=tuple(refs),
        body=body,
        sealed=sealed.digests(disclosures),
    )
    return of(envelope.sign(made.canonical(), key), made, disclosures)


def hidden(
    kind: str,
    body: Mapping[str, Any],
    *,
    log: str,
    record_id: RecordId,
    seq: int,
    at: Micros,
    refs: Sequence[str],
    parts: Mapping[str, Any],
    key: SigningKey,
    chance: Chance,
) -> Submission:
    """Return a statement as a sealed leaf, signed under the mechanism's pseudonym `key`."""
    inside = {"kind": kind, "author": MECHANISM, "refs": list(refs), "body": dict(body), **parts}
    disclosures = _sealed(inside, chance)
    made = Record(
        log=log,
        kind=SEALED_LEAF,
        id=record_id,
        author="",
        seq=seq,
        made_at=at,
        sealed=sealed.digests(disclosures),
    )
    return of(envelope.sign(made.canonical(), key), made, disclosures)


def _sealed(parts: Mapping[str, Any], chance: Chance) -> tuple[Disclosure, ...]:
    return sealed.seal(parts, lambda: chance(SALT_BYTES)) if parts else ()

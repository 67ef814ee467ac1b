"""A record on its way through the door: what the rules are given, and what they answer.

`Candidate` is a record whose signature and signer are already proved; `Admitted`
is the same with its place in the log; `Follow` is a statement that the mechanism
makes in the same breath (an adoption when the last consent arrives).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from truceline.records.keys import KeyId
from truceline.records.kinds import Kind
from truceline.records.record import Micros, Record
from truceline.records.roles import Role


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed, as the register had it at `received_at`.

    `officer` is "" when the body's own key signed, and both are "" for the
    mechanism and for a key that only a key record makes known.
    """

    key: KeyId
    body: str
    officer: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A readable, rightly signed record that the rules have yet to judge.

    `record` is the inner record: for a sealed leaf its kind, author and body come
    from the disclosures. `parts` are the sealed parts that were handed over.
    `signers` has one entry for each verified signature.
    """

    record: Record
    kind: Kind
    signer: Signer
    received_at: Micros
    parts: Mapping[str, Any] = field(default_factory=dict)
    signers: tuple[Signer, ...] = ()
    public_keys: Mapping[KeyId, bytes] = field(default_factory=dict)
    sealed_leaf: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """A candidate that was taken, at its place in the log."""

    index: int
    record: Record
    signer: Signer
    received_at: Micros
    parts: Mapping[str, Any] = field(default_factory=dict)
    sealed_leaf: bool = False


@dataclass(frozen=True, slots=True)
class Follow:
    """A statement that the mechanism makes because of the record before it.

    `id_seed` makes the record id: the same cause gives the same id, so that a
    follow is never said twice.
    """

    kind: str
    body: Mapping[str, Any]
    refs: tuple[str, ...]
    id_seed: str

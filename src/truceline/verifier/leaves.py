"""One page of the log, leaf by leaf: what can be judged without knowing its neighbours.

This is the costly part (hashes, canonical bytes, signatures), and it is pure, so
`world.py` runs pages on every core. A key id is the hash of its key, so a
signature can be checked by any key once seen; *whether* the key was in force is a
matter of order and belongs to `fold.py`. A signature by a key that this page's
worker had not seen is handed back unjudged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from truceline.errors import TrucelineError
from truceline.ledger import audit
from truceline.ledger.audit import Flaw, Page
from truceline.records import envelope, keys, record
from truceline.records.envelope import Entry
from truceline.records.keys import KeyId
from truceline.records.kinds import KINDS, SEALED_LEAF
from truceline.records.record import PAYLOAD_TYPE, Record
from truceline.verifier.keyring import KEY_KINDS
from truceline.verifier.public_map import MAP_KINDS, WATCH_KINDS

_KEPT_BODIES = KEY_KINDS | MAP_KINDS | WATCH_KINDS
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


class Unjudged(NamedTuple):
    """A signature whose key was not known yet to this page's worker."""

    key: KeyId
    value: bytes
    message: bytes


class Leaf(NamedTuple):
    """What order-dependent checks need of one leaf; bodies only of kinds that matter there."""

    number: int
    received_at: int
    id: str
    kind: str
    author: str
    seq: int
    keys: tuple[KeyId, ...]
    body: Mapping[str, Any] | None = None
    refs: tuple[str, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    flaws: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()  # the digests of a sealed leaf


class Unreadable(NamedTuple):
    """A leaf that is not a record at all."""

    number: int
    says: str


@dataclass(frozen=True, slots=True)
class Task:
    """One page, the log's origin, and the public keys known when the task was made."""

    page: Page
    origin: str
    publics: Mapping[KeyId, bytes]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a page showed: its leaf hashes to build on, flaws of hashing, and its leaves."""

    hashes: bytes | None
    flaws: list[Flaw] = field(default_factory=list)
    leaves: list[Leaf | Unreadable] = field(default_factory=list)


def check(task: Task) -> Checked:
    """Check every leaf of one page."""
    entries, hashes, flaws = audit.check_page(task.page)
    known = dict(task.publics)
    leaves = [
        _leaf(task.page.first + at, entry, task.origin, known) for at, entry in enumerate(entries)
    ]
    return Checked(hashes, flaws, leaves)


def _leaf(index: int, data: bytes, origin: str, known: dict[KeyId, bytes]) -> Leaf | Unreadable:
    try:
        entry = envelope.read_entry(data)
        said = record.read(entry.envelope.payload)
    except TrucelineError as error:
        return Unreadable(index, f"leaf {index} is not a record: {error.detail}")
    flaws = list(_flaws_of(index, entry, said, origin))
    if not flaws and said.kind in KEY_KINDS:
        known.update(_keys_in(said.body))
    unjudged = _signatures(index, entry, known, flaws)
    kept = said.kind in _KEPT_BODIES and not flaws
    return Leaf(
        index,
        entry.received_at,
        said.id,
        said.kind,
        said.author,
        said.seq,
        tuple([one.key for one in entry.envelope.signatures]),
        said.body if kept else None,
        said.refs,
        tuple(unjudged),
        tuple(flaws),
        said.sealed if said.kind == SEALED_LEAF else (),
    )


def _flaws_of(index: int, entry: Entry, said: Record, origin: str) -> list[str]:
    """What is wrong with a readable record in itself: type, log, kind, shape of the body."""
    if entry.envelope.payload_type != PAYLOAD_TYPE:
        return [f"leaf {index} is signed as {entry.envelope.payload_type}, not as a record"]
    if said.log != origin:
        return [f"leaf {index} is a record of another log, {said.log}"]
    if not _ULID.fullmatch(said.id):
        return [f"leaf {index} has the id {said.id!r}, which is none"]
    if said.kind == SEALED_LEAF:
        clear = said.author or said.body or said.refs or not said.sealed
        return [f"leaf {index} is sealed and says more than it should"] if clear else []
    return _body_flaws(index, said)


def _body_flaws(index: int, said: Record) -> list[str]:
    if said.kind not in KINDS:
        return [f"leaf {index} has the kind {said.kind}, which no table names"]
    try:
        KINDS[said.kind].body.check(said.body, "body")
    except TrucelineError as error:
        return [f"leaf {index} ({said.kind}) has a wrong body: {error.where}: {error.detail}"]
    return []


def _signatures(
    index: int, entry: Entry, known: Mapping[KeyId, bytes], flaws: list[str]
) -> list[Unjudged]:
    message = entry.envelope.pae()
    unjudged = []
    for one in entry.envelope.signatures:
        public = known.get(one.key)
        if public is None:
            unjudged.append(Unjudged(one.key, one.value, message))
        elif not keys.holds(public, message, one.value):
            flaws.append(f"leaf {index}: the signature by key {one.key} does not hold")
    return unjudged


def _keys_in(body: Any) -> dict[KeyId, bytes]:
    """Every public key that stands anywhere in a key record; being known gives it no power."""
    found: dict[KeyId, bytes] = {}
    values = list(body.values())
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str) and len(value) == 44 and value.endswith("="):
            public = _public(value)
            if public:
                found[keys.key_id(public)] = public
    return found


def _public(text: str) -> bytes | None:
    try:
        return keys.public_from_text(text)
    except TrucelineError:
        return None

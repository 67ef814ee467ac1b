"""The first stop: bytes become a record whose form is right, before anybody judges it.

Nothing further in sees JSON. What is found here needs no state: the form of the
envelope and of the record, the kind's shape, and that the disclosures handed over open
exactly what the record has sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from truceline.errors import Malformed, Reason, Refused
from truceline.records import envelope, record, sealed
from truceline.records.envelope import MAX_ENTRY_BYTES, Envelope
from truceline.records.kinds import KINDS, SEALED_LEAF, Kind, Leaf
from truceline.records.record import MAX_SEALED, PAYLOAD_TYPE, Record
from truceline.records.sealed import Disclosure
from truceline.zones.document import MEDIA_TYPE

_INSIDE = ("kind", "author", "refs", "body")
"""The parts in which a sealed leaf keeps what a clear one shows."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What was submitted, read. `outer` is what was signed; `inner` what it says.

    They differ for a sealed leaf alone. `parts` are the sealed parts by name.
    """

    envelope: Envelope
    pae: bytes
    outer: Record
    inner: Record
    kind: Kind
    parts: Mapping[str, Any] = field(default_factory=dict)
    disclosures: tuple[Disclosure, ...] = ()

    @property
    def sealed_leaf(self) -> bool:
        """Say whether the leaf shows nothing."""
        return self.outer is not self.inner

    def contents(self) -> list[str]:
        """Return the SHA-256 of each zone content that the record names."""
        named = self.kind.body.files(self.inner.body)
        return [one["sha256"] for one in named if one["type"] == MEDIA_TYPE]


def read(data: bytes, disclosures: Sequence[str] = ()) -> Submission:
    """Return the submission in an envelope's JSON bytes and its disclosure texts.

    Raises `Malformed` for what cannot be read, `Refused` for an unknown kind or a
    sealed part without its disclosure, `Unproven` for a disclosure that the record
    does not commit to.
    """
    if len(data) > 2 * MAX_ENTRY_BYTES:
        raise Malformed(
            Reason.TOO_LARGE,
            where="envelope",
            detail=f"{len(data)} bytes; an entry of the log holds at most {MAX_ENTRY_BYTES}",
        )
    if len(disclosures) > MAX_SEALED or any(len(one) > MAX_ENTRY_BYTES for one in disclosures):
        raise Malformed(
            Reason.TOO_LARGE,
            where="disclosures",
            detail=f"at most {MAX_SEALED} disclosures of {MAX_ENTRY_BYTES} characters",
        )
    signed = envelope.read(data)
    if signed.payload_type != PAYLOAD_TYPE:
        raise Malformed(
            Reason.WRONG_TYPE,
            where="envelope.payloadType",
            detail=f"{signed.payload_type[:80]!r} is not {PAYLOAD_TYPE}",
        )
    return of(signed, record.read(signed.payload), tuple(sealed.read(one) for one in disclosures))


def of(signed: Envelope, outer: Record, disclosures: tuple[Disclosure, ...]) -> Submission:
    """Return the submission of a record that is read already, its form checked."""
    parts = _parts(outer, disclosures)
    inner = _inner(outer, parts) if outer.kind == SEALED_LEAF else outer
    kind = _kind(inner, sealed_leaf=inner is not outer)
    kind.body.check(inner.body, "body")
    _check_names(kind, parts, sealed_leaf=inner is not outer)
    return Submission(signed, signed.digest(), outer, inner, kind, parts, disclosures)


def _parts(outer: Record, disclosures: tuple[Disclosure, ...]) -> Mapping[str, Any]:
    if not outer.sealed and not disclosures:
        return {}
    if list(outer.sealed) != sorted(set(outer.sealed)):
        raise Malformed(
            Reason.NOT_CANONICAL,
            where="record.sealed",
            detail="digests must be sorted, each once: their order would tell something",
        )
    parts = sealed.opened(outer.sealed, disclosures)
    missing = len(outer.sealed) - len(disclosures)
    if missing:
        raise Refused(
            Reason.DISCLOSURE_MISSING,
            where="disclosures",
            article="DESIGN 3, sealed parts",
            detail=f"{missing} of {len(outer.sealed)} sealed parts came without their disclosure",
            remedy="Hand over the disclosure of every digest in `sealed`",
        )
    return parts


def _inner(outer: Record, parts: Mapping[str, Any]) -> Record:
    """The record that a sealed leaf stands for, from its disclosures."""
    if outer.author or outer.refs or outer.body:
        raise Malformed(
            Reason.NOT_CANONICAL,
            where="record",
            detail="a sealed leaf shows no author, no references and no body",
        )
    for name in _INSIDE:
        if name not in parts:
            raise Refused(
                Reason.DISCLOSURE_MISSING,
                where=f"disclosures.{name}",
                article="DESIGN 3, leaves leak nothing",
                detail=f"a sealed leaf needs the sealed part {name!r}",
            )
    kind, author, refs, body = (parts[name] for name in _INSIDE)
    texts = isinstance(kind, str) and isinstance(author, str) and isinstance(body, dict)
    if not texts or not isinstance(refs, list) or not all(isinstance(one, str) for one in refs):
        raise Malformed(
            Reason.WRONG_TYPE,
            where="disclosures",
            detail="kind and author are texts, refs a list of texts, body an object",
        )
    return replace(outer, kind=kind, author=author, refs=tuple(refs), body=body)


def _kind(inner: Record, *, sealed_leaf: bool) -> Kind:
    kind = KINDS.get(inner.kind)
    if kind is None:
        raise Refused(
            Reason.UNKNOWN_KIND,
            where="record.kind",
            article="records/kinds.py",
            detail=f"there is no kind {inner.kind[:80]!r}",
        )
    if not kind.sealable if sealed_leaf else kind.leaf is Leaf.SEALED:
        wanted = "in clear" if sealed_leaf else "sealed, under a pseudonym"
        raise Refused(
            Reason.CONTRADICTS,
            where="record.kind",
            article=kind.rests_on,
            detail=f"records of kind {kind.name} are taken {wanted}",
        )
    return kind


def _check_names(kind: Kind, parts: Mapping[str, Any], *, sealed_leaf: bool) -> None:
    """A part may be sealed several times at several precisions: `position`, `position.1km`."""
    for name in parts:
        if kind.audience_of(name) is not None or (sealed_leaf and name in _INSIDE):
            continue
        raise Malformed(
            Reason.UNKNOWN_FIELD,
            where=f"disclosures.{name[:80]}",
            detail=f"{kind.name} has no sealed part of that name",
        )


def digest_of_unreadable(data: bytes) -> bytes:
    """Return what stands for the PAE digest in the refusal of bytes that are no envelope."""
    return envelope.Envelope(data, (), "").digest()

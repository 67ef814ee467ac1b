"""Sealed parts as a viewer may see them: opened one by one, each held against visibility.

A sealed leaf shows nothing. To whom its record would be shown in clear, or was handed, it
is opened here: what it says, and the disclosures with which they prove it to themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from truceline.api.floor import Question, facts_of
from truceline.errors import TrucelineError
from truceline.mechanism import rules
from truceline.mechanism.book import Book
from truceline.parties.visibility import RecordFacts
from truceline.records import sealed
from truceline.records.admitted import Admitted
from truceline.records.kinds import KINDS, SEALED_LEAF
from truceline.records.sealed import Disclosure
from truceline.store.views import projection, records
from truceline.store.views.records import Shown

type Kept = Mapping[int, Sequence[Disclosure]]
"""What the vault keeps of sealed leaves, by leaf."""

INSIDE = ("kind", "author", "refs", "body")
"""The parts in which a sealed leaf keeps what a clear one shows."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A record with what may be opened of it: `shown` is what it says, `parts` by name."""

    shown: Shown
    facts: RecordFacts
    parts: Mapping[str, Any] = field(default_factory=dict)
    disclosures: Sequence[str] = ()

    @property
    def is_closed(self) -> bool:
        """Say whether it is a sealed leaf that does not open for this viewer."""
        return self.shown.kind == SEALED_LEAF


def whole(asked: Question, one: Shown, pae: bytes, kept: Kept, book: Book) -> Opened:
    """Return a record as it opens for the viewer, its sealed parts too; `kept` is of `boxes`."""
    if one.kind == SEALED_LEAF:
        return _leaf(asked, one, kept.get(one.index, ()), book)
    facts = facts_of(one, book)
    names = _names(asked, one.kind, facts) if one.sealed else ()
    return Opened(one, facts, *_parts(asked, one, pae, names))


def outside(asked: Question, one: Shown, kept: Kept, book: Book) -> Opened:
    """Return a record as it opens for the viewer, without the parts of a clear one."""
    if one.kind == SEALED_LEAF:
        return _leaf(asked, one, kept.get(one.index, ()), book)
    return Opened(one, facts_of(one, book))


def boxes(asked: Question, look: Connection, found: Iterable[Shown]) -> Kept:
    """Return what the vault keeps of the sealed leaves among these, by leaf.

    Taken out before the Book is held still: nobody at the door waits for it. For the
    public, for whom no sealed leaf opens, the vault is not asked.
    """
    vault = asked.floor.installation.vault
    if not asked.viewer.signed_in or vault.locked:
        return {}
    sealed_ones = [one for one in found if one.kind == SEALED_LEAF]
    paes = {one.index: records.pae_of(look, one.id) for one in sealed_ones}
    return {index: vault.get(pae) for index, pae in paes.items() if pae is not None}


def _names(asked: Question, kind: str, facts: RecordFacts) -> tuple[str, ...]:
    row = KINDS.get(kind)
    known = row.part_names() if row else ()
    return tuple(name for name in known if asked.sees(kind, facts, name))


def _parts(
    asked: Question, one: Shown, pae: bytes, names: Sequence[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    if not names or not one.sealed or asked.floor.installation.vault.locked:
        return {}, ()
    kept = asked.floor.installation.vault.get(pae)
    found = sealed.opened(one.sealed, kept)
    texts = tuple(each.text() for each in kept if each.name in names)
    return {name: value for name, value in found.items() if name in names}, texts


# -- sealed leaves --------------------------------------------------------------------------


def _leaf(asked: Question, one: Shown, kept: Sequence[Disclosure], book: Book) -> Opened:
    closed = Opened(one, facts_of(one, book))
    inner = _inner(one, kept, book)
    if inner is None:
        return closed  # not for this viewer in any case, or erased
    facts = book.facts(inner)
    if not asked.sees(inner.record.kind, facts):
        return closed
    names = _names(asked, inner.record.kind, facts)
    said = inner.record
    shown = replace(
        one,
        kind=said.kind,
        author=said.author,
        body_code=inner.signer.body,
        subject=projection.subject_of(said.kind, said.body),
        refs=said.refs,
        body=dict(said.body),
    )
    texts = tuple(each.text() for each in kept if each.name in (*INSIDE, *names))
    return Opened(
        shown, facts, {each.name: each.value for each in kept if each.name in names}, texts
    )


def _inner(one: Shown, kept: Sequence[Disclosure], book: Book) -> Admitted | None:
    """What a sealed leaf says, and who says it."""
    outer = one.admitted(book.log)
    try:
        parts = sealed.opened(one.sealed, kept)
        signer = rules.check_signers(outer.record, [outer.signer.key], book, one.received_at)[0]
    except TrucelineError:
        return None
    if not all(name in parts for name in INSIDE):
        return None
    kind, author, refs, body = (parts[name] for name in INSIDE)
    said = replace(outer.record, kind=kind, author=author, refs=tuple(refs), body=body)
    return Admitted(one.index, said, signer, one.received_at, parts, sealed_leaf=True)

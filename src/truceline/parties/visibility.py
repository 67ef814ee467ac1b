"""Who may see what: one function, and the table of DOMAIN 9 as data.

Every answer of the program passes `may_see`, for each part by itself. "" is the clear
body; the others are the sealed parts of the kind. Default is no: a part, role or audience
that is not in a row is not seen.

Three ways lead to a part, and no other:

1. its audience (the kind's row) and a role that belongs to that audience;
2. it is one's own body's, for the roles that see what is their body's own;
3. it was handed to one's body, from that moment until the recall, under its full name:
   `entry.1km` opens neither `entry` nor `entry.100m`.

The administrator of the host belongs to no audience of a sealed part, whatever body pays
them: a second role is needed, and what it opens is that role's (DOMAIN 9). An auditor sees
what the auditor's own body sees, and the hashes of everything (decision 9). What is
written here binds the program's answers; the log's files themselves hold no sealed part,
and nothing of an instrument that is not public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from truceline.records.admitted import Signer
from truceline.records.kinds import Audience, Kind, Leaf
from truceline.records.record import Micros
from truceline.records.roles import Role

_START = Micros(0)
_PUBLIC_ROLE = frozenset((Role.PUBLIC,))
CLEAR = ""
"""The part that is a record's clear body."""
FILES = "files"
"""Under this name the files of a record are handed out, where its kind keeps them apart."""


class Sight(StrEnum):
    """How a role belongs to an audience."""

    OFFICE = "office"  # by the role itself
    PARTY = "party"  # when its body has a capacity in the instrument
    CASE = "case"  # when the officer is assigned to the case


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One row of DOMAIN 9. `words`: only kinds of these words, for the audiences beyond PUBLIC.

    `own`: sees its own body's parts. `receives`: opens what was handed to its body.
    """

    clear: Mapping[Audience, Sight]
    sealed: Mapping[Audience, Sight] = field(default_factory=dict)
    words: frozenset[str] | None = None
    own: bool = False
    receives: bool = False


_ALL = {Audience.PUBLIC: Sight.OFFICE, Audience.SIGNED_IN: Sight.OFFICE}
_AS_PARTY = {**_ALL, Audience.PARTIES: Sight.PARTY}
_AS_OFFICE = {**_ALL, Audience.PARTIES: Sight.OFFICE}
_PUBLIC_ONLY = {Audience.PUBLIC: Sight.OFFICE}
_OF_THE_WATCH = {
    Audience.WATCH: Sight.OFFICE,
    Audience.FLIGHT: Sight.OFFICE,
    Audience.SIGHTING: Sight.OFFICE,
}
_ON_THE_CASE = {Audience.WATCH: Sight.CASE, Audience.SIGHTING: Sight.CASE}
_OWN = (Audience.OWN_BODY, Audience.FLIGHT)
_GROUND = frozenset(("genesis", "body", "zone", "post", "instrument", "deadline", "clock"))
_HOST = frozenset(("genesis", "body", "officer", "key", "pseudonym", "clock", "sealed"))

ROLES: Mapping[Role, RoleRow] = {
    Role.MECHANISM: RoleRow(_AS_OFFICE),
    Role.SECRETARIAT: RoleRow(_AS_OFFICE, own=True, receives=True),
    Role.HNS_CELL: RoleRow(_AS_OFFICE, {Audience.FLIGHT: Sight.OFFICE}, own=True, receives=True),
    Role.AGENCY: RoleRow(_ALL, own=True, receives=True),
    Role.LIAISON: RoleRow(_AS_PARTY, own=True, receives=True),
    Role.UNIT: RoleRow(_PUBLIC_ONLY),
    Role.OBSERVER: RoleRow(_AS_OFFICE, words=_GROUND, own=True, receives=True),
    Role.VERIFIER: RoleRow(_AS_OFFICE, _ON_THE_CASE, own=True, receives=True),
    Role.CHEMICAL_DESK: RoleRow(_ALL, own=True, receives=True),
    Role.PRINCIPAL: RoleRow(_AS_PARTY, own=True),
    Role.WARNING_OPERATOR: RoleRow(_ALL),
    Role.WATCH: RoleRow(_AS_OFFICE, _OF_THE_WATCH, own=True, receives=True),
    Role.REPORTER: RoleRow(_PUBLIC_ONLY),
    Role.PUBLIC: RoleRow(_PUBLIC_ONLY),
    Role.AUDITOR: RoleRow(_AS_PARTY, own=True, receives=True),
    Role.ADMINISTRATOR: RoleRow(_ALL, words=_HOST),
}
"""DOMAIN 9. A role without a row would see nothing; a test holds the table complete."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. Without `signed_in` everyone is the public, whatever else is claimed."""

    body: str = ""
    officer: str = ""
    roles: frozenset[Role] = _PUBLIC_ROLE
    signed_in: bool = False

    def office(self) -> frozenset[Role]:
        """The roles that count; everyone is of the public too."""
        return self.roles | _PUBLIC_ROLE if self.signed_in else _PUBLIC_ROLE


PUBLIC = Viewer()
"""Anyone."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A part handed to a body at a moment, and when it was called back."""

    part: str
    body: str
    at: Micros = _START
    recalled_at: Micros | None = None

    def recalled(self, at: Micros) -> Handed:
        """The same, called back."""
        return self if self.recalled_at is not None else replace(self, recalled_at=at)

    def opens(self, part: str, body: str, at: Micros) -> bool:
        """Say whether it opens exactly this part to exactly this body at a moment."""
        if self.part != part or self.body != body or at < self.at:
            return False
        return self.recalled_at is None or at < self.recalled_at


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What visibility must know of a record, beside its kind.

    `parties`: bodies with a capacity in its instrument. `secrecy`: the instrument's.
    `concerned`: bodies that a sealed leaf is about. `assigned`: officers on its case.
    """

    author_body: str = ""
    author_officer: str = ""
    parties: frozenset[str] = frozenset()
    secrecy: str = "public"
    received_at: Micros = _START
    concerned: frozenset[str] = frozenset()
    assigned: frozenset[str] = frozenset()
    disclosed_to: frozenset[Handed] = frozenset()


def may_see(viewer: Viewer, kind: Kind, part: str, *, record: RecordFacts, at: Micros) -> bool:
    """Say whether a viewer may see one part of a record at a moment; "" is the clear body."""
    if at < record.received_at:
        return False
    if part == CLEAR and kind.leaf is Leaf.CLEAR:
        return _sees_clear(viewer, kind, record)
    audience = kind.audience if part == CLEAR else kind.audience_of(part)
    if audience is None:
        return False
    return any(
        _opens(viewer, ROLES[role], audience, part, record, at)
        for role in viewer.office()
        if role in ROLES
    )


def may_fetch(viewer: Viewer, kind: Kind, *, record: RecordFacts, at: Micros) -> bool:
    """Say whether a viewer may fetch the files that a record names.

    Where the kind keeps its files apart, seeing the record is needed and not enough.
    """
    if not may_see(viewer, kind, CLEAR, record=record, at=at):
        return False
    return kind.files is None or any(
        _opens(viewer, ROLES[role], kind.files, FILES, record, at)
        for role in viewer.office()
        if role in ROLES
    )


def may_name(signer: Signer, naming: Iterable[tuple[Kind, RecordFacts]], *, at: Micros) -> bool:
    """Say whether a signer may name a file, given the records that name it already.

    Whoever names a file shows it to those who may see the new record. So a file is named
    again by a body that has named it, and by those who may fetch it; a hash alone, which
    the log shows, opens nothing. The mechanism names what follows.
    """
    known = tuple(naming)
    if not known or Role.MECHANISM in signer.roles:
        return True
    who = Viewer(signer.body, signer.officer, signer.roles, signed_in=True)
    return any(
        (bool(signer.body) and record.author_body == signer.body)
        or may_fetch(who, kind, record=record, at=at)
        for kind, record in known
    )


def _sees_clear(viewer: Viewer, kind: Kind, record: RecordFacts) -> bool:
    audience = _narrowed(kind.audience, record)
    if record.secrecy != "public" and record.parties and not viewer.body:
        return False  # whoever operates the host is nobody's confidant
    if record.secrecy == "named" and record.parties:
        return viewer.signed_in and viewer.body in record.parties and _has_office(viewer)
    for role in viewer.office():
        row = ROLES.get(role)
        if row is None:
            continue
        if _belongs(viewer, row.clear.get(audience), record) and _covers(row, kind, audience):
            return True
        if row.own and viewer.body and viewer.body == record.author_body:
            return True
    return False


def _narrowed(audience: Audience, record: RecordFacts) -> Audience:
    """An instrument kept among its parties keeps everything said under it there."""
    kept = record.secrecy != "public" and bool(record.parties)
    if kept and audience in (Audience.PUBLIC, Audience.SIGNED_IN):
        return Audience.PARTIES
    return audience


def _covers(row: RoleRow, kind: Kind, audience: Audience) -> bool:
    word = kind.name.partition(".")[0].partition("/")[0]
    return audience is Audience.PUBLIC or row.words is None or word in row.words


def _has_office(viewer: Viewer) -> bool:
    """Say whether a role beside that of operating the host, or of the public, is held."""
    return any(ROLES[role].own for role in viewer.office() if role in ROLES)


def _belongs(viewer: Viewer, sight: Sight | None, record: RecordFacts) -> bool:
    match sight:
        case Sight.OFFICE:
            return True
        case Sight.PARTY:
            return viewer.body in record.parties
        case Sight.CASE:
            return bool(viewer.officer) and viewer.officer in record.assigned
    return False


def _opens(
    viewer: Viewer, row: RoleRow, audience: Audience, part: str, record: RecordFacts, at: Micros
) -> bool:
    """One role's way into a sealed part, or into a record whose leaf is sealed."""
    if _belongs(viewer, row.sealed.get(audience), record):
        return True
    if not viewer.body:
        return False
    if row.own and audience is Audience.SIGHTING and viewer.officer:
        return viewer.officer == record.author_officer  # who observes, colleagues need not know
    about = record.concerned | {record.author_body}
    if row.own and audience in _OWN and viewer.body in about:
        return True
    return row.receives and any(one.opens(part, viewer.body, at) for one in record.disclosed_to)


# -- what the public is counted -------------------------------------------------------------

SUPPRESSED_BELOW = 3
"""Counts below this are not published (DOMAIN 9, product rules)."""


def counted_until(viewer: Viewer, at: Micros, *, delay: int) -> Micros:
    """Return up to when daily counts are shown: to the public only after a delay (microseconds)."""
    return at if viewer.signed_in else Micros(max(0, at - delay))


def suppressed(count: int) -> int | None:
    """Return a published count, or None where it would point at someone."""
    return None if 0 < count < SUPPRESSED_BELOW else count

"""The register: bodies, their officers under pseudonyms, and whose key was in force when.

A fold of the records that name people and keys. Values are frozen; only the register
itself grows. A key is in force from the entry after the record that brought it, until
it is revoked or replaced, or until its officer's time is over. That is judged at
`received_at`, in the order of the log: what a key signed before it was revoked stands.

A recovery key, printed and kept apart, can replace or revoke its key and nothing else; it
ends with an officer's key that the body revoked.
The mechanism's key is genesis's; it cannot be replaced in this version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from truceline.parties.mandate import MECHANISM
from truceline.records import keys
from truceline.records.admitted import Admitted, Signer
from truceline.records.keys import KeyId
from truceline.records.record import Micros
from truceline.records.roles import Role


class Ended(StrEnum):
    """Why a key is out of force."""

    REPLACED = "replaced"
    REVOKED = "revoked"
    LEFT = "left"  # the officer's appointment ended
    TERM = "term"  # the appointment ran out


@dataclass(frozen=True, slots=True)
class Body:
    """A state, party, agency or office that takes part."""

    code: str
    name: Mapping[str, str]
    capacity: str
    admitted_at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Officer:
    """Someone who acts for a body, under a pseudonym. `until` is the appointment's own term."""

    code: str
    body: str
    roles: frozenset[Role]
    appointed_at: Micros
    index: int
    until: Micros | None = None
    ended_at: Micros | None = None

    def serves(self, at: Micros) -> bool:
        """Say whether the appointment runs at a moment; at `until` it is over."""
        ends = [one for one in (self.until, self.ended_at) if one is not None]
        return self.appointed_at <= at and all(at < one for one in ends)


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key of a body or officer (`holder`), with the window in which it is in force."""

    id: KeyId
    public: bytes
    holder: str
    recovery: KeyId
    recovery_public: bytes
    from_at: Micros
    index: int
    ended_at: Micros | None = None
    ended: Ended | None = None
    replaced_by: KeyId | None = None
    recoverable: bool = True  # False: its recovery key ended with it


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """A key for sealed records. `holder` is "" where the sealed part is not at hand."""

    key: KeyId
    public: bytes
    from_at: Micros
    index: int
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose key it is: a body (`officer` "") or an officer. `recovery`: its printed key."""

    body: str
    officer: str
    roles: frozenset[Role]
    key: HeldKey
    recovery: bool = False

    @property
    def code(self) -> str:
        """The name under which the holder signs."""
        return self.officer or self.body


class Register:
    """Everyone who may sign, with which key, and since when."""

    def __init__(self) -> None:
        self.mode = ""
        self.title: Mapping[str, str] = {}
        self.time_zone = "UTC"
        self.quorum = 0
        self.witnesses: tuple[Mapping[str, str], ...] = ()
        self.mechanism: KeyId | None = None
        self.mechanism_public = b""
        self.bodies: dict[str, Body] = {}
        self.officers: dict[str, Officer] = {}
        self.keys: dict[KeyId, HeldKey] = {}
        self.recovery: dict[KeyId, KeyId] = {}
        self.pseudonyms: dict[KeyId, Pseudonym] = {}
        self._held: dict[str, tuple[KeyId, ...]] = {}

    # -- asking -----------------------------------------------------------------------

    def knows(self, key: KeyId) -> bool:
        """Say whether the key has any place in the register, in force or not."""
        return (
            key in self.keys
            or key in self.recovery
            or key in self.pseudonyms
            or key == self.mechanism
        )

    def public_of(self, key: KeyId) -> bytes | None:
        """Return the public half of any key that is or was known."""
        if key == self.mechanism:
            return self.mechanism_public
        if key in self.keys:
            return self.keys[key].public
        if key in self.recovery:
            return self.keys[self.recovery[key]].recovery_public
        return self.pseudonyms[key].public if key in self.pseudonyms else None

    def in_force(self, key: KeyId, at: Micros) -> bool:
        """Say whether a body's or officer's key is in force at a moment."""
        held = self.keys.get(key)
        if held is None or at < held.from_at:
            return False
        if held.ended_at is not None and held.ended_at <= at:
            return False
        officer = self.officers.get(held.holder)
        return officer is None or officer.serves(at)

    def holder_of(self, key: KeyId, at: Micros) -> Holder | None:
        """Return whose key is in force at a moment, or None.

        A recovery key answers with its key's holder and no roles, for as long as that
        key has not been replaced; also when it was revoked, since then it is needed,
        unless the revocation ended both (`HeldKey.recoverable`).
        """
        if self.in_force(key, at):
            return self._holder(self.keys[key], recovery=False)
        held = self.keys.get(self.recovery[key]) if key in self.recovery else None
        if held is None or not self._recovers(held, at):
            return None
        return self._holder(held, recovery=True)

    def keys_of(self, holder: str, at: Micros) -> tuple[HeldKey, ...]:
        """Return the keys of a body or officer that are in force at a moment."""
        return tuple(self.keys[key] for key in self._held.get(holder, ()) if self.in_force(key, at))

    def all_keys_of(self, holder: str) -> tuple[HeldKey, ...]:
        """Return every key that a body or officer ever had, oldest first."""
        return tuple(self.keys[key] for key in self._held.get(holder, ()))

    def body_of(self, code: str) -> str:
        """Return the body of an officer, a body's own code, or ""."""
        if code in self.bodies:
            return code
        return self.officers[code].body if code in self.officers else ""

    def signer_of_pseudonym(self, key: KeyId, at: Micros) -> Signer | None:
        """Return who signs under a pseudonym; an unknown holder has neither body nor roles."""
        named = self.pseudonyms.get(key)
        if named is None or at < named.from_at:
            return None
        if named.holder == MECHANISM:
            return Signer(key, "", "", frozenset((Role.MECHANISM,)))
        officer = self.officers.get(named.holder)
        if officer is not None:
            roles = officer.roles if officer.serves(at) else frozenset[Role]()
            return Signer(key, officer.body, officer.code, roles)
        return Signer(key, named.holder, "", frozenset())

    def _recovers(self, held: HeldKey, at: Micros) -> bool:
        officer = self.officers.get(held.holder)
        serves = officer is None or officer.serves(at)
        stands = held.recoverable and held.ended is not Ended.REPLACED
        return serves and held.from_at <= at and stands

    def _holder(self, held: HeldKey, *, recovery: bool) -> Holder:
        officer = self.officers.get(held.holder)
        if officer is None:
            return Holder(held.holder, "", frozenset(), held, recovery)
        roles = frozenset[Role]() if recovery else officer.roles
        return Holder(officer.body, officer.code, roles, held, recovery)

    # -- folding ----------------------------------------------------------------------

    def apply(self, a: Admitted) -> None:
        """Fold one admitted record; kinds that are not the register's change nothing."""
        step = _FOLDS.get(a.record.kind)
        if step is not None:
            step(self, a, a.record.body)

    def _founded(self, a: Admitted, body: Mapping[str, Any]) -> None:
        self.mode, self.title = body["mode"], body["title"]
        self.time_zone, self.quorum = body["time_zone"], body["quorum"]
        self.witnesses = tuple(body["witnesses"])
        self.mechanism_public = keys.public_from_text(body["mechanism"])
        self.mechanism = keys.key_id(self.mechanism_public)
        for one in body["bodies"]:
            self._admitted(a, one)

    def _admitted(self, a: Admitted, body: Mapping[str, Any]) -> None:
        code = body["code"]
        self.bodies[code] = Body(code, body["name"], body["capacity"], a.received_at, a.index)
        self._hold(a, code, body["key"])

    def _appointed(self, a: Admitted, body: Mapping[str, Any]) -> None:
        self.officers[body["officer"]] = Officer(
            code=body["officer"],
            body=a.signer.body,
            roles=frozenset(Role(one) for one in body["roles"]),
            appointed_at=a.received_at,
            index=a.index,
            until=body.get("until"),
        )
        self._hold(a, body["officer"], body["key"])

    def _officer_ended(self, a: Admitted, body: Mapping[str, Any]) -> None:
        officer = self.officers[body["officer"]]
        for key in self._held[officer.code]:
            if self.in_force(key, a.received_at):
                self._end(key, a.received_at, Ended.LEFT)
        self.officers[officer.code] = replace(officer, ended_at=a.received_at)

    def _enrolled(self, a: Admitted, body: Mapping[str, Any]) -> None:
        self._hold(a, body["holder"], body["key"])

    def _replaced(self, a: Admitted, body: Mapping[str, Any]) -> None:
        old = self.keys[body["old"]]
        new = self._hold(a, old.holder, body["key"])
        ended_at = a.received_at if old.ended_at is None else min(old.ended_at, a.received_at)
        self.keys[old.id] = replace(old, ended_at=ended_at, ended=Ended.REPLACED, replaced_by=new)

    def _revoked(self, a: Admitted, body: Mapping[str, Any]) -> None:
        """An officer's key that its body, or another key of the officer, revokes is past recovery.

        Else whoever stole key and recovery sheet came back with the sheet. A key that
        revokes itself, and every key of a body, stays recoverable: else a thief of a body's
        key alone could lock the body out for good, and nobody stands above a body to mend it.
        """
        held = self.keys[body["key"]]
        by_itself = a.signer.key in (held.id, held.recovery)
        self._end(held.id, a.received_at, Ended.REVOKED)
        if held.holder in self.officers and not by_itself:
            self.keys[held.id] = replace(self.keys[held.id], recoverable=False)

    def _pseudonym(self, a: Admitted, body: Mapping[str, Any]) -> None:
        public = keys.public_from_text(body["public"])
        key = keys.key_id(public)
        holder = a.parts.get("holder", "")
        self.pseudonyms[key] = Pseudonym(
            key, public, a.received_at, a.index, holder if isinstance(holder, str) else ""
        )

    def _hold(self, a: Admitted, holder: str, key: Mapping[str, str]) -> KeyId:
        public = keys.public_from_text(key["public"])
        recovery = keys.public_from_text(key["recovery"])
        held = HeldKey(
            id=keys.key_id(public),
            public=public,
            holder=holder,
            recovery=keys.key_id(recovery),
            recovery_public=recovery,
            from_at=a.received_at,
            index=a.index,
        )
        self.keys[held.id] = held
        self.recovery[held.recovery] = held.id
        self._held[holder] = (*self._held.get(holder, ()), held.id)
        return held.id

    def _end(self, key: KeyId, at: Micros, why: Ended) -> None:
        self.keys[key] = replace(self.keys[key], ended_at=at, ended=why)


_FOLDS: Mapping[str, Callable[[Register, Admitted, Mapping[str, Any]], None]] = {
    "genesis/1": Register._founded,
    "body.admitted/1": Register._admitted,
    "officer.appointed/1": Register._appointed,
    "officer.ended/1": Register._officer_ended,
    "key.enrolled/1": Register._enrolled,
    "key.replaced/1": Register._replaced,
    "key.revoked/1": Register._revoked,
    "pseudonym.enrolled/1": Register._pseudonym,
}

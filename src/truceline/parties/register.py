"""The register: bodies, their officers under pseudonyms, and whose key was in force when.

A fold of the records that name people and keys. Values are frozen; only the register
itself grows. A key is in force from the entry after the record that brought it, until
it is revoked or replaced, or until its officer's time is over. That is judged at
`received_at`, in the order of the log: what a key signed before it was revoked stands.

A recovery key, printed and kept apart, can replace or revoke its key and nothing else.
The mechanism's key is genesis's; it cannot be replaced in this version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from truceline.errors import Reason, Refused
from truceline.parties.mandate import MECHANISM
from truceline.records import keys
from truceline.records.admitted import Admitted, Candidate, Signer
from truceline.records.keys import KeyId
from truceline.records.record import Micros
from truceline.records.roles import Role

RECOVERY_KINDS = frozenset(("key.replaced/1", "key.revoked/1"))
"""All that a recovery key may sign."""


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
        key has not been replaced; also when it was revoked, since then it is needed.
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

    def officers_of(self, body: str, at: Micros) -> tuple[Officer, ...]:
        """Return the officers who serve a body at a moment."""
        return tuple(
            one for one in tuple(self.officers.values()) if one.body == body and one.serves(at)
        )

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
        return serves and held.from_at <= at and held.ended is not Ended.REPLACED

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
        self._end(body["key"], a.received_at, Ended.REVOKED)

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


# -- deciding ------------------------------------------------------------------------------


def decide(candidate: Candidate, register: Register) -> None:
    """Refuse a record on people or keys that the register does not bear out."""
    step = _DECISIONS.get(candidate.record.kind)
    if step is not None:
        step(candidate, register, candidate.record.body)


def _decide_founding(candidate: Candidate, register: Register, body: Mapping[str, Any]) -> None:
    if register.mechanism is not None:
        raise _refused(Reason.WRONG_STATE, "the log is founded already", "record.kind")
    seen: set[KeyId] = set()
    codes: set[str] = set()
    for number, one in enumerate(body["bodies"]):
        where = f"body.bodies[{number}]"
        _free_code(one["code"], register, f"{where}.code", codes)
        codes.add(one["code"])
        seen |= _fresh_keys(one["key"], register, f"{where}.key", seen)
    mechanism = keys.key_id(keys.public_from_text(body["mechanism"], where="body.mechanism"))
    if mechanism in seen:
        raise _refused(Reason.CONTRADICTS, "the mechanism has a key of its own", "body.mechanism")
    if body["quorum"] > len(body["witnesses"]):
        raise _refused(
            Reason.CONTRADICTS,
            f"a quorum of {body['quorum']} cannot be met by {len(body['witnesses'])} witnesses",
            "body.quorum",
        )
    for number, one in enumerate(body["witnesses"]):
        if one["body"] not in codes:
            where = f"body.witnesses[{number}].body"
            raise _refused(Reason.REF_UNKNOWN, f"there is no body {one['body']}", where)
    _all_bodies_sign(candidate, body, mechanism)


def _all_bodies_sign(candidate: Candidate, body: Mapping[str, Any], mechanism: KeyId) -> None:
    signed = {one.key for one in candidate.signers}
    wanted = {one["code"]: one["key"]["public"] for one in body["bodies"]}
    missing = sorted(
        code
        for code, text in wanted.items()
        if keys.key_id(keys.public_from_text(text)) not in signed
    )
    if mechanism not in signed:
        missing.append(MECHANISM)
    if missing:
        raise _refused(
            Reason.NO_MANDATE,
            f"the founding lacks the signature of {', '.join(missing)}",
            "envelope.signatures",
        )


def _decide_admitted(_: Candidate, register: Register, body: Mapping[str, Any]) -> None:
    _free_code(body["code"], register, "body.code")
    _fresh_keys(body["key"], register, "body.key")


def _decide_appointed(candidate: Candidate, register: Register, body: Mapping[str, Any]) -> None:
    _free_code(body["officer"], register, "body.officer")
    _fresh_keys(body["key"], register, "body.key")
    if "until" in body and body["until"] <= candidate.received_at:
        raise _refused(Reason.BAD_TIME, "the appointment ends before it begins", "body.until")


def _decide_ended(candidate: Candidate, register: Register, body: Mapping[str, Any]) -> None:
    officer = register.officers.get(body["officer"])
    if officer is None:
        raise _refused(Reason.REF_UNKNOWN, f"there is no officer {body['officer']}", "body.officer")
    if officer.body != candidate.signer.body:
        raise _refused(Reason.NO_MANDATE, f"{officer.code} serves {officer.body}", "body.officer")
    if not officer.serves(candidate.received_at):
        raise _refused(Reason.WRONG_STATE, f"{officer.code} serves no more", "body.officer")


def _decide_enrolled(candidate: Candidate, register: Register, body: Mapping[str, Any]) -> None:
    holder = body["holder"]
    if not register.body_of(holder):
        raise _refused(Reason.REF_UNKNOWN, f"there is no body or officer {holder}", "body.holder")
    _own(candidate, register, holder, "body.holder")
    officer = register.officers.get(holder)
    if officer is not None and not officer.serves(candidate.received_at):
        raise _refused(Reason.WRONG_STATE, f"{holder} serves no more", "body.holder")
    _fresh_keys(body["key"], register, "body.key")


def _decide_replaced(candidate: Candidate, register: Register, body: Mapping[str, Any]) -> None:
    old = _known_key(register, body["old"], "body.old")
    if old.ended is Ended.REPLACED:
        raise _refused(Reason.WRONG_STATE, f"key {old.id} was replaced already", "body.old")
    if candidate.signer.key != old.recovery:
        raise _refused(
            Reason.NO_MANDATE,
            "a key is replaced with the recovery key that was enrolled with it",
            "envelope.signatures",
        )
    _fresh_keys(body["key"], register, "body.key")


def _decide_revoked(candidate: Candidate, register: Register, body: Mapping[str, Any]) -> None:
    held = _known_key(register, body["key"], "body.key")
    if held.ended is not None:
        raise _refused(
            Reason.WRONG_STATE, f"key {held.id} is out of force already ({held.ended})", "body.key"
        )
    if candidate.signer.key == held.recovery:
        return
    if candidate.signer.key in register.recovery:
        raise _refused(
            Reason.NO_MANDATE, "a recovery key acts on its own key alone", "envelope.signatures"
        )
    _own(candidate, register, held.holder, "body.key")


def _decide_pseudonym(_: Candidate, register: Register, body: Mapping[str, Any]) -> None:
    key = keys.key_id(keys.public_from_text(body["public"], where="body.public"))
    if register.knows(key):
        raise _refused(Reason.CONTRADICTS, f"key {key} is known already", "body.public")


_DECISIONS: Mapping[str, Callable[[Candidate, Register, Mapping[str, Any]], None]] = {
    "genesis/1": _decide_founding,
    "body.admitted/1": _decide_admitted,
    "officer.appointed/1": _decide_appointed,
    "officer.ended/1": _decide_ended,
    "key.enrolled/1": _decide_enrolled,
    "key.replaced/1": _decide_replaced,
    "key.revoked/1": _decide_revoked,
    "pseudonym.enrolled/1": _decide_pseudonym,
}


KINDS = frozenset(_DECISIONS)
"""The kinds that the register decides on."""


def _own(candidate: Candidate, register: Register, holder: str, where: str) -> None:
    """The holder, or the holder's body with its own key; one officer never acts on another's."""
    signer = candidate.signer
    if signer.officer == holder or (not signer.officer and signer.body == register.body_of(holder)):
        return
    raise _refused(
        Reason.NO_MANDATE,
        f"the keys of {holder} are the business of {holder} and its body",
        where,
    )


def _known_key(register: Register, key: str, where: str) -> HeldKey:
    held = register.keys.get(KeyId(key))
    if held is None:
        raise _refused(Reason.KEY_UNKNOWN, f"there is no key {key} of a body or officer", where)
    return held


def _free_code(
    code: str, register: Register, where: str, also: set[str] | frozenset[str] = frozenset()
) -> None:
    taken = code in register.bodies or code in register.officers or code in also
    if taken or code.casefold() == MECHANISM:
        raise _refused(Reason.CONTRADICTS, f"the code {code} is taken", where)


def _fresh_keys(
    key: Mapping[str, str],
    register: Register,
    where: str,
    also: set[KeyId] | frozenset[KeyId] = frozenset(),
) -> set[KeyId]:
    """Both halves of a new key: never seen in this log, and not one another."""
    found: set[KeyId] = set()
    for name in ("public", "recovery"):
        made = keys.key_id(keys.public_from_text(key[name], where=f"{where}.{name}"))
        if register.knows(made) or made in found or made in also:
            raise _refused(
                Reason.CONTRADICTS,
                f"key {made} is known to this log already; a key has one holder and one use",
                f"{where}.{name}",
            )
        found.add(made)
    return found


def _refused(reason: Reason, detail: str, where: str) -> Refused:
    return Refused(reason, where=where, article="DESIGN 3, keys", detail=detail)

"""Who may bring a key into force, replace it or end it, and name or end an officer.

Every refusal here guards one of three things: a code names one holder for the whole log,
a key has one holder and one use, and nobody acts on the keys of another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from truceline.errors import Reason, Refused
from truceline.parties.mandate import MECHANISM
from truceline.parties.register import Ended, HeldKey, Register
from truceline.records import keys
from truceline.records.admitted import Candidate
from truceline.records.keys import KeyId
from truceline.records.roles import ROLES_OF_CAPACITY

RECOVERY_KINDS = frozenset(("key.replaced/1", "key.revoked/1"))
"""All that a recovery key may sign."""


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
    _roles_to_give(candidate.signer.body, register, body["roles"])


def _roles_to_give(code: str, register: Register, roles: Sequence[str]) -> None:
    """A body gives the roles of its capacity: nobody lets itself into the affairs of others."""
    capacity = register.bodies[code].capacity
    given = ROLES_OF_CAPACITY.get(capacity, frozenset())
    beyond = sorted(set(roles) - given)
    if beyond:
        raise Refused(
            Reason.NO_MANDATE,
            where="body.roles",
            article="DOMAIN 9",
            detail=f"{code} is here as {capacity}; it gives no officer the role {beyond[0]}",
            remedy=f"Name roles among: {', '.join(sorted(given))}",
        )


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

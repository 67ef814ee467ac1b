"""Which key spoke for whom, at each place in the log, from the log's own records.

Written a second time, apart from the mechanism's register, so that a mistake or a
trick in one shows against the other. A key is in force from the entry after the
record that names it until a record ends it; an appointment's `until` is judged at
`received_at`. A key record that its signer may not make changes nothing here and
is a finding.

The mechanism's key comes from genesis and is not replaced within a log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from truceline.records import keys
from truceline.records.keys import KeyId
from truceline.records.kinds import KINDS, SEALED_LEAF
from truceline.records.roles import ROLES_OF_CAPACITY, Role

MECHANISM = "mechanism"

type Problem = str


@dataclass(frozen=True, slots=True)
class Holding:
    """A key that is in force: whose, and in what capacity.

    `holder` is an officer code, a body code, "mechanism", or "" for a pseudonym.
    """

    key: KeyId
    holder: str
    body: str
    roles: frozenset[Role] = frozenset()
    until: int | None = None
    recovery: KeyId | None = None
    by_recovery: bool = False  # the printed recovery key spoke, and speaks for this key alone

    @property
    def is_body_key(self) -> bool:
        """Say whether this is the body's own key."""
        return self.holder == self.body != ""


@dataclass(slots=True)
class Keyring:
    """The keys in force after the records applied so far."""

    publics: dict[KeyId, bytes] = field(default_factory=dict)
    mechanism: KeyId | None = None
    capacities: dict[str, str] = field(default_factory=dict)
    officers: dict[str, Holding] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)
    _held: dict[KeyId, Holding] = field(default_factory=dict)
    _recovers: dict[KeyId, Holding] = field(default_factory=dict)

    def in_force(self, key: KeyId, received_at: int) -> Holding | None:
        """Return whose the key is at this moment, or None."""
        held = self._held.get(key)
        return held if held and (held.until is None or received_at < held.until) else None

    def recovering(self, key: KeyId, received_at: int) -> Holding | None:
        """Return the holding as its recovery key speaks for it at this moment, or None."""
        held = self._recovers.get(key)
        if held is None or (held.until is not None and received_at >= held.until):
            return None
        return replace(held, key=key, by_recovery=True)

    # -- the fold -------------------------------------------------------------

    def found(self, body: Mapping[str, Any]) -> None:
        """Take the keys of genesis."""
        public = keys.public_from_text(body["mechanism"], where="genesis mechanism key")
        self.mechanism = self._learn(public)
        self._held[self.mechanism] = Holding(
            self.mechanism, MECHANISM, "", frozenset((Role.MECHANISM,))
        )
        for one in body["bodies"]:
            self.capacities[one["code"]] = one["capacity"]
            self._enrol(one["key"], one["code"], one["code"])

    def apply(self, kind: str, body: Mapping[str, Any], by: Sequence[Holding]) -> Problem | None:
        """Carry out a key record whose signers hold; return what is wrong with it, or None."""
        carry_out = _CARRIED_OUT.get(kind)
        return carry_out(self, body, by) if carry_out else None

    def _learn(self, public: bytes) -> KeyId:
        key = keys.key_id(public)
        self.publics[key] = public
        return key

    def _enrol(
        self,
        pair: Mapping[str, str],
        holder: str,
        body: str,
        roles: frozenset[Role] = frozenset(),
        until: int | None = None,
    ) -> Holding:
        key = self._learn(keys.public_from_text(pair["public"]))
        recovery = self._learn(keys.public_from_text(pair["recovery"]))
        held = Holding(key, holder, body, roles, until, recovery)
        self._held[key] = self._recovers[recovery] = held
        return held

    def _named(self, code: str) -> bool:
        """Say whether a code is someone's; the mechanism's is nobody else's in any spelling."""
        taken = code in self.capacities or code in self.officers
        return taken or code.casefold() == MECHANISM

    def _taken(self, pair: Mapping[str, str]) -> bool:
        """Say whether half of a new key has a use already; its halves are two keys, too."""
        known = (keys.key_id(keys.public_from_text(pair[half])) for half in ("public", "recovery"))
        return pair["public"] == pair["recovery"] or any(key in self.publics for key in known)

    def _admit_body(self, body: Mapping[str, Any], _by: Sequence[Holding]) -> Problem | None:
        if self._named(body["code"]):
            return f"the code {body['code']} is taken"
        if self._taken(body["key"]):
            return "the key is already someone's"
        self.capacities[body["code"]] = body["capacity"]
        self._enrol(body["key"], body["code"], body["code"])
        return None

    def _appoint(self, body: Mapping[str, Any], by: Sequence[Holding]) -> Problem | None:
        code = body["officer"]
        if self._named(code):
            return f"the officer code {code} is taken"
        if self._taken(body["key"]):
            return "the key is already someone's"
        roles = frozenset(Role(role) for role in body["roles"])
        capacity = self.capacities[by[0].body]
        beyond = sorted(roles - ROLES_OF_CAPACITY.get(capacity, frozenset()))
        if beyond:
            return f"a body admitted as {capacity} may not give the role {', '.join(beyond)}"
        self.officers[code] = self._enrol(body["key"], code, by[0].body, roles, body.get("until"))
        return None

    def _end_officer(self, body: Mapping[str, Any], by: Sequence[Holding]) -> Problem | None:
        officer = self.officers.get(body["officer"])
        if officer is None or officer.body != by[0].body:
            return f"{body['officer']} is not an officer of {by[0].body}"
        if officer.holder in self._left:
            return f"{officer.holder} serves no more"
        self._left.add(officer.holder)
        for key in [key for key, held in self._held.items() if held.holder == officer.holder]:
            del self._held[key]
        for key in [key for key, held in self._recovers.items() if held.holder == officer.holder]:
            del self._recovers[key]
        return None

    def _enrol_further(self, body: Mapping[str, Any], by: Sequence[Holding]) -> Problem | None:
        holder = body["holder"]
        of_body = (
            holder if holder in self.capacities else getattr(self.officers.get(holder), "body", "")
        )
        if not of_body or not any(_speaks_for(one, holder, of_body) for one in by):
            return f"the signer does not speak for {holder}"
        if self._taken(body["key"]):
            return "the key is already someone's"
        if holder in self._left:
            return f"{holder} serves no more"
        officer = self.officers.get(holder)
        roles, until = (officer.roles, officer.until) if officer else (frozenset[Role](), None)
        self._enrol(body["key"], holder, of_body, roles, until)
        return None

    def _replace(self, body: Mapping[str, Any], by: Sequence[Holding]) -> Problem | None:
        old = self._known(body["old"])
        if old is None:
            return f"the key {body['old']} was never enrolled"
        if not any(one.key == old.recovery for one in by):
            return f"the key {body['old']} is not replaced by its own recovery key"
        if self._taken(body["key"]):
            return "the new key is already someone's"
        self._held.pop(old.key, None)
        if old.recovery:
            self._recovers.pop(old.recovery, None)
        self._enrol(body["key"], old.holder, old.body, old.roles, old.until)
        return None

    def _revoke(self, body: Mapping[str, Any], by: Sequence[Holding]) -> Problem | None:
        """End a key.

        An officer's key that another key revokes, as its body does, is ended with its
        recovery key: whoever stole both comes back with neither. A key that revokes itself,
        or that its recovery key revokes, can still be replaced by the recovery key; so can
        a body's own key in any case: else a thief of it could shut the body out for good.
        """
        held = self._held.get(KeyId(body["key"]))
        if held is None or not held.body:
            return f"the key {body['key']} is not one that can be revoked"
        if not any(
            one.key == held.recovery or _speaks_for(one, held.holder, held.body) for one in by
        ):
            return f"the signer may not revoke the key {body['key']}"
        self._held.pop(held.key, None)
        itself = any(one.key in (held.key, held.recovery) for one in by)
        if held.recovery and not held.is_body_key and not itself:
            self._recovers.pop(held.recovery, None)
        return None

    def _known(self, key: str) -> Holding | None:
        """The holding of a key that is in force, or that only its recovery key still speaks for."""
        held = self._held.get(KeyId(key))
        return held or next((one for one in self._recovers.values() if one.key == key), None)

    def _enrol_pseudonym(self, body: Mapping[str, Any], _by: Sequence[Holding]) -> Problem | None:
        public = keys.public_from_text(body["public"])
        if keys.key_id(public) in self.publics:
            return "the key is already someone's"
        key = self._learn(public)
        self._held[key] = Holding(key, "", "")
        return None


def _speaks_for(one: Holding, holder: str, body: str) -> bool:
    same = body != "" and one.body == body and not one.by_recovery
    return same and (one.holder == holder or one.is_body_key)


_CARRIED_OUT = {
    "body.admitted/1": Keyring._admit_body,
    "officer.appointed/1": Keyring._appoint,
    "officer.ended/1": Keyring._end_officer,
    "key.enrolled/1": Keyring._enrol_further,
    "key.replaced/1": Keyring._replace,
    "key.revoked/1": Keyring._revoke,
    "pseudonym.enrolled/1": Keyring._enrol_pseudonym,
}
KEY_KINDS = frozenset(_CARRIED_OUT) | {"genesis/1"}
BY_RECOVERY_KEY = frozenset(("key.replaced/1", "key.revoked/1"))


def signers(
    ring: Keyring, kind: str, key_ids: Sequence[str], received_at: int
) -> tuple[list[Holding], list[KeyId]]:
    """Return the holdings behind a record's signatures, and the keys that were not in force.

    A recovery key counts for the two kinds that it may sign, and for its holder.
    """
    good: list[Holding] = []
    idle: list[KeyId] = []
    for text in key_ids:
        key = KeyId(text)
        held = ring.in_force(key, received_at)
        if held is None and kind in BY_RECOVERY_KEY:
            held = ring.recovering(key, received_at)
        if held:
            good.append(held)
        else:
            idle.append(key)
    return good, idle


def may_sign(kind: str, author: str, by: Sequence[Holding]) -> Problem | None:
    """Return what speaks against these signers making a record of this kind, or None.

    The author must be the holder of one of the keys. Mechanism kinds need the
    mechanism's key, body kinds a body's own; for the rest an officer needs one of
    the kind's roles. A sealed record shows no author and has one key.
    """
    if kind == SEALED_LEAF:
        alone = len(by) == 1 and not author and by[0].holder != MECHANISM
        return None if alone else "a sealed record is signed by one key, a pseudonym or one's own"
    row = KINDS[kind]
    chosen = [one for one in by if one.holder == author and author]
    if not chosen:
        return f"the author {author or '(none)'} holds none of the keys that signed"
    if row.by_body_key and not chosen[0].is_body_key:
        return f"{kind} is signed with a body's own key"
    if row.signers and not row.signers & chosen[0].roles:
        return f"{author} does not have a role that may sign {kind}"
    return None

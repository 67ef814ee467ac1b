"""The log read in order: what one leaf means after those before it.

Time never runs back; no leaf is older than what witnesses had already seen; every
signing key was in force and its holder may say such a thing; numbers per key go
up; no id comes twice. And what the public map rests on is gathered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import TrucelineError
from truceline.ledger.note import VerifierKey
from truceline.records import keys
from truceline.records.keys import KeyId
from truceline.records.kinds import KINDS, SEALED_LEAF
from truceline.records.roles import Role
from truceline.records.sealed import Disclosure
from truceline.verifier import disclosures, keyring
from truceline.verifier.findings import Findings
from truceline.verifier.foretold import CROSSING, OUTCOME, PREDICTION, Predictions
from truceline.verifier.keyring import MECHANISM, Holding, Keyring
from truceline.verifier.leaves import Leaf, Unreadable
from truceline.verifier.public_map import MAP_KINDS, WATCH_KINDS, Said

SLACK_MICROS = 60 * 1_000_000
"""DESIGN 3: so much older than a cosignature on a smaller tree may a leaf be."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """At this second a witness had seen the tree of this size, and no larger one."""

    size: int
    signed_at_s: int
    witness: VerifierKey


@dataclass(slots=True)
class Fold:
    """The state after the leaves read so far."""

    findings: Findings
    exercise: bool
    witnessed: Sequence[Witnessed] = ()
    ring: Keyring = field(default_factory=Keyring)
    said: list[Said] = field(default_factory=list)
    leaves: int = 0
    signatures: int = 0
    sealed: int = 0
    veiled: int = 0  # leaves under a pseudonym that nothing held opens
    gaps: dict[KeyId, int] = field(default_factory=dict)
    stated: Counter[str] = field(default_factory=Counter)
    held: Mapping[int, Sequence[Disclosure]] = field(default_factory=dict)
    opened: set[int] = field(default_factory=set)
    predictions: Predictions = field(default_factory=Predictions)
    clock: str = "UTC"
    last_at: int = 0
    _seqs: dict[KeyId, int] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)
    _adopted: set[tuple[str, str]] = field(default_factory=set)
    _floor: Witnessed | None = None
    _ahead: list[Witnessed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ahead = sorted(self.witnessed, key=lambda one: one.size, reverse=True)

    def take(self, leaf: Leaf | Unreadable) -> None:
        """Judge the next leaf."""
        if isinstance(leaf, Unreadable):
            self.findings.broken("records", leaf.says, index=leaf.number)
            return
        self.leaves += 1
        self._time(leaf)
        self._id(leaf)
        flaws = [*leaf.flaws, *self._unjudged(leaf)]
        for says in flaws:
            self.findings.broken("records", says, index=leaf.number)
        self.signatures += len(leaf.keys)
        if not flaws:
            self._meaning(leaf)

    # -- time and names -------------------------------------------------------

    def _time(self, leaf: Leaf) -> None:
        if leaf.received_at < self.last_at:
            self.findings.broken(
                "time",
                f"leaf {leaf.number} says it was received {_seconds(self.last_at - leaf.received_at)} "
                "before the leaf in front of it",
                index=leaf.number,
            )
        self.last_at = max(self.last_at, leaf.received_at)
        while self._ahead and self._ahead[-1].size <= leaf.number:
            seen = self._ahead.pop()
            if self._floor is None or seen.signed_at_s > self._floor.signed_at_s:
                self._floor = seen
        if self._floor and not self.exercise:
            self._not_backdated(leaf, self._floor)

    def _not_backdated(self, leaf: Leaf, floor: Witnessed) -> None:
        early = floor.signed_at_s * 1_000_000 - leaf.received_at
        if early > SLACK_MICROS:
            self.findings.broken(
                "backdated",
                f"leaf {leaf.number} claims a time {_seconds(early)} before {floor.witness.name} "
                f"cosigned a tree of {floor.size} leaves, in which it was not",
                index=leaf.number,
            )

    def _id(self, leaf: Leaf) -> None:
        if leaf.id in self._ids:
            self.findings.broken(
                "ids", f"leaf {leaf.number} repeats the record id {leaf.id}", index=leaf.number
            )
        for ref in leaf.refs:
            if ref not in self._ids:
                self.findings.broken(
                    "refs",
                    f"leaf {leaf.number} names the record {ref}, which does not stand before it",
                    index=leaf.number,
                )
        # As text, exactly as signed: any reading of it could take two for one.
        self._ids.add(leaf.id)

    def _unjudged(self, leaf: Leaf) -> list[str]:
        """Check signatures by keys that became known while the page was on its way."""
        flaws = []
        for one in leaf.unjudged:
            public = self.ring.publics.get(one.key)
            if public is None:
                flaws.append(
                    f"leaf {leaf.number} is signed by key {one.key}, which no record names"
                )
            elif not keys.holds(public, one.message, one.value):
                flaws.append(f"leaf {leaf.number}: the signature by key {one.key} does not hold")
        return flaws

    # -- meaning --------------------------------------------------------------

    def _meaning(self, leaf: Leaf) -> None:
        if leaf.kind == "genesis/1":
            self._genesis(leaf)
            return
        by, idle = keyring.signers(self.ring, leaf.kind, leaf.keys, leaf.received_at)
        for key in idle:
            self.findings.broken(
                "keys",
                f"leaf {leaf.number} ({leaf.kind}) is signed by key {key}, which was not in force then",
                index=leaf.number,
            )
        problem = keyring.may_sign(leaf.kind, leaf.author, by) if by else None
        if problem:
            self.findings.broken("mandate", f"leaf {leaf.number}: {problem}", index=leaf.number)
        self._count(leaf, by)
        if idle or problem or not by:
            return
        if leaf.kind == SEALED_LEAF:
            self.sealed += 1
            self._open(leaf, by[0])
        self.stated[leaf.kind] += 1
        self._carry_out(leaf, by)

    def _genesis(self, leaf: Leaf) -> None:
        """Genesis itself was checked as the trust root; a second one is a contradiction."""
        if leaf.number != 0 or leaf.body is None:
            self.findings.broken(
                "genesis", f"leaf {leaf.number} founds the log a second time", index=leaf.number
            )
            return
        self.ring.found(leaf.body)
        self.clock = leaf.body["time_zone"]
        if self.ring.mechanism:
            self._seqs[self.ring.mechanism] = leaf.seq

    def _count(self, leaf: Leaf, by: Sequence[Holding]) -> None:
        """Numbers of the key whose holder is the author go up; a gap is allowed, and shown."""
        signed = (
            by if leaf.kind == SEALED_LEAF else [one for one in by if one.holder == leaf.author]
        )
        own = next((one.key for one in signed), None)
        if own is None:
            return
        last = self._seqs.get(own, 0)
        if leaf.seq <= last:
            self.findings.broken(
                "sequence",
                f"leaf {leaf.number} has number {leaf.seq} of key {own}, after number {last}",
                index=leaf.number,
            )
        elif leaf.seq > last + 1:
            self.gaps[own] = self.gaps.get(own, 0) + leaf.seq - last - 1
        self._seqs[own] = max(last, leaf.seq)

    def _carry_out(self, leaf: Leaf, by: Sequence[Holding]) -> None:
        if leaf.body is None:
            return
        author = [one for one in by if one.holder == leaf.author]
        try:
            problem = self.ring.apply(leaf.kind, leaf.body, author)
        except TrucelineError as error:
            problem = error.detail
        if problem:
            self.findings.broken(
                "keys",
                f"leaf {leaf.number} ({leaf.kind}) may not stand: {problem}",
                index=leaf.number,
            )
        elif leaf.kind in MAP_KINDS:
            body = "" if leaf.author == MECHANISM else author[0].body
            self.said.append(
                Said(leaf.number, leaf.received_at, leaf.id, leaf.kind, body, leaf.body)
            )
            if leaf.kind == "zone.adopted/1":
                self._adopted.add((leaf.body["zone"], leaf.body["content"]["sha256"]))
        elif leaf.kind in WATCH_KINDS:
            self._watched(leaf, leaf.body)

    def _open(self, leaf: Leaf, by: Holding) -> None:
        """Take what a sealed leaf says, where the auditor holds its parts.

        Whose a pseudonym is, is sealed too: only the mechanism's own statements are taken
        under one, and what they rest on is asked for as ever.
        """
        parts = disclosures.inside(leaf.sealed, self.held.get(leaf.number, ()))
        if parts is None:
            self.veiled += not by.holder
            return
        kind, author, body = str(parts["kind"]), str(parts["author"]), parts["body"]
        problem = _inside_flaw(kind, author, body, by)
        if problem:
            self.findings.broken("mandate", f"leaf {leaf.number}: {problem}", index=leaf.number)
        elif by.holder or author == MECHANISM:
            self.opened.add(leaf.number)
            if kind in MAP_KINDS:
                self.said.append(Said(leaf.number, leaf.received_at, leaf.id, kind, by.body, body))

    def _watched(self, leaf: Leaf, body: Mapping[str, Any]) -> None:
        """What the mechanism measured must at least be possible; that it is true, only it says."""
        for says in self._measured(leaf, body):
            self.findings.broken("stated", f"leaf {leaf.number} {says}", index=leaf.number)

    def _measured(self, leaf: Leaf, body: Mapping[str, Any]) -> Iterator[str]:
        match leaf.kind:
            case "clock.fired/1" if body["due_at"] > leaf.received_at:
                yield f"lets the clock {body['clock']} run out before it was due"
            case kind if kind == CROSSING:
                self.predictions.crossed(body)
                if (body["zone"], body["content"]) not in self._adopted:
                    yield f"states a crossing of {body['zone']}, where no such content was adopted"
            case kind if kind == PREDICTION:
                yield from self.predictions.predicted(
                    leaf.id, leaf.received_at, body, self._adopted
                )
            case kind if kind == OUTCOME:
                yield from self.predictions.settled(leaf.number, leaf.received_at, body)


def _inside_flaw(kind: str, author: str, body: Any, by: Holding) -> str | None:
    """Return what is wrong with what a sealed leaf says, or None."""
    row = KINDS.get(kind)
    if row is None or not row.sealable:
        return f"what it seals, {kind[:80]}, is taken in clear alone"
    try:
        row.body.check(body, "body")
    except TrucelineError as error:
        return f"what it seals ({kind}) has a wrong body: {error.where}: {error.detail}"
    if not by.holder:
        if row.own_key:
            return f"{kind} stands under a pseudonym, where its author's own key has to sign"
        theirs = author == MECHANISM and Role.MECHANISM not in row.signers
        return (
            f"the mechanism says under a pseudonym what {kind} leaves to others" if theirs else None
        )
    return keyring.may_sign(kind, author, [by])


def _seconds(micros: int) -> str:
    seconds = micros / 1_000_000
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"

"""An instrument and its history: texts, signatures, readings, and what each body did with it.

A value folded from records. Nothing is deleted: a contested signature stays a signature
and carries the contest; a suspension that was taken back stays in the history. What
follows at a moment (in force, suspended, expired) is `agreements/in_force.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from truceline.clocks import rule as rules_of_time
from truceline.clocks.deadline import Act, Deadline, DeadlineAct
from truceline.clocks.rule import Moments, Rule
from truceline.records import canonical
from truceline.records.admitted import Admitted
from truceline.records.record import Micros
from truceline.records.trail import Trail

BINDING = frozenset(("guarantor", "conflict_party"))
"""The capacities whose consent a boundary needs (DESIGN 5)."""


@dataclass(frozen=True, slots=True)
class Signatory:
    """A body that the instrument names to sign it, and as what."""

    body: str
    capacity: str


@dataclass(frozen=True, slots=True)
class Signed:
    """One body's signature. `signed_at`: the hour it states, or else when it was received."""

    body: str
    officer: str
    signed_at: Micros
    record: str
    at: Micros
    index: int
    place: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """The mechanism's statement that all have signed, and from when to when it is in force."""

    from_at: Micros
    until: Micros | None
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How a body reads a clause, and the instant that follows for it."""

    body: str
    clause: str
    reading: Mapping[str, str]
    instant: Micros | None
    source: str
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Adherence:
    """A body that took the obligations on later, from its own instant."""

    body: str
    from_at: Micros
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class MandateContest:
    """A body contests that a signature binds those it names. The signature stays."""

    body: str
    signature: str
    for_whom: str
    why: Mapping[str, str]
    source: str
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Suspension:
    """A body suspended for its part; `restored_at` None: it still does."""

    body: str
    record: str
    why: Mapping[str, str]
    source: str
    at: Micros
    index: int
    restored_at: Micros | None = None

    def open(self, at: Micros) -> bool:
        """Say whether it stood at a moment."""
        return self.at <= at and (self.restored_at is None or at < self.restored_at)


@dataclass(frozen=True, slots=True)
class Extension:
    """A signatory's word that the instrument should run until then."""

    body: str
    until: Micros
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Termination:
    """A signatory leaves. `from_at` is never before the record was received."""

    body: str
    from_at: Micros
    why: Mapping[str, str]
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """One agreement as published, and everything that was stated on it since.

    `zone` is the clock on which its term is counted: its own rule's, or the log's.
    """

    code: str
    type: str
    title: Mapping[str, str]
    parent: str
    signatories: tuple[Signatory, ...]
    texts: Mapping[str, Any]
    digest: str
    secrecy: str
    effective: Rule
    term: str
    renewal: str
    edge: str
    zone: str
    obligations: tuple[Mapping[str, Any], ...]
    due_rules: Mapping[str, Rule]
    deadlines: Mapping[str, Deadline]
    source: str
    by: str
    at: Micros
    index: int
    signatures: Mapping[str, Signed] = field(default_factory=dict)
    entered: Entered | None = None
    readings: Trail[Reading] = field(default_factory=Trail)
    adherents: Mapping[str, Adherence] = field(default_factory=dict)
    contests: Trail[MandateContest] = field(default_factory=Trail)
    suspensions: Trail[Suspension] = field(default_factory=Trail)
    extensions: Trail[Extension] = field(default_factory=Trail)
    terminations: Trail[Termination] = field(default_factory=Trail)

    @property
    def named(self) -> frozenset[str]:
        """The bodies that the instrument names to sign."""
        return frozenset(one.body for one in self.signatories)

    @property
    def binding(self) -> frozenset[str]:
        """The signatories whose consent a boundary needs: guarantors and conflict parties."""
        return frozenset(one.body for one in self.signatories if one.capacity in BINDING)

    @property
    def parties(self) -> frozenset[str]:
        """Signatories and adherents: the bodies with a capacity in the instrument."""
        return self.named | self.adherents.keys()

    def signed_at(self) -> Micros | None:
        """Return the hour of the last signature, or None while one is missing."""
        if self.named - self.signatures.keys():
            return None
        return max(one.signed_at for one in self.signatures.values())


def texts_digest(texts: Mapping[str, Any]) -> str:
    """Return what a signature names: SHA-256 of the canonical {language: file's SHA-256}, hex."""
    named = {language: text["file"]["sha256"] for language, text in texts.items()}
    return hashlib.sha256(canonical.encode(named)).hexdigest()


def published(a: Admitted, *, zone: str) -> Instrument:
    """Return the instrument that a record publishes; `zone` is the log's time zone.

    Raises `Malformed` for a rule of time that contradicts itself.
    """
    body = a.record.body
    effective = rules_of_time.read(body["effective"], where="body.effective")
    due_rules = {
        one["code"]: rules_of_time.read(one["due"], where=f"body.deadlines.{one['code']}.due")
        for one in body["deadlines"]
    }
    return Instrument(
        code=body["code"],
        type=body["type"],
        title=body["title"],
        parent=body.get("parent", ""),
        signatories=tuple(Signatory(one["body"], one["capacity"]) for one in body["signatories"]),
        texts=body["texts"],
        digest=texts_digest(body["texts"]),
        secrecy=body["secrecy"],
        effective=effective,
        term=body.get("term", ""),
        renewal=body["renewal"],
        edge=body["edge"],
        zone=effective.zone or zone,
        obligations=tuple(body["obligations"]),
        due_rules=due_rules,
        deadlines={
            one["code"]: _deadline(one, due_rules[one["code"]]) for one in body["deadlines"]
        },
        source=body.get("source", ""),
        by=a.signer.body,
        at=a.received_at,
        index=a.index,
    )


def applied(instrument: Instrument, a: Admitted) -> Instrument:
    """Return the instrument after a further record on it."""
    step = _FOLDS.get(a.record.kind)
    return step(instrument, a, a.record.body) if step is not None else instrument


def _deadline(body: Mapping[str, Any], due: Rule) -> Deadline:
    return Deadline(
        code=body["code"],
        clause=body["clause"],
        what=body["what"],
        owner=body["owner"],
        rule=due.text,
    )


def _signed(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    made = Signed(
        body=a.signer.body,
        officer=a.signer.officer,
        signed_at=body.get("stated_at", a.received_at),
        record=a.record.id,
        at=a.received_at,
        index=a.index,
        place=body.get("place", ""),
    )
    return replace(one, signatures={**one.signatures, made.body: made})


def _entered(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    entered = Entered(body["from"], body.get("until"), a.received_at, a.index)
    moments = Moments(one.signed_at(), entered.from_at)
    deadlines = {
        code: replace(
            deadline,
            first_due=rules_of_time.instant(one.due_rules[code], moments, zone=one.zone),
        )
        for code, deadline in one.deadlines.items()
    }
    return replace(one, entered=entered, deadlines=deadlines)


def _read(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    made = Reading(
        a.signer.body,
        body["clause"],
        body["reading"],
        body.get("instant"),
        body.get("source", ""),
        a.received_at,
        a.index,
    )
    return replace(one, readings=one.readings.and_then(made))


def _adhered(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    made = Adherence(a.signer.body, body["from"], a.received_at, a.index)
    return replace(one, adherents={**one.adherents, made.body: made})


def _contested(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    made = MandateContest(
        a.signer.body,
        body["signature"],
        body["for_whom"],
        body["why"],
        body.get("source", ""),
        a.received_at,
        a.index,
    )
    return replace(one, contests=one.contests.and_then(made))


def _suspended(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    made = Suspension(
        a.signer.body,
        a.record.id,
        body["why"],
        body.get("source", ""),
        a.received_at,
        a.index,
    )
    return replace(one, suspensions=one.suspensions.and_then(made))


def _restored(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    restored = (
        replace(each, restored_at=a.received_at) if each.record == body["suspension"] else each
        for each in one.suspensions
    )
    return replace(one, suspensions=Trail(*restored))


def _extended(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    made = Extension(a.signer.body, body["until"], a.received_at, a.index)
    return replace(one, extensions=one.extensions.and_then(made))


def _terminated(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    from_at = Micros(max(body["from"], a.received_at))
    made = Termination(a.signer.body, from_at, body["why"], a.received_at, a.index)
    return replace(one, terminations=one.terminations.and_then(made))


def _deadline_act(one: Instrument, a: Admitted, body: Mapping[str, Any]) -> Instrument:
    act = Act(a.record.kind.removeprefix("deadline.").removesuffix("/1"))
    made = DeadlineAct(
        act=act,
        by=a.signer.body,
        at=a.received_at,
        index=a.index,
        to=body.get("met_at", body.get("due_at")),
        decision=body.get("decision", ""),
        evidence=tuple(file["sha256"] for file in body.get("evidence", ())),
        officer=a.signer.officer or a.signer.body,
    )
    deadline = one.deadlines[body["deadline"]].and_act(made)
    return replace(one, deadlines={**one.deadlines, deadline.code: deadline})


_FOLDS: Mapping[str, Callable[[Instrument, Admitted, Mapping[str, Any]], Instrument]] = {
    "instrument.signed/1": _signed,
    "instrument.entered/1": _entered,
    "instrument.reading/1": _read,
    "instrument.adhered/1": _adhered,
    "mandate.contested/1": _contested,
    "instrument.suspended/1": _suspended,
    "instrument.restored/1": _restored,
    "instrument.extended/1": _extended,
    "instrument.terminated/1": _terminated,
    "deadline.met/1": _deadline_act,
    "deadline.moved/1": _deadline_act,
    "deadline.waived/1": _deadline_act,
}

KINDS = frozenset(_FOLDS)
"""The kinds that speak of an instrument that is published already."""

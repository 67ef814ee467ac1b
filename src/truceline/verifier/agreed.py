"""Agreements as the parties signed them, held against what the mechanism says of them.

The mechanism says when an instrument is in force. That is believed of nobody: every
signatory must have signed the texts as published, by a digest computed here, and from
and until must follow from the instrument's own rule and term (`hours.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from truceline.records import canonical
from truceline.verifier import hours
from truceline.verifier.findings import State
from truceline.verifier.public_map import Said

BINDING = frozenset(("guarantor", "conflict_party"))


class Doubt(NamedTuple):
    """One thing that a statement lacks: the leaf, the check, whether it contradicts the records."""

    number: int
    check: str
    state: State
    says: str


def wrong(one: Said, check: str, says: str) -> Doubt:
    """The records say otherwise."""
    return Doubt(one.number, check, State.BROKEN, f"leaf {one.number} {says}")


def unproved(one: Said, check: str, says: str) -> Doubt:
    """The records alone do not say so, nor otherwise."""
    words = f"leaf {one.number} {says}: that rests on the mechanism's word"
    return Doubt(one.number, check, State.NOT_PROVED, words)


@dataclass(slots=True)
class Agreement:
    """An instrument as published, and what was signed on it."""

    body: Mapping[str, Any]
    texts: str
    signed: dict[str, Said] = field(default_factory=dict)
    entered: Said | None = None
    extended: dict[str, int] = field(default_factory=dict)
    until: int | None = None
    leavings: list[int] = field(default_factory=list)
    last_word: Said | None = None  # the last signature, or the extension that all agreed to

    @property
    def named(self) -> set[str]:
        return {one["body"] for one in self.body["signatories"]}

    @property
    def binding(self) -> list[str]:
        signatories = self.body["signatories"]
        return sorted({one["body"] for one in signatories if one["capacity"] in BINDING})

    def end(self) -> int | None:
        """When it ends unless somebody acts: a leaving, or its term where no renewal is automatic."""
        term = [] if self.until is None or self.body["renewal"] == "auto" else [self.until]
        return min([*self.leavings, *term], default=None)


class Agreements:
    """Every instrument after the records taken so far; `clock` is the log's own time zone."""

    def __init__(self, clock: str) -> None:
        self._clock = clock
        self.known: dict[str, Agreement] = {}

    def take(self, one: Said) -> list[Doubt]:
        """Fold one record, and return what it lacks."""
        step = _STEPS.get(one.kind)
        return list(step(self, one, one.body)) if step else []

    def unsaid(self) -> Iterator[Doubt]:
        """Return what all have signed and the mechanism has not put in force."""
        for code, agreement in self.known.items():
            if agreement.entered is None and agreement.signed.keys() >= agreement.named:
                last = max(agreement.signed.values(), key=lambda sign: sign.number)
                why = f"is the last signature on {code}, which nobody put in force: why not,"
                yield unproved(last, "unsaid", why)

    def _published(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        if body["code"] in self.known:
            yield wrong(one, "agreements", f"publishes {body['code']} a second time")
            return
        self.known[body["code"]] = Agreement(body, _digest(body["texts"]))

    def _signed(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        agreement = self.known.get(body["instrument"])
        if agreement is None or one.by not in agreement.named or body["texts"] != agreement.texts:
            yield wrong(one, "agreements", f"signs other texts than {body['instrument']} has")
        elif one.by not in agreement.signed:
            agreement.signed[one.by] = one
            agreement.last_word = one

    def _entered(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        code, agreement = body["instrument"], self.known.get(body["instrument"])
        if agreement is None:
            yield wrong(one, "agreements", f"puts {code} in force, which was never published")
            return
        if agreement.entered is not None:
            yield wrong(one, "agreements", f"puts {code} in force a second time")
            return
        agreement.entered, agreement.until = one, body.get("until")
        missing = sorted(agreement.named - agreement.signed.keys())
        for party in missing:
            why = f"puts {code} in force, but {party} has not signed its texts"
            yield wrong(one, "agreements", why)
        if not missing:
            yield from self._hours(one, body, agreement)

    def _hours(self, one: Said, body: Mapping[str, Any], agreement: Agreement) -> Iterator[Doubt]:
        said, effective = agreement.body, agreement.body["effective"]
        signed_at = max(
            sign.body.get("stated_at", sign.received_at) for sign in agreement.signed.values()
        )
        start = hours.entry(effective, signed_at, self._clock)
        if start is None:
            why = f"puts {body['instrument']} in force from an hour that cannot be counted here"
            yield unproved(one, "agreements-hours", why)
        elif start != body["from"]:
            yield wrong(one, "agreements", "names another first instant than the rule gives")
        if "term" not in said:
            if "until" in body:
                yield wrong(one, "agreements", "names an end, though the instrument has no term")
            return
        clock = hours.clock_of(effective, self._clock)
        until = hours.end(said["term"], body["from"], clock)
        if until is None:
            why = f"ends the term of {body['instrument']} at an hour that cannot be counted here"
            yield unproved(one, "agreements-hours", why)
        elif until != body.get("until"):
            yield wrong(one, "agreements", "names another end than the term gives")

    def _extended(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        agreement = self.known.get(body["instrument"])
        if agreement is None or one.by not in agreement.named:
            yield wrong(one, "agreements", f"extends {body['instrument']}, which is not its own")
            return
        agreement.extended[one.by] = body["until"]
        all_have = agreement.extended.keys() >= agreement.named
        if all_have and len(set(agreement.extended.values())) == 1:
            agreement.until = body["until"]
            agreement.last_word = one

    def _terminated(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        agreement = self.known.get(body["instrument"])
        if agreement is None or one.by not in agreement.named:
            yield wrong(one, "agreements", f"leaves {body['instrument']}, which is not its own")
            return
        agreement.leavings.append(max(body["from"], one.received_at))


def _digest(texts: Mapping[str, Any]) -> str:
    """What a signature names: SHA-256 of the canonical {language: file's SHA-256}."""
    named = {language: text["file"]["sha256"] for language, text in texts.items()}
    return hashlib.sha256(canonical.encode(named)).hexdigest()


_STEPS: Mapping[str, Callable[[Agreements, Said, Mapping[str, Any]], Iterator[Doubt]]] = {
    "instrument.published/1": Agreements._published,
    "instrument.signed/1": Agreements._signed,
    "instrument.entered/1": Agreements._entered,
    "instrument.extended/1": Agreements._extended,
    "instrument.terminated/1": Agreements._terminated,
}

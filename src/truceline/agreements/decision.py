"""What may be said of an instrument, by whom, and when: each refusal names its rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from truceline.agreements import due, entry, in_force
from truceline.agreements.in_force import InstrumentState
from truceline.agreements.instrument import Instrument, Signed, published
from truceline.agreements.refusal import no
from truceline.clocks import calendar
from truceline.clocks import rule as rules_of_time
from truceline.clocks.rule import Base
from truceline.errors import Malformed, Reason
from truceline.parties.register import Register
from truceline.records.admitted import Admitted, Candidate, Follow
from truceline.records.record import Micros
from truceline.records.roles import Role

PUBLISHED = "instrument.published/1"
_OVER = frozenset((InstrumentState.EXPIRED, InstrumentState.TERMINATED))


def decide_published(
    candidate: Candidate, instruments: Mapping[str, Instrument], register: Register
) -> None:
    """Refuse an instrument that could not be signed: unknown bodies, codes twice, rules amiss."""
    body = candidate.record.body
    if body["code"] in instruments:
        raise no(Reason.CONTRADICTS, f"the code {body['code']} is taken", "body.code")
    if "parent" in body and body["parent"] not in instruments:
        raise no(Reason.REF_UNKNOWN, f"there is no instrument {body['parent']}", "body.parent")
    bodies = [one["body"] for one in body["signatories"]]
    for number, code in enumerate(bodies):
        where = f"body.signatories[{number}].body"
        if code not in register.bodies:
            raise no(Reason.REF_UNKNOWN, f"there is no body {code}", where)
        if code in bodies[:number]:
            raise no(Reason.CONTRADICTS, f"{code} is named twice", where)
    if Role.SECRETARIAT not in candidate.signer.roles and candidate.signer.body not in bodies:
        raise no(
            Reason.NO_MANDATE,
            "an instrument is published by one of its signatories or the secretariat",
            "record.author",
        )
    _unique(body["deadlines"], "deadlines")
    _unique(body["obligations"], "obligations")
    _check_rules(candidate, register.time_zone)


def decide(candidate: Candidate, instrument: Instrument | None) -> tuple[Follow, ...]:
    """Return what follows from a record on a published instrument, or refuse it."""
    body = candidate.record.body
    if instrument is None:
        raise no(
            Reason.REF_UNKNOWN, f"there is no instrument {body['instrument']}", "body.instrument"
        )
    return _DECISIONS[candidate.record.kind](candidate, instrument, body)


def _check_rules(candidate: Candidate, zone: str) -> None:
    draft = published(
        Admitted(0, candidate.record, candidate.signer, candidate.received_at), zone=zone
    )
    if draft.effective.base in (Base.ENTRY, Base.DAY_AFTER_ENTRY):
        raise Malformed(
            Reason.BAD_TIME,
            where="body.effective.says.from",
            detail="the entry into force cannot be counted from itself",
        )
    if draft.term and calendar.duration(draft.term, where="body.term") == calendar.Duration():
        raise Malformed(Reason.BAD_TIME, where="body.term", detail="a term of nothing")
    if draft.renewal == "auto" and not draft.term:
        raise no(Reason.CONTRADICTS, "only a term can be renewed", "body.renewal")
    moments = rules_of_time.Moments(candidate.received_at, candidate.received_at)
    for rule in (draft.effective, *draft.due_rules.values()):
        rules_of_time.instant(rule, moments, zone=zone)


def _signed(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    signer = candidate.signer
    _named(candidate, instrument)
    if signer.body in instrument.signatures:
        raise no(Reason.WRONG_STATE, f"{signer.body} has signed already", "record.author")
    _same_texts(instrument, body)
    stated_at = body.get("stated_at", candidate.received_at)
    if stated_at > candidate.received_at + calendar.AHEAD:
        raise no(
            Reason.MADE_IN_FUTURE, "the stated hour of signing is still to come", "body.stated_at"
        )
    last = Signed(
        signer.body,
        signer.officer,
        stated_at,
        candidate.record.id,
        candidate.received_at,
        index=-1,
    )
    return entry.follow(instrument, last)


def _entered(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    signed_at = instrument.signed_at()
    if instrument.entered is not None or signed_at is None:
        raise no(
            Reason.WRONG_STATE,
            "it entered into force already, or a signature is missing",
            "body.instrument",
        )
    from_at, until = entry.window(instrument, signed_at)
    if (body["from"], body.get("until")) != (from_at, until):
        raise no(Reason.CONTRADICTS, "the instants do not follow from the rule", "body.from")
    return ()


def _read(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    return ()


def _adhered(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    who = candidate.signer.body
    if who in instrument.named:
        raise no(Reason.WRONG_STATE, f"{who} is named as a signatory", "record.author")
    if who in instrument.adherents:
        raise no(Reason.WRONG_STATE, f"{who} has adhered already", "record.author")
    _same_texts(instrument, body)
    _not_over(candidate, instrument)
    return ()


def _contested(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    if body["signature"] not in {one.record for one in instrument.signatures.values()}:
        raise no(
            Reason.REF_UNKNOWN,
            f"{body['signature']} is no signature of {instrument.code}",
            "body.signature",
        )
    return ()


def _suspended(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    who = candidate.signer.body
    _party(candidate, instrument)
    _entered_and_not_over(candidate, instrument)
    if any(one.body == who and one.restored_at is None for one in instrument.suspensions):
        raise no(Reason.WRONG_STATE, f"{who} suspends it already", "record.author")
    return ()


def _restored(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    found = [one for one in instrument.suspensions if one.record == body["suspension"]]
    if not found:
        raise no(
            Reason.REF_UNKNOWN,
            f"{body['suspension']} is no suspension of {instrument.code}",
            "body.suspension",
        )
    if found[0].body != candidate.signer.body:
        raise no(
            Reason.NO_MANDATE,
            f"the suspension is {found[0].body}'s; nobody else can take it back",
            "body.suspension",
        )
    if found[0].restored_at is not None:
        raise no(Reason.WRONG_STATE, "the suspension was taken back already", "body.suspension")
    return ()


def _extended(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    _named(candidate, instrument)
    _entered_and_not_over(candidate, instrument)
    until = in_force.until_at(instrument, candidate.received_at)
    if until is None:
        raise no(Reason.WRONG_STATE, "the instrument has no term to extend", "body.instrument")
    if body["until"] <= until:
        raise no(Reason.BAD_TIME, "the new end is not after the present one", "body.until")
    return ()


def _terminated(
    candidate: Candidate, instrument: Instrument, body: Mapping[str, Any]
) -> tuple[Follow, ...]:
    who = candidate.signer.body
    _named(candidate, instrument)
    _entered_and_not_over(candidate, instrument)
    if any(one.body == who for one in instrument.terminations):
        raise no(Reason.WRONG_STATE, f"{who} has announced its leaving already", "record.author")
    return ()


_DECISIONS: Mapping[
    str, Callable[[Candidate, Instrument, Mapping[str, Any]], tuple[Follow, ...]]
] = {
    "instrument.signed/1": _signed,
    "instrument.entered/1": _entered,
    "instrument.reading/1": _read,
    "instrument.adhered/1": _adhered,
    "mandate.contested/1": _contested,
    "instrument.suspended/1": _suspended,
    "instrument.restored/1": _restored,
    "instrument.extended/1": _extended,
    "instrument.terminated/1": _terminated,
    "deadline.met/1": due.decide_act,
    "deadline.moved/1": due.decide_act,
    "deadline.waived/1": due.decide_act,
}

KINDS = frozenset(_DECISIONS)
"""The kinds decided here, on an instrument that is published already."""


def _named(candidate: Candidate, instrument: Instrument) -> None:
    if candidate.signer.body not in instrument.named:
        raise no(
            Reason.NO_MANDATE,
            f"{candidate.signer.body} is not a signatory of {instrument.code}",
            "record.author",
        )


def _party(candidate: Candidate, instrument: Instrument) -> None:
    if candidate.signer.body not in instrument.parties:
        raise no(
            Reason.NO_MANDATE,
            f"{candidate.signer.body} is neither signatory of nor adherent to {instrument.code}",
            "record.author",
        )


def _same_texts(instrument: Instrument, body: Mapping[str, Any]) -> None:
    if body["texts"] != instrument.digest:
        raise no(
            Reason.CONTRADICTS,
            f"the texts signed ({body['texts'][:12]}…) are not those published"
            f" ({instrument.digest[:12]}…)",
            "body.texts",
        )


def _not_over(candidate: Candidate, instrument: Instrument) -> None:
    state = in_force.state(instrument, candidate.received_at)
    if state in _OVER:
        raise no(Reason.WRONG_STATE, f"{instrument.code} is {state}", "body.instrument")


def _entered_and_not_over(candidate: Candidate, instrument: Instrument) -> None:
    if instrument.entered is None:
        raise no(Reason.WRONG_STATE, f"{instrument.code} is not signed by all", "body.instrument")
    _not_over(candidate, instrument)


def _unique(items: list[Mapping[str, Any]], name: str) -> None:
    seen: set[str] = set()
    for number, one in enumerate(items):
        if one["code"] in seen:
            where = f"body.{name}[{number}].code"
            raise no(Reason.CONTRADICTS, f"the code {one['code']} is used twice", where)
        seen.add(one["code"])


def agreed_extension(instrument: Instrument, candidate: Candidate) -> Micros | None:
    """Return the new end, if this signatory's word is the last that an extension needs."""
    latest = {one.body: one.until for one in instrument.extensions}
    latest[candidate.signer.body] = candidate.record.body["until"]
    if latest.keys() >= instrument.named and len(set(latest.values())) == 1:
        return Micros(candidate.record.body["until"])
    return None

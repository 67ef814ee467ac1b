"""Adoption: consent, what follows from the last one, suspension, expiry.

A content is adopted when the latest consent of every guarantor and conflict party that
signed the instrument is to that content, and the instrument has entered into force. The
order in which they consent changes nothing but the hour. An adoption begins when it is
stated at the earliest: nobody's past flight is judged by a later signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from truceline.agreements import in_force as instruments
from truceline.agreements.instrument import Entered, Extension, Instrument
from truceline.clocks import calendar
from truceline.errors import Reason
from truceline.geo.volume import Window
from truceline.records.admitted import Candidate, Follow
from truceline.records.record import Micros
from truceline.zones import in_force
from truceline.zones.boundary import ZoneContent
from truceline.zones.history import Adoption, Consent, ZoneHistory
from truceline.zones.proposal import not_over
from truceline.zones.refusal import Contents, Ground, no, put_forward_before

ADOPTED = "zone.adopted/1"
EXPIRED = "zone.expired/1"


def decide_consented(candidate: Candidate, ground: Ground) -> tuple[Follow, ...]:
    """Refuse a consent from outside or to the unknown; the last one brings the adoption."""
    body = candidate.record.body
    who = candidate.signer.body
    history, instrument, at = ground.history, ground.instrument, candidate.received_at
    if who not in instrument.parties:
        raise no(Reason.NO_MANDATE, f"{who} is not a party to {instrument.code}", "record.author")
    put_forward_before(ground, body["content"], "body.content")
    not_over(candidate, instrument)
    counted = in_force.consents(history, at)
    if who in counted and counted[who].content == body["content"]:
        raise no(Reason.WRONG_STATE, f"{who} consents to this content already", "body.content")
    consent = Consent(who, body["content"], at, history.index, candidate.record.id)
    made = adoption(
        history, instrument, {**counted, who: consent}, ground.contents, at, consent.record
    )
    if made is None:
        return ()
    if "until" in made.body and made.body["until"] <= made.body["from"]:
        raise no(
            Reason.BAD_TIME,
            "the time of this content, or of the instrument, would be over before it began",
            "body.content",
        )
    return (made,)


def decide_adopted(candidate: Candidate, ground: Ground) -> None:
    """Refuse an adoption that the consents on record do not bear out: the door's own check."""
    body = candidate.record.body
    latest, binding = ground.history.latest_consents, ground.instrument.binding
    content = body["content"]["sha256"]
    holds = all(one in latest and latest[one].content == content for one in binding)
    named = {latest[one].record for one in binding & latest.keys()}
    if not holds or set(body["consents"]) != named or ground.instrument.entered is None:
        raise no(Reason.CONTRADICTS, "the consents do not bear this adoption out", "body.consents")


def decide_suspended(candidate: Candidate, ground: Ground) -> None:
    """Refuse a suspension by a body that is not bound, or of what is not in force."""
    who, at = candidate.signer.body, candidate.received_at
    if who not in ground.instrument.binding:
        raise no(
            Reason.NO_MANDATE,
            f"{who} is not a signatory of {ground.instrument.code}",
            "record.author",
        )
    if in_force.in_force(ground.history, at) is None:
        raise no(Reason.WRONG_STATE, f"{ground.history.code} is not in force", "body.zone")
    if any(one.body == who and one.restored_at is None for one in ground.history.suspensions):
        raise no(Reason.WRONG_STATE, f"{who} suspends it already", "record.author")


def decide_restored(candidate: Candidate, ground: Ground) -> None:
    """Refuse to take back a suspension that is another's, or none."""
    named = candidate.record.body["suspension"]
    found = [one for one in ground.history.suspensions if one.record == named]
    if not found:
        raise no(Reason.REF_UNKNOWN, f"{named} is no suspension of this zone", "body.suspension")
    if found[0].body != candidate.signer.body:
        raise no(
            Reason.NO_MANDATE,
            f"the suspension is {found[0].body}'s; nobody else can take it back",
            "body.suspension",
        )
    if found[0].restored_at is not None:
        raise no(Reason.WRONG_STATE, "the suspension was taken back already", "body.suspension")


def decide_expired(candidate: Candidate, ground: Ground) -> None:
    """Refuse an expiry of what is not the latest adoption, or before its hour."""
    body = candidate.record.body
    last = ground.history.adoptions.last
    if last is None or last.content != body["content"] or last.expired_at is not None:
        raise no(Reason.WRONG_STATE, "that content is not in force", "body.content")
    if body["at"] > candidate.received_at or body["at"] != end_of(last, ground.instrument):
        raise no(Reason.BAD_TIME, "its hour has not come, or is another", "body.at")


def end_of(adoption: Adoption, instrument: Instrument) -> Micros | None:
    """Return when an adoption ends by itself: its `until`, or when a signatory leaves."""
    ends = [one.from_at for one in instrument.terminations]
    ends += [] if adoption.until is None else [adoption.until]
    return min(ends, default=None)


# -- what follows ---------------------------------------------------------------------------


def adoption(
    history: ZoneHistory,
    instrument: Instrument,
    counted: dict[str, Consent],
    contents: Contents | None,
    at: Micros,
    cause: str,
) -> Follow | None:
    """Return the adoption that these consents bring about at `at`, or None.

    None while a consent or the instrument's entry is missing, and when the same content
    is the latest adopted and has not ended.
    """
    agreed = {counted[body].content for body in instrument.binding if body in counted}
    if instrument.entered is None or not instrument.binding <= counted.keys() or len(agreed) != 1:
        return None
    content = agreed.pop()
    last = history.adoptions.last
    if last is not None and last.content == content and last.ended(at) is None:
        return None
    return _stated(history, instrument, counted, content, contents, at, cause)


def after_entry(
    zones: Iterable[ZoneHistory],
    instrument: Instrument,
    entered: Entered,
    contents: Contents | None,
    cause: str,
) -> tuple[Follow, ...]:
    """Return the adoptions that waited for the instrument: all had consented before it entered."""
    ready = replace(instrument, entered=entered)
    found = (
        adoption(one, ready, in_force.consents(one, entered.at), contents, entered.at, cause)
        for one in zones
        if one.instrument == instrument.code
    )
    return tuple(one for one in found if one is not None and _has_time(one))


def after_extension(
    zones: Iterable[ZoneHistory],
    instrument: Instrument,
    last_word: Extension,
    contents: Contents | None,
    cause: str,
) -> tuple[Follow, ...]:
    """Return the adoptions stated again, with the term that all signatories have now extended."""
    longer = replace(instrument, extensions=instrument.extensions.and_then(last_word))
    at = last_word.at
    made = []
    for one in zones:
        last = one.adoptions.last
        if one.instrument == instrument.code and last is not None and last.ended(at) is None:
            counted = in_force.consents(one, at)
            if all(
                body in counted and counted[body].content == last.content for body in longer.binding
            ):
                made.append(_stated(one, longer, counted, last.content, contents, at, cause))
    return tuple(made)


def expiry(history: ZoneHistory, due_at: Micros, cause: str) -> Follow | None:
    """Return the statement that the zone's term ran out at `due_at`."""
    last = history.adoptions.last
    if last is None or last.expired_at is not None:
        return None
    return Follow(
        kind=EXPIRED,
        body={"zone": history.code, "content": last.content, "at": due_at},
        refs=(last.record,),
        id_seed=f"{EXPIRED} {history.code} {cause}",
    )


def content_window(content: ZoneContent) -> tuple[Micros | None, Micros | None]:
    """Return from when until when a content itself says that it applies; None: no bound."""
    by_volume = _hull([one.window for one in content.volumes])
    by_period = _hull([one.window for one in content.applicability])
    starts = [one.start for one in (by_volume, by_period) if one.start is not None]
    ends = [one.end for one in (by_volume, by_period) if one.end is not None]
    return _micros(max(starts, default=None)), _micros(min(ends, default=None))


def _stated(
    history: ZoneHistory,
    instrument: Instrument,
    counted: dict[str, Consent],
    content: str,
    contents: Contents | None,
    at: Micros,
    cause: str,
) -> Follow:
    forward = history.forward(content)
    assert forward is not None  # noqa: S101 -- a consent to an unknown content was refused
    assert instrument.entered is not None  # noqa: S101 -- the callers ask for it
    start, end = content_window(contents(content)) if contents is not None else (None, None)
    ends = [one for one in (end, instruments.final_until(instrument, at)) if one is not None]
    consents = [counted[body].record for body in sorted(instrument.binding)]
    body = {
        "zone": history.code,
        "instrument": instrument.code,
        "content": dict(forward.file),
        "consents": consents,
        "from": max(at, instrument.entered.from_at, start or 0),
        "secrecy": instrument.secrecy,
    }
    if ends:
        body["until"] = min(ends)
    seed = f"{ADOPTED} {history.code} {content} {cause}"
    return Follow(ADOPTED, body, tuple(consents), seed)


def _has_time(follow: Follow) -> bool:
    return "until" not in follow.body or follow.body["from"] < follow.body["until"]


def _hull(windows: list[Window]) -> Window:
    """The least window that holds all; none at all is no bound."""
    starts = [one.start for one in windows]
    ends = [one.end for one in windows]
    return Window(
        min((one for one in starts if one), default=None) if None not in starts else None,
        max((one for one in ends if one), default=None) if None not in ends else None,
    )


def _micros(at: datetime | None) -> Micros | None:
    return None if at is None else calendar.micros(at)

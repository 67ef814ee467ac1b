"""What an instrument is at a moment, as the log stood then: computed, never stored.

In force from its instant, while its term runs, while no signatory suspends it, until one
leaves. At `until` it is over: it expires at the hour (DOMAIN 8.1).
"""

from __future__ import annotations

from enum import StrEnum

from truceline.agreements.instrument import Instrument, Suspension
from truceline.clocks import calendar
from truceline.geo.schedule import clock_zone
from truceline.records.record import Micros


class InstrumentState(StrEnum):
    """Where an instrument stands."""

    PUBLISHED = "published"  # nobody has signed
    SIGNED_IN_PART = "signed_in_part"  # shown; without effect
    SIGNED = "signed"  # by all; its instant is still to come
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"  # by at least one signatory
    EXPIRED = "expired"
    TERMINATED = "terminated"


def state(instrument: Instrument, at: Micros) -> InstrumentState:
    """Return where the instrument stood at a moment."""
    entered = instrument.entered
    if entered is None or entered.at > at:
        signed = any(one.at <= at for one in instrument.signatures.values())
        return InstrumentState.SIGNED_IN_PART if signed else InstrumentState.PUBLISHED
    if terminated_from(instrument, at) is not None:
        return InstrumentState.TERMINATED
    until = until_at(instrument, at)
    if until is not None and until <= at:
        return InstrumentState.EXPIRED
    if at < entered.from_at:
        return InstrumentState.SIGNED
    return InstrumentState.SUSPENDED if suspended(instrument, at) else InstrumentState.IN_FORCE


def in_force(instrument: Instrument, at: Micros) -> bool:
    """Say whether the instrument bound its signatories at a moment."""
    return state(instrument, at) is InstrumentState.IN_FORCE


def binds(instrument: Instrument, body: str, at: Micros) -> bool:
    """Say whether a body was bound at a moment: a signatory, or an adherent since its own instant."""
    if not in_force(instrument, at):
        return False
    adherence = instrument.adherents.get(body)
    if adherence is None:
        return body in instrument.named
    suspends = any(one.body == body and one.open(at) for one in instrument.suspensions)
    return max(adherence.from_at, adherence.at) <= at and not suspends


def missing(instrument: Instrument, at: Micros) -> tuple[str, ...]:
    """Return the signatories that had not signed at a moment, in the instrument's order."""
    signed = {body for body, one in instrument.signatures.items() if one.at <= at}
    return tuple(one.body for one in instrument.signatories if one.body not in signed)


def suspended(instrument: Instrument, at: Micros) -> tuple[Suspension, ...]:
    """Return the signatories' suspensions that stood at a moment. An adherent's binds itself alone."""
    return tuple(
        one for one in instrument.suspensions if one.body in instrument.named and one.open(at)
    )


def terminated_from(instrument: Instrument, at: Micros) -> Micros | None:
    """Return since when it is ended by a signatory's leaving, or None."""
    times = [one.from_at for one in instrument.terminations if one.from_at <= at]
    return min(times, default=None)


def until_at(instrument: Instrument, at: Micros) -> Micros | None:
    """Return the end of the term as it stood at a moment; None: without end.

    An extension counts when the latest word of every signatory is the same instant. With
    renewal "auto" the term begins again each time it ends, counted from its first day.
    """
    entered = instrument.entered
    if entered is None or entered.until is None:
        return None
    until = _extended_until(instrument, entered.until, at)
    if instrument.renewal != "auto" or at < until:
        return until
    length, zone = calendar.duration(instrument.term), clock_zone(instrument.zone)
    times, start = 0, until
    while until <= at:
        times += 1
        until = calendar.add(start, length, zone, times=times)
    return until


def final_until(instrument: Instrument, at: Micros) -> Micros | None:
    """Return when it ends unless somebody acts: None with automatic renewal or without a term.

    A signatory's announced leaving counts, as far as it was on record.
    """
    ends = [one.from_at for one in instrument.terminations if one.at <= at]
    if instrument.renewal != "auto":
        until = until_at(instrument, at)
        ends += [] if until is None else [until]
    return min(ends, default=None)


def _extended_until(instrument: Instrument, until: Micros, at: Micros) -> Micros:
    latest: dict[str, Micros] = {}
    for one in instrument.extensions:
        if one.at > at:
            break
        latest[one.body] = one.until
        if latest.keys() >= instrument.named and len(set(latest.values())) == 1:
            until = one.until
    return until

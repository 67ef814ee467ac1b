"""What a zone is at a moment, as the log stood then: computed, never stored.

A zone is in force within the latest adoption that covers the moment; the one before holds
until the next begins. Any signatory's suspension, of the zone or of its instrument, is
shown with by whom and since when. Silence is "no position", never consent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from truceline.agreements import in_force as instruments
from truceline.agreements.in_force import InstrumentState
from truceline.agreements.instrument import Instrument
from truceline.records.record import Micros
from truceline.zones.history import Adoption, Consent, Contest, How, Position, ZoneHistory


class ZoneState(StrEnum):
    """Where a zone stands (DOMAIN 8.1, without the steps that leave no record)."""

    PROPOSED = "proposed"
    POSITIONS_OPEN = "positions_open"  # a body has filed a position
    AGREED = "agreed"  # all have consented; it is not in force yet
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SuspendedBy:
    """Who suspends, since when, and whether the whole instrument."""

    body: str
    since: Micros
    whole_instrument: bool


def state(history: ZoneHistory, instrument: Instrument, at: Micros) -> ZoneState:
    """Return where the zone stood at a moment."""
    adoption = in_force(history, at)
    if adoption is not None and not _instrument_over(instrument, at):
        return ZoneState.SUSPENDED if suspended_by(history, instrument, at) else ZoneState.IN_FORCE
    if any(one.at <= at < one.from_at for one in history.adoptions):
        return ZoneState.AGREED
    ends = [one for one in history.adoptions if one.at <= at]
    forward_since = [
        one for one in history.put_forward if ends and ends[-1].index < one.index and one.at <= at
    ]
    if ends and not any(one.how is not How.POSITION for one in forward_since):
        return ZoneState.EXPIRED
    if not missing(history, instrument, at):
        return ZoneState.AGREED
    return ZoneState.POSITIONS_OPEN if positions(history, at) else ZoneState.PROPOSED


def in_force(history: ZoneHistory, at: Micros) -> Adoption | None:
    """Return the adoption within which a moment lies, suspended or not."""
    for one in history.adoptions.newest_first():
        if one.at <= at and one.covers(at):
            return one
    return None


def suspended_by(
    history: ZoneHistory, instrument: Instrument, at: Micros
) -> tuple[SuspendedBy, ...]:
    """Return whose suspensions stood at a moment, of the zone first."""
    of_zone = (SuspendedBy(one.body, one.at, False) for one in history.suspensions if one.open(at))
    of_all = (SuspendedBy(one.body, one.at, True) for one in instruments.suspended(instrument, at))
    return (*of_zone, *of_all)


def position_of(history: ZoneHistory, body: str, at: Micros) -> Position | None:
    """Return a body's latest position at a moment; None: it had taken none."""
    for one in history.positions.newest_first():
        if one.body == body and one.at <= at:
            return one
    return None


def positions(history: ZoneHistory, at: Micros) -> tuple[Position, ...]:
    """Return the latest position of each body at a moment, by body."""
    latest: dict[str, Position] = {}
    for one in history.positions.newest_first():
        if one.at <= at:
            latest.setdefault(one.body, one)
    return tuple(latest[body] for body in sorted(latest))


def consents(history: ZoneHistory, at: Micros) -> dict[str, Consent]:
    """Return the latest consent of each body that counted at a moment.

    What was consented to before the last adoption ended does not count again: after an
    expiry everyone is asked anew.
    """
    ended = last_end(history, at)
    latest: dict[str, Consent] = {}
    for one in history.consents:
        if one.at <= at and (ended is None or one.at >= ended):
            latest[one.body] = one
    return latest


def last_end(history: ZoneHistory, at: Micros) -> Micros | None:
    """Return when the latest adoption ended, if it had by that moment."""
    known = [one for one in history.adoptions if one.at <= at]
    return known[-1].ended(at) if known else None


def missing(
    history: ZoneHistory, instrument: Instrument, at: Micros, content: str = ""
) -> tuple[str, ...]:
    """Return the signatories whose consent to a content was missing at a moment.

    Without `content` the one is meant that most signatories consent to; of two alike,
    the one that was consented to last.
    """
    latest = consents(history, at)
    wanted = content or _leading(latest, instrument)
    return tuple(
        sorted(
            body
            for body in instrument.binding
            if body not in latest or latest[body].content != wanted
        )
    )


def contests(history: ZoneHistory, content: str, at: Micros) -> tuple[Contest, ...]:
    """Return the contests of a content that stood at a moment; a later consent ends one's own."""
    latest: dict[str, Contest] = {
        one.body: one for one in history.contests if one.content == content and one.at <= at
    }
    return tuple(
        latest[body] for body in sorted(latest) if not _consented_since(history, latest[body], at)
    )


def _consented_since(history: ZoneHistory, contest: Contest, at: Micros) -> bool:
    return any(
        one.body == contest.body
        and one.content == contest.content
        and one.index > contest.index
        and one.at <= at
        for one in history.consents
    )


def _leading(latest: dict[str, Consent], instrument: Instrument) -> str:
    counts: dict[str, tuple[int, int]] = {}
    for body in instrument.binding & latest.keys():
        one = latest[body]
        count, index = counts.get(one.content, (0, -1))
        counts[one.content] = (count + 1, max(index, one.index))
    return max(counts, key=lambda content: counts[content], default="")


def _instrument_over(instrument: Instrument, at: Micros) -> bool:
    return instruments.state(instrument, at) in (
        InstrumentState.EXPIRED,
        InstrumentState.TERMINATED,
    )

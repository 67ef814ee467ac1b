"""Entry into force: what the mechanism states when the last signatory has signed."""

from __future__ import annotations

from truceline.agreements.instrument import Instrument, Signed
from truceline.clocks import calendar
from truceline.clocks import rule as rules_of_time
from truceline.clocks.rule import Moments
from truceline.errors import Malformed, Reason
from truceline.geo.schedule import clock_zone
from truceline.records.admitted import Follow
from truceline.records.record import Micros

KIND = "instrument.entered/1"


def follow(instrument: Instrument, last: Signed) -> tuple[Follow, ...]:
    """Return the statement that a signature brings about: none while another is missing.

    The signatures are all on the same texts, because the door refuses any other.
    """
    signatures = {**instrument.signatures, last.body: last}
    if instrument.named - signatures.keys() or instrument.entered is not None:
        return ()
    signed_at = Micros(max(one.signed_at for one in signatures.values()))
    from_at, until = window(instrument, signed_at)
    body = {"instrument": instrument.code, "from": from_at, "rule": instrument.effective.text}
    return (
        Follow(
            kind=KIND,
            body=body if until is None else {**body, "until": until},
            refs=tuple(one.record for one in signatures.values()),
            id_seed=f"{KIND} {instrument.code}",
        ),
    )


def window(instrument: Instrument, signed_at: Micros) -> tuple[Micros, Micros | None]:
    """Return from when and until when it is in force, if the last signature is of `signed_at`."""
    zone = instrument.zone
    from_at = rules_of_time.instant(instrument.effective, Moments(signature=signed_at), zone=zone)
    if from_at is None:
        raise Malformed(
            Reason.BAD_TIME,
            where="body.effective",
            detail="the entry into force cannot be counted from the entry into force",
        )
    if not instrument.term:
        return from_at, None
    length = calendar.duration(instrument.term, where="body.term")
    return from_at, calendar.add(from_at, length, clock_zone(zone))

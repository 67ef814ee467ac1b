"""Flights that were announced, held against what was seen: what fits and what does not.

Presence and purpose are apart (DOMAIN 1.7): a crossing is recorded whoever flies it, and
an announced flight never takes it off the record. What is found here is its purpose:

- exempt: announced, and everything that can be compared fits;
- claimed: the address or the callsign is that of an announced flight, and something else
  does not fit, or an answer stands against it: what, is named;
- unknown: nothing announced has this address or callsign. It is never "hostile".

A callsign is easily copied, and a notice is easily written. So exempt asks for more than a
fit: address and callsign are both announced and both seen; the notice came before the entry,
for a window of hours and a corridor of kilometres; every party of the zone was told; and one
of them, never the body that announced it, has noted or approved it. Whatever fits, a finding
is for people. What does not fit never names who answered: whom a flight was announced to is
not for the others that it was announced to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from truceline.airspace.metres import metres_per_degree
from truceline.airspace.predictions.prediction import Prediction
from truceline.airspace.rules import SECOND_US
from truceline.geo.position import E7

NEAR_WINDOW_US = 24 * 3600 * SECOND_US
"""An announced flight is looked for this long before and after its window."""
LONGEST_US = 24 * 3600 * SECOND_US
WIDEST_M = 20_000.0
"""A window or a corridor beyond these says too little to exempt anything."""
_FOOT_MM = 304.8
_MINUTE_US = 60 * SECOND_US


class Purpose(StrEnum):
    """What is known of why an aircraft was there."""

    EXEMPT = "exempt"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a route, in feet above its datum (STD, AMSL, WGS84)."""

    feet: float
    datum: str


@dataclass(frozen=True, slots=True)
class ExemptFlight:
    """An announced flight as it stands: its notice, and the answers to it.

    `against` are the bodies whose newest answer is an objection, `unasked` the approvers
    that the agreement names and that have not approved, `accepted` the bodies beside the
    applicant whose newest answer is noted or approved. Times are microseconds.
    """

    notice: str
    flight: str
    applicant: str
    purpose: str
    callsign: str
    icao24: str
    route: tuple[tuple[float, float], ...]
    width_m: float
    lower: Limit | None
    upper: Limit | None
    from_at: int
    until: int
    announced_at: int
    to: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    withdrawn_at: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """Who was seen where: an entry into a zone. Feet by datum; None: not known.

    `parties` are the bodies with a capacity in the instrument of the zone.
    """

    icao24: str
    callsign: str
    lat: float
    lon: float
    at: int
    feet: Mapping[str, float | None]
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit, and by how much, in words."""

    what: str
    said: str


@dataclass(frozen=True, slots=True)
class Match:
    """An announced flight beside a sight."""

    flight: ExemptFlight
    fits: tuple[str, ...]
    misfits: tuple[Misfit, ...]

    @property
    def purpose(self) -> Purpose:
        """Exempt if everything fits; else the flight is merely claimed."""
        return Purpose.CLAIMED if self.misfits else Purpose.EXEMPT


def flight_of(
    notice: str, body: Mapping[str, Any], *, applicant: str, announced_at: int
) -> ExemptFlight:
    """Return the flight that a notice announces, unanswered."""
    route = tuple((one["lat_e7"] / E7, one["lon_e7"] / E7) for one in body["route"])
    return ExemptFlight(
        notice=notice,
        flight=body["flight"],
        applicant=applicant,
        purpose=body["purpose"],
        callsign=_plain(body.get("callsign", "")),
        icao24=body.get("icao24", ""),
        route=route,
        width_m=float(body["width_m"]),
        lower=_limit(body.get("lower")),
        upper=_limit(body.get("upper")),
        from_at=body["from"],
        until=body["until"],
        announced_at=announced_at,
        to=tuple(body["to"]),
        unasked=tuple(body.get("agreement", {}).get("approvers", ())),
    )


def best(flights: Iterable[ExemptFlight], sight: Sight) -> Match | None:
    """Return the announced flight that fits best, or None: nothing has this address or callsign."""
    found = [one for flight in flights if (one := compared(flight, sight)) is not None]
    return min(found, key=lambda one: (len(one.misfits), -len(one.fits)), default=None)


def compared(flight: ExemptFlight, sight: Sight) -> Match | None:
    """Hold one announced flight against a sight; None when it has nothing to do with it."""
    fits, misfits = _identity(flight, sight)
    apart = max(flight.from_at - sight.at, sight.at - flight.until)
    if not fits or apart > NEAR_WINDOW_US:
        return None
    for what, said in (
        ("window", _window(flight, sight)),
        ("route", _route(flight, sight.lat, sight.lon)),
        ("heights", _heights(flight, sight.feet)),
        ("answers", _answers(flight, sight.parties)),
        ("notice", _notice(flight, sight)),
    ):
        if said:
            misfits.append(Misfit(what, said))
        else:
            fits.append(what)
    return Match(flight, tuple(fits), tuple(misfits))


def covers(flight: ExemptFlight, made: Prediction, parties: frozenset[str]) -> bool:
    """Say whether a predicted entry is that of an exempt flight inside its own authorised volume.

    The aircraft must be in it now and where it is expected to enter: then nobody is alerted.
    `parties` are those of the zone's instrument.
    """
    now = Sight(
        made.icao24, made.callsign, made.seen.lat, made.seen.lon, made.made_at,
        {"STD": made.seen.baro_ft, "WGS84": made.seen.geo_ft, "AMSL": made.seen.baro_ft},
        parties,
    )  # fmt: skip
    then = Sight(
        made.icao24, made.callsign, made.entry_lat, made.entry_lon, made.entry_at,
        {"STD": made.entry_ft, "WGS84": made.entry_ft, "AMSL": made.entry_ft},
        parties,
    )  # fmt: skip
    both = [compared(flight, one) for one in (now, then)]
    return all(one is not None and one.purpose is Purpose.EXEMPT for one in both)


# -- one aspect each: "" fits, else what does not ------------------------------------------


def _identity(flight: ExemptFlight, sight: Sight) -> tuple[list[str], list[Misfit]]:
    fits: list[str] = []
    misfits: list[Misfit] = []
    callsign = _plain(sight.callsign)
    for what, wanted, seen in (
        ("address", flight.icao24, sight.icao24),
        ("callsign", flight.callsign, callsign),
    ):
        if wanted and wanted == seen:
            fits.append(what)
        elif wanted:
            misfits.append(Misfit(what, f"announced {wanted}, seen {seen or 'none'}"))
        else:
            misfits.append(Misfit(what, "the notice gives none"))
    return fits, misfits


def _window(flight: ExemptFlight, sight: Sight) -> str:
    if sight.at < flight.from_at:
        return f"{-(-(flight.from_at - sight.at) // _MINUTE_US)} min before the window"
    if sight.at > flight.until:
        return f"{-(-(sight.at - flight.until) // _MINUTE_US)} min after the window"
    is_long = flight.until - flight.from_at > LONGEST_US
    return f"a window of more than {LONGEST_US // (60 * _MINUTE_US)} h" if is_long else ""


def _route(flight: ExemptFlight, lat: float, lon: float) -> str:
    off = off_route_m(flight.route, lat, lon) - flight.width_m / 2
    if off > 0:
        return f"{round(off)} m outside the corridor"
    return f"a corridor wider than {WIDEST_M / 1000:g} km" if flight.width_m > WIDEST_M else ""


def off_route_m(route: Sequence[tuple[float, float]], lat: float, lon: float) -> float:
    """Return how far a place is from a line, in metres: plane, to a metre in ten kilometres."""
    east, north = (float(one[0]) for one in metres_per_degree(np.array([lat])))
    points = np.array([((x - lon) * east, (y - lat) * north) for y, x in route])
    start, step = points[:-1], np.diff(points, axis=0)
    length = np.maximum((step**2).sum(axis=1), 1e-9)
    share = np.clip(-(start * step).sum(axis=1) / length, 0.0, 1.0)
    return float(np.hypot(*(start + step * share[:, None]).T).min())


def _heights(flight: ExemptFlight, feet: Mapping[str, float | None]) -> str:
    for limit, sign, word in ((flight.lower, 1, "below"), (flight.upper, -1, "above")):
        if limit is None:
            continue
        known = feet.get(limit.datum)
        if known is None:
            return "its height is not known"
        off = sign * (limit.feet - known)
        if off > 0:
            return f"{round(off)} ft {word} the announced heights"
    return ""


def _answers(flight: ExemptFlight, parties: frozenset[str]) -> str:
    others = parties - {flight.applicant}
    if flight.against:
        return "an objection stands against it"
    if flight.unasked:
        return "not approved by all whom the agreement names"
    if others - set(flight.to):
        return "not every party of the zone was told"
    if not (set(flight.accepted) & others if others else flight.accepted):
        return "no party of the zone but the applicant has noted or approved it"
    return ""


def _notice(flight: ExemptFlight, sight: Sight) -> str:
    withdrawn = flight.withdrawn_at
    if withdrawn is not None and withdrawn <= sight.at:
        return "the notice was withdrawn before"
    return "announced after the entry" if flight.announced_at > sight.at else ""


def _limit(said: Mapping[str, Any] | None) -> Limit | None:
    return None if said is None else Limit(said["mm"] / _FOOT_MM, said["datum"])


def _plain(callsign: str) -> str:
    return callsign.replace(" ", "").upper()

"""Rules of time: the words of an agreement, and the instant that follows from them.

"The day after signature", "two weeks after signature", "12:00 Damascus on 9 July" are
kept as text, and said again in fields that can be computed. Where public versions of
one text disagree, each party's reading is a rule of its own, and each gives its instant.

The order is fixed: the base instant, on the clock of the rule's zone; then the day after,
if so; then years and months, then days (calendar or working); then the time of day;
then hours and minutes as elapsed time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, time
from enum import StrEnum
from typing import Any

from truceline.clocks import calendar
from truceline.clocks.calendar import Duration
from truceline.errors import Malformed, Reason
from truceline.geo.schedule import clock_zone
from truceline.records.record import Micros
from truceline.records.shape import WEEKDAYS

MIDNIGHT = time()
NOTHING = Duration()


class Base(StrEnum):
    """What a rule counts from."""

    INSTANT = "instant"
    SIGNATURE = "signature"  # the last signatory's
    ENTRY = "entry_into_force"
    DAY_AFTER_SIGNATURE = "day_after_signature"
    DAY_AFTER_ENTRY = "day_after_entry"


_AFTER_SIGNATURE = frozenset((Base.SIGNATURE, Base.DAY_AFTER_SIGNATURE))
_NEXT_DAY = frozenset((Base.DAY_AFTER_SIGNATURE, Base.DAY_AFTER_ENTRY))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of time. `zone` "" is the log's own time zone.

    `weekend` is None for calendar days; otherwise days are working days, and it holds
    the days of the week, from Monday 0, on which nobody works.
    """

    text: str
    base: Base
    at: Micros | None = None
    plus: Duration = NOTHING
    local_time: time | None = None
    zone: str = ""
    weekend: frozenset[int] | None = None
    holidays: frozenset[date] = frozenset()

    @property
    def from_signature(self) -> bool:
        """Say whether the rule counts from the signature alone."""
        return self.base in _AFTER_SIGNATURE


@dataclass(frozen=True, slots=True)
class Moments:
    """What has happened: the last signature and the entry into force; None: not yet."""

    signature: Micros | None = None
    entry: Micros | None = None


def read(tree: Mapping[str, Any], *, where: str = "rule") -> Rule:
    """Return the rule in a record's {rule, says}; refuses one that contradicts itself."""
    says = tree["says"]
    base = Base(says["from"])
    plus = calendar.duration(says.get("plus", "P0D"), where=f"{where}.says.plus")
    if (base is Base.INSTANT) != ("at" in says):
        raise _wrong(f"{where}.says.at", "an instant is given exactly when the rule counts from it")
    if "zone" in says:
        clock_zone(says["zone"])
    local_time = _time(says["local_time"], where) if "local_time" in says else None
    if local_time is not None and plus.minutes:
        raise _wrong(f"{where}.says.local_time", "a rule has a time of day or hours to add")
    return Rule(
        text=tree["rule"],
        base=base,
        at=says.get("at"),
        plus=plus,
        local_time=local_time,
        zone=says.get("zone", ""),
        weekend=_weekend(says, plus, where),
        holidays=frozenset(_date(one, where) for one in says.get("holidays", ())),
    )


def instant(rule: Rule, moments: Moments, *, zone: str = "UTC") -> Micros | None:
    """Return the instant of a rule, or None while what it counts from has not happened.

    `zone` is the time zone of the log, for rules that name none.
    """
    base = _base(rule, moments)
    if base is None:
        return None
    clock = clock_zone(rule.zone or zone)
    local = calendar.moment(base, clock)
    next_day = rule.base in _NEXT_DAY
    day = calendar.add_days(local.date(), 1) if next_day else local.date()
    hour = MIDNIGHT if next_day else local.time()
    counted = _counted(rule, day)
    if counted != local.date() or rule.local_time is not None:
        local = calendar.at_time(counted, rule.local_time or hour, clock)
    return calendar.micros(local.astimezone(UTC) + rule.plus.elapsed)


def _base(rule: Rule, moments: Moments) -> Micros | None:
    if rule.base is Base.INSTANT:
        return rule.at
    return moments.signature if rule.from_signature else moments.entry


def _counted(rule: Rule, day: date) -> date:
    if rule.weekend is not None:
        return calendar.add_working_days(day, rule.plus.days, rule.weekend, rule.holidays)
    return calendar.add_days(calendar.add_months(day, rule.plus.months), rule.plus.days)


def _weekend(says: Mapping[str, Any], plus: Duration, where: str) -> frozenset[int] | None:
    if says.get("days", "calendar") == "calendar":
        if "weekend" in says or "holidays" in says:
            raise _wrong(f"{where}.says.days", "a weekend or holidays belong to working days")
        return None
    if "weekend" not in says:
        raise _wrong(f"{where}.says.weekend", "working days need the weekend named, even if empty")
    if plus.months:
        raise _wrong(f"{where}.says.plus", "months are not counted in working days")
    return frozenset(WEEKDAYS.index(one) for one in says["weekend"])


def _time(text: str, where: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise _wrong(f"{where}.says.local_time", f"{text!r} is not a time of day") from None


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(f"{where}.says.holidays", f"{text!r} is not a date") from None


def _wrong(where: str, detail: str) -> Malformed:
    return Malformed(Reason.BAD_TIME, where=where, detail=detail)

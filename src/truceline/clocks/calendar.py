"""Durations in calendar terms, local times, working days.

Three rules, the same everywhere:

- A month or year that ends on a day which does not exist ends on that month's last
  day: 31 January plus one month is 28 or 29 February.
- A local time that a clock change leaves out is read with the offset before the change
  (02:30 becomes 03:30); a local time that occurs twice is the first of the two. Both as
  RFC 5545, section 3.3.5.
- Years, months, weeks and days are counted on the local calendar; hours and minutes
  are elapsed time, counted after them.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from truceline.errors import Malformed, Reason
from truceline.records.record import Micros

AHEAD = 5 * 60 * 1_000_000
"""How far (microseconds) an author's clock may be ahead of the mechanism's."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,7})M)?)?"
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as an agreement says it (ISO 8601): the parts are not converted."""

    months: int = 0
    days: int = 0
    minutes: int = 0

    @property
    def elapsed(self) -> timedelta:
        """The part that is counted as elapsed time."""
        return timedelta(minutes=self.minutes)


def duration(text: str, *, where: str = "duration") -> Duration:
    """Return the duration in an ISO 8601 text such as "P6M", "P14D", "P1DT12H"."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Malformed(
            Reason.BAD_TIME,
            where=where,
            detail=f"{text!r} is not a duration such as P6M, P14D or PT48H",
        )
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    return Duration(years * 12 + months, weeks * 7 + days, hours * 60 + minutes)


def moment(at: Micros, zone: tzinfo = UTC, *, where: str = "time") -> datetime:
    """Return an instant on a clock on the wall; refuses one outside the years 1 to 9999."""
    try:
        return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)
    except OverflowError:
        raise _out_of_years(where) from None


def micros(local: datetime) -> Micros:
    """Return the instant of a time on a clock on the wall."""
    return Micros((local.astimezone(UTC) - _EPOCH) // _MICROSECOND)


def at_time(day: date, hour: time, zone: tzinfo) -> datetime:
    """Return the instant of a day and time of day in a zone (see the module on clock changes)."""
    return datetime.combine(day, hour, tzinfo=zone)


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise _out_of_years("duration")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_days(day: date, days: int) -> date:
    """Return a later day of the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise _out_of_years("duration") from None


def add_working_days(
    day: date, days: int, weekend: frozenset[int], holidays: frozenset[date]
) -> date:
    """Return the `days`-th working day after `day`; `weekend` holds days of the week from Monday 0."""
    while days:
        day = add_days(day, 1)
        if day.weekday() not in weekend and day not in holidays:
            days -= 1
    return day


def add(start: Micros, length: Duration, zone: tzinfo, *, times: int = 1) -> Micros:
    """Return the instant `times` durations after `start`, counted on the calendar of `zone`.

    Several are counted from the start in one step, so that 31 January plus twice one
    month is 31 March.
    """
    local = moment(start, zone)
    day = add_days(add_months(local.date(), length.months * times), length.days * times)
    moved = local if day == local.date() else at_time(day, local.time(), zone)
    return micros(moved.astimezone(UTC) + length.elapsed * times)


def _out_of_years(where: str) -> Malformed:
    return Malformed(Reason.BAD_TIME, where=where, detail="outside the years 1 to 9999")

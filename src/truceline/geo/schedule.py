"""When something applies: a window, and within it days, clock times and sun events.

The data model is that of AIRSPACE (c) `time[]`: what ED-269, ED-318, AIXM and NOTAM
can say, and the text where they say it in words. A period whose schedule hangs on
words alone is never guessed: asking for its windows is refused.

Clock times are kept as the document gives them: a time of day and its zone, which
is an offset from UTC in minutes or the name of a place's clock (IANA).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from truceline.errors import Malformed, Reason, Refused
from truceline.geo.volume import Window

ALWAYS = Window()


class Day(StrEnum):
    """A day of the week, any day, or a holiday of the place."""

    MON = "MON"
    TUE = "TUE"
    WED = "WED"
    THU = "THU"
    FRI = "FRI"
    SAT = "SAT"
    SUN = "SUN"
    ANY = "ANY"
    HOLIDAY = "HOL"


_WEEK = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI, Day.SAT, Day.SUN)


class SunEvent(StrEnum):
    """An event of daylight, as ED-318 names them."""

    BMCT = "BMCT"  # beginning of morning civil twilight
    SR = "SR"  # sunrise
    SS = "SS"  # sunset
    EECT = "EECT"  # end of evening civil twilight


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of day; `zone` is "Z", an offset such as "+03:00", or a name such as "Asia/Damascus"."""

    micros: int
    zone: str = "Z"


@dataclass(frozen=True, slots=True)
class SunTime:
    """A sun event, and how many seconds after it (before it: negative)."""

    event: SunEvent
    offset_s: int = 0


type Moment = ClockTime | SunTime


@dataclass(frozen=True, slots=True)
class Daily:
    """On these days from `start` to `end`; None: the day's own beginning or end.

    An end before its start means the next day.
    """

    days: tuple[Day, ...]
    start: Moment | None = None
    end: Moment | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A window of applicability, and the schedule that repeats within it (none: all the time).

    `permanent` None: the document did not say. `end_estimated` is NOTAM's EST.
    `text` holds a schedule in words.
    """

    window: Window = ALWAYS
    permanent: bool | None = None
    end_estimated: bool = False
    schedule: tuple[Daily, ...] = ()
    text: str = ""


type SunTable = Callable[[SunEvent, date], datetime | None]
"""When an event happens at the place on a day, in UTC; None: not on that day."""


def windows(
    period: Period,
    *,
    start: datetime,
    end: datetime,
    sun: SunTable | None = None,
    holidays: frozenset[date] = frozenset(),
) -> tuple[Window, ...]:
    """Return, in order and without overlap, when the period applies between two instants.

    Raises `Refused` for a schedule in words alone, or on the sun when no table of it
    is given: a zone's hours are never guessed.
    """
    if period.text and not period.schedule:
        raise Refused(
            Reason.BAD_TIME,
            where="schedule",
            detail=f"the hours are given in words: {period.text!r}",
            remedy="Let the parties turn the words into days and hours",
        )
    bound = overlap(Window(start, end), period.window)
    if bound is None:
        return ()
    if not period.schedule:
        return (bound,)
    found = [
        cut
        for daily in period.schedule
        for one in _daily(daily, start=bound.start, end=bound.end, sun=sun, holidays=holidays)
        if (cut := overlap(one, bound)) is not None
    ]
    return _merged(found)


def _daily(
    daily: Daily,
    *,
    start: datetime | None,
    end: datetime | None,
    sun: SunTable | None,
    holidays: frozenset[date],
) -> Iterator[Window]:
    assert start is not None  # noqa: S101 -- both bounds come from the caller's interval
    assert end is not None  # noqa: S101
    day = start.date() - timedelta(days=2)
    while day <= end.date() + timedelta(days=1):
        if _on(daily, day, holidays):
            opens = _instant(daily.start, day, sun, last=False, other=daily.end)
            closes = _instant(daily.end, day, sun, last=True, other=daily.start)
            if opens is not None and closes is not None:
                yield Window(opens, closes if closes > opens else closes + timedelta(days=1))
        day += timedelta(days=1)


def _on(daily: Daily, day: date, holidays: frozenset[date]) -> bool:
    if Day.ANY in daily.days or _WEEK[day.weekday()] in daily.days:
        return True
    return Day.HOLIDAY in daily.days and day in holidays


def _instant(
    moment: Moment | None, day: date, sun: SunTable | None, *, last: bool, other: Moment | None
) -> datetime | None:
    match moment:
        case None:
            zone = clock_zone(other.zone) if isinstance(other, ClockTime) else UTC
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(
                days=1 if last else 0
            )
            return midnight.astimezone(UTC)
        case ClockTime():
            midnight = datetime(day.year, day.month, day.day, tzinfo=clock_zone(moment.zone))
            return (midnight + timedelta(microseconds=moment.micros)).astimezone(UTC)
        case SunTime():
            if sun is None:
                raise Refused(
                    Reason.BAD_TIME,
                    where="schedule",
                    detail=f"the hours hang on {moment.event}, and no table of the sun was given",
                )
            found = sun(moment.event, day)
            return None if found is None else found + timedelta(seconds=moment.offset_s)


def clock_zone(name: str) -> tzinfo:
    """Return the clock called "Z", "+03:00" or by an IANA name; refuses any other."""
    if name in ("Z", "UTC", ""):
        return UTC
    if name[0] in "+-" and len(name) == 6 and name[3] == ":" and (name[1:3] + name[4:]).isdigit():
        minutes = int(name[1:3]) * 60 + int(name[4:])
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=-minutes if name[0] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Malformed(
            Reason.BAD_TIME,
            where="zone of time",
            detail=f"{name!r} is not an offset such as +03:00 nor a clock such as Asia/Damascus",
        ) from None


def overlap(one: Window, other: Window) -> Window | None:
    """Return the time that two windows share, or None."""
    start = max((at for at in (one.start, other.start) if at is not None), default=None)
    end = min((at for at in (one.end, other.end) if at is not None), default=None)
    return None if start is not None and end is not None and start >= end else Window(start, end)


def _merged(found: list[Window]) -> tuple[Window, ...]:
    made: list[Window] = []
    for one in sorted(found, key=lambda each: each.start or datetime.min.replace(tzinfo=UTC)):
        last = made[-1] if made else None
        if last and last.end and one.start and one.start <= last.end:
            if one.end and one.end > last.end:
                made[-1] = Window(last.start, one.end)
        else:
            made.append(one)
    return tuple(made)

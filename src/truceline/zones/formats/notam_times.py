"""When a NOTAM applies: items B and C, and the hours of item D where they can be said in days and clocks.

All times are UTC. Hours that cannot be said so (`EXC HOL`, days of the moon) stay in
words, which `schedule.windows` refuses to guess.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from truceline.errors import Malformed, Reason
from truceline.geo.schedule import ClockTime, Daily, Day, Moment, Period, SunEvent, SunTime
from truceline.geo.volume import Window

_WEEK = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = tuple(name.upper() for name in calendar.month_abbr)[1:]
_INSTANT = re.compile(r"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})")
_TIME = r"(?:\d{4}|SR|SS)(?:\s?(?:MINUS|PLUS|-(?=\d{2}\b)|\+)\s?\d{1,3})?"
_SPAN = re.compile(rf"({_TIME})\s?-\s?({_TIME})(?!\d)")
_MOMENT = re.compile(r"(\d{4}|SR|SS)(?:\s?(MINUS|PLUS|-|\+)\s?(\d{1,3}))?")
_DAYS = re.compile(
    rf"(?:{'|'.join(_WEEK)})(?:\s?-\s?(?:{'|'.join(_WEEK)}))?(?:[\s,/]+(?:AND\s)?(?:{'|'.join(_WEEK)})"
    rf"(?:\s?-\s?(?:{'|'.join(_WEEK)}))?)*"
)
_DATES = re.compile(
    rf"(?:({'|'.join(_MONTHS)})\s)?((?:\d{{2}}(?:\s?-\s?\d{{2}})?(?:[\s,/]+(?:AND\s)?|$)(?!\d{{2}}\s?-\s?\d{{4}}))+)"
)
MAX_DATES = 400


def instant(text: str, where: str) -> datetime:
    """Return the instant in `YYMMDDHHMM`; 2400 is the next midnight."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise Malformed(
            Reason.BAD_TIME, where=where, detail=f"{text[:30]!r} is not a time such as 2611221000"
        )
    year, month, day, hour, minute = (int(one) for one in found.groups())
    try:
        if (hour, minute) == (24, 0):
            return datetime(2000 + year, month, day, tzinfo=UTC) + timedelta(days=1)
        return datetime(2000 + year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        raise Malformed(
            Reason.BAD_TIME, where=where, detail=f"{text!r} is not a time of the calendar"
        ) from None


def period(begin: str, end: str) -> Period:
    """Return the period of items B and C, without the hours of D."""
    start = instant(re.sub(r"[\sZ]|UTC", "", begin), "item B") if begin else None
    if start is None and re.sub(r"\W", "", begin):
        raise Malformed(Reason.BAD_TIME, where="item B", detail=f"{begin!r} is no time")
    word = re.sub(r"[\s.]|UTC|Z(?=EST|$)", "", end)
    if word in ("PERM", ""):
        return Period(Window(start), permanent=True if word else None)
    estimated = word.endswith("EST")
    until = instant(word.removesuffix("EST"), "item C")
    if start and until <= start:
        raise Malformed(
            Reason.BAD_TIME, where="item C", detail="the end is not after the beginning"
        )
    return Period(Window(start, until), end_estimated=estimated)


def periods(whole: Period, hours: str) -> tuple[Period, ...]:
    """Return the period with the hours of item D; as words where they cannot be read."""
    text = " ".join(hours.upper().replace("–", "-").split()).rstrip(".")
    if not text or text in ("H24", "DAILY H24"):
        return (whole,)
    try:
        days = _weekly(text)
        if days:
            return (replace(whole, schedule=tuple(days)),)
        dated = tuple(_dated(text, whole))
    except (Malformed, ValueError, OverflowError):
        dated = ()
    return dated or (replace(whole, text=text),)


# -- days of the week -----------------------------------------------------------------------


def _weekly(text: str) -> list[Daily]:
    """The days and hours of `MON-FRI 0700-1700`, `DAILY SR-SS 2000-2100`; empty where it is more."""
    rest, made, named = text, list[Daily](), False
    days: tuple[Day, ...] = (Day.ANY,)
    while rest:
        rest = rest.lstrip(" ,;")
        if match := re.match(r"DAILY\b|DLY\b|EVERY DAY\b", rest):
            days, named = (Day.ANY,), True
        elif match := _DAYS.match(rest):
            days, named = _day_list(match[0]), True
        elif match := re.match(r"H24\b", rest):
            made.append(Daily(days))
        elif match := _SPAN.match(rest):
            made.append(Daily(days, _moment(match[1]), _moment(match[2])))
        elif match := re.match(r"AND\b|/", rest):
            pass
        else:
            return []
        rest = rest[match.end() :].lstrip(" ,;")
    return made if made or not named else [Daily(days)]


def _day_list(text: str) -> tuple[Day, ...]:
    made: list[Day] = []
    for part in re.split(
        r"[,/]|\bAND\b|(?<=[A-Z]{3})\s+(?=[A-Z]{3})", re.sub(r"\s?-\s?", "-", text)
    ):
        first, _, last = part.strip().partition("-")
        if not first:
            continue
        begin = _WEEK.index(first)
        count = (_WEEK.index(last) - begin) % 7 + 1 if last else 1
        made += [Day(_WEEK[(begin + step) % 7]) for step in range(count)]
    return tuple(dict.fromkeys(made))


def _moment(text: str) -> Moment:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise Malformed(Reason.BAD_TIME, where="item D", detail=f"{text!r} is no time of day")
    if found[1] in ("SR", "SS"):
        minutes = int(found[3] or 0)
        sign = -1 if found[2] in ("MINUS", "-") else 1
        return SunTime(SunEvent(found[1]), sign * minutes * 60)
    hours, minutes = int(found[1][:2]), int(found[1][2:])
    if found[2] or hours > 24 or minutes > 59 or (hours == 24 and minutes):
        raise Malformed(Reason.BAD_TIME, where="item D", detail=f"{text!r} is no time of day")
    return ClockTime((hours * 60 + minutes) * 60_000_000)


# -- dates -----------------------------------------------------------------------------------


def _dated(text: str, whole: Period) -> Iterator[Period]:
    """A period for each span of hours on each date of `AUG 29 30 1000-1200`, `05-10 0600-1530`."""
    if whole.window.start is None:
        return
    rest, month, dates = text, whole.window.start, list[datetime]()
    made = 0
    while rest:
        rest = rest.lstrip(" ,;")
        if (match := _SPAN.match(rest)) and dates:
            for day in dates:
                made += 1
                if made > MAX_DATES:
                    raise ValueError
                yield replace(whole, window=_on(day, match[1], match[2]))
        elif (match := re.match(r"H24\b", rest)) and dates:
            for day in dates:
                yield replace(whole, window=Window(day, day + timedelta(days=1)))
        elif match := _DATES.match(rest):
            if match[1]:
                month = _month(month, match[1])
            dates = list(_days_of(match[2], month))
        else:
            raise ValueError
        rest = rest[match.end() :].lstrip(" ,;")


def _month(at: datetime, name: str) -> datetime:
    number = _MONTHS.index(name) + 1
    return datetime(at.year + (1 if number < at.month else 0), number, 1, tzinfo=UTC)


def _days_of(text: str, month: datetime) -> Iterator[datetime]:
    for part in re.findall(r"\d{2}(?:\s?-\s?\d{2})?", text):
        numbers = [int(one) for one in re.findall(r"\d{2}", part)]
        for day in range(numbers[0], numbers[-1] + 1):
            yield datetime(month.year, month.month, day, tzinfo=UTC)


def _on(day: datetime, first: str, last: str) -> Window:
    a, b = _moment(first), _moment(last)
    if not isinstance(a, ClockTime) or not isinstance(b, ClockTime):
        raise ValueError
    start, end = (day + timedelta(microseconds=one.micros) for one in (a, b))
    return Window(start, end if end > start else end + timedelta(days=1))

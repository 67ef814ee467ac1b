"""When an airspace of AIXM applies: activations and their timesheets, as periods.

What can be said in days and clock times is; a schedule that cannot (a season, a day
before a holiday, daylight saving without a named clock, hours taken out again) stays
in words, which `schedule.windows` refuses to guess. "Available for activation" is
no activation, and stays in words too.
"""

from __future__ import annotations

import re
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.schedule import ClockTime, Daily, Day, Moment, Period, SunEvent, SunTime
from truceline.geo.volume import Window
from truceline.zones.formats.aixm_xml import child, children, local, text
from truceline.zones.formats.limits import read_clock

ACTIVE = ("ACTIVE", "IN_USE", "INTERMITTENT", "LIMITED", "")
INACTIVE = "INACTIVE"

_WEEK = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI, Day.SAT, Day.SUN)
_DAYS = {str(one): one for one in (*_WEEK, Day.ANY)} | {"HOL": Day.HOLIDAY}
_ZONE = re.compile(r"^UTC(?:([+-])(\d{1,2})(?::?(\d{2}))?)?$")
_EVENTS = {"SR": SunEvent.SR, "SS": SunEvent.SS, "BMCT": SunEvent.BMCT, "EECT": SunEvent.EECT}
_WHOLE = ClockTime(0)
_NO_HOURS = ("daylightSavingAdjust", "excluded", "annotation", "timeReference")


def periods(
    activations: list[Any], windows: tuple[Window, ...], *, permanent: bool | None
) -> tuple[Period, ...]:
    """Return when the airspace applies: each activation within each window of its version.

    Without activation it applies throughout; activations that say "not active" alone
    give periods in words.
    """
    said = [one for one in activations if text(one, "status") != INACTIVE]
    if not activations:
        return tuple(Period(one, permanent=permanent) for one in windows)
    if not said:
        return tuple(Period(one, permanent=permanent, text="INACTIVE") for one in windows)
    made: list[Period] = []
    for activation in said:
        hours, words = _hours(activation)
        made += [
            Period(one, permanent=permanent, schedule=() if words else hours, text=words)
            for one in windows
        ]
    return tuple(made)


def _hours(activation: Any) -> tuple[tuple[Daily, ...], str]:
    """The hours of an activation, and the words for those that days and clocks cannot say."""
    sheets = [
        sheet
        for one in children(activation, "timeInterval")
        for sheet in children(one, "Timesheet")
    ]
    status = text(activation, "status")
    made: list[Daily] = []
    plain = status in ACTIVE
    for sheet in sheets:
        found = _daily(sheet) if plain else None
        if found is None:
            plain = False
            break
        made += found
    if plain:
        return tuple(made), ""
    words = "; ".join(_words(one) for one in sheets) or "hours not given"
    return (), (f"{status}: {words}" if status else words)[:500]


def _words(sheet: Any) -> str:
    return " ".join(
        f"{local(one)} {text(one)}"
        for one in children(sheet)
        if local(one) not in ("annotation",) and text(one)
    )


def _daily(sheet: Any) -> list[Daily] | None:
    """One timesheet as days and hours, or None where those cannot say it."""
    zone = _zone(text(sheet, "timeReference"))
    adjusted = text(sheet, "daylightSavingAdjust") == "YES"
    seasonal = any(child(sheet, name) is not None for name in ("startDate", "endDate"))
    if zone is None or adjusted or seasonal or text(sheet, "excluded") == "YES":
        return None
    if not any(local(one) not in _NO_HOURS for one in children(sheet)):
        return []
    try:
        start, end = _moment(sheet, "start", zone), _moment(sheet, "end", zone)
    except Malformed:
        return None
    first, last = text(sheet, "day") or "ANY", text(sheet, "dayTil")
    if first not in _DAYS or (last and last not in _DAYS):
        return None
    return _days(_DAYS[first], _DAYS[last] if last else None, start, end)


def _days(
    first: Day, last: Day | None, start: Moment | None, end: Moment | None
) -> list[Daily] | None:
    """From a day to another without a break (AIXM's `dayTil`); days that are no weekday stay apart."""
    if last is None or last is first:
        return [Daily((first,), start, end)]
    if first not in _WEEK or last not in _WEEK:
        return None
    begin, stop = _WEEK.index(first), _WEEK.index(last)
    run = [_WEEK[(begin + step) % 7] for step in range((stop - begin) % 7 + 1)]
    made = [Daily((run[0],), start, ClockTime(86_400_000_000, _zone_of(start)))]
    if run[1:-1]:
        made.append(Daily(tuple(run[1:-1]), _whole(start), _whole(start)))
    if end != _whole(start):
        made.append(Daily((run[-1],), _whole(end), end))
    return made


def _zone_of(at: Moment | None) -> str:
    return at.zone if isinstance(at, ClockTime) else "Z"


def _whole(at: Moment | None) -> ClockTime:
    return ClockTime(0, _zone_of(at))


def _zone(reference: str) -> str | None:
    """The clock of `UTC`, `UTC-4`; None where it is another (local time without a place)."""
    found = _ZONE.match(reference or "UTC")
    if found is None:
        return None
    if found[1] is None:
        return "Z"
    hours, minutes = int(found[2]), int(found[3] or 0)
    return f"{found[1]}{hours:02d}:{minutes:02d}" if hours <= 14 and minutes < 60 else None


def _moment(sheet: Any, side: str, zone: str) -> Moment | None:
    """The moment a timesheet starts or ends; refuses clock and sun together, and unknown events."""
    clock, event = text(sheet, f"{side}Time"), text(sheet, f"{side}Event")
    if event:
        offset = _relative(child(sheet, f"{side}TimeRelativeEvent"))
        if clock or event not in _EVENTS or offset is None:
            raise Malformed(
                Reason.BAD_TIME, where=side, detail="clock and sun, or an unknown event"
            )
        return SunTime(_EVENTS[event], offset)
    if not clock:
        return None
    return ClockTime(read_clock(f"{clock}Z", where=f"{side}Time").micros, zone)


def _relative(element: Any) -> int | None:
    if element is None:
        return 0
    scale = {"MIN": 60, "HR": 3600, "SEC": 1, "": 60}.get(str(element.get("uom", "")).upper())
    try:
        return None if scale is None else round(float(text(element)) * scale)
    except (ValueError, OverflowError):
        return None

"""From when and until when an instrument is in force, computed apart from the mechanism.

The rule of an instrument stands in its publication in fields that can be computed, and
its term as a duration; docs/protocol.md, section 12, says how. Here they are counted a
second time, by another hand, with nothing but the standard library. None means that this
machine cannot say (a clock that its time zone data does not know, a rule that does not
count from the signature): then the instant rests on the mechanism's word.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = re.compile(
    r"P(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?"
    r"(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?)?"
)
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def clock_of(effective: Mapping[str, Any], of_log: str) -> str:
    """Return the name of the clock on which an instrument counts: its rule's, or the log's."""
    return str(effective["says"].get("zone", of_log))


def entry(effective: Mapping[str, Any], signed_at: int, of_log: str) -> int | None:
    """Return the instant of entry that follows from the last signature, in microseconds."""
    try:
        return _entry(effective["says"], signed_at, _zone(clock_of(effective, of_log)))
    except (ValueError, OverflowError, KeyError, OSError):
        return None


def end(term: str, start: int, clock: str) -> int | None:
    """Return the end of a term that begins at `start`, counted on the calendar of `clock`."""
    try:
        zone = _zone(clock)
        months, days, minutes = _length(term)
        local = _local(start, zone)
        day = _months_later(local.date(), months) + timedelta(days=days)
        moved = local if day == local.date() else datetime.combine(day, local.time(), zone)
        return _micros(moved, minutes)
    except (ValueError, OverflowError, KeyError, OSError):
        return None


def _entry(says: Mapping[str, Any], signed_at: int, zone: tzinfo) -> int | None:
    if says["from"] not in ("instant", "signature", "day_after_signature"):
        return None
    months, days, minutes = _length(says.get("plus", "P0D"))
    local = _local(says["at"] if says["from"] == "instant" else signed_at, zone)
    day, hour = local.date(), local.time()
    if says["from"] == "day_after_signature":
        day, hour = day + timedelta(days=1), time()
    if says.get("days") == "working":
        day = _working_days_later(day, days, says)
    else:
        day = _months_later(day, months) + timedelta(days=days)
    if "local_time" in says:
        hour = time.fromisoformat(says["local_time"])
    if day != local.date() or "local_time" in says:
        local = datetime.combine(day, hour, zone)
    return _micros(local, minutes)


def _zone(name: str) -> tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset:
        sign, hours, minutes = offset.groups()
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-ahead if sign == "-" else ahead)
    return UTC if name in ("", "Z", "UTC") else ZoneInfo(name)


def _length(text: str) -> tuple[int, int, int]:
    """Months, days and minutes; they are not converted into one another."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(text)
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    return years * 12 + months, weeks * 7 + days, hours * 60 + minutes


def _local(at: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


def _micros(local: datetime, minutes: int) -> int:
    elapsed = local.astimezone(UTC) + timedelta(minutes=minutes) - _EPOCH
    return elapsed // timedelta(microseconds=1)


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or the last one of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _working_days_later(day: date, days: int, says: Mapping[str, Any]) -> date:
    weekend = {_WEEK.index(one) for one in says["weekend"]}
    holidays = {date.fromisoformat(one) for one in says.get("holidays", ())}
    while days:
        day += timedelta(days=1)
        days -= day.weekday() not in weekend and day not in holidays
    return day

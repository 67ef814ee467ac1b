"""What ED-269 and ED-318 have in common: authorities, periods, texts, codes.

Reading takes what real national files hold (a plain string where a list is required,
"" for nothing, `YES` in any case, numbers as text) and tells each repair. Writing is
strict and tells each loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.schedule import ClockTime, Daily, Day, Moment, Period, SunEvent, SunTime
from truceline.geo.volume import Window
from truceline.zones.boundary import Authority, Extra, Text, ZoneContent, ZoneKind
from truceline.zones.formats import json_text
from truceline.zones.formats.limits import instant_text, read_clock, read_instant
from truceline.zones.formats.reading import Loss, Report

MAX_IDENTIFIER = 7
NO_COUNTRY = "ZZZ"
"""ISO 3166-1 leaves ZZZ to its users; we write it where a zone names no country."""

PURPOSES = ("AUTHORIZATION", "NOTIFICATION", "INFORMATION")
REASONS = (
    "AIR_TRAFFIC",
    "SENSITIVE",
    "PRIVACY",
    "POPULATION",
    "NATURE",
    "NOISE",
    "EMERGENCY",
    "OTHER",
)
CODE_FIELD = "truceline_code"
"""Where a code that does not fit into seven characters travels, within `extendedProperties`."""

KIND_OF = {
    "PROHIBITED": ZoneKind.NO_FLY,
    "REQ_AUTHORIZATION": ZoneKind.RESTRICTED,
    "REQ_AUTHORISATION": ZoneKind.RESTRICTED,
    "CONDITIONAL": ZoneKind.RESTRICTED,
    "NO_RESTRICTION": ZoneKind.INFORMATION,
    "USPACE": ZoneKind.INFORMATION,
}

KEPT = frozenset(
    [
        "code",
        "kind",
        "names",
        "ids",
        "raw_kinds",
        "reasons",
        "reason_texts",
        "messages",
        "rule",
        "authorities",
        "volumes",
        "applicability",
        "extras",
        "original",
    ]
)
"""Fields of a zone that both standards have a place for."""

KEPT_OF_VOLUME = frozenset(("shape", "lower", "upper", "edge", "operation", "extras"))
"""And of a volume."""


@dataclass(slots=True)
class Taken:
    """The fields of an object while they are read: what was not asked for is left over."""

    tree: Mapping[str, Any]
    where: str
    report: Report
    format: str
    asked: set[str] = field(default_factory=set)

    def raw(self, name: str) -> Any:
        """The field as it stands; "" and null count as nothing and are told once."""
        self.asked.add(name)
        value = self.tree.get(name)
        if value == "" or (value is None and name in self.tree):
            self.report.repaired(f"{self.where}, {name}", "empty, read as not given")
            return None
        return value

    def text(self, name: str) -> str:
        """The field as text; a number is spelled out."""
        value = self.raw(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        self.report.repaired(f"{self.where}, {name}", "not text, read as its spelling")
        return json_text.dump(value)

    def texts(self, name: str) -> tuple[Text, ...]:
        """The field as texts in languages: a list of {text, lang}, or a plain string."""
        value = self.raw(name)
        if value is None:
            return ()
        made = []
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                made.append(Text("", one))
            elif isinstance(one, Mapping) and isinstance(one.get("text", ""), str):
                lang = one.get("lang") or ""
                made.append(Text("" if lang == "und" else str(lang), one.get("text", "")))
            else:
                self.report.repaired(
                    f"{self.where}, {name}", "an entry is no text and was left out"
                )
        if self.format == "ed318" and isinstance(value, str):
            self.report.repaired(
                f"{self.where}, {name}", "a plain string where a list of {text, lang} is required"
            )
        return tuple(made)

    def listed(self, name: str) -> list[Any]:
        """The field as a list; a single value is a list of one."""
        value = self.raw(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self.report.repaired(f"{self.where}, {name}", "a single value where a list is required")
        return [value]

    def left(self, *, under: str = "") -> tuple[Extra, ...]:
        """The fields that nobody asked for, verbatim."""
        prefix = f"{self.format}.{under}" if under else self.format
        return tuple(
            Extra(f"{prefix}:{key}", json_text.dump(one))
            for key, one in self.tree.items()
            if key not in self.asked
        )


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """The value as an object, or a refusal."""
    if not isinstance(value, Mapping):
        raise Malformed(Reason.WRONG_TYPE, where=where, detail="must be an object")
    return value


def yes_no(text: str) -> bool | None:
    """YES and NO in any case; None for anything else."""
    return {"YES": True, "NO": False, "TRUE": True, "FALSE": False}.get(text.upper())


def put_back(extras: tuple[Extra, ...], prefix: str) -> dict[str, Any]:
    """Fields kept verbatim under a prefix such as "ed318" or "ed318.feature"."""
    return {
        one.key[len(prefix) + 1 :]: json_text.parse_text(one.json, where=one.key)
        for one in extras
        if one.key.startswith(f"{prefix}:")
    }


# -- authorities ----------------------------------------------------------------


def read_authorities(
    listed: list[Any], where: str, report: Report, source: str
) -> tuple[Authority, ...]:
    """Return the authorities of a zone."""
    made = []
    for number, one in enumerate(listed, start=1):
        place = f"{where}, zoneAuthority {number}"
        found = Taken(mapping(one, place), place, report, source)
        made.append(
            Authority(
                names=found.texts("name"),
                services=found.texts("service"),
                contacts=found.texts("contactName"),
                site_url=found.text("siteURL"),
                email=found.text("email"),
                phone=found.text("phone"),
                purpose=found.text("purpose"),
                interval_before=found.text("intervalBefore"),
                extras=found.left(),
            )
        )
    return tuple(made)


def authority_tree(
    one: Authority,
    texts: Callable[[tuple[Text, ...], str], Any],
    source: str,
    lost: Callable[[str, str], None],
) -> dict[str, Any]:
    """Return an authority; `texts` writes names in the way of the format."""
    tree: dict[str, Any] = {}
    for name, words in (
        ("name", one.names),
        ("service", one.services),
        ("contactName", one.contacts),
    ):
        if words:
            tree[name] = texts(words, f"zoneAuthority.{name}")
    plain = (
        ("siteURL", one.site_url),
        ("email", one.email),
        ("phone", one.phone),
        ("intervalBefore", one.interval_before),
    )
    tree |= {name: text for name, text in plain if text}
    if one.purpose in PURPOSES:
        tree["purpose"] = one.purpose
    elif one.purpose:
        lost("zoneAuthority.purpose", f"{one.purpose!r} is not a purpose of the format")
    return put_back(one.extras, source) | tree


# -- periods --------------------------------------------------------------------


def read_periods(
    listed: list[Any], where: str, report: Report, source: str
) -> tuple[tuple[Period, ...], tuple[Extra, ...]]:
    """Return when a zone applies, and fields of the periods that are not understood."""
    made: list[Period] = []
    extras: list[Extra] = []
    for number, one in enumerate(listed, start=1):
        place = f"{where}, applicability {number}"
        found = Taken(mapping(one, place), place, report, source)
        permanent = yes_no(found.text("permanent")) if "permanent" in found.tree else None
        window = Window(_instant(found, "startDateTime"), _instant(found, "endDateTime"))
        if window.start and window.end and window.start > window.end:
            raise Malformed(Reason.BAD_TIME, where=place, detail="the end is before the start")
        schedule = tuple(
            _daily(day, f"{place}, schedule", report, source) for day in found.listed("schedule")
        )
        made.append(Period(window, permanent, False, tuple(day for day in schedule if day)))
        extras.extend(found.left(under=f"period{number}"))
    return tuple(made), tuple(extras)


def _instant(found: Taken, name: str) -> Any:
    text = found.text(name)
    if not text:
        return None
    at, assumed = read_instant(text, where=f"{found.where}, {name}")
    if assumed:
        found.report.repaired(
            f"{found.where}, {name}", "the time names no zone and was taken as UTC"
        )
    return at


def _daily(value: Any, where: str, report: Report, source: str) -> Daily | None:
    found = Taken(mapping(value, where), where, report, source)
    days = []
    for one in found.listed("day"):
        if not isinstance(one, str) or one not in set(Day):
            raise Malformed(
                Reason.BAD_TIME, where=where, detail=f"{one!r} is not a day such as MON or ANY"
            )
        days.append(Day(one))
    start, end = (_moment(found, side, where) for side in ("start", "end"))
    if not days and start is None and end is None:
        return None
    return Daily(tuple(days) or (Day.ANY,), start, end)


def _moment(found: Taken, side: str, where: str) -> Moment | None:
    clock, event = found.text(f"{side}Time"), found.text(f"{side}Event")
    if event:
        if event not in set(SunEvent):
            raise Malformed(
                Reason.BAD_TIME,
                where=where,
                detail=f"{event!r} is not one of {', '.join(SunEvent)}",
            )
        return SunTime(SunEvent(event))
    return read_clock(clock, where=where) if clock else None


def window_tree(period: Period) -> dict[str, Any]:
    """Return the bounds of a period."""
    bounds = (("startDateTime", period.window.start), ("endDateTime", period.window.end))
    return {name: instant_text(at) for name, at in bounds if at}


def lost_of_period(period: Period, lost: Callable[[str, str], None]) -> None:
    """Name what neither format can say of a period."""
    if period.text:
        lost("applicability", f"hours in words: {period.text!r}")
    if period.end_estimated:
        lost("applicability", "that the end is estimated")
    for one in period.schedule:
        if Day.HOLIDAY in one.days:
            lost("schedule", "holidays are not a day of the format")
        if any(isinstance(at, SunTime) and at.offset_s for at in (one.start, one.end)):
            lost("schedule", "an offset from a sun event")
        if any(
            isinstance(at, ClockTime) and at.zone[0] not in "Z+-" for at in (one.start, one.end)
        ):
            lost(
                "schedule",
                "the name of a clock; its hours are left out and the whole day is written",
            )


def fixed(at: Moment | None) -> ClockTime | None:
    """A clock time with a fixed offset, which both formats can write; None for any other."""
    return at if isinstance(at, ClockTime) and at.zone[0] in "Z+-" else None


# -- codes ----------------------------------------------------------------------


def identifier(content: ZoneContent) -> str:
    """Return the zone's identifier in this scheme, or its code."""
    return content.id_in("ed.identifier") or content.code


def short_identifier(content: ZoneContent) -> str:
    """Return the identifier, or where it has more than seven characters a short one made from it."""
    found = identifier(content)
    if len(found) <= MAX_IDENTIFIER:
        return found
    return found[:3] + hashlib.sha256(found.encode()).hexdigest()[:4].upper()


def country(content: ZoneContent, lost: Callable[[str, str], None]) -> str:
    """Return the country in three letters."""
    found = content.id_in("ed.country")
    if len(found) == 3:
        return found
    lost("country", f"the zone names no country in three letters; {NO_COUNTRY} was written")
    return NO_COUNTRY


def region(content: ZoneContent) -> int | None:
    """Return the region's number, if the zone has one."""
    found = content.id_in("ed.region")
    return int(found) if found.lstrip("-").isdigit() else None


def extended(content: ZoneContent, source: str) -> dict[str, Any] | None:
    """Return `extendedProperties`, with the code that did not fit; None when there is nothing."""
    kept = put_back(content.extras, f"{source}.extended")
    if source == "ed318" and short_identifier(content) != content.code:
        kept[CODE_FIELD] = content.code
    return kept or None


def read_extended(found: Taken) -> tuple[str, tuple[Extra, ...]]:
    """Return the code kept in `extendedProperties`, and its other fields."""
    value = found.raw("extendedProperties")
    if not isinstance(value, Mapping):
        if value is None:
            return "", ()
        if found.format == "ed269":
            return "", (Extra("ed269:extendedProperties", json_text.dump(value)),)
        found.report.repaired(
            f"{found.where}, extendedProperties", "not an object; its value is kept within one"
        )
        return "", (Extra("ed318.extended:value", json_text.dump(value)),)
    code = value.get(CODE_FIELD)
    others = {key: one for key, one in value.items() if key not in (CODE_FIELD, "truceline_texts")}
    return (
        code if isinstance(code, str) else "",
        tuple(
            Extra(f"{found.format}.extended:{key}", json_text.dump(one))
            for key, one in others.items()
        ),
    )


@dataclass(slots=True)
class Losses:
    """The losses of one zone, each told once."""

    code: str
    found: list[Loss] = field(default_factory=list)

    def __call__(self, name: str, why: str) -> None:
        """Add one."""
        loss = Loss(self.code, name, why)
        if loss not in self.found:
            self.found.append(loss)

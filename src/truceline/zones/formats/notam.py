"""Zones of ICAO NOTAM (Annex 15, Doc 8126): text in, one zone for each NOTAM.

Item E says where, F and G between which heights, B, C and D when; the circle and the
levels of item Q are an envelope and are never used as the zone. A NOTAM that cannot be
drawn stays whole as a rule in words, and the report says where and why. The text of
each NOTAM is kept, and is written again as it was where nothing has changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.geo.altitude import SURFACE
from truceline.geo.schedule import Period
from truceline.geo.volume import Edge, Window
from truceline.zones.boundary import (
    Extra,
    GeometryRule,
    Limit,
    Named,
    Original,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    check_volume,
)
from truceline.zones.formats import json_text, notam_area, notam_times
from truceline.zones.formats.limits import height
from truceline.zones.formats.reading import (
    MAX_FEATURES,
    Level,
    Note,
    Reading,
    Report,
    check_size,
    original_of,
    whole_degrees,
)

FORMAT = "notam"
MEDIA_TYPE = "text/plain"
MAX_TEXT = 20_000

_HEADER = re.compile(
    r"([A-Z])\s?(\d{4})\s?/\s?(\d{2})\s+NOTAM\s?([NRC])\b(?:\s+([A-Z]\s?\d{4}\s?/\s?\d{2}))?",
    re.IGNORECASE,
)
_ITEMS = re.compile(r"^\s*Q\)\s*[A-Z]{4}\s?/", re.IGNORECASE | re.MULTILINE)
_ENDS = re.compile(r"\b(?:NNNN|ZCZC)\b")
_BRACKETS = re.compile(r"(?:^|(?<=[\s(]))(?:[A-GQ]\)|[A-Z0-9]{1,2}\)(?=\s+\S))|[()]")
_LEVEL = re.compile(r"FL\s?(\d{1,3})")
_HEIGHT = re.compile(
    r"(\d{1,6}(?:\.\d+)?)\s?(FT|M|METRES|METERS)\b\s?(?:ABV\s|ABOVE\s)?(AMSL|MSL|AGL|GND|SFC|ASFC)?"
)
_DATUM = {"AMSL": "AMSL", "MSL": "AMSL", "AGL": "AGL", "GND": "AGL", "SFC": "AGL", "ASFC": "AGL"}
_IN_TEXT = re.compile(
    r"\b(SFC|GND|FL\s?\d{1,3}|\d+\s?(?:FT|M)\s?(?:AMSL|MSL|AGL|GND))\s?(?:-|/|TO|UP TO|AND)\s?"
    r"(UNL|FL\s?\d{1,3}|\d+\s?(?:FT|M)\s?(?:AMSL|MSL|AGL|GND))"
)
_KINDS = {
    "RP": ZoneKind.NO_FLY,
    "RR": ZoneKind.RESTRICTED,
    "RT": ZoneKind.RESTRICTED,
    "RA": ZoneKind.RESTRICTED,
    "RM": ZoneKind.RESTRICTED,
    "RD": ZoneKind.DANGER,
    "RO": ZoneKind.DANGER,
}


@dataclass(frozen=True, slots=True)
class Message:
    """One NOTAM: its number, its kind (N, R or C), what it replaces, and its items by letter."""

    text: str
    line: int
    number: str
    kind: str
    replaces: str
    items: dict[str, str]


def looks_like(data: bytes) -> bool:
    """Say whether bytes hold a NOTAM."""
    head = data[:262_144].replace(b"\x00", b"").decode("latin-1")
    return bool(_HEADER.search(head) or _ITEMS.search(head))


def read(data: bytes, *, name: str = "notam.txt") -> Reading:
    """Return the zones of a text with any number of NOTAM, with a report by NOTAM and item."""
    check_size(data, name)
    report = Report()
    original = original_of(data, name=name, media_type=MEDIA_TYPE)
    text = _decoded(data, name, report)
    found = list(_messages(text, name, report))
    if not found:
        raise Malformed(
            Reason.BAD_FORMAT,
            where=name,
            detail="not NOTAM: there is no header such as A0123/26 NOTAMN, and no item Q)",
        )
    if len(found) > MAX_FEATURES:
        raise Malformed(Reason.TOO_LARGE, where=name, detail=f"more than {MAX_FEATURES} NOTAM")
    zones: list[ZoneContent] = []
    numbered: dict[str, str] = {}
    for message in found:
        where = f"NOTAM {message.number or '(no number)'} at line {message.line}"
        with report.feature(where):
            _take(message, where, original, report, zones, numbered)
    return Reading(tuple(zones), tuple(report.notes), FORMAT, hashlib.sha256(data).hexdigest())


def _decoded(data: bytes, name: str, report: Report) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        report.repaired(name, "the text is UTF-16")
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        report.repaired(name, "the text is not UTF-8; it was read as Latin-1")
        return data.decode("latin-1")


# -- messages and items -----------------------------------------------------------------------


def _messages(text: str, name: str, report: Report) -> Iterator[Message]:
    """The NOTAM of a text; what stands before, between and after them is told."""
    heads = list(_HEADER.finditer(text))
    starts = [match.start() for match in heads] or [
        match.start() for match in _ITEMS.finditer(text)
    ]
    if starts and text[: starts[0]].strip(" (\r\n\t"):
        report.noted(
            name, f"before the first NOTAM: {text[: starts[0]].split()[:12]!r} was passed over"
        )
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        yield _message(text, start, end, heads[number] if heads else None)


def _message(text: str, start: int, end: int, head: re.Match[str] | None) -> Message:
    whole = text[start:end]
    if stop := _ENDS.search(whole):
        whole = whole[: stop.start()]
    whole = _closed(whole, opened=text[:start].rstrip().endswith("("))
    line = text.count("\n", 0, start) + 1
    if head is None:
        return Message(whole, line, "", "N", "", _items(whole))
    number = f"{head[1].upper()}{head[2]}/{head[3]}"
    replaces = re.sub(r"\s", "", head[5] or "").upper()
    return Message(
        whole, line, number, head[4].upper(), replaces, _items(whole[head.end() - start :])
    )


def _closed(text: str, *, opened: bool) -> str:
    """The NOTAM up to the parenthesis that closes it, where one opened it.

    `E)` and `2) ` before more text are marks of items and lists, and close nothing.
    """
    depth = 1
    for match in _BRACKETS.finditer(text if opened else ""):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return text[: match.start()].rstrip()
    return text.rstrip().removesuffix("(").rstrip()


def _items(text: str) -> dict[str, str]:
    """The items by letter, in their order; a letter and parenthesis inside item E stay in it."""
    made: dict[str, str] = {}
    place, letter, begin = 0, "", 0
    for wanted in "QABCDE":
        match = re.compile(rf"(?:^|(?<=\s)){wanted}\)\s?", re.IGNORECASE).search(text, place)
        limit = re.compile(r"(?:^|(?<=\s))E\)\s?").search(text, place)
        if match is None or (wanted != "E" and limit is not None and match.start() > limit.start()):
            continue
        if letter:
            made[letter] = text[begin : match.start()].strip()
        letter, begin, place = wanted, match.end(), match.end()
    if not letter:
        return made
    tail = text[begin:]
    limits = re.search(
        r"(?:^|(?<=\s))F\)\s?(?P<f>[^()]*?)\s*(?:(?:^|(?<=\s))G\)\s?(?P<g>[^()]*?)\s*)?$", tail
    )
    made[letter] = (tail[: limits.start()] if limits else tail).strip()
    if limits:
        made["F"] = limits["f"].strip()
        if limits["g"] is not None:
            made["G"] = limits["g"].strip()
    return made


# -- one zone -----------------------------------------------------------------------------------


def _take(
    message: Message,
    where: str,
    original: Original,
    report: Report,
    zones: list[ZoneContent],
    numbered: dict[str, str],
) -> None:
    if len(message.text) > MAX_TEXT:
        raise Malformed(Reason.TOO_LARGE, detail=f"longer than {MAX_TEXT} characters")
    if message.replaces:
        _end(message, where, report, zones, numbered)
    if message.kind == "C":
        report.noted(where, f"it cancels {message.replaces or 'a NOTAM that it does not name'}")
        return
    content = _zone(message, where, original, report)
    report.take(content, where, zones)
    if message.number:
        numbered[message.number] = zones[-1].code


def _end(
    message: Message,
    where: str,
    report: Report,
    zones: list[ZoneContent],
    numbered: dict[str, str],
) -> None:
    """End the NOTAM that this one replaces or cancels, where it stands in the same text."""
    code = numbered.get(message.replaces)
    at = next((number for number, one in enumerate(zones) if one.code == code), None)
    if at is None:
        return
    cut = notam_times.period(message.items.get("B", "").upper(), "").window.start
    if cut is None:
        report.noted(where, f"{message.replaces} stands before it, and its end is not said")
        return
    periods = tuple(
        replace(one, window=Window(one.window.start, min(one.window.end or cut, cut)))
        for one in zones[at].applicability
        if one.window.start is None or one.window.start < cut
    )
    if periods:
        zones[at] = replace(zones[at], applicability=periods)
        report.repaired(where, f"{message.replaces} ends when this one begins")
    else:
        del zones[at]
        report.repaired(
            where, f"{message.replaces} was taken back before it began; it gives no zone"
        )


def _zone(message: Message, where: str, original: Original, report: Report) -> ZoneContent:
    items = message.items
    words = " ".join(items.get("E", "").split())
    q = [one.strip() for one in items.get("Q", "").upper().split("/")]
    code = q[1] if len(q) > 1 else ""
    volumes = _volumes(message, words, where, report)
    ids = {
        "notam.id": message.number,
        "notam.replaces": message.replaces,
        "notam.fir": q[0] if q else "",
        "notam.location": " ".join(items.get("A", "").upper().split()),
    }
    return ZoneContent(
        code=message.number or f"notam-line-{message.line}",
        kind=ZoneKind.DANGER if code[1:2] == "W" else _KINDS.get(code[1:3], ZoneKind.OTHER),
        ids=tuple(Named(scheme, value) for scheme, value in ids.items() if value),
        raw_kinds=(Named("notam.qcode", code),) if code else (),
        messages=(Text("en", words),) if words else (),
        volumes=volumes,
        geometry_rule=None
        if volumes
        else GeometryRule((Text("en", words or message.text.strip()),)),
        applicability=_periods(items, where, report),
        extras=(Extra("notam:text", json_text.dump(message.text)),),
        original=replace(original, place=f"line {message.line}"),
    )


def _periods(items: dict[str, str], where: str, report: Report) -> tuple[Period, ...]:
    begin, end = items.get("B", ""), items.get("C", "")
    if begin and not end:
        report.noted(f"{where}, item C", "there is none; its end is not known")
    try:
        if not begin:
            raise Malformed(Reason.BAD_TIME, where="item B", detail="there is none")
        whole = notam_times.period(begin.upper(), end.upper())
    except Malformed as error:
        _refuse(report, where, error)
        words = " ".join(f"{letter}) {items[letter]}" for letter in "BCD" if letter in items)
        return (Period(text=" ".join(words.split()) or "times not given"),)
    found = notam_times.periods(whole, items.get("D", ""))
    if any(one.text for one in found):
        report.noted(
            f"{where}, item D", f"hours in words are kept and never guessed: {found[0].text!r}"
        )
    return found


def _volumes(message: Message, words: str, where: str, report: Report) -> tuple[ZoneVolume, ...]:
    """The volumes of items E, F and G; none where they cannot be drawn, which is told."""
    try:
        found = notam_area.area_of(words.upper())
        lower, upper = _limits(message.items, words.upper(), where, report)
        made = tuple(
            ZoneVolume(one.shape, lower, upper, Edge.GEODESIC, one.operation) for one in found.areas
        )
        for number, one in enumerate(made, start=1):
            check_volume(whole_degrees(one), where=f"item E, area {number}")
    except TrucelineError as error:
        _refuse(report, where, error)
        return ()
    for note in found.notes:
        report.repaired(f"{where}, item E", note)
    if not made:
        report.noted(
            f"{where}, item E",
            "there are no coordinates: it stays a rule in words (the circle in item Q is an envelope)",
        )
    elif len(made) > 1:
        report.noted(f"{where}, item E", f"{len(made)} areas make one zone")
    return made


def _refuse(report: Report, where: str, error: TrucelineError) -> None:
    place = f"{where}, {error.where}" if error.where else where
    report.notes.append(
        Note(
            Level.REFUSED,
            place,
            f"{error.detail}; its text is kept whole, and not drawn",
            error.remedy,
        )
    )


def _limits(items: dict[str, str], text: str, where: str, report: Report) -> tuple[Limit, Limit]:
    low, high = items.get("F", ""), items.get("G", "")
    if not low and not high and (found := _IN_TEXT.search(text)):
        low, high = found[1], found[2]
        report.repaired(
            f"{where}, item E", f"there are no items F and G; the limits are {found[0]!r}"
        )
    elif not low or not high:
        report.noted(
            f"{where}, items F and G",
            "a limit is missing; it is taken as none (the levels in item Q are an envelope)",
        )
    lower, upper = limit(low, "item F"), limit(high, "item G")
    for one, place in ((lower, "item F"), (upper, "item G")):
        if one.unreadable:
            report.repaired(
                f"{where}, {place}",
                f"{one.text!r} is no height above a datum; it is taken as no limit",
            )
    if (
        lower.altitude
        and upper.altitude
        and lower.altitude.datum is upper.altitude.datum
        and lower.altitude.mm > upper.altitude.mm
    ):
        report.repaired(f"{where}, items F and G", "the limits stand upside down; they were turned")
        return upper, lower
    return lower, upper


def limit(text: str, where: str) -> Limit:
    """Return the limit in `SFC`, `FL245`, `3000FT AMSL`, `UNL`; other words are kept as words."""
    word = " ".join(text.upper().split()).rstrip(".")
    if not word:
        return Limit()
    if word in ("SFC", "GND", "0FT AGL", "0FT"):
        return Limit(SURFACE, text="" if word == "SFC" else word)
    if word in ("UNL", "UNLTD", "UNLIMITED"):
        return Limit(text="UNL")
    if found := _LEVEL.fullmatch(word):
        return Limit(height(found[1], "FL", "STD", where=where))
    if (found := _HEIGHT.fullmatch(word)) and found[3]:
        unit = "ft" if found[2] == "FT" else "m"
        return Limit(height(found[1], unit, _DATUM[found[3]], where=where))
    return Limit(text=word)

"""Zones as OpenAir, the text format of gliding computers.

Our own reader: records are read one by one, so that a bad one does not cost the file,
and arcs stay arcs. Limits without a datum are above mean sea level and radii are in
nautical miles, as the format says; it does not say what its edges are, and they are
taken as geodesics. Lines that we do not interpret, comments included, are kept.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import SURFACE
from truceline.geo.position import E7, Position
from truceline.geo.schedule import Period
from truceline.geo.volume import (
    Arc,
    ArcBetween,
    ArcRing,
    Circle,
    Corridor,
    Edge,
    Polygon,
    Segment,
    Shape,
    Window,
)
from truceline.zones.boundary import (
    Extra,
    Limit,
    Named,
    Original,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
)
from truceline.zones.formats import json_text, openair_text
from truceline.zones.formats.limits import height, read_instant
from truceline.zones.formats.reading import (
    MAX_FEATURES,
    Loss,
    Reading,
    Report,
    Written,
    check_size,
    lost_dataset,
    lost_extras,
    lost_fields,
    original_of,
    shared_dataset,
)

FORMAT = "openair"
MEDIA_TYPE = "text/x-openair"
MAX_LINE = 2_000
NM_MM = openair_text.NM_MM

_PART = r"(\d{1,3}(?:\.\d+)?)(?::(\d{1,2}(?:\.\d+)?))?(?::(\d{1,2}(?:\.\d+)?))?\s*"
_POINT = re.compile(rf"^\s*{_PART}([NSns])[\s,]*{_PART}([EWew])\s*$")
_LIMIT = re.compile(
    r"^\s*(-?\d+(?:\.\d+)?)\s*(ft|f|m)?\s*(agl|gnd|sfc|asfc|msl|amsl|std|alt)?\s*$", re.IGNORECASE
)
_LEVEL = re.compile(r"^\s*FL\s*(\d+(?:\.\d+)?)\s*$", re.IGNORECASE)
_DATUMS = {"agl": "AGL", "gnd": "AGL", "sfc": "AGL", "asfc": "AGL", "std": "STD"}
_KINDS = {"P": ZoneKind.NO_FLY, "R": ZoneKind.RESTRICTED, "Q": ZoneKind.DANGER}
_PLAIN = {"AC": "klass", "AY": "type", "AN": "name", "AI": "code"}
_KEPT = frozenset(
    ("code", "kind", "names", "ids", "raw_kinds", "volumes", "applicability", "extras", "original")
)
_KEPT_OF_VOLUME = frozenset(("shape", "lower", "upper", "edge", "operation"))


@dataclass(slots=True)
class _Record:
    """One airspace while its lines are read."""

    line: int
    klass: str
    type: str = ""
    name: str = ""
    code: str = ""
    lower: Limit = field(default_factory=Limit)
    upper: Limit = field(default_factory=Limit)
    centre: Position | None = None
    clockwise: bool = True
    width_mm: int = 0
    segments: list[Segment] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    airway: list[Position] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)


def read(data: bytes, *, name: str = "zones.txt") -> Reading:
    """Return the zones of an OpenAir file, with a report by record and line."""
    check_size(data, name)
    report, zones = Report(), list[ZoneContent]()
    lines = _decoded(data, name, report).splitlines()
    starts = [
        number for number, line in enumerate(lines) if line.split(" ")[0].strip().upper() == "AC"
    ]
    if not starts:
        raise Malformed(Reason.BAD_FORMAT, where=name, detail="not OpenAir: no line begins with AC")
    if len(starts) > MAX_FEATURES:
        raise Malformed(Reason.TOO_LARGE, where=name, detail=f"more than {MAX_FEATURES} airspaces")
    starts = [_with_comments(lines, start) for start in starts]
    head = tuple(
        Extra("openair:*", json_text.dump(line)) for line in lines[: starts[0]] if line.strip()
    )
    original = original_of(data, name=name, media_type=MEDIA_TYPE, dataset=head)
    report.noted(name, "OpenAir does not say what its edges are; they were taken as geodesics")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        where = f"record at line {start + 1}"
        with report.feature(where):
            content = _zone(_record(lines[start:end], start + 1, report), original)
            report.take(content, where, zones)
    return Reading(tuple(zones), tuple(report.notes), FORMAT, original.sha256)


def write(zones: tuple[ZoneContent, ...]) -> Written:
    """Return the zones as OpenAir; a zone of several areas becomes several airspaces."""
    losses: list[Loss] = []
    dataset, apart = shared_dataset(zones, "openair")
    lines = [str(json_text.parse_text(one.json, where=one.key)) for one in dataset]
    for content in zones:
        if content.unresolved:
            losses.append(Loss(content.code, "zone", "it has no geometry and was left out"))
            continue
        lines += openair_text.airspaces(content, losses)
        losses += lost_fields(content, kept=_KEPT, kept_of_volume=_KEPT_OF_VOLUME)
        losses += lost_extras(content, "openair")
    losses += [*apart, *lost_dataset(zones, "openair")]
    return Written(("\n".join(lines) + "\n").encode(), tuple(losses))


# -- reading --------------------------------------------------------------------


def _decoded(data: bytes, name: str, report: Report) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        report.repaired(name, "the text is not UTF-8; it was read as Latin-1")
        return data.decode("latin-1")


def _with_comments(lines: list[str], start: int) -> int:
    """Comments directly above a record belong to it."""
    while start > 0 and lines[start - 1].startswith("* ") and lines[start - 1].strip("* "):
        start -= 1
    return start


def _record(lines: list[str], first: int, report: Report) -> _Record:
    record = _Record(first, "")
    for number, line in enumerate(lines, start=first):
        if len(line) > MAX_LINE:
            raise Malformed(
                Reason.TOO_LARGE,
                where=f"line {number}",
                detail=f"longer than {MAX_LINE} characters",
            )
        text = line.strip()
        if not text:
            continue
        if text.startswith("*"):
            if text.strip("* "):
                record.extras.append(Extra("openair:*", json_text.dump(text)))
            continue
        word, _, rest = text.partition(" ")
        try:
            _line(record, word.upper(), rest.strip())
        except Malformed as error:
            raise Malformed(
                error.reason, where=f"line {number}", detail=error.detail, remedy=error.remedy
            ) from None
    return record


def _line(record: _Record, word: str, rest: str) -> None:
    if word in _PLAIN:
        setattr(record, _PLAIN[word], rest)
        return
    match word:
        case "AL":
            record.lower = read_height(rest)
        case "AH":
            record.upper = read_height(rest)
        case "AA":
            _activation(record, rest)
        case "V":
            _variable(record, rest)
        case "DP":
            record.segments.append(read_point(rest))
        case "DC":
            record.circles.append(Circle(_centre(record), _nm(rest)))
        case "DA":
            radius, start, end = _numbers(rest, 3)
            bearings = [round(value * E7) % (360 * E7) for value in (start, end)]
            record.segments.append(
                Arc(_centre(record), _nm(str(radius)), bearings[0], bearings[1], record.clockwise)
            )
        case "DB":
            record.segments.append(_arc_between(record, rest))
        case "DY":
            record.airway.append(read_point(rest))
        case _:
            record.extras.append(Extra(f"openair:{word}", json_text.dump(rest)))


def _activation(record: _Record, rest: str) -> None:
    start, _, end = rest.partition("/")
    try:
        bounds = [
            None
            if one.strip().upper() in ("", "NONE")
            else read_instant(one.strip(), where="AA")[0]
            for one in (start, end)
        ]
    except Malformed:
        record.extras.append(Extra("openair:AA", json_text.dump(rest)))
        return
    if bounds == [None, None] or (bounds[0] and bounds[1] and bounds[0] >= bounds[1]):
        record.extras.append(Extra("openair:AA", json_text.dump(rest)))
        return
    record.periods.append(Period(Window(bounds[0], bounds[1])))


def _variable(record: _Record, rest: str) -> None:
    name, _, value = rest.partition("=")
    match name.strip().upper():
        case "X":
            record.centre = read_point(value)
        case "D":
            record.clockwise = value.strip() != "-"
        case "W":
            record.width_mm = _nm(value)
        case _:
            record.extras.append(Extra("openair:V", json_text.dump(rest)))


def _arc_between(record: _Record, rest: str) -> ArcBetween:
    middle = re.search(r"[EWew]\s*,?\s*(?=\d)", rest)
    if middle is None:
        raise _bad(f"{rest!r} is not two points")
    start, end = rest[: middle.start() + 1], rest[middle.end() :]
    return ArcBetween(_centre(record), read_point(start), read_point(end), record.clockwise)


def _centre(record: _Record) -> Position:
    if record.centre is None:
        raise _bad("an arc or circle stands before its centre (V X=...)")
    return record.centre


def _zone(record: _Record, original: Original) -> ZoneContent:
    volume = ZoneVolume(_shape(record), record.lower, record.upper, Edge.GEODESIC)
    kinds = [("openair.AC", record.klass), ("openair.AY", record.type)]
    return ZoneContent(
        code=(record.code or record.name or f"line-{record.line}")[:200],
        kind=_KINDS.get(record.type.upper(), _KINDS.get(record.klass.upper(), ZoneKind.OTHER)),
        names=(Text("", record.name),) if record.name else (),
        ids=(Named("openair.AI", record.code),) if record.code else (),
        raw_kinds=tuple(Named(scheme, value) for scheme, value in kinds if value),
        volumes=(volume,),
        applicability=tuple(record.periods),
        extras=tuple(record.extras),
        original=replace(original, place=f"line {record.line}"),
    )


def _shape(record: _Record) -> Shape:
    drawn = (bool(record.segments), bool(record.circles), bool(record.airway))
    if sum(drawn) != 1 or len(record.circles) > 1:
        raise _bad("the airspace needs one border: points and arcs, one circle, or an airway")
    if record.circles:
        return record.circles[0]
    if record.airway:
        return Corridor(tuple(record.airway), record.width_mm)
    points = [one for one in record.segments if isinstance(one, Position)]
    if len(points) < len(record.segments):
        return ArcRing(tuple(record.segments))
    if points[0] == points[-1]:
        points.pop()
    return Polygon(tuple(one for number, one in enumerate(points) if one != points[number - 1]))


def read_point(text: str) -> Position:
    """Return the point in `37:02:11.00 N 113:30:37.00 W`; minutes and seconds may be decimals."""
    found = _POINT.match(text)
    if found is None:
        raise _bad(f"{text.strip()!r} is not a point such as 35:30:00 N 036:15:00 E")
    parts = [
        float(one) if one else 0.0 for one in found.groups() if one is None or one[0].isdigit()
    ]
    if any(parts[at] >= 60 for at in (1, 2, 4, 5)):
        raise _bad(f"{text.strip()!r} has 60 or more minutes or seconds")
    lat, lon = (parts[at] + parts[at + 1] / 60 + parts[at + 2] / 3600 for at in (0, 3))
    south, west = found[4].upper() == "S", found[8].upper() == "W"
    return Position(round((-lat if south else lat) * E7), round((-lon if west else lon) * E7))


def read_height(text: str) -> Limit:
    """Return the limit in `FL195`, `5500 ft AGL`, `SFC`, `UNL`; other words are kept as words."""
    word = text.strip().upper()
    if word in ("SFC", "GND", "0 SFC", "0 GND", "0 AGL"):
        return Limit(SURFACE, text="" if word == "SFC" else text.strip())
    if level := _LEVEL.match(text):
        return Limit(height(level[1], "FL", "STD", where="limit"))
    if found := _LIMIT.match(text):
        unit = "m" if (found[2] or "").lower() == "m" else "ft"
        return Limit(
            height(found[1], unit, _DATUMS.get((found[3] or "").lower(), "AMSL"), where="limit")
        )
    return Limit(text=text.strip())


def _numbers(text: str, count: int) -> list[float]:
    try:
        found = [float(one) for one in text.split(",")]
    except ValueError:
        found = []
    if len(found) != count or not all(math.isfinite(one) for one in found):
        raise _bad(f"{text!r} is not {count} numbers")
    return found


def _nm(text: str) -> int:
    (value,) = _numbers(text, 1)
    if not 0 < value <= 1_000:
        raise _bad(f"{value} NM is not a radius or width of an airspace")
    return round(value * NM_MM)


def _bad(detail: str) -> Malformed:
    return Malformed(Reason.BAD_GEOMETRY, detail=detail)

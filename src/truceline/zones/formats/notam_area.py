"""The area in the text of a NOTAM: circles, polygons, arcs and corridors out of English words.

What follows a border, a coast or a river, a sector between radials, or a point
without a radius is not drawn: the text stays, and the report says why. The circle
in item Q is an envelope and never the area.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from truceline.errors import Malformed, Reason
from truceline.geo.position import Position
from truceline.geo.volume import (
    ArcBetween,
    ArcRing,
    Circle,
    Corridor,
    Operation,
    Polygon,
    Segment,
    Shape,
)
from truceline.zones.formats.notam_points import Found, find, joins

MM = {
    "NM": 1_852_000,
    "NMS": 1_852_000,
    "NAUTICALMILES": 1_852_000,
    "NAUTICALMILE": 1_852_000,
    "KM": 1_000_000,
    "KMS": 1_000_000,
    "M": 1_000,
    "MTR": 1_000,
    "METRES": 1_000,
    "METERS": 1_000,
    "FT": 304.8,
    "SM": 1_609_344,
}
"""Units of length of NOTAM, in millimetres."""

_UNIT = r"(NAUTICAL\s?MILES?|NMS?|KMS?|METRES|METERS|MTR|SM|FT|M)\b"
_RADIUS = re.compile(
    rf"\bRAD(?:IUS)?\b[\s:]*(?:OF|IS|=)?\s*(\d+(?:[.,]\d+)?)\s*{_UNIT}"
    rf"|(\d+(?:[.,]\d+)?)\s*{_UNIT}[\s.]*(?:\(?[\w. ]{{0,12}}\)?\s)?(?:OF\s)?RAD(?:IUS)?\b"
    rf"|\bCIRCLE\s(?:OF\s)?(\d+(?:[.,]\d+)?)\s*{_UNIT}"
)
_SIDES = re.compile(rf"(\d+(?:[.,]\d+)?)\s*{_UNIT}\s*(?:ON\s)?(?:EITHER|EACH|BOTH)\sSIDES?\b")
_WIDTH = re.compile(
    rf"\bWIDTH\b[\s:]*(?:OF\s)?(\d+(?:[.,]\d+)?)\s*{_UNIT}|(\d+(?:[.,]\d+)?)\s*{_UNIT}\s*WIDE\b"
)
_ARC = re.compile(
    r"\b(ANTI-?\s?CLOCKWISE|COUNTER-?\s?CLOCKWISE|CLOCKWISE|ANTI-?CLKW|CLKW)\b.*\bARC\b"
    r"|\bARC\b.*\b(ANTI-?\s?CLOCKWISE|COUNTER-?\s?CLOCKWISE|CLOCKWISE)\b",
    re.DOTALL,
)
_FOLLOWS = re.compile(
    r"\b(?:ALONG|FOLLOWING|FLW)\b[^.]{0,40}?\b(BORDER|BOUNDARY|BDRY|COAST\w*|RIVER|FRONTIER|SHORE\w*|FIR|ROAD)\b"
)
_SECTOR = re.compile(r"\b(SECTOR|RADIALS?|RDL|QDM|QDR|SEMI-?CIRCLE|QUADRANT|HALF)\b")
_EXCEPT = re.compile(r"\b(?:EXC|EXCL|EXCEPT|EXCLUDING|EXCLUDED)\b")
MAX_POINTS = 5_000


@dataclass(frozen=True, slots=True)
class Area:
    """One shape of the text, and whether it adds to the zone or is taken away."""

    shape: Shape
    operation: Operation = Operation.UNION


@dataclass(slots=True)
class Reading:
    """What was found in a text: shapes, and what the reader should know."""

    areas: list[Area] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """Positions with nothing but connecting words, or arcs, between them."""

    segments: list[Segment]
    first: Found
    last: Found
    before: str

    @property
    def points(self) -> list[Position]:
        return [one for one in self.segments if isinstance(one, Position)]


def area_of(text: str) -> Reading:
    """Return the shapes in a text (in capitals, one line).

    Refuses a text that has coordinates but no area that can be drawn from them alone.
    """
    found = find(text)
    if len(found) > MAX_POINTS:
        raise Malformed(
            Reason.TOO_LARGE, where="item E", detail=f"more than {MAX_POINTS} positions"
        )
    made = Reading()
    if not found:
        return made
    if follows := _FOLLOWS.search(text):
        raise _bad(f"the area follows something that has no coordinates here ({follows[0]!r})")
    if any(one.plain for one in found):
        made.notes.append("coordinates without N, S, E or W were taken as latitude, longitude")
    for run in _runs(text, found):
        shape = _shape(run, text)
        if shape is None:
            made.notes.append(
                f"the position {text[run.first.start : run.last.end][:60]!r} gives no area"
            )
            continue
        taken = bool(made.areas) and _EXCEPT.search(run.before) is not None
        made.areas.append(Area(shape, Operation.SUBTRACT if taken else Operation.UNION))
    if not made.areas:
        raise _bad("there are coordinates, but no circle, polygon or corridor that they draw")
    return made


def _runs(text: str, found: tuple[Found, ...]) -> list[_Run]:
    links = [text[a.end : b.start] for a, b in pairwise(found)]
    joined = list(joins(links))
    runs: list[_Run] = []
    number = 0
    while number < len(found):
        start = found[number - 1].end if number else 0
        run = _Run(
            [found[number].at], found[number], found[number], text[start : found[number].start]
        )
        while number < len(links):
            if joined[number]:
                run.segments.append(found[number + 1].at)
            elif number + 1 < len(links) and (arc := _arc(links[number], found, number, run)):
                run.segments.append(arc)
                run.segments.append(found[number + 2].at)
                number += 1
            else:
                break
            number += 1
            run.last = found[number]
            if len(run.segments) > 3 and run.segments[0] == run.segments[-1]:
                break  # closed: what follows is another area
        runs.append(run)
        number += 1
    return runs


def _arc(link: str, found: tuple[Found, ...], number: int, run: _Run) -> ArcBetween | None:
    """The arc in "... CLOCKWISE ARC RADIUS 5NM CENTRED ON centre TO end"."""
    turn = _ARC.search(link)
    if turn is None or not re.search(r"\bCENT(?:RE|ER)|\bAROUND\b|\bABOUT\b", link):
        return None
    word = turn[1] or turn[2]
    return ArcBetween(
        found[number + 1].at, found[number].at, found[number + 2].at, word.startswith("CL")
    )


def _shape(run: _Run, text: str) -> Shape | None:
    points, before = run.points, run.before
    after = text[run.last.end : run.last.end + 60]
    if len(points) == 1:
        return _circle(run, before, after)
    width = _corridor_mm(before, after)
    if width is not None:
        return Corridor(tuple(points), width)
    ring = run.segments[:-1] if points[0] == points[-1] else run.segments
    if any(isinstance(one, ArcBetween) for one in ring):
        return ArcRing(_without_ends(ring))
    kept = tuple(p for n, p in enumerate(points[: len(ring)]) if n == 0 or p != points[n - 1])
    if len(kept) < 3:
        raise _bad(f"{len(kept)} positions are a line: not a radius, a width or a third position")
    return Polygon(kept)


def _without_ends(segments: list[Segment]) -> tuple[Segment, ...]:
    """The segments without vertices that are an arc's own end."""
    kept = []
    for number, one in enumerate(segments):
        before, after = segments[number - 1], segments[(number + 1) % len(segments)]
        ends = (
            isinstance(before, ArcBetween) and before.end == one,
            isinstance(after, ArcBetween) and after.start == one,
        )
        if not any(ends):
            kept.append(one)
    return tuple(kept)


def _circle(run: _Run, before: str, after: str) -> Circle | None:
    radius = _last(_RADIUS, before[-160:])
    if radius is None:
        match = _RADIUS.search(after)
        clear = match is not None and not re.search(r"[.;]", after[: match.start()])
        radius = _mm(match) if match is not None and clear else None
    if radius is None:
        return None
    if _SECTOR.search(before[-160:]) or _SECTOR.search(after):
        raise _bad("a part of a circle between radials or bearings")
    return Circle(run.first.at, radius)


def _corridor_mm(before: str, after: str) -> int | None:
    for text in (before[-160:], after):
        if (half := _last(_SIDES, text)) is not None:
            return 2 * half
        if (width := _last(_WIDTH, text)) is not None:
            return width
    return None


def _last(pattern: re.Pattern[str], text: str) -> int | None:
    matches = list(pattern.finditer(text))
    return _mm(matches[-1]) if matches else None


def _mm(match: re.Match[str]) -> int:
    value, unit = next(
        (value, unit)
        for value, unit in zip(match.groups()[::2], match.groups()[1::2], strict=True)
        if value
    )
    made = round(float(value.replace(",", ".")) * MM[unit.replace(" ", "")])
    if not 0 < made <= 2_000 * 1_852_000:
        raise _bad(f"{value} {unit} is not a radius or width of an area")
    return made


def _bad(detail: str) -> Malformed:
    return Malformed(
        Reason.BAD_GEOMETRY,
        where="item E",
        detail=detail,
        remedy="Draw it in another format, or agree it as a rule in words",
    )

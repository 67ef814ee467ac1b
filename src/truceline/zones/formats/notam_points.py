"""Coordinates as people write them in NOTAM: degrees, minutes and seconds in all usual notations.

`331530N0361530E`, `3315N 03615E`, `N33 15 30 E036 15 30`, `33-15-30.5N`, `33.2583N`:
the number of digits before the point says what they are. A pair without letters is
read only as two decimal numbers with a comma between, and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from truceline.errors import Malformed, Reason
from truceline.geo.position import E7, Position

_SEP = r"[\s°º*:'’′\"”″\-]{0,3}"
_PARTS = (
    rf"(\d{{1,7}}(?:[.,]\d+)?)(?:{_SEP}(\d{{1,2}}(?:[.,]\d+)?))?(?:{_SEP}(\d{{1,2}}(?:[.,]\d+)?))?"
)
_BETWEEN = r"[\s,/;]{0,3}"
_AFTER = re.compile(rf"(?<![\w.]){_PARTS}{_SEP}([NS]){_BETWEEN}{_PARTS}{_SEP}([EW])(?![A-Z0-9])")
_BEFORE = re.compile(
    rf"(?<![A-Z])([NS])\s?{_PARTS}{_SEP}{_BETWEEN}([EW])\s?{_PARTS}(?!\d|\.\d|\s?(?:NM|KM|FT|M)\b)"
)
_PLAIN = re.compile(r"(?<![\d.])(-?\d{1,2}\.\d{3,})\s*,\s*(-?\d{1,3}\.\d{3,})(?!\d|\.\d)")


@dataclass(frozen=True, slots=True)
class Found:
    """A position in a text, and where it stands."""

    at: Position
    start: int
    end: int
    plain: bool = False


def find(text: str) -> tuple[Found, ...]:
    """Return the positions in a text (in capitals), in order; refuses one that is not on the earth."""
    made: list[Found] = []
    for pattern, reader in ((_AFTER, _after), (_BEFORE, _before), (_PLAIN, _plain)):
        for match in pattern.finditer(text):
            if all(match.end() <= one.start or one.end <= match.start() for one in made):
                made.append(
                    Found(reader(match), match.start(), match.end(), plain=pattern is _PLAIN)
                )
    return tuple(sorted(made, key=lambda one: one.start))


def _after(match: re.Match[str]) -> Position:
    lat = _degrees([match[1], match[2], match[3]], 2, match[0])
    lon = _degrees([match[5], match[6], match[7]], 3, match[0])
    return _position(lat, match[4], lon, match[8], match[0])


def _before(match: re.Match[str]) -> Position:
    lat = _degrees([match[2], match[3], match[4]], 2, match[0])
    lon = _degrees([match[6], match[7], match[8]], 3, match[0])
    return _position(lat, match[1], lon, match[5], match[0])


def _plain(match: re.Match[str]) -> Position:
    return _position(
        abs(float(match[1])),
        "S" if match[1][0] == "-" else "N",
        abs(float(match[2])),
        "W" if match[2][0] == "-" else "E",
        match[0],
    )


def _position(lat: float, north: str, lon: float, east: str, text: str) -> Position:
    if lat > 90 or lon > 180:
        raise _bad(text, "is not on the earth")
    return Position(
        round((-lat if north == "S" else lat) * E7), round((-lon if east == "W" else lon) * E7)
    )


def _degrees(parts: list[str | None], wide: int, text: str) -> float:
    """The degrees of one coordinate; `wide`: how many digits degrees have (2 or 3)."""
    given = [one.replace(",", ".") for one in parts if one]
    if len(given) == 1:
        given = _split(given[0], wide, text)
    elif len(given) == 2 and len(_whole(given[0])) > wide:
        # Degrees and minutes together, then seconds: 3315 30.
        given = [*_split(given[0], wide, text), given[1]]
    values = [float(one) for one in given]
    if (
        len(values) > 3
        or any(one >= 60 for one in values[1:])
        or any("." in one for one in given[:-1])
    ):
        raise _bad(text, "has minutes or seconds that are none")
    return sum(value / 60.0**place for place, value in enumerate(values))


def _split(number: str, wide: int, text: str) -> list[str]:
    """Degrees, minutes and seconds written together: 33, 3315, 331530, each with decimals."""
    whole = _whole(number)
    rest = number[len(whole) :]
    if len(whole) <= wide:
        return [number]
    if len(whole) % 2 != wide % 2:
        # A longitude without its leading zero, or a digit lost: only the first has one reading.
        if wide != 3 or len(whole) not in (4, 6):
            raise _bad(text, "has a digit too many or too few")
        whole = "0" + whole
    groups = [whole[:wide], *(whole[at : at + 2] for at in range(wide, len(whole), 2))]
    if len(groups) > 3:
        raise _bad(text, "has too many digits")
    return [*groups[:-1], groups[-1] + rest]


def _whole(number: str) -> str:
    return number.split(".", maxsplit=1)[0]


def joins(links: list[str]) -> Iterator[bool]:
    """Say, link by link, whether nothing but a connecting word stands between two positions.

    A number before a position joins only where every position has one: otherwise it
    begins another area.
    """
    numbered = bool(links) and all(_NUMBER.search(one) for one in links)
    for one in links:
        yield _LINK.fullmatch(_NUMBER.sub(" ", one) if numbered else one) is not None


_NUMBER = re.compile(r"\b(?:[A-Z]|\d{1,2})[).:]\s?")
_LINK = re.compile(
    r"(?:[\s\-–—,;:.()/>]|\b(?:TO|THEN|THENCE|AND|BY|POINTS?|PSN|COORD\w*|STRAIGHT|LINES?|THE|NEXT|VIA)\b)*"
)


def _bad(text: str, why: str) -> Malformed:
    return Malformed(Reason.BAD_GEOMETRY, where="item E", detail=f"{text.strip()!r} {why}")

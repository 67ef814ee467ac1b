"""The file that parties sign: a zone's content as canonical JSON of integers.

Media type `application/vnd.truceline.zone+json`. Degrees are integers of 1e-7,
lengths millimetres, times microseconds since 1970; every field is written, so
`decode(encode(x)) == x` and `encode(decode(b)) == b` hold for every accepted input.
A ring is two columns, `lat_e7` and `lon_e7`: there is no pair whose order could be
mistaken. Unknown and missing fields are refused: nobody signs what we do not read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import Altitude, Datum, Unit
from truceline.geo.position import Position
from truceline.geo.schedule import ClockTime, Daily, Day, Period, SunEvent, SunTime
from truceline.geo.volume import (
    Arc,
    ArcBetween,
    ArcRing,
    Circle,
    Corridor,
    Edge,
    MultiPolygon,
    Operation,
    Polygon,
    Ring,
    Window,
)
from truceline.records import canonical
from truceline.zones.boundary import (
    Authority,
    Extra,
    GeometryRule,
    Limit,
    Named,
    Original,
    Restriction,
    Rule,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    check_content,
)

MEDIA_TYPE = "application/vnd.truceline.zone+json"
FORMAT = 1
MAX_BYTES = 32 * 2**20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(content: ZoneContent) -> bytes:
    """Return the canonical bytes of a content; refuses one that `check_content` refuses."""
    check_content(content)
    return canonical.encode(to_tree(content))


def to_tree(content: ZoneContent) -> dict[str, Any]:
    """Return the document as a JSON object, unchecked."""
    tree: dict[str, Any] = _ZONE.write(content)
    return {"format": FORMAT, "type": MEDIA_TYPE, "zone": tree}


def decode(data: bytes) -> ZoneContent:
    """Return the content in canonical bytes, or raise `Malformed` naming the field."""
    if len(data) > MAX_BYTES:
        raise Malformed(
            Reason.TOO_LARGE, where="zone", detail=f"the document has {len(data)} bytes"
        )
    return from_tree(canonical.decode(data, where="zone"))


def check_writable(content: ZoneContent) -> None:
    """Refuse a content that could not be written down: a text with U+0000, a number too large."""
    check_content(content)
    canonical.check(_ZONE.write(content), where=f"zone {content.code}")


def from_tree(tree: object) -> ZoneContent:
    """Return the content in a parsed document."""
    if not isinstance(tree, dict) or tree.keys() != {"format", "type", "zone"}:
        raise Malformed(
            Reason.WRONG_TYPE,
            where="zone",
            detail="a zone document has exactly format, type and zone",
        )
    if tree["type"] != MEDIA_TYPE or tree["format"] != FORMAT:
        raise Malformed(
            Reason.BAD_FORMAT, where="zone.type", detail=f"not {MEDIA_TYPE} format {FORMAT}"
        )
    canonical.check(tree["zone"], where="zone")
    content: ZoneContent = _ZONE.read(tree["zone"], "zone")
    check_content(content)
    return content


def content_hash(content: ZoneContent) -> str:
    """Return the SHA-256 of the canonical bytes, in lower-case hex: what a signature names."""
    return hashlib.sha256(encode(content)).hexdigest()


# -- how one field is written and read ------------------------------------------


@dataclass(frozen=True, slots=True)
class _Codec:
    """How a value is written as JSON, and read back with the place for the error."""

    write: Callable[[Any], Any]
    read: Callable[[Any, str], Any]


def _wrong(where: str, wanted: str) -> Malformed:
    return Malformed(Reason.WRONG_TYPE, where=where, detail=f"must be {wanted}")


def _plain(kind: type, words: str) -> _Codec:
    def read(value: Any, where: str) -> Any:
        if type(value) is not kind:
            raise _wrong(where, words)
        return value

    return _Codec(lambda value: value, read)


_TEXT = _plain(str, "text")
_INTEGER = _plain(int, "an integer")
_TRUTH = _plain(bool, "true or false")


def _choice(words: type[StrEnum]) -> _Codec:
    def read(value: Any, where: str) -> Any:
        try:
            return words(value)
        except ValueError:
            raise Malformed(
                Reason.OUT_OF_RANGE,
                where=where,
                detail=f"{value!r} is not one of {', '.join(words)}",
            ) from None

    return _Codec(str, read)


def _maybe(inner: _Codec) -> _Codec:
    return _Codec(
        lambda value: None if value is None else inner.write(value),
        lambda value, where: None if value is None else inner.read(value, where),
    )


def _many(inner: _Codec) -> _Codec:
    def read(value: Any, where: str) -> Any:
        if type(value) is not list:
            raise _wrong(where, "a list")
        return tuple(inner.read(one, f"{where}[{number}]") for number, one in enumerate(value))

    return _Codec(lambda value: [inner.write(one) for one in value], read)


def _fields(value: Any, names: frozenset[str] | set[str], where: str) -> dict[str, Any]:
    """The object, if it has exactly these fields."""
    if type(value) is not dict:
        raise _wrong(where, "an object")
    for name in sorted(value.keys() - names):
        raise Malformed(
            Reason.UNKNOWN_FIELD, where=f"{where}.{name}", detail="no such field in a zone document"
        )
    for name in sorted(names - value.keys()):
        raise Malformed(
            Reason.MISSING_FIELD, where=f"{where}.{name}", detail="the field is missing"
        )
    return value


def _object(made: type, **parts: _Codec) -> _Codec:
    names = frozenset(parts)

    def write(value: Any) -> dict[str, Any]:
        return {name: codec.write(getattr(value, name)) for name, codec in parts.items()}

    def read(value: Any, where: str) -> Any:
        found = _fields(value, names, where)
        return made(
            **{name: codec.read(found[name], f"{where}.{name}") for name, codec in parts.items()}
        )

    return _Codec(write, read)


def _tagged(**cases: tuple[type, _Codec]) -> _Codec:
    """One of several values; the field `type` says which."""

    def write(value: Any) -> dict[str, Any]:
        for name, (made, codec) in cases.items():
            if isinstance(value, made):
                return {"type": name, **codec.write(value)}
        raise _wrong("zone", f"one of {', '.join(cases)}")

    def read(value: Any, where: str) -> Any:
        name = value.get("type") if isinstance(value, dict) else None
        if not isinstance(name, str) or name not in cases:
            raise Malformed(
                Reason.OUT_OF_RANGE,
                where=f"{where}.type",
                detail=f"{name!r} is not one of {', '.join(cases)}",
            )
        return cases[name][1].read({key: one for key, one in value.items() if key != "type"}, where)

    return _Codec(write, read)


# -- values with a form of their own --------------------------------------------


def _write_time(value: datetime) -> int:
    return (value - _EPOCH) // timedelta(microseconds=1)


def _read_time(value: Any, where: str) -> datetime:
    if type(value) is not int:
        raise _wrong(where, "microseconds from 1970, or null")
    try:
        return _EPOCH + timedelta(microseconds=value)
    except OverflowError:
        raise Malformed(
            Reason.BAD_TIME, where=where, detail=f"{value} is outside the years 1 to 9999"
        ) from None


def _write_ring(ring: Ring) -> dict[str, list[int]]:
    return {"lat_e7": [point.lat_e7 for point in ring], "lon_e7": [point.lon_e7 for point in ring]}


def _read_ring(value: Any, where: str) -> Ring:
    found = _fields(value, {"lat_e7", "lon_e7"}, where)
    lats, lons = found["lat_e7"], found["lon_e7"]
    if type(lats) is not list or type(lons) is not list or len(lats) != len(lons):
        raise _wrong(where, "two lists of the same length")
    if not all(type(one) is int for column in (lats, lons) for one in column):
        raise _wrong(where, "integers of 1e-7 degree")
    return tuple(Position(lat, lon) for lat, lon in zip(lats, lons, strict=True))


_TIME = _Codec(_write_time, _read_time)
_RING = _Codec(_write_ring, _read_ring)
_POSITION = _object(Position, lat_e7=_INTEGER, lon_e7=_INTEGER)
_POLYGON = _object(Polygon, outer=_RING, holes=_many(_RING))
_SEGMENT = _tagged(
    vertex=(Position, _POSITION),
    arc=(
        Arc,
        _object(
            Arc,
            centre=_POSITION,
            radius_mm=_INTEGER,
            start_e7=_INTEGER,
            end_e7=_INTEGER,
            clockwise=_TRUTH,
        ),
    ),
    arc_between=(
        ArcBetween,
        _object(ArcBetween, centre=_POSITION, start=_POSITION, end=_POSITION, clockwise=_TRUTH),
    ),
)
_SHAPE = _tagged(
    polygon=(Polygon, _POLYGON),
    multipolygon=(MultiPolygon, _object(MultiPolygon, polygons=_many(_POLYGON))),
    circle=(Circle, _object(Circle, centre=_POSITION, radius_mm=_INTEGER)),
    corridor=(Corridor, _object(Corridor, centreline=_RING, width_mm=_INTEGER)),
    arc_ring=(ArcRing, _object(ArcRing, segments=_many(_SEGMENT))),
)
_ALTITUDE = _object(Altitude, mm=_INTEGER, datum=_choice(Datum), unit=_choice(Unit))
_LIMIT = _object(
    Limit, altitude=_maybe(_ALTITUDE), text=_TEXT, geoid=_TEXT, inclusive=_maybe(_TRUTH)
)
_WINDOW = _object(Window, start=_maybe(_TIME), end=_maybe(_TIME))
_WORDS = _many(_object(Text, lang=_TEXT, text=_TEXT))
_NAMED = _many(_object(Named, scheme=_TEXT, value=_TEXT))
_EXTRAS = _many(_object(Extra, key=_TEXT, json=_TEXT))
_MOMENT: _Codec = _tagged(
    clock=(ClockTime, _object(ClockTime, micros=_INTEGER, zone=_TEXT)),
    sun=(SunTime, _object(SunTime, event=_choice(SunEvent), offset_s=_INTEGER)),
)
_PERIOD = _object(
    Period,
    window=_WINDOW,
    permanent=_maybe(_TRUTH),
    end_estimated=_TRUTH,
    schedule=_many(
        _object(Daily, days=_many(_choice(Day)), start=_maybe(_MOMENT), end=_maybe(_MOMENT))
    ),
    text=_TEXT,
)
_ZONE = _object(
    ZoneContent,
    code=_TEXT,
    kind=_choice(ZoneKind),
    names=_WORDS,
    ids=_NAMED,
    raw_kinds=_NAMED,
    reasons=_many(_TEXT),
    reason_texts=_WORDS,
    messages=_WORDS,
    rule=_object(
        Rule,
        restrictions=_many(_object(Restriction, actor=_TEXT, activity=_TEXT, weapon=_TEXT)),
        bound=_many(_TEXT),
        conditions=_WORDS,
        exempt=_many(_TEXT),
        regulation_exemption=_maybe(_TRUTH),
    ),
    authorities=_many(
        _object(
            Authority,
            names=_WORDS,
            services=_WORDS,
            contacts=_WORDS,
            site_url=_TEXT,
            email=_TEXT,
            phone=_TEXT,
            purpose=_TEXT,
            interval_before=_TEXT,
            extras=_EXTRAS,
        )
    ),
    volumes=_many(
        _object(
            ZoneVolume,
            shape=_SHAPE,
            lower=_LIMIT,
            upper=_LIMIT,
            edge=_choice(Edge),
            operation=_choice(Operation),
            window=_WINDOW,
            id=_TEXT,
            also_lower=_maybe(_LIMIT),
            also_upper=_maybe(_LIMIT),
            reference=_TEXT,
            extras=_EXTRAS,
        )
    ),
    geometry_rule=_maybe(
        _object(
            GeometryRule,
            texts=_WORDS,
            reference=_TEXT,
            from_mm=_maybe(_INTEGER),
            to_mm=_maybe(_INTEGER),
            places=_many(_TEXT),
        )
    ),
    applicability=_many(_PERIOD),
    places_included=_many(_TEXT),
    places_excluded=_many(_TEXT),
    precision_mm=_maybe(_INTEGER),
    edge_chosen=_TRUTH,
    extras=_EXTRAS,
    original=_maybe(
        _object(
            Original,
            sha256=_TEXT,
            media_type=_TEXT,
            size=_INTEGER,
            name=_TEXT,
            place=_TEXT,
            dataset=_EXTRAS,
        )
    ),
)

"""Zones as `Volume4D` of ASTM F3548-21, the JSON in which UTM services tell one another of airspace.

Read: one volume, a list of them, the details of a constraint or the answer to a request
for one. The standard knows circles, polygons without holes whose edges are shortest
paths, and metres above WGS 84; what a zone cannot say in these is refused or written
larger, never smaller, and named (`volume4d_text.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.geojson import position
from truceline.geo.position import Position
from truceline.geo.ring import tidy
from truceline.geo.volume import Circle, Edge, Polygon, Shape, Window
from truceline.zones.boundary import (
    Extra,
    Limit,
    Named,
    Original,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
)
from truceline.zones.formats import ed, json_text, volume4d_text
from truceline.zones.formats.limits import height, read_instant
from truceline.zones.formats.reading import (
    MAX_FEATURES,
    Reading,
    Report,
    check_size,
    original_of,
)

FORMAT = "volume4d"
MEDIA_TYPE = "application/json"
MAX_RADIUS_M = 5_000_000

limits_w84 = volume4d_text.limits_w84
write = volume4d_text.write

_OUTLINES = ("outline_circle", "outline_polygon")
_OF_VOLUME = (*_OUTLINES, "altitude_lower", "altitude_upper")
_OF_OUTER = ("volume", "time_start", "time_end")


def looks_like(tree: Any) -> bool:
    """Say whether parsed JSON holds a `Volume4D`."""
    first = tree[0] if isinstance(tree, list) and tree else tree
    return any(True for _ in _holders(first, "", 0))


def read(data: bytes, *, name: str = "volumes.json") -> Reading:
    """Return the zones of a document of volumes, with a report by zone and volume.

    A list of bare volumes is one zone; a list of objects with `volumes` is one for each.
    """
    check_size(data, name)
    tree = json_text.parse(data, where=name)
    original = original_of(data, name=name, media_type=MEDIA_TYPE)
    holders = _zones_in(tree)
    if not holders:
        raise Malformed(
            Reason.BAD_FORMAT,
            where=name,
            detail="not Volume4D: there is no `volume` with outline_circle or outline_polygon",
        )
    if len(holders) > MAX_FEATURES:
        raise Malformed(Reason.TOO_LARGE, where=name, detail=f"more than {MAX_FEATURES} zones")
    report, zones = Report(), list[ZoneContent]()
    for number, (place, holder) in enumerate(holders, start=1):
        where = place or f"zone {number}"
        with report.feature(where):
            report.take(
                _zone(holder, number, replace(original, place=place), where, report), where, zones
            )
    return Reading(tuple(zones), tuple(report.notes), FORMAT, original.sha256)


# -- where the volumes are ----------------------------------------------------------------


def _zones_in(tree: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if isinstance(tree, list):
        if any(isinstance(one, Mapping) and "volume" in one for one in tree):
            return [("", {"volumes": tree})]
        return [
            pair
            for number, one in enumerate(tree)
            for pair in (_holders(one, f"[{number}]", 0) or ())
        ]
    return list(_holders(tree, "", 0))


def _holders(tree: Any, place: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects that hold volumes: a volume itself, details, or what has details within."""
    if not isinstance(tree, Mapping) or depth > 3:
        return
    inner = tree.get("volume")
    if isinstance(inner, Mapping) and any(name in inner for name in _OUTLINES):
        yield place, {"volumes": [tree]}
        return
    if isinstance(tree.get("volumes"), list) and tree["volumes"]:
        first = tree["volumes"][0]
        if isinstance(first, Mapping) and "volume" in first:
            yield place, tree
            return
    details = tree.get("details")
    if isinstance(details, Mapping) and isinstance(details.get("volumes"), list):
        about = {"reference": tree["reference"]} if "reference" in tree else {}
        yield f"{place}.details".lstrip("."), {**details, **about}
        return
    for key in ("constraint", "operational_intent"):
        yield from _holders(tree.get(key), f"{place}.{key}".lstrip("."), depth + 1)
    listed = tree.get("constraints")
    for number, one in enumerate(listed if isinstance(listed, list) else ()):
        yield from _holders(one, f"{place}.constraints[{number}]".lstrip("."), depth + 1)


# -- one zone -------------------------------------------------------------------------------


def _zone(
    tree: Mapping[str, Any], number: int, original: Original, where: str, report: Report
) -> ZoneContent:
    listed = tree["volumes"]
    reference = tree.get("reference")
    about = reference if isinstance(reference, Mapping) else {}
    identity = str(about.get("id", ""))
    kind = tree.get("type")
    volumes = tuple(
        _volume(one, f"{where}, volume {place}", report)
        for place, one in enumerate(listed, start=1)
    )
    return ZoneContent(
        code=identity or f"volume4d-{number}",
        kind=ZoneKind.RESTRICTED,
        ids=tuple(
            Named(f"f3548.{key}", str(about[key]))
            for key in ("id", "ovn", "version", "manager")
            if isinstance(about.get(key), (str, int)) and not isinstance(about.get(key), bool)
        ),
        raw_kinds=(Named("f3548.type", kind),) if isinstance(kind, str) and kind else (),
        volumes=volumes,
        extras=tuple(
            Extra(f"f3548:{key}", json_text.dump(one))
            for key, one in tree.items()
            if key not in ("volumes", "type")
        ),
        original=original,
    )


def _volume(tree: Any, where: str, report: Report) -> ZoneVolume:
    outer = ed.mapping(tree, where)
    inner = ed.mapping(outer.get("volume"), f"{where}, volume")
    start, end = (
        _time(outer.get(f"time_{side}"), f"{where}, time_{side}", report)
        for side in ("start", "end")
    )
    others = [("f3548.volume4d", outer, _OF_OUTER), ("f3548.volume3d", inner, _OF_VOLUME)]
    return ZoneVolume(
        _shape(inner, where, report),
        _height(inner.get("altitude_lower"), f"{where}, altitude_lower"),
        _height(inner.get("altitude_upper"), f"{where}, altitude_upper"),
        Edge.GEODESIC,
        window=Window(start, end),
        extras=tuple(
            Extra(f"{source}:{key}", json_text.dump(one))
            for source, part, known in others
            for key, one in part.items()
            if key not in known
        ),
    )


def _shape(tree: Mapping[str, Any], where: str, report: Report) -> Shape:
    circle, polygon = (tree.get(name) for name in _OUTLINES)
    if (circle is None) == (polygon is None):
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=where,
            detail="exactly one of outline_circle and outline_polygon is needed",
        )
    if circle is not None:
        return _circle(ed.mapping(circle, f"{where}, outline_circle"), where)
    vertices = ed.mapping(polygon, f"{where}, outline_polygon").get("vertices")
    if not isinstance(vertices, list):
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=f"{where}, vertices",
            detail="a polygon has a list of vertices",
        )
    points = [
        _point(one, f"{where}, vertex {number}") for number, one in enumerate(vertices, start=1)
    ]
    if len(points) > 1 and points[0] == points[-1]:
        report.repaired(
            where, "the last vertex repeats the first, which F3548 forbids; it was dropped"
        )
    ring, done = tidy(points, closed=False)
    for one in done:
        report.repaired(where, one)
    return Polygon(ring)


def _circle(tree: Mapping[str, Any], where: str) -> Circle:
    radius = ed.mapping(tree.get("radius"), f"{where}, radius")
    value = radius.get("value")
    if str(radius.get("units", "M")) != "M":
        raise Malformed(
            Reason.BAD_GEOMETRY, where=f"{where}, radius", detail="a radius of F3548 is in M"
        )
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not 0 < value <= MAX_RADIUS_M
    ):
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=f"{where}, radius",
            detail=f"{value!r} is not a radius in metres",
        )
    return Circle(_point(tree.get("center"), f"{where}, center"), round(value * 1000))


def _point(tree: Any, where: str) -> Position:
    at = ed.mapping(tree, where)
    return position(lon=at.get("lng"), lat=at.get("lat"), where=where)


def _height(tree: Any, where: str) -> Limit:
    if tree is None:
        return Limit()
    at = ed.mapping(tree, where)
    if at.get("reference") != "W84" or at.get("units", "M") != "M":
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where=where,
            detail=f"a height of F3548 is in M above W84, not {at.get('units')} {at.get('reference')}",
        )
    return Limit(height(at.get("value"), "m", "WGS84", where=where))


def _time(tree: Any, where: str, report: Report) -> datetime | None:
    if tree is None:
        return None
    found, assumed = read_instant(ed.mapping(tree, where).get("value"), where=where)
    if assumed:
        report.repaired(where, "the time has no zone; it was taken as UTC")
    return found

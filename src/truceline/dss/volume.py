"""`Volume4D` of the standards: a footprint between two heights (W84 metres) for a time.

Read strictly: a circle or a polygon and not both, no repeated vertex, no crossing edges,
latitude and longitude in range, metres above WGS 84 and nothing else. Overlap is decided
exactly on the sphere; touching counts in space, height and time, so that doubt widens.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo import sphere
from truceline.geo.sphere import Footprint
from truceline.records.record import Micros

MOST_AREA_KM2 = 9_500.0
"""The standard's own limit for constraints is 10,000 (`CstrMaxAreaKm2`); larger zones are split."""

MOST_VERTICES = 10_000
"""The standard's limit of an operational intent's vertices, over all of its volumes."""

MOST_VOLUMES = 1_000
_LOWEST_M, _HIGHEST_M = -8_000.0, 100_000.0
"""Heights that the standards' schema allows."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799_999_999


@dataclass(frozen=True, slots=True)
class Volume4D:
    """One volume. None: without bound. `shape` is the outline as the standard writes it."""

    footprint: Footprint
    shape: Mapping[str, Any]
    lower_m: float | None
    upper_m: float | None
    start: Micros | None
    end: Micros | None

    def told(self) -> dict[str, Any]:
        """Return the volume as the standard writes it."""
        volume: dict[str, Any] = dict(self.shape)
        for name, height in (("altitude_lower", self.lower_m), ("altitude_upper", self.upper_m)):
            if height is not None:
                volume[name] = {"value": height, "reference": "W84", "units": "M"}
        tree: dict[str, Any] = {"volume": volume}
        for name, at in (("time_start", self.start), ("time_end", self.end)):
            if at is not None:
                tree[name] = time_told(at)
        return tree


def of_polygon(
    ring: Sequence[tuple[float, float]],
    *,
    heights_m: tuple[float, float],
    span: tuple[Micros, Micros],
) -> Volume4D:
    """Return the volume over a polygon of (latitude, longitude) vertices."""
    return Volume4D(sphere.polygon(ring), _polygon_told(ring), *heights_m, *span)


def time_told(at: Micros) -> dict[str, str]:
    """Return a moment as the standards write it."""
    return {"value": moment(at), "format": "RFC3339"}


def moment(at: Micros) -> str:
    """Return a moment in RFC 3339, UTC, with microseconds."""
    seconds, rest = divmod(at, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def overlaps(a: Iterable[Volume4D], b: Sequence[Volume4D], *, heights: bool = True) -> bool:
    """Say whether any two volumes of the two sides meet; without `heights`, whatever theirs."""
    return any(_meet(one, other, heights) for one in a for other in b)


def window(volumes: Sequence[Volume4D]) -> tuple[Micros | None, Micros | None]:
    """Return from when until when volumes last together; None: without bound."""
    starts, ends = [one.start for one in volumes], [one.end for one in volumes]
    start = None if None in starts else min(one for one in starts if one is not None)
    end = None if None in ends else max(one for one in ends if one is not None)
    return start, end


def _meet(a: Volume4D, b: Volume4D, heights: bool) -> bool:
    return (
        _spans_meet(a.start, a.end, b.start, b.end)
        and (not heights or _spans_meet(a.lower_m, a.upper_m, b.lower_m, b.upper_m))
        and sphere.overlap(a.footprint, b.footprint)
    )


def _spans_meet(a: float | None, a_end: float | None, b: float | None, b_end: float | None) -> bool:
    return (a is None or b_end is None or a <= b_end) and (b is None or a_end is None or b <= a_end)


# -- reading -------------------------------------------------------------------------------


def read(tree: object, *, where: str) -> Volume4D:
    """Return the volume in a tree; refuses what is not one."""
    outer = mapping(tree, where)
    inner = mapping(outer.get("volume"), f"{where}.volume")
    footprint, shape = _outline(inner, f"{where}.volume")
    lower, upper = (_height(inner.get(name), f"{where}.{name}") for name in _HEIGHTS)
    start, end = (_time(outer.get(name), f"{where}.{name}") for name in ("time_start", "time_end"))
    if lower is not None and upper is not None and lower > upper:
        raise bad(where, "altitude_lower is above altitude_upper")
    if start is not None and end is not None and start > end:
        raise bad(where, "time_start is after time_end", Reason.BAD_TIME)
    return Volume4D(footprint, shape, lower, upper, start, end)


def read_all(tree: object, *, where: str) -> tuple[Volume4D, ...]:
    """Return the volumes of a list that has at least one."""
    if not isinstance(tree, list) or not 1 <= len(tree) <= MOST_VOLUMES:
        raise bad(where, f"a list of 1 to {MOST_VOLUMES} volumes is needed", Reason.WRONG_TYPE)
    found = tuple(read(one, where=f"{where}[{number}]") for number, one in enumerate(tree))
    if sum(len(one.footprint.ring) for one in found) > MOST_VERTICES:
        raise bad(where, f"more than {MOST_VERTICES} vertices", Reason.TOO_LARGE)
    return found


def read_area(text: str, *, where: str) -> Volume4D:
    """Return the footprint of `lat,lng,lat,lng,...`, as the RID searches write it."""
    try:
        values = [float(one) for one in text.split(",")]
    except ValueError:
        raise bad(where, "not numbers with commas between") from None
    if len(values) % 2 or not all(math.isfinite(one) for one in values):
        raise bad(where, "not pairs of latitude and longitude")
    points = list(zip(values[::2], values[1::2], strict=True))
    if len(points) > MOST_VERTICES:
        raise bad(where, f"more than {MOST_VERTICES} vertices", Reason.TOO_LARGE)
    footprint = sphere.polygon(points)
    check_area(footprint, where)
    return Volume4D(footprint, _polygon_told(points), None, None, None, None)


def read_moment(text: object, *, where: str) -> Micros:
    """Return the moment of an RFC 3339 text; one without a zone is refused."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        if found is None or found.tzinfo is None or "T" not in str(text).upper():
            raise ValueError
        apart = found - _EPOCH
    except (ValueError, OverflowError):
        raise bad(
            where, f"{str(text)[:40]!r} is not a moment in RFC 3339", Reason.BAD_TIME
        ) from None
    micros = (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds
    if not 0 <= micros <= _LAST:
        raise bad(where, "the moment is before 1970 or after 9999", Reason.BAD_TIME)
    return Micros(micros)


_HEIGHTS = ("altitude_lower", "altitude_upper")


def _outline(tree: Mapping[str, Any], where: str) -> tuple[Footprint, Mapping[str, Any]]:
    circle, polygon = tree.get("outline_circle"), tree.get("outline_polygon")
    if (circle is None) == (polygon is None):
        raise bad(where, "exactly one of outline_circle and outline_polygon is needed")
    if circle is not None:
        footprint, shape = _circle(mapping(circle, f"{where}.outline_circle"), where)
    else:
        footprint, shape = _polygon(mapping(polygon, f"{where}.outline_polygon"), where)
    check_area(footprint, where)
    return footprint, shape


def _circle(tree: Mapping[str, Any], where: str) -> tuple[Footprint, Mapping[str, Any]]:
    lat, lon = _point(tree.get("center"), f"{where}.center")
    radius = mapping(tree.get("radius"), f"{where}.radius")
    if radius.get("units", "M") != "M":
        raise bad(f"{where}.radius", "a radius is in M")
    metres = number(radius.get("value"), f"{where}.radius")
    shape = {
        "outline_circle": {
            "center": {"lat": lat, "lng": lon},
            "radius": {"value": metres, "units": "M"},
        }
    }
    return sphere.circle(lat=lat, lon=lon, radius_m=metres), shape


def _polygon(tree: Mapping[str, Any], where: str) -> tuple[Footprint, Mapping[str, Any]]:
    vertices = tree.get("vertices")
    if not isinstance(vertices, list) or len(vertices) > MOST_VERTICES:
        raise bad(where, f"vertices is a list of at most {MOST_VERTICES}", Reason.WRONG_TYPE)
    points = [_point(one, f"{where}.vertices[{n}]") for n, one in enumerate(vertices)]
    if len(set(points)) < len(points):
        raise bad(where, "a vertex is repeated; the last must not repeat the first")
    return sphere.polygon(points), _polygon_told(points)


def _polygon_told(points: Sequence[tuple[float, float]]) -> Mapping[str, Any]:
    return {"outline_polygon": {"vertices": [{"lat": lat, "lng": lon} for lat, lon in points]}}


def check_area(footprint: Footprint, where: str) -> None:
    """Refuse a footprint of more than `MOST_AREA_KM2`."""
    if footprint.area_km2 > MOST_AREA_KM2:
        raise bad(
            where,
            f"the area is {footprint.area_km2:,.0f} km2; the most is {MOST_AREA_KM2:,.0f}",
            Reason.TOO_LARGE,
        )


def _point(tree: object, where: str) -> tuple[float, float]:
    point = mapping(tree, where)
    return number(point.get("lat"), where), number(point.get("lng"), where)


def _height(tree: object, where: str) -> float | None:
    if tree is None:
        return None
    height = mapping(tree, where)
    if height.get("reference", "W84") != "W84" or height.get("units", "M") != "M":
        raise bad(where, "a height is in M above W84, and nothing else")
    value = number(height.get("value"), where)
    if not _LOWEST_M <= value <= _HIGHEST_M:
        raise bad(where, f"{value} m is not a height of the air")
    return value


def _time(tree: object, where: str) -> Micros | None:
    if tree is None:
        return None
    time = mapping(tree, where)
    if time.get("format", "RFC3339") != "RFC3339":
        raise bad(where, "a time has the format RFC3339", Reason.BAD_TIME)
    return read_moment(time.get("value"), where=where)


def mapping(tree: object, where: str) -> Mapping[str, Any]:
    """Return a JSON object; refuses everything else."""
    if not isinstance(tree, Mapping):
        raise bad(where, "an object is needed", Reason.WRONG_TYPE)
    return tree


def number(value: object, where: str) -> float:
    """Return a finite number; refuses text and truth values."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad(where, "a number is needed", Reason.WRONG_TYPE)
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise bad(where, "a finite number is needed", Reason.OUT_OF_RANGE)
    return found


def bad(where: str, detail: str, reason: Reason = Reason.BAD_GEOMETRY) -> Malformed:
    """Return the refusal of something in a request."""
    return Malformed(reason, where=where, detail=detail)

"""Curves of GML 3.2: geodesics, straight segments, arcs, and the positions that they run through.

In EPSG:4326 latitude comes first and angles are bearings, clockwise from north; in
CRS84 longitude comes first and angles turn from east to north (OGC 12-028r1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.flatten import on_geodesics
from truceline.geo.geodesic import bearing_deg, geod
from truceline.geo.geojson import position
from truceline.geo.position import E7, Position
from truceline.geo.volume import Arc, ArcBetween, Edge, Segment
from truceline.zones.formats.aixm_xml import Index, child, children, href, local, text, within

METRES = {
    "m": 1.0,
    "km": 1000.0,
    "nm": 1852.0,
    "nmi": 1852.0,
    "[nmi_i]": 1852.0,
    "ft": 0.3048,
    "[ft_i]": 0.3048,
    "mi": 1609.344,
    "cm": 0.01,
}
"""Units of length, in lower case: AIXM's words and UCUM's."""

_MOST_RADIUS_M = 5_000_000.0
_LAT_FIRST = ("EPSG::4326", "EPSG/0/4326", "EPSG:4326", "EPSG::4979", "EPSG/0/4979", "#4326")
_LON_FIRST = ("CRS84",)


@dataclass(slots=True)
class Drawing:
    """What is known while one volume's geometry is read: references, edges, what was mended."""

    index: Index
    done: list[str] = field(default_factory=list)
    geodesic: bool = False
    straight: bool = False

    def repaired(self, detail: str) -> None:
        """Add what was mended or assumed, once."""
        if detail not in self.done:
            self.done.append(detail)

    @property
    def edge(self) -> Edge:
        """What the edges of the volume are."""
        return Edge.LONLAT if self.straight and not self.geodesic else Edge.GEODESIC


def line(element: Any, drawing: Drawing) -> tuple[Position, ...]:
    """Return the vertices of a curve that has no arc in it."""
    found = curve(element, drawing)
    points = [one for one in found if isinstance(one, Position)]
    if len(points) < len(found):
        raise bad("the centre line has an arc in it", "Draw it with vertices")
    return tuple(p for number, p in enumerate(points) if number == 0 or p != points[number - 1])


def length_mm(element: Any, *, what: str) -> int:
    """Return a length in millimetres; refuses an unknown unit."""
    unit = str(element.get("uom", "")).strip().lower()
    if unit not in METRES:
        raise bad(f"{what} in {unit or 'no unit'}: not one of M, KM, NM, FT", "Name its unit")
    return round(_number(text(element), what) * METRES[unit] * 1000)


# -- curves --------------------------------------------------------------------------


def curve(element: Any, drawing: Drawing, depth: int = 0) -> list[Segment]:
    if depth > 8:
        raise bad("curves refer to one another without end", "")
    if local(element) == "OrientableCurve" and element.get("orientation") == "-":
        base = curve(target_of(child(element, "baseCurve"), drawing), drawing, depth + 1)
        return [_reversed(one) for one in reversed(base)]
    made: list[Segment] = []
    for one in within(element, *_READERS, "baseCurve", "curveMember"):
        if local(one) in ("baseCurve", "curveMember"):
            made += curve(target_of(one, drawing), drawing, depth + 1)
        else:
            made += _READERS[local(one)](one, drawing)
    for one in within(element, *_UNKNOWN):
        raise bad(
            f"{local(one)} is not a curve that Truceline reads", "Draw it with arcs or vertices"
        )
    if not made and local(element) in ("GeodesicString", *_READERS):
        return list(_READERS[local(element)](element, drawing))
    if not made:
        raise bad("a curve has no segment", "")
    return made


def _reversed(one: Segment) -> Segment:
    match one:
        case Arc():
            return Arc(one.centre, one.radius_mm, one.end_e7, one.start_e7, not one.clockwise)
        case ArcBetween():
            return ArcBetween(one.centre, one.end, one.start, not one.clockwise)
        case _:
            return one


def _geodesics(element: Any, drawing: Drawing) -> list[Segment]:
    return list(points_of(element, drawing))


def _straight(element: Any, drawing: Drawing) -> list[Segment]:
    points = points_of(element, drawing)
    if not drawing.geodesic:
        return list(points)
    drawing.repaired(
        "edges straight in longitude and latitude were followed by vertices, within a metre"
    )
    made = on_geodesics(points)
    drawing.index.spend(len(made) - len(points))
    return list(made)


def _arc_by_centre(element: Any, drawing: Drawing) -> list[Segment]:
    angles = [child(element, name) for name in ("startAngle", "endAngle")]
    if any(one is None for one in angles):
        raise bad("an arc by its centre has no start or end angle", "")
    start, end = (_degrees(one) for one in angles)
    clockwise = end > start
    if not _lat_first(element, drawing):
        # In CRS84 the first axis is east: angles turn from east to north.
        start, end, clockwise = 90 - start, 90 - end, not clockwise
    return [
        Arc(
            one_point(element, drawing),
            radius_mm_of(element),
            round(start % 360 * E7),
            round(end % 360 * E7),
            clockwise,
        )
    ]


def _degrees(element: Any) -> float:
    value = _number(text(element), "an angle")
    if abs(value) > 1080:
        raise bad(f"{value} degrees is not an angle of an arc", "")
    unit = str(element.get("uom", "deg")).lower()
    return math.degrees(value) if unit in ("rad", "urn:ogc:def:uom:epsg::9101") else value


def _arc_by_points(element: Any, drawing: Drawing) -> list[Segment]:
    points = points_of(element, drawing)
    if len(points) < 3 or len(points) % 2 == 0:
        raise bad(f"arcs need 3, 5, 7 ... points; there are {len(points)}", "")
    made: list[Segment] = []
    for at in range(0, len(points) - 2, 2):
        a, b, c = points[at : at + 3]
        centre = centre_of(a, b, c)
        first, middle, last = (bearing_deg(centre, one) for one in (a, b, c))
        clockwise = (middle - first) % 360 <= (last - first) % 360
        made.append(ArcBetween(centre, a, c, clockwise))
    return made


def three_points(element: Any, drawing: Drawing) -> tuple[Position, Position, Position]:
    points = points_of(element, drawing)
    if len(points) != 3:
        raise bad(f"a circle needs three points; there are {len(points)}", "")
    return points[0], points[1], points[2]


def centre_of(a: Position, b: Position, c: Position) -> Position:
    """The point as far from all three, to a centimetre (by steps in a plane around the middle one)."""
    lat, lon = b.lat, b.lon
    for _ in range(12):
        xy = [_plane(lat, lon, one) for one in (a, b, c)]
        centre = _circumcentre(xy)
        if centre is None:
            raise bad("the three points of an arc lie on a line", "")
        x, y = centre
        step = math.hypot(x, y)
        if step > _MOST_RADIUS_M:
            raise bad("the three points of an arc lie almost on a line", "")
        lon, lat, _ = geod().fwd(lon, lat, math.degrees(math.atan2(x, y)), step)
        if step < 0.005:
            break
    return position(lon=lon, lat=lat, where="arc")


def _plane(lat: float, lon: float, point: Position) -> tuple[float, float]:
    azimuth, _, far = geod().inv(lon, lat, point.lon, point.lat)
    return far * math.sin(math.radians(azimuth)), far * math.cos(math.radians(azimuth))


def _circumcentre(xy: list[tuple[float, float]]) -> tuple[float, float] | None:
    (ax, ay), (bx, by), (cx, cy) = xy
    twice = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
    if abs(twice) < 1e-6:
        return None
    a, b, c = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    return (
        (a * (by - cy) + b * (cy - ay) + c * (ay - by)) / twice,
        (a * (cx - bx) + b * (ax - cx) + c * (bx - ax)) / twice,
    )


_READERS: dict[str, Any] = {
    "GeodesicString": _geodesics,
    "Geodesic": _geodesics,
    "LineStringSegment": _straight,
    "LineString": _straight,
    "ArcByCenterPoint": _arc_by_centre,
    "Arc": _arc_by_points,
    "ArcString": _arc_by_points,
}
_UNKNOWN = (
    "ArcStringByBulge",
    "ArcByBulge",
    "CubicSpline",
    "BSpline",
    "Bezier",
    "Clothoid",
    "OffsetCurve",
)


def target_of(member: Any, drawing: Drawing) -> Any:
    """The curve in a member, or the one that it refers to."""
    reference = href(member)
    if not reference:
        return member
    found = drawing.index.found(reference)
    if found is None:
        raise bad(
            f"a curve is given by reference to {reference[:80]}, which is not in the file",
            "Read it with the file that holds it (--beside)",
        )
    return found


# -- points --------------------------------------------------------------------------


def points_of(element: Any, drawing: Drawing) -> tuple[Position, ...]:
    made: list[Position] = []
    for one in children(element):
        match local(one):
            case "posList" | "pos":
                made += _pairs(one, drawing)
            case "pointProperty" | "pointRep":
                made.append(_property(one, drawing))
    drawing.index.spend(len(made))
    if not made:
        raise bad(f"{local(element)} has no position", "")
    return tuple(made)


def one_point(element: Any, drawing: Drawing) -> Position:
    points = points_of(element, drawing)
    if len(points) != 1:
        raise bad(f"{local(element)} needs one centre; there are {len(points)} positions", "")
    return points[0]


def _property(element: Any, drawing: Drawing) -> Position:
    reference = href(element)
    found = drawing.index.found(reference) if reference else element
    pos = None if found is None else next(within(found, "pos", "posList"), None)
    if pos is None:
        raise bad(
            f"a point is given by reference to {reference[:80] or 'nothing'}, which has no position here",
            "Read it with the file that holds it (--beside)",
        )
    return _pairs(pos, drawing)[0]


def _pairs(element: Any, drawing: Drawing) -> list[Position]:
    words = "".join(element.itertext()).split()
    size = _dimension(element)
    if not words or len(words) % size:
        raise bad(f"{len(words)} numbers are not groups of {size}", "")
    drawing.index.spend(0)
    first = _lat_first(element, drawing)
    made = []
    for at in range(0, len(words), size):
        a, b = _number(words[at], "a coordinate"), _number(words[at + 1], "a coordinate")
        lat, lon = (a, b) if first else (b, a)
        made.append(position(lon=lon, lat=lat, where=f"vertex {at // size + 1}"))
    return made


def _dimension(element: Any) -> int:
    given = _inherited(element, "srsDimension")
    return 3 if given == "3" or (not given and "4979" in _inherited(element, "srsName")) else 2


def _lat_first(element: Any, drawing: Drawing) -> bool:
    name = _inherited(element, "srsName")
    if not name:
        drawing.repaired("no system of coordinates is named; EPSG:4326, latitude first, was taken")
        return True
    if any(name.endswith(one) or one in name for one in _LON_FIRST):
        return False
    if any(name.endswith(one) for one in _LAT_FIRST):
        return True
    raise bad(f"coordinates in {name[:80]} are not read", "Give EPSG:4326 or CRS84 (WGS 84)")


def _inherited(element: Any, name: str) -> str:
    while element is not None:
        if value := element.get(name):
            return str(value)
        element = element.getparent()
    return ""


def radius_mm_of(element: Any) -> int:
    radius = child(element, "radius")
    if radius is None:
        raise bad(f"{local(element)} has no radius", "")
    found = length_mm(radius, what="a radius")
    if not 0 < found <= _MOST_RADIUS_M * 1000:
        raise bad(f"{text(radius)} is not a radius of an airspace", "")
    return found


def _number(value: str, what: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise bad(f"{value[:40]!r} is not {what}", "")
    return number


def bad(detail: str, remedy: str) -> Malformed:
    return Malformed(Reason.BAD_GEOMETRY, detail=detail, remedy=remedy)

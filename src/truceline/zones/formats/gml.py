"""Geometry of GML 3.2 as AIXM 5.1 uses it: surfaces, rings, curves, arcs and references.

Follows OGC 12-028r1 (GML for aviation data): in EPSG:4326 latitude comes first and
angles of arcs are bearings, clockwise from north; `GeodesicString` is a geodesic,
`LineStringSegment` is straight in longitude and latitude. A circle stays a circle
and an arc an arc, unless the surface has holes or several patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from truceline.geo.flatten import flatten
from truceline.geo.geodesic import distance_m, geod
from truceline.geo.position import E7, Position
from truceline.geo.volume import (
    Arc,
    ArcBetween,
    ArcRing,
    Circle,
    MultiPolygon,
    Polygon,
    Ring,
    Segment,
    Shape,
)
from truceline.zones.formats.aixm_xml import child, children, href, local, within
from truceline.zones.formats.gml_border import along_border
from truceline.zones.formats.gml_curve import (
    Drawing,
    bad,
    centre_of,
    curve,
    line,
    one_point,
    points_of,
    radius_mm_of,
    target_of,
    three_points,
)

JOIN_M = 100.0
"""A vertex this near to the start or end of an arc beside it is the arc's own end."""

_SURFACES = ("PolygonPatch", "Polygon", "Rectangle")


@dataclass(frozen=True, slots=True)
class Border:
    """A piece along somebody else's line, from the curve before it to the curve after it."""

    line: tuple[Position, ...]


type Pieces = list[list[Segment] | Border]


def surface(element: Any, drawing: Drawing) -> Shape:
    """Return the shape of a surface; refuses what has no inside or is drawn in unknown curves."""
    drawing.straight = any(True for _ in within(element, "LineStringSegment", "LinearRing"))
    drawing.geodesic = any(
        True for _ in within(element, "GeodesicString", "Geodesic", "ArcByCenterPoint", "Arc")
    ) or any(href(one) for one in within(element, "curveMember"))
    made = [_patch(one, drawing) for one in within(element, *_SURFACES)]
    if not made:
        raise bad("the surface has no patch", "Give a gml:PolygonPatch")
    if len(made) == 1:
        return made[0]
    if not all(isinstance(one, Polygon) for one in made):
        drawing.repaired("arcs of a surface with several patches are drawn with vertices")
    flat = [
        polygon
        for one in made
        for polygon in ([one] if isinstance(one, Polygon) else flatten(one, edge=drawing.edge))
    ]
    return MultiPolygon(tuple(flat))


# -- surfaces and rings ------------------------------------------------------------


def _patch(element: Any, drawing: Drawing) -> Shape:
    outer = _boundary(child(element, "exterior"), drawing)
    holes = [_boundary(one, drawing) for one in children(element, "interior")]
    if not holes:
        return outer
    if not all(isinstance(one, Polygon) for one in (outer, *holes)):
        drawing.repaired("arcs of a surface with holes are drawn with vertices")
    return Polygon(_ring(outer, drawing), tuple(_ring(one, drawing) for one in holes))


def _ring(shape: Shape, drawing: Drawing) -> Ring:
    return shape.outer if isinstance(shape, Polygon) else flatten(shape, edge=drawing.edge)[0].outer


def _boundary(element: Any, drawing: Drawing) -> Shape:
    if (closed := child(element, "LinearRing")) is not None:
        return Polygon(_unspiked(points_of(closed, drawing), drawing))
    ring = child(element, "Ring")
    members = children(ring, "curveMember")
    if not members:
        raise bad("a ring has no curve", "")
    circle = _circle(members, drawing)
    if circle is not None:
        return circle
    pieces: Pieces = [_member(one, drawing) for one in members]
    segments = _joined(_with_borders(pieces, drawing), drawing)
    points = [one for one in segments if isinstance(one, Position)]
    if len(points) < len(segments):
        return ArcRing(tuple(segments))
    return Polygon(_unspiked(points, drawing))


def _circle(members: list[Any], drawing: Drawing) -> Circle | None:
    circles = [
        segment
        for one in members
        for segment in within(target_of(one, drawing), "CircleByCenterPoint", "Circle")
    ]
    if not circles:
        return None
    if len(members) > 1 or len(circles) > 1:
        raise bad("a ring is one circle or other curves, not both", "")
    if local(circles[0]) == "CircleByCenterPoint":
        return Circle(one_point(circles[0], drawing), radius_mm_of(circles[0]))
    a, b, c = three_points(circles[0], drawing)
    centre = centre_of(a, b, c)
    return Circle(centre, round(distance_m(centre, a) * 1000))


def _member(member: Any, drawing: Drawing) -> list[Segment] | Border:
    target = target_of(member, drawing)
    if local(target) == "GeoBorder":
        drawn = next(within(target, "Curve"), None)
        if drawn is None:
            raise bad("the border that is referred to has no curve", "")
        return Border(line(drawn, drawing))
    return curve(target, drawing)


def _with_borders(pieces: Pieces, drawing: Drawing) -> list[list[Segment]]:
    made: list[list[Segment]] = []
    for number, piece in enumerate(pieces):
        if not isinstance(piece, Border):
            made.append(piece)
            continue
        if len(pieces) == 1:
            made.append(list(piece.line))
            continue
        before, after = pieces[number - 1], pieces[(number + 1) % len(pieces)]
        start, end = _last(before), _first(after)
        inner, off_m = along_border(piece.line, start, end)
        drawing.index.spend(len(inner))
        drawing.repaired(
            f"{len(inner)} vertices of the border that is referred to were taken"
            f" (the curves beside it begin {off_m:.0f} m from it at most)"
        )
        made.append([start, *inner, end])
    return made


def _last(piece: list[Segment] | Border) -> Position:
    found = piece[-1] if not isinstance(piece, Border) else None
    if isinstance(found, Position):
        return found
    if isinstance(found, ArcBetween):
        return found.end
    raise bad("a border must lie between two curves with ends", "Draw the border with vertices")


def _first(piece: list[Segment] | Border) -> Position:
    found = piece[0] if not isinstance(piece, Border) else None
    if isinstance(found, Position):
        return found
    if isinstance(found, ArcBetween):
        return found.start
    raise bad("a border must lie between two curves with ends", "Draw the border with vertices")


def _joined(pieces: list[list[Segment]], drawing: Drawing) -> list[Segment]:
    """One run of segments: ends that are given twice stand once, and arcs have their own ends."""
    run: list[Segment] = [one for piece in pieces for one in piece]
    kept: list[Segment] = []
    for number, one in enumerate(run):
        before, after = run[number - 1], run[(number + 1) % len(run)]
        if number and isinstance(one, Position) and one == before:
            continue
        if isinstance(one, Position) and (
            _is_end(one, before, last=True) or _is_end(one, after, last=False)
        ):
            drawing.repaired(
                f"vertices within {JOIN_M:.0f} m of an arc's own end were taken as that end"
            )
            continue
        kept.append(one)
    return kept


def _is_end(point: Position, arc: Segment, *, last: bool) -> bool:
    match arc:
        case Arc():
            bearing = (arc.end_e7 if last else arc.start_e7) / E7
            lon, lat, _ = geod().fwd(arc.centre.lon, arc.centre.lat, bearing, arc.radius_mm / 1000)
            away = float(geod().inv(lon, lat, point.lon, point.lat)[2])
            return away <= JOIN_M
        case ArcBetween():
            return point == (arc.end if last else arc.start)
        case _:
            return False


def _unspiked(points: Sequence[Position], drawing: Drawing) -> Ring:
    """The ring without its closing vertex, repeated vertices, and lines there and back."""
    ring = list(points)
    if len(ring) > 2 and ring[0] != ring[-1]:
        drawing.repaired("a ring was open; its last vertex was joined to its first")
    changed = True
    while changed and len(ring) > 1:
        changed = False
        made: list[Position] = []
        for point in ring:
            if made and made[-1] == point:
                continue
            if len(made) > 1 and made[-2] == point:
                made.pop()
                changed = True
                drawing.repaired("a line that runs out and back again was left out")
                continue
            made.append(point)
        while len(made) > 1 and made[0] == made[-1]:
            made.pop()
        if len(made) > 3 and made[0] == made[-2]:
            del made[-2:]
            changed = True
        if len(made) > 3 and made[1] == made[-1]:
            del made[0]
            made.pop()
            changed = True
        ring = made
    return tuple(ring)

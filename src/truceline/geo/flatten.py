"""From a shape as it was agreed to rings of straight lines in longitude and latitude.

Everything that tests a point or draws a map works on such rings. `tolerance_m` is
the greatest distance on the ground between the true line and the ring; a ring's
vertices are always on the true line. A tenth of a metre costs three times the
vertices of a metre.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.errors import Malformed, Reason
from truceline.geo.area import WGS84_A_M, WGS84_F, ring_area_m2
from truceline.geo.geodesic import geod
from truceline.geo.position import E7, Position
from truceline.geo.ring import MAX_VERTICES, check_ring, lonlat, ring_of
from truceline.geo.volume import (
    Arc,
    ArcBetween,
    ArcRing,
    Circle,
    Corridor,
    Edge,
    MultiPolygon,
    Polygon,
    Ring,
    Segment,
    Shape,
)

TOLERANCE_M = 1.0
"""The tolerance when the caller names none."""

_LEAST_CIRCLE = 36
_E = math.sqrt(WGS84_F * (2 - WGS84_F))

type Floats = NDArray[np.float64]


def flatten(
    shape: Shape, *, edge: Edge = Edge.GEODESIC, tolerance_m: float = TOLERANCE_M
) -> tuple[Polygon, ...]:
    """Return the polygons, with straight edges in longitude and latitude, that stand for a shape.

    Refuses a tolerance under a millimetre, and a shape that touches a pole or the
    antimeridian.
    """
    if not tolerance_m >= 0.001:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="tolerance", detail=f"{tolerance_m} m is under 1 mm"
        )
    match shape:
        case Polygon():
            return (_polygon(shape, edge, tolerance_m),)
        case MultiPolygon():
            return tuple(_polygon(one, edge, tolerance_m) for one in shape.polygons)
        case Circle():
            return (Polygon(circle_ring(shape, tolerance_m=tolerance_m)),)
        case ArcRing():
            return (
                _polygon(Polygon(arc_vertices(shape, tolerance_m=tolerance_m)), edge, tolerance_m),
            )
        case Corridor():
            return _corridor(shape, edge, tolerance_m)


def densify(ring: Ring, *, edge: Edge, tolerance_m: float = TOLERANCE_M) -> Ring:
    """Return the ring with vertices added, so that straight lines follow its kind of edge."""
    return _densify_line((*ring, ring[0]), edge, tolerance_m)[:-1] if ring else ring


def on_geodesics(
    line: tuple[Position, ...], *, tolerance_m: float = TOLERANCE_M
) -> tuple[Position, ...]:
    """Return a line straight in longitude and latitude with vertices added, so that geodesics follow it."""
    if len(line) < 2:
        return line
    coords = lonlat(line)
    pieces = _pieces(coords, tolerance_m)
    if int(pieces.sum()) > MAX_VERTICES:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where="ring",
            detail=f"{pieces.sum()} vertices would be needed at {tolerance_m} m",
        )
    made: list[Position] = []
    for number, count in enumerate(pieces.tolist()):
        step = np.linspace(0, 1, count, endpoint=False)[1:, None]
        inner = coords[number] + (coords[number + 1] - coords[number]) * step
        units = np.rint(inner * E7).astype(np.int64).tolist()
        made += [line[number], *(Position(lat, lon) for lon, lat in units)]
    return (*made, line[-1])


def circle_ring(circle: Circle, *, tolerance_m: float = TOLERANCE_M) -> Ring:
    """Return vertices on a geodesic circle, clockwise from north."""
    radius = circle.radius_mm / 1000
    if radius <= 0:
        raise Malformed(Reason.BAD_GEOMETRY, where="circle", detail="the radius is not above zero")
    count = _vertices_of_circle(radius, tolerance_m)
    bearings = np.linspace(0, 360, count, endpoint=False)
    ring = ring_of(_around(circle.centre, np.full(count, radius), bearings))
    check_ring(ring, where="circle")
    return ring


def arc_vertices(shape: ArcRing, *, tolerance_m: float = TOLERANCE_M) -> Ring:
    """Return the vertices of a ring with arcs; the arcs are followed within the tolerance."""
    found: list[Position] = []
    for segment in shape.segments:
        found.extend(_segment(segment, tolerance_m))
    kept = [
        point for number, point in enumerate(found) if number == 0 or point != found[number - 1]
    ]
    return tuple(kept[:-1] if len(kept) > 1 and kept[0] == kept[-1] else kept)


def _segment(segment: Segment, tolerance_m: float) -> tuple[Position, ...]:
    match segment:
        case Position():
            return (segment,)
        case Arc():
            radius = segment.radius_mm / 1000
            return _arc(
                segment.centre,
                (radius, radius),
                (segment.start_e7 / E7, segment.end_e7 / E7),
                segment.clockwise,
                tolerance_m,
            )
        case ArcBetween():
            a, centre, b = segment.start, segment.centre, segment.end
            first, _, radius_a = geod().inv(centre.lon, centre.lat, a.lon, a.lat)
            last, _, radius_b = geod().inv(centre.lon, centre.lat, b.lon, b.lat)
            inner = _arc(
                centre, (radius_a, radius_b), (first, last), segment.clockwise, tolerance_m
            )
            return (a, *inner[1:-1], b)


def _arc(
    centre: Position,
    radii: tuple[float, float],
    bearings: tuple[float, float],
    clockwise: bool,
    tolerance_m: float,
) -> tuple[Position, ...]:
    """Vertices along an arc; where the two radii differ, the radius changes evenly."""
    sweep = (bearings[1] - bearings[0]) % 360 if clockwise else -((bearings[0] - bearings[1]) % 360)
    sweep = sweep or (360.0 if clockwise else -360.0)
    whole = _vertices_of_circle(max(radii), tolerance_m)
    count = max(3, math.ceil(whole * abs(sweep) / 360) + 1)
    coords = _around(
        centre, np.linspace(radii[0], radii[1], count), bearings[0] + np.linspace(0, sweep, count)
    )
    units = np.rint(coords * E7).astype(np.int64).tolist()
    return tuple(Position(lat, lon) for lon, lat in units)


def _around(centre: Position, radii: Floats, bearings: Floats) -> Floats:
    count = len(bearings)
    lon, lat, _ = geod().fwd(
        np.full(count, centre.lon), np.full(count, centre.lat), bearings, radii
    )
    return np.column_stack((lon, lat))


def _vertices_of_circle(radius_m: float, tolerance_m: float) -> int:
    """The sagitta of a chord, r (1 - cos(pi / n)), stays under nine tenths of the tolerance."""
    if radius_m <= tolerance_m:
        return _LEAST_CIRCLE
    count = math.ceil(math.pi / math.acos(1 - 0.9 * tolerance_m / radius_m))
    if count > MAX_VERTICES:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where="circle",
            detail=f"{count} vertices would be needed at {tolerance_m} m",
        )
    return max(_LEAST_CIRCLE, count)


def _polygon(polygon: Polygon, edge: Edge, tolerance_m: float) -> Polygon:
    return Polygon(
        densify(polygon.outer, edge=edge, tolerance_m=tolerance_m),
        tuple(densify(hole, edge=edge, tolerance_m=tolerance_m) for hole in polygon.holes),
    )


def _densify_line(
    line: tuple[Position, ...], edge: Edge, tolerance_m: float
) -> tuple[Position, ...]:
    if edge is Edge.LONLAT or len(line) < 2:
        return line
    coords = lonlat(line)
    pieces = _pieces(coords, tolerance_m)
    if int(pieces.sum()) > MAX_VERTICES:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where="ring",
            detail=f"{pieces.sum()} vertices would be needed at {tolerance_m} m",
        )
    between = _geodesic_between if edge is Edge.GEODESIC else _rhumb_between
    made: list[Position] = []
    for number, count in enumerate(pieces.tolist()):
        made.append(line[number])
        if count > 1:
            inner = np.rint(between(coords[number], coords[number + 1], count) * E7).astype(
                np.int64
            )
            made.extend(Position(lat, lon) for lon, lat in inner.tolist())
    return (*made, line[-1])


def _pieces(coords: Floats, tolerance_m: float) -> NDArray[np.int64]:
    """Into how many pieces each edge must be cut.

    A geodesic of length L bulges from the straight line in longitude and latitude
    by at most about L^2 tan(latitude) / 8R (287 m over 149 km at 33.5 N). Twice that
    is assumed, and an n-th of the length has an n^2-th of the bulge.
    """
    start, end = np.radians(coords[:-1]), np.radians(coords[1:])
    mean = (start[:, 1] + end[:, 1]) / 2
    length = WGS84_A_M * np.hypot((end[:, 0] - start[:, 0]) * np.cos(mean), end[:, 1] - start[:, 1])
    steepest = np.minimum(
        np.maximum(np.abs(start[:, 1]), np.abs(end[:, 1])) + length / WGS84_A_M / 2, 1.55
    )
    bulge = length**2 * (np.tan(steepest) + 0.02) / (4 * WGS84_A_M)
    pieces = np.maximum(1, np.ceil(np.sqrt(bulge / tolerance_m)))
    return np.asarray(pieces, dtype=np.int64)


def _geodesic_between(a: Floats, b: Floats, pieces: int) -> Floats:
    inner = geod().npts(a[0], a[1], b[0], b[1], pieces - 1)
    return np.array(inner, dtype=np.float64)


def _rhumb_between(a: Floats, b: Floats, pieces: int) -> Floats:
    """Points at even steps of latitude, or of longitude on a parallel, on one bearing.

    On a rhumb line longitude is linear in isometric latitude (Snyder, eq. 7-7).
    """
    step = np.linspace(0, 1, pieces + 1)[1:-1]
    lat = a[1] + (b[1] - a[1]) * step
    first, last = _isometric(a[1]), _isometric(b[1])
    share = step if abs(last - first) < 1e-9 else (_isometric(lat) - first) / (last - first)
    return np.column_stack((a[0] + (b[0] - a[0]) * share, lat))


def _isometric(lat_deg: Floats) -> Floats:
    sine = np.sin(np.radians(lat_deg))
    return np.asarray(np.arctanh(sine) - _E * np.arctanh(_E * sine), dtype=np.float64)


def _corridor(corridor: Corridor, edge: Edge, tolerance_m: float) -> tuple[Polygon, ...]:
    """Union of a disc at each vertex and, for each edge, the strip between offset points."""
    half = corridor.width_mm / 2000
    if len(corridor.centreline) < 2 or half <= 0:
        raise Malformed(
            Reason.BAD_GEOMETRY, where="corridor", detail="two points and a width are needed"
        )
    discs = [
        circle_ring(Circle(at, corridor.width_mm // 2), tolerance_m=tolerance_m)
        for at in corridor.centreline
    ]
    parts = [shapely.Polygon(lonlat(ring)) for ring in discs]
    for a, b in zip(corridor.centreline, corridor.centreline[1:], strict=False):
        parts.append(_strip(lonlat(_densify_line((a, b), edge, min(tolerance_m, 0.5))), half))
    # On the grid that positions have: a union that is valid only between its points
    # would cross itself once they are rounded.
    joined = shapely.union_all(parts, grid_size=1 / E7)
    found = joined.geoms if joined.geom_type == "MultiPolygon" else [joined]
    return tuple(_without_slivers(from_shapely(one), tolerance_m) for one in found)


def _without_slivers(polygon: Polygon, tolerance_m: float) -> Polygon:
    """The polygon without holes thinner than the tolerance: discs and strips leave them between."""
    holes = tuple(
        hole
        for hole in polygon.holes
        if len(hole) > 2 and abs(ring_area_m2(lonlat(hole))) > tolerance_m * _around_m(hole) / 2
    )
    return Polygon(polygon.outer, holes)


def _around_m(ring: Ring) -> float:
    coords = lonlat((*ring, ring[0]))
    return float(geod().line_length(coords[:, 0], coords[:, 1]))


def _strip(line: Floats, half_m: float) -> shapely.Polygon:
    forward, _, _ = geod().inv(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
    _, back, _ = geod().inv(line[-2, 0], line[-2, 1], line[-1, 0], line[-1, 1])
    bearings = np.append(forward, back + 180)
    width = np.full(len(line), half_m)
    sides = [
        np.column_stack(geod().fwd(line[:, 0], line[:, 1], bearings + turn, width)[:2])
        for turn in (-90, 90)
    ]
    return shapely.Polygon(np.vstack((sides[0], sides[1][::-1])))


def to_shapely(polygon: Polygon) -> shapely.Polygon:
    """Return the planar polygon in degrees, x longitude and y latitude."""
    return shapely.Polygon(lonlat(polygon.outer), [lonlat(hole) for hole in polygon.holes])


def from_shapely(polygon: shapely.Polygon) -> Polygon:
    """Return the polygon of a planar one in degrees, rounded to 1e-7."""
    holes = tuple(ring_of(np.asarray(hole.coords)) for hole in polygon.interiors)
    return Polygon(ring_of(np.asarray(polygon.exterior.coords)), holes)

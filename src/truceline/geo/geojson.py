"""Pairs of coordinates: the one place where their order is known.

GeoJSON (RFC 7946, 3.1.1), KML, ED-269, ED-318 and well-known binary all write
longitude first. Everywhere else a position has names for its parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.position import E7, Position
from truceline.geo.ring import check_polygon, tidy
from truceline.geo.volume import MultiPolygon, Polygon, Ring

type Coordinates = list[Any]


def read_pair(value: object, *, where: str) -> Position:
    """Return the position in `[longitude, latitude]` or `[longitude, latitude, height]`.

    A height is not part of a boundary and is left to the caller. Refuses what is not
    two finite numbers in range, and says so when the two look swapped.
    """
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        raise Malformed(
            Reason.BAD_GEOMETRY, where=where, detail="a position is [longitude, latitude]"
        )
    return position(lon=value[0], lat=value[1], where=where)


def position(*, lon: object, lat: object, where: str) -> Position:
    """Return the position at these degrees; numbers written as text are refused."""
    for number in (lon, lat):
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise Malformed(
                Reason.WRONG_TYPE, where=where, detail=f"{number!r} is not a number of degrees"
            )
        if not math.isfinite(number):
            raise Malformed(
                Reason.OUT_OF_RANGE, where=where, detail=f"{number} is not a number of degrees"
            )
    x, y = float(lon), float(lat)  # type: ignore[arg-type]  # both are numbers by now
    if abs(y) > 90 and abs(x) <= 90 and abs(y) <= 180:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where=where,
            detail=f"latitude {y} is outside -90..90; latitude and longitude look swapped",
            remedy="Write longitude first, then latitude (RFC 7946)",
        )
    if abs(y) > 90 or abs(x) > 180:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where=where,
            detail=f"longitude {x}, latitude {y} is not on the earth in degrees",
            remedy="Give degrees of WGS 84 (EPSG:4326); projected coordinates must be converted first",
        )
    return Position(round(y * E7), round(x * E7))


def pair(at: Position) -> list[float]:
    """Return `[longitude, latitude]` in degrees; seven decimals come back as the same position."""
    return [at.lon_e7 / E7, at.lat_e7 / E7]


def read_ring(value: object, *, where: str, notes: list[str] | None = None) -> Ring:
    """Return the ring in a closed list of pairs; what was mended is added to `notes`."""
    if not isinstance(value, (list, tuple)):
        raise Malformed(Reason.BAD_GEOMETRY, where=where, detail="a ring is a list of positions")
    points = [
        read_pair(one, where=f"{where}, vertex {number}")
        for number, one in enumerate(value, start=1)
    ]
    ring, done = tidy(points)
    if notes is not None:
        notes.extend(f"{where}: {one}" for one in done)
    return ring


def read_polygon(value: object, *, where: str, notes: list[str] | None = None) -> Polygon:
    """Return the valid polygon in GeoJSON polygon coordinates; refuses any other."""
    if not isinstance(value, (list, tuple)) or not value:
        raise Malformed(Reason.BAD_GEOMETRY, where=where, detail="a polygon is a list of rings")
    rings = [
        read_ring(one, where=f"{where}, ring {number}", notes=notes)
        for number, one in enumerate(value, start=1)
    ]
    polygon = Polygon(rings[0], tuple(rings[1:]))
    check_polygon(polygon, where=where)
    return polygon


def read_area(
    value: object, *, where: str, notes: list[str] | None = None
) -> Polygon | MultiPolygon:
    """Return the area in a GeoJSON geometry of type Polygon or MultiPolygon; refuses other types."""
    kind = value.get("type") if isinstance(value, dict) else None
    coordinates = value.get("coordinates") if isinstance(value, dict) else None
    if kind == "Polygon":
        return read_polygon(coordinates, where=where, notes=notes)
    if kind == "MultiPolygon" and isinstance(coordinates, (list, tuple)) and coordinates:
        parts = [
            read_polygon(one, where=f"{where}, polygon {number}", notes=notes)
            for number, one in enumerate(coordinates, start=1)
        ]
        return MultiPolygon(tuple(parts))
    raise Malformed(
        Reason.BAD_GEOMETRY,
        where=where,
        detail=f"the geometry is {kind or 'missing'}; a zone needs a Polygon or a MultiPolygon",
        remedy="Give an area; a line or a point has no inside",
    )


def ring_coordinates(ring: Sequence[Position]) -> Coordinates:
    """Return the closed list of pairs of a ring."""
    return [pair(point) for point in (*ring, ring[0])]


def polygon_coordinates(polygon: Polygon) -> Coordinates:
    """Return GeoJSON polygon coordinates, outer ring anticlockwise as RFC 7946 (3.1.6) asks."""
    rings = [_wound(polygon.outer, anticlockwise=True)]
    rings.extend(_wound(hole, anticlockwise=False) for hole in polygon.holes)
    return [ring_coordinates(ring) for ring in rings]


def area_geometry(area: Polygon | MultiPolygon) -> dict[str, Any]:
    """Return the GeoJSON geometry of an area."""
    if isinstance(area, Polygon):
        return {"type": "Polygon", "coordinates": polygon_coordinates(area)}
    return {
        "type": "MultiPolygon",
        "coordinates": [polygon_coordinates(one) for one in area.polygons],
    }


def _wound(ring: Ring, *, anticlockwise: bool) -> Ring:
    """The ring with this winding; the first vertex stays first."""
    before = (*ring[1:], ring[0])
    twice = sum(
        a.lon_e7 * b.lat_e7 - b.lon_e7 * a.lat_e7 for a, b in zip(ring, before, strict=True)
    )
    return ring if (twice > 0) == anticlockwise else (ring[0], *reversed(ring[1:]))

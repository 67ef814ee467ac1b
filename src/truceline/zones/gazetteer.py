"""Named places of the land: what a disputed piece means to people.

Values and their index; reading them from files is the caller's work. The index is
built once and shared by every comparison. Administrative outlines are repaired when
they cross themselves (published ones do); nobody signs them, so that is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from numpy.typing import NDArray

from truceline.errors import Malformed, Reason
from truceline.geo.area import edge_areas_m2
from truceline.geo.geojson import position
from truceline.geo.position import Position
from truceline.geo.ring import lonlat

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Place:
    """A populated place. `area` is the code of its sub-district; population None: not known."""

    pcode: str
    name_en: str
    name_ar: str
    position: Position
    population: int | None = None
    area: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AdminArea:
    """A sub-district: its outline in degrees (x longitude), and its population in some census."""

    pcode: str
    name_en: str
    name_ar: str
    outline: Any
    population: int | None = None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A point that people pass: a border crossing, a bridge, a checkpoint, a port."""

    code: str
    name_en: str
    name_ar: str
    kind: str
    position: Position


@dataclass(frozen=True, slots=True)
class Road:
    """A piece of road, as the line of its points."""

    code: str
    name: str
    line: tuple[Position, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Gazetteer:
    """Places, areas, crossings and roads, with their spatial indexes. Made by `build`."""

    places: tuple[Place, ...] = ()
    areas: tuple[AdminArea, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    roads: tuple[Road, ...] = ()
    place_tree: Any = field(default=None, repr=False)
    area_tree: Any = field(default=None, repr=False)
    crossing_tree: Any = field(default=None, repr=False)
    road_tree: Any = field(default=None, repr=False)
    outlines: Any = field(default=None, repr=False)
    area_m2: Floats | None = field(default=None, repr=False)
    places_in_area: Mapping[str, int] = field(default_factory=dict, repr=False)


EMPTY = Gazetteer()


def build(
    *,
    places: Iterable[Place] = (),
    areas: Iterable[AdminArea] = (),
    crossings: Iterable[Crossing] = (),
    roads: Iterable[Road] = (),
) -> Gazetteer:
    """Return the gazetteer of these values, indexed once for all comparisons."""
    found, outer, passed, ways = tuple(places), tuple(areas), tuple(crossings), tuple(roads)
    outlines = np.array([_valid(one.outline) for one in outer], dtype=object)
    shapely.prepare(outlines)
    return Gazetteer(
        places=found,
        areas=outer,
        crossings=passed,
        roads=ways,
        place_tree=shapely.STRtree(_points(one.position for one in found)),
        area_tree=shapely.STRtree(outlines),
        crossing_tree=shapely.STRtree(_points(one.position for one in passed)),
        road_tree=shapely.STRtree([shapely.LineString(lonlat(one.line)) for one in ways]),
        outlines=outlines,
        area_m2=areas_m2(outlines),
        places_in_area=_counted(one.area for one in found),
    )


def place_from_row(row: Mapping[str, Any]) -> Place:
    """Return the place in a row with pcode, name_en, name_ar, lat, lon, population and area."""
    where = f"place {row.get('pcode', '?')}"
    return Place(
        pcode=str(row["pcode"]),
        name_en=str(row.get("name_en") or ""),
        name_ar=str(row.get("name_ar") or ""),
        position=position(lon=_number(row.get("lon")), lat=_number(row.get("lat")), where=where),
        population=_count(row.get("population")),
        area=str(row.get("area") or ""),
    )


def crossing_from_row(row: Mapping[str, Any]) -> Crossing:
    """Return the crossing in a row with code, name_en, name_ar, kind, lat and lon."""
    return Crossing(
        code=str(row["code"]),
        name_en=str(row.get("name_en") or ""),
        name_ar=str(row.get("name_ar") or ""),
        kind=str(row.get("kind") or ""),
        position=position(
            lon=_number(row.get("lon")),
            lat=_number(row.get("lat")),
            where=f"crossing {row['code']}",
        ),
    )


def area_from_geometry(row: Mapping[str, Any], geometry: Mapping[str, Any]) -> AdminArea:
    """Return the area in a row with pcode, name_en, name_ar, population and a GeoJSON geometry."""
    try:
        outline = shapely.geometry.shape(geometry)
    except (AttributeError, KeyError, TypeError, ValueError, shapely.errors.ShapelyError):
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=f"area {row.get('pcode', '?')}",
            detail="its outline is not a GeoJSON polygon",
        ) from None
    return AdminArea(
        pcode=str(row["pcode"]),
        name_en=str(row.get("name_en") or ""),
        name_ar=str(row.get("name_ar") or ""),
        outline=outline,
        population=_count(row.get("population")),
    )


def areas_m2(shapes: Any) -> Floats:
    """Return the area in m2 on the ellipsoid of each polygon or multipolygon in degrees."""
    parts, owner = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    polygonal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, owner = parts[polygonal], owner[polygonal]
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    coords, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    within = ring_of_point[:-1] == ring_of_point[1:]
    edges = edge_areas_m2(coords[:-1][within], coords[1:][within])
    by_ring = np.abs(np.bincount(ring_of_point[:-1][within], weights=edges, minlength=len(rings)))
    is_outer = np.ones(len(rings), dtype=bool)
    is_outer[1:] = part_of_ring[1:] != part_of_ring[:-1]
    signed = np.where(is_outer, by_ring, -by_ring)
    by_part = np.bincount(part_of_ring, weights=signed, minlength=len(parts))
    return np.asarray(np.bincount(owner, weights=by_part, minlength=len(shapes)), dtype=np.float64)


def _points(positions: Iterable[Position]) -> Any:
    return shapely.points(lonlat(tuple(positions)))


def _valid(outline: Any) -> Any:
    return outline if shapely.is_valid(outline) else shapely.make_valid(outline)


def _counted(codes: Iterable[str]) -> dict[str, int]:
    made: dict[str, int] = {}
    for code in codes:
        made[code] = made.get(code, 0) + 1
    return made


def _number(value: Any) -> object:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _count(value: Any) -> int | None:
    try:
        return None if value in (None, "") else int(float(value))
    except (ValueError, OverflowError):
        return None

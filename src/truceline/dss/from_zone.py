"""A zone as volumes of ASTM F3548-21: never smaller than what was agreed.

The standard knows metres above WGS 84 and nothing else, polygons without holes whose edges
are shortest paths, and at most 10,000 km2 and 1,000 vertices in a constraint. So:

- lines follow their kind of edge within a metre, and the whole is widened by two;
- what a volume takes away is taken away only where it takes it from bottom to top;
- a height above the sea becomes metres by the geoid (EGM96), a height above ground and a
  pressure altitude by the bounds below, each rounded to whole metres, away from the middle;
- large areas and areas with holes are cut along meridians and parallels; the pieces reach a
  few metres over their cuts, so that nothing lies between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.dss.volume import MOST_AREA_KM2
from truceline.geo import height, sphere
from truceline.geo.altitude import Altitude, Datum
from truceline.geo.area import ring_area_m2
from truceline.geo.flatten import flatten, to_shapely
from truceline.geo.position import Position
from truceline.geo.volume import Operation
from truceline.zones.boundary import Limit, Named, ZoneContent, ZoneKind, ZoneVolume

MOST_VERTICES = 1_000
"""The standard's limit for a constraint (`CstrMaxVertices`)."""

LOWEST_GROUND_MM, HIGHEST_GROUND_MM = -440_000, 8_850_000
"""The lowest dry ground on earth (shore of the Dead Sea) and the highest, above the sea."""

BOTTOM_M, TOP_M = -8_000, 100_000
"""What stands for no limit: the bounds of heights in the standard's schema."""

LOW_PRESSURE_MM, HIGH_PRESSURE_MM = 800_000, 450_000
"""How far a pressure altitude may lie below, and above, the height it names on a day of 925 hPa
or of 1,063 hPa: 88 hPa and 50 hPa of 30 ft each (AIRSPACE d.4), rounded outwards."""

WARMTH_PPM = 160_000
"""And by 4 ft in 1,000 for each degree, up to 40 degrees from the standard day (AIRSPACE d.4)."""

_TOLERANCE_M = 1.0
_WIDER_M = 2.0
_LEAST_M2 = 1.0
_LEAST_HOLE_M = 50.0
_M_PER_DEG = 111_320.0
_DEEPEST = 24
_DIGITS = 7

type Floats = NDArray[np.float64]
type Vertex = tuple[float, float]
"""Latitude and longitude in degrees."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A polygon of latitude, longitude between two heights in W84 metres."""

    ring: tuple[Vertex, ...]
    lower_m: int
    upper_m: int


@dataclass(frozen=True, slots=True)
class Ground:
    """How low and how high the ground may be, in millimetres above the sea."""

    lowest_mm: int = LOWEST_GROUND_MM
    highest_mm: int = HIGHEST_GROUND_MM


@dataclass(frozen=True, slots=True)
class _Slab:
    area: shapely.Geometry
    volume: ZoneVolume


NO_FLIGHT = frozenset((ZoneKind.NO_FLY, ZoneKind.RESTRICTED, ZoneKind.DANGER))
FLIGHT = "flight"
"""The activity by which a zone of any kind says that nobody may fly in it."""


def limits_flight(content: ZoneContent) -> bool:
    """Say whether a zone is one in which flight is limited, and where."""
    return bool(content.volumes) and (content.kind in NO_FLIGHT or _bars_flight(content))


def named_for_drones(content: ZoneContent) -> ZoneContent:
    """Return the content with `PROHIBITED` as its kind for drones, where it bars all flight.

    A de-escalation zone says so with a restriction, which ED-269 and ED-318 have no place for.
    """
    if not _bars_flight(content) or content.raw_kind("ed269.restriction"):
        return content
    named = (Named("ed269.restriction", "PROHIBITED"), Named("ed318.type", "PROHIBITED"))
    return replace(content, raw_kinds=(*content.raw_kinds, *named))


def _bars_flight(content: ZoneContent) -> bool:
    return any(one.activity == FLIGHT for one in content.rule.restrictions)


def pieces(content: ZoneContent, ground: Ground = Ground()) -> tuple[Piece, ...]:
    """Return the volumes that cover a zone wherever and however high it is."""
    found: list[Piece] = []
    for slab in _slabs(content.volumes):
        for part in _polygons(_widened(slab.area)):
            for ring in _cut(part):
                lower, upper = heights(slab.volume, ring, ground)
                found.append(Piece(ring, lower, upper))
    return tuple(found)


def heights(volume: ZoneVolume, ring: Sequence[Vertex], ground: Ground) -> tuple[int, int]:
    """Return a volume's limits in metres above WGS 84 that hold everywhere in a ring."""
    geoid = [height.undulation_mm(_place(one)) for one in _spread(ring)]
    lowers = [_lowest(one, min(geoid), ground) for one in (volume.lower, volume.also_lower) if one]
    uppers = [_highest(one, max(geoid), ground) for one in (volume.upper, volume.also_upper) if one]
    lower = max(BOTTOM_M, math.floor(max(lowers) / 1000))
    upper = min(TOP_M, math.ceil(min(uppers) / 1000))
    return lower, max(upper, lower)


def _lowest(limit: Limit, geoid_mm: int, ground: Ground) -> int:
    at = limit.altitude
    if at is None:
        return BOTTOM_M * 1000
    match at.datum:
        case Datum.WGS84:
            return at.mm
        case Datum.AMSL:
            return at.mm + geoid_mm - _doubt(limit)
        case Datum.SFC | Datum.AGL:
            return at.mm + ground.lowest_mm + geoid_mm
        case Datum.STD:
            return at.mm - _warmth(at) - LOW_PRESSURE_MM + geoid_mm


def _highest(limit: Limit, geoid_mm: int, ground: Ground) -> int:
    at = limit.altitude
    if at is None:
        return TOP_M * 1000
    match at.datum:
        case Datum.WGS84:
            return at.mm
        case Datum.AMSL:
            return at.mm + geoid_mm + _doubt(limit)
        case Datum.SFC | Datum.AGL:
            return at.mm + ground.highest_mm + geoid_mm
        case Datum.STD:
            return at.mm + _warmth(at) + HIGH_PRESSURE_MM + geoid_mm


def _doubt(limit: Limit) -> int:
    """Two geoids lie within a few metres; one that is not ours is given five."""
    return 5_000 if limit.geoid and "96" not in limit.geoid else 1_000


def _warmth(at: Altitude) -> int:
    return abs(at.mm) * WARMTH_PPM // 1_000_000


# -- areas ---------------------------------------------------------------------------------


def _slabs(volumes: Iterable[ZoneVolume]) -> list[_Slab]:
    """The areas with their heights, after the operations; in doubt the larger."""
    made: list[_Slab] = []
    for volume in volumes:
        area = _area(volume)
        match volume.operation:
            case Operation.UNION:
                made.append(_Slab(area, volume))
            case Operation.INTERSECT:
                made = [_Slab(one.area.intersection(area), one.volume) for one in made]
            case Operation.SUBTRACT:
                made = [
                    _Slab(one.area.difference(area), one.volume)
                    if _from_bottom_to_top(volume, one.volume)
                    else one
                    for one in made
                ]
    return [one for one in made if not one.area.is_empty]


def _from_bottom_to_top(away: ZoneVolume, of: ZoneVolume) -> bool:
    below = away.lower.unbounded or away.lower == of.lower or _is_ground(away.lower)
    above = away.upper.unbounded or away.upper == of.upper
    second = away.also_lower is None and away.also_upper is None
    always = away.window.start is None and away.window.end is None
    return below and above and second and always


def _is_ground(limit: Limit) -> bool:
    return limit.altitude is not None and limit.altitude.datum is Datum.SFC


def _area(volume: ZoneVolume) -> shapely.Geometry:
    flat = flatten(volume.shape, edge=volume.edge, tolerance_m=_TOLERANCE_M)
    return shapely.union_all([to_shapely(one) for one in flat])


def _widened(area: shapely.Geometry) -> shapely.Geometry:
    """The area with `_WIDER_M` around it, in a plane that is true at its middle latitude.

    Lines straight in longitude and latitude get vertices first, so that shortest paths
    between the vertices stay within the width.
    """
    _, south, _, north = area.bounds
    squeeze = max(math.cos(math.radians(max(abs(south), abs(north)))), 0.01)
    drawn = shapely.segmentize(area, _longest_edge_deg(max(abs(south), abs(north))))
    plane = shapely.transform(drawn, lambda at: at * np.array([squeeze, 1.0]))
    wide = plane.buffer(_WIDER_M / _M_PER_DEG, join_style="mitre", mitre_limit=2.0)
    back = shapely.transform(wide, lambda at: at / np.array([squeeze, 1.0]))
    return shapely.intersection(back, shapely.box(-180, -90, 180, 90))


def _longest_edge_deg(lat: float) -> float:
    """How long an edge may be so that its shortest path leaves it by under a metre.

    The bulge is about L^2 tan(latitude) / 8R (geo/flatten.py).
    """
    metres = math.sqrt(
        8 * 6_371_000.0 * _TOLERANCE_M / (math.tan(math.radians(min(lat, 85))) + 0.02)
    )
    return metres / _M_PER_DEG


def _cut(area: shapely.Polygon, depth: int = 0) -> Iterator[tuple[Vertex, ...]]:
    """Cut a polygon until each piece has no hole and is small enough."""
    area = _without_small_holes(area)
    if area.is_empty or abs(ring_area_m2(shapely.get_coordinates(area.exterior)[:-1])) < _LEAST_M2:
        return
    bounds = area.bounds
    ring = _ring(shapely.segmentize(area, _longest_edge_deg(max(abs(bounds[1]), abs(bounds[3])))))
    if depth >= _DEEPEST or (not area.interiors and _is_small(ring)):
        yield ring
        return
    for half in _halves(area):
        for part in _polygons(half):
            yield from _cut(part, depth + 1)


def _is_small(ring: tuple[Vertex, ...]) -> bool:
    if len(ring) > MOST_VERTICES:
        return False
    lats, lons = [one[0] for one in ring], [one[1] for one in ring]
    tall, wide = max(lats) - min(lats), max(lons) - min(lons)
    if max(tall, wide * math.cos(math.radians(sum(lats) / len(lats)))) > sphere.MOST_REACH_DEG:
        return False
    return sphere.polygon(ring).area_km2 <= MOST_AREA_KM2 * 0.99


def _without_small_holes(area: shapely.Polygon) -> shapely.Polygon:
    """Holes under `_LEAST_HOLE_M` across are filled: cutting through them gains nothing."""
    least = _LEAST_HOLE_M / _M_PER_DEG
    kept = []
    for hole in area.interiors:
        west, south, east, north = hole.bounds
        if min((east - west) * math.cos(math.radians(south)), north - south) >= least:
            kept.append(hole)
    return shapely.Polygon(area.exterior, kept) if len(kept) < len(area.interiors) else area


def _halves(area: shapely.Polygon) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Two halves: across the longer side of the box, through a hole where there is one."""
    west, south, east, north = area.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    if area.interiors:
        hole = shapely.Polygon(area.interiors[0]).bounds
        lon, lat = (hole[0] + hole[2]) / 2, (hole[1] + hole[3]) / 2
    # Each half reaches over the cut: their edges there are not one line once vertices differ.
    over = 2 * _WIDER_M / _M_PER_DEG / max(math.cos(math.radians(lat)), 0.01)
    if (east - west) * math.cos(math.radians(lat)) >= north - south:
        first, second = (west, south, lon + over, north), (lon - over, south, east, north)
    else:
        first, second = (west, south, east, lat + over), (west, lat - over, east, north)
    return area.intersection(shapely.box(*first)), area.intersection(shapely.box(*second))


def _polygons(area: shapely.Geometry) -> list[shapely.Polygon]:
    return [
        one for one in shapely.get_parts(area) if one.geom_type == "Polygon" and not one.is_empty
    ]


def _ring(area: shapely.Polygon) -> tuple[Vertex, ...]:
    rows = shapely.get_coordinates(area.exterior)[:-1]
    return tuple((round(float(lat), _DIGITS), round(float(lon), _DIGITS)) for lon, lat in rows)


def _spread(ring: Sequence[Vertex]) -> list[Vertex]:
    """Places over a ring's box, close enough that the geoid moves under a metre between them."""
    lats, lons = [one[0] for one in ring], [one[1] for one in ring]
    return [
        (min(lats) + (max(lats) - min(lats)) * y / 4, min(lons) + (max(lons) - min(lons)) * x / 4)
        for x in range(5)
        for y in range(5)
    ]


def _place(at: Vertex) -> Position:
    return Position(round(at[0] * 10_000_000), round(at[1] * 10_000_000))

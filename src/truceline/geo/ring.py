"""Which rings can be believed, and in what words the others are turned down.

A ring that crosses itself, encloses nothing or runs over the antimeridian has no
inside that two parties would agree on; it is refused with the place, never mended
in silence. What is mended (a repeated vertex, the closing vertex) is told.
Validity is judged in longitude and latitude.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.errors import Malformed, Reason
from truceline.geo.area import ring_area_m2
from truceline.geo.position import E7, Position
from truceline.geo.volume import Polygon, Ring

MAX_VERTICES = 100_000
"""More vertices than this in one ring are refused."""

MIN_AREA_M2 = 1.0
"""A ring around less than one square metre encloses nothing."""

_FLAT_DEG2 = 1e-14

type Floats = NDArray[np.float64]


def tidy(points: Sequence[Position], *, closed: bool = True) -> tuple[Ring, tuple[str, ...]]:
    """Return the ring without closing and repeated vertices, and what was done, in words.

    `closed` says that the source repeats the first vertex at the end; where it then
    does not, the ring is closed here and the report says so.
    """
    done: list[str] = []
    ring = list(points)
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    elif closed and len(ring) > 2:
        done.append("the ring was open; its last vertex was joined to its first")
    kept = [point for number, point in enumerate(ring) if number == 0 or point != ring[number - 1]]
    while len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    if len(kept) < len(ring):
        done.append(f"{len(ring) - len(kept)} repeated vertices were dropped")
    return tuple(kept), tuple(done)


def check_ring(ring: Ring, *, where: str = "ring") -> None:
    """Refuse a ring that has no believable inside; the error names the vertex where it can."""
    if len(ring) > MAX_VERTICES:
        raise _bad(
            where,
            f"the ring has {len(ring)} vertices; the most is {MAX_VERTICES}",
            "Simplify the line to the precision that it has on the ground",
        )
    if len(set(ring)) < 3:
        raise _bad(where, f"the ring has {len(set(ring))} different vertices; it needs three", "")
    _check_poles(ring, where)
    _check_antimeridian(ring, where)
    made = shapely.Polygon(lonlat(ring))
    if shapely.convex_hull(made).area < _FLAT_DEG2:
        raise _bad(where, "the ring encloses no area", "A line is not an area: give it a width")
    reason = shapely.is_valid_reason(made)
    if "Self-intersection" in reason:
        raise _bad(
            where, f"the ring crosses itself {_at(reason)}", "Draw it again without the crossing"
        )
    if abs(ring_area_m2(lonlat(ring))) < MIN_AREA_M2:
        raise _bad(
            where,
            "the ring encloses less than a square metre",
            "Give the area in degrees of WGS 84",
        )
    if reason != "Valid Geometry":
        raise _bad(where, f"the ring is not valid: {reason}", "Draw it again")


def check_polygon(polygon: Polygon, *, where: str = "polygon") -> None:
    """Refuse a polygon with a bad ring, or with holes that leave or cross one another."""
    check_ring(polygon.outer, where=f"{where}, outer ring")
    for number, hole in enumerate(polygon.holes, start=1):
        check_ring(hole, where=f"{where}, hole {number}")
    if polygon.holes:
        made = shapely.Polygon(lonlat(polygon.outer), [lonlat(hole) for hole in polygon.holes])
        reason = shapely.is_valid_reason(made)
        if reason != "Valid Geometry":
            raise _bad(
                where,
                f"its holes do not lie apart within the outer ring: {reason}",
                "Draw the holes again",
            )


def lonlat(ring: Sequence[Position]) -> Floats:
    """Return vertices as an array of shape (n, 2): x is longitude, y is latitude, in degrees."""
    flat = [value for point in ring for value in (point.lon_e7, point.lat_e7)]
    return np.array(flat, dtype=np.float64).reshape(-1, 2) / E7


def ring_of(coords: Floats) -> Ring:
    """Return the ring with these x (longitude) and y (latitude) columns, rounded to 1e-7 degree."""
    units = np.rint(np.asarray(coords, dtype=np.float64)[:, :2] * E7).astype(np.int64)
    if len(units) > 1 and (units[0] == units[-1]).all():
        units = units[:-1]
    return tuple(Position(int(lat), int(lon)) for lon, lat in units.tolist())


def looks_swapped(ring: Ring, against: Ring) -> bool:
    """Say whether the ring misses `against` as it stands but meets it with the axes swapped.

    A suspicion, for a person to judge: it compares bounding boxes alone.
    """
    one, other = lonlat(ring), lonlat(against)
    return not _boxes_meet(one, other) and _boxes_meet(one[:, ::-1], other)


def _boxes_meet(one: Floats, other: Floats) -> bool:
    return bool(
        (one.min(axis=0) <= other.max(axis=0)).all()
        and (other.min(axis=0) <= one.max(axis=0)).all()
    )


def _check_poles(ring: Ring, where: str) -> None:
    for number, point in enumerate(ring):
        if abs(point.lat_e7) == 90 * E7:
            raise _bad(
                where,
                f"vertex {number + 1} is a pole, where longitude means nothing",
                "Keep off the pole",
            )


def _check_antimeridian(ring: Ring, where: str) -> None:
    for number, point in enumerate(ring):
        if abs(point.lon_e7 - ring[number - 1].lon_e7) >= 180 * E7:
            raise _bad(
                where,
                f"the edge to vertex {number + 1} spans 180 degrees of longitude or more:"
                " it crosses the antimeridian or goes around a pole",
                "Split the area at longitude 180 into two polygons",
            )


def _at(reason: str) -> str:
    found = re.search(r"\[(\S+) (\S+)\]", reason)
    return f"near lat {float(found[2]):.6f}, lon {float(found[1]):.6f}" if found else ""


def _bad(where: str, detail: str, remedy: str) -> Malformed:
    return Malformed(Reason.BAD_GEOMETRY, where=where, detail=detail, remedy=remedy)

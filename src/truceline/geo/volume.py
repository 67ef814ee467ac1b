"""A piece of airspace: a shape on the ground between two altitudes, for a window of time.

What a volume keeps is listed in AIRSPACE (c). Shapes stay what they were given as
(a circle is not a ring of vertices); `geo/flatten.py` makes the ring that is
tested, with its tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from truceline.geo.altitude import Altitude
from truceline.geo.position import Position


class Edge(StrEnum):
    """What the line between two vertices is. Over 149 km they differ by 287 m: say which."""

    GEODESIC = "geodesic"  # shortest path on the ellipsoid
    LONLAT = "lonlat"  # straight in longitude and latitude (RFC 7946)
    RHUMB = "rhumb"  # constant bearing


class Operation(StrEnum):
    """How a volume joins those before it."""

    UNION = "union"
    INTERSECT = "intersect"
    SUBTRACT = "subtract"


type Ring = tuple[Position, ...]
"""A closed ring without the repeated last vertex."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """Outer ring and holes. No winding order is meant."""

    outer: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class MultiPolygon:
    """Several polygons that belong together."""

    polygons: tuple[Polygon, ...]


@dataclass(frozen=True, slots=True)
class Circle:
    """All points within a geodesic distance of a centre."""

    centre: Position
    radius_mm: int


@dataclass(frozen=True, slots=True)
class Corridor:
    """All points within half the width of a centre line."""

    centreline: tuple[Position, ...]
    width_mm: int


@dataclass(frozen=True, slots=True)
class Arc:
    """Part of a circle, from one bearing at its centre to another (degrees true, 1e-7)."""

    centre: Position
    radius_mm: int
    start_e7: int
    end_e7: int
    clockwise: bool = True


@dataclass(frozen=True, slots=True)
class ArcBetween:
    """Part of a circle, from one point on it to another, around a centre."""

    centre: Position
    start: Position
    end: Position
    clockwise: bool = True


type Segment = Position | Arc | ArcBetween
"""A vertex or an arc; consecutive ones are joined by the volume's kind of edge."""


@dataclass(frozen=True, slots=True)
class ArcRing:
    """A closed ring with arcs in it, as OpenAir and AIXM write them. No hole."""

    segments: tuple[Segment, ...]


type Shape = Polygon | MultiPolygon | Circle | Corridor | ArcRing


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` (inclusive) until `end` (exclusive), UTC; None: without bound."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Say whether `at` lies in the window."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Volume:
    """One shape between two altitudes. `lower` or `upper` None: without bound."""

    shape: Shape
    lower: Altitude | None = None
    upper: Altitude | None = None
    edge: Edge = Edge.GEODESIC
    operation: Operation = Operation.UNION
    window: Window = Window()

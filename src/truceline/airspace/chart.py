"""The zones to be watched, laid out for the engine: one table of volumes, one of edges.

Shapes are flattened once (`geo/flatten.py`); after that every edge is straight in
longitude and latitude and the boundary itself counts as inside. Volumes of a zone
that are simply added and share their limits and window become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import shapely

from truceline.airspace.fix import Floats, Ints
from truceline.airspace.vertical import Column, column_of
from truceline.errors import Malformed, Reason
from truceline.geo.altitude import Altitude
from truceline.geo.flatten import flatten, to_shapely
from truceline.geo.volume import Edge, Operation, Volume, Window

ALWAYS_US = 2**62
BLOCK = 16
"""Edges in a block: a block whose box is far away need not be looked at."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FlatVolume:
    """A volume whose shape is planar already: a shapely area in degrees, x longitude."""

    area: Any
    lower: Altitude | None = None
    upper: Altitude | None = None
    operation: Operation = Operation.UNION
    window: Window = field(default_factory=Window)


@dataclass(frozen=True, slots=True)
class WatchedZone:
    """A zone and what it is made of, in the order in which its volumes are combined."""

    zone_id: str
    volumes: tuple[FlatVolume, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """All watched volumes in columns. `zone_first[z]:zone_first[z + 1]` are the volumes of a zone."""

    zone_ids: tuple[str, ...]
    zone_first: Ints
    zone_of: Ints
    operation: Ints  # 0 union, 1 intersect, 2 subtract
    lower_column: Ints
    lower_ft: Floats
    upper_column: Ints
    upper_ft: Floats
    opens_at: Ints
    closes_at: Ints
    bounds: Floats  # lon_min, lat_min, lon_max, lat_max
    edge_first: Ints
    edges: Floats  # x0, y0, x1, y1
    areas: tuple[Any, ...]  # prepared shapely areas
    block_first: Ints
    blocks: Floats  # box of each run of BLOCK edges: x_min, y_min, x_max, y_max

    def edges_of(self, volume: int) -> Floats:
        """Return the border of a volume."""
        return self.edges[self.edge_first[volume] : self.edge_first[volume + 1]]

    @property
    def all_simple(self) -> bool:
        """Whether every zone is one volume: then zones and volumes have the same numbers."""
        return len(self.areas) == len(self.zone_ids) and not self.operation.any()

    def is_simple(self, zone: int) -> bool:
        """Say whether the zone is one volume."""
        first = int(self.zone_first[zone])
        return int(self.zone_first[zone + 1]) - first == 1 and self.operation[first] == 0


def watched(
    zone_id: str, volumes: Sequence[Volume], *, planar: bool = False, tolerance_m: float = 1.0
) -> WatchedZone:
    """Return a zone with its shapes flattened; `planar` takes every edge as straight in degrees."""
    flat = tuple(
        FlatVolume(
            area=_flat_area(volume, Edge.LONLAT if planar else volume.edge, tolerance_m),
            lower=volume.lower,
            upper=volume.upper,
            operation=volume.operation,
            window=volume.window,
        )
        for volume in volumes
    )
    return WatchedZone(zone_id, flat)


def _flat_area(volume: Volume, edge: Edge, tolerance_m: float) -> Any:
    parts = [to_shapely(one) for one in flatten(volume.shape, edge=edge, tolerance_m=tolerance_m)]
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def chart(zones: Sequence[WatchedZone]) -> Chart:
    """Return the table of these zones. Refuses an area that is empty or crosses itself."""
    for zone in zones:
        for number, volume in enumerate(zone.volumes):
            _check(zone.zone_id, number, volume)
    merged = [_merge(zone) for zone in zones]
    flat = [volume for zone in merged for volume in zone.volumes]
    counts = np.array([len(zone.volumes) for zone in merged], dtype=np.int64)
    borders = [_edges(volume.area) for volume in flat]
    for volume in flat:
        shapely.prepare(volume.area)
    order = list(Operation)
    edge_first = _starts(np.array([len(one) for one in borders], dtype=np.int64))
    edges = np.concatenate([*borders, np.empty((0, 4))])
    return Chart(
        zone_ids=tuple(zone.zone_id for zone in merged),
        zone_first=_starts(counts),
        zone_of=np.repeat(np.arange(len(merged), dtype=np.int64), counts),
        operation=_ints([order.index(volume.operation) for volume in flat]),
        lower_column=_ints([column_of(volume.lower) for volume in flat]),
        lower_ft=_feet([volume.lower for volume in flat]),
        upper_column=_ints([_upper_column(volume.upper) for volume in flat]),
        upper_ft=_feet([volume.upper for volume in flat]),
        opens_at=_ints([_micros(volume.window.start, -ALWAYS_US) for volume in flat]),
        closes_at=_ints([_micros(volume.window.end, ALWAYS_US) for volume in flat]),
        bounds=np.array([volume.area.bounds for volume in flat]).reshape(-1, 4),
        edge_first=edge_first,
        edges=edges,
        areas=tuple(volume.area for volume in flat),
        block_first=_starts(-(-np.diff(edge_first) // BLOCK)),
        blocks=_blocks(edge_first, edges),
    )


def _check(zone_id: str, number: int, volume: FlatVolume) -> None:
    area = volume.area
    where = f"zone {zone_id}, volume {number + 1}"
    if area.is_empty or area.area == 0 or area.geom_type not in ("Polygon", "MultiPolygon"):
        raise Malformed(Reason.BAD_GEOMETRY, where=where, detail="the shape has no area")
    if not np.isfinite(area.bounds).all():
        raise Malformed(Reason.BAD_GEOMETRY, where=where, detail="a coordinate is not a number")
    west, south, east, north = area.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise Malformed(
            Reason.OUT_OF_RANGE, where=where, detail="a coordinate is outside the earth's degrees"
        )
    if not area.is_valid:
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=where,
            detail=shapely.is_valid_reason(area),
            remedy="Give rings that do not cross or touch themselves along a line",
        )


def _merge(zone: WatchedZone) -> WatchedZone:
    """Join neighbours in the list that differ in their shape only; order is kept."""
    made: list[FlatVolume] = []
    for _, group in groupby(zone.volumes, key=_signature):
        alike = list(group)
        if alike[0].operation is Operation.UNION and len(alike) > 1:
            area = shapely.union_all([one.area for one in alike])
            made.append(replace(alike[0], area=area))
        else:
            made.extend(alike)
    return WatchedZone(zone.zone_id, tuple(made))


def _signature(volume: FlatVolume) -> tuple[object, ...]:
    return (volume.operation, volume.lower, volume.upper, volume.window)


def _edges(area: Any) -> Floats:
    rings = shapely.get_rings(shapely.get_parts(area))
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    pairs = np.hstack((coords[:-1], coords[1:]))[same]
    moved = (pairs[:, 0] != pairs[:, 2]) | (pairs[:, 1] != pairs[:, 3])
    return np.ascontiguousarray(pairs[moved])


def _blocks(edge_first: Ints, edges: Floats) -> Floats:
    """Return the box of every run of edges; runs do not reach over volumes."""
    counts = np.diff(edge_first)
    runs = -(-counts // BLOCK)
    within = np.arange(int(runs.sum())) - np.repeat(np.cumsum(runs) - runs, runs)
    start = np.repeat(edge_first[:-1], runs) + within * BLOCK
    if not len(start):
        return np.empty((0, 4))
    low = np.minimum(edges[:, :2], edges[:, 2:])
    high = np.maximum(edges[:, :2], edges[:, 2:])
    return np.hstack((np.minimum.reduceat(low, start), np.maximum.reduceat(high, start)))


def _upper_column(limit: Altitude | None) -> Column:
    """A ceiling on the surface itself leaves nothing that can be tested without terrain."""
    if limit is not None and column_of(limit) is Column.NONE:
        return Column.UNTESTABLE
    return column_of(limit)


def _feet(limits: Sequence[Altitude | None]) -> Floats:
    return np.array([np.nan if one is None else one.feet for one in limits], dtype=np.float64)


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _starts(counts: Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _micros(at: datetime | None, otherwise: int) -> int:
    return otherwise if at is None else (at - _EPOCH) // timedelta(microseconds=1)

"""Zones for the engine, from a file in any format that `zones/formats` reads.

A zone that could not be read is named in the report; it is never left out in
silence. Schedules are worked out for the time that the tracks span.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import shapely

from truceline.airspace.chart import FlatVolume, WatchedZone, watched
from truceline.errors import Malformed, Reason, Refused
from truceline.geo.schedule import SunTable, windows
from truceline.geo.sun import sun_table
from truceline.geo.volume import Operation, Volume, Window
from truceline.zones.boundary import ZoneContent
from truceline.zones.formats import geojson, known
from truceline.zones.formats.reading import Reading

type Span = tuple[datetime, datetime]


def read_zones(path: Path) -> Reading:
    """Return the zones of a file with the report by feature. Refuses a file without any."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise Malformed(Reason.NOT_FOUND, where=str(path), detail="no such file") from None
    reading = known.read(data, name=path.name)
    if not any(zone.volumes for zone in reading.zones):
        told = "; ".join(str(note) for note in reading.refused()[:3])
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=path.name,
            detail=f"no zone with a usable shape in this file{': ' if told else ''}{told}",
        )
    return reading


def needs_span(reading: Reading) -> bool:
    """Say whether some zone has hours that repeat, so that the time in question matters."""
    return any(period.schedule for zone in reading.zones for period in zone.applicability)


def watch(reading: Reading, *, planar: bool = False, span: Span | None = None) -> list[WatchedZone]:
    """Return the zones that have a shape, flattened for the engine."""
    return [
        watched(zone.code, tuple(volumes_of(zone, span)), planar=planar)
        for zone in reading.zones
        if zone.volumes
    ]


def volumes_of(zone: ZoneContent, span: Span | None) -> Iterator[Volume]:
    """Yield the volumes of a zone, cut to when the zone applies.

    What is added is cut; what is taken away or intersected with need not be.
    """
    times = list(_times(zone, span))
    for volume in zone.airspace():
        if volume.operation is not Operation.UNION or not zone.applicability:
            yield volume
            continue
        for window in times:
            both = _both(volume.window, window)
            if both is not None:
                yield replace(volume, window=both)


def _times(zone: ZoneContent, span: Span | None) -> Iterator[Window]:
    for period in zone.applicability:
        if not period.schedule:
            yield period.window
        elif span is None:
            raise Refused(
                Reason.BAD_TIME,
                where=f"zone {zone.code}",
                detail="the zone has hours that repeat and no time is in question",
            )
        else:
            yield from windows(period, start=span[0], end=span[1], sun=_sun(zone))


def _sun(zone: ZoneContent) -> SunTable:
    from truceline.geo.position import from_degrees  # noqa: PLC0415 -- rarely needed

    west, south, east, north = watched(zone.code, zone.airspace()).volumes[0].area.bounds
    return sun_table(from_degrees(lat=(south + north) / 2, lon=(west + east) / 2))


def _both(one: Window, other: Window) -> Window | None:
    start = max((w.start for w in (one, other) if w.start is not None), default=None)
    end = min((w.end for w in (one, other) if w.end is not None), default=None)
    return None if start is not None and end is not None and start >= end else Window(start, end)


def exact(zones: Iterable[WatchedZone], data: bytes, reading: Reading) -> list[WatchedZone]:
    """Return the zones with the coordinates of a GeoJSON file to the last digit.

    Zones keep 1e-7 degree; for comparison with a planar tool the file's own numbers
    are used where a feature is exactly one zone of one volume.
    """
    found = list(zones)
    shapes = _shapes(data)
    if reading.format != geojson.FORMAT or len(shapes) != len(reading.zones):
        return found
    by_code = dict(zip((zone.code for zone in reading.zones), shapes, strict=True))
    return [_with_area(zone, by_code.get(zone.zone_id)) for zone in found]


def _with_area(zone: WatchedZone, area: Any) -> WatchedZone:
    if area is None or len(zone.volumes) != 1:
        return zone
    volume: FlatVolume = zone.volumes[0]
    return WatchedZone(zone.zone_id, (replace(volume, area=area),))


def _shapes(data: bytes) -> list[Any]:
    tree = orjson.loads(data)
    listed = tree.get("features", [tree]) if isinstance(tree, Mapping) else []
    return [_shape(one) for one in listed]


def _shape(feature: Any) -> Any:
    geometry = feature.get("geometry") if isinstance(feature, Mapping) else None
    try:
        found = shapely.force_2d(shapely.from_geojson(orjson.dumps(geometry)))
    except (shapely.GEOSException, TypeError):
        return None
    return found if found.geom_type in ("Polygon", "MultiPolygon") and found.is_valid else None

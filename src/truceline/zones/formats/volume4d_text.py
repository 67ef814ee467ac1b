"""How a zone is written as `Volume4D`: outwards in height, larger in doubt. Reading is `volume4d.py`.

A height above the sea becomes metres above WGS 84 by the geoid (EGM96), the lower
limit by its lowest and the upper by its highest value over the whole shape. The
surface is written as a height under all ground. A height above ground needs a terrain
model and a pressure altitude the pressure of the day: both are refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from truceline.errors import Malformed, Reason, Refused
from truceline.geo.altitude import Altitude, Datum
from truceline.geo.flatten import flatten, on_geodesics
from truceline.geo.ring import lonlat
from truceline.geo.schedule import overlap
from truceline.geo.volume import Circle, Edge, MultiPolygon, Polygon, Ring, Shape, Window
from truceline.zones.boundary import Limit, ZoneContent, ZoneKind, ZoneVolume, polygons_of
from truceline.zones.formats import ed, json_text
from truceline.zones.formats.limits import instant_text
from truceline.zones.formats.reading import (
    Loss,
    Written,
    joined_volumes,
    lost_dataset,
    lost_extras,
    lost_fields,
)

LOWEST_GROUND_MM = -440_000
"""The lowest dry ground on earth, the shore of the Dead Sea, above the sea."""

TOP_M = 100_000
"""What stands for no upper limit: the greatest height in the standard's schema."""

_GEOID_DOUBT_MM = 1_000
_GRID_DEG = 1 / 12
_MOST_SAMPLES = 10_000
_KEPT = frozenset(
    ("code", "kind", "ids", "raw_kinds", "volumes", "applicability", "extras", "original")
)
_KEPT_OF_VOLUME = frozenset(
    ("shape", "lower", "upper", "also_lower", "also_upper", "edge", "operation", "window", "extras")
)


def write(zones: tuple[ZoneContent, ...]) -> Written:
    """Return the zones as details of constraints: one object, or a list of several.

    A zone whose limits need terrain or pressure is left out and named; refuses where
    nothing is left.
    """
    made: list[dict[str, Any]] = []
    losses: list[Loss] = []
    refusals: list[Refused | Malformed] = []
    for content in zones:
        lost = ed.Losses(content.code)
        try:
            made.append(_zone(content, lost))
        except (Refused, Malformed) as error:
            refusals.append(error)
            losses.append(Loss(content.code, "zone", f"it was left out: {error.detail}"))
            continue
        lost.found += lost_fields(content, kept=_KEPT, kept_of_volume=_KEPT_OF_VOLUME)
        lost.found += lost_extras(content, "f3548")
        losses += lost.found
    if refusals and not made:
        raise refusals[0]
    losses += lost_dataset(zones, "f3548")
    tree: Any = made[0] if len(made) == 1 else made
    return Written(json_text.dump(tree).encode() + b"\n", tuple(losses))


def limits_w84(lower: Altitude | None, upper: Altitude | None, ring: Ring) -> tuple[float, float]:
    """Return limits in metres above WGS 84 that hold everywhere in a ring, rounded outwards.

    Metres above WGS 84 stay as they are; others become whole metres. Refuses a height
    above ground other than the surface, and a pressure altitude.
    """
    return _low(lower, ring), _high(upper, ring)


def _low(at: Altitude | None, ring: Ring) -> float:
    if at is None or at.datum is Datum.SFC or (at.datum is Datum.AGL and at.mm <= 0):
        below = at.mm if at is not None else 0
        return math.floor((LOWEST_GROUND_MM + below + _geoid(ring)[0] - _GEOID_DOUBT_MM) / 1000)
    match at.datum:
        case Datum.WGS84:
            return at.mm / 1000
        case Datum.AMSL:
            return math.floor((at.mm + _geoid(ring)[0] - _GEOID_DOUBT_MM) / 1000)
        case _:
            raise _unknown(at)


def _high(at: Altitude | None, ring: Ring) -> float:
    if at is None:
        return TOP_M
    match at.datum:
        case Datum.WGS84:
            return at.mm / 1000
        case Datum.AMSL:
            return math.ceil((at.mm + _geoid(ring)[1] + _GEOID_DOUBT_MM) / 1000)
        case _:
            raise _unknown(at)


def _unknown(at: Altitude) -> Refused:
    needed = "the pressure of the day" if at.datum is Datum.STD else "a terrain model"
    return Refused(
        Reason.OUT_OF_RANGE,
        where="limits",
        detail=f"a limit of {at.as_given} {at.unit} {at.datum} cannot be turned into metres above"
        f" WGS 84 without {needed}",
        remedy="Agree limits above AMSL or WGS84 for services that know no other",
    )


def _geoid(ring: Ring) -> tuple[int, int]:
    """The lowest and highest geoid in millimetres over the box around a ring.

    Taken at the nodes of the model's own grid, which a value between them cannot leave.
    """
    import egm96  # noqa: PLC0415 -- its grid is 3 MB and few callers need it

    coords = lonlat(ring)
    (west, south), (east, north) = coords.min(axis=0), coords.max(axis=0)
    step = max(_GRID_DEG, math.sqrt((east - west) * (north - south) / _MOST_SAMPLES))
    lon = np.arange(math.floor(west / step), math.ceil(east / step) + 1) * step
    lat = np.clip(np.arange(math.floor(south / step), math.ceil(north / step) + 1) * step, -90, 90)
    grid_lat, grid_lon = np.meshgrid(lat, (lon + 180) % 360 - 180)
    found = np.asarray(egm96.undulation(grid_lat.ravel(), grid_lon.ravel()))
    return math.floor(found.min() * 1000), math.ceil(found.max() * 1000)


# -- one zone -------------------------------------------------------------------------------


def _zone(content: ZoneContent, lost: ed.Losses) -> dict[str, Any]:
    if content.unresolved:
        raise Refused(Reason.BAD_GEOMETRY, where=content.code, detail="it has no geometry")
    volumes, left = joined_volumes(content)
    lost.found += left
    windows = _windows(content, lost)
    listed = [
        tree
        for number, volume in enumerate(volumes, start=1)
        for tree in _volume(volume, number, windows, lost)
    ]
    if not listed:
        raise Refused(
            Reason.BAD_GEOMETRY,
            where=content.code,
            detail="nothing of it adds airspace at any time",
        )
    if not content.id_in("f3548.id") and not content.code.startswith("volume4d-"):
        lost("code", "a volume has no name")
    if not content.raw_kind("f3548.type") and content.kind is not ZoneKind.RESTRICTED:
        lost("kind", "a volume has no kind")
    for one in (*content.ids, *content.raw_kinds):
        if not one.scheme.startswith("f3548."):
            lost(one.scheme, "the standard has no place for it")
    tree: dict[str, Any] = {"volumes": listed} | ed.put_back(content.extras, "f3548")
    if kind := content.raw_kind("f3548.type"):
        tree["type"] = kind
    return tree


def _windows(content: ZoneContent, lost: ed.Losses) -> tuple[Window, ...]:
    """The windows in which the zone applies; hours within them are not told, so it is wider."""
    for period in content.applicability:
        if period.schedule or period.text:
            lost("applicability", "the hours within the window are not told; the whole window is")
        if period.end_estimated or period.permanent is not None:
            lost("applicability", "that an end is estimated, or permanent, is not told")
    return tuple(dict.fromkeys(period.window for period in content.applicability)) or (Window(),)


def _volume(
    volume: ZoneVolume, number: int, windows: tuple[Window, ...], lost: ed.Losses
) -> Iterator[dict[str, Any]]:
    place = f"volume {number}"
    lower, upper = _sides(volume, place, lost)
    for outline, ring in _outlines(volume, place, lost):
        low, high = limits_w84(lower, upper, ring)
        tree = {
            **ed.put_back(volume.extras, "f3548.volume3d"),
            **outline,
            **({} if lower is None else {"altitude_lower": _told(low)}),
            **({} if upper is None else {"altitude_upper": _told(high)}),
        }
        for window in windows:
            cut = overlap(volume.window, window)
            if cut is not None:
                yield {
                    **ed.put_back(volume.extras, "f3548.volume4d"),
                    "volume": tree,
                    **_times(cut),
                }


def _sides(
    volume: ZoneVolume, place: str, lost: ed.Losses
) -> tuple[Altitude | None, Altitude | None]:
    """The limits to write. One in words alone is no limit, so that the zone is larger."""
    for side, limit in _limits(volume):
        if limit.unreadable:
            lost(f"{place}, {side}", f"{limit.text!r} is no height; it is written without a limit")
        elif limit.text or limit.geoid or limit.inclusive is not None:
            lost(f"{place}, {side}", "geoid, inclusion and words of the limit are not kept")
        if limit.altitude and limit.altitude.datum is not Datum.WGS84:
            lost(
                f"{place}, {side}",
                f"a height above {limit.altitude.datum} is written as metres above WGS 84, rounded outwards",
            )
        elif limit.altitude and str(limit.altitude.unit) != "m":
            lost(f"{place}, {side}", f"{limit.altitude.unit} is written as metres")
    if volume.also_lower or volume.also_upper:
        lost(place, "second limits are left out; the volume is written larger")
    return volume.lower.altitude, volume.upper.altitude


def _limits(volume: ZoneVolume) -> tuple[tuple[str, Limit], ...]:
    return ("lower", volume.lower), ("upper", volume.upper)


def _outlines(
    volume: ZoneVolume, place: str, lost: ed.Losses
) -> Iterator[tuple[dict[str, Any], Ring]]:
    shape: Shape = volume.shape
    if isinstance(shape, Circle):
        (drawn,) = flatten(shape, tolerance_m=100.0)
        yield _circle(shape), drawn.outer
        return
    plain = isinstance(shape, (Polygon, MultiPolygon))
    polygons = polygons_of(shape) if isinstance(shape, (Polygon, MultiPolygon)) else ()
    if not plain or volume.edge is not Edge.GEODESIC:
        drawn_by = flatten(shape, edge=volume.edge)
        polygons = tuple(Polygon(_followed(one.outer, volume.edge), one.holes) for one in drawn_by)
        if not plain or any(a.outer != b.outer for a, b in zip(polygons, drawn_by, strict=True)):
            lost(
                place,
                f"{type(shape).__name__.lower()} with {volume.edge} edges is drawn with vertices, within a metre",
            )
    for polygon in polygons:
        if polygon.holes:
            lost(place, "holes are left out; the volume is written larger")
        yield _polygon(polygon.outer), polygon.outer


def _followed(ring: Ring, edge: Edge) -> Ring:
    """The ring with vertices added where its edges are straight in degrees."""
    return on_geodesics((*ring, ring[0]))[:-1] if edge is Edge.LONLAT else ring


def _circle(circle: Circle) -> dict[str, Any]:
    at = circle.centre
    return {
        "outline_circle": {
            "center": {"lat": at.lat, "lng": at.lon},
            "radius": {"value": circle.radius_mm / 1000, "units": "M"},
        }
    }


def _polygon(ring: Ring) -> dict[str, Any]:
    return {"outline_polygon": {"vertices": [{"lat": at.lat, "lng": at.lon} for at in ring]}}


def _told(metres: float) -> dict[str, Any]:
    return {"value": metres, "reference": "W84", "units": "M"}


def _times(window: Window) -> dict[str, Any]:
    sides = (("time_start", window.start), ("time_end", window.end))
    return {
        name: {"value": instant_text(at), "format": "RFC3339"}
        for name, at in sides
        if at is not None
    }

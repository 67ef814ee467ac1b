"""The volumes of an airspace: its components joined by operations, contributors followed.

A component is a shape of its own or another airspace's: whole (`FULL_GEOMETRY`) or
its outline alone (`HORZ_PROJECTION`, `HORZ_BOUNDARY`) between limits of this one.
Components are taken in the order of `operationSequence`, as AIXM says: BASE, then
UNION, INTERS and SUBTR against what has been joined before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import SURFACE
from truceline.geo.flatten import flatten
from truceline.geo.volume import Corridor, MultiPolygon, Operation, Polygon, Shape
from truceline.zones.boundary import MAX_VOLUMES, Extra, Limit, ZoneVolume, polygons_of
from truceline.zones.formats import gml, gml_curve, json_text
from truceline.zones.formats.aixm_xml import (
    Index,
    child,
    children,
    href,
    local,
    nil,
    text,
    verbatim,
    within,
)
from truceline.zones.formats.limits import height

_OPERATIONS = {
    "": Operation.UNION,
    "BASE": Operation.UNION,
    "UNION": Operation.UNION,
    "SUBTR": Operation.SUBTRACT,
    "INTERS": Operation.INTERSECT,
}
_DATUMS = {"MSL": "AMSL", "SFC": "AGL", "W84": "WGS84", "STD": "STD", "HEI": "AGL", "ALT": "AMSL"}
_SURFACE_WORDS = ("GND", "SFC")
_OPEN_WORDS = ("UNL", "UNLTD", "UNLIMITED")
_INHERITED = ("FLOOR", "CEILING")
_KNOWN = (
    "upperLimit",
    "upperLimitReference",
    "lowerLimit",
    "lowerLimitReference",
    "maximumLimit",
    "maximumLimitReference",
    "minimumLimit",
    "minimumLimitReference",
    "horizontalProjection",
    "centreline",
    "width",
    "contributorAirspace",
)
MAX_DEPTH = 16


@dataclass(slots=True)
class Joining:
    """What is known while components are joined: references, notes, where we are."""

    index: Index
    components: Callable[[Any], list[Any]]
    drawing: gml_curve.Drawing
    accuracies_mm: list[int] = field(default_factory=list)
    path: tuple[str, ...] = ()
    made: int = 0


def volumes(components: list[Any], joining: Joining) -> tuple[ZoneVolume, ...]:
    """Return the volumes of an airspace's components, in the order in which they are joined."""
    made: list[ZoneVolume] = []
    for component in sorted(components, key=_sequence):
        found = _component(component, joining)
        joining.made += len(found)
        if joining.made > MAX_VOLUMES:
            raise Malformed(Reason.TOO_LARGE, detail=f"more than {MAX_VOLUMES} volumes")
        made += found
    if made and made[0].operation is not Operation.UNION:
        joining.drawing.repaired(
            f"the first component is to {made[0].operation} from nothing; it was taken as the base"
        )
        made[0] = replace(made[0], operation=Operation.UNION)
    return tuple(made)


def _sequence(component: Any) -> float:
    found = text(component, "operationSequence")
    return int(found) if found.isdigit() and len(found) < 10 else 0


def _component(component: Any, joining: Joining) -> list[ZoneVolume]:
    word = text(component, "operation")
    if word not in _OPERATIONS:
        raise _bad(f"{word!r} is not one of the operations BASE, UNION, INTERS, SUBTR", "operation")
    operation = _OPERATIONS[word]
    volume = child(component, "theAirspaceVolume", "AirspaceVolume")
    if volume is None:
        raise _bad("a component has no AirspaceVolume", "geometryComponent")
    found = _volume(volume, joining)
    if operation is Operation.INTERSECT and len(found) > 1:
        found = [_as_one(found, joining)]
    elif operation is Operation.SUBTRACT and any(
        one.operation is not Operation.UNION for one in found
    ):
        raise _bad("an airspace that is itself cut cannot be taken away from another", "operation")
    elif (
        operation is Operation.UNION
        and any(one.operation is not Operation.UNION for one in found)
        and joining.made
    ):
        raise _bad("an airspace that is itself cut can only be the base of another", "operation")
    if operation is Operation.UNION:
        return found
    return [replace(one, operation=operation) for one in found]


def _as_one(found: list[ZoneVolume], joining: Joining) -> ZoneVolume:
    """Several volumes between the same limits as one of several polygons."""
    first = found[0]
    same = all(
        one.operation is Operation.UNION
        and (one.lower, one.upper, one.edge) == (first.lower, first.upper, first.edge)
        for one in found
    )
    if not same:
        raise _bad(
            "an intersection with an airspace of several volumes between different limits",
            "operation",
        )
    joining.drawing.repaired(
        "the volumes of a contributor were joined into one of several polygons"
    )
    return replace(first, shape=MultiPolygon(tuple(p for one in found for p in _flat(one))))


def _flat(volume: ZoneVolume) -> tuple[Polygon, ...]:
    if isinstance(volume.shape, (Polygon, MultiPolygon)):
        return polygons_of(volume.shape)
    return flatten(volume.shape, edge=volume.edge)


def _volume(volume: Any, joining: Joining) -> list[ZoneVolume]:
    contributor = child(volume, "contributorAirspace", "AirspaceVolumeDependency")
    shape = _own_shape(volume, joining)
    if shape is None and contributor is not None:
        return _contributed(volume, contributor, joining)
    if shape is None:
        raise _bad("a volume has no outline, no centre line and no contributor", "AirspaceVolume")
    return [_between(shape, volume, joining)]


def _between(shape: Shape, volume: Any, joining: Joining) -> ZoneVolume:
    lower, also_lower = _limit(volume, "lower"), _limit(volume, "minimum")
    upper, also_upper = _limit(volume, "upper"), _limit(volume, "maximum")
    if upside_down(lower, upper):
        lower, upper = upper, lower
        joining.drawing.repaired(
            "the lower limit stands above the upper one; they were taken the other way round"
        )
    return ZoneVolume(
        shape,
        lower,
        upper,
        joining.drawing.edge,
        id=str(volume.get(f"{{{_GML}}}id", "")),
        also_lower=None if also_lower == Limit() else also_lower,
        also_upper=None if also_upper == Limit() else also_upper,
        extras=tuple(
            Extra(f"aixm.volume:{local(one)}", json_text.dump(verbatim(one)))
            for one in children(volume)
            if local(one) not in _KNOWN
        ),
    )


_GML = "http://www.opengis.net/gml/3.2"


def upside_down(lower: Limit, upper: Limit) -> bool:
    """Say whether a lower limit lies above the upper one of the same datum."""
    low, high = lower.altitude, upper.altitude
    return bool(low and high and low.datum is high.datum and low.mm > high.mm)


def _own_shape(volume: Any, joining: Joining) -> Shape | None:
    centreline, width = child(volume, "centreline"), child(volume, "width")
    if centreline is not None and width is not None:
        joining.drawing.geodesic = True
        line = gml_curve.line(centreline, joining.drawing)
        return Corridor(line, gml_curve.length_mm(width, what="the width"))
    projection = child(volume, "horizontalProjection")
    if projection is None:
        return None
    surface = projection
    if reference := href(projection):
        surface = joining.index.found(reference)
        if surface is None:
            raise _bad(f"the surface {reference[:80]} is not in the file", "horizontalProjection")
    for one in within(surface, "horizontalAccuracy"):
        if not nil(one) and text(one):
            joining.accuracies_mm.append(gml_curve.length_mm(one, what="the accuracy"))
    return gml.surface(surface, joining.drawing)


def _contributed(volume: Any, dependency: Any, joining: Joining) -> list[ZoneVolume]:
    reference = href(child(dependency, "theAirspace"))
    target = joining.index.found(reference)
    if target is None or local(target) != "Airspace":
        raise _bad(
            f"the airspace that contributes ({reference[:80] or 'no reference'}) is not in the file",
            "contributorAirspace",
            remedy="Read it with the file that holds it (--beside)",
        )
    if reference in joining.path or len(joining.path) >= MAX_DEPTH:
        raise _bad(
            "airspaces contribute to one another in a circle, or too deep", "contributorAirspace"
        )
    inner = Joining(
        joining.index,
        joining.components,
        joining.drawing,
        joining.accuracies_mm,
        (*joining.path, reference),
    )
    found = [
        replace(one, reference=one.reference or reference)
        for one in volumes(joining.components(target), inner)
    ]
    joining.made += inner.made
    if text(dependency, "dependency") not in ("HORZ_PROJECTION", "HORZ_BOUNDARY"):
        return found
    return [
        replace(
            _between(one.shape, volume, joining),
            operation=one.operation,
            edge=one.edge,
            reference=one.reference,
        )
        for one in found
    ]


def _limit(volume: Any, side: str) -> Limit:
    return limit(
        child(volume, f"{side}Limit"), text(volume, f"{side}LimitReference"), f"{side}Limit"
    )


def limit(element: Any, reference: str, where: str) -> Limit:
    """Return a limit of AIXM; refuses a number without a unit or without a datum."""
    value = text(element)
    word = value.upper()
    if not value:
        return Limit()
    if word in _SURFACE_WORDS or (word in ("0", "0.0") and reference == "SFC"):
        return Limit(SURFACE, text="" if word == "SFC" else value)
    if word in _OPEN_WORDS:
        return Limit(text="UNL")
    if word in _INHERITED or not _is_number(value):
        return Limit(text=value)
    unit = str(element.get("uom", "")).strip().upper()
    if unit == "SM":
        return Limit(height(float(value) * 10, "M", "STD", where=where))
    if not unit and reference == "STD":
        unit = "FL"
    datum = "STD" if unit == "FL" else _DATUMS.get(reference, reference)
    return Limit(height(value, unit or "FT", datum, where=where))


def _is_number(value: str) -> bool:
    return value.replace(".", "", 1).removeprefix("-").isdigit()


def _bad(detail: str, where: str, remedy: str = "") -> Malformed:
    return Malformed(Reason.BAD_GEOMETRY, where=where, detail=detail, remedy=remedy)

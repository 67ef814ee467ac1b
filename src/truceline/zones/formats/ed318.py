"""Zones as EUROCAE ED-318 (GeoJSON with layers), the format of national UAS zone services.

Output holds to the official schema (UASGeoZones/ED-318). Input is tolerant: each of
the national files at hand fails that schema in every feature, with properties nested
in `UASZone`, limits in `verticalLayer`, `reasons` for `reason`, plain strings for
lists. Every such repair is told. Edges are straight in longitude and latitude.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.geojson import read_area, read_pair
from truceline.geo.volume import Circle, Edge, Shape
from truceline.zones.boundary import (
    Extra,
    Limit,
    Named,
    Original,
    Rule,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
)
from truceline.zones.formats import ed, ed318_text, json_text
from truceline.zones.formats.limits import height
from truceline.zones.formats.reading import (
    MAX_FEATURES,
    Reading,
    Report,
    check_size,
    original_of,
)

FORMAT = ed318_text.FORMAT
MEDIA_TYPE = "application/geo+json"

_MARKS = ("zoneAuthority", "UASZone", "variant", "limitedApplicability")


def looks_like(tree: Any) -> bool:
    """Say whether parsed JSON is ED-318 rather than plain GeoJSON."""
    if not isinstance(tree, Mapping) or not isinstance(tree.get("features"), list):
        return False
    listed = [one.get("properties") for one in tree["features"][:20] if isinstance(one, Mapping)]
    return any(isinstance(one, Mapping) and any(mark in one for mark in _MARKS) for one in listed)


def read(data: bytes, *, name: str = "zones.json") -> Reading:
    """Return the zones of an ED-318 document, with a report by feature."""
    check_size(data, name)
    tree = json_text.parse(data, where=name)
    if isinstance(tree, Mapping) and tree.get("type") == "Feature":
        tree = {"type": "FeatureCollection", "features": [tree]}
    listed = tree.get("features") if isinstance(tree, Mapping) else None
    if not isinstance(listed, list) or len(listed) > MAX_FEATURES:
        raise Malformed(
            Reason.BAD_FORMAT, where=name, detail="not ED-318: there is no list of features"
        )
    dataset = tuple(
        Extra(f"ed318:{key}", json_text.dump(one))
        for key, one in tree.items()
        if key not in ("type", "features")
    )
    original = original_of(data, name=name, media_type=MEDIA_TYPE, dataset=dataset)
    report, zones = Report(), list[ZoneContent]()
    for number, feature in enumerate(listed, start=1):
        where = f"feature {number}"
        with report.feature(where):
            place = replace(original, place=f"features[{number - 1}]")
            report.take(_zone(ed.mapping(feature, where), place, where, report), where, zones)
    return Reading(tuple(zones), tuple(report.notes), FORMAT, original.sha256)


write = ed318_text.write


# -- reading --------------------------------------------------------------------


def _zone(
    feature: Mapping[str, Any], original: Original, where: str, report: Report
) -> ZoneContent:
    outer = feature.get("properties")
    properties = dict(outer) if isinstance(outer, Mapping) else {}
    if isinstance(properties.get("UASZone"), Mapping):
        report.repaired(where, "the properties are nested in UASZone")
        properties = properties | properties.pop("UASZone")
    found = ed.Taken(properties, where, report, FORMAT)
    code = found.text("identifier")
    named = f"{where} ({code})" if code else where
    found.where = named
    kept, extended = ed.read_extended(found)
    periods, odd = ed.read_periods(found.listed("limitedApplicability"), named, report, FORMAT)
    raw, variant = found.text("type"), found.text("variant")
    if raw == "REQ_AUTHORISATION":
        report.repaired(
            f"{named}, type", "REQ_AUTHORISATION is spelled REQ_AUTHORIZATION in ED-318"
        )
        raw = "REQ_AUTHORIZATION"
    country, region = found.text("country"), found.text("region")
    if "reasons" in properties:
        report.repaired(named, "`reasons` where `reason` is required")
    conditions = found.text("restrictionConditions")
    ids = (("identifier", code), ("country", country), ("region", region))
    return ZoneContent(
        code=kept or code or original.place,
        kind=ed.KIND_OF.get(raw, ZoneKind.OTHER),
        names=_whole(found, "name"),
        ids=tuple(Named(f"ed.{key}", one) for key, one in ids if one),
        raw_kinds=tuple(
            Named(key, one) for key, one in (("ed318.type", raw), ("ed.variant", variant)) if one
        ),
        reasons=tuple(str(one) for one in [*found.listed("reason"), *found.listed("reasons")]),
        reason_texts=_whole(found, "otherReasonInfo"),
        messages=_whole(found, "message"),
        rule=Rule(
            conditions=(Text("", conditions),) if conditions else (),
            regulation_exemption=ed.yes_no(found.text("regulationExemption")),
        ),
        authorities=ed.read_authorities(found.listed("zoneAuthority"), named, report, FORMAT),
        volumes=_volumes(feature.get("geometry"), found, report),
        applicability=periods,
        extras=(*found.left(), *extended, *odd, *_feature_extras(feature)),
        original=original,
    )


def _whole(found: ed.Taken, name: str) -> tuple[Text, ...]:
    """The texts of a field; where we had to cut one, the whole stands in `extendedProperties`."""
    shown, extended = found.texts(name), found.tree.get("extendedProperties")
    kept = extended.get(ed318_text.TEXTS) if isinstance(extended, Mapping) else None
    if not isinstance(kept, Mapping) or name not in kept:
        return shown
    whole = ed.Taken(kept, found.where, found.report, FORMAT).texts(name)
    cut = [one.text[: ed318_text.MAX_TEXT] for one in whole] == [one.text for one in shown]
    if not cut:
        found.report.repaired(
            f"{found.where}, {name}", "edited after Truceline cut it; the edit counts"
        )
    return whole if cut else shown


def _feature_extras(feature: Mapping[str, Any]) -> tuple[Extra, ...]:
    known = ("type", "properties", "geometry")
    return tuple(
        Extra(f"ed318.feature:{key}", json_text.dump(one))
        for key, one in feature.items()
        if key not in known
    )


def _volumes(geometry: Any, found: ed.Taken, report: Report) -> tuple[ZoneVolume, ...]:
    tree = ed.mapping(geometry, "geometry")
    parts = tree.get("geometries") if tree.get("type") == "GeometryCollection" else [tree]
    if not isinstance(parts, list) or not parts:
        raise Malformed(
            Reason.BAD_GEOMETRY, where="geometry", detail="the collection has no geometry"
        )
    flat = _flat_layer(found, report)
    made = []
    for number, one in enumerate(parts, start=1):
        place = f"geometry {number}"
        part = ed.mapping(one, place)
        layer = part.get("layer") if isinstance(part.get("layer"), Mapping) else flat
        lower, upper = (_limit(layer or {}, side, f"{place}, layer") for side in ("lower", "upper"))
        shape = _shape(part, place, found.where, report)
        made.append(ZoneVolume(shape, lower, upper, Edge.LONLAT, extras=_layer_extras(part, layer)))
    return tuple(made)


def _flat_layer(found: ed.Taken, report: Report) -> Mapping[str, Any] | None:
    """Limits where national files put them: in `verticalLayer`, or flat among the properties."""
    layer = found.tree.get("verticalLayer")
    if isinstance(layer, Mapping):
        found.asked.add("verticalLayer")
        report.repaired(found.where, "the limits stand in properties.verticalLayer")
        return layer
    names = ("lower", "upper", "lowerReference", "upperReference", "uom", "UOM")
    flat = {key: found.tree[key] for key in names if found.tree.get(key) is not None}
    if flat:
        found.asked.update(names)
        report.repaired(found.where, "the limits stand flat among the properties")
    return flat or None


def _limit(layer: Mapping[str, Any], side: str, where: str) -> Limit:
    value = layer.get(side)
    if value is None or value == "":
        return Limit()
    unit = layer.get("uom") or layer.get("UOM") or "m"
    reference = layer.get(f"{side}Reference")
    if reference is None:
        raise Malformed(
            Reason.MISSING_FIELD,
            where=f"{where}.{side}Reference",
            detail=f"the {side} limit does not say what it is measured from",
            remedy="Give AGL, AMSL or WGS84; it is never guessed",
        )
    return Limit(height(value, unit, reference, where=f"{where}.{side}"))


def _layer_extras(part: Mapping[str, Any], layer: Any) -> tuple[Extra, ...]:
    known = ("type", "coordinates", "extent", "layer", "geometries")
    made = [
        Extra(f"ed318:{key}", json_text.dump(one)) for key, one in part.items() if key not in known
    ]
    limits = ("lower", "upper", "lowerReference", "upperReference", "uom", "UOM")
    others = layer.items() if isinstance(layer, Mapping) else ()
    made.extend(
        Extra(f"ed318.layer:{key}", json_text.dump(one)) for key, one in others if key not in limits
    )
    return tuple(made)


def _shape(part: Mapping[str, Any], place: str, where: str, report: Report) -> Shape:
    if part.get("type") == "Point":
        extent = ed.mapping(part.get("extent"), f"{place}, extent")
        radius = extent.get("radius")
        if (
            extent.get("subType") != "Circle"
            or isinstance(radius, bool)
            or not isinstance(radius, (int, float))
        ):
            raise Malformed(
                Reason.BAD_GEOMETRY,
                where=f"{place}, extent",
                detail="a point needs the extent of a circle",
            )
        if not 0 < radius <= 10_000_000:
            raise Malformed(
                Reason.BAD_GEOMETRY, where=f"{place}, extent", detail=f"{radius} m is not a radius"
            )
        return Circle(read_pair(part.get("coordinates"), where=place), round(radius * 1000))
    notes: list[str] = []
    shape = read_area(part, where=place, notes=notes)
    report.repairs(f"{where}, {one}" for one in notes)
    return shape

"""How zones are written as ED-318, held to its schema. Reading is `ed318.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import Altitude, Datum, Unit
from truceline.geo.flatten import flatten
from truceline.geo.geojson import pair, ring_coordinates
from truceline.geo.schedule import Day, Moment, Period, SunTime
from truceline.geo.volume import Circle, Edge, MultiPolygon, Polygon, Shape
from truceline.zones.boundary import (
    Extra,
    Rule,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    area_of,
)
from truceline.zones.formats import ed, json_text
from truceline.zones.formats.limits import clock_text
from truceline.zones.formats.reading import (
    Loss,
    Written,
    joined_volumes,
    lost_dataset,
    lost_extras,
    lost_fields,
    shared_dataset,
)

FORMAT = "ed318"
MAX_TEXT = 200
TEXTS = "truceline_texts"
"""Where texts that had to be cut stand whole, within `extendedProperties`."""

TYPES = ("USPACE", "PROHIBITED", "REQ_AUTHORIZATION", "CONDITIONAL", "NO_RESTRICTION")
_TYPE_OF = {
    ZoneKind.NO_FLY: "PROHIBITED",
    ZoneKind.RESTRICTED: "REQ_AUTHORIZATION",
    ZoneKind.INFORMATION: "NO_RESTRICTION",
}
_DATUMS = (Datum.AGL, Datum.AMSL, Datum.WGS84)


def write(zones: tuple[ZoneContent, ...]) -> Written:
    """Return the zones as an ED-318 collection that the official schema takes."""
    features: list[dict[str, Any]] = []
    losses: list[Loss] = []
    for content in zones:
        lost = ed.Losses(content.code)
        if content.unresolved:
            lost("zone", "it has no geometry and was left out")
        else:
            features.append(_feature(content, lost))
            lost.found += lost_fields(content, kept=ed.KEPT, kept_of_volume=ed.KEPT_OF_VOLUME)
            lost.found += lost_extras(content, "ed318")
        losses += lost.found
    dataset, apart = shared_dataset(zones, "ed318")
    losses += [*apart, *lost_dataset(zones, "ed318")]
    tree = (
        {"type": "FeatureCollection"}
        | ed.put_back(_valid_dataset(dataset, losses), "ed318")
        | {"features": features}
    )
    return Written(json_text.dump(tree).encode() + b"\n", tuple(losses))


def _feature(content: ZoneContent, lost: ed.Losses) -> dict[str, Any]:
    volumes, left = joined_volumes(content)
    lost.found += left
    geometries = [_geometry(one, number, lost) for number, one in enumerate(volumes, start=1)]
    return {
        "type": "Feature",
        **{
            key: one
            for key, one in ed.put_back(content.extras, "ed318.feature").items()
            if _fits(key, one)
        },
        "geometry": geometries[0]
        if len(geometries) == 1
        else {"type": "GeometryCollection", "geometries": geometries},
        "properties": _properties(content, lost),
    }


def _fits(key: str, value: Any) -> bool:
    return (key == "id" and isinstance(value, (str, int, float))) or key not in ("id", "bbox")


def _properties(content: ZoneContent, lost: ed.Losses) -> dict[str, Any]:
    whole: dict[str, Any] = {}

    def texts(words: tuple[Text, ...], name: str) -> list[dict[str, str]]:
        if "." not in name and any(len(one.text) > MAX_TEXT for one in words):
            whole[name] = [{"text": one.text, "lang": one.lang or "und"} for one in words]
        return [_text(one, name, lost) for one in words]

    tree: dict[str, Any] = {
        "identifier": ed.short_identifier(content),
        "country": ed.country(content, lost),
        "type": _type(content, lost),
        "variant": "CUSTOMIZED" if content.raw_kind("ed.variant") == "CUSTOMIZED" else "COMMON",
        "zoneAuthority": [
            ed.authority_tree(one, texts, FORMAT, lost) for one in content.authorities
        ],
    }
    if tree["identifier"] != ed.identifier(content):
        lost(
            "identifier",
            f"{ed.identifier(content)!r} has more than seven characters; {tree['identifier']} was written",
        )
    for number, one in enumerate(tree["zoneAuthority"], start=1):
        if "purpose" not in one:
            one["purpose"] = "INFORMATION"
            lost(f"zoneAuthority {number}", "the purpose is required; INFORMATION was written")
    if not tree["zoneAuthority"]:
        tree["zoneAuthority"] = [{"purpose": "INFORMATION"}]
        lost("zoneAuthority", "one is required; an empty one was written")
    named = (
        ("name", content.names),
        ("otherReasonInfo", content.reason_texts),
        ("message", content.messages),
    )
    tree |= {key: texts(words, key) for key, words in named if words}
    tree |= _rest(content, lost)
    extended = (
        (ed.extended(content, FORMAT) or {}) | _unknown(content) | ({TEXTS: whole} if whole else {})
    )
    return tree | ({"extendedProperties": extended} if extended else {})


def _unknown(content: ZoneContent) -> dict[str, Any]:
    """Properties that the schema does not know travel on in `extendedProperties`."""
    found = ed.put_back(content.extras, FORMAT)
    return {key: one for key, one in found.items() if key != "dataSource" or not _valid_source(one)}


def _valid_source(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("originator", {}), Mapping)


def _rest(content: ZoneContent, lost: ed.Losses) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    reasons = [one for one in content.reasons if one in ed.REASONS or one == "DAR"][:9]
    if len(reasons) < len(content.reasons):
        lost("reason", "a reason that ED-318 does not list")
    if reasons:
        tree["reason"] = reasons
    if content.rule.conditions:
        tree["restrictionConditions"] = content.rule.conditions[0].text
    if len(content.rule.conditions) > 1 or any(one.lang for one in content.rule.conditions):
        lost("restrictionConditions", "one text without a language is kept")
    if replace(content.rule, conditions=(), regulation_exemption=None) != Rule():
        lost("rule", "who is bound, what is restricted and who is exempt")
    if content.rule.regulation_exemption is not None:
        tree["regulationExemption"] = "YES" if content.rule.regulation_exemption else "NO"
    if (number := ed.region(content)) is not None:
        tree["region"] = number
    source = ed.put_back(content.extras, FORMAT).get("dataSource")
    if _valid_source(source):
        tree["dataSource"] = source
    periods = [_period(one, lost) for one in content.applicability]
    return tree | ({"limitedApplicability": periods} if any(periods) else {})


def _type(content: ZoneContent, lost: ed.Losses) -> str:
    raw = content.raw_kind("ed318.type") or content.raw_kind("ed269.restriction").replace(
        "ISATION", "IZATION"
    )
    if raw in TYPES:
        return raw
    made = _TYPE_OF.get(content.kind, "CONDITIONAL")
    if content.kind not in (ZoneKind.NO_FLY, ZoneKind.RESTRICTED, ZoneKind.INFORMATION):
        lost("kind", f"{content.kind} is written as {made}")
    return made


def _text(one: Text, name: str, lost: ed.Losses) -> dict[str, str]:
    if len(one.text) > MAX_TEXT:
        lost(name, f"cut to {MAX_TEXT} characters; other readers do not see the rest")
    if len(one.lang) > 5:
        lost(name, f"the language {one.lang!r} is cut to five characters")
    return {"text": one.text[:MAX_TEXT], "lang": one.lang[:5] or "und"}


def _period(period: Period, lost: ed.Losses) -> dict[str, Any]:
    ed.lost_of_period(period, lost)
    days = [
        {
            "day": [str(one) for one in daily.days if one is not Day.HOLIDAY] or ["ANY"],
            **_moment("start", daily.start),
            **_moment("end", daily.end),
        }
        for daily in period.schedule
    ]
    return ed.window_tree(period) | ({"schedule": days} if days else {})


def _moment(side: str, at: Moment | None) -> dict[str, str]:
    if isinstance(at, SunTime):
        return {f"{side}Event": str(at.event)}
    clock = ed.fixed(at)
    return {f"{side}Time": clock_text(clock)} if clock else {}


def _geometry(volume: ZoneVolume, number: int, lost: ed.Losses) -> dict[str, Any]:
    shape = volume.shape
    if volume.edge is not Edge.LONLAT and not isinstance(shape, Circle):
        shape = area_of(flatten(shape, edge=volume.edge))
        if shape != volume.shape:
            lost(
                f"volume {number}",
                f"{volume.edge} edges are drawn with vertices added, within a metre",
            )
    elif not isinstance(shape, (Polygon, MultiPolygon, Circle)):
        shape = area_of(flatten(shape, edge=volume.edge))
        lost(f"volume {number}", "the curved shape is drawn with vertices, within a metre")
    tree = _coordinates(shape)
    layer = _layer(volume, number, lost) | ed.put_back(volume.extras, "ed318.layer")
    return ed.put_back(volume.extras, FORMAT) | tree | ({"layer": layer} if layer else {})


def _coordinates(shape: Shape) -> dict[str, Any]:
    match shape:
        case Circle():
            extent = {"subType": "Circle", "radius": shape.radius_mm / 1000}
            return {"type": "Point", "coordinates": pair(shape.centre), "extent": extent}
        case MultiPolygon():
            return {"type": "MultiPolygon", "coordinates": [_rings(one) for one in shape.polygons]}
        case Polygon():
            return {"type": "Polygon", "coordinates": _rings(shape)}
        case _:
            raise Malformed(Reason.BAD_GEOMETRY, detail="the shape must be flattened first")


def _rings(polygon: Polygon) -> list[Any]:
    return [ring_coordinates(ring) for ring in (polygon.outer, *polygon.holes)]


def _layer(volume: ZoneVolume, number: int, lost: ed.Losses) -> dict[str, Any]:
    found: dict[str, Altitude] = {}
    for side, limit in (("lower", volume.lower), ("upper", volume.upper)):
        if limit.geoid or limit.inclusive is not None or limit.text:
            lost(f"volume {number}, {side}", "geoid, inclusion and words of the limit are not kept")
        at = limit.altitude
        if at is not None and at.datum is Datum.SFC:
            at = Altitude(0, Datum.AGL, at.unit)
        if at is not None and at.datum not in _DATUMS:
            lost(
                f"volume {number}, {side}",
                f"a limit above {at.datum} is left out; the zone is written larger",
            )
        elif at is not None:
            found[side] = at
    units = {one.unit for one in found.values()}
    if len(units) > 1:
        lost(f"volume {number}", "one unit serves both limits; metres were written")
    unit = units.pop() if len(units) == 1 else Unit.M
    layer: dict[str, Any] = {}
    for side, at in found.items():
        layer |= {side: Altitude(at.mm, at.datum, unit).as_given, f"{side}Reference": str(at.datum)}
    return layer | ({"uom": str(unit)} if layer else {})


def _valid_dataset(dataset: tuple[Extra, ...], losses: list[Loss]) -> tuple[Extra, ...]:
    """The document's own fields, less those that the schema would refuse."""
    kept = []
    for one in dataset:
        name = one.key.partition(":")[2]
        value = json_text.parse_text(one.json, where=one.key)
        if name == "metadata" and isinstance(value, Mapping):
            good = {key: field for key, field in value.items() if _valid_metadata(key, field)}
            losses += [
                Loss("(document)", f"metadata.{key}", "the schema refuses its value")
                for key in value
                if key not in good
            ]
            kept.append(Extra(one.key, json_text.dump(good)))
        elif _valid_member(name, value):
            kept.append(one)
        else:
            losses.append(Loss("(document)", name, "the schema refuses its value"))
    return tuple(kept)


def _valid_member(name: str, value: Any) -> bool:
    match name:
        case "name":
            return isinstance(value, str) and len(value) <= MAX_TEXT
        case "bbox":
            return (
                isinstance(value, list)
                and len(value) >= 4
                and all(_is_number(one) for one in value)
            )
        case "metadata":
            return False
        case _:
            return True


def _valid_metadata(name: str, value: Any) -> bool:
    if name in ("validFrom", "validTo", "issued", "otherGeoid"):
        return isinstance(value, str)
    if name in ("provider", "description", "technicalLimitations"):
        return isinstance(value, list) and all(_is_text(one) for one in value)
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    text, lang = value.get("text", ""), value.get("lang")
    return (
        isinstance(text, str) and len(text) <= MAX_TEXT and isinstance(lang, str) and len(lang) <= 5
    )

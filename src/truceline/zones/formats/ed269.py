"""Zones as EUROCAE ED-269, the older JSON of UAS zones.

Both wrappers are read (`features`, and `UASZoneList`). Coordinates are longitude
first, as in every file seen. Limits are whole metres or feet above ground or sea, so
that other limits are written outwards (the zone larger, never smaller) and named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import Altitude, Datum, Unit
from truceline.geo.flatten import flatten
from truceline.geo.geojson import pair, read_pair, read_polygon, ring_coordinates
from truceline.geo.schedule import ClockTime, Day, Moment, Period
from truceline.geo.volume import Circle, Edge, MultiPolygon, Polygon, Shape
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
    area_of,
    polygons_of,
)
from truceline.zones.formats import ed, json_text
from truceline.zones.formats.limits import clock_text, height
from truceline.zones.formats.reading import (
    MAX_FEATURES,
    Loss,
    Reading,
    Report,
    Written,
    check_size,
    joined_volumes,
    lost_dataset,
    lost_extras,
    lost_fields,
    original_of,
    shared_dataset,
)

FORMAT = "ed269"
MEDIA_TYPE = "application/json"

RESTRICTIONS = ("PROHIBITED", "REQ_AUTHORISATION", "CONDITIONAL", "NO_RESTRICTION")
_RESTRICTION_OF = {
    ZoneKind.NO_FLY: "PROHIBITED",
    ZoneKind.RESTRICTED: "REQ_AUTHORISATION",
    ZoneKind.INFORMATION: "NO_RESTRICTION",
}
_FEET_OR_METRES = {Unit.FT: "FT", Unit.FL: "FT", Unit.M: "M"}
_LISTS = ("features", "UASZoneList")


def looks_like(tree: Any) -> bool:
    """Say whether parsed JSON is ED-269."""
    if not isinstance(tree, Mapping):
        return False
    if isinstance(tree.get("UASZoneList"), list):
        return True
    listed = tree.get("features")
    first = listed[0] if isinstance(listed, list) and listed else None
    return isinstance(first, Mapping) and isinstance(first.get("geometry"), list)


def read(data: bytes, *, name: str = "zones.json") -> Reading:
    """Return the zones of an ED-269 document, with a report by feature."""
    check_size(data, name)
    tree = json_text.parse(data, where=name)
    wrapper = next(
        (key for key in _LISTS if isinstance(tree, Mapping) and isinstance(tree.get(key), list)),
        None,
    )
    if wrapper is None or len(tree[wrapper]) > MAX_FEATURES:
        raise Malformed(
            Reason.BAD_FORMAT,
            where=name,
            detail="not ED-269: neither features nor UASZoneList is a list",
        )
    dataset = tuple(
        Extra(f"ed269:{key}", json_text.dump(one)) for key, one in tree.items() if key != wrapper
    )
    if wrapper != _LISTS[0]:
        dataset = (*dataset, Extra("ed269:", json_text.dump(wrapper)))
    original = original_of(data, name=name, media_type=MEDIA_TYPE, dataset=dataset)
    report, zones = Report(), list[ZoneContent]()
    for number, feature in enumerate(tree[wrapper], start=1):
        where = f"feature {number}"
        with report.feature(where):
            place = replace(original, place=f"{wrapper}[{number - 1}]")
            report.take(_zone(ed.mapping(feature, where), place, where, report), where, zones)
    return Reading(tuple(zones), tuple(report.notes), FORMAT, original.sha256)


def write(zones: tuple[ZoneContent, ...]) -> Written:
    """Return the zones as an ED-269 document."""
    features: list[dict[str, Any]] = []
    losses: list[Loss] = []
    for content in zones:
        lost = ed.Losses(content.code)
        if content.unresolved:
            lost("zone", "it has no geometry and was left out")
        else:
            features.append(_feature(content, lost))
            lost.found += lost_fields(content, kept=ed.KEPT, kept_of_volume=ed.KEPT_OF_VOLUME)
            lost.found += lost_extras(content, FORMAT)
        losses += lost.found
    dataset, apart = shared_dataset(zones, FORMAT)
    losses += [*apart, *lost_dataset(zones, FORMAT)]
    around = ed.put_back(dataset, FORMAT)
    wrapper = around.pop("", "features")
    return Written(json_text.dump(around | {wrapper: features}).encode() + b"\n", tuple(losses))


# -- reading --------------------------------------------------------------------


def _zone(
    feature: Mapping[str, Any], original: Original, where: str, report: Report
) -> ZoneContent:
    found = ed.Taken(feature, where, report, FORMAT)
    code = found.text("identifier")
    named = f"{where} ({code})" if code else where
    found.where = named
    kept, extended = ed.read_extended(found)
    periods, odd = ed.read_periods(found.listed("applicability"), named, report, FORMAT)
    ids = (
        ("ed.identifier", code),
        ("ed.country", found.text("country")),
        ("ed.region", found.text("region")),
    )
    uspace = found.raw("uSpaceClass")
    raw = (
        ("ed269.restriction", found.text("restriction")),
        ("ed.variant", found.text("type")),
        ("ed269.uSpaceClass", "" if uspace is None else json_text.dump(uspace)),
    )
    return ZoneContent(
        code=kept or code or original.place,
        kind=ed.KIND_OF.get(raw[0][1], ZoneKind.OTHER),
        names=found.texts("name"),
        ids=tuple(Named(scheme, one) for scheme, one in ids if one),
        raw_kinds=tuple(Named(scheme, one) for scheme, one in raw if one),
        reasons=tuple(str(one) for one in found.listed("reason")),
        reason_texts=found.texts("otherReasonInfo"),
        messages=found.texts("message"),
        rule=Rule(
            conditions=found.texts("restrictionConditions"),
            regulation_exemption=ed.yes_no(found.text("regulationExemption")),
        ),
        authorities=ed.read_authorities(found.listed("zoneAuthority"), named, report, FORMAT),
        volumes=tuple(
            _volume(one, f"geometry {number}", named, report)
            for number, one in enumerate(found.listed("geometry"), start=1)
        ),
        applicability=periods,
        extras=(*found.left(), *extended, *odd),
        original=original,
    )


def _volume(value: Any, place: str, where: str, report: Report) -> ZoneVolume:
    found = ed.Taken(ed.mapping(value, place), f"{where}, {place}", report, FORMAT)
    unit = found.text("uomDimensions") or "M"
    limits = []
    for side in ("lower", "upper"):
        reference, number = found.text(f"{side}VerticalReference"), found.tree.get(f"{side}Limit")
        found.asked.add(f"{side}Limit")
        if number is None or number == "":
            limits.append(Limit())
        else:
            limits.append(Limit(height(number, unit, reference, where=f"{place}, {side}Limit")))
    shape = _shape(found.raw("horizontalProjection"), place, where, report)
    return ZoneVolume(shape, limits[0], limits[1], Edge.LONLAT, extras=found.left())


def _shape(value: Any, place: str, where: str, report: Report) -> Shape:
    tree = ed.mapping(value, f"{place}, horizontalProjection")
    if tree.get("type") == "Circle":
        radius = tree.get("radius")
        if (
            isinstance(radius, bool)
            or not isinstance(radius, (int, float))
            or not 0 < radius <= 10_000_000
        ):
            raise Malformed(
                Reason.BAD_GEOMETRY, where=place, detail=f"{radius!r} is not a radius in metres"
            )
        return Circle(read_pair(tree.get("center"), where=f"{place}, center"), round(radius * 1000))
    if tree.get("type") != "Polygon":
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=place,
            detail=f"{tree.get('type')!r} is neither Circle nor Polygon",
        )
    notes: list[str] = []
    polygon = read_polygon(tree.get("coordinates"), where=place, notes=notes)
    report.repairs(f"{where}, {one}" for one in notes)
    return polygon


# -- writing --------------------------------------------------------------------


def _feature(content: ZoneContent, lost: ed.Losses) -> dict[str, Any]:
    def text(words: tuple[Text, ...], name: str) -> str:
        if len(words) > 1 or words[0].lang:
            lost(name, "one text without a language is kept")
        return words[0].text

    volumes, left = joined_volumes(content)
    lost.found += left
    if len(ed.identifier(content)) > ed.MAX_IDENTIFIER:
        lost(
            "identifier",
            "it has more than the seven characters of ED-269; it is written in full, as files in use do",
        )
    if ed.identifier(content) != content.code:
        lost("code", f"the identifier {ed.identifier(content)!r} is written")
    tree: dict[str, Any] = {
        "identifier": ed.identifier(content),
        "country": ed.country(content, lost),
        "type": content.raw_kind("ed.variant") or "COMMON",
        "restriction": _restriction(content, lost),
        "applicability": [_period(one, lost) for one in content.applicability]
        or [{"permanent": "YES"}],
        "zoneAuthority": [
            ed.authority_tree(one, text, FORMAT, lost) for one in content.authorities
        ],
        "geometry": [
            made
            for number, one in enumerate(volumes, start=1)
            for made in _geometries(one, number, lost)
        ],
    }
    named = (
        ("name", content.names),
        ("otherReasonInfo", content.reason_texts),
        ("message", content.messages),
    )
    tree |= {key: text(words, key) for key, words in named if words}
    return ed.put_back(content.extras, FORMAT) | tree | _rest(content, lost)


def _rest(content: ZoneContent, lost: ed.Losses) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    allowed = (*ed.REASONS, "FOREIGN_TERRITORY")
    reasons = [one for one in content.reasons if one in allowed]
    if len(reasons) < len(content.reasons):
        lost("reason", "a reason that ED-269 does not list")
    if reasons:
        tree["reason"] = reasons
    conditions = content.rule.conditions
    if conditions:
        texts = [one.text for one in conditions]
        tree["restrictionConditions"] = texts[0] if len(texts) == 1 else texts
    if any(one.lang for one in conditions):
        lost("restrictionConditions", "the languages of its texts")
    if replace(content.rule, conditions=(), regulation_exemption=None) != Rule():
        lost("rule", "who is bound, what is restricted and who is exempt")
    if content.rule.regulation_exemption is not None:
        tree["regulationExemption"] = "YES" if content.rule.regulation_exemption else "NO"
    if (number := ed.region(content)) is not None:
        tree["region"] = number
    if uspace := content.raw_kind("ed269.uSpaceClass"):
        tree["uSpaceClass"] = json_text.parse_text(uspace, where="uSpaceClass")
    extended = ed.extended(content, FORMAT)
    return tree | ({"extendedProperties": extended} if extended else {})


def _restriction(content: ZoneContent, lost: ed.Losses) -> str:
    raw = content.raw_kind("ed269.restriction") or content.raw_kind("ed318.type").replace(
        "IZATION", "ISATION"
    )
    if raw in RESTRICTIONS:
        return raw
    made = _RESTRICTION_OF.get(content.kind, "CONDITIONAL")
    if raw or content.kind not in (ZoneKind.NO_FLY, ZoneKind.RESTRICTED, ZoneKind.INFORMATION):
        lost("kind", f"{raw or content.kind} is written as {made}")
    return made


def _period(period: Period, lost: ed.Losses) -> dict[str, Any]:
    ed.lost_of_period(period, lost)
    permanent = period.permanent
    if permanent is None:
        permanent = period.window.start is None and period.window.end is None
    days = [
        {
            "day": [str(one) for one in daily.days if one is not Day.HOLIDAY] or ["ANY"],
            "startTime": _clock(daily.start, ClockTime(0), lost),
            "endTime": _clock(daily.end, ClockTime(86_399_990_000), lost),
        }
        for daily in period.schedule
    ]
    return (
        {"permanent": "YES" if permanent else "NO"}
        | ed.window_tree(period)
        | ({"schedule": days} if days else {})
    )


def _clock(at: Moment | None, otherwise: ClockTime, lost: ed.Losses) -> str:
    clock = ed.fixed(at)
    if at is not None and clock is None:
        lost("schedule", "ED-269 has no sun events and no named clocks; the whole day is written")
    if clock is not None and (clock.micros % 10_000 or clock.micros >= 86_400_000_000):
        lost("schedule", "times are written to the hundredth of a second, before midnight")
    found = clock or otherwise
    zone = found.zone.replace(":", "")  # hhmm, as ED-269 and the programs that read it have it
    return clock_text(ClockTime(min(found.micros, 86_399_990_000), zone), decimals=True)


def _geometries(volume: ZoneVolume, number: int, lost: ed.Losses) -> list[dict[str, Any]]:
    shape = volume.shape
    if not isinstance(shape, Circle):
        flat = area_of(flatten(shape, edge=volume.edge))
        if flat != shape:
            lost(
                f"volume {number}",
                f"curves and {volume.edge} edges are drawn with vertices added, within a metre",
            )
        shape = flat
    if isinstance(shape, MultiPolygon):
        lost(f"volume {number}", f"it became {len(shape.polygons)} volumes")
    limits = _limits(volume, number, lost)
    return [
        ed.put_back(volume.extras, FORMAT) | limits | {"horizontalProjection": one}
        for one in _projections(shape)
    ]


def _projections(shape: Circle | Polygon | MultiPolygon) -> list[dict[str, Any]]:
    if isinstance(shape, Circle):
        return [{"type": "Circle", "center": pair(shape.centre), "radius": shape.radius_mm / 1000}]
    return [
        {
            "type": "Polygon",
            "coordinates": [ring_coordinates(ring) for ring in (one.outer, *one.holes)],
        }
        for one in polygons_of(shape)
    ]


def _limits(volume: ZoneVolume, number: int, lost: ed.Losses) -> dict[str, Any]:
    units = {
        _FEET_OR_METRES[one.altitude.unit] for one in (volume.lower, volume.upper) if one.altitude
    }
    unit = units.pop() if len(units) == 1 else "M"
    if units:
        lost(f"volume {number}", "one unit serves both limits; metres were written")
    tree: dict[str, Any] = {"uomDimensions": unit}
    for side, limit in (("lower", volume.lower), ("upper", volume.upper)):
        if limit.geoid or limit.inclusive is not None or limit.text:
            lost(f"volume {number}, {side}", "geoid, inclusion and words of the limit are not kept")
        at = limit.altitude
        if at is not None and at.datum not in (Datum.SFC, Datum.AGL, Datum.AMSL):
            lost(
                f"volume {number}, {side}",
                f"a limit above {at.datum} is left out; the zone is written larger",
            )
            at = None
        tree[f"{side}VerticalReference"] = "AMSL" if at and at.datum is Datum.AMSL else "AGL"
        if at is not None:
            tree[f"{side}Limit"] = _whole(at, side, unit, number, lost)
    return tree


def _whole(at: Altitude, side: str, unit: str, number: int, lost: ed.Losses) -> int:
    """The limit as a whole number, rounded so that the zone is not made smaller."""
    value = Altitude(at.mm, at.datum, Unit.FT if unit == "FT" else Unit.M).as_given
    made = math.floor(value) if side == "lower" else math.ceil(value)
    if made != value:
        lost(f"volume {number}, {side}", f"{value} {unit} is written as {made}, outwards")
    return made

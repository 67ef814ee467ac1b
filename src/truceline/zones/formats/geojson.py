"""Zones as GeoJSON (RFC 7946), the format that analysts and maps use.

One feature is one volume of a zone: `id` the zone's code, properties `lower` and
`upper` as `{"value": 1500, "unit": "ft", "datum": "AMSL"}`, `kind`, `name` and
`name_<language>`, `active_from` and `active_to`, `edge`, `precision_m`,
`geometry_rule` where the boundary is words. Our own files also carry the zone
document in `truceline` (see `carried.py`). In any other file edges are straight in
longitude and latitude, as RFC 7946 (3.1.1) has it, and each feature is a zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.geo.geojson import area_geometry, read_area
from truceline.geo.schedule import Period
from truceline.geo.volume import Edge, MultiPolygon, Polygon, Window
from truceline.zones import document
from truceline.zones.boundary import (
    Extra,
    GeometryRule,
    Named,
    Original,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    area_of,
    polygons_of,
)
from truceline.zones.formats import json_text
from truceline.zones.formats.carried import (
    Face,
    Seen,
    check_beside,
    face,
    grouped,
    reconcile,
    shown_losses,
)
from truceline.zones.formats.limits import instant_text, limit_tree, read_instant, read_limit
from truceline.zones.formats.reading import (
    MAX_FEATURES,
    Loss,
    Reading,
    Report,
    Written,
    check_size,
    original_of,
    shared_dataset,
)

FORMAT = "geojson"
MEDIA_TYPE = "application/geo+json"

_NAME = re.compile(r"^name_([a-z]{2,3})$")
_CODES = ("zone_id", "code", "identifier", "id")
_OWN = frozenset(("zone", "volume", "truceline"))
_FACE = frozenset(("name", "kind", "lower", "upper"))
_WGS84 = ("CRS84", "4326", "4979", "OGC:84")
_KINDS = {str(kind): kind for kind in ZoneKind} | {
    "de_escalation_zone": ZoneKind.DE_ESCALATION,
    "security": ZoneKind.SECURITY,
    "no_fly_zone": ZoneKind.NO_FLY,
    "nofly": ZoneKind.NO_FLY,
    "buffer_zone": ZoneKind.BUFFER,
    "demilitarised_zone": ZoneKind.DEMILITARISED,
    "demilitarized": ZoneKind.DEMILITARISED,
    "corridor": ZoneKind.CORRIDOR,
    "deconfliction_zone": ZoneKind.DECONFLICTION,
}


@dataclass(frozen=True, slots=True)
class _Feature:
    """One feature of a document, and its number as people count."""

    tree: Mapping[str, Any]
    number: int

    @property
    def properties(self) -> Mapping[str, Any]:
        found = self.tree.get("properties")
        return found if isinstance(found, Mapping) else {}

    @property
    def where(self) -> str:
        named = self.tree.get("id", self.properties.get("zone_id"))
        return f"feature {self.number}" + (f" (id {named})" if named is not None else "")


def read(data: bytes, *, name: str = "zones.geojson") -> Reading:
    """Return the zones of a GeoJSON document, with a report by feature.

    Refuses the whole document when it is not GeoJSON, or not in WGS 84; refuses a
    feature without a usable area, and says why.
    """
    check_size(data, name)
    tree = json_text.parse(data, where=name)
    features = _features(tree, name)
    dataset = _others("geojson", tree, ("type", "features", "geometry", "properties", "id"))
    original = original_of(
        data, name=name, media_type=MEDIA_TYPE, dataset=dataset if "features" in tree else ()
    )
    report, zones = Report(), list[ZoneContent]()
    if any(_overprecise(one.tree.get("geometry")) for one in features[:50]):
        report.noted(name, "coordinates are kept to 1e-7 degree (11 mm); finer digits were rounded")
    for group in _groups(features):
        with report.feature(group[0].where):
            report.take(_zone(group, original, report), group[0].where, zones)
    return Reading(tuple(zones), tuple(report.notes), FORMAT, original.sha256)


def write(zones: tuple[ZoneContent, ...]) -> Written:
    """Return the zones as a feature collection that RFC 7946 readers take."""
    features = [one for content in zones for one in features_of(content)]
    losses: list[Loss] = [loss for content in zones for loss in shown_losses(content)]
    dataset, apart = shared_dataset(zones, "geojson")
    tree = {"type": "FeatureCollection", **_put_back(dataset, "geojson"), "features": features}
    return Written(json_text.dump(tree).encode() + b"\n", (*losses, *apart))


def features_of(content: ZoneContent, *, whole: bool = True) -> list[dict[str, Any]]:
    """Return a zone's features; `whole` puts the zone document into the first."""
    shown = face(content)
    several = len(shown.seen) > 1
    made = []
    for number, seen in enumerate(shown.seen, start=1):
        properties = _properties(content, seen) | _put_back(content.extras, "geojson")
        if several:
            properties |= {"zone": content.code, "volume": number}
        if whole and number == 1:
            properties["truceline"] = document.to_tree(content)
        made.append(
            {
                "type": "Feature",
                "id": f"{content.code}#{number}" if several else content.code,
                **_put_back(content.extras, "geojson.feature"),
                "geometry": area_geometry(seen.area) | _put_back(content.extras, "geojson.geometry")
                if seen.area
                else None,
                "properties": properties,
            }
        )
    return made


def _properties(content: ZoneContent, seen: Seen) -> dict[str, Any]:
    made: dict[str, Any] = {"name": content.name(), "kind": str(content.kind)}
    made |= {
        f"name_{one.lang}": one.text for one in content.names if re.match(r"^[a-z]{2,3}$", one.lang)
    }
    made |= {"lower": limit_tree(seen.lower), "upper": limit_tree(seen.upper)}
    if content.volumes:
        made["edge"] = str(content.volumes[0].edge)
    if len(content.applicability) == 1 and not content.applicability[0].schedule:
        window = content.applicability[0].window
        made |= {"active_from": instant_text(window.start)} if window.start else {}
        made |= {"active_to": instant_text(window.end)} if window.end else {}
    if content.precision_mm is not None:
        made["precision_m"] = content.precision_mm / 1000
    if content.geometry_rule:
        made["geometry_rule"] = {one.lang or "und": one.text for one in content.geometry_rule.texts}
    return made


def _put_back(extras: tuple[Extra, ...], source: str) -> dict[str, Any]:
    """Fields that came from such a document and were not interpreted, as they stood."""
    return {
        key: json_text.parse_text(one.json, where=one.key)
        for one in extras
        for prefix, _, key in [one.key.partition(":")]
        if prefix == source
    }


# -- reading --------------------------------------------------------------------


def _features(tree: Any, name: str) -> list[_Feature]:
    kind = tree.get("type") if isinstance(tree, dict) else None
    if kind == "Feature":
        tree = {"type": "FeatureCollection", "features": [tree]}
    elif kind in ("Polygon", "MultiPolygon", "GeometryCollection"):
        tree = {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "geometry": tree, "properties": {}}],
        }
    elif kind != "FeatureCollection":
        raise Malformed(
            Reason.BAD_FORMAT,
            where=name,
            detail=f"not GeoJSON: the type is {kind!r}",
            remedy="Send a FeatureCollection of polygons (RFC 7946)",
        )
    listed = tree.get("features")
    if not isinstance(listed, list) or len(listed) > MAX_FEATURES:
        raise Malformed(
            Reason.BAD_FORMAT,
            where=name,
            detail=f"features must be a list of at most {MAX_FEATURES}",
        )
    _check_crs(tree.get("crs"), name)
    return [
        _Feature(one if isinstance(one, Mapping) else {}, number)
        for number, one in enumerate(listed, start=1)
    ]


def _check_crs(crs: Any, name: str) -> None:
    """Only WGS 84: `crs` is of the old GeoJSON of 2008, and still written by some programs."""
    if crs is None:
        return
    text = json_text.dump(crs)
    if not any(word in text for word in _WGS84):
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=f"{name}, crs",
            detail=f"the coordinates are in {text[:120]}, not in WGS 84",
            remedy="Convert the file to WGS 84 (EPSG:4326, longitude first) and read it again",
        )


def _groups(features: list[_Feature]) -> list[list[_Feature]]:
    """Features of one zone together: those we wrote say their zone and volume number."""
    items: list[tuple[str, int, _Feature]] = []
    for one in features:
        zone, volume = one.properties.get("zone"), one.properties.get("volume")
        if isinstance(zone, str) and isinstance(volume, int):
            items.append((f"zone {zone}", volume, one))
        else:
            items.append((f"feature {one.number}", 1, one))
    return list(grouped(items).values())


def _zone(group: list[_Feature], original: Original, report: Report) -> ZoneContent:
    first = group[0]
    if first.tree.get("type") != "Feature":
        raise Malformed(Reason.BAD_FORMAT, detail="not a GeoJSON feature")
    seen = tuple(part for one in group for part in _seen(one, report))
    carried = _carried(first, report)
    if carried is not None:
        beside = _properties(carried, face(carried).seen[0])
        check_beside(
            {key: one for key, one in beside.items() if key not in _FACE}, first.properties
        )
        kind = first.properties.get("kind")
        name = first.properties.get("name")
        shown = Face(
            name if isinstance(name, str) else "", kind if isinstance(kind, str) else "", seen
        )
        return _with_extras(
            reconcile(carried, shown, where=first.where, report=report), first, report
        )
    return _foreign(first, seen, original, report)


def _carried(feature: _Feature, report: Report) -> ZoneContent | None:
    tree = feature.properties.get("truceline")
    if tree is None:
        return None
    try:
        return document.from_tree(tree)
    except TrucelineError as error:
        report.repaired(
            feature.where,
            f"its zone document could not be read ({error.detail}); the feature counts",
        )
        return None


def _with_extras(content: ZoneContent, feature: _Feature, report: Report) -> ZoneContent:
    """The content with the uninterpreted fields as they stand now: an editor may have changed one."""
    written = _properties(content, face(content).seen[0]).keys() | _OWN
    now = _extras(
        feature, {key: one for key, one in feature.properties.items() if key not in written}
    )
    others = tuple(one for one in content.extras if not one.key.startswith("geojson"))
    before = tuple(one for one in content.extras if one.key.startswith("geojson"))
    if sorted(one.key + one.json for one in now) == sorted(one.key + one.json for one in before):
        return content
    report.repaired(
        feature.where, "properties were edited after Truceline wrote them; the edit counts"
    )
    return replace(content, extras=(*others, *now))


def _seen(feature: _Feature, report: Report) -> list[Seen]:
    limits = [read_limit(feature.properties.get(side), where=side) for side in ("lower", "upper")]
    return [Seen(area, limits[0], limits[1]) for area in _areas(feature, report)]


def _areas(feature: _Feature, report: Report) -> list[Polygon | MultiPolygon | None]:
    geometry = feature.tree.get("geometry")
    if geometry is None:
        return [None]
    notes: list[str] = []
    if isinstance(geometry, Mapping) and geometry.get("type") == "GeometryCollection":
        parts = geometry.get("geometries") or []
        found = [
            read_area(one, where=f"geometry {number}", notes=notes)
            for number, one in enumerate(parts, start=1)
        ]
        areas = (
            [area_of(polygon for one in found for polygon in polygons_of(one))] if found else [None]
        )
    else:
        areas = [read_area(geometry, where="geometry", notes=notes)]
    for note in notes:
        place, _, detail = note.partition(": ")
        report.repaired(f"{feature.where}, {place}", detail)
    if _has_heights(geometry):
        report.repaired(
            feature.where, "heights of vertices were left out: give limits as `lower` and `upper`"
        )
    return list(areas)


def _foreign(
    feature: _Feature, seen: tuple[Seen, ...], original: Original, report: Report
) -> ZoneContent:
    """A feature of somebody's file: what we know by name is read, the rest is kept verbatim."""
    known = dict(feature.properties)
    for own in _OWN:
        known.pop(own, None)
    edge, chosen = _edge(known.pop("edge", None))
    volumes = tuple(
        ZoneVolume(one.area, one.lower, one.upper, edge) for one in seen if one.area is not None
    )
    known.pop("lower", None)
    known.pop("upper", None)
    content = ZoneContent(
        code=_code(feature, known, report),
        kind=_KINDS.get(_word(known.get("kind")), ZoneKind.OTHER),
        names=_names(known),
        raw_kinds=(Named("geojson.kind", str(known["kind"])),)
        if isinstance(known.get("kind"), str)
        else (),
        ids=(Named("geojson.id", str(feature.tree["id"])),)
        if feature.tree.get("id") is not None
        else (),
        volumes=volumes,
        geometry_rule=_rule(known),
        applicability=_period(known, feature, report),
        precision_mm=_precision(known),
        edge_chosen=chosen,
        extras=_extras(feature, known),
        original=replace(original, place=f"features[{feature.number - 1}]"),
    )
    if (
        isinstance(known.get("kind"), str)
        and content.kind is ZoneKind.OTHER
        and known["kind"] != "other"
    ):
        report.noted(
            feature.where, f"the kind {known['kind']!r} is not one of ours; it is kept as it stands"
        )
    return content


def _code(feature: _Feature, known: dict[str, Any], report: Report) -> str:
    given = [feature.tree.get("id"), *(known.get(name) for name in _CODES)]
    for one in given:
        if isinstance(one, (str, int, float)) and not isinstance(one, bool) and str(one).strip():
            return str(one).strip()[:200]
    named = known.get("name")
    code = (
        str(named).strip()[:200]
        if isinstance(named, str) and named.strip()
        else f"zone-{feature.number}"
    )
    report.repaired(feature.where, f"it has no id; it is called {code!r}")
    return code


def _names(known: Mapping[str, Any]) -> tuple[Text, ...]:
    found = [
        Text(match[1], value)
        for key, value in known.items()
        if (match := _NAME.match(key)) and isinstance(value, str) and value
    ]
    plain = known.get("name")
    if isinstance(plain, Mapping):
        return tuple(Text(str(lang), str(text)) for lang, text in plain.items())
    if isinstance(plain, str) and plain and plain not in [one.text for one in found]:
        found.insert(0, Text("", plain))
    return tuple(found)


def _rule(known: Mapping[str, Any]) -> GeometryRule | None:
    rule = known.get("geometry_rule")
    if isinstance(rule, str) and rule.strip():
        return GeometryRule((Text("", rule),))
    if isinstance(rule, Mapping) and rule:
        return GeometryRule(tuple(Text(str(lang), str(text)) for lang, text in rule.items()))
    return None


def _edge(value: Any) -> tuple[Edge, bool]:
    if value is None:
        return Edge.LONLAT, False
    if not isinstance(value, str) or value not in set(Edge):
        raise Malformed(
            Reason.OUT_OF_RANGE, where="edge", detail=f"{value!r} is not one of {', '.join(Edge)}"
        )
    return Edge(value), True


def _period(known: Mapping[str, Any], feature: _Feature, report: Report) -> tuple[Period, ...]:
    found = []
    for key in ("active_from", "active_to"):
        value = known.get(key)
        at, assumed = read_instant(value, where=key) if value is not None else (None, False)
        if assumed:
            report.repaired(
                f"{feature.where}, {key}", "the time names no zone and was taken as UTC"
            )
        found.append(at)
    if found == [None, None]:
        return ()
    if found[0] and found[1] and found[0] >= found[1]:
        raise Malformed(Reason.BAD_TIME, where="active_to", detail="the end is not after the start")
    return (Period(Window(found[0], found[1])),)


def _precision(known: Mapping[str, Any]) -> int | None:
    value = known.get("precision_m")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1e7:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="precision_m", detail=f"{value!r} is not a number of metres"
        )
    return round(value * 1000)


def _extras(feature: _Feature, known: Mapping[str, Any]) -> tuple[Extra, ...]:
    read_here = {"name", "kind", "geometry_rule", "active_from", "active_to", "precision_m"}
    left = {key: one for key, one in known.items() if key not in read_here and not _NAME.match(key)}
    made = [Extra(f"geojson:{key}", json_text.dump(one)) for key, one in left.items()]
    made.extend(_others("geojson.feature", feature.tree, ("type", "id", "properties", "geometry")))
    geometry = feature.tree.get("geometry")
    if isinstance(geometry, Mapping):
        made.extend(_others("geojson.geometry", geometry, ("type", "coordinates", "geometries")))
    return tuple(made)


def _others(source: str, tree: Any, known: tuple[str, ...]) -> tuple[Extra, ...]:
    if not isinstance(tree, Mapping):
        return ()
    return tuple(
        Extra(f"{source}:{key}", json_text.dump(one))
        for key, one in tree.items()
        if key not in known
    )


def _word(value: Any) -> str:
    return (
        value.strip().lower().replace("-", "_").replace(" ", "_") if isinstance(value, str) else ""
    )


def _first_pair(geometry: Any) -> list[Any]:
    value = geometry.get("coordinates") if isinstance(geometry, Mapping) else None
    while isinstance(value, list) and value and isinstance(value[0], list):
        value = value[0]
    return value if isinstance(value, list) else []


def _has_heights(geometry: Any) -> bool:
    return len(_first_pair(geometry)) > 2


def _overprecise(geometry: Any) -> bool:
    return any(
        isinstance(one, json_text.Spelled) and len(one.text.partition(".")[2]) > 7
        for one in _first_pair(geometry)
    )

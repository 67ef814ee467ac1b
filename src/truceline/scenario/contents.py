"""Zone contents of the play: what `contents.toml` says, as the file that parties sign.

Nothing here is official. A polygon made of whole sub-districts says that it is
approximate; a ring that we drew says that it is illustrative. Both say so in the
content itself (`Extra` and message), so that it is under every signature.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from truceline.geo.altitude import SURFACE, Datum, Unit, altitude
from truceline.geo.position import from_degrees
from truceline.geo.volume import Edge, MultiPolygon, Polygon, Ring
from truceline.scenario import material
from truceline.zones import document
from truceline.zones.boundary import (
    NO_LIMIT,
    Extra,
    GeometryRule,
    Limit,
    Restriction,
    Rule,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    area_of,
)

APPROXIMATE = "truceline:approximate"
ILLUSTRATIVE = "truceline:illustrative"
INVENTED = "truceline:invented"


@cache
def content(name: str) -> ZoneContent:
    """Return the content of that name."""
    tree = material.contents()
    one: Mapping[str, Any] = tree["content"][name]
    shape, edge = _shape(one)
    return ZoneContent(
        code=one["zone"],
        kind=ZoneKind(one["kind"]),
        names=_words(one["name"]),
        messages=_messages(one, tree),
        rule=_rule(one, tree),
        volumes=(ZoneVolume(shape=shape, lower=_lower(one), upper=_upper(one), edge=edge),),
        geometry_rule=GeometryRule(_words(one["words"])) if "words" in one else None,
        places_included=tuple(one.get("includes", ())),
        places_excluded=tuple(one.get("excludes", ())),
        precision_mm=one["precision_m"] * 1000,
        edge_chosen=True,
        extras=tuple(Extra(key, "true") for key in _marks(one)),
    )


@cache
def encoded(name: str) -> bytes:
    """Return the bytes that parties sign the hash of."""
    return document.encode(content(name))


def _marks(one: Mapping[str, Any]) -> Iterator[str]:
    yield APPROXIMATE
    if "ring" in one:
        yield ILLUSTRATIVE
    if one.get("invented"):
        yield INVENTED


def _messages(one: Mapping[str, Any], tree: Mapping[str, Any]) -> tuple[Text, ...]:
    if "area" in one:
        return _words(tree["approx_note"])
    return _words(tree["ring_note"]) if "ring" in one else ()


def _rule(one: Mapping[str, Any], tree: Mapping[str, Any]) -> Rule:
    """Weapons end in every de-escalation area; flights only where the watch drills on it."""
    if one["kind"] != ZoneKind.DE_ESCALATION:
        return Rule()
    weapons = Restriction("all", "use_of_weapons", "any, aerial assets included")
    if not one.get("no_fly"):
        return Rule(restrictions=(weapons,))
    return Rule(
        restrictions=(weapons, Restriction("all", "flight")), conditions=_words(tree["rule_note"])
    )


def _words(texts: Mapping[str, str]) -> tuple[Text, ...]:
    return tuple(Text(lang, text) for lang, text in texts.items())


def _lower(one: Mapping[str, Any]) -> Limit:
    return Limit(SURFACE) if "upper_fl" in one else NO_LIMIT


def _upper(one: Mapping[str, Any]) -> Limit:
    return Limit(altitude(one["upper_fl"], Unit.FL, Datum.STD)) if "upper_fl" in one else NO_LIMIT


def _shape(one: Mapping[str, Any]) -> tuple[Polygon | MultiPolygon, Edge]:
    if "area" in one:
        return _area(one["area"]), Edge.GEODESIC
    if "ring" in one:
        numbers = one["ring"]
        return Polygon(_ring(zip(numbers[::2], numbers[1::2], strict=True))), Edge.GEODESIC
    south, west, north, east = one["box"]
    corners = ((south, west), (south, east), (north, east), (north, west))
    return Polygon(_ring(iter(corners))), Edge.LONLAT


def _area(zone: str) -> Polygon | MultiPolygon:
    """The polygon of a zone in the approximate file: longitude first, last corner repeated."""
    tree = json.loads(material.file("zones/syria_2017_zones_approx.geojson"))
    found = next(one for one in tree["features"] if one["properties"]["zone_id"] == zone)
    shape = found["geometry"]
    pieces = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
    return area_of(
        Polygon(*_rings([_ring((lat, lon) for lon, lat in ring[:-1]) for ring in rings]))
        for rings in pieces
    )


def _rings(rings: list[Ring]) -> tuple[Ring, tuple[Ring, ...]]:
    return rings[0], tuple(rings[1:])


def _ring(corners: Iterator[tuple[float, float]]) -> Ring:
    return tuple(from_degrees(lat=lat, lon=lon) for lat, lon in corners)

"""Zone geometry for the map: contents flattened once, comparisons made once for each pair of hashes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import shapely

from truceline.api.floor import Floor
from truceline.errors import TrucelineError
from truceline.geo.geojson import area_geometry, polygon_coordinates
from truceline.geo.position import Position
from truceline.zones import comparison
from truceline.zones.boundary import ZoneContent
from truceline.zones.comparison import Comparison, People, Piece, limit_words
from truceline.zones.gazetteer import Crossing, Place

APPROXIMATE_MM = 10_000
"""A line known less well than 10 m is drawn as approximate."""


def geometry(floor: Floor, content: str) -> Mapping[str, Any] | None:
    """Return the GeoJSON geometry of a content; None for a rule in words."""

    def make() -> Mapping[str, Any] | None:
        shape = floor.installation.contents.geometry(content)
        if shape is None:
            return None
        wound = shapely.set_precision(shape, 1e-7, mode="pointwise")
        found: Mapping[str, Any] = json.loads(shapely.to_geojson(_wound(wound)))
        return found

    return floor.kept(("geometry", content), make)


def compared(floor: Floor, a: str, b: str) -> Comparison:
    """Return how two contents differ; sides are labelled by the caller, not here."""
    contents, gazetteer = floor.installation.contents, floor.gazetteer
    return floor.kept(
        ("comparison", a, b), lambda: comparison.compare(contents(a), contents(b), gazetteer)
    )


def content_facts(content: ZoneContent) -> dict[str, Any]:
    """Return what the map says of a content beside its geometry."""
    lowers = dict.fromkeys(limit_words(one.lower) for one in content.volumes)
    uppers = dict.fromkeys(limit_words(one.upper) for one in content.volumes)
    precision = content.precision_mm
    return {
        "kind": str(content.kind),
        "lower": " / ".join(lowers),
        "upper": " / ".join(uppers),
        "approximate": precision is not None and precision > APPROXIMATE_MM,
        "precision_m": None if precision is None else precision / 1000,
        "unresolved": content.unresolved,
        "rule": _rule(content),
    }


def facts_of_content(floor: Floor, content: str) -> dict[str, Any]:
    """Return `content_facts` of a hash; a content that cannot be read says so and no more."""
    try:
        return floor.kept(
            ("facts", content), lambda: content_facts(floor.installation.contents(content))
        )
    except TrucelineError as error:
        return {"unreadable": error.detail}


def piece_properties(piece: Piece) -> dict[str, Any]:
    """Return a disputed piece as the map and the panel show it."""
    return {
        "number": piece.number,
        "included_by": str(piece.included_by),
        "area_km2": round(piece.area_km2, 3),
        "greatest_m": round(piece.greatest_m),
        "places": [place(one) for one in piece.places],
        "subdistricts": [
            {
                "pcode": one.pcode,
                "name_en": one.name_en,
                "name_ar": one.name_ar,
                "share_ppm": one.share_ppm,
                "population": one.population,
            }
            for one in piece.subdistricts
        ],
        "crossings": [crossing_point(one) for one in piece.crossings],
        "roads": [one.name or one.code for one in piece.roads],
        **people(piece.people),
    }


def people(found: People) -> dict[str, Any]:
    """Return how many people a piece is about, and how that is known."""
    return {
        "population": found.counted if found.counted is not None else found.estimated,
        "population_counted": found.counted,
        "population_estimated": found.estimated,
        "places_without_count": found.places_without_count,
    }


def place(one: Place) -> dict[str, Any]:
    """Return a populated place."""
    return {
        "pcode": one.pcode,
        "name_en": one.name_en,
        "name_ar": one.name_ar,
        "lat": one.position.lat,
        "lon": one.position.lon,
        "population": one.population,
    }


def crossing_point(one: Crossing) -> dict[str, Any]:
    """Return a point that people pass."""
    return {
        "code": one.code,
        "name_en": one.name_en,
        "name_ar": one.name_ar,
        "kind": one.kind,
        "lat": one.position.lat,
        "lon": one.position.lon,
    }


def told(found: Comparison, a: str, b: str) -> dict[str, Any]:
    """Return a comparison for JSON, its sides named by the bodies."""
    gap = found.gap
    return {
        "verdict": str(found.verdict),
        "a": a,
        "b": b,
        "area_a_km2": _km2(found.area_a_km2),
        "area_b_km2": _km2(found.area_b_km2),
        "agreed_km2": _km2(found.agreed_km2),
        "disputed_km2": _km2(found.disputed_km2),
        "agreed": [
            {"type": "Polygon", "coordinates": polygon_coordinates(one)} for one in found.agreed
        ],
        "pieces": [
            {**piece_properties(one), "geometry": area_geometry(one.polygon)}
            for one in found.pieces
        ],
        "greatest": None
        if gap is None
        else {"metres": round(gap.metres), "from": _lonlat(gap.start), "to": _lonlat(gap.end)},
        "other_differences": list(found.other_differences),
        "settled_by": list(found.settled_by),
    }


def _rule(content: ZoneContent) -> dict[str, Any] | None:
    rule = content.geometry_rule
    if rule is None:
        return None
    return {
        "texts": {one.lang or "und": one.text for one in rule.texts},
        "reference": rule.reference,
        "from_m": None if rule.from_mm is None else rule.from_mm / 1000,
        "to_m": None if rule.to_mm is None else rule.to_mm / 1000,
        "places": list(rule.places),
    }


def _wound(shape: Any) -> Any:
    """Outer rings anticlockwise, as RFC 7946 asks."""
    return shapely.orient_polygons(shape, exterior_cw=False)


def _km2(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _lonlat(at: Position) -> dict[str, float]:
    return {"lat": at.lat, "lon": at.lon}

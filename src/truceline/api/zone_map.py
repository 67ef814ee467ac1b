"""The map of all zones as GeoJSON: lines in force, proposed and held, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from truceline.api import shapes
from truceline.api.answers import GEOJSON, encode, ready
from truceline.api.floor import Asked, Question
from truceline.api.zones import Seen, seen_zones
from truceline.errors import TrucelineError
from truceline.geo.geojson import area_geometry, polygon_coordinates
from truceline.zones import in_force
from truceline.zones.comparison import Side, Verdict
from truceline.zones.history import Position

router = APIRouter(tags=["zones"])


@router.get("/api/zones.geojson", response_class=Response)
def geojson(asked: Asked) -> Response:
    """Draw the zones: in force, proposed, each body's line, what is agreed and what disputed.

    Disputed pieces carry their area, populated places and people.
    """
    made = asked.kept("zones.geojson", lambda: _collection(asked))
    return ready(made, media_type=GEOJSON)


def _collection(asked: Question) -> bytes:
    features = [feature for one in seen_zones(asked) for feature in _features(one)]
    return encode({"type": "FeatureCollection", "features": features})


def _features(one: Seen) -> Iterator[dict[str, Any]]:
    adoption, forward, positions = one.adoption(), one.forward(), one.positions()
    if adoption is not None:
        yield _drawn(one, "in_force", adoption.content, adoption.index)
    if forward and (adoption is None or forward[-1].content != adoption.content):
        yield _drawn(one, "proposal", forward[-1].content, forward[-1].index, forward[-1].by)
    for position in positions:
        if position.line:
            yield _drawn(one, "position", position.line, position.index, position.body)
    yield from _differences(one, positions)


def _drawn(one: Seen, role: str, content: str, index: int, body: str = "") -> dict[str, Any]:
    facts = shapes.facts_of_content(one.asked.floor, content)
    try:
        geometry = shapes.geometry(one.asked.floor, content)
    except TrucelineError:
        geometry = None  # the facts say why; a line that cannot be read is not drawn
    return {
        "type": "Feature",
        "id": f"{one.zone.code}/{role}/{body or content[:12]}",
        "geometry": geometry,
        "properties": {
            "zone": one.zone.code,
            "role": role,
            "body": body or None,
            "content": content,
            "index": index,
            "name": dict(one.zone.name),
            "state": in_force.state(one.zone, one.instrument, one.at),
            **facts,
        },
    }


def _differences(one: Seen, positions: list[Position]) -> Iterator[dict[str, Any]]:
    """Agreed and disputed pieces between each two different lines, however many hold each."""
    holders: dict[str, list[str]] = {}
    for position in positions:
        if position.line:
            holders.setdefault(position.line, []).append(position.body)
    for a, b in combinations(sorted(holders, key=lambda line: holders[line]), 2):
        try:
            found = shapes.compared(one.asked.floor, a, b)
        except TrucelineError:
            continue  # a content that cannot be read is drawn as such above
        if found.verdict is Verdict.UNRESOLVED:
            continue
        between = {Side.A: holders[a], Side.B: holders[b]}
        for number, polygon in enumerate(found.agreed, start=1):
            geometry = {"type": "Polygon", "coordinates": polygon_coordinates(polygon)}
            shared: dict[str, Any] = {
                "area_km2": found.agreed_km2,
                "places": [],
                "subdistricts": [],
            }
            yield _piece(one, "agreed", number, between, geometry, shared)
        for piece in found.pieces:
            properties = {
                **shapes.piece_properties(piece),
                "included_by": between[piece.included_by],
            }
            geometry = area_geometry(piece.polygon)
            yield _piece(one, "disputed", piece.number, between, geometry, properties)


def _piece(
    one: Seen,
    role: str,
    number: int,
    between: dict[Side, list[str]],
    geometry: dict[str, Any],
    properties: dict[str, Any],
) -> dict[str, Any]:
    sides = [between[Side.A], between[Side.B]]
    return {
        "type": "Feature",
        "id": f"{one.zone.code}/{role}/{sides[0][0]}-{sides[1][0]}/{number}",
        "geometry": geometry,
        "properties": {
            "zone": one.zone.code,
            "role": role,
            "body": None,
            "between": sides,
            "name": dict(one.zone.name),
            "state": in_force.state(one.zone, one.instrument, one.at),
            **properties,
        },
    }

"""How a sighting is written down: what the signed-in may read, and what is sealed.

In clear: what was noticed, how, and when. Sealed: where the observer stood and what was
seen from there, since a bearing and a distance give the place away (DOMAIN 9: an
observer's place is as sensitive as a site). Whoever opens the part reads it back with
`read`, which refuses what is not a sighting: nobody checked a sealed part at the door.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truceline.airspace.sighting import Band, Craft, Means, Sighting
from truceline.errors import Malformed, Reason
from truceline.geo.position import Position
from truceline.records import shape as s
from truceline.records.shape import Fields, OneOf, Whole, may

KIND = "air.sighting/1"
PART = "sight"
_E7 = 10_000_000
_DEGREES = Whole(0, 360 * _E7, "1e-7 degree")

SHAPE = Fields(
    {
        "lat_e7": s.LAT,
        "lon_e7": s.LON,
        "place_sigma_mm": Whole(0, 100_000_000, "millimetres"),
        "bearing_e7": _DEGREES,
        "bearing_sigma_e7": _DEGREES,
        "band": OneOf(tuple(Band)),
        "heading_e7": may(_DEGREES),
        "heading_sigma_e7": may(_DEGREES),
    }
)
"""The sealed part `sight`: place of the observer, bearing, distance band, heading, errors."""


def body(sighting: Sighting) -> dict[str, Any]:
    """Return what the record says in clear."""
    return {
        "seen_at": sighting.seen_at,
        "means": str(sighting.means),
        "type": str(sighting.craft),
        "count": sighting.count,
    }


def parts(sighting: Sighting) -> dict[str, Any]:
    """Return the sealed part."""
    part: dict[str, Any] = {
        "lat_e7": sighting.place.lat_e7,
        "lon_e7": sighting.place.lon_e7,
        "place_sigma_mm": round(sighting.place_sigma_m * 1_000),
        "bearing_e7": round(sighting.bearing_deg * _E7),
        "bearing_sigma_e7": round(sighting.bearing_sigma_deg * _E7),
        "band": str(sighting.band),
    }
    if sighting.heading_deg is not None:
        part["heading_e7"] = round(sighting.heading_deg * _E7)
        part["heading_sigma_e7"] = round(sighting.heading_sigma_deg * _E7)
    return {PART: part}


def read(
    name: str, author: str, said: Mapping[str, Any], sealed: Mapping[str, Any], received_at: int
) -> Sighting:
    """Return the sighting of a record and its opened parts. Refuses what is none."""
    part = sealed.get(PART)
    if part is None:
        raise Malformed(Reason.MISSING_FIELD, where=PART, detail="the sealed part is not open")
    SHAPE.check(part, PART)
    heading = part.get("heading_e7")
    return Sighting(
        name,
        author,
        Position(part["lat_e7"], part["lon_e7"]),
        part["place_sigma_mm"] / 1_000,
        part["bearing_e7"] / _E7,
        part["bearing_sigma_e7"] / _E7,
        Band(part["band"]),
        None if heading is None else heading / _E7,
        part.get("heading_sigma_e7", 15 * _E7) / _E7,
        Craft(said["type"]),
        said["count"],
        Means(said["means"]),
        said["seen_at"],
        received_at,
    )

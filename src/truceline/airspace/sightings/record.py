"""How a sighting is written down: a record that is sealed whole.

What was noticed, when, and by whom is a list of the people who look up; a bearing and a
distance give their places away (DOMAIN 9: an observer's place is as sensitive as a site).
So its leaf says nothing of it, and has no part beside those of every sealed leaf: their
number would tell which leaves are sightings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truceline.airspace.sightings.sighting import Band, Craft, Means, Sighting
from truceline.geo.position import Position

KIND = "air.sighting/1"
_E7 = 10_000_000


def body(sighting: Sighting) -> dict[str, Any]:
    """Return what the record says, all of it to be sealed."""
    return {
        "seen_at": sighting.seen_at,
        "means": str(sighting.means),
        "type": str(sighting.craft),
        "count": sighting.count,
        "sight": _sight(sighting),
    }


def _sight(sighting: Sighting) -> dict[str, Any]:
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
    return part


def read(name: str, author: str, said: Mapping[str, Any], received_at: int) -> Sighting:
    """Return the sighting of a record, whose body was checked at the door."""
    part = said["sight"]
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

"""The named land of the scenario: places, sub-districts, crossings and roads of Syria.

Read once from the bundled files (`data/SOURCES.md`). The published places have English
names alone; Arabic ones come from the sub-district of the same name, and for the two
areas of the story from a short list written by hand. Neighbourhoods of cities are places
too, each at a point inside its outline. Population is the census of 2004, by sub-district:
displacement since then is not in it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any

import shapely
import shapely.geometry

from truceline.geo.position import Position, from_degrees
from truceline.scenario import material
from truceline.zones import gazetteer
from truceline.zones.gazetteer import AdminArea, Crossing, Gazetteer, Place, Road

CENSUS = "2004"
_SYRIA = (32.2, 35.5, 37.4, 42.5)
"""South, west, north, east: roads that begin outside are left out."""


@cache
def load() -> Gazetteer:
    """Return the gazetteer, built once in a process (about half a second)."""
    areas = tuple(_areas())
    names = {one.name_en: one.name_ar for one in areas} | _names_by_hand()
    return gazetteer.build(
        places=chain(_places(names), _neighbourhoods()),
        areas=areas,
        crossings=_crossings(),
        roads=_roads(),
    )


def _areas() -> Iterator[AdminArea]:
    counted = {
        row["pcode"]: row["population"]
        for row in _rows("geo/syr_admin_population.csv")
        if row["admin_level"] == "3" and row["year"] == CENSUS
    }
    for one in json.loads(_bytes("geo/syr_adm3.geojson.gz"))["features"]:
        about = one["properties"]
        row = {
            "pcode": about["PCODE"],
            "name_en": about["NAME_EN"],
            "name_ar": about["NAME_AR"],
            "population": counted.get(about["PCODE"]),
        }
        yield gazetteer.area_from_geometry(row, one["geometry"])


def _names_by_hand() -> dict[str, str]:
    return {row["pcode"]: row["name_ar"] for row in _rows("geo/place_names_ar.csv")}


def _places(names: Mapping[str, str]) -> Iterator[Place]:
    for row in _rows("geo/syr_populated_places.csv.gz"):
        name, code = row["PP_NAME_EN"], row["PP_PCODE"]
        seat = names.get(name, "") if name == row["ADM3_EN"] else ""
        yield gazetteer.place_from_row(
            {
                "pcode": code,
                "name_en": name,
                "name_ar": names.get(code, seat),
                "lat": row["lat"],
                "lon": row["lon"],
                "area": row["ADM3_PCODE"],
            }
        )


def _neighbourhoods() -> Iterator[Place]:
    """Quarters of the larger cities; some outlines cross themselves, which a point survives."""
    for one in json.loads(_bytes("geo/syr_city_neighbourhoods.geojson.gz"))["features"]:
        about = one["properties"]
        outline = shapely.make_valid(shapely.geometry.shape(one["geometry"]))
        inside = outline.representative_point()
        yield gazetteer.place_from_row(
            {
                "pcode": about["PCODE"],
                "name_en": about["NAME_EN"],
                "name_ar": about["NAME_AR"],
                "lat": inside.y,
                "lon": inside.x,
                "area": about["ADM3_PCODE"],
            }
        )


def _crossings() -> Iterator[Crossing]:
    for row in _rows("geo/syr_border_crossings_airports_ports.csv"):
        yield gazetteer.crossing_from_row({**row, "code": row["id"], "kind": row["type"]})


def _roads() -> Iterator[Road]:
    nodes = {
        row["node_id"]: (float(row["lat"]), float(row["lon"]))
        for row in _rows("roads/levant_highway_nodes.csv.gz")
    }
    for row in _rows("roads/levant_highway_edges.csv.gz"):
        start, end = nodes[row["from_node"]], nodes[row["to_node"]]
        if _in_syria(start):
            code = f"{row['from_node']}-{row['to_node']}"
            yield Road(code, "", (_at(start), _at(end)))


def _in_syria(place: tuple[float, float]) -> bool:
    south, west, north, east = _SYRIA
    return south <= place[0] <= north and west <= place[1] <= east


def _at(place: tuple[float, float]) -> Position:
    return from_degrees(lat=place[0], lon=place[1])


def _rows(path: str) -> Iterator[dict[str, Any]]:
    return csv.DictReader(io.StringIO(_bytes(path).decode("utf-8-sig")))


def _bytes(path: str) -> bytes:
    data = material.file(path)
    return gzip.decompress(data) if path.endswith(".gz") else data

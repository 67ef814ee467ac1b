"""The zones in force as files: public ones for everyone, others for their parties, loadable as they are."""

from __future__ import annotations

import json

import pytest
from implicitdict import ImplicitDict
from tests.api.world import World
from uas_standards.eurocae_ed269 import ED269Schema

from truceline.zones.formats import ed269, ed318, known

FILES = ("/api/zones/in-force.ed269.json", "/api/zones/in-force.ed318.json")
READERS = dict(zip(FILES, (ed269.read, ed318.read), strict=True))


@pytest.mark.parametrize("path", FILES)
def test_the_public_reads_the_public_zones_in_force_and_no_other(world: World, path: str) -> None:
    answer = world.ask(path)

    zones = READERS[path](answer.content).zones
    assert answer.status_code == 200
    assert {one.code for one in zones} == {"Z1"}, "Z2 is proposed, Z3 is kept among its parties"


def test_the_files_have_short_addresses_too(world: World) -> None:
    for short, long in zip(("/uas/ed269.json", "/uas/ed318.json"), FILES, strict=True):
        assert world.ask(short).content == world.ask(long).content


@pytest.mark.parametrize("path", FILES)
def test_a_party_reads_the_zone_of_a_secret_instrument_too(world: World, path: str) -> None:
    zones = READERS[path](world.ask(path, "north-desk").content).zones

    assert {"Z1", "Z3"} <= {one.code for one in zones}


@pytest.mark.parametrize("path", FILES)
def test_before_a_zone_came_into_force_it_is_in_no_file(world: World, path: str) -> None:
    answer = world.ask(path, at="2020-01-01T00:00:00Z")

    assert READERS[path](answer.content).zones == ()


def test_interuss_reads_our_ed269(world: World) -> None:
    tree = world.ask(FILES[0]).json()

    read = ImplicitDict.parse(tree, ED269Schema)

    assert [one.identifier for one in read.features] == ["Z1"]


def test_our_ed318_holds_to_its_own_schema_of_an_identifier(world: World) -> None:
    tree = json.loads(world.ask(FILES[1]).content)

    assert tree["type"] == "FeatureCollection"
    assert all(len(one["properties"]["identifier"]) <= 7 for one in tree["features"])


def test_the_adoption_bounds_the_times_of_a_zone(world: World) -> None:
    zone = ed269.read(world.ask(FILES[0]).content).zones[0]

    assert all(one.window.start is not None for one in zone.applicability)


WRITABLE = [one.name for one in known.FORMATS if one.writable]


@pytest.mark.parametrize("name", WRITABLE)
def test_a_zone_in_force_is_a_file_in_every_format_that_is_written(world: World, name: str) -> None:
    answer = world.ask("/api/zones/Z1/file", format=name)

    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    (zone,) = known.read(answer.content, name="x", format=name).zones
    assert zone.volumes
    told = world.get("/api/zones/Z1/file", format=name, losses=True)
    assert str(len(told)) == answer.headers["truceline-losses"]


def test_a_zone_among_its_parties_is_no_file_for_others_and_looks_like_none(world: World) -> None:
    assert world.ask("/api/zones/Z3/file", format="notam").status_code == 404
    assert world.ask("/api/zones/nowhere/file", format="notam").status_code == 404
    assert world.ask("/api/zones/Z3/file", "north-desk", format="notam").status_code == 200


def test_a_content_of_another_zone_is_not_given_and_a_format_that_is_none_is_refused(
    world: World,
) -> None:
    secret = world.get("/api/zones/Z3", "north-desk")["in_force"]["content"]

    assert world.ask("/api/zones/Z1/file", content=secret).status_code == 404
    refused = world.ask("/api/zones/Z1/file", format="dwg")
    assert refused.status_code == 404
    assert "geojson" in refused.json()["remedy"]
    assert world.ask("/api/zones/Z1/file", format="aixm").status_code == 404

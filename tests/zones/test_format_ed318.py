"""ED-318: what we write holds to the official schema; what nations write is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from tests.zones.contents import zone_lists

from truceline.errors import Malformed
from truceline.geo.altitude import Datum, Unit
from truceline.geo.schedule import Day
from truceline.geo.volume import Circle
from truceline.zones.formats import ed318

DATA = Path(__file__).parent / "data" / "ed318"
EXAMPLES = sorted(DATA.glob("examples/Example*.json"))
NATIONAL = Path(__file__).parents[3] / "shared" / "data" / "formats" / "ed318" / "national"


@pytest.fixture(scope="session")
def schema():
    parts = {path.name: json.loads(path.read_text()) for path in DATA.glob("schema/*.json")}
    resources = [
        (f"file:///schema/{name}", Resource.from_contents(tree)) for name, tree in parts.items()
    ]
    root = parts["Schema_GeoZones.json"] | {"$id": "file:///schema/Schema_GeoZones.json"}
    return Draft7Validator(root, registry=Registry().with_resources(resources))


def without_original(reading):
    return [zone.without_original() for zone in reading.zones]


def feature(geometry=None, **properties):
    named = {"identifier": "ABC1234", "country": "FRA", "type": "PROHIBITED", "variant": "COMMON"}
    square = [[[36.0, 35.0], [36.1, 35.0], [36.1, 35.1], [36.0, 35.1], [36.0, 35.0]]]
    shape = geometry or {"type": "Polygon", "coordinates": square}
    authority = [{"purpose": "INFORMATION"}]
    return {
        "type": "Feature",
        "geometry": shape,
        "properties": named | {"zoneAuthority": authority} | properties,
    }


def document(*features):
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_official_examples_come_out_as_they_went_in_and_valid(path, schema):
    reading = ed318.read(path.read_bytes())

    written = ed318.write(reading.zones)

    assert reading.report == ()
    assert written.losses == ()
    schema.validate(json.loads(written.data))
    assert json.loads(written.data) == json.loads(path.read_text())
    assert without_original(ed318.read(written.data)) == without_original(reading)


def test_the_official_invalid_example_is_read_and_written_valid(schema):
    data = (DATA / "examples" / "InvalidExample_GeoZone_2_Layers.json").read_bytes()
    assert not schema.is_valid(json.loads(data))

    reading = ed318.read(data)

    assert reading.zones
    assert reading.report
    schema.validate(json.loads(ed318.write(reading.zones).data))


@given(zones=zone_lists)
@settings(max_examples=30)
def test_whatever_we_write_is_valid_and_written_again_without_change(zones, schema):
    first = ed318.write(zones)
    schema.validate(json.loads(first.data))
    left_out = [zone for zone in zones if zone.unresolved]
    assert all(any(loss.zone == zone.code for loss in first.losses) for zone in left_out)

    once = ed318.read(first.data)
    if (
        once.refused() or not once.zones
    ):  # a zone of subtractions alone has nothing that ED-318 can say
        return
    again = ed318.write(once.zones)

    schema.validate(json.loads(again.data))
    assert without_original(ed318.read(again.data)) == without_original(once)


def test_circles_layers_and_schedules_are_understood():
    (circle,) = ed318.read((DATA / "examples" / "Example_GeoZone_Circle.json").read_bytes()).zones
    (layers,) = ed318.read((DATA / "examples" / "Example_GeoZone_2_Layers.json").read_bytes()).zones

    assert circle.volumes[0].shape == Circle(circle.volumes[0].shape.centre, 3_500_000)
    assert circle.volumes[0].shape.centre.lat == 50.122901
    assert circle.volumes[0].lower.altitude.as_given == 50
    assert circle.volumes[0].lower.altitude.datum is Datum.AGL
    assert [one.upper.altitude.as_given for one in layers.volumes] == [150, 50]
    assert layers.applicability[0].schedule[1].days == (Day.SUN,)
    assert {one.lang for one in layers.reason_texts} == {"en-GB", "fr-BE"}


@pytest.mark.skipif(
    not NATIONAL.is_dir(), reason="national samples may not be shipped; not at hand here"
)
@pytest.mark.parametrize("name", ["ireland.geojson", "spain_aero.geojson"])
def test_national_files_that_fail_the_schema_are_read_repaired_and_written_valid(name, schema):
    data = (NATIONAL / name).read_bytes()
    assert not schema.is_valid(json.loads(data))

    reading = ed318.read(data, name=name)

    assert len(reading.zones) == len(json.loads(data)["features"])
    assert not reading.refused()
    assert reading.report
    schema.validate(json.loads(ed318.write(reading.zones).data))
    for zone in reading.zones:
        assert zone.names
        assert zone.id_in("ed.country") in ("IRL", "ESP")


def test_shapes_of_national_properties_are_repaired_and_told():
    odd = feature(
        UASZone={
            "identifier": "LEBZ45",
            "reasons": "AIR_TRAFFIC",
            "name": "X",
            "region": "0",
            "regulationExemption": "No",
        },
        verticalLayer={
            "upper": 900,
            "upperReference": "AGL",
            "lower": "45",
            "lowerReference": "AGL",
            "UOM": "ft",
        },
    )

    reading = ed318.read(document(odd))

    (zone,) = reading.zones
    assert zone.code == "LEBZ45"
    assert zone.reasons == ("AIR_TRAFFIC",)
    assert zone.volumes[0].lower.altitude.as_given == 45
    assert zone.volumes[0].lower.altitude.unit is Unit.FT
    assert zone.rule.regulation_exemption is False
    said = " ".join(note.detail for note in reading.report)
    for words in ("nested in UASZone", "verticalLayer", "`reasons`", "plain string"):
        assert words in said


def test_long_texts_and_codes_are_cut_for_others_and_whole_for_us(schema):
    long = [{"text": "x" * 900, "lang": "en-GB"}]
    (zone,) = ed318.read(document(feature(message=long, identifier="A-very-long-one"))).zones

    written = ed318.write((zone,))

    schema.validate(json.loads(written.data))
    assert {loss.field for loss in written.losses} == {"message", "identifier"}
    (back,) = ed318.read(written.data).zones
    assert back.messages == zone.messages
    assert back.code == zone.code


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"upper": 100, "uom": "m"}, "does not say what it is measured from"),
        ({"upper": 100, "upperReference": "QFE"}, "'QFE'"),
        ({"upper": "high", "upperReference": "AGL"}, "not a number"),
        ({"upper": 1, "upperReference": "AGL", "uom": "yd"}, "'yd'"),
    ],
)
def test_a_limit_without_a_known_datum_refuses_the_feature(layer, said):
    bad = feature()
    bad["geometry"]["layer"] = layer

    (note,) = ed318.read(document(bad)).refused()

    assert said in note.detail


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [36, 35]},
        {"type": "Point", "coordinates": [36, 35], "extent": {"subType": "Circle", "radius": -5}},
        {"type": "LineString", "coordinates": [[36, 35], [37, 35]]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "Polygon", "coordinates": [[[36, 35], [37, 36], [37, 35], [36, 36], [36, 35]]]},
    ],
)
def test_a_geometry_that_is_no_area_is_refused(geometry):
    reading = ed318.read(document(feature(geometry)))

    assert len(reading.refused()) == 1


def test_what_is_not_ed318_is_refused():
    with pytest.raises(Malformed, match="no list of features"):
        ed318.read(b"{}")

"""GeoJSON zones: whole through our own files, tolerant of others', clear about the bad."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from tests.zones.contents import zone_lists

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import Datum, Unit
from truceline.geo.volume import Circle, Edge
from truceline.zones.boundary import ZoneKind
from truceline.zones.formats import geojson
from truceline.zones.formats.reading import Level

SQUARE = [[[36.0, 35.0], [36.1, 35.0], [36.1, 35.1], [36.0, 35.1], [36.0, 35.0]]]


def document(*features, **more):
    return json.dumps({"type": "FeatureCollection", "features": list(features), **more}).encode()


def feature(coordinates=SQUARE, *, id="Z1", **properties):  # noqa: A002 -- the word of GeoJSON
    return {
        "type": "Feature",
        "id": id,
        "geometry": {"type": "Polygon", "coordinates": coordinates},
        "properties": properties,
    }


@given(zones=zone_lists)
@settings(max_examples=30)
def test_nothing_is_lost_on_a_round_trip(zones):
    reading = geojson.read(geojson.write(zones).data)

    assert not reading.refused()
    assert reading.zones == zones


def test_the_properties_of_an_analysts_file_are_read():
    data = document(
        feature(
            lower={"value": 0, "datum": "SFC"},
            upper={"value": 1500, "unit": "ft", "datum": "AMSL"},
            kind="no-fly",
            name_ar="منطقة",
            name="Zone",
            colour="red",
            active_from="2017-05-06T00:00:00Z",
        )
    )

    (zone,) = geojson.read(data).zones

    assert zone.code == "Z1"
    assert zone.kind is ZoneKind.NO_FLY
    assert zone.volumes[0].edge is Edge.LONLAT
    assert zone.volumes[0].upper.altitude.datum is Datum.AMSL
    assert zone.volumes[0].upper.altitude.unit is Unit.FT
    assert zone.volumes[0].lower.altitude.datum is Datum.SFC
    assert [(one.key, one.json) for one in zone.extras] == [("geojson:colour", '"red"')]
    assert zone.applicability[0].window.start.year == 2017
    assert zone.name("ar") == "منطقة"


@pytest.mark.parametrize(
    ("coordinates", "said"),
    [
        ([[[36, 35], [36.1, 35.1], [36.1, 35], [36, 35.1], [36, 35]]], "crosses itself"),
        ([[[36, 35], [36.1, 35], [36.2, 35], [36, 35]]], "no area"),
        ([[[36, 35], [36.1, 35], [36, 35]]], "needs three"),
        ([[[179, 35], [-179, 35], [-179, 36], [179, 35]]], "antimeridian"),
        ([[[0, 80], [120, 80], [-120, 80], [0, 80]]], "antimeridian or goes around a pole"),
        ([[[0, 80], [10, 90], [20, 80], [0, 80]]], "pole"),
        ([[[35, 136], [35.1, 136], [35.1, 136.1], [35, 136]]], "swapped"),
        (
            [[[420000, 3900000], [421000, 3900000], [421000, 3901000], [420000, 3900000]]],
            "not on the earth",
        ),
        ([[["36", 35], [36.1, 35], [36.1, 35.1], [36, 35]]], "not a number"),
        ([], "list of rings"),
        ([[[36, 35], [36.1, 35], [36.1, 35.1]], [[40, 40], [40.1, 40], [40.1, 40.1]]], "holes"),
    ],
)
def test_a_bad_ring_is_refused_with_its_place_and_the_others_are_kept(coordinates, said):
    reading = geojson.read(document(feature(coordinates, id="bad"), feature(id="good")))

    assert [zone.code for zone in reading.zones] == ["good"]
    (note,) = reading.refused()
    assert said in note.detail
    assert "feature 1 (id bad)" in note.where


def test_a_ring_of_too_many_vertices_is_refused():
    ring = [[36 + n * 1e-6, 35 + (n % 2) * 1e-6] for n in range(100_002)]

    (note,) = geojson.read(document(feature([[*ring, [36.05, 36], ring[0]]]))).refused()

    assert "the most is 100000" in note.detail


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"value": 10, "unit": "ft"}, "datums SFC, AGL, AMSL, STD, WGS84"),
        ({"value": 10, "unit": "ft", "datum": "EGM2008"}, "EGM2008"),
        ({"value": 10, "unit": "fathoms", "datum": "AMSL"}, "units ft, m, FL"),
        ({"value": "high", "unit": "m", "datum": "AMSL"}, "not a number"),
        ({"value": 1e12, "unit": "m", "datum": "AMSL"}, "not a height"),
        ({"value": 1, "unit": "m", "datum": "AMSL", "qnh": 1013}, "no such field"),
        (1500, "object"),
    ],
)
def test_a_limit_that_is_not_understood_refuses_the_feature(limit, said):
    (note,) = geojson.read(document(feature(upper=limit))).refused()

    assert said in note.detail


def test_limits_upside_down_are_refused():
    low, high = ({"value": value, "unit": "ft", "datum": "AMSL"} for value in (2000, 1000))

    (note,) = geojson.read(document(feature(lower=low, upper=high))).refused()

    assert "above the upper one" in note.detail


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.BAD_FORMAT),
        (b"{", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.BAD_TEXT),
        (b"[]", Reason.BAD_FORMAT),
        (b'{"type":"Topology"}', Reason.BAD_FORMAT),
        (b'{"type":"FeatureCollection","features":{}}', Reason.BAD_FORMAT),
        (b'{"type":"FeatureCollection","features":[NaN]}', Reason.OUT_OF_RANGE),
        (b'{"type":"FeatureCollection","features":[],"features":[]}', Reason.CONTRADICTS),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (
            b'{"type":"FeatureCollection","features":[],"crs":{"properties":{"name":"urn:ogc:def:crs:EPSG::32637"}}}',
            Reason.BAD_GEOMETRY,
        ),
    ],
)
def test_a_document_that_is_not_geojson_is_refused_as_a_whole(data, reason):
    with pytest.raises(Malformed) as caught:
        geojson.read(data)

    assert caught.value.reason is reason


@pytest.mark.parametrize("value", ["0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "yesterday", 5])
def test_a_date_out_of_range_is_refused(value):
    (note,) = geojson.read(document(feature(active_from=value))).refused()

    assert "not a time" in note.detail


def test_a_boundary_in_words_is_read_without_a_polygon():
    one = feature(geometry_rule="certain parts of the province") | {"geometry": None}

    (zone,) = geojson.read(document(one)).zones

    assert zone.unresolved
    assert zone.geometry_rule.texts[0].text == "certain parts of the province"


def test_an_editor_who_moves_a_vertex_moves_the_zone_and_is_told():
    data = geojson.write(geojson.read(document(feature(name="a"))).zones).data
    tree = json.loads(data)
    tree["features"][0]["geometry"]["coordinates"][0][1] = [36.2, 35.0]

    reading = geojson.read(json.dumps(tree).encode())

    assert reading.zones[0].volumes[0].shape.outer[1].lon == 36.2
    assert any(note.level is Level.REPAIRED and "edited" in note.detail for note in reading.report)


@pytest.mark.parametrize(
    ("name", "value"), [("edge", "rhumb"), ("active_from", "2018-01-01T00:00:00Z")]
)
def test_a_shown_field_that_contradicts_the_document_beside_it_is_refused(name, value):
    zones = geojson.read(document(feature(active_from="2017-05-06T00:00:00Z"))).zones
    tree = json.loads(geojson.write(zones).data)
    tree["features"][0]["properties"][name] = value

    (note,) = geojson.read(json.dumps(tree).encode()).refused()

    assert "the zone document beside it says" in note.detail
    del tree["features"][0]["properties"]["truceline"]
    assert not geojson.read(json.dumps(tree).encode()).refused()


def test_a_circle_is_drawn_for_others_and_kept_for_us():
    (zone,) = geojson.read(document(feature())).zones
    centre = zone.volumes[0].shape.outer[0]
    from dataclasses import replace

    round_zone = replace(
        zone, volumes=(replace(zone.volumes[0], shape=Circle(centre, 55_000_000)),)
    )

    written = geojson.write((round_zone,))

    assert "circle is drawn" in written.losses[0].why
    assert json.loads(written.data)["features"][0]["geometry"]["type"] == "Polygon"
    assert geojson.read(written.data).zones == (round_zone,)


def test_properties_we_do_not_know_come_out_as_they_went_in():
    data = (
        b'{"type":"FeatureCollection","name":"set","features":[%s]}'
        % json.dumps(feature(id="A"))
        .replace(
            '"properties": {}',
            '"bbox": [1.10, 2], "properties": {"weight": 1.10, "big": 123456789012345678901234567890}',
        )
        .encode()
    )

    out = geojson.write(geojson.read(data).zones).data

    for text in (
        b'"weight":1.10',
        b'"big":123456789012345678901234567890',
        b'"bbox":[1.10,2]',
        b'"name":"set"',
    ):
        assert text in out

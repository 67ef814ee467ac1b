"""Volume4D of F3548-21: outwards in height, larger in doubt, and the same again through itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.zones.contents import circles, rings, windows, zone_lists

from truceline.errors import Malformed, Refused, TrucelineError
from truceline.geo.altitude import SURFACE, Datum, Unit, altitude
from truceline.geo.height import undulation_mm
from truceline.geo.position import Position, from_degrees
from truceline.geo.volume import Circle, Edge, Operation, Polygon
from truceline.zones import document
from truceline.zones.boundary import Limit, ZoneContent, ZoneKind, ZoneVolume
from truceline.zones.formats import known, volume4d

RING = tuple(
    from_degrees(lat=lat, lon=lon)
    for lat, lon in ((33.0, 35.5), (33.0, 36.5), (34.0, 36.5), (34.0, 35.5))
)
VOLUME = {
    "volume": {
        "outline_polygon": {"vertices": [{"lat": at.lat, "lng": at.lon} for at in RING]},
        "altitude_lower": {"value": 10, "reference": "W84", "units": "M"},
        "altitude_upper": {"value": 1200.5, "reference": "W84", "units": "M"},
    },
    "time_start": {"value": "2026-11-22T10:00:00Z", "format": "RFC3339"},
    "time_end": {"value": "2026-11-22T12:00:00Z", "format": "RFC3339"},
}


def read(tree):
    return volume4d.read(json.dumps(tree).encode())


def zone(*volumes, **more):
    return ZoneContent("Z1", ZoneKind.NO_FLY, volumes=volumes, **more)


def above_sea(metres):
    return Limit(altitude(metres, Unit.M, Datum.AMSL))


def test_a_volume_a_list_and_the_details_of_a_constraint_are_read():
    details = {"volumes": [VOLUME], "type": "org.example.nofly", "geozone": {"identifier": "X"}}
    answer = {"constraint": {"reference": {"id": "c-1", "ovn": "abc"}, "details": details}}

    for tree in (VOLUME, [VOLUME], {"volumes": [VOLUME]}, details, [details], answer):
        assert known.detect(json.dumps(tree).encode(), name="x") == "volume4d"
        (found,) = read(tree).zones
        assert found.volumes[0].shape == Polygon(RING)
        assert found.volumes[0].upper.altitude.mm == 1_200_500
        assert found.volumes[0].window.end.hour == 12
    assert found.code == "c-1"
    assert found.raw_kind("f3548.type") == "org.example.nofly"


volumes = st.builds(
    ZoneVolume,
    shape=st.one_of(circles, st.builds(Polygon, rings())),
    lower=st.sampled_from((Limit(), Limit(altitude(10.5, Unit.M, Datum.WGS84)))),
    upper=st.sampled_from((Limit(), Limit(altitude(900, Unit.M, Datum.WGS84)))),
    window=windows,
)


@given(made=st.lists(volumes, min_size=1, max_size=3))
@settings(max_examples=40)
def test_a_journey_through_the_format_loses_nothing(made):
    first = volume4d.read(volume4d.write((zone(*made),)).data)
    again = volume4d.write(first.zones)

    assert first.report == ()
    assert [one.shape for one in first.zones[0].volumes] == [one.shape for one in made]
    assert [one.window for one in first.zones[0].volumes] == [one.window for one in made]
    assert [(one.lower, one.upper) for one in first.zones[0].volumes] == [
        (one.lower, one.upper) for one in made
    ]
    assert again.losses == ()
    assert volume4d.read(again.data).zones[0].volumes == first.zones[0].volumes


def test_a_height_above_the_sea_holds_everywhere_in_the_zone():
    low, high = volume4d.limits_w84(
        altitude(100, Unit.M, Datum.AMSL), altitude(500, Unit.M, Datum.AMSL), RING
    )

    inside = [
        Position(330_000_000 + lat, 355_000_000 + lon)
        for lat in range(0, 10_000_001, 500_000)
        for lon in range(0, 10_000_001, 500_000)
    ]
    geoid = [undulation_mm(at) / 1000 for at in inside]
    assert low <= 100 + min(geoid)
    assert high >= 500 + max(geoid)
    assert low == int(low)
    assert high - (500 + max(geoid)) < 8


def test_the_surface_is_written_under_all_ground_and_told():
    volume = ZoneVolume(Polygon(RING), Limit(SURFACE), above_sea(500))
    written = volume4d.write((zone(volume),))

    tree = json.loads(written.data)["volumes"][0]["volume"]
    assert tree["altitude_lower"]["value"] < -400
    assert any("rounded outwards" in loss.why for loss in written.losses)


@pytest.mark.parametrize(
    ("limit", "needed"),
    [
        (Limit(altitude(100, Unit.M, Datum.AGL)), "terrain"),
        (Limit(altitude(100, Unit.FL, Datum.STD)), "pressure"),
    ],
)
def test_heights_that_need_terrain_or_pressure_are_refused(limit, needed):
    bad = zone(ZoneVolume(Polygon(RING), Limit(), limit))
    with pytest.raises(Refused, match=needed):
        volume4d.write((bad,))

    good = replace(zone(ZoneVolume(Polygon(RING), Limit(), above_sea(5))), code="Z2")
    written = volume4d.write((bad, good))
    assert len(json.loads(written.data)["volumes"]) == 1
    assert any(loss.zone == "Z1" and "left out" in loss.why for loss in written.losses)


def test_what_cannot_be_said_makes_the_zone_larger_and_is_named():
    hole = tuple(
        Position(p.lat_e7 // 100 + 331_650_000, p.lon_e7 // 100 + 356_400_000) for p in RING
    )
    holed = ZoneVolume(Polygon(RING, (hole,)), Limit(), above_sea(500), Edge.LONLAT)
    cut = ZoneVolume(Circle(RING[0], 1_000_000), operation=Operation.SUBTRACT)
    written = volume4d.write((zone(holed, cut),))

    told = " ".join(str(loss) for loss in written.losses)
    for words in ("holes are left out", "cannot subtract", "lonlat edges", "volume 1, upper"):
        assert words in told
    outline = json.loads(written.data)["volumes"][0]["volume"]["outline_polygon"]["vertices"]
    assert outline[0] != outline[-1]
    assert len(outline) > 4


@given(zones=zone_lists)
@settings(max_examples=25)
def test_every_zone_is_written_refused_or_named(zones):
    try:
        written = volume4d.write(zones)
    except TrucelineError:
        return
    for one in volume4d.read(written.data).zones:
        document.encode(one)
    for one in zones:
        assert any(loss.zone == one.code for loss in written.losses)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"altitude_upper": {"value": 5, "reference": "W84", "units": "FT"}}, "in M above W84"),
        ({"altitude_upper": {"value": 5, "reference": "AGL", "units": "M"}}, "in M above W84"),
        (
            {"altitude_upper": {"value": float(5), "reference": "W84", "units": "M"}},
            "above the upper",
        ),
        ({"outline_circle": {}}, "exactly one"),
        ({"outline_polygon": {"vertices": [{"lat": 1, "lng": 2}]}}, "different vertices"),
        ({"outline_polygon": {"vertices": [{"lat": 91, "lng": 2}] * 3}}, "latitude"),
        ({"outline_polygon": {"vertices": [{"lat": "33", "lng": 2}] * 3}}, "not a number"),
    ],
)
def test_bad_volumes_are_told_with_their_place(change, told):
    bad = {**VOLUME, "volume": {**VOLUME["volume"], **change}}
    (note,) = read([{"volumes": [bad]}, {"volumes": [VOLUME]}]).refused()

    assert told in note.detail
    assert "[0]" in note.where


def test_a_closed_ring_is_opened_and_told():
    vertices = VOLUME["volume"]["outline_polygon"]["vertices"]
    closed = {"volume": {"outline_polygon": {"vertices": [*vertices, vertices[0]]}}}
    reading = read(closed)

    assert reading.zones[0].volumes[0].shape == Polygon(RING)
    assert "repeats the first" in reading.report[0].detail


SEED = json.dumps({"volumes": [VOLUME, VOLUME], "type": "x"}).encode()


@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 30), st.binary(max_size=5)),
        max_size=4,
    )
)
@settings(max_examples=150)
def test_damaged_bytes_are_told_and_never_a_crash(cuts):
    data = SEED
    for at, gone, put in cuts:
        data = data[:at] + put + data[at + gone :]
    try:
        reading = volume4d.read(data)
    except Malformed:
        return
    for one in reading.zones:
        document.encode(one)

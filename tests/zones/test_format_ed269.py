"""ED-269: the sample as published, the types that other programs use, outward rounding."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.zones.contents import zone_lists
from uas_standards.eurocae_ed269 import ED269Schema

from truceline.errors import Malformed
from truceline.geo.altitude import Datum, Unit, altitude
from truceline.zones.boundary import Limit
from truceline.zones.formats import ed269

SAMPLE = (Path(__file__).parent / "data" / "ed269_sample.json").read_bytes()


def without_original(reading):
    return [zone.without_original() for zone in reading.zones]


def check_types(data):
    """Parse with the types of uas-standards, which cannot read any `extendedProperties` (typed Any)."""
    tree = json.loads(data)
    for one in tree["features"]:
        one.pop("extendedProperties", None)
    ED269Schema.from_dict(tree)


def test_the_sample_comes_out_as_it_went_in():
    reading = ed269.read(SAMPLE)

    written = ed269.write(reading.zones)

    assert len(reading.zones) == 6
    assert [len(zone.volumes) for zone in reading.zones] == [1, 3, 3, 1, 1, 1]
    assert without_original(ed269.read(written.data)) == without_original(reading)
    check_types(written.data)
    assert {loss.field for loss in written.losses} <= {"identifier", "code"}
    before, after = json.loads(SAMPLE), json.loads(written.data)
    assert before["title"] == after["title"]
    for one, other in zip(before["features"], after["features"], strict=True):
        assert one.keys() == other.keys()
        for key in one.keys() - {"geometry", "applicability"}:
            assert one[key] == other[key]


@given(zones=zone_lists)
@settings(max_examples=30)
def test_whatever_we_write_has_the_right_types_and_is_written_again_without_change(zones):
    first = ed269.write(zones)
    check_types(first.data)
    left_out = [zone for zone in zones if zone.unresolved]
    assert all(any(loss.zone == zone.code for loss in first.losses) for zone in left_out)

    once = ed269.read(first.data)
    if (
        once.refused() or not once.zones
    ):  # a zone of subtractions alone has nothing that ED-269 can say
        return
    again = ed269.write(once.zones)

    check_types(again.data)
    assert without_original(ed269.read(again.data)) == without_original(once)


def test_both_wrappers_are_read_and_kept():
    tree = {
        "formatVersion": "1.0",
        "createdAt": "2022",
        "UASZoneList": json.loads(SAMPLE)["features"][:1],
    }

    reading = ed269.read(json.dumps(tree).encode())

    assert json.loads(ed269.write(reading.zones).data).keys() == tree.keys()


def test_numbers_as_text_and_missing_limits_are_read():
    tree = json.loads(SAMPLE)
    volume = tree["features"][0]["geometry"][0]
    volume["lowerLimit"], volume["upperLimit"] = "0", None

    (zone, *_) = ed269.read(json.dumps(tree).encode()).zones

    assert zone.volumes[0].lower.altitude.mm == 0
    assert zone.volumes[0].upper.unbounded


def test_limits_are_written_outwards_and_told():
    (zone, *_) = ed269.read(SAMPLE).zones
    lower, upper = (Limit(altitude(value, Unit.M, Datum.AGL)) for value in (10.6, 99.2))
    fine = replace(zone, volumes=(replace(zone.volumes[0], lower=lower, upper=upper),))
    high = replace(
        zone, volumes=(replace(zone.volumes[0], upper=Limit(altitude(245, Unit.FL, Datum.STD))),)
    )

    written, left = ed269.write((fine,)), ed269.write((high,))

    volume = json.loads(written.data)["features"][0]["geometry"][0]
    assert (volume["lowerLimit"], volume["upperLimit"]) == (10, 100)
    assert sum("outwards" in loss.why for loss in written.losses) == 2
    assert "upperLimit" not in json.loads(left.data)["features"][0]["geometry"][0]
    assert any("written larger" in loss.why for loss in left.losses)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lowerVerticalReference": "QNH"}, "'QNH'"),
        ({"horizontalProjection": {"type": "Ellipse"}}, "neither Circle nor Polygon"),
        (
            {"horizontalProjection": {"type": "Circle", "center": [6.9, 46.4], "radius": "big"}},
            "not a radius",
        ),
        (
            {"horizontalProjection": {"type": "Circle", "center": [6.9, 96.4], "radius": 10}},
            "swapped",
        ),
    ],
)
def test_a_bad_volume_refuses_its_feature_alone(change, said):
    tree = json.loads(SAMPLE)
    tree["features"][0]["geometry"][0] |= change

    reading = ed269.read(json.dumps(tree).encode())

    assert len(reading.zones) == 5
    assert said in reading.refused()[0].detail
    assert "feature 1" in reading.refused()[0].where


@pytest.mark.parametrize(
    "period",
    [
        {"startDateTime": "9999999"},
        {"schedule": [{"day": ["XXX"]}]},
        {"schedule": [{"day": ["MON"], "startTime": "25:00Z"}]},
    ],
)
def test_a_bad_time_refuses_its_feature_alone(period):
    tree = json.loads(SAMPLE)
    tree["features"][0]["applicability"] = [{"permanent": "NO"} | period]

    assert len(ed269.read(json.dumps(tree).encode()).refused()) == 1


def test_what_is_not_ed269_is_refused():
    with pytest.raises(Malformed, match="UASZoneList"):
        ed269.read(b'{"features": 5}')

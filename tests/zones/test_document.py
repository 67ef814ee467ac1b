"""The signed file of a zone: exact inverses, integers alone, nothing unread."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from tests.zones.contents import contents

from truceline.errors import Malformed, Reason
from truceline.geo.position import Position
from truceline.geo.volume import Polygon
from truceline.zones import document
from truceline.zones.boundary import GeometryRule, Text, ZoneContent, ZoneKind, ZoneVolume

SQUARE = Polygon(
    (
        Position(0, 0),
        Position(0, 10_000_000),
        Position(10_000_000, 10_000_000),
        Position(10_000_000, 0),
    )
)
ZONE = ZoneContent(
    "DEZ-3", ZoneKind.DE_ESCALATION, names=(Text("en", "Third"),), volumes=(ZoneVolume(SQUARE),)
)


@given(contents())
@settings(max_examples=40)
def test_a_zone_comes_back_from_its_document_and_the_bytes_do_too(zone):
    data = document.encode(zone)

    assert document.decode(data) == zone
    assert document.encode(document.decode(data)) == data
    assert b"." not in json.dumps(list(_numbers(json.loads(data)))).encode()


def _numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [n for one in value for n in _numbers(one)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def test_the_hash_changes_with_a_vertex_by_a_hundred_millionth():
    moved = Polygon((Position(0, 1), *SQUARE.outer[1:]))

    assert document.content_hash(ZONE) != document.content_hash(
        ZoneContent("DEZ-3", ZoneKind.DE_ESCALATION, names=ZONE.names, volumes=(ZoneVolume(moved),))
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"code"', b'"codf"', Reason.UNKNOWN_FIELD),
        (b'"extras":[],', b"", Reason.MISSING_FIELD),
        (b'"edge":"geodesic"', b'"edge":"straight"', Reason.OUT_OF_RANGE),
        (b"10000000,0]", b"9900000000,0]", Reason.OUT_OF_RANGE),
        (b"10000000,0]", b"1.5,0]", Reason.FLOAT),
        (b'{"format"', b' {"format"', Reason.NOT_CANONICAL),
        (b"10000000,0]", b"true,0]", Reason.WRONG_TYPE),
        (b"zone+json", b"zone+xml", Reason.BAD_FORMAT),
    ],
)
def test_a_changed_document_is_refused_with_the_place(old, new, reason):
    data = document.encode(ZONE)
    assert old in data

    with pytest.raises(Malformed) as caught:
        document.decode(data.replace(old, new, 1))

    assert caught.value.reason is reason
    assert caught.value.where


def test_a_zone_of_words_alone_is_a_value_and_one_of_nothing_is_refused():
    words = ZoneContent(
        "B", ZoneKind.BUFFER, geometry_rule=GeometryRule((Text("en", "15-20 km inside line X"),))
    )

    assert document.decode(document.encode(words)).unresolved
    with pytest.raises(Malformed, match="neither a geometry nor a rule"):
        document.encode(ZoneContent("B", ZoneKind.BUFFER))

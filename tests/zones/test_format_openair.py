"""OpenAir: arcs stay arcs, a bad record costs itself alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.zones.contents import zone_lists

from truceline.errors import Malformed
from truceline.geo import geodesic
from truceline.geo.altitude import Datum, Unit
from truceline.geo.flatten import arc_vertices, flatten
from truceline.geo.position import Position, from_degrees
from truceline.geo.volume import Arc, ArcBetween, ArcRing, Circle, Corridor, Polygon
from truceline.zones.boundary import ZoneKind
from truceline.zones.formats import openair, openair_text

SAMPLE = Path(__file__).parent / "data" / "openair_sample_ksgu.txt"
SQUARE = "DP 35:00:00 N 036:00:00 E\nDP 35:00:00 N 036:06:00 E\nDP 35:06:00 N 036:06:00 E\n"


def without_original(reading):
    return [zone.without_original() for zone in reading.zones]


def one(text):
    reading = openair.read(text.encode())
    assert not reading.refused(), reading.report
    return reading.zones[0]


def test_the_sample_is_read_with_its_arcs_and_comes_out_as_it_went_in():
    reading = openair.read(SAMPLE.read_bytes())

    assert [type(zone.volumes[0].shape) for zone in reading.zones] == [Circle, ArcRing, ArcRing]
    assert reading.zones[0].volumes[0].shape.radius_mm == 4_500 * 1852
    written = openair.write(reading.zones)
    assert written.losses == ()
    assert without_original(openair.read(written.data)) == without_original(reading)
    assert b"DP 37:08:20.34 N 113:24:42.65 W" in written.data


@given(zones=zone_lists)
@settings(max_examples=25)
def test_what_was_written_once_is_written_the_same_again_without_loss(zones):
    resolved = tuple(zone for zone in zones if zone.volumes)
    first = openair.write(zones)
    assert all(
        any(loss.zone == zone.code for loss in first.losses)
        for zone in zones
        if zone not in resolved
    )
    if not resolved or not any(
        one.operation == "union" for zone in resolved for one in zone.volumes
    ):
        return

    once = openair.read(first.data)
    again = openair.write(once.zones)

    assert not once.refused()
    assert again.losses == ()
    assert without_original(openair.read(again.data)) == without_original(once)


@given(st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000))
def test_every_position_comes_back_from_degrees_minutes_and_seconds(lat_e7, lon_e7):
    at = Position(lat_e7, lon_e7)

    assert openair.read_point(openair_text.point_text(at)) == at


@pytest.mark.parametrize(
    ("text", "feet", "datum", "unit"),
    [
        ("5500 ft", 5500, Datum.AMSL, Unit.FT),
        ("5500", 5500, Datum.AMSL, Unit.FT),
        ("1500ft AGL", 1500, Datum.AGL, Unit.FT),
        ("FL195", 19500, Datum.STD, Unit.FL),
        ("FL 65", 6500, Datum.STD, Unit.FL),
        ("300 m MSL", 984.25, Datum.AMSL, Unit.M),
        ("SFC", 0, Datum.SFC, Unit.M),
        ("GND", 0, Datum.SFC, Unit.M),
    ],
)
def test_limits_are_read_with_their_datum(text, feet, datum, unit):
    found = openair.read_height(text).altitude

    assert found.feet == pytest.approx(feet, abs=0.01)
    assert (found.datum, found.unit) == (datum, unit)


def test_limits_in_words_stay_words():
    assert openair.read_height("UNL").unbounded
    assert openair.read_height("BY NOTAM").unreadable


def test_arcs_go_the_way_they_say():
    centre = from_degrees(lat=35, lon=36)
    text = "AC R\nAN Arc\nV X=35:00:00 N 036:00:00 E\n{turn}DB 35:30:00 N 036:00:00 E, 35:00:00 N 036:36:00 E\nDP 35:00:00 N 036:00:00 E\n"

    small = one(text.format(turn="V D=+\n")).volumes[0].shape
    large = one(text.format(turn="V D=-\n")).volumes[0].shape

    assert isinstance(small.segments[0], ArcBetween)
    assert geodesic.area_m2(flatten(small)[0]) < geodesic.area_m2(flatten(large)[0])
    bearings = [geodesic.bearing_deg(centre, at) for at in flatten(small)[0].outer[:5]]
    assert bearings == sorted(bearings)


def test_an_arc_by_bearings_keeps_its_radius():
    zone = one(
        "AC R\nAN Arc\nV X=35:00:00 N 036:00:00 E\nDA 10, 350, 20\nDP 35:00:00 N 036:00:00 E\n"
    )

    (arc, tip) = zone.volumes[0].shape.segments
    assert arc == Arc(tip, 18_520_000, 3_500_000_000, 200_000_000, True)
    on_arc = arc_vertices(zone.volumes[0].shape)[:-1]
    assert len(on_arc) > 10
    assert all(abs(geodesic.distance_m(tip, at) - 18_520) < 0.02 for at in on_arc)


def test_airways_kinds_times_and_unknown_lines_are_kept():
    text = (
        "AC Q\nAN Range\nAI X1\nAF 123.450\nAA 2023-12-16T12:00Z/2023-12-16T13:00Z\nAH 3000 ft\nAL SFC\n"
        "V W=5\nDY 35:00:00 N 036:00:00 E\nDY 35:30:00 N 036:00:00 E\n"
    )

    zone = one(text)

    assert zone.kind is ZoneKind.DANGER
    assert isinstance(zone.volumes[0].shape, Corridor)
    assert zone.code == "X1"
    assert zone.applicability[0].window.start.hour == 12
    assert [(extra.key, extra.json) for extra in zone.extras] == [("openair:AF", '"123.450"')]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("DP 35:00:00 036:00:00 E", "not a point"),
        ("DP 35:61:00 N 036:00:00 E", "60 or more"),
        ("DP 95:00:00 N 036:00:00 E", "latitude"),
        ("DC 4.5", "before its centre"),
        ("V X=35:00:00 N 036:00:00 E\nDC nan", "not 1 numbers"),
        ("V X=35:00:00 N 036:00:00 E\nDC -3", "not a radius"),
        ("V X=35:00:00 N 036:00:00 E\nDA 4.5, 10", "not 3 numbers"),
        ("DP 35:00:00 N 036:00:00 E\nDP 35:06:00 N 036:00:00 E", "needs three"),
        ("AH 99999999 ft\n" + SQUARE, "not a height"),
        ("", "one border"),
        ("AF " + "x" * 3000, "longer than"),
    ],
)
def test_a_bad_record_is_refused_with_its_line_and_the_others_are_kept(lines, said):
    text = f"AC R\nAN Bad\n{lines}\nAC P\nAN Good\n{SQUARE}"

    reading = openair.read(text.encode())

    assert [zone.code for zone in reading.zones] == ["Good"]
    assert isinstance(reading.zones[0].volumes[0].shape, Polygon)
    (note,) = reading.refused()
    assert said in note.detail
    assert "line" in note.where


def test_a_text_that_is_not_openair_is_refused():
    with pytest.raises(Malformed, match="no line begins with AC"):
        openair.read(b"hello")


def test_latin_1_is_read_and_told():
    reading = openair.read(f"AC R\nAN Zürich\n{SQUARE}".encode("latin-1"))

    assert reading.zones[0].name() == "Zürich"
    assert "Latin-1" in reading.report[0].detail

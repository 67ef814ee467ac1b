"""AIXM 5.1.1: the Donlon data sets load whole, and a bad airspace costs itself alone."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import Malformed, Reason, Refused
from truceline.geo import geodesic
from truceline.geo.altitude import Datum, Unit
from truceline.geo.flatten import arc_vertices, flatten
from truceline.geo.position import from_degrees
from truceline.geo.schedule import Day, SunEvent, SunTime, windows
from truceline.geo.volume import (
    ArcRing,
    Circle,
    Corridor,
    Edge,
    MultiPolygon,
    Operation,
    Polygon,
    Window,
)
from truceline.zones import document
from truceline.zones.boundary import ZoneKind
from truceline.zones.formats import aixm, known

DATA = Path(__file__).parent / "data" / "aixm"
FULL = ("EA_AIP_DS_FULL_20170701.xml.gz", "EA_AIP_DS_FULL_20181206_AIRAC.xml.gz")
NOTAMS = sorted(path.name for path in DATA.glob("DN_*.xml"))

HEAD = (
    '<message:AIXMBasicMessage xmlns:message="http://www.aixm.aero/schema/5.1.1/message"'
    ' xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:aixm="http://www.aixm.aero/schema/5.1.1">'
)
TAIL = "</message:AIXMBasicMessage>"
SQUARE = "35.0 36.0 35.0 36.1 35.1 36.1 35.1 36.0 35.0 36.0"
LARGE = "34.0 35.0 34.0 37.0 36.0 37.0 36.0 35.0 34.0 35.0"


def read(name, beside=()):
    return aixm.read(
        (DATA / name).read_bytes(),
        name=name,
        beside=[(one, (DATA / one).read_bytes()) for one in beside],
    )


def zones_of(reading):
    return {zone.code: zone for zone in reading.zones}


def string(positions, kind="GeodesicString"):
    return f"<gml:{kind}><gml:posList>{positions}</gml:posList></gml:{kind}>"


def curve(*segments):
    inner = "".join(segments)
    return f"<gml:curveMember><gml:Curve><gml:segments>{inner}</gml:segments></gml:Curve></gml:curveMember>"


def patch(*members, interior=""):
    outer = f"<gml:exterior><gml:Ring>{''.join(members)}</gml:Ring></gml:exterior>"
    return f"<gml:PolygonPatch>{outer}{interior}</gml:PolygonPatch>"


def drawn(*patches, srs="urn:ogc:def:crs:EPSG::4326"):
    inner = "".join(patches)
    return (
        f'<aixm:horizontalProjection><aixm:Surface srsName="{srs}"><gml:patches>{inner}'
        "</gml:patches></aixm:Surface></aixm:horizontalProjection>"
    )


LIMITS = (
    '<aixm:upperLimit uom="FL">100</aixm:upperLimit>'
    "<aixm:upperLimitReference>STD</aixm:upperLimitReference>"
    '<aixm:lowerLimit uom="FT">GND</aixm:lowerLimit>'
)


def component(inner, operation="BASE", sequence=1, limits=LIMITS):
    return (
        "<aixm:geometryComponent><aixm:AirspaceGeometryComponent>"
        f"<aixm:operation>{operation}</aixm:operation>"
        f"<aixm:operationSequence>{sequence}</aixm:operationSequence>"
        f"<aixm:theAirspaceVolume><aixm:AirspaceVolume>{limits}{inner}</aixm:AirspaceVolume>"
        "</aixm:theAirspaceVolume></aixm:AirspaceGeometryComponent></aixm:geometryComponent>"
    )


def lent(uuid, dependency="FULL_GEOMETRY"):
    return (
        "<aixm:contributorAirspace><aixm:AirspaceVolumeDependency>"
        f'<aixm:dependency>{dependency}</aixm:dependency><aixm:theAirspace xlink:href="urn:uuid:{uuid}"/>'
        "</aixm:AirspaceVolumeDependency></aixm:contributorAirspace>"
    )


def slice_(
    inner,
    *,
    interpretation="BASELINE",
    sequence=1,
    correction=0,
    begin="2020-01-01T00:00:00Z",
    end="",
):
    last = f"<gml:endPosition>{end}</gml:endPosition>" if end else "<gml:endPosition/>"
    return (
        "<aixm:timeSlice><aixm:AirspaceTimeSlice><gml:validTime><gml:TimePeriod>"
        f"<gml:beginPosition>{begin}</gml:beginPosition>{last}</gml:TimePeriod></gml:validTime>"
        f"<aixm:interpretation>{interpretation}</aixm:interpretation>"
        f"<aixm:sequenceNumber>{sequence}</aixm:sequenceNumber>"
        f"<aixm:correctionNumber>{correction}</aixm:correctionNumber>"
        f"{inner}</aixm:AirspaceTimeSlice></aixm:timeSlice>"
    )


def airspace(*slices, uuid="a1"):
    return (
        f'<message:hasMember><aixm:Airspace gml:id="uuid.{uuid}">'
        f'<gml:identifier codeSpace="urn:uuid:">{uuid}</gml:identifier>'
        f"{''.join(slices)}</aixm:Airspace></message:hasMember>"
    )


def message(*members):
    return (HEAD + "".join(members) + TAIL).encode()


def simple(inner, *, code="X1", kind="R", **more):
    words = f"<aixm:type>{kind}</aixm:type><aixm:designator>{code}</aixm:designator>"
    return slice_(words + inner, **more)


BOX = component(drawn(patch(curve(string(SQUARE)))))


# -- the data sets of Donlon ----------------------------------------------------------


@pytest.mark.parametrize("name", FULL)
def test_a_full_data_set_loads_whole(name):
    reading = read(name)

    assert len(reading.zones) == 20
    assert reading.refused() == ()
    for zone in reading.zones:
        assert document.decode(document.encode(zone)) == zone


@pytest.mark.parametrize("name", [*NOTAMS, "EA_AIP_DS_UPD_DELTA_20181206_AIRAC.xml"])
def test_updates_and_digital_notams_load_whole_alone_and_beside_their_data_set(name):
    assert read(name).refused() == ()
    assert read(name, [FULL[1]]).refused() == ()


def test_circles_arcs_corridors_and_limits_stay_what_they_were():
    zones = zones_of(read(FULL[1]))

    prohibited = zones["EAP2"]
    assert prohibited.kind is ZoneKind.NO_FLY
    assert prohibited.volumes[0].shape == Circle(
        from_degrees(lat=52.3666667, lon=-22.1), 27_780_000
    )
    assert prohibited.volumes[0].lower.altitude.datum is Datum.SFC
    assert prohibited.volumes[0].upper.unbounded
    assert prohibited.precision_mm == 2_000_000
    arc = zones["EAR1"].volumes[0]
    assert isinstance(arc.shape, ArcRing)
    assert (arc.upper.altitude.mm, arc.upper.altitude.datum) == (1_525_000, Datum.AGL)
    centre = from_degrees(lat=55.2333333, lon=-36.1666667)
    far = [geodesic.distance_m(centre, at) for at in arc_vertices(arc.shape)]
    assert max(far) == pytest.approx(25 * 1852, abs=60)
    route = zones["ACR001"].volumes[0].shape
    assert isinstance(route, Corridor)
    assert route.width_mm == 30_000_000


def test_a_zone_follows_the_border_that_it_names_and_a_point_that_it_refers_to():
    zones = zones_of(read(FULL[1]))

    area = zones["EAMTA01"].volumes[0].shape
    assert isinstance(area, Polygon)
    assert len(area.outer) == 34
    assert zones["EADH"].volumes[0].shape.centre == from_degrees(lat=52.2888889, lon=-32.035)


def test_an_airspace_made_of_others_has_their_volumes():
    zones = zones_of(read(FULL[1]))

    parts = [zones[code].volumes[0].shape for code in ("EAMM1", "EAMM2")]
    assert [one.shape for one in zones["EAMM"].volumes] == parts
    assert all(one.reference for one in zones["EAMM"].volumes)


def test_hours_are_days_and_clocks_where_they_can_be_and_words_where_not():
    zones = zones_of(read(FULL[1]))

    saturday, sunday = zones["DORNBURG"].applicability[0].schedule
    assert (saturday.days, saturday.end) == ((Day.SAT,), SunTime(SunEvent.SS))
    assert sunday.days == (Day.SUN,)
    assert "daylightSavingAdjust YES" in zones["EAD4"].applicability[0].text
    assert "AVBL_FOR_ACTIVATION" in zones["EAMTA01"].applicability[0].text


def test_a_digital_notam_alone_stays_in_words_and_is_drawn_beside_its_data_set():
    alone = read("DN_SAA.ACT_area_activation.xml").zones[0]
    assert alone.unresolved
    assert "EAR2 PASOUND activated" in alone.geometry_rule.texts[0].text

    (zone,) = read("DN_SAA.ACT_area_activation.xml", [FULL[1]]).zones
    assert zone.code == "EAR2 (temporary 1)"
    assert zone.id_in("notam.id") == "A1200/18"
    assert isinstance(zone.volumes[0].shape, Circle)
    assert zone.applicability[0].window == Window(
        datetime(2018, 5, 1, 5, tzinfo=UTC), datetime(2018, 5, 1, 15, tzinfo=UTC)
    )


def test_limits_upside_down_are_turned_and_told():
    reading = read("DN_SAA.ACT_changed_limits.xml", [FULL[1]])

    volume = reading.zones[0].volumes[0]
    assert (volume.lower.altitude.as_given, volume.upper.altitude.as_given) == (300, 400)
    assert any("other way round" in note.detail for note in reading.report)


def test_a_new_area_for_search_and_rescue_applies_in_its_hours():
    (zone,) = read("DN_SAA.NEW_SAR.xml").zones

    assert zone.kind is ZoneKind.RESTRICTED
    assert zone.volumes[0].shape.radius_mm == 3 * 1_852_000
    day = datetime(2017, 8, 29, tzinfo=UTC)
    found = windows(zone.applicability[0], start=day, end=day.replace(day=30))
    assert found == (Window(day.replace(hour=17, minute=1), day.replace(hour=19)),)


# -- geometry ----------------------------------------------------------------------


def one_zone(inner, **more):
    reading = aixm.read(message(airspace(simple(inner, **more))))
    assert reading.refused() == (), reading.report
    return reading.zones[0]


def test_latitude_comes_first_in_epsg_4326_and_longitude_in_crs84():
    first = one_zone(BOX).volumes[0]
    swapped = " ".join(
        f"{lon} {lat}" for lat, lon in zip(SQUARE.split()[::2], SQUARE.split()[1::2], strict=True)
    )
    other = one_zone(
        component(drawn(patch(curve(string(swapped))), srs="urn:ogc:def:crs:OGC:1.3:CRS84"))
    ).volumes[0]

    assert first.shape == other.shape
    assert first.shape.outer[0] == from_degrees(lat=35.0, lon=36.0)


def test_straight_segments_are_straight_in_degrees_and_mixed_ones_are_followed():
    straight = component(drawn(patch(curve(string(SQUARE, "LineStringSegment")))))
    assert one_zone(straight).volumes[0].edge is Edge.LONLAT

    mixed = component(
        drawn(
            patch(
                curve(string("35.0 36.0 35.0 38.0", "LineStringSegment")),
                curve(string("35.0 38.0 36.0 38.0 36.0 36.0 35.0 36.0")),
            )
        )
    )
    volume = one_zone(mixed).volumes[0]
    assert volume.edge is Edge.GEODESIC
    assert len(volume.shape.outer) > 10
    (flat,) = flatten(volume.shape, edge=volume.edge)
    assert min(at.lat for at in flat.outer) == pytest.approx(35.0, abs=1e-5)


def test_holes_and_several_patches_are_kept():
    hole = (
        "<gml:interior><gml:LinearRing><gml:posList>35.02 36.02 35.04 36.02 35.04 36.04 35.02 36.02"
        "</gml:posList></gml:LinearRing></gml:interior>"
    )
    far = "37.0 36.0 37.0 36.1 37.1 36.1 37.0 36.0"
    shape = (
        one_zone(
            component(drawn(patch(curve(string(SQUARE)), interior=hole), patch(curve(string(far)))))
        )
        .volumes[0]
        .shape
    )

    assert isinstance(shape, MultiPolygon)
    assert len(shape.polygons[0].holes) == 1


def test_an_arc_through_three_points_passes_through_them():
    points = "35.0 36.0 35.05 36.06 35.1 36.0"
    shape = (
        one_zone(
            component(
                drawn(patch(curve(string(points, "Arc")), curve(string("35.1 36.0 35.0 36.0"))))
            )
        )
        .volumes[0]
        .shape
    )

    middle = from_degrees(lat=35.05, lon=36.06)
    near = min(geodesic.distance_m(middle, at) for at in arc_vertices(shape, tolerance_m=0.01))
    assert near < 100
    (arc,) = (one for one in shape.segments if not hasattr(one, "lat_e7"))
    assert geodesic.distance_m(arc.centre, middle) == pytest.approx(
        geodesic.distance_m(arc.centre, arc.start), abs=0.05
    )


def test_a_line_out_and_back_again_is_left_out():
    spiked = "35.0 36.0 35.0 36.1 35.1 36.1 35.2 36.2 35.1 36.1 35.1 36.0 35.0 36.0"
    assert len(one_zone(component(drawn(patch(curve(string(spiked)))))).volumes[0].shape.outer) == 4


# -- airspaces made of others -----------------------------------------------------------


def test_operations_follow_their_sequence_and_not_their_place_in_the_file():
    inner = component(drawn(patch(curve(string(SQUARE)))), "SUBTR", 2) + component(
        drawn(patch(curve(string(LARGE)))), "BASE", 1
    )
    made = one_zone(inner).volumes

    assert [one.operation for one in made] == [Operation.UNION, Operation.SUBTRACT]
    assert len(made[0].shape.outer) == 4


def test_an_outline_alone_is_lent_between_limits_of_its_own():
    lender = airspace(simple(BOX, code="LENDER"), uuid="b2")
    limits = '<aixm:upperLimit uom="FL">660</aixm:upperLimit><aixm:upperLimitReference>STD</aixm:upperLimitReference><aixm:lowerLimit uom="FL">285</aixm:lowerLimit><aixm:lowerLimitReference>STD</aixm:lowerLimitReference>'
    above = airspace(simple(component(lent("b2", "HORZ_PROJECTION"), limits=limits), code="ABOVE"))
    zones = zones_of(aixm.read(message(above, lender)))

    assert zones["ABOVE"].volumes[0].shape == zones["LENDER"].volumes[0].shape
    assert zones["ABOVE"].volumes[0].lower.altitude.unit is Unit.FL
    assert zones["ABOVE"].volumes[0].lower.altitude.as_given == 285


def test_airspaces_that_contribute_to_one_another_in_a_circle_are_refused_alone():
    a = airspace(simple(component(lent("b2")), code="A"), uuid="a1")
    b = airspace(simple(component(lent("a1")), code="B"), uuid="b2")
    good = airspace(simple(BOX, code="GOOD"), uuid="c3")
    reading = aixm.read(message(a, b, good))

    assert [zone.code for zone in reading.zones] == ["GOOD"]
    assert len(reading.refused()) == 2
    assert "in a circle" in reading.refused()[0].detail


def test_a_contributor_that_is_not_there_is_named():
    (note,) = aixm.read(message(airspace(simple(component(lent("zz")))))).refused()

    assert "urn:uuid:zz" in note.detail
    assert "--beside" in note.remedy


def test_references_that_multiply_are_stopped():
    members = [
        airspace(
            simple(
                component(lent(f"n{level - 1}"), "BASE", 1)
                + component(lent(f"n{level - 1}"), "UNION", 2),
                code=f"N{level}",
            ),
            uuid=f"n{level}",
        )
        for level in range(1, 15)
    ]
    reading = aixm.read(message(airspace(simple(BOX, code="N0"), uuid="n0"), *members))

    assert any("more than 1000 volumes" in note.detail for note in reading.refused())
    assert "N0" in zones_of(reading)


# -- time slices -----------------------------------------------------------------------


def test_a_change_for_good_replaces_what_it_names_and_ends_what_was_before():
    later = slice_(
        "<aixm:name>NEW NAME</aixm:name>",
        interpretation="PERMDELTA",
        sequence=2,
        begin="2021-01-01T00:00:00Z",
    )
    named = BOX + "<aixm:name>OLD NAME</aixm:name>"
    first, second = aixm.read(message(airspace(simple(named), later))).zones

    cut = datetime(2021, 1, 1, tzinfo=UTC)
    assert (first.name(), first.applicability[0].window.end) == ("OLD NAME", cut)
    assert (second.name(), second.applicability[0].window.start) == ("NEW NAME", cut)
    assert second.volumes == first.volumes


def test_a_change_for_a_while_interrupts_what_it_changes():
    raised = component(drawn(patch(curve(string(SQUARE)))), limits=LIMITS.replace(">100<", ">200<"))
    change = slice_(
        raised,
        interpretation="TEMPDELTA",
        begin="2020-06-01T00:00:00Z",
        end="2020-06-02T00:00:00Z",
    )
    before, during = aixm.read(message(airspace(simple(BOX), change))).zones

    assert [
        (p.window.start.month, p.window.end and p.window.end.day) for p in before.applicability
    ] == [
        (1, 1),
        (6, None),
    ]
    assert during.code == "X1 (temporary 1)"
    assert during.volumes[0].upper.altitude.as_given == 200
    assert during.applicability[0].window.start.day == 1


def test_of_two_corrections_the_later_counts():
    wrong = simple(BOX, kind="D")
    right = simple(BOX, kind="P", correction=1)
    (zone,) = aixm.read(message(airspace(wrong, right))).zones

    assert zone.kind is ZoneKind.NO_FLY


def test_levels_of_an_activation_narrow_the_limits():
    levels = (
        "<aixm:activation><aixm:AirspaceActivation><aixm:status>ACTIVE</aixm:status><aixm:levels>"
        '<aixm:AirspaceLayer><aixm:upperLimit uom="FL">60</aixm:upperLimit>'
        "<aixm:upperLimitReference>STD</aixm:upperLimitReference></aixm:AirspaceLayer>"
        "</aixm:levels></aixm:AirspaceActivation></aixm:activation>"
    )
    zone = one_zone(BOX + levels)

    assert zone.airspace()[0].upper.as_given == 60
    assert zone.volumes[0].upper.altitude.as_given == 100


def test_what_is_not_interpreted_is_kept_verbatim():
    extra = "<aixm:controlType>MIL</aixm:controlType>"
    zone = one_zone(BOX + extra)

    assert any("MIL" in one.json for one in zone.extras)


def test_an_area_over_longitude_180_is_cut_there_and_told():
    over = "35.0 179.9 35.0 -179.9 35.1 -179.9 35.1 179.9 35.0 179.9"
    reading = aixm.read(message(airspace(simple(component(drawn(patch(curve(string(over)))))))))

    (zone,) = reading.zones
    assert [min(at.lon for at in one.outer) for one in zone.volumes[0].shape.polygons] == [
        179.9,
        -180.0,
    ]
    assert any("longitude 180" in note.detail for note in reading.report)


# -- what bad input gets ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        (component(drawn(patch(curve(string("35.0 36.0 35.1"))))), "not groups of 2"),
        (component(drawn(patch(curve(string("95.0 36.0 35.1 36.1 35.0 36.1"))))), "swapped"),
        (component(drawn(patch(curve(string("a b c d"))))), "not a coordinate"),
        (component(drawn(patch(curve(string(SQUARE))), srs="EPSG:32637")), "EPSG:32637"),
        (component(drawn(patch(curve(string(SQUARE, "CubicSpline"))))), "CubicSpline"),
        (component(drawn()), "no patch"),
        (component(""), "no outline"),
        (component(drawn(patch(curve(string(SQUARE)))), "XOR"), "XOR"),
        (
            component(
                drawn(patch(curve(string(SQUARE)))),
                limits='<aixm:upperLimit uom="FT">500</aixm:upperLimit>',
            ),
            "datum",
        ),
        (
            component(drawn(patch('<gml:curveMember xlink:href="http://elsewhere/curve"/>'))),
            "not in the file",
        ),
        (
            component(
                drawn(
                    patch(
                        curve(
                            "<gml:CircleByCenterPoint><gml:pos>35 36</gml:pos><gml:radius>3</gml:radius></gml:CircleByCenterPoint>"
                        )
                    )
                )
            ),
            "no unit",
        ),
    ],
)
def test_a_bad_airspace_is_told_with_its_place_and_costs_itself_alone(inner, told):
    good = airspace(simple(BOX, code="GOOD"), uuid="c3")
    reading = aixm.read(message(airspace(simple(inner, code="BAD")), good))

    assert [zone.code for zone in reading.zones] == ["GOOD"]
    (note,) = reading.refused()
    assert told in note.detail
    assert "airspace a1" in note.where


def test_bombs_and_cut_off_files_are_refused():
    whole = message(airspace(simple(BOX)))
    for data, reason in (
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>' + whole, Reason.UNSAFE_XML),
        (whole[:-20], Reason.BAD_FORMAT),
        (gzip.compress(b"<a>" + b" " * (80 * 2**20)), Reason.UNSAFE_ARCHIVE),
        (gzip.compress(whole)[:-9], Reason.UNSAFE_ARCHIVE),
        (b"<AIXM-Snapshot version='4.5'/>", Reason.BAD_FORMAT),
        (b"", Reason.BAD_FORMAT),
    ):
        with pytest.raises(Malformed) as caught:
            aixm.read(data)
        assert caught.value.reason is reason


def test_a_zipped_file_is_read_and_recognised():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("donlon.xml", message(airspace(simple(BOX))))

    for data in (out.getvalue(), gzip.compress(message(airspace(simple(BOX))))):
        assert known.detect(data, name="x") == "aixm"
        assert len(known.read(data, name="x").zones) == 1


def test_aixm_is_not_written_and_the_refusal_says_what_to_write():
    with pytest.raises(Refused) as caught:
        known.write((), format="aixm")
    assert "ED-318" in caught.value.remedy


MESSAGE = message(airspace(simple(BOX), slice_("", interpretation="TEMPDELTA")))


@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(MESSAGE) - 1), st.integers(0, 40), st.binary(max_size=6)),
        max_size=4,
    )
)
@settings(max_examples=150)
def test_damaged_bytes_are_told_and_never_a_crash(cuts):
    data = MESSAGE
    for at, gone, put in cuts:
        data = data[:at] + put + data[at + gone :]
    try:
        reading = aixm.read(data)
    except Malformed:
        return
    for zone in reading.zones:
        document.encode(zone)


@given(
    lat=st.lists(st.text(alphabet="0123456789.-+eNa", max_size=8), max_size=9),
    word=st.text(alphabet="ABCDEFGNDUL0123456789.- ", max_size=6),
    unit=st.sampled_from(("FT", "FL", "M", "SM", "OTHER", "")),
    datum=st.sampled_from(("STD", "MSL", "SFC", "W84", "OTHER", "")),
)
@settings(max_examples=100)
def test_odd_numbers_and_limits_are_told_and_never_a_crash(lat, word, unit, datum):
    limits = f'<aixm:upperLimit uom="{unit}">{word}</aixm:upperLimit><aixm:upperLimitReference>{datum}</aixm:upperLimitReference>'
    odd = component(drawn(patch(curve(string(" ".join(lat))))), limits=limits)
    box = component(drawn(patch(curve(string(SQUARE)))), limits=limits)
    reading = aixm.read(message(airspace(simple(odd)), airspace(simple(box), uuid="b2")))

    for zone in reading.zones:
        assert document.decode(document.encode(zone)) == zone

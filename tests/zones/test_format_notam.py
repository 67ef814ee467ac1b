"""NOTAM: real-looking texts are read, what cannot be drawn stays words, and item Q contains the zone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.zones.contents import circles, rings, zone_lists

from truceline.errors import Malformed, Refused, TrucelineError
from truceline.geo import geodesic
from truceline.geo.altitude import SURFACE, Datum, Unit, altitude
from truceline.geo.flatten import flatten
from truceline.geo.position import E7, Position, from_degrees
from truceline.geo.schedule import ClockTime, Daily, Day, Period, SunEvent, SunTime
from truceline.geo.volume import (
    Arc,
    ArcBetween,
    ArcRing,
    Circle,
    Corridor,
    Edge,
    Operation,
    Polygon,
    Window,
)
from truceline.zones import document
from truceline.zones.boundary import Limit, Text, ZoneContent, ZoneKind, ZoneVolume
from truceline.zones.formats import known, notam, notam_area, notam_points, notam_text
from truceline.zones.formats.notam_times import period, periods

BOX = "332000N0360000E - 332000N0363000E - 334500N0363000E - 334500N0360000E - TO POINT OF ORIGIN"
MUSEUM = Path(__file__).parents[1] / "museum" / "notam"
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
WEEK = Period(Window(START, datetime(2026, 11, 29, 10, tzinfo=UTC)))


def text(e, *, number="A0001/26", kind="N", d="", f="SFC", g="FL100", c="2612221000", q="QRRCA"):
    hours = f"D) {d}\n" if d else ""
    return (
        f"({number} NOTAM{kind}\nQ) OSTT/{q}/IV/BO/W/000/245/3330N03618E020\n"
        f"A) OSTT B) 2611221000 C) {c}\n{hours}E) {e}\nF) {f} G) {g})"
    )


def one(e, **more):
    reading = notam.read(text(e, **more).encode())
    assert reading.refused() == (), reading.report
    return reading.zones[0]


def shape(e):
    return one(e).volumes[0].shape


# -- where ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "331530N0361530E",
        "331530N 0361530E",
        "3315.5N 03615.5E",
        "331530.0N0361530.0E",
        "33 15 30N 036 15 30E",
        "33-15-30N 036-15-30E",
        "33°15'30\"N 036°15'30\"E",
        "33:15:30N/036:15:30E",
        "N331530 E0361530",
        "N33 15 30 E036 15 30",
        "N33°15'30\" E036°15'30\"",
        "33.258333N 36.258333E",
        "N33.258333 E036.258333",
        "33.2583333, 36.2583333",
        "331530N 361530E",
    ],
)
def test_a_position_is_read_in_all_its_notations(written):
    (found,) = notam_points.find(f"CENTRED ON {written}.")

    assert geodesic.distance_m(found.at, from_degrees(lat=33.2583333, lon=36.2583333)) < 0.1


@pytest.mark.parametrize(
    "written", ["336030N0361530E", "3315N1810000E", "910000N0361530E", "33153N0361530E"]
)
def test_a_position_that_is_none_is_refused_with_its_spelling(written):
    with pytest.raises(Malformed) as caught:
        notam_points.find(written)
    assert written[:5] in caught.value.detail


@pytest.mark.parametrize(
    "written",
    [
        "WI CIRCLE RADIUS 5NM CENTRED ON 331530N0361530E",
        "WI A RADIUS OF 5 NM CENTERED ON 331530N 0361530E",
        "WITHIN 5NM RADIUS OF 331530N0361530E",
        "5 NM RAD CENTRED 331530N0361530E",
        "WI 5NM RADIUS AROUND PSN 331530N0361530E",
        "CENTRE 331530N0361530E RADIUS 5NM",
        "CIRCLE OF 5NM AROUND 331530N0361530E",
        "PSN 331530N0361530E (DUMAYR) RADIUS 9260M",
        "RADIUS 9.26KM CENTRED ON POINT 331530N0361530E",
    ],
)
def test_a_circle_is_read_in_all_its_wordings(written):
    assert shape(f"FIRING {written}") == Circle(
        from_degrees(lat=33.2583333, lon=36.2583333), 5 * 1_852_000
    )


@pytest.mark.parametrize("link", [" - ", "-", " TO ", ", ", " THEN ", "\n", " – ", " / "])
def test_a_polygon_is_read_with_all_its_links_and_wrapped_anywhere(link):
    found = shape("AREA BOUNDED BY " + link.join(BOX.split(" - ")[:4]))

    assert isinstance(found, Polygon)
    assert len(found.outer) == 4


def test_a_corridor_has_its_width_whichever_way_it_is_said():
    line = "3315N03600E - 3330N03630E"
    for words in (
        f"WI 5NM EITHER SIDE OF LINE {line}",
        f"CORRIDOR 10NM WIDE, CENTRE LINE {line}",
        f"WI 5NM EACH SIDE OF A LINE JOINING {line}",
        f"LINE {line} WIDTH 10NM",
    ):
        assert shape(words).width_mm == 10 * 1_852_000


def test_an_arc_turns_the_way_it_says():
    words = (
        "AREA 332000N0360000E - 333000N0360000E THENCE {} ARC RADIUS 10NM"
        " CENTRED ON 332000N0360000E TO 332000N0361200E - TO POINT OF ORIGIN"
    )
    for word, clockwise in (("CLOCKWISE", True), ("ANTI-CLOCKWISE", False)):
        (arc,) = (s for s in shape(words.format(word)).segments if isinstance(s, ArcBetween))
        assert arc.clockwise is clockwise


def test_several_areas_and_what_is_excepted_make_one_zone():
    zone = one(
        f"AREA 1: {BOX}. AREA 2: CIRCLE RADIUS 5NM CENTRED ON 3500N03700E EXC CIRCLE RADIUS 1NM CENTRED ON 3500N03700E"
    )

    assert [v.operation for v in zone.volumes] == [
        Operation.UNION,
        Operation.UNION,
        Operation.SUBTRACT,
    ]


@pytest.mark.parametrize(
    ("e", "why"),
    [
        (
            "AREA 3320N03600E - 3330N03600E - 3340N03620E THENCE ALONG THE STATE BORDER TO 3310N03620E - 3305N03610E - 3300N03600E",
            "follows something",
        ),
        ("SECTOR BTN RADIALS 090 AND 180 RADIUS 5NM CENTRED ON 3315N03600E", "between radials"),
        ("LINE 3315N03600E - 3330N03630E", "are a line"),
        ("CRANE AT 331530N0361530E", "no circle"),
        ("AREA 3320N03600E - 3330N03610E - 3330N03600E - 3320N03610E", "crosses itself"),
        ("AREA 337000N0360000E - 332000N0363000E - 334500N0363000E", "minutes or seconds"),
    ],
)
def test_what_cannot_be_drawn_stays_whole_as_words_with_the_reason(e, why):
    reading = notam.read(text(e).encode())

    (note,) = reading.refused()
    assert why in note.detail
    assert "A0001/26 at line 1" in note.where
    (zone,) = reading.zones
    assert zone.unresolved
    assert zone.geometry_rule.texts == (Text("en", e),)


def test_the_envelope_of_item_q_is_never_the_zone():
    zone = one("DANGER AREA OS D12 ACT")

    assert zone.unresolved
    assert zone.id_in("notam.fir") == "OSTT"


# -- how high, and when ------------------------------------------------------------------------


def test_limits_keep_their_datum_and_words_without_one_are_no_height():
    zone = one(f"AREA {BOX}", f="1000FT AGL", g="FL245")
    low, high = zone.volumes[0].lower.altitude, zone.volumes[0].upper.altitude
    assert (low.as_given, low.datum) == (1000, Datum.AGL)
    assert (high.as_given, high.unit) == (245, Unit.FL)

    vague = one(f"AREA {BOX}", g="3000FT").volumes[0].upper
    assert vague.unreadable
    assert vague.text == "3000FT"


def test_limits_in_item_e_are_taken_where_f_and_g_are_missing():
    data = text(f"AREA {BOX}. SFC TO 500FT AMSL").replace("F) SFC G) FL100", "")
    (zone,) = notam.read(data.encode()).zones

    assert zone.volumes[0].lower.altitude == SURFACE
    assert zone.volumes[0].upper.altitude == altitude(500, Unit.FT, Datum.AMSL)


def test_times_permanent_estimated_and_bad():
    assert period("2611221000", "PERM").permanent is True
    assert period("2611221000", "2611231000EST").end_estimated
    assert period("2611221000", "2611222400").window.end == datetime(2026, 11, 23, tzinfo=UTC)
    for begin, end in (("2613221000", ""), ("2611221000", "2611211000"), ("SOON", "")):
        with pytest.raises(Malformed):
            period(begin, end)


@pytest.mark.parametrize(
    ("words", "schedule"),
    [
        (
            "DAILY 0600-1530",
            (Daily((Day.ANY,), ClockTime(21_600_000_000), ClockTime(55_800_000_000)),),
        ),
        (
            "MON-WED 0700-1700",
            (
                Daily(
                    (Day.MON, Day.TUE, Day.WED),
                    ClockTime(25_200_000_000),
                    ClockTime(61_200_000_000),
                ),
            ),
        ),
        ("SAT SUN SR-SS", (Daily((Day.SAT, Day.SUN), SunTime(SunEvent.SR), SunTime(SunEvent.SS)),)),
        (
            "SR MINUS30-SS PLUS30",
            (Daily((Day.ANY,), SunTime(SunEvent.SR, -1800), SunTime(SunEvent.SS, 1800)),),
        ),
        ("FRI H24", (Daily((Day.FRI,)),)),
    ],
)
def test_hours_are_read_as_days_and_clocks(words, schedule):
    assert periods(WEEK, words) == (replace(WEEK, schedule=schedule),)


def test_dates_are_windows_of_their_own():
    found = periods(WEEK, "23 24 1000-1200 26-27 2200-0200")

    assert [(p.window.start.day, p.window.start.hour, p.window.end.day) for p in found] == [
        (23, 10, 23),
        (24, 10, 24),
        (26, 22, 27),
        (27, 22, 28),
    ]


@pytest.mark.parametrize(
    "words", ["MON-FRI EXC HOL 0700-1700", "WHEN ANNOUNCED", "DAILY 2500-2600", "0700"]
)
def test_hours_that_cannot_be_read_stay_words_and_are_not_guessed(words):
    assert periods(WEEK, words) == (replace(WEEK, text=words),)


# -- several, wrapped, broken ----------------------------------------------------------------------


def test_several_notam_with_what_the_network_wraps_around_them():
    data = f"ZCZC LLA123 221000\nGG OSDIZQZX\n{text('AREA ' + BOX)}\n\nNNNN\n\n{text('AREA ' + BOX, number='B0002/26')}\n"
    reading = notam.read(data.encode())

    assert [zone.code for zone in reading.zones] == ["A0001/26", "B0002/26"]
    assert "passed over" in reading.report[0].detail
    assert known.detect(data.encode(), name="x") == "notam"


def test_a_replacement_and_a_cancellation_end_what_stands_before_them():
    later = text("AREA " + BOX, number="A0002/26", kind="R A0001/26").replace(
        "B) 2611221000", "B) 2611251000"
    )
    cancel = "(A0003/26 NOTAMC A0002/26\nQ) OSTT/QRRCN/IV/BO/W/000/245/3330N03618E020\nA) OSTT B) 2611261200\nE) CANCELLED)"
    reading = notam.read("\n".join([text("AREA " + BOX), later, cancel]).encode())

    ends = [zone.applicability[0].window.end for zone in reading.zones]
    assert ends == [datetime(2026, 11, 25, 10, tzinfo=UTC), datetime(2026, 11, 26, 12, tzinfo=UTC)]


def test_a_parenthesis_in_the_text_does_not_end_it():
    zone = one(f"1) AREA (SEE SUP 12/26) {BOX} 2) CTC TWR (TEL 123)")

    assert isinstance(zone.volumes[0].shape, Polygon)
    assert "TEL 123" in zone.messages[0].text


def test_a_bad_time_costs_the_time_alone_and_is_told():
    reading = notam.read(text(f"AREA {BOX}", c="2613991000").encode())

    assert "not a time of the calendar" in reading.refused()[0].detail
    assert reading.zones[0].volumes
    assert "2613991000" in reading.zones[0].applicability[0].text


@pytest.mark.parametrize("path", sorted(MUSEUM.glob("*.txt")), ids=lambda path: path.name)
def test_the_texts_of_the_museum_come_to_what_their_names_say(path):
    """`drawn-CIRCLE--name.txt`: the shapes; `words--name.txt`: a rule in words, with the reason."""
    reading = notam.read(path.read_bytes(), name=path.name)

    wanted, _, shapes = path.name.partition("--")[0].partition("-")
    found = [type(v.shape).__name__.lower() for zone in reading.zones for v in zone.volumes]
    if wanted == "drawn":
        assert reading.refused() == (), reading.report
        assert found == shapes.split("-")
    else:
        assert found == []
        assert reading.zones
        assert reading.report


# -- out -----------------------------------------------------------------------------------------


def zone(*volumes, **more):
    more = {"applicability": (WEEK,), "kind": ZoneKind.NO_FLY} | more
    return ZoneContent("Z1", volumes=volumes, **more)


def limits(low=None, high=None):
    return {
        "lower": low or Limit(SURFACE),
        "upper": high or Limit(altitude(100, Unit.FL, Datum.STD)),
    }


def test_what_was_read_and_not_changed_is_written_as_it_stood():
    data = text(f"AREA {BOX}", d="DAILY 0600-1530") + "\n"

    written = notam_text.write(notam.read(data.encode()).zones)
    assert written.data.decode() == data
    assert written.losses == ()


whole_seconds = st.builds(
    Position,
    st.integers(-60 * 3600, 60 * 3600).map(lambda s: round(s * E7 / 3600)),
    st.integers(-160 * 3600, 160 * 3600).map(lambda s: round(s * E7 / 3600)),
)


@given(
    made=st.one_of(
        st.builds(Circle, whole_seconds, st.integers(1, 100).map(lambda n: n * 1_852_000)),
        st.builds(Polygon, rings()),
        circles,
    )
)
@settings(max_examples=60)
def test_a_zone_written_is_read_the_same_and_item_q_contains_it(made):
    written = notam_text.write((zone(ZoneVolume(made, **limits())),))
    reading = notam.read(written.data)

    assert reading.refused() == ()
    (back,) = reading.zones
    assert back.kind is ZoneKind.NO_FLY
    assert back.applicability == (WEEK,)
    assert (back.volumes[0].lower, back.volumes[0].upper) == tuple(limits().values())
    if not any("hundredth" in loss.why or "metres" in loss.why for loss in written.losses):
        assert back.volumes[0].shape == made
    q = re.search(r"/000/100/(\d\d)(\d\d)([NS])(\d\d\d)(\d\d)([EW])(\d\d\d)", written.data.decode())
    lat = (int(q[1]) + int(q[2]) / 60) * (-1 if q[3] == "S" else 1)
    lon = (int(q[4]) + int(q[5]) / 60) * (-1 if q[6] == "W" else 1)
    centre = from_degrees(lat=lat, lon=lon)
    far = max(geodesic.distance_m(centre, at) for at in flatten(made)[0].outer)
    assert far <= int(q[7]) * 1852 or q[7] == "999"


@given(zones=zone_lists)
@settings(max_examples=30)
def test_every_zone_is_written_or_named_and_a_second_writing_is_the_same(zones):
    try:
        written = notam_text.write(zones)
    except TrucelineError:
        return
    for loss in written.losses:
        assert loss.why
    reading = notam.read(written.data)
    assert len(reading.zones) + sum("left out:" in loss.why for loss in written.losses) == len(
        zones
    )
    assert notam_text.write(reading.zones).data == written.data
    assert max(len(line) for line in written.data.decode().splitlines()) <= 100


def test_corridors_arcs_and_exceptions_come_back():
    a, b = from_degrees(lat=33.25, lon=36), from_degrees(lat=33.5, lon=36.5)
    corridor = Corridor((a, b), 10 * 1_852_000)
    arc = ArcRing((a, Arc(a, 10 * 1_852_000, 0, 90 * E7)))
    hole = ZoneVolume(Circle(a, 1_852_000), **limits(), operation=Operation.SUBTRACT)

    back = notam.read(notam_text.write((zone(ZoneVolume(corridor, **limits()), hole),)).data)
    assert [v.shape for v in back.zones[0].volumes] == [corridor, hole.shape]
    assert back.zones[0].volumes[1].operation is Operation.SUBTRACT
    (drawn,) = notam.read(notam_text.write((zone(ZoneVolume(arc, **limits())),)).data).zones
    first, second = (flatten(s)[0] for s in (arc, drawn.volumes[0].shape))
    assert geodesic.area_m2(first) == pytest.approx(geodesic.area_m2(second), rel=1e-4)


def test_a_zone_without_a_beginning_or_a_shape_is_refused_alone_and_named_among_others():
    bare = zone(ZoneVolume(Circle(Position(0, 0), 1_852_000), **limits()), applicability=())
    with pytest.raises(Refused, match="no beginning"):
        notam_text.write((bare,))

    good = replace(zone(ZoneVolume(Circle(Position(0, 0), 1_852_000), **limits())), code="Z2")
    written = notam_text.write((bare, good))
    assert any(loss.zone == "Z1" for loss in written.losses)


def test_what_a_notam_cannot_say_is_named():
    ring = tuple(from_degrees(lat=a, lon=b) for a, b in ((33, 36), (33, 37), (34, 37)))
    vague = zone(
        ZoneVolume(
            Polygon(ring),
            Limit(altitude(10, Unit.M, Datum.WGS84)),
            Limit(text="BY NOTAM"),
            Edge.LONLAT,
        ),
        names=(Text("ar", "منطقة"),),
        applicability=(replace(WEEK, schedule=(Daily((Day.HOLIDAY,)),)),),
    )
    told = " ".join(str(loss) for loss in notam_text.write((vague,)).losses)

    for words in ("WGS 84", "BY NOTAM", "lonlat edges", "hours", "letters", "A0000", "ZZZZ"):
        assert words in told


# -- bad bytes --------------------------------------------------------------------------------------

SEED = "\n".join(
    [
        text(f"AREA {BOX}", d="MON-FRI 0700-1700"),
        text("WI 5NM RADIUS OF 331530N0361530E", number="B0002/26"),
    ]
).encode()


@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 30), st.binary(max_size=5)),
        max_size=5,
    )
)
@settings(max_examples=150)
def test_damaged_bytes_are_told_and_never_a_crash(cuts):
    data = SEED
    for at, gone, put in cuts:
        data = data[:at] + put + data[at + gone :]
    try:
        reading = notam.read(data)
    except Malformed:
        return
    for found in reading.zones:
        document.encode(found)
    kept = {one.json for found in reading.zones for one in found.extras}
    assert len(kept) == len(reading.zones)


WORDS = st.lists(
    st.sampled_from(
        [
            "331530N0361530E",
            "3315N03600E",
            "RADIUS",
            "5NM",
            "CENTRED ON",
            "TO",
            "-",
            "AREA",
            "EXC",
            "CLOCKWISE ARC",
            "EITHER SIDE OF",
            "9NM",
            "WIDTH",
            "(",
            ")",
            "A)",
            "1)",
            ".",
            "POINT OF ORIGIN",
            "33.25N 36.5E",
            "N3320 E03610",
            "334500N0360000E",
            "SECTOR",
            "0000N00000E",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(words=WORDS)
@settings(max_examples=200)
def test_any_words_are_drawn_or_refused(words):
    try:
        found = notam_area.area_of(words)
    except Malformed:
        return
    for area in found.areas:
        assert area.shape


def test_a_text_that_would_take_a_pattern_long_is_read_in_a_moment():
    for words in ("3" * 15_000, "5NM " * 4_000, "331530N " * 2_000, "( " * 7_000, "MON-" * 4_000):
        reading = notam.read(text(words, d=words[:500]).encode())
        assert len(reading.zones) == 1

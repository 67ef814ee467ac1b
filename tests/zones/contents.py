"""Zones drawn at random for property tests: valid ones, with everything that a zone can hold."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from hypothesis import strategies as st

from truceline.geo.altitude import SURFACE, Datum, Unit, altitude
from truceline.geo.position import Position
from truceline.geo.schedule import ClockTime, Daily, Day, Period, SunEvent, SunTime
from truceline.geo.volume import (
    Arc,
    ArcBetween,
    ArcRing,
    Circle,
    Corridor,
    Edge,
    MultiPolygon,
    Operation,
    Polygon,
    Window,
)
from truceline.zones.boundary import (
    Authority,
    Extra,
    GeometryRule,
    Limit,
    Named,
    Original,
    Restriction,
    Rule,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
)

words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="￾￿"),
    max_size=20,
)
langs = st.sampled_from(["", "en", "ar", "ru", "tr", "fa", "en-GB"])
texts = st.builds(Text, langs, words)
text_lists = st.lists(texts, max_size=2, unique_by=lambda one: one.lang).map(tuple)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC)
)
windows = st.one_of(
    st.just(Window()),
    st.builds(Window, instants, st.none()),
    st.tuples(instants, instants)
    .filter(lambda two: two[0] != two[1])
    .map(lambda two: Window(min(two), max(two))),
)


@st.composite
def rings(draw, *, lat=None, lon=None, size=None):
    """A star-shaped ring: it cannot cross itself."""
    lat = draw(st.integers(-600_000_000, 600_000_000)) if lat is None else lat
    lon = draw(st.integers(-1_600_000_000, 1_600_000_000)) if lon is None else lon
    size = draw(st.integers(20_000, 5_000_000)) if size is None else size
    count = draw(st.integers(3, 12))
    radii = draw(st.lists(st.integers(size // 2, size), min_size=count, max_size=count))
    ring = [
        Position(
            lat + round(radius * math.sin(2 * math.pi * number / count)),
            lon + round(radius * math.cos(2 * math.pi * number / count)),
        )
        for number, radius in enumerate(radii)
    ]
    return tuple(ring if draw(st.booleans()) else reversed(ring))


@st.composite
def polygons(draw):
    """A polygon, often with a hole well inside."""
    lat, lon = (
        draw(st.integers(-500_000_000, 500_000_000)),
        draw(st.integers(-1_500_000_000, 1_500_000_000)),
    )
    size = draw(st.integers(100_000, 4_000_000))
    holes = ()
    if draw(st.booleans()):
        holes = (draw(rings(lat=lat, lon=lon, size=size // 10)),)
    return Polygon(draw(rings(lat=lat, lon=lon, size=size)), holes)


@st.composite
def multipolygons(draw):
    """Two polygons far apart."""
    return MultiPolygon(
        (
            Polygon(draw(rings(lat=100_000_000, lon=100_000_000, size=1_000_000))),
            Polygon(draw(rings(lat=200_000_000, lon=300_000_000, size=1_000_000))),
        )
    )


centres = st.builds(
    Position, st.integers(-600_000_000, 600_000_000), st.integers(-1_600_000_000, 1_600_000_000)
)
circles = st.builds(Circle, centres, st.integers(100_000, 60_000_000))


@st.composite
def corridors(draw):
    """A bent strip."""
    at = draw(centres)
    step = draw(st.integers(200_000, 3_000_000))
    line = (
        at,
        Position(at.lat_e7 + step, at.lon_e7 + step // 3),
        Position(at.lat_e7 + 2 * step, at.lon_e7),
    )
    return Corridor(line, 2 * draw(st.integers(50_000, 1_000_000)))


@st.composite
def arc_rings(draw):
    """A slice of a circle, by bearings or by its ends."""
    at = draw(centres)
    radius = draw(st.integers(1_000_000, 40_000_000))
    if draw(st.booleans()):
        start = draw(st.integers(0, 3_599_999_999))
        end = (start + draw(st.integers(300_000_000, 2_500_000_000))) % 3_600_000_000
        return ArcRing((Arc(at, radius, start, end, True), at))
    north = Position(at.lat_e7 + 1_000_000, at.lon_e7)
    east = Position(at.lat_e7, at.lon_e7 + 1_100_000)
    return ArcRing((ArcBetween(at, north, east, True), at))


heights = st.one_of(
    st.just(SURFACE),
    st.builds(
        altitude,
        st.integers(0, 20_000),
        st.sampled_from([Unit.FT, Unit.M]),
        st.sampled_from([Datum.AGL, Datum.AMSL, Datum.STD, Datum.WGS84]),
    ),
    st.builds(lambda value: altitude(value, Unit.FL, Datum.STD), st.integers(0, 600)),
)
limits = st.one_of(
    st.just(Limit()),
    st.builds(Limit, heights, st.just(""), st.just(""), st.sampled_from([None, True, False])),
    st.sampled_from([Limit(text="by NOTAM"), Limit(text="UNL"), Limit(SURFACE, text="GND")]),
)
extra_lists = st.lists(
    st.builds(
        Extra,
        st.sampled_from(
            ["geojson:shade", "kml:styleUrl", "ed318:note", "ed269:note", "openair:SP"]
        ),
        st.sampled_from(['"x"', "1.10", "[1,2,{}]", "null", '{"ä":1e3}']),
    ),
    max_size=2,
    unique_by=lambda one: one.key,
).map(tuple)


def _sane(volume: ZoneVolume) -> bool:
    low, high = volume.lower.altitude, volume.upper.altitude
    return not (low and high and low.datum is high.datum and low.mm > high.mm)


shapes = st.one_of(polygons(), multipolygons(), circles, corridors(), arc_rings())
volumes = st.builds(
    ZoneVolume,
    shape=shapes,
    lower=limits,
    upper=limits,
    edge=st.sampled_from(Edge),
    operation=st.sampled_from(Operation),
    window=windows,
    id=words,
    also_lower=st.one_of(st.none(), limits),
    also_upper=st.one_of(st.none(), limits),
    reference=words,
    extras=extra_lists,
).filter(_sane)
moments = st.one_of(
    st.builds(
        ClockTime,
        st.integers(0, 86_399).map(lambda s: s * 1_000_000),
        st.sampled_from(["Z", "+03:00"]),
    ),
    st.builds(SunTime, st.sampled_from(SunEvent), st.integers(-3600, 3600)),
)
dailies = st.builds(
    Daily,
    st.lists(st.sampled_from(Day), min_size=1, max_size=3, unique=True).map(tuple),
    st.one_of(st.none(), moments),
    st.one_of(st.none(), moments),
)
periods = st.builds(
    Period,
    windows,
    st.sampled_from([None, True, False]),
    st.booleans(),
    st.lists(dailies, max_size=2).map(tuple),
    words,
)
rules = st.builds(
    Rule,
    st.lists(st.builds(Restriction, words, words, words), max_size=1).map(tuple),
    st.lists(words, max_size=1).map(tuple),
    text_lists,
    st.lists(words, max_size=1).map(tuple),
    st.sampled_from([None, True, False]),
)
authorities = st.builds(
    Authority, text_lists, text_lists, text_lists, words, words, words, words, words, extra_lists
)
geometry_rules = st.builds(
    GeometryRule,
    st.lists(texts, min_size=1, max_size=2).map(tuple),
    words,
    st.one_of(st.none(), st.integers(0, 10**8)),
    st.one_of(st.none(), st.integers(0, 10**8)),
    st.lists(words, max_size=2).map(tuple),
)
originals = st.builds(
    Original,
    st.just("0" * 64),
    st.just("text/plain"),
    st.integers(0, 10**6),
    words,
    words,
    extra_lists,
)
codes = st.text("ABCDEFGHIJKLMNOP-0123456789", min_size=1, max_size=12)


@st.composite
def contents(draw):
    """A whole zone, with a shape, a rule in words, or both."""
    listed = tuple(draw(st.lists(volumes, max_size=2)))
    rule = draw(geometry_rules) if not listed or draw(st.booleans()) else None
    return ZoneContent(
        code=draw(codes),
        kind=draw(st.sampled_from(ZoneKind)),
        names=draw(text_lists),
        ids=tuple(
            draw(
                st.lists(st.builds(Named, st.sampled_from(["ed.country", "x"]), words), max_size=1)
            )
        ),
        raw_kinds=tuple(
            draw(st.lists(st.builds(Named, st.just("openair.AC"), st.just("R")), max_size=1))
        ),
        reasons=tuple(draw(st.lists(st.sampled_from(["NOISE", "OTHER"]), max_size=1))),
        reason_texts=draw(text_lists),
        messages=draw(text_lists),
        rule=draw(rules),
        authorities=tuple(draw(st.lists(authorities, max_size=1))),
        volumes=listed,
        geometry_rule=rule,
        applicability=tuple(draw(st.lists(periods, max_size=1))),
        places_included=tuple(draw(st.lists(words, max_size=1))),
        places_excluded=tuple(draw(st.lists(words, max_size=1))),
        precision_mm=draw(st.one_of(st.none(), st.integers(0, 10**7))),
        edge_chosen=draw(st.booleans()),
        extras=draw(extra_lists),
        original=draw(st.one_of(st.none(), originals)),
    )


zone_lists = st.lists(contents(), min_size=1, max_size=2, unique_by=lambda one: one.code).map(tuple)

"""What the data files of the scenario say, and what they may not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from truceline.airspace.chart import chart, watched
from truceline.airspace.crossing import Crossing
from truceline.airspace.engine import Engine, crossings_of
from truceline.clocks.deadline import DAY
from truceline.errors import Malformed
from truceline.geo.position import from_degrees
from truceline.records.kinds import KINDS
from truceline.scenario import contents, flights, gazetteer, material, story
from truceline.scenario.flights import REAL, SYNTHETIC, Feed, Track, between
from truceline.zones import document
from truceline.zones.comparison import compare

ROOT = Path(material.__file__).parents[3]
SUMMARY = {
    "en": "Summary, not the instrument's text.",
    "ar": "ملخّص، وليس نص الوثيقة.",
    "ru": "Краткое изложение, не текст документа.",
}


def share_of(script: str, text: str) -> float:
    """How many of a text's letters are of a script."""
    letters = [one for one in text if one.isalpha()]
    return sum(script in unicodedata.name(one, "") for one in letters) / max(len(letters), 1)


def in_arabic(tree: Any) -> Iterator[str]:
    """Every text of a tree that is said to be Arabic."""
    if isinstance(tree, dict):
        for name, inner in tree.items():
            if name == "ar" and isinstance(inner, str):
                yield inner
            else:
                yield from in_arabic(inner)
    elif isinstance(tree, list | tuple):
        for inner in tree:
            yield from in_arabic(inner)


def test_every_text_in_arabic_is_arabic():
    said = [material.contents(), material.story(), material.flights()]
    said += [dict(act.body) for act in material.acts()]
    said += [{"ar": one.name["ar"]} for one in material.cast().bodies]
    texts = [text for tree in said for text in in_arabic(tree)]
    texts += [one.read_text() for one in (material.DATA / "texts").glob("*.ar.txt")]

    assert len(texts) > 100
    for text in texts:
        plain = re.sub(r"`[^`]*`", "", text)
        assert share_of("ARABIC", plain) > 0.95, text


def test_every_instrument_has_arabic_and_english_texts_that_say_what_they_are():
    for act in material.acts():
        if act.kind == "instrument.published/1" and act.body["code"] != "DRILL-2017":
            assert {"en", "ar", "ru"} <= act.body["texts"].keys()
            for lang, text in act.body["texts"].items():
                first = material.file(text["file"]["@file"]).decode().splitlines()[0]
                assert first == SUMMARY[lang]


def test_every_act_is_of_a_known_kind_by_a_known_officer_with_known_sources():
    officers = {one.code for one in material.cast().officers}
    keys = [act.key for act in material.acts()]

    assert len(keys) == len(set(keys))
    for act in material.acts():
        assert act.kind in KINDS
        assert act.by in officers
        for key in str(act.body.get("source", "")).split(", "):
            assert not key or material.sources()[key].startswith("http"), (act.key, key)


def test_states_and_groups_act_only_where_a_source_reports_it():
    invented = {one.code for one in material.cast().bodies if one.invented}
    body_of = {one.code: one.body for one in material.cast().officers}
    sourced = {
        "instrument.suspended/1",
        "mandate.contested/1",
        "post.assigned/1",
        "post.reported/1",
        "zone.proposed/1",
        "zone.position/1",
        "zone.contested/1",
    }
    for act in material.acts():
        if act.kind in sourced and body_of[act.by] not in invented:
            assert act.body.get("source"), act.key


def test_every_content_says_that_it_is_approximate_and_what_drew_it():
    for name, said in material.contents()["content"].items():
        content = contents.content(name)
        marks = {one.key for one in content.extras}

        assert contents.APPROXIMATE in marks
        assert (contents.ILLUSTRATIVE in marks) == ("ring" in said)
        assert content.precision_mm
        assert document.decode(contents.encoded(name)) == content
        assert {"en", "ar", "ru"} <= {one.lang for one in content.names}


def test_a_missing_data_file_is_told_in_a_sentence():
    with pytest.raises(Malformed, match="missing from this installation"):
        material.file("texts/nowhere.txt")


def test_only_the_one_decided_track_is_shipped_and_the_wheel_stays_small():
    tracks = [one.name for one in (material.DATA / "tracks").iterdir()]
    total = sum(one.stat().st_size for one in material.DATA.rglob("*") if one.is_file())

    assert tracks == ["elal747.parquet"]
    assert total < 15_000_000
    notice = (ROOT / "NOTICE").read_text()
    for owner in ("OCHA", "OpenSyria", "GeoNames", "Natural Earth", "Xavier Olive", "OpenSky"):
        assert owner in notice


def test_every_shipped_file_has_its_line_in_the_sources():
    sources = (material.DATA / "SOURCES.md").read_text()
    own = (".toml", ".txt", "SOURCES.md")
    for file in material.DATA.rglob("*"):
        if file.is_file() and not file.name.endswith(own):
            stem = re.sub(r"syr_adm\d", "syr_adm0", file.name)
            assert stem in sources or file.name in sources, file


def test_the_two_rings_of_ghouta_differ_by_the_places_that_were_left_open():
    narrow, wide = contents.content("ring_c_narrow"), contents.content("ring_c")
    found = compare(narrow, wide, gazetteer=gazetteer.load())
    named = {place.pcode: place for piece in found.pieces for place in piece.places}

    assert {one.name_en for one in named.values()} == {
        "Ein Terma",
        "Joubar Gharbi",
        "Joubar Sharqi",
    }
    assert named["C2315"].name_ar == "عين ترما"
    assert set(wide.places_included) == set(narrow.places_excluded) == set(named)
    assert named["N0025"].population is None


def test_a_place_is_spelt_as_the_gazetteer_has_it_and_otherwise_once_in_brackets():
    said = [path.read_text() for path in material.DATA.glob("*.toml")]
    said += [path.read_text() for path in (material.DATA / "texts").glob("*.en.txt")]
    for usual, other in (("Ein Terma", "also written Ayn Tarma"), ("Joubar", "Jobar")):
        assert any(usual in text for text in said)
        for text in said:
            assert text.replace(f"{usual} ({other})", "").count(other.split()[-1]) == 0


def test_the_first_storyline_opens_while_both_lines_stand_and_between_consent_and_joining():
    by_key = {act.key: act.at for act in material.acts()}
    first = story.storylines()[0]

    assert first.zone == "GHOUTA-C"
    assert by_key["ghouta-position-jai"] - by_key["ghouta-consent-jai"] > 3 * DAY
    assert by_key["ghouta-position-jai"] < first.at < by_key["ghouta-amended"]


def test_quarters_of_cities_are_places_inside_their_outline():
    quarters = [one for one in gazetteer.load().places if one.pcode.startswith("N")]

    assert len(quarters) == 414
    assert all(one.name_en and one.name_ar and one.area for one in quarters)


def test_with_or_without_suwayda_is_told_by_its_sub_district():
    found = compare(
        contents.content("ring_d"), contents.content("ring_d_suwayda"), gazetteer=gazetteer.load()
    )
    areas = {share.name_en for piece in found.pieces for share in piece.subdistricts}

    assert "As-Sweida" in areas


def test_the_story_has_the_six_lines_of_this_release_in_two_languages():
    lines = story.storylines()

    assert [one.code for one in lines] == [
        "zone-c",
        "texts-and-clocks",
        "posts",
        "crossings",
        "ahead",
        "proof",
    ]
    zones = {act.body["zone"] for act in material.acts() if act.kind == "zone.proposed/1"}
    for one in lines:
        assert {"en", "ar"} <= one.title.keys() & one.text.keys()
        assert not one.zone or one.zone in zones
        from_degrees(lat=one.view["lat"], lon=one.view["lon"])


# -- what flies ----------------------------------------------------------------------------

IN_FORCE = {
    "DEZ-1": "dez1_area",
    "HOMS-B": "ring_b",
    "GHOUTA-C": "ring_c",
    "SOUTH-D": "ring_d_suwayda",
    "DRILL-SEA": "drill",
}


def crossings_in(*tracks: Track) -> list[Crossing]:
    """The crossings of the zones that come to be in force by these tracks."""
    zones = [watched(zone, contents.content(name).airspace()) for zone, name in IN_FORCE.items()]
    engine, feed = Engine(chart(zones)), Feed("test")
    first, last = min(t.first_at for t in tracks), max(t.last_at for t in tracks)
    events = engine.feed(feed.batch(between(tracks, first - 1, last)))
    return crossings_of([*events, *engine.finish()])


def track(key: str) -> Track:
    """A flight of the past or of the first round."""
    programme = flights.programme()
    return next(t for t in (*programme.past, *programme.round(0)) if t.key == f"{key}-0")


@pytest.mark.parametrize(
    ("key", "zones"),
    [
        ("south-first", ["SOUTH-D"]),
        ("ghouta-through", ["GHOUTA-C"]),
        ("homs-corner", ["HOMS-B"]),
        ("homs-above", []),
        ("ghouta-helicopter", ["GHOUTA-C"]),
        ("idlib-noisy", ["DEZ-1"]),
        ("ghouta-live", ["GHOUTA-C"]),
        ("homs-clip", ["HOMS-B"]),
        ("idlib-above", []),
        ("idlib-live", ["DEZ-1"]),
        ("south-helicopter", ["SOUTH-D"]),
        ("south-then-ghouta", ["GHOUTA-C", "SOUTH-D"]),
        ("no-altitude", ["HOMS-B"]),
    ],
)
def test_each_flight_crosses_what_it_was_drawn_for(key, zones):
    assert sorted(one.zone_id for one in crossings_in(track(key))) == zones


def test_a_flight_without_altitude_is_suspected_at_most():
    (one,) = crossings_in(track("no-altitude"))

    assert not one.altitude_known
    assert one.verdict == "suspected"


def test_a_clipped_corner_is_short_and_a_leap_does_not_break_a_flight_in_two():
    (corner,) = crossings_in(track("homs-clip"))
    (noisy,) = crossings_in(track("idlib-noisy"))

    assert corner.left_at - corner.entered_at < 60_000_000
    assert noisy.left_at - noisy.entered_at > 300_000_000


def test_the_real_flight_is_real_and_meets_the_invented_drill_area_alone():
    real = flights.programme().real
    found = crossings_in(real)

    assert real.nature == REAL
    assert {one.zone_id for one in found} == {"DRILL-SEA"}
    assert len(found) == 4


def test_everything_over_syria_is_synthetic_with_made_up_addresses():
    programme = flights.programme()
    for one in (*programme.past, *programme.round(0), *programme.round(7)):
        assert one.nature == SYNTHETIC
        assert one.icao24.startswith("f0a")


def test_a_round_is_the_same_each_time_and_another_round_scatters_otherwise():
    programme = flights.programme()
    first, again, other = programme.round(3), programme.round(3), programme.round(4)

    assert all((a.lat == b.lat).all() for a, b in zip(first, again, strict=True))
    assert not (first[0].lat == other[0].lat).all()

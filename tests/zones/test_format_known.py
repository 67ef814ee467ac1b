"""Formats are recognised by their content, and every loss between them has a name."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.zones.contents import zone_lists
from typer.testing import CliRunner

from truceline.cli.zones_files import app
from truceline.errors import Malformed, Reason, Refused, TrucelineError
from truceline.zones import document
from truceline.zones.formats import known

DATA = Path(__file__).parent / "data"
MUSEUM = Path(__file__).parents[1] / "museum" / "zones"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "zones"
WHOLE = ("geojson", "kml", "kmz", "gpkg")


def test_each_format_is_recognised_by_its_content_whatever_its_name():
    zones = known.read((DATA / "ed269_sample.json").read_bytes(), name="x").zones

    for one in (each for each in known.FORMATS if each.writable):
        written = one.write(zones[:1])
        assert known.detect(written.data, name="wrong.name") == one.name


@given(zones=zone_lists)
@settings(max_examples=12)
def test_a_zone_survives_a_journey_through_every_format_that_carries_it_whole(zones):
    for name in WHOLE:
        zones_back = known.read(known.write(zones, format=name).data, name="x").zones
        assert zones_back == zones


@given(zones=zone_lists)
@settings(max_examples=30)
def test_whatever_a_strict_format_drops_it_names(zones):
    for name in ("ed269", "ed318", "openair"):
        written = known.write(zones, format=name)
        for zone in zones:
            lost = " ".join(loss.field for loss in written.losses if loss.zone == zone.code)
            if zone.unresolved:
                assert "zone" in lost
                continue
            for field in ("geometry_rule", "precision_mm", "places_included", "edge_chosen"):
                plain = getattr(zone, field) in (None, (), False)
                assert plain or field in lost
            if any(one.operation != "union" for one in zone.volumes):
                assert "volume" in lost


@pytest.mark.parametrize("path", sorted(MUSEUM.iterdir()), ids=lambda path: path.name)
def test_every_exhibit_of_the_museum_is_told_and_none_is_a_crash(path):
    """A name says what must come: `refused-REASON--...` or `feature--...` (told feature by feature)."""
    kind, _, _ = path.stem.partition("--")
    if kind == "feature":
        reading = known.read(path.read_bytes(), name=path.name)
        assert reading.refused()
        assert all(note.where and note.detail for note in reading.refused())
        return
    with pytest.raises(TrucelineError) as caught:
        known.read(path.read_bytes(), name=path.name)
    assert caught.value.reason == kind.removeprefix("refused-")
    assert caught.value.where


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data of development is not at hand here")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.geojson")), ids=lambda path: path.stem)
def test_real_zones_are_read_whole_and_carried_whole(path):
    reading = known.read(path.read_bytes(), name=path.name)

    assert len(reading.zones) == len(json.loads(path.read_text())["features"])
    assert not reading.refused()
    for name in WHOLE:
        assert (
            known.read(known.write(reading.zones, format=name).data, name="x").zones
            == reading.zones
        )
    for zone in reading.zones:
        assert document.decode(document.encode(zone)) == zone


def test_what_is_none_of_the_formats_is_refused_with_the_list():
    with pytest.raises(Malformed, match="OpenAir"):
        known.read(b"\x89PNG", name="picture.png")
    with pytest.raises(Refused) as caught:
        known.by_name("dxf")
    assert caught.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("a.geojson", "geojson"),
        ("a.ed318.json", "ed318"),
        ("A.KMZ", "kmz"),
        ("x.zone.json", "document"),
        ("x.txt", "openair"),
    ],
)
def test_the_ending_of_a_name_asks_for_a_format(name, format_name):
    assert known.for_file(name) == format_name


def _seeds() -> dict[str, bytes]:
    zones = known.read((DATA / "ed269_sample.json").read_bytes(), name="x").zones
    return {
        one.name: one.write(zones[:1] if one.name == "document" else zones[:3]).data
        for one in known.FORMATS
        if one.writable
    }


SEEDS = _seeds()
NASTY = [
    b"",
    b"\x00",
    b"\xff",
    b"NaN",
    b"1e999",
    b"-1",
    b"null",
    b"[]",
    b"{}",
    b'""',
    b"<",
    b">",
    b"99999999999999999999",
]


@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(NASTY)),
        min_size=1,
        max_size=4,
    ),
)
@settings(max_examples=60)
def test_a_damaged_file_is_refused_or_read_and_never_a_foreign_failure(name, damages):
    data = SEEDS[name]
    for share, cut, put in damages:
        at = int(share * len(data))
        data = data[:at] + put + data[at + cut :]

    for chosen in (None, name):
        with contextlib.suppress(TrucelineError):
            known.read(data, name="damaged", format=chosen)


JSON_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 200),
        st.floats(-200, 200),
        st.sampled_from(["", "ANY", "AGL", "x"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "text", "lang"]), inner),
    ),
    max_leaves=5,
)


def _places(tree, path=()):
    yield path
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, one in items:
        yield from _places(one, (*path, key))


@given(st.sampled_from(["geojson", "ed269", "ed318", "document"]), st.data(), JSON_VALUES)
@settings(max_examples=40)
def test_any_field_may_hold_anything_without_a_foreign_failure(name, data, value):
    tree = json.loads(SEEDS[name])
    places = [path for path in _places(tree) if path and len(path) < 9]
    path = data.draw(st.sampled_from(places))
    at = tree
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value

    for chosen in (None, name):
        try:
            reading = known.read(json.dumps(tree).encode(), name="odd", format=chosen)
        except TrucelineError:
            continue
        known.write(reading.zones, format="ed318")
        known.write(reading.zones, format="gpkg")


# -- the commands ----------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_convert_prints_what_could_not_be_carried(tmp_path):
    target = tmp_path / "out.ed318.json"

    said = run("convert", DATA / "openair_sample_ksgu.txt", target)

    assert said.exit_code == 0, said.output
    assert "openair, 3 zones read" in said.output
    assert "country" in said.output
    assert known.read(target.read_bytes(), name="x").format == "ed318"


def test_convert_strictly_writes_nothing_when_something_is_lost(tmp_path):
    target = tmp_path / "out.ed318.json"

    said = run("convert", DATA / "openair_sample_ksgu.txt", target, "--strict")

    assert isinstance(said.exception, Refused)
    assert not target.exists()


def test_convert_says_with_its_exit_code_that_parts_were_refused(tmp_path):
    good, bad = ([[x, 35], [x + 0.1, 35], [x + 0.1, 35.1], [x, 35]] for x in (36, 190))
    source = tmp_path / "in.geojson"
    features = [
        {
            "type": "Feature",
            "id": n,
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for n, ring in enumerate((good, bad))
    ]
    source.write_text(json.dumps({"type": "FeatureCollection", "features": features}))

    said = run("convert", source, tmp_path / "out.kml")

    assert said.exit_code == 1
    assert "refused: feature 2 (id 1)" in said.output


def test_compare_prints_pieces_in_words_and_json(tmp_path):
    paths = []
    for east in (36.5, 36.6):
        ring = [[36, 35], [east, 35], [east, 35.5], [36, 35.5], [36, 35]]
        path = tmp_path / f"{east}.geojson"
        path.write_text(
            json.dumps(
                {
                    "type": "Feature",
                    "id": "Z",
                    "properties": {},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
            )
        )
        paths.append(path)
    places = tmp_path / "places.csv"
    places.write_text("pcode,name_en,lat,lon\nC1,Upper Well,35.2,36.55\n")

    said = run(
        "compare",
        *paths,
        "--places",
        places,
        "--label-a",
        "North",
        "--label-b",
        "South",
        "--read-back",
    )
    tree = json.loads(run("compare", *paths, "--places", places, "--json").output)

    assert said.exit_code == 0, said.output
    assert "South includes Upper Well; North does not" in said.output
    assert tree["verdict"] == "different"
    assert tree["pieces"][0]["places"][0]["pcode"] == "C1"
    assert tree["disputed_km2"] == pytest.approx(505, rel=0.02)


def test_compare_refuses_to_choose_among_several_zones(tmp_path):
    sample = DATA / "ed269_sample.json"

    said = run("compare", sample, sample)

    assert isinstance(said.exception, Refused)
    assert "--zone" in said.exception.remedy
    assert run("compare", sample, sample, "--zone", "Lausanne Airport").exit_code == 0

"""GeoPackage: whole through our own files, opened by others, safe from hostile databases."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from tests.zones.contents import zone_lists

from truceline.errors import Malformed
from truceline.zones.formats import geojson, gpkg

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[36.0, 35.0], [36.1, 35.0], [36.1, 35.1], [36.0, 35.1], [36.0, 35.0]]],
}
ZONES = geojson.read(
    json.dumps(
        {"type": "Feature", "id": "Z1", "geometry": SQUARE, "properties": {"name": "Ä"}}
    ).encode()
).zones


@given(zones=zone_lists)
@settings(max_examples=25)
def test_nothing_is_lost_on_a_round_trip(zones):
    reading = gpkg.read(gpkg.write(zones).data)

    assert not reading.refused()
    assert reading.zones == zones


def test_equal_zones_give_equal_files():
    assert gpkg.write(ZONES).data == gpkg.write(ZONES).data


def test_the_gdal_of_other_programs_reads_it(tmp_path):
    path = tmp_path / "zones.gpkg"
    path.write_bytes(gpkg.write(ZONES).data)

    meta, _, shapes, fields = pyogrio.raw.read(path)

    assert meta["crs"] == "EPSG:4326"
    assert dict(zip(meta["fields"], [column[0] for column in fields], strict=True))["name"] == "Ä"
    assert shapely.from_wkb(shapes[0]).area == pytest.approx(0.01)


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="no ogrinfo on this machine")
def test_ogrinfo_opens_it_without_a_warning(tmp_path):
    path = tmp_path / "zones.gpkg"
    path.write_bytes(gpkg.write(ZONES).data)

    said = subprocess.run(["ogrinfo", "-al", str(path)], capture_output=True, text=True, check=True)

    assert "Feature Count: 1" in said.stdout
    assert said.stderr == ""


def made_by_gdal(tmp_path, geometry, *, crs="EPSG:4326", **fields):
    path = tmp_path / "foreign.gpkg"
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(geometry)], dtype=object),
        [np.array([value]) for value in fields.values()],
        list(fields),
        layer="areas",
        driver="GPKG",
        geometry_type=geometry.geom_type,
        crs=crs,
    )
    return path.read_bytes()


def test_a_layer_of_another_program_is_read_and_its_columns_are_kept(tmp_path):
    data = made_by_gdal(tmp_path, shapely.box(36, 35, 37, 36), name="North", weight=1.5, count=3)

    reading = gpkg.read(data)

    (zone,) = reading.zones
    assert zone.code == "North"
    assert {one.key: one.json for one in zone.extras} == {"gpkg:weight": "1.5", "gpkg:count": "3"}
    assert gpkg.read(gpkg.write(reading.zones).data).zones == reading.zones
    assert (
        pyogrio.raw.read(_saved(tmp_path, gpkg.write(reading.zones).data))[0]["fields"].tolist()[-1]
        == "count"
    )


def _saved(tmp_path, data):
    path = tmp_path / "again.gpkg"
    path.write_bytes(data)
    return path


def test_a_layer_that_is_not_in_wgs_84_is_refused(tmp_path):
    data = made_by_gdal(tmp_path, shapely.box(0, 0, 10, 10), crs="EPSG:32637", name="x")

    reading = gpkg.read(data)

    assert reading.zones == ()
    assert "not in WGS 84" in reading.refused()[0].detail


def test_a_row_with_a_bad_shape_is_refused(tmp_path):
    bow = shapely.Polygon([(36, 35), (37, 36), (37, 35), (36, 36)])

    reading = gpkg.read(made_by_gdal(tmp_path, bow, name="Bow"))

    assert "crosses itself" in reading.refused()[0].detail
    assert "row 1 (Bow)" in reading.refused()[0].where


def changed(*statements):
    base = sqlite3.connect(":memory:", isolation_level=None)
    base.deserialize(gpkg.write(ZONES).data)
    for one in statements:
        base.execute(one)
    data = base.serialize()
    base.close()
    return data


def test_an_edited_name_or_shape_is_believed_and_told():
    reading = gpkg.read(
        changed(
            'UPDATE zones SET name = \'New\', upper = \'{"value":10,"unit":"m","datum":"AGL"}\''
        )
    )

    assert reading.zones[0].name() == "New"
    assert reading.zones[0].volumes[0].upper.altitude.as_given == 10
    assert len(reading.report) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE zones SET geom = x'47500001'",
        "UPDATE zones SET geom = x'0102030405060708090a'",
        "UPDATE zones SET geom = 'text'",
        "UPDATE zones SET geom = substr(geom, 1, 60)",
        "UPDATE zones SET upper = '{\"value\":1}'",
        "UPDATE zones SET upper = '{{{'",
    ],
)
def test_a_damaged_row_is_refused_and_not_a_crash(statement):
    assert len(gpkg.read(changed(statement)).refused()) == 1


ENDLESS = (
    "CREATE VIEW zones AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
    " SELECT x AS fid, NULL AS geom FROM n WHERE x < 0"
)


@pytest.mark.parametrize(
    "data",
    [
        b"SQLite format 3\x00" + b"\x00" * 5000,
        gpkg.write(ZONES).data[:3000],
        changed("DROP TABLE gpkg_geometry_columns"),
        changed("DROP TABLE zones"),
        changed("DROP TABLE zones", ENDLESS),
    ],
    ids=["empty pages", "cut off", "no columns table", "no layer", "a view without end"],
)
def test_a_damaged_or_hostile_database_is_refused(data):
    with pytest.raises(Malformed, match="GeoPackage"):
        gpkg.read(data)

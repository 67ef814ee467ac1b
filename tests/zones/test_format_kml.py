"""KML and KMZ: whole through our own files, tolerant of others', proof against bombs."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from tests.zones.contents import zone_lists

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import Datum
from truceline.zones.formats import kml
from truceline.zones.formats.reading import Level

RING = "36.0,35.0 36.1,35.0 36.1,35.1 36.0,35.1 36.0,35.0"


def document(body):
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'.encode()


def placemark(ring=RING, *, name="Z1", more="", inside=""):
    border = f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs>"
    return f"<Placemark><name>{name}</name>{more}<Polygon>{inside}{border}</Polygon></Placemark>"


@given(zones=zone_lists)
@settings(max_examples=25)
def test_nothing_is_lost_on_a_round_trip(zones):
    for packed in (False, True):
        reading = kml.read(kml.write(zones, packed=packed).data)

        assert not reading.refused()
        assert reading.zones == zones


def test_a_foreign_placemark_is_read_and_what_is_not_understood_is_kept():
    more = "<styleUrl>#red</styleUrl><ExtendedData><Data name='owner'><value>x</value></Data></ExtendedData>"

    reading = kml.read(document(placemark(more=more)))

    (zone,) = reading.zones
    assert zone.code == "Z1"
    assert {one.key for one in zone.extras} == {"kml:styleUrl", "kml.data:owner"}
    again = kml.read(kml.write(reading.zones).data)
    assert again.zones == reading.zones
    assert b"#red" in kml.write(reading.zones).data


def test_the_height_of_a_foreign_polygon_is_taken_as_its_top_and_told():
    high = RING.replace("35.0 ", "35.0,900 ").replace("35.1 ", "35.1,900 ") + ",900"
    inside = "<altitudeMode>relativeToGround</altitudeMode>"

    reading = kml.read(document(placemark(high, inside=inside)))

    assert reading.zones[0].volumes[0].upper.altitude.mm == 900_000
    assert reading.zones[0].volumes[0].upper.altitude.datum is Datum.AGL
    assert any(
        note.level is Level.REPAIRED and "upper limit" in note.detail for note in reading.report
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (placemark("36,35 36.1,35.1 36.1,35 36,35.1 36,35"), "crosses itself"),
        (placemark("36,35 north,35 36.1,35.1"), "not a number"),
        (placemark("36 35"), "not longitude,latitude"),
        (placemark("nan,35 36,35 36,36 nan,35"), "not a number"),
        (
            "<Placemark><name>p</name><Point><coordinates>36,35</coordinates></Point></Placemark>",
            "no polygon",
        ),
        ("<Placemark><Polygon/></Placemark>", "outer boundary"),
    ],
)
def test_a_bad_placemark_is_refused_and_the_others_are_kept(body, said):
    reading = kml.read(document(body + placemark(name="good")))

    assert [zone.code for zone in reading.zones] == ["good"]
    assert said in reading.refused()[0].detail
    assert "placemark 1" in reading.refused()[0].where


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b']><kml xmlns="http://www.opengis.net/kml/2.2"><name>&j;</name></kml>'
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (LAUGHS, Reason.UNSAFE_XML),
        (
            b'<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>',
            Reason.UNSAFE_XML,
        ),
        (b'<!DOCTYPE k SYSTEM "http://example.org/evil.dtd"><kml/>', Reason.UNSAFE_XML),
        ('<!DOCTYPE k [<!ENTITY a "b">]><kml>&a;</kml>'.encode("utf-16"), Reason.UNSAFE_XML),
        (b"<kml>" + b"<a>" * 200 + b"</a>" * 200 + b"</kml>", Reason.UNSAFE_XML),
        (b"<kml><Placemark></kml>", Reason.BAD_FORMAT),
        (b"<html/>", Reason.BAD_FORMAT),
        (b"PK\x03\x04 not really", Reason.UNSAFE_ARCHIVE),
    ],
)
def test_dangerous_and_broken_documents_are_refused_as_a_whole(data, reason):
    with pytest.raises(Malformed) as caught:
        kml.read(data)

    assert caught.value.reason is reason


def archive(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name.replace("_", "."), data)
    return out.getvalue()


def lying(data):
    """The archive with directory entries that say its member unpacks to ten bytes."""
    at = data.rindex(b"PK\x01\x02") + 24
    return data[:at] + (10).to_bytes(4, "little") + data[at + 4 :]


@pytest.mark.parametrize(
    "data",
    [
        archive(doc_kml=b"<kml>" + b" " * 80_000_000 + b"</kml>"),
        lying(archive(doc_kml=b"<kml>" + b" " * 80_000_000 + b"</kml>")),
        archive(**{f"f{n}_txt": b"" for n in range(1_001)}),
        archive(doc_kml=b"<kml/>", other_bin=b"\0" * 30_000_000),
    ],
    ids=["large", "lying about its size", "many members", "beside a bomb"],
)
def test_a_zip_bomb_is_refused(data):
    with pytest.raises(Malformed) as caught:
        kml.read(data)

    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


def test_an_archive_without_a_document_is_refused():
    with pytest.raises(Malformed, match="no zone document"):
        kml.read(archive(readme_txt=b"x"))


def test_an_editor_who_renames_or_redraws_a_zone_is_believed_and_told():
    data = kml.write(kml.read(document(placemark())).zones).data

    renamed = kml.read(data.replace(b"<name>Z1</name>", b"<name>New</name>"))
    redrawn = kml.read(data.replace(b"36.1000000,35.1000000", b"36.2000000,35.1000000"))

    assert renamed.zones[0].name() == "New"
    assert redrawn.zones[0].volumes[0].shape != renamed.zones[0].volumes[0].shape
    for reading in (renamed, redrawn):
        assert any("edited" in note.detail for note in reading.report)

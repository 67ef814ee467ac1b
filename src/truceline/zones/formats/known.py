"""Every format of zones that we read and write, and how one is recognised.

By content first: a name can be wrong, bytes rarely are. The formats: `geojson`,
`kml` (KMZ too), `ed269`, `ed318`, `openair`, `gpkg`, `aixm` (read only), `volume4d`,
`notam`, and `document`, the file that parties sign.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from truceline.errors import Malformed, Reason, Refused
from truceline.zones import document
from truceline.zones.boundary import ZoneContent
from truceline.zones.formats import (
    aixm,
    ed269,
    ed318,
    geojson,
    gpkg,
    json_text,
    kml,
    notam,
    notam_text,
    openair,
    volume4d,
)
from truceline.zones.formats.reading import Reading, Written, check_size

WHOLE = ("document", "geojson", "kml", "kmz", "gpkg")
"""Formats in which a content travels whole, so that what was agreed comes out as it was agreed."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name, what files of it are called, and the two functions."""

    name: str
    title: str
    suffixes: tuple[str, ...]
    media_type: str
    read: Callable[..., Reading]
    write: Callable[..., Written]
    writable: bool = True

    @property
    def whole(self) -> bool:
        """Say whether a content travels whole in it."""
        return self.name in WHOLE


def _read_document(data: bytes, *, name: str = "zone.json") -> Reading:
    check_size(data, name)
    return Reading((document.decode(data),), (), "document", hashlib.sha256(data).hexdigest())


def _write_document(zones: tuple[ZoneContent, ...]) -> Written:
    if len(zones) != 1:
        raise Refused(
            Reason.TOO_MANY,
            where="zones",
            detail=f"a zone document holds one zone; there are {len(zones)}",
            remedy="Choose one with --zone, or write another format",
        )
    return Written(document.encode(zones[0]))


def _write_kmz(zones: tuple[ZoneContent, ...]) -> Written:
    return kml.write(zones, packed=True)


FORMATS: tuple[Format, ...] = (
    Format(
        "document",
        "zone document (what parties sign)",
        (".zone.json",),
        document.MEDIA_TYPE,
        _read_document,
        _write_document,
    ),
    Format(
        "ed318",
        "EUROCAE ED-318",
        (".ed318.json", ".ed318.geojson", ".ed318"),
        ed318.MEDIA_TYPE,
        ed318.read,
        ed318.write,
    ),
    Format(
        "ed269",
        "EUROCAE ED-269",
        (".ed269.json", ".ed269"),
        ed269.MEDIA_TYPE,
        ed269.read,
        ed269.write,
    ),
    Format(
        "geojson",
        "GeoJSON (RFC 7946)",
        (".geojson", ".json"),
        geojson.MEDIA_TYPE,
        geojson.read,
        geojson.write,
    ),
    Format("kml", "KML 2.2", (".kml",), kml.MEDIA_TYPE, kml.read, kml.write),
    Format("kmz", "KML 2.2, zipped", (".kmz",), kml.KMZ_TYPE, kml.read, _write_kmz),
    Format(
        "openair",
        "OpenAir",
        (".txt", ".openair", ".air"),
        openair.MEDIA_TYPE,
        openair.read,
        openair.write,
    ),
    Format("gpkg", "GeoPackage 1.3", (".gpkg",), gpkg.MEDIA_TYPE, gpkg.read, gpkg.write),
    Format(
        "aixm",
        "AIXM 5.1.1",
        (".xml", ".aixm"),
        aixm.MEDIA_TYPE,
        aixm.read,
        aixm.write,
        writable=False,
    ),
    Format(
        "volume4d",
        "Volume4D (ASTM F3548-21)",
        (".volume4d.json", ".volume4d"),
        volume4d.MEDIA_TYPE,
        volume4d.read,
        volume4d.write,
    ),
    Format("notam", "ICAO NOTAM", (".notam",), notam.MEDIA_TYPE, notam.read, notam_text.write),
)

_AIRSPACE = re.compile(rb"^\s*AC\s", re.MULTILINE)


def read(
    data: bytes,
    *,
    name: str,
    format: str | None = None,  # noqa: A002 -- the word people use
    beside: Sequence[tuple[str, bytes]] = (),
) -> Reading:
    """Return the zones in a document of any known format, recognised by its content.

    `beside` are documents that it refers to (name, bytes); AIXM alone has such. Refuses
    what is no known format, saying what would be.
    """
    check_size(data, name)
    form = by_name(format or detect(data, name=name))
    if not beside:
        return form.read(data, name=name)
    if form.name != aixm.FORMAT:
        raise Refused(
            Reason.CONTRADICTS,
            where=name,
            detail=f"{form.title} refers to no other document",
            remedy="Leave --beside out; it is for AIXM",
        )
    return aixm.read(data, name=name, beside=beside)


def write(zones: tuple[ZoneContent, ...], *, format: str) -> Written:  # noqa: A002
    """Return the zones in a format, with the losses."""
    return by_name(format).write(zones)


def by_name(name: str) -> Format:
    """Return the format of this name, or refuse with the list of names."""
    for one in FORMATS:
        if one.name == name:
            return one
    raise Refused(
        Reason.NOT_FOUND,
        where="format",
        detail=f"{name!r} is not a format of zones",
        remedy=f"Choose one of {', '.join(one.name for one in FORMATS)}",
    )


def for_file(name: str) -> str:
    """Return the format that a file's name asks for; longer endings (`.ed318.json`) count first."""
    endings = [
        (ending, one.name)
        for one in FORMATS
        for ending in one.suffixes
        if name.lower().endswith(ending)
    ]
    if endings:
        return max(endings, key=lambda pair: len(pair[0]))[1]
    raise Refused(
        Reason.NOT_FOUND,
        where=name,
        detail="the ending of the name is not that of a format of zones",
        remedy=f"Use --to with one of {', '.join(one.name for one in FORMATS)}",
    )


def detect(data: bytes, *, name: str) -> str:
    """Return the name of the format that these bytes are in."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] in (b"{", b"["):
        return _json_format(json_text.parse(data, where=name))
    found = _binary(data) or _text(data, head)
    if found is None:
        raise Malformed(
            Reason.BAD_FORMAT,
            where=name,
            detail="no known format of zones: not JSON, KML, KMZ, AIXM, GeoPackage, OpenAir or NOTAM",
            remedy=f"Formats: {', '.join(one.title for one in FORMATS)}",
        )
    return found


def _binary(data: bytes) -> str | None:
    """An archive by what it holds, or a database."""
    if data[:4] == b"PK\x03\x04":
        names = data.lower()
        return "aixm" if b".xml" in names and b".kml" not in names else "kmz"
    if data[:2] == b"\x1f\x8b":
        return "aixm"
    return "gpkg" if data[:16] == b"SQLite format 3\x00" else None


def _text(data: bytes, head: bytes) -> str | None:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    if head[:1] == b"<" or (wide and b"<" in data[2:10]):
        return "aixm" if aixm.looks_like(data[:65_536].replace(b"\x00", b"")) else "kml"
    if notam.looks_like(data):
        return "notam"
    if wide:
        return "kml"
    return "openair" if _AIRSPACE.search(data) else None


def _json_format(tree: Any) -> str:
    if isinstance(tree, Mapping) and tree.get("type") == document.MEDIA_TYPE:
        return "document"
    if ed269.looks_like(tree):
        return "ed269"
    if volume4d.looks_like(tree):
        return "volume4d"
    return "ed318" if ed318.looks_like(tree) else "geojson"

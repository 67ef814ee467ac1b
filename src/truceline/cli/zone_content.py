"""The content of a zone as a party signs it: made here from the user's file, deposited, kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.cli import keyfile, shown
from truceline.cli.statement import Desk
from truceline.errors import Malformed, Reason, Refused

if TYPE_CHECKING:
    from truceline.zones.boundary import ZoneContent


def deposit(
    desk: Desk, file: Path, feature: str | None, edge: str | None = None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Deposit a zone's canonical content and the document it came from; keep the content here."""
    from truceline.zones import document

    data = keyfile.read_small(file, "zone file", 64 * 2**20)
    if document_is_canonical(data):
        content, original = data, None
    else:
        content = document.encode(drawn(chosen(file, data, feature), edge))
        original = desk.deposit(data, media_type_of(file))
    name = desk.deposit(content, document.MEDIA_TYPE)
    kept = desk.receipts.parent / "contents" / f"{name['sha256'][:16]}.zone.json"
    if not kept.exists():
        keyfile.write_new(kept, content)
    return name, original


def drawn(zone: ZoneContent, edge: str | None) -> ZoneContent:
    """Return the zone with the edges that the agreement chose; the vertices stay as they are."""
    from dataclasses import replace

    from truceline.geo.volume import Edge

    if edge is None:
        return zone
    if edge not in tuple(Edge):
        raise Malformed(
            Reason.OUT_OF_RANGE, where="--edge", detail=f"must be one of {', '.join(Edge)}"
        )
    volumes = tuple(replace(one, edge=Edge(edge)) for one in zone.volumes)
    return replace(zone, volumes=volumes, edge_chosen=True)


def document_is_canonical(data: bytes) -> bool:
    """Say whether the file is a content as parties sign it (`zones convert` can write one)."""
    return data.startswith(b'{"format":1,"type":"application/vnd.truceline.zone+json"')


def chosen(file: Path, data: bytes, feature: str | None) -> ZoneContent:
    """Return the one zone that is meant; the report on the file goes to the error stream."""
    from truceline.zones.formats import known

    reading = known.read(data, name=file.name)
    for line in reading.report:
        shown.warn(str(line))
    found = [one for one in reading.zones if feature is None or one.code == feature]
    if len(found) != 1:
        codes = ", ".join(one.code for one in reading.zones) or "none"
        raise Refused(
            Reason.NOT_FOUND if not found else Reason.CONTRADICTS,
            where=str(file),
            detail=f"{len(found)} zones are meant; the file has: {codes}",
            remedy="Name one with --feature CODE",
        )
    return found[0]


def media_type_of(file: Path) -> str:
    """Return the media type of a zone file by its ending."""
    return {
        ".geojson": "application/geo+json",
        ".json": "application/json",
        ".kml": "application/vnd.google-earth.kml+xml",
        ".kmz": "application/vnd.google-earth.kmz",
        ".gpkg": "application/geopackage+sqlite3",
        ".txt": "text/plain",
        ".notam": "text/plain",
        ".xml": "application/vnd.aixm+xml",
        ".aixm": "application/vnd.aixm+xml",
    }.get(file.suffix.lower(), "application/octet-stream")

"""The content of a zone as a party signs it: made here from the user's file, deposited, kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.cli import keyfile, shown
from truceline.cli.reach import part
from truceline.cli.statement import Desk
from truceline.errors import Malformed, Reason, Refused

if TYPE_CHECKING:
    from truceline.cli.reach import Reach
    from truceline.zones.boundary import ZoneContent

SHORTEST = 6
"""So many first digits of a hash may stand for it, where they mean one."""


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
    return _keep(desk, content), original


def deposit_said(
    desk: Desk,
    zone: str,
    *,
    file: Path | None,
    rule: dict[str, str] | None,
    feature: str | None = None,
    edge: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Deposit what a zone is: a file, a rule in words, or both; refuses neither.

    With both, the words stand beside the shape of the file.
    """
    if rule is None:
        if file is None:
            raise Malformed(
                Reason.MISSING_FIELD,
                where="--file, --rule",
                detail="a zone is a boundary from a file, a rule in words, or both",
                remedy='Give --file BOUNDARY, or --rule "en=within 5 km of the bridge"',
            )
        return deposit(desk, file, feature, edge)
    content = _in_words(zone, rule)
    original = None
    if file is not None:
        data = keyfile.read_small(file, "zone file", 64 * 2**20)
        read = drawn(chosen(file, data, feature), edge)
        content = replace(read, geometry_rule=content.geometry_rule)
        original = desk.deposit(data, media_type_of(file))
    return _deposited(desk, content), original


def _in_words(zone: str, rule: dict[str, str]) -> ZoneContent:
    from truceline.zones.boundary import GeometryRule, Text, ZoneContent, ZoneKind

    words = tuple(Text(language, text) for language, text in rule.items())
    return ZoneContent(zone, ZoneKind.OTHER, geometry_rule=GeometryRule(words))


def _deposited(desk: Desk, content: ZoneContent) -> dict[str, Any]:
    """Deposit a content as parties sign it, and keep it beside the receipts."""
    from truceline.zones import document

    return _keep(desk, document.encode(content))


def _keep(desk: Desk, data: bytes) -> dict[str, Any]:
    from truceline.zones import document

    name = desk.deposit(data, document.MEDIA_TYPE)
    kept = desk.receipts.parent / "contents" / f"{name['sha256'][:16]}.zone.json"
    if not kept.exists():
        keyfile.write_new(kept, data)
    return name


def whole_hash(reach: Reach, zone: str, given: str, where: str) -> str:
    """Return the SHA-256 of a content of a zone that begins with what was given (six digits at least)."""
    wanted = given.strip().lower()
    if len(wanted) == 64:
        return wanted
    if len(wanted) < SHORTEST or not all(one in "0123456789abcdef" for one in wanted):
        raise Malformed(
            Reason.WRONG_TYPE,
            where=where,
            detail=f"{given!r} is not a SHA-256, nor its first {SHORTEST} digits or more",
            remedy=f"Copy it from `truceline zones show {zone}`",
        )
    found = [
        one for one in reach.get(f"/api/zones/{part(zone)}")["contents"] if one.startswith(wanted)
    ]
    if len(found) != 1:
        raise Refused(
            Reason.NOT_FOUND if not found else Reason.CONTRADICTS,
            where=where,
            detail=f"{len(found)} contents of {zone} begin with {wanted}",
            remedy=f"Give more digits; `truceline zones show {zone}` lists them",
        )
    return str(found[0])


def drawn(zone: ZoneContent, edge: str | None) -> ZoneContent:
    """Return the zone with the edges that the agreement chose; the vertices stay as they are."""
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

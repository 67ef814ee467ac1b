"""Zones as files: those in force for drones and their services to load, and one in any format.

Each asker gets the zones that they may know of; without a token the public ones. A zone
without a place (a rule in words) is in no file. What a format cannot carry is written
outwards, and how many such things there were stands in the header `truceline-losses`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from truceline.api.answers import answer, ready
from truceline.api.files import SANDBOX
from truceline.api.floor import Asked, Question
from truceline.api.zones import Seen, seen_zone, seen_zones
from truceline.dss.from_zone import named_for_drones
from truceline.errors import Reason, Refused, TrucelineError
from truceline.geo.volume import Window
from truceline.records.record import Micros
from truceline.zones.boundary import ZoneContent
from truceline.zones.bounded import bounded
from truceline.zones.formats import ed269, ed318, known
from truceline.zones.formats.reading import Written
from truceline.zones.history import Adoption

router = APIRouter(tags=["zones"])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOSSES = "truceline-losses"
_NAMES = [one.name for one in known.FORMATS if one.writable]


@router.get("/uas/ed269.json", response_class=Response, include_in_schema=False)
@router.get("/api/zones/in-force.ed269.json", response_class=Response)
def in_ed269(asked: Asked) -> Response:
    """Return the zones in force as EUROCAE ED-269, for geo-awareness systems to load."""
    return _file(asked, "ed269", ed269.write, ed269.MEDIA_TYPE)


@router.get("/uas/ed318.json", response_class=Response, include_in_schema=False)
@router.get("/api/zones/in-force.ed318.json", response_class=Response)
def in_ed318(asked: Asked) -> Response:
    """Return the zones in force as EUROCAE ED-318."""
    return _file(asked, "ed318", ed318.write, ed318.MEDIA_TYPE)


@router.get("/api/zones/{code}/file", response_class=Response)
def one_file(
    asked: Asked,
    code: Annotated[str, Path(max_length=64, examples=["zone-c"])],
    format_: Annotated[
        str, Query(alias="format", max_length=20, description=f"One of {', '.join(_NAMES)}")
    ] = "geojson",
    content: Annotated[
        str | None,
        Query(max_length=64, description="SHA-256 of a content that you may see; none: in force"),
    ] = None,
    losses: Annotated[
        bool, Query(description="Tell what the format cannot carry, in place of the file")
    ] = False,
) -> Response:
    """Return one zone as a file: as it is in force with its times, or a content put forward."""
    form = known.by_name(format_)
    one = seen_zone(asked, code)
    written = form.write((_asked_for(one, content, exactly=form.name == "document"),))
    if losses:
        return answer([{"field": loss.field, "why": loss.why} for loss in written.losses])
    made = ready(written.data, media_type=form.media_type)
    made.headers[LOSSES] = str(len(written.losses))
    name = f"{_plain(code)}{form.suffixes[0]}"
    made.headers["content-disposition"] = f'attachment; filename="{name}"'
    made.headers["content-security-policy"] = SANDBOX
    return made


def _plain(code: str) -> str:
    """A code as a file's name: what could lead elsewhere, or end a header, is left out."""
    return "".join(one if one.isascii() and one.isalnum() else "-" for one in code)[:64]


def _asked_for(one: Seen, wanted: str | None, *, exactly: bool) -> ZoneContent:
    """The content that is asked for; what is in force is bounded by its adoption, but for `exactly`."""
    adoption = one.adoption()
    if wanted is None and adoption is None:
        raise Refused(
            Reason.WRONG_STATE,
            where="zone",
            detail=f"{one.zone.code} is not in force",
            remedy="Name a content that was put forward (`content`)",
        )
    if wanted is not None and wanted not in one.contents():
        raise Refused(
            Reason.NOT_FOUND,
            where="content",
            detail=f"{wanted!r} is no content of {one.zone.code} that you may see",
            remedy="Take one of those that /api/zones/{code} lists",
        )
    name = wanted or (adoption.content if adoption else "")
    content = one.asked.floor.installation.contents(name)
    if exactly:
        return content
    named = replace(content, code=one.zone.code)
    if adoption is None or name != adoption.content:
        return named
    return bounded(named, _holds(adoption)) or named


def _file(
    asked: Question,
    name: str,
    write: Callable[[tuple[ZoneContent, ...]], Written],
    media_type: str,
) -> Response:
    written = asked.kept(f"zones in force, {name}", lambda: write(_contents(asked)))
    made = ready(written.data, media_type=media_type)
    made.headers[LOSSES] = str(len(written.losses))
    return made


def _contents(asked: Question) -> tuple[ZoneContent, ...]:
    found = (_content(one) for one in seen_zones(asked))
    return tuple(one for one in found if one is not None)


def _content(one: Seen) -> ZoneContent | None:
    """The content of a zone as it is in force: its code, and its times within the adoption's."""
    adoption = one.adoption()
    if adoption is None:
        return None
    try:
        content = one.asked.floor.installation.contents(adoption.content)
    except TrucelineError:
        return None  # /api/zones tells that it cannot be read
    if content.unresolved:
        return None
    within = bounded(replace(content, code=one.zone.code), _holds(adoption))
    return None if within is None else named_for_drones(within)


def _holds(adoption: Adoption) -> Window:
    until = None if adoption.until is None else _time(adoption.until)
    return Window(_time(adoption.from_at), until)


def _time(at: Micros) -> datetime:
    return _EPOCH + timedelta(microseconds=at)

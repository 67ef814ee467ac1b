"""The zones in force as files that drones and their services load: ED-269 and ED-318.

Each asker gets the zones that they may know of; without a token the public ones. A zone
without a place (a rule in words) is in no file. What a format cannot carry is written
outwards, and how many such things there were stands in the header `truceline-losses`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from truceline.api.answers import ready
from truceline.api.floor import Asked, Question
from truceline.api.zones import Seen, seen_zones
from truceline.dss.from_zone import named_for_drones
from truceline.errors import TrucelineError
from truceline.geo.schedule import Period
from truceline.geo.volume import Window
from truceline.records.record import Micros
from truceline.zones.boundary import ZoneContent
from truceline.zones.formats import ed269, ed318
from truceline.zones.formats.reading import Written

router = APIRouter(tags=["zones"])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOSSES = "truceline-losses"


@router.get("/api/zones/in-force.ed269.json", response_class=Response)
def in_ed269(asked: Asked) -> Response:
    """Return the zones in force as EUROCAE ED-269, for geo-awareness systems to load."""
    return _file(asked, "ed269", ed269.write, ed269.MEDIA_TYPE)


@router.get("/api/zones/in-force.ed318.json", response_class=Response)
def in_ed318(asked: Asked) -> Response:
    """Return the zones in force as EUROCAE ED-318."""
    return _file(asked, "ed318", ed318.write, ed318.MEDIA_TYPE)


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
    holds = Window(
        _time(adoption.from_at), None if adoption.until is None else _time(adoption.until)
    )
    periods = content.applicability or (Period(),)
    within = tuple(
        replace(period, window=window, permanent=None)
        for period in periods
        if (window := _both(period.window, holds)) is not None
    )
    if not within:
        return None
    return named_for_drones(replace(content, code=one.zone.code, applicability=within))


def _both(one: Window, other: Window) -> Window | None:
    start = max((at for at in (one.start, other.start) if at is not None), default=None)
    end = min((at for at in (one.end, other.end) if at is not None), default=None)
    return None if start is not None and end is not None and start >= end else Window(start, end)


def _time(at: Micros) -> datetime:
    return _EPOCH + timedelta(microseconds=at)

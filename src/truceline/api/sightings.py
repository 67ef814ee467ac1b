"""Sightings and the warnings that follow from them, for the watch floor alone.

A sighting is reported like every record (`POST /api/records`), and sealed whole: it opens
for the watch and for the officer who reported it. Which places may be reached is shown to
the watch.
Civilians are warned by area, by a warning operator.
"""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from truceline.airspace.sightings import record as sighting_record
from truceline.airspace.sightings.sighting import METRES_OF, Band
from truceline.airspace.sightings.warning import Place, PlaceWarning
from truceline.api import sealed_parts
from truceline.api.answers import answer, moment
from truceline.api.floor import Asked, Floor, Question
from truceline.errors import Reason, Refused
from truceline.geo.position import E7
from truceline.mechanism.sightings import Danger, Fan, SightingWatch
from truceline.parties.visibility import RecordFacts
from truceline.records.kinds import KINDS, SEALED_LEAF
from truceline.records.record import Micros
from truceline.store.views import records
from truceline.zones.gazetteer import Place as Town

router = APIRouter(tags=["sightings"])

_KIND = KINDS[sighting_record.KIND]
MOST_PLACES = 3_000
"""The most populous places of the gazetteer that are watched."""
MOST_BACK = 20_000
_STRIDE = 1_000
_opening = threading.Lock()


class SightingShape(BaseModel, extra="allow"):
    """A sighting. `sight`: the observer's place, bearing, distance band, heading."""

    id: str
    index: int
    by: str
    seen_at: str
    received_at: str
    means: str
    type: str
    count: int
    sight: dict[str, Any]


class PlaceWarningShape(BaseModel):
    """One warning of one place: when it may be reached, how likely, and on whose word.

    `observers`: how many people reported what may reach it, and never who.
    `rests_on_one`: one person's word, which nobody else has borne out.
    """

    place: str
    name: str
    lat: float
    lon: float
    radius_m: float
    probability: float
    earliest_at: str
    median_at: str
    p90_at: str
    issued_at: str
    taken_back_at: str | None
    observers: int
    rests_on_one: bool


class SightingWarningsShape(BaseModel):
    """What may be reached now. `fans`: where each trail may be, every other minute (90 %)."""

    at: str
    warnings: list[PlaceWarningShape]
    ended: list[PlaceWarningShape]
    fans: list[dict[str, Any]]
    left_out: dict[str, int]


@router.get("/api/sightings", response_model=list[SightingShape])
def sightings(asked: Asked, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
    """List the sightings that the asker may see, the newest first, of the last 20,000 leaves."""
    seen: list[sealed_parts.Opened] = []
    if not asked.viewer.office() & _KIND.signers:
        return answer([])  # nobody else has reported one, or may see another's
    with asked.look() as look:
        newest = records.newest(look, limit=1)
    size = newest[0].index + 1 if newest else 0
    for end in range(size, max(0, size - MOST_BACK), -_STRIDE):
        if len(seen) < limit:
            seen += _opened(asked, max(0, end - _STRIDE), end)
    return answer([_told(one) for one in seen[:limit]])


def _opened(asked: Question, begin: int, end: int) -> list[sealed_parts.Opened]:
    """Return the sightings among some leaves that open for the asker, the newest first."""
    with asked.look() as look:
        found = [
            one
            for one in records.after(look, begin - 1, limit=_STRIDE, kind=SEALED_LEAF)
            if one.index < end and one.received_at <= asked.at
        ]
        kept = sealed_parts.boxes(asked, look, found)
    with asked.book() as book:
        opened = [sealed_parts.outside(asked, one, kept, book) for one in reversed(found)]
    return [one for one in opened if one.shown.kind == sighting_record.KIND]


@router.get("/api/sighting-warnings", response_model=SightingWarningsShape)
def sighting_warnings(asked: Asked) -> Response:
    """List the places that may be reached by what people report, for the watch floor."""
    if not _watches(asked):
        raise Refused(
            Reason.NOT_VISIBLE,
            where="sighting-warnings",
            article="DOMAIN 9",
            detail="what follows from sightings shows where observers stand; it is for the watch",
            remedy="Civilians are warned by area",
        )
    floor = asked.floor
    watch = _watch(floor)
    found = watch.at(asked.now)
    return answer(_danger(found, {one.pcode: one for one in floor.gazetteer.places}, watch))


def _watches(asked: Question) -> bool:
    return asked.sees(sighting_record.KIND, RecordFacts(received_at=Micros(0)))


def _watch(floor: Floor) -> SightingWatch:
    """Return the floor's watch of sightings, made at the first question."""
    with _opening:
        if floor.sightings is None:
            towns = sorted(floor.gazetteer.places, key=lambda one: -(one.population or 0))
            places = [Place(one.pcode, one.position) for one in towns[:MOST_PLACES]]
            floor.sightings = SightingWatch(floor.installation, places)
        watch: SightingWatch = floor.sightings
        return watch


def _told(one: sealed_parts.Opened) -> dict[str, Any]:
    body = one.shown.body
    return {
        "id": one.shown.id,
        "index": one.shown.index,
        "by": one.shown.author,
        "seen_at": moment(body["seen_at"]),
        "received_at": moment(one.shown.received_at),
        "means": body["means"],
        "type": body["type"],
        "count": body["count"],
        "sight": _sight(body["sight"]),
    }


def _sight(part: dict[str, Any]) -> dict[str, Any]:
    """Degrees and metres for people."""
    near, far = METRES_OF[Band(part["band"])]
    heading = part.get("heading_e7")
    return {
        "lat": part["lat_e7"] / E7,
        "lon": part["lon_e7"] / E7,
        "place_sigma_m": part["place_sigma_mm"] / 1_000,
        "bearing_deg": part["bearing_e7"] / E7,
        "bearing_sigma_deg": part["bearing_sigma_e7"] / E7,
        "band": part["band"],
        "distance_m": [near, far],
        "heading_deg": None if heading is None else heading / E7,
    }


def _danger(found: Danger, towns: dict[str, Town], watch: SightingWatch) -> dict[str, Any]:
    radius_m = watch.radius_m
    return {
        "at": moment(found.at),
        "warnings": [_warning(one, towns[one.place], radius_m) for one in found.standing],
        "ended": [_warning(one, towns[one.place], radius_m) for one in found.ended],
        "fans": [_fan(one) for one in found.fans],
        "left_out": found.left_out,
    }


def _warning(one: PlaceWarning, town: Town, radius_m: float) -> dict[str, Any]:
    return {
        "place": one.place,
        "name": town.name_en or town.name_ar or one.place,
        "lat": town.position.lat,
        "lon": town.position.lon,
        "radius_m": radius_m,
        "probability": round(one.probability, 3),
        "earliest_at": moment(one.earliest_at),
        "median_at": moment(one.median_at),
        "p90_at": moment(one.latest_at),
        "issued_at": moment(one.issued_at),
        "taken_back_at": None if one.ended_at is None else moment(one.ended_at),
        "observers": one.observers,
        "rests_on_one": one.observers == 1,
    }


def _fan(one: Fan) -> dict[str, Any]:
    return {
        "type": one.craft,
        "sightings": one.sightings,
        "probability": one.probability,
        "spots": [
            {"minutes": minutes, "lat": at.lat, "lon": at.lon, "radius_m": radius_m}
            for minutes, at, radius_m in one.spots
        ],
    }

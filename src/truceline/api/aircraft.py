"""The air picture, for the watch floor alone; and the populated places, for everyone's map labels."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from truceline.api.answers import answer, encode, moment, ready
from truceline.api.floor import Asked, Floor
from truceline.api.shapes import place
from truceline.errors import Malformed, Reason, Refused
from truceline.parties.visibility import RecordFacts, Viewer, may_see
from truceline.records.kinds import KINDS
from truceline.records.record import Micros

router = APIRouter(tags=["aircraft"])

_MOST_PLACES = 2_000


class AircraftShape(BaseModel, extra="allow"):
    """One aircraft, in the words of readsb: `alt_baro` ft, `gs` kt, `track` degrees."""

    hex: str
    flight: str | None = None
    lat: float
    lon: float
    alt_baro: float | str | None = None
    track: float | None = None
    gs: float | None = None
    nature: str


class AircraftList(BaseModel):
    """The aircraft in the air at a moment."""

    now: str
    aircraft: list[AircraftShape]


class PlaceShape(BaseModel):
    """A populated place."""

    pcode: str
    name_en: str
    name_ar: str
    lat: float
    lon: float
    population: int | None


@router.get("/api/aircraft", response_model=AircraftList)
def aircraft(asked: Asked) -> Response:
    """List the aircraft in the air now, for the watch floor; nobody else is given tracks."""
    if not watches(asked.viewer, asked.now):
        raise Refused(
            Reason.NOT_VISIBLE,
            where="aircraft",
            article="DESIGN 6; DOMAIN 9",
            detail="the air picture is for the watch floor",
            remedy="Civilians are warned by area (a later issue); counts by day are public",
        )
    return answer({"now": moment(asked.now), "aircraft": flying(asked.floor)})


@router.get("/api/places", response_model=list[PlaceShape])
def places(
    asked: Asked,
    bbox: Annotated[
        str, Query(description="west,south,east,north in degrees", examples=["36,33,37,34"])
    ],
    limit: Annotated[int, Query(ge=1, le=_MOST_PLACES)] = 500,
) -> Response:
    """List populated places in a box, the largest first, for labels on the map."""
    west, south, east, north = box(bbox)

    def make() -> bytes:
        found = [
            one
            for one in asked.floor.gazetteer.places
            if south <= one.position.lat <= north and west <= one.position.lon <= east
        ]
        found.sort(key=lambda one: (-(one.population or 0), one.pcode))
        return encode([place(one) for one in found[:limit]])

    return ready(asked.floor.kept(("places", west, south, east, north, limit), make))


def watches(viewer: Viewer, now: Micros) -> bool:
    """Say whether a viewer is given tracks: whoever may open the fixes of a crossing."""
    return may_see(viewer, KINDS["air.crossing/1"], "fixes", record=RecordFacts(), at=now)


def flying(floor: Floor) -> list[dict[str, Any]]:
    """Return the aircraft that are followed now."""
    played = [dict(one) for one in floor.play.aircraft()] if floor.play is not None else []
    return [*played, *floor.intake.flying(floor.now())]


def box(text: str) -> tuple[float, float, float, float]:
    """Return west, south, east, north; refuses what is no box on the globe."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Malformed(
            Reason.BAD_FORMAT, where="bbox", detail="four numbers are needed: west,south,east,north"
        ) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise Malformed(
            Reason.OUT_OF_RANGE, where="bbox", detail="west < east and south < north, in degrees"
        )
    return west, south, east, north

"""The feeds, for the watch floor and who operates them; the fused picture, for the watch floor alone.

`/api/aircraft.json` and `/data/aircraft.json` are in readsb's form, so that tar1090 and
other clients of it can show the picture; with `?key=TOKEN` for those that send no headers.
They are never kept by anything on the way. What a feed tells of itself comes by a token
for feeds; addresses of receivers are nobody else's business either.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel
from starlette.responses import Response

from truceline import __version__
from truceline.api.aircraft import watches
from truceline.api.answers import answer, moment
from truceline.api.floor import Asked, Question
from truceline.errors import Malformed, Reason, Refused
from truceline.records import shape
from truceline.store.tokens import Purpose

router = APIRouter(tags=["aircraft"])

_ADDRESS = re.compile(r"~?[0-9a-f]{6}", re.ASCII)
_MOST_TOLD = 20_000
_MOST_WORDS = 16
_NO_STORE = {"cache-control": "no-store"}


class News(BaseModel):
    """What a feed tells of itself, and of aircraft besides where they are.

    `told`: address -> word -> [value, microseconds since 1970].
    """

    nature: Literal["real", "synthetic"]
    health: dict[str, Any]
    told: dict[str, dict[str, tuple[str | float, int]]] = {}


class FeedShape(BaseModel, extra="allow"):
    """One feed: `state` is live, late, lost or away; ages are seconds; counts by reason."""

    source: str
    nature: str
    state: str
    told_s: float | None
    fed_s: float | None
    received: int
    carried: int


class FeedList(BaseModel):
    """The feeds of this server, and what fusing them left out."""

    now: str
    feeds: list[FeedShape]
    fusion: dict[str, dict[str, int]]


class PictureShape(BaseModel):
    """readsb's aircraft.json: `now` in seconds, heights in feet, speeds in knots."""

    now: float
    messages: int
    aircraft: list[dict[str, Any]]


@router.post("/api/feeds/{source}", response_model=dict[str, str])
def tell(
    request: Request,
    source: Annotated[str, Path(description="Code of the source")],
    news: Annotated[News, Body()],
) -> Response:
    """Take what a feed tells of itself. Takes a token for feeds."""
    floor = request.app.state.floor
    asker = floor.doorkeeper.who(request, floor.installation.clock.now())
    asker.needs(Purpose.FEED, Purpose.ADMIN)
    shape.CODE.check(source, "source")
    asker.sends(source)
    if len(news.told) > _MOST_TOLD or any(len(one) > _MOST_WORDS for one in news.told.values()):
        raise Malformed(
            Reason.TOO_MANY,
            where="told",
            detail=f"more than {_MOST_TOLD} aircraft, or words of one",
        )
    if not all(_ADDRESS.fullmatch(one) for one in news.told):
        raise Malformed(
            Reason.BAD_FORMAT,
            where="told",
            detail="an address is six hexadecimal digits, or ~ and six",
        )
    floor.intake.tell(source, news.nature, news.health, news.told)
    return answer({"source": source})


@router.get("/api/feeds", response_model=FeedList)
def feeds(asked: Asked) -> Response:
    """List the feeds: how old their news are, what they dropped and why, how often they reconnected."""
    if asked.asker.purpose is not Purpose.ADMIN:  # no track is in it: who operates needs it too
        _for_the_watch(asked)
    intake = asked.floor.intake
    made = {"now": moment(asked.now), "feeds": intake.feeds(), "fusion": intake.left_out()}
    return answer(made)


@router.get("/api/aircraft.json", response_model=PictureShape)
def picture(asked: Asked) -> Response:
    """Return the fused picture in readsb's form; each aircraft says who told what of it."""
    return _picture(asked)


@router.get("/data/aircraft.json", response_model=PictureShape)
def picture_for_tar1090(asked: Asked) -> Response:
    """Return the same picture, where clients of readsb look for it."""
    return _picture(asked)


@router.get("/data/receiver.json", response_model=dict[str, Any])
def receiver(asked: Asked) -> Response:
    """Return what clients of readsb ask first: how often to come, and that there is no history."""
    _for_the_watch(asked)
    made = {"version": f"truceline {__version__}", "refresh": 1000, "history": 0}
    return _unkept(answer(made))


def _picture(asked: Question) -> Response:
    _for_the_watch(asked)
    messages, aircraft = asked.floor.intake.picture()
    played = asked.floor.play.aircraft() if asked.floor.play is not None else ()
    aircraft = [*map(dict, played), *aircraft]
    return _unkept(answer({"now": asked.now / 1e6, "messages": messages, "aircraft": aircraft}))


def _unkept(response: Response) -> Response:
    response.headers.update(_NO_STORE)
    return response


def _for_the_watch(asked: Question) -> None:
    """Refuse everybody who is not given tracks."""
    if not watches(asked.viewer, asked.now):
        raise Refused(
            Reason.NOT_VISIBLE,
            where="aircraft",
            article="DESIGN 6; DOMAIN 9",
            detail="the air picture and its feeds are for the watch floor",
            remedy="Civilians are warned by area; counts by day are public",
        )

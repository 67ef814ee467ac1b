"""The demonstration's own routes: the story, the clock, the roles. Absent from a live log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from truceline.api.answers import answer, instant, moment
from truceline.api.floor import Floor
from truceline.api.play import Play
from truceline.errors import Reason, Refused

router = APIRouter(tags=["demonstration"])


class StoryItem(BaseModel):
    """A moment of the story worth looking at."""

    code: str
    title: dict[str, str]
    text: dict[str, str]
    at: str
    zone: str | None = None
    view: dict[str, float] | None = None


class RoleItem(BaseModel):
    """A role that the page can be looked at in; the token is for this exercise alone."""

    code: str
    title: dict[str, str]
    token: str | None


class DemoShape(BaseModel):
    """The demonstration: always marked as an exercise."""

    scenario_at: str
    speed: float
    playing: bool
    story: list[StoryItem]
    roles: list[RoleItem]
    marked: str


class Steering(BaseModel, extra="forbid"):
    """What to change."""

    playing: bool | None = None
    speed: Annotated[float | None, Field(gt=0, le=1_000_000, description="scenario s per s")] = None
    seek_at: str | None = None


@router.get("/api/demo", response_model=DemoShape)
def show(request: Request) -> Response:
    """Show the story, the clock and the roles."""
    return answer(_told(_play(request)))


@router.post("/api/demo", response_model=DemoShape)
def steer(request: Request, steering: Steering) -> Response:
    """Play, pause, change the speed or go to a moment."""
    play = _play(request)
    at = None if steering.seek_at is None else instant(steering.seek_at, where="seek_at")
    play.steer(playing=steering.playing, speed=steering.speed, seek_at=at)
    return answer(_told(play))


def _told(play: Play) -> dict[str, Any]:
    told = dict(play.told())
    story = [{**one, "at": moment(one["at"])} for one in told["story"]]
    return {
        **told,
        "scenario_at": moment(told["scenario_at"]),
        "story": story,
        "marked": "exercise",
    }


def _play(request: Request) -> Play:
    floor: Floor = request.app.state.floor
    if floor.play is None:
        raise Refused(Reason.NOT_FOUND, where="demo", detail="no demonstration plays here")
    return floor.play

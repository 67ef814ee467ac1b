"""Policing posts over HTTP: agreed, reported and observed counts side by side, never averaged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from truceline.api.answers import answer, degrees, moment
from truceline.api.floor import Asked, Question, under
from truceline.mechanism.book import Book
from truceline.records.record import Micros
from truceline.zones import policing
from truceline.zones.policing import Count, Post

router = APIRouter(tags=["posts"])


class PostShape(BaseModel):
    """An assignment and what is known of it on the ground."""

    post: str = Field(examples=["post-c-1"])
    zone: str
    kind: str
    operator: str
    agreed: int
    reported: list[dict[str, Any]]
    observed: list[dict[str, Any]]
    consents: list[str]
    contested: list[dict[str, Any]]
    place: dict[str, Any] | None
    strength_cap: int | None
    composition: list[dict[str, Any]]
    powers: list[str]
    from_: str | None = Field(alias="from")
    until: str | None
    state: str
    unpoliced: bool
    source: str | None
    index: int


class UnpolicedShape(BaseModel):
    """A zone that nobody is known to police, and why."""

    zone: str
    state: str
    why: str
    posts: list[str]


@router.get("/api/posts", response_model=list[PostShape])
def posts(asked: Asked) -> Response:
    """List the posts with their counts and answers at a moment."""
    with asked.book() as book:
        found = list(_seen(asked, book))
    return answer([_told(one, asked.at) for one in sorted(found, key=lambda one: one.code)])


@router.get("/api/posts/unpoliced", response_model=list[UnpolicedShape])
def unpoliced(asked: Asked) -> Response:
    """List the zones that nobody is known to police at a moment, and why."""
    with asked.book() as book:
        seen = list(_seen(asked, book))
        zones = [one for one in book.zones.values() if _sees_zone(asked, book, one.code)]
        instruments = dict(book.instruments)
    found = policing.unpoliced(zones, instruments, seen, asked.at)
    return answer(
        [
            {
                "zone": one.zone,
                "state": one.state,
                "why": one.why,
                "posts": list(one.posts),
            }
            for one in found
        ]
    )


def _seen(asked: Question, book: Book) -> Iterable[Post]:
    for one in book.posts.values():
        zone = book.zones.get(one.zone)
        instrument = book.instruments.get(zone.instrument) if zone else None
        facts = under(instrument, by=one.by, at=one.at)
        if one.at <= asked.at and asked.sees("post.assigned/1", facts):
            yield one


def _sees_zone(asked: Question, book: Book, code: str) -> bool:
    """Who polices a zone is for those who may see its posts."""
    zone = book.zones[code]
    return asked.sees(
        "post.assigned/1", under(book.instruments[zone.instrument], by="", at=zone.at)
    )


def _told(one: Post, at: Micros) -> dict[str, Any]:
    return {
        "post": one.code,
        "zone": one.zone,
        "kind": one.kind,
        "operator": one.operator(at),
        "agreed": one.agreed,
        "reported": [_count(each) for each in one.reported(at)],
        "observed": [_count(each) for each in one.observed(at)],
        "consents": list(one.consents(at)),
        "contested": [
            {"body": each.body, "why": dict(each.why), "source": each.source or None}
            for each in one.answered(at)
            if not each.consents
        ],
        "place": _place(one),
        "strength_cap": one.strength_cap,
        "composition": [dict(each) for each in one.composition],
        "powers": list(one.powers),
        "from": moment(one.from_at),
        "until": moment(one.until),
        "state": one.state(at),
        "unpoliced": one.unpoliced(at),
        "source": one.source or None,
        "index": one.index,
    }


def _count(one: Count) -> dict[str, Any]:
    return {
        "body": one.body,
        "count": one.count,
        "as_of": moment(one.as_of),
        "source": one.source or None,
        "index": one.index,
    }


def _place(one: Post) -> dict[str, Any] | None:
    if one.place is None:
        return None
    return {
        "name": dict(one.place["name"]),
        "lat": degrees(one.place["lat_e7"]),
        "lon": degrees(one.place["lon_e7"]),
        "precision_m": one.place["precision_m"],
    }

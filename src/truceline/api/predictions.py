"""Predicted entries over HTTP: what is on the record, what became of it, what is ahead now.

Alerts and their outcomes are listed for everyone who is signed in, once they are settled; who and where
are for the watch floor, and so is what is ahead now: advisories, and alerts that are not
settled. The public is given the statistics, of all whole days that lie back far enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from truceline.airspace.predictions.prediction import Prediction
from truceline.api.aircraft import watches
from truceline.api.answers import answer, instant, moment
from truceline.api.crossings import facts_of_zone, parts_seen
from truceline.api.floor import Asked, Floor, Question, under
from truceline.errors import Reason, Refused
from truceline.mechanism import prediction_list
from truceline.mechanism.prediction_list import Row
from truceline.parties.visibility import Viewer, counted_until, may_see, suppressed
from truceline.records.kinds import KINDS
from truceline.records.record import Micros
from truceline.store.views import records

router = APIRouter(tags=["predictions"])

PREDICTION = "air.prediction/1"
_MOST = 20_000
_DAY = 86_400 * 1_000_000


class OutcomeShape(BaseModel):
    """What became of a prediction."""

    outcome: str = Field(description="entered, late, nuisance or not_judged")
    level: str = Field(description="the highest level that it reached")
    entered_at: str | None
    warning_s: int | None
    index: int


class PredictionShape(BaseModel):
    """A predicted entry. Who, where and on what grounds are for the watch floor."""

    id: str | None = Field(description="record id; null: an advisory, which is not recorded")
    index: int | None = None
    zone: str
    level: str = Field(description="advisory, alert or imminent")
    predicted_at: str
    entry_at: str
    probability: float | None
    nature: str
    source: str = Field(description="for the watch floor; others: empty")
    outcome: OutcomeShape | None = None
    aircraft: Any = None
    entry: Any = None
    fixes: Any = None
    grounds: Any = None
    path: list[list[float]] | None = Field(
        None, description="places ten seconds apart, lon and lat"
    )


class StatisticsShape(BaseModel):
    """How predictions did. Shares are of those that could be judged; null: too few to tell."""

    since: str | None
    until: str
    alerts: int | None
    entered: int | None
    late: int | None
    nuisance: int | None
    not_judged: int | None
    nuisance_share: float | None
    nuisance_share_at_most: float | None = Field(
        description="the same, if all that were not judged were nuisance"
    )
    warned_30_s: float | None = Field(
        description="share of entries that were alerted, 30 s before or more"
    )
    warned_60_s: float | None
    crossings_without: int | None = Field(description="crossings that nothing had predicted")


@router.get("/api/predictions", response_model=list[PredictionShape])
def listed(
    asked: Asked,
    since: Annotated[str | None, Query(description="Predicted at or after")] = None,
    zone: Annotated[str, Query(max_length=64)] = "",
    outcome: Annotated[str, Query(pattern="^(entered|late|nuisance|not_judged|open)?$")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """List the predictions on the record, the latest first, each with its outcome.

    Those that are not settled are for the watch floor: who flies is not told by them that
    it is seen.
    """
    first = 0 if since is None else instant(since, where="since")
    is_watch = watches(asked.viewer, asked.now)
    with asked.look() as look:
        made, done = _recorded(look, asked)
        told = [
            _told(asked, look, one, done.get(one.id))
            for one in made
            if one.body["predicted_at"] >= first
            and zone in ("", one.body["zone"])
            and outcome in ("", _outcome(done.get(one.id)))
            and (is_watch or one.id in done)
            and _sees(asked, one)
        ]
    return answer(told[:limit])


@router.get("/api/predictions/now", response_model=list[PredictionShape])
def now(asked: Asked) -> Response:
    """List what is ahead now, advisories among it; for the watch floor."""
    if not watches(asked.viewer, asked.now):
        raise Refused(
            Reason.NOT_VISIBLE,
            where="predictions/now",
            article="DESIGN 6; DOMAIN 9",
            detail="what is ahead now is for the watch floor",
            remedy="Alerts are on the record: GET /api/predictions",
        )
    return answer(ahead(asked.floor, asked.viewer))


@router.get("/api/predictions/statistics", response_model=StatisticsShape)
def statistics(
    asked: Asked,
    since: Annotated[str | None, Query(description="Predicted at or after")] = None,
) -> Response:
    """Say how early, and how often wrongly, entries were predicted.

    The public has no range of its own choice: the difference of two is the moment of an alert.
    """
    if since is not None and not asked.viewer.signed_in:
        raise Refused(
            Reason.NOT_SIGNED_IN,
            where="since",
            article="DESIGN 6; DOMAIN 9",
            detail="the public is given the statistics of all whole days together",
        )
    first = 0 if since is None else instant(since, where="since")
    delay = asked.floor.settings.public_delay_s * 1_000_000
    until = counted_until(asked.viewer, asked.at, delay=delay)
    if not asked.viewer.signed_in:
        until = Micros(until - until % _DAY)
    with asked.look() as look:
        made, done = _recorded(look, asked)
        entries = [
            one.body
            for one in records.newest(look, kind="air.crossing/1", limit=_MOST)
            if first <= one.body["entered_at"] < until
        ]
    some = [
        one for one in made if not one.sealed and first <= one.body["predicted_at"] < until
    ]  # of zones that are public: counts of the others would be told to everyone
    told = _counted(some, done, entries)
    if not asked.viewer.signed_in:
        told = {name: _published(value, told) for name, value in told.items()}
    span = {"since": moment(first) if since else None, "until": moment(until)}
    return answer({**span, **told})


def ahead(floor: Floor, viewer: Viewer) -> list[dict[str, Any]]:
    """Return what is ahead now, of the play and of the feeds, in zones that the viewer may see."""
    found = [*(floor.play.predictions() if floor.play is not None else ())]
    found += floor.intake.predictions()
    at, crossing = floor.now(), KINDS["air.crossing/1"]
    with floor.installation.reading_book() as book:
        facts = {
            code: under(book.instruments.get(book.zones[code].instrument), by="", at=at)
            for code in {one.zone_id for _, _, one in found}
            if code in book.zones
        }
    seen = {
        code
        for code, record in facts.items()
        if may_see(viewer, crossing, "", record=record, at=at)
    }
    return [_live(*one) for one in found if one[2].zone_id in seen]


def _live(nature: str, record: str | None, one: Prediction) -> dict[str, Any]:
    likely = None if one.chance != one.chance else round(one.chance, 3)
    return {
        "id": record,
        "zone": one.zone_id,
        "level": str(one.level),
        "predicted_at": moment(one.made_at),
        "entry_at": moment(one.entry_at),
        "probability": likely,
        "nature": nature,
        "source": one.source,
        "aircraft": {"icao24": one.icao24, "callsign": one.callsign},
        "entry": {"lat": one.entry_lat, "lon": one.entry_lon, "alt_ft": _whole(one.entry_ft)},
        "grounds": {
            "way": one.way,
            "because": [{"what": w, "log_odds": v} for w, v in one.because],
        },
        "path": [[round(lon, 5), round(lat, 5)] for lat, lon in one.path],
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _recorded(look: Connection, asked: Question) -> tuple[list[Row], Mapping[str, Row]]:
    """The predictions as they were known at the moment asked for, the latest first; outcomes."""
    with asked.book() as book:
        made, done = prediction_list.predictions(look, book), prediction_list.outcomes(look, book)
    return (
        [one for one in reversed(made) if one.received_at <= asked.at],
        {name: one for name, one in done.items() if one.received_at <= asked.at},
    )


def _sees(asked: Question, one: Row) -> bool:
    with asked.book() as book:
        return asked.sees(one.kind, facts_of_zone(book, one.body["zone"], one.id, one.received_at))


def _outcome(done: Row | None) -> str:
    return "open" if done is None else str(done.body["outcome"])


def _told(asked: Question, look: Connection, one: Row, done: Row | None) -> dict[str, Any]:
    with asked.book() as book:
        facts = facts_of_zone(book, one.body["zone"], one.id, one.received_at)
    body = one.body
    return {
        "id": one.id,
        "index": one.index,
        "zone": body["zone"],
        "level": body["level"],
        "predicted_at": moment(body["predicted_at"]),
        "entry_at": moment(body["entry_at"]),
        "probability": body["probability_ppm"] / 1_000_000,
        "nature": body["nature"],
        "source": body["source"] if watches(asked.viewer, asked.now) else "",
        "outcome": None
        if done is None
        else {
            "outcome": done.body["outcome"],
            "level": done.body["level"],
            "entered_at": moment(done.body.get("entered_at")),
            "warning_s": done.body.get("warning_s"),
            "index": done.index,
        },
        **parts_seen(asked, look, PREDICTION, one.index, facts),
    }


def _counted(
    made: list[Row], done: Mapping[str, Row], entries: list[dict[str, Any]]
) -> dict[str, float | int | None]:
    outcomes = Counter(_outcome(done.get(one.id)) for one in made)
    warnings = [
        done[one.id].body["warning_s"]
        for one in made
        if one.id in done and done[one.id].body["outcome"] in ("entered", "late")
    ]
    judged = outcomes["entered"] + outcomes["late"] + outcomes["nuisance"]
    unjudged = outcomes["not_judged"]
    known = {
        (one.body["zone"], done[one.id].body.get("entered_at")) for one in made if one.id in done
    }
    plain = [one for one in entries if one["cause"] != "started_inside"]
    return {
        "alerts": len(made),
        **{name: outcomes[name] for name in ("entered", "late", "nuisance", "not_judged")},
        "nuisance_share": outcomes["nuisance"] / judged if judged else None,
        "nuisance_share_at_most": (outcomes["nuisance"] + unjudged) / (judged + unjudged)
        if judged + unjudged
        else None,
        "warned_30_s": _share(warnings, 30),
        "warned_60_s": _share(warnings, 60),
        "crossings_without": sum((one["zone"], one["entered_at"]) not in known for one in plain),
    }


def _share(warnings: list[int], least: int) -> float | None:
    return sum(one >= least for one in warnings) / len(warnings) if warnings else None


def _published(
    value: float | int | None, told: Mapping[str, float | int | None]
) -> float | int | None:
    """What the public is given: no count below three, and no share of so few."""
    if isinstance(value, int):
        return suppressed(value)
    few = any(isinstance(one, int) and 0 < one < 3 for one in told.values())
    return None if few else value

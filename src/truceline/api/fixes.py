"""Fixes over HTTP: batches from feeds into the watch, which states crossings under its own name.

A batch travels as a segment (`archive/segment.py`): Parquet with integers, one source. It
takes a token for feeds. Who flies is kept here for a minute, for the watch floor's page,
and in sealed parts; no answer of this route names an aircraft.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from truceline.airspace.fix import Fixes, Names
from truceline.airspace.fusion import Said
from truceline.airspace.predictions.prediction import Prediction
from truceline.api.answers import answer
from truceline.api.viewer import Asker
from truceline.archive import segment
from truceline.errors import Malformed, Reason
from truceline.mechanism.feeds import Feeds
from truceline.mechanism.installation import Installation
from truceline.mechanism.watch import Watch
from truceline.records import shape
from truceline.records.record import RecordId
from truceline.store.tokens import Purpose

router = APIRouter(tags=["aircraft"])

EXPIRE_S = 5.0
_MOST_SOURCES = 64
_MOST_AIRCRAFT = 20_000
_LONGEST_NAME = 40


class FedShape(BaseModel):
    """What became of a batch."""

    fixes: int
    crossings: int


@dataclass
class _Source:
    """One source's own codes, so that every batch of it means the same by them."""

    aircraft: Names = field(default_factory=Names)
    callsigns: Names = field(default_factory=Names)

    def recoded(self, batch: Fixes) -> Fixes:
        """The batch under the codes of its source; a batch that was sent has its own."""
        aircraft = self.aircraft.codes(batch.names)
        callsigns = np.append(self.callsigns.codes(batch.callsigns), np.int32(-1))
        return replace(
            batch,
            aircraft=aircraft[batch.aircraft],
            callsign=callsigns[batch.callsign],  # -1, no callsign, finds the last, which is -1
            names=self.aircraft.texts,
            callsigns=self.callsigns.texts,
        )


class Intake:
    """The watch of one server, and what its feeds have brought in the last minute."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._watch: Watch | None = None
        self._sources: dict[tuple[str, str], _Source] = {}
        self._feeds = Feeds()
        self.on_start: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def feed(self, batch: Fixes, nature: str) -> int:
        """Hand a batch to the watch; returns how many crossings were stated."""
        with self._lock:
            watch = self._started()
            key = (batch.source, nature)
            if key not in self._sources and len(self._sources) >= _MOST_SOURCES:
                raise Malformed(
                    Reason.TOO_MANY, where="source", detail=f"more than {_MOST_SOURCES} sources"
                )
            known = self._sources.setdefault(key, _Source())
            if len(known.aircraft.texts) > _MOST_AIRCRAFT:
                watch.seal()  # a segment shares its codes; what is sealed no longer needs them
                known = self._sources[key] = _Source()
            recoded = known.recoded(batch)
        count = watch.feed(recoded, nature)
        carried = watch.carried(batch.source, nature)
        now = self._installation.clock.now()
        self._feeds.fed(batch.source, nature, fixes=len(batch), carried=carried, at=now)
        return count

    def tell(
        self, source: str, nature: str, health: Mapping[str, Any], told: Mapping[str, Said]
    ) -> None:
        """Take what a feed tells of itself, and of aircraft besides where they are."""
        self._feeds.tell(source, nature, health, self._installation.clock.now())
        with self._lock:
            watch = self._started()
        watch.tell(source, nature, told)

    def finish(self, source: str | None = None, nature: str = "") -> None:
        """End every track: the feeds are over; or one of them is."""
        if self._watch is not None:
            self._watch.finish(source, nature)

    def close(self) -> None:
        """Seal what was fed."""
        self._closed.set()
        if self._watch is not None:
            self._watch.seal()

    def flying(self, now: int) -> list[dict[str, Any]]:
        """Return where the aircraft are that were heard within the last minute."""
        return [_flying(one, now) for one in self._pictured(now) if "lat" in one]

    def predictions(self) -> list[tuple[str, RecordId | None, Prediction]]:
        """Return what is ahead now: nature, the record of an alert, the prediction."""
        return [] if self._watch is None else self._watch.predictions()

    def picture(self) -> tuple[int, list[dict[str, Any]]]:
        """Return how many fixes came, and the fused picture in readsb's words."""
        fused = {} if self._watch is None else self._watch.fused()
        messages = sum(count for count, _ in fused.values())
        return messages, self._pictured(self._installation.clock.now())

    def feeds(self) -> list[dict[str, Any]]:
        """Return how the feeds do."""
        return self._feeds.listed(self._installation.clock.now())

    def left_out(self) -> dict[str, dict[str, int]]:
        """Return what carried no track, by nature and reason."""
        fused = {} if self._watch is None else self._watch.fused()
        return {nature: reasons for nature, (_, reasons) in fused.items()}

    def _pictured(self, now: int) -> list[dict[str, Any]]:
        return [] if self._watch is None else self._watch.picture(now)

    def _started(self) -> Watch:
        if self._watch is None:
            self._watch = Watch(self._installation)
            self.on_start()
            threading.Thread(target=self._expire, name="truceline-watch", daemon=True).start()
        return self._watch

    def _expire(self) -> None:
        while not self._closed.wait(EXPIRE_S):
            if self._watch is not None:
                self._watch.expire()


_FLYING = ("hex", "flight", "lat", "lon", "alt_baro", "track", "gs", "type", "nature")


def _flying(one: Mapping[str, Any], now: int) -> dict[str, Any]:
    shown = {name: one.get(name) for name in _FLYING}
    return {**shown, "seen_at": now - round(one["seen_pos"] * 1_000_000)}


@router.post(
    "/api/fixes",
    response_model=FedShape,
    openapi_extra={
        "requestBody": {
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            }
        }
    },
)
async def feed(
    request: Request,
    nature: Annotated[Literal["real", "synthetic"], Query(description="Never mixed")],
    last: Annotated[bool, Query(description="The feed is over: end its tracks")] = False,
    source: Annotated[
        str | None, Query(description="With last and no batch: which feed is over")
    ] = None,
) -> Response:
    """Take a batch of fixes of one source, and judge it against the zones in force."""
    floor = request.app.state.floor
    asker = floor.doorkeeper.who(request, floor.installation.clock.now())
    asker.needs(Purpose.FEED, Purpose.ADMIN)
    data = await request.body()
    made = await run_in_threadpool(_fed, floor.intake, asker, data, nature, source, last=last)
    return answer(made)


def _fed(
    intake: Intake, asker: Asker, data: bytes, nature: str, source: str | None, *, last: bool
) -> dict[str, int]:
    fixes = crossings = 0
    batch = read(data) if data else None
    whose = source or (batch.source if batch is not None else "")
    if last and not whose:
        # Without a name it would end every feed's tracks, also those of others.
        raise Malformed(
            Reason.MISSING_FIELD, where="source", detail="last: the feed that is over has no name"
        )
    for one in {whose, batch.source if batch is not None else whose}:
        asker.sends(one)
    if batch is not None:
        fixes, crossings = len(batch), intake.feed(batch, nature)
    if last:
        intake.finish(whose, nature)
    return {"fixes": fixes, "crossings": crossings}


def read(data: bytes) -> Fixes:
    """Return the batch in a segment that somebody sent; refuses any other bytes."""
    try:
        batch = segment.read(data)
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(
            Reason.BAD_FORMAT, where="segment", detail=f"not a segment: {str(error)[:200]}"
        ) from None
    shape.CODE.check(batch.source, "source")
    if any(len(one) > _LONGEST_NAME or not one.isalnum() for one in _bare(batch.names)):
        raise Malformed(
            Reason.BAD_FORMAT, where="segment", detail="an aircraft's name is no address"
        )
    inside = (np.abs(batch.lat) <= 90) & (np.abs(batch.lon) <= 180) & (batch.seen_at > 0)
    if not len(batch) or not inside.all() or (batch.aircraft < 0).any():
        raise Malformed(
            Reason.OUT_OF_RANGE, where="segment", detail="a fix has no place, time or aircraft"
        )
    return batch


def _bare(names: Sequence[str]) -> Iterable[str]:
    """Names without the mark of an address that is no ICAO one; `-` and `_` may stand in them."""
    return (one.removeprefix("~").replace("-", "").replace("_", "") for one in names)

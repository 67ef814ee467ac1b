"""Fixes over HTTP: batches from feeds into the watch, which states crossings under its own name.

A batch travels as a segment (`archive/segment.py`): Parquet with integers, one source. It
takes a token for feeds. Who flies is kept here for a minute, for the watch floor's page,
and in sealed parts; no answer of this route names an aircraft.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from truceline.airspace.fix import Fixes, Names
from truceline.api.answers import answer
from truceline.archive import segment
from truceline.errors import Malformed, Reason
from truceline.mechanism.installation import Installation
from truceline.mechanism.watch import Watch
from truceline.records import shape
from truceline.store.tokens import Purpose

router = APIRouter(tags=["aircraft"])

SHOWN_US = 60_000_000
"""An aircraft is on the page while its newest fix is no older than this."""
EXPIRE_S = 5.0
_MOST_SOURCES = 64
_MOST_AIRCRAFT = 20_000


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
        self._newest: dict[str, dict[str, Any]] = {}
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
            self._remember(recoded, nature)
        return watch.feed(recoded, nature)

    def finish(self) -> None:
        """End every track: the feeds are over."""
        if self._watch is not None:
            self._watch.finish()

    def close(self) -> None:
        """Seal what was fed."""
        self._closed.set()
        if self._watch is not None:
            self._watch.seal()

    def flying(self, now: int) -> list[dict[str, Any]]:
        """Return the aircraft heard within the last minute, as readsb lists them."""
        with self._lock:
            return [one for one in self._newest.values() if 0 <= now - one["seen_at"] <= SHOWN_US]

    def _started(self) -> Watch:
        if self._watch is None:
            self._watch = Watch(self._installation)
            threading.Thread(target=self._expire, name="truceline-watch", daemon=True).start()
        return self._watch

    def _expire(self) -> None:
        while not self._closed.wait(EXPIRE_S):
            if self._watch is not None:
                self._watch.expire()

    def _remember(self, batch: Fixes, nature: str) -> None:
        for row in range(len(batch)):
            hex_code = batch.names[batch.aircraft[row]]
            feet, speed = float(batch.baro_ft[row]), float(batch.speed_kt[row])
            callsign = int(batch.callsign[row])
            self._newest[hex_code] = {
                "hex": hex_code,
                "flight": batch.callsigns[callsign] if callsign >= 0 else None,
                "lat": float(batch.lat[row]),
                "lon": float(batch.lon[row]),
                "alt_baro": "ground" if batch.ground[row] else _or_none(feet),
                "track": None,
                "gs": _or_none(speed),
                "nature": nature,
                "seen_at": int(batch.seen_at[row]),
            }
        if len(self._newest) > _MOST_AIRCRAFT:
            newest = sorted(self._newest.values(), key=lambda one: one["seen_at"])
            self._newest = {one["hex"]: one for one in newest[-_MOST_AIRCRAFT // 2 :]}


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
) -> Response:
    """Take a batch of fixes of one source, and judge it against the zones in force."""
    floor = request.app.state.floor
    asker = floor.doorkeeper.who(request, floor.installation.clock.now())
    asker.needs(Purpose.FEED, Purpose.ADMIN)
    data = await request.body()
    made = await run_in_threadpool(_fed, floor.intake, data, nature, last=last)
    return answer(made)


def _fed(intake: Intake, data: bytes, nature: str, *, last: bool) -> dict[str, int]:
    fixes = crossings = 0
    if data:
        batch = read(data)
        fixes, crossings = len(batch), intake.feed(batch, nature)
    if last:
        intake.finish()
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
    inside = (np.abs(batch.lat) <= 90) & (np.abs(batch.lon) <= 180) & (batch.seen_at > 0)
    if not len(batch) or not inside.all() or (batch.aircraft < 0).any():
        raise Malformed(
            Reason.OUT_OF_RANGE, where="segment", detail="a fix has no place, time or aircraft"
        )
    return batch


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else round(value)

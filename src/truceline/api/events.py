"""One stream of events for each page: what is new on the log, the checkpoint, the aircraft.

A pump looks at the log twenty times a second and makes one frame for each audience, however
many pages that audience has open; events that came together go out together. `id` is the
size of the log, so that a page that was cut off asks for what it missed. A page that does
not read is let go: it comes back and resumes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from truceline.api.aircraft import flying, watches
from truceline.api.answers import encode, moment
from truceline.api.floor import Floor, facts_of
from truceline.api.limits import address_of
from truceline.api.predictions import ahead
from truceline.api.viewer import Asker
from truceline.errors import TrucelineError
from truceline.parties.visibility import Viewer, may_see
from truceline.records.kinds import KINDS
from truceline.store.views import records
from truceline.store.views.records import Shown

router = APIRouter(tags=["events"])

_log = logging.getLogger("truceline.events")

PULSE_S = 0.05
_SLOW_EVERY = 20  # pulses between two frames of aircraft and clock: about a second
_ASK_AGAIN_S = 15.0
_MOST_WAITING = 200
_MOST_TOLD = 50
"""More new records than this between two pulses are told as one event with their count."""


@dataclass(eq=False)
class Page:
    """One open stream. `frames` None at the end: the page did not read, and is let go."""

    asker: Asker
    frames: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(_MOST_WAITING)
    )

    def send(self, frame: bytes) -> bool:
        """Hand a frame over; False when the page does not keep up."""
        if self.frames.qsize() >= _MOST_WAITING - 1:
            self.frames.put_nowait(None)
            return False
        self.frames.put_nowait(frame)
        return True


class Stream:
    """The pump and the pages that listen. Lives in the event loop of one server."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._pages: set[Page] = set()
        self._size = 0
        self._sealed = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the pump while the server runs."""
        self._size = await run_in_threadpool(self._floor.installation.catch_up)
        pump = asyncio.create_task(self._pump())
        try:
            yield
        finally:
            pump.cancel()
            with suppress(asyncio.CancelledError):
                await pump
            for page in self._pages:
                page.frames.put_nowait(None)

    async def open(self, asker: Asker, after: int | None) -> Page:
        """Open a stream, with what was missed since a size of the log."""
        page = Page(asker)
        size = self._size
        hello = self._checkpoint() + self._clock()
        if after is not None and after < size:
            hello += await run_in_threadpool(self._records, asker.viewer, after, size)
        page.send(b"retry: 2000\n\n" + hello)
        self._pages.add(page)
        return page

    def close(self, page: Page) -> None:
        """Forget a page that has gone."""
        self._pages.discard(page)

    async def _pump(self) -> None:
        pulse = 0
        while True:
            await asyncio.sleep(PULSE_S)
            pulse += 1
            try:
                await self._beat(slow=pulse % _SLOW_EVERY == 0)
            except TrucelineError as failure:
                _log.warning("the stream missed a beat: %s", failure)
            except Exception:  # noqa: BLE001 -- a defect must not silence every page for good
                _log.exception("the stream stumbled")

    async def _beat(self, *, slow: bool) -> None:
        before = self._size
        self._size = await self._known()
        if not self._pages or (self._size == before and not slow and not self._is_sealed_anew()):
            return
        common = self._new_checkpoint() + (self._clock() if slow else b"")
        frames: dict[Viewer, bytes] = {}
        for viewer in {page.asker.viewer for page in self._pages}:
            frame = common + (self._aircraft(viewer) if slow else b"")
            if self._size > before:
                frame += await run_in_threadpool(self._records, viewer, before, self._size)
            frames[viewer] = frame
        for page in list(self._pages):
            frame = frames.get(page.asker.viewer, b"")
            if frame and not page.send(frame):
                self._pages.discard(page)

    async def _known(self) -> int:
        """The size of the log; the writer knows it, a reader has to look."""
        installation = self._floor.installation
        if installation.is_writer:
            return installation.catch_up()
        return await run_in_threadpool(installation.catch_up)

    def _is_sealed_anew(self) -> bool:
        signed = self._floor.installation.checkpoint()
        return signed is not None and signed.checkpoint.size != self._sealed

    # -- frames --------------------------------------------------------------------------

    def _records(self, viewer: Viewer, before: int, size: int) -> bytes:
        """What is new for one audience; `before` and `size` are sizes of the log."""
        floor = self._floor
        if size - before > _MOST_TOLD:
            now = moment(floor.now())
            many = {"index": size - 1, "kind": "", "subject": "", "at": now, "count": size - before}
            return event("record", many, number=size)
        with floor.installation.store.reading() as look:
            found = records.after(look, before - 1, limit=size - before)
        return b"".join(self._record(viewer, one) for one in found)

    def _record(self, viewer: Viewer, one: Shown) -> bytes:
        floor = self._floor
        kind = KINDS.get(one.kind)
        with floor.installation.reading_book() as book:
            facts = facts_of(one, book)
        now = max(floor.now(), one.received_at)
        seen = kind is not None and may_see(viewer, kind, "", record=facts, at=now)
        told = {
            "index": one.index,
            "kind": one.kind if seen else "",
            "subject": one.subject if seen else "",
            "at": moment(one.received_at),
            "count": 1,
        }
        return event("record", told, number=one.index + 1)

    def _checkpoint(self) -> bytes:
        signed = self._floor.installation.checkpoint()
        if signed is None:
            return b""
        self._sealed = signed.checkpoint.size
        head = {"size": signed.checkpoint.size, "root": signed.checkpoint.root.hex()}
        return event("checkpoint", head)

    def _new_checkpoint(self) -> bytes:
        return self._checkpoint() if self._is_sealed_anew() else b""

    def _clock(self) -> bytes:
        play = self._floor.play
        if play is None:
            return b""
        told = play.told()
        clock = {
            "scenario_at": moment(told["scenario_at"]),
            "speed": told["speed"],
            "playing": told["playing"],
        }
        return event("clock", clock)

    def _aircraft(self, viewer: Viewer) -> bytes:
        now = self._floor.now()
        if not watches(viewer, now):
            return b""
        return event("aircraft", {"at": moment(now), "aircraft": flying(self._floor)}) + event(
            "predictions", {"at": moment(now), "predictions": ahead(self._floor, viewer)}
        )


@router.get(
    "/api/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"}},
)
async def events(
    request: Request,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
    after: Annotated[
        int | None, Query(ge=0, le=2**52, description="Size of the log that is known already")
    ] = None,
) -> Response:
    """Listen: `record`, `checkpoint`, `clock`, `aircraft` and `predictions` for the watch floor."""
    floor: Floor = request.app.state.floor
    asker = floor.doorkeeper.who(request, floor.now())
    known = after
    if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
        known = int(last_event_id)
    seat = ExitStack()
    address = address_of(request.client.host if request.client else "")
    seat.enter_context(floor.seats.taken(address, signed_in=asker.viewer.signed_in))
    try:
        page = await floor.stream.open(asker, known)
    except BaseException:
        seat.close()
        raise
    return _Stream(
        _frames(request, floor, page),
        seat,
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


class _Stream(StreamingResponse):
    """A stream that gives its seat back when it ends, also when it never began."""

    def __init__(self, frames: AsyncIterator[bytes], seat: ExitStack, **options: Any) -> None:
        super().__init__(frames, **options)
        self._seat = seat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the page goes."""
        with self._seat:
            await super().__call__(scope, receive, send)


async def _frames(request: Request, floor: Floor, page: Page) -> AsyncIterator[bytes]:
    """The page's frames; every now and then the asker is looked up again, and let go if changed."""
    loop = asyncio.get_running_loop()
    ask_again = loop.time() + _ASK_AGAIN_S
    try:
        while True:
            try:
                frame = await asyncio.wait_for(page.frames.get(), _ASK_AGAIN_S)
            except TimeoutError:
                frame = b": still here\n\n"
            if frame is None:
                return
            if loop.time() >= ask_again:
                ask_again = loop.time() + _ASK_AGAIN_S
                now = floor.now()
                if floor.doorkeeper.who(request, now).viewer != page.asker.viewer:
                    return
            yield frame
    except TrucelineError:
        return  # the token has run out or was revoked
    finally:
        floor.stream.close(page)


def event(name: str, value: Any, *, number: int | None = None) -> bytes:
    """Return one server-sent event."""
    head = b"" if number is None else b"id: %d\n" % number
    return b"%sevent: %s\ndata: %s\n\n" % (head, name.encode(), encode(value))

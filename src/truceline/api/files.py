"""Files over HTTP: deposited before the record that names them, fetched by whoever may see that record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from truceline.api.answers import answer
from truceline.api.floor import Asked, Floor, Question, facts_of
from truceline.api.viewer import HOST, Asker
from truceline.errors import Malformed, Reason, Refused
from truceline.parties.visibility import RecordFacts, may_fetch
from truceline.records.kinds import KINDS
from truceline.store.tokens import Purpose
from truceline.store.views import records

router = APIRouter(tags=["files"])

PIECE_BYTES = 256 * 1024
"""How much of an upload is in memory at a time."""

SANDBOX = "default-src 'none'; sandbox"
"""A deposited file is somebody's, not ours: opened in a browser it may do nothing."""


class FileShape(BaseModel):
    """How records name a file."""

    sha256: str
    length: int
    type: str


@router.post(
    "/api/files",
    response_model=FileShape,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def deposit(request: Request) -> Response:
    """Deposit a file; its bytes are the body, its media type the header. Durable at the answer."""
    floor: Floor = request.app.state.floor
    asker = floor.doorkeeper.who(request, floor.installation.clock.now())
    asker.needs(Purpose.SUBMIT, Purpose.FEED, Purpose.ADMIN)
    floor.taps.take(asker.token)
    media_type = request.headers.get("content-type", "application/octet-stream")
    most = floor.settings.file_most_bytes
    announced = request.headers.get("content-length") or "0"
    if not (announced.isascii() and announced.isdigit()) or int(announced) > most:
        raise Malformed(
            Reason.TOO_LARGE, where="file", detail=f"a file has at most {most} bytes here"
        )
    with floor.installation.files.incoming(media_type) as file:
        async for piece in _pieces(request):
            if asker.viewer != HOST:
                floor.deposits.take(_account(asker), len(piece))
            await run_in_threadpool(file.write, piece)
        name = await run_in_threadpool(file.keep)
    return answer(name.tree())


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of some size: what is in memory does not grow with the file."""
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= PIECE_BYTES:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def _account(asker: Asker) -> bytes:
    """Whose quota a deposit counts against: the holder's, whatever tokens there are of it."""
    return (asker.viewer.officer or asker.viewer.body).encode() or asker.token


@router.get("/api/files/{sha256}", response_class=Response)
def fetch(
    asked: Asked,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$", examples=["0f" * 32])],
) -> Response:
    """Fetch a file that some record names which the viewer may see."""
    media_type = seen_as(asked, sha256)
    data = asked.floor.installation.files.read(sha256)
    return Response(
        data,
        media_type=media_type,
        headers={
            "cache-control": "private, max-age=31536000, immutable",
            "content-disposition": f'attachment; filename="{sha256[:16]}"',
            "content-security-policy": SANDBOX,
        },
    )


def seen_as(asked: Question, sha256: str) -> str:
    """Return the media type of a file that the viewer may see.

    A file that is not there and one that is not for this viewer get the same answer,
    so that nobody learns by asking what was deposited.
    """
    with asked.look() as look:
        naming = records.naming_file(look, sha256)
        media_type = records.file_type(look, sha256)
    with asked.book() as book:
        visible = any(_may_fetch(asked, one.kind, facts_of(one, book)) for one in naming) or any(
            _may_fetch(asked, one.record.kind, book.facts(one))
            for one in book.hidden.naming(sha256)
        )
        media_type = media_type or book.hidden.type_of(sha256)
    if not visible or media_type is None:
        raise Refused(
            Reason.NOT_FOUND,
            where="file",
            detail="no record that you may see names such a file",
        )
    return media_type


def _may_fetch(asked: Question, kind: str, facts: RecordFacts) -> bool:
    row = KINDS.get(kind)
    return row is not None and may_fetch(asked.viewer, row, record=facts, at=asked.now)

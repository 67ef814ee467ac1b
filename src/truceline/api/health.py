"""Whether this server is well: for supervisors, and for the command line to find it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from truceline import __version__
from truceline.api.answers import answer
from truceline.api.floor import Floor

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """`ok` and what it rests on. `behind`: leaves that no published checkpoint covers yet.

    `trouble`: why a writer takes nothing now; then `ok` is false and the status 503.
    """

    ok: bool
    version: str
    writes: bool
    size: int
    behind: int
    trouble: str | None


@router.get("/healthz", response_model=Health)
async def health(request: Request) -> Response:
    """Say how far the log is, and whether the published log keeps up with it."""
    floor: Floor = request.app.state.floor
    if floor.installation.is_writer:
        size = floor.installation.catch_up()  # known in memory: not worth a thread
    else:
        size = await run_in_threadpool(floor.installation.catch_up)
    signed = floor.installation.checkpoint()
    trouble = floor.installation.door.trouble if floor.installation.is_writer else None
    published = signed.checkpoint.size if signed else 0
    return answer(
        {
            "ok": trouble is None,
            "version": __version__,
            "writes": floor.installation.is_writer,
            "size": size,
            "behind": max(size - published, 0),
            "trouble": None if trouble is None else str(trouble),
        },
        status=200 if trouble is None else 503,
    )

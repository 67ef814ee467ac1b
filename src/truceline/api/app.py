"""The server's API: one factory, one file per word, and the order in which a request passes.

Body limit, then the route (who asks, what is asked, what they may see), then the answer.
Every failure is told by `failures.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from truceline import __version__
from truceline.api import (
    agreements,
    aircraft,
    bodies,
    clocks,
    crossings,
    dss,
    events,
    failures,
    feeds,
    files,
    fixes,
    flights,
    health,
    log,
    page,
    posts,
    predictions,
    records,
    sightings,
    zone_files,
    zone_map,
    zones,
)
from truceline.api import demo as demonstration
from truceline.api.failures import Failure
from truceline.api.fast_lane import FastLane, Lane
from truceline.api.floor import Floor
from truceline.api.limits import BodyLimit
from truceline.api.play import Play
from truceline.mechanism.installation import Installation
from truceline.mechanism.settings import Settings
from truceline.zones.gazetteer import Gazetteer

_SAYS = """The API of a joint ceasefire mechanism.

Every fact is a signed record in one append-only log; every state is computed from it at
a moment (`at`). Submitting answers with a signed receipt or a signed refusal. Without a
token the answers are what the public may see. Times are ISO 8601 in UTC, degrees are
decimal (WGS 84), hashes are hex."""

_ROUTERS = (
    log.router,  # the most asked come first: routes are tried in order
    records.router,
    files.router,
    bodies.router,
    agreements.router,
    zone_map.router,
    zone_files.router,  # before the zones by their code
    zones.router,
    posts.router,
    clocks.router,
    crossings.router,
    predictions.router,
    flights.router,
    aircraft.router,
    sightings.router,
    fixes.router,
    feeds.router,
    events.router,
    health.router,
)


_FAST: Mapping[tuple[str, str], Lane] = {
    ("POST", "/api/records"): records.submit,
    ("POST", "/api/records/batch"): records.submit_many,
    ("GET", "/healthz"): health.health,
}


def create_app(
    installation: Installation,
    settings: Settings,
    *,
    host_asks: bool = False,
    host_key: str = "",
    gazetteer: Callable[[], Gazetteer] | None = None,
    play: Play | None = None,
) -> FastAPI:
    """Return the API of an open installation.

    `host_asks`: requests without a token come from whoever opened the data folder;
    `host_key` is that one's key when they come over the network of this machine.
    `gazetteer` gives the populated places when a comparison first needs them. `play` is
    the demonstration's story, if one runs.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with app.state.floor.stream.running():
            yield
        app.state.floor.intake.close()

    app = _routed(lifespan, demo=settings.demo, drones=installation.drones is not None)
    app.state.floor = Floor(
        installation,
        settings,
        host_asks=host_asks,
        host_key=host_key,
        gazetteer=gazetteer,
        play=play,
    )
    app.state.floor.stream = events.Stream(app.state.floor)
    app.state.floor.intake = fixes.Intake(installation)
    return app


def described() -> dict[str, Any]:
    """Return the OpenAPI document with every route there is, also those that are off by default."""
    return _openapi(_routed(None, demo=True, drones=True))


def _routed(lifespan: Any, *, demo: bool, drones: bool) -> FastAPI:
    """The routes and how failures are told, without an installation behind them."""
    app = FastAPI(
        title="Truceline",
        version=__version__,
        description=_SAYS,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses={
            "4XX": {"model": Failure, "description": "What is wrong, and what to do"},
            "5XX": {"model": Failure, "description": "Not possible now"},
        },
    )
    failures.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    if demo:
        app.include_router(demonstration.router)
    if drones:
        app.include_router(dss.router)
    app.include_router(page.router)  # last: it takes what is left
    app.add_middleware(FastLane, lanes=_FAST)
    app.add_middleware(BodyLimit)  # added last, it is asked first
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document: two ways to sign in, and no answer that is never given."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        openapi_version="3.1.0",
    )
    parts = made["components"]
    parts["schemas"].update(records.request_schemas())
    parts["schemas"].pop("HTTPValidationError", None)
    parts["schemas"].pop("ValidationError", None)
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "query", "name": "key"},
    }
    made["security"] = [{}, {"token": []}, {"key": []}]
    for methods in made["paths"].values():
        for one in methods.values():
            one["responses"].pop("422", None)
    app.openapi_schema = made
    return made

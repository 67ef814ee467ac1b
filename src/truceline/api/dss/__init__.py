"""The drone interface over HTTP: a door of its own, with tokens of its own.

Nothing here is decided by who may see what of the record: what lies behind is what USSs
themselves registered, and the zones of the public map. The routes are there only where the
settings name an audience and keys (`docs/dss.md`).
"""

from __future__ import annotations

from fastapi import APIRouter

from truceline.api.dss import auxiliary, constraints, identification, intents, own, subscriptions
from truceline.api.dss.desk import Told, nowhere

router = APIRouter(tags=["drones"])
for one in (
    intents.router,
    constraints.router,
    subscriptions.router,
    identification.router,
    own.router,
    auxiliary.router,
):
    router.include_router(one)

rest = APIRouter(include_in_schema=False, route_class=Told)
for prefix in ("/dss/v1", "/rid/v2", "/uss/v1", "/aux/v1"):
    rest.add_api_route(
        f"{prefix}/{{path:path}}", nowhere, methods=["GET", "PUT", "POST", "DELETE", "PATCH"]
    )
router.include_router(rest)

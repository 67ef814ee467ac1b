"""A drone interface to ask: an installation with one, an authority that signs tokens, and USSs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient
from tests.support.assembly import Assembly, agreed, founded

from truceline.api.app import create_app
from truceline.mechanism import settings as setting
from truceline.mechanism.clock import Clock
from truceline.mechanism.drone_interface import Interface
from truceline.mechanism.installation import Installation
from truceline.store.layout import Layout

AUDIENCE = "truceline.example"
INTENTS = "/dss/v1/operational_intent_references"
CONSTRAINTS = "/dss/v1/constraint_references"
SUBSCRIPTIONS = "/dss/v1/subscriptions"
AREAS = "/rid/v2/dss/identification_service_areas"
RID_SUBSCRIPTIONS = "/rid/v2/dss/subscriptions"

COORDINATION = "utm.strategic_coordination"
MANAGEMENT = "utm.constraint_management"
PROCESSING = "utm.constraint_processing"
MONITORING = "utm.conformance_monitoring_sa"
ARBITRATION = "utm.availability_arbitration"
PROVIDER = "rid.service_provider"
DISPLAY = "rid.display_provider"
ALL = " ".join((COORDINATION, MANAGEMENT, PROCESSING, MONITORING, ARBITRATION, PROVIDER, DISPLAY))
URL = "https://uss.example/path"


@cache
def authority() -> rsa.RSAPrivateKey:
    """Who signs the tokens in these tests."""
    return rsa.generate_private_key(65537, 2048)


def public_pem() -> bytes:
    """The authority's public key."""
    return (
        authority()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def token(sub: str = "uss-1", scope: str = ALL, **changes: Any) -> str:
    """A token of the authority."""
    claims = {
        "sub": sub,
        "scope": scope,
        "aud": AUDIENCE,
        "exp": datetime.now(UTC) + timedelta(hours=1),
        **changes,
    }
    return jwt.encode(claims, authority(), algorithm="RS256")


@dataclass
class Drones:
    """The interface, asked over HTTP as USSs ask it."""

    installation: Installation
    client: TestClient
    assembly: Assembly

    @property
    def interface(self) -> Interface:
        """The interface itself."""
        found = self.installation.drones
        assert found is not None
        return found

    def ask(
        self, method: str, path: str, body: Any = None, *, uss: str = "uss-1", scope: str = ALL
    ) -> Any:
        """The answer to a USS."""
        headers = {"authorization": f"Bearer {token(uss, scope)}"}
        more = {} if body is None else {"json": body}
        return self.client.request(method, path, headers=headers, **more)

    def told(
        self, method: str, path: str, body: Any = None, *, status: int = 200, **who: Any
    ) -> Any:
        """The JSON of an answer that must have this status."""
        answer = self.ask(method, path, body, **who)
        assert answer.status_code == status, answer.text
        return answer.json()

    def intent(self, name: str = "", *, uss: str = "uss-1", **changes: Any) -> dict[str, Any]:
        """An operational intent that is taken; its reference, with `subscribers` beside it."""
        name = name or fresh()
        found = self.told("PUT", f"{INTENTS}/{name}", intent(**changes), status=201, uss=uss)
        return {**found["operational_intent_reference"], "subscribers": found["subscribers"]}


@contextmanager
def serving(
    place: Path, *, clock: Clock | None = None, database: str = "", **chosen: Any
) -> Iterator[Drones]:
    """An installation whose log has begun, with a drone interface."""
    assembly = Assembly()
    with founded(place, assembly, clock=clock, database=database) as begun:
        for one in agreed(begun, assembly):
            begun.door.submit(one).taken()
    with reopened(place, assembly, clock=clock, **chosen) as made:
        yield made


@contextmanager
def reopened(
    place: Path, assembly: Assembly, *, clock: Clock | None = None, **chosen: Any
) -> Iterator[Drones]:
    """The same installation, opened again."""
    key = place / "authority.pem"
    key.write_bytes(public_pem())
    named = {"dss_keys": [key], "dss_audiences": [AUDIENCE], **chosen}
    settings = setting.read(Layout(place / "data").settings).model_copy(update=named)
    with Installation.open(place / "data", settings, clock=clock) as installation:
        app = create_app(installation, settings)
        with TestClient(app, raise_server_exceptions=False) as client:
            made = Drones(installation, client, assembly)
            if installation.drones is not None:
                # its jobs are not started: a test says itself when the clock's work is done
                made.interface.listens_at("https://truceline.example")
            yield made


def fresh() -> str:
    """An id that nobody has."""
    return str(uuid.uuid4())


def at(minutes: float) -> dict[str, str]:
    """A moment so many minutes from now, as the standards write it."""
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    return {"value": moment.isoformat().replace("+00:00", "Z"), "format": "RFC3339"}


def metres(value: float) -> dict[str, Any]:
    """A height as the standards write it."""
    return {"value": value, "reference": "W84", "units": "M"}


def circle(lat: float = 10, lng: float = 20, radius: float = 300) -> dict[str, Any]:
    """A circle as the standards write it."""
    return {
        "outline_circle": {
            "center": {"lat": lat, "lng": lng},
            "radius": {"value": radius, "units": "M"},
        }
    }


def polygon(*points: tuple[float, float]) -> dict[str, Any]:
    """A polygon of latitude, longitude as the standards write it."""
    return {"outline_polygon": {"vertices": [{"lat": lat, "lng": lng} for lat, lng in points]}}


def volume(
    shape: Mapping[str, Any] | None = None,
    *,
    heights: tuple[float, float] | None = (0, 120),
    minutes: tuple[float, float] | None = (20, 80),
) -> dict[str, Any]:
    """A volume as the standards write it."""
    inner: dict[str, Any] = dict(shape or circle())
    if heights is not None:
        inner |= {"altitude_lower": metres(heights[0]), "altitude_upper": metres(heights[1])}
    tree: dict[str, Any] = {"volume": inner}
    if minutes is not None:
        tree |= {"time_start": at(minutes[0]), "time_end": at(minutes[1])}
    return tree


def intent(**changes: Any) -> dict[str, Any]:
    """What a USS asks for an operational intent; None takes a field away."""
    tree = {
        "extents": [volume()],
        "key": [],
        "state": "Accepted",
        "uss_base_url": URL,
        "new_subscription": {"uss_base_url": URL, "notify_for_constraints": False},
        **changes,
    }
    return {name: value for name, value in tree.items() if value is not None}


def subscription(**changes: Any) -> dict[str, Any]:
    """What a USS asks for a subscription; None takes a field away."""
    tree = {
        "extents": volume(minutes=(0, 120), heights=(0, 1000)),
        "uss_base_url": URL,
        "notify_for_operational_intents": True,
        "notify_for_constraints": True,
        **changes,
    }
    return {name: value for name, value in tree.items() if value is not None}


def area(*points: tuple[float, float]) -> str:
    """A polygon as RID's searches write it."""
    return ",".join(f"{lat},{lng}" for lat, lng in points)

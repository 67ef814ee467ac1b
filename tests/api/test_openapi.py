"""The document that programs read: true of every answer, by its own word (schemathesis)."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from tests.api.world import World

CHECKS = [
    checks.not_a_server_error,
    checks.response_schema_conformance,
    checks.content_type_conformance,
]


@pytest.fixture(scope="module")
def document(world: World) -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    found: dict[str, Any] = world.client.get("/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def described(world: World) -> Any:
    """The API as its document describes it; the event stream has no end and tests of its own."""
    made = schemathesis.openapi.from_asgi("/openapi.json", world.client.app)
    return made.exclude(path="/api/events")


def test_it_is_openapi_3_1_and_every_route_says_what_it_does(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            assert one.get("description"), f"{method} {path} has no description"
            assert "422" not in one["responses"]


def test_both_ways_to_give_a_token_are_named(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"token", "key"}


def test_no_answer_contradicts_the_document(
    world: World, described: Any, subtests: pytest.Subtests
) -> None:
    asked = 0
    for found in described.get_all_operations():
        operation = found.ok()
        asked += 1
        with subtests.test(operation=operation.label):
            _ask_many(operation, world.tokens["north-1"])
    assert asked >= 25


def _ask_many(operation: Any, token: str) -> None:
    """Ask one route with whatever its document allows, and some that it does not."""

    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers={"authorization": f"Bearer {token}"}, checks=CHECKS)

    ask()

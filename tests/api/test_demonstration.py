"""The demonstration through its API: no sealed value of its vault is in any answer to others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.world import token_for
from tests.cli.program import Program

from truceline.api.app import create_app
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.records.roles import Role
from truceline.scenario import gazetteer
from truceline.store import log
from truceline.store.tokens import Purpose
from truceline.store.views import records

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demonstration")]

PARTS = frozenset(("aircraft", "entry", "exit", "fixes", "name", "contact"))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The demonstration as it stands when it was told to its end, opened again."""
    folder = tmp_path_factory.mktemp("demonstration")
    Program(folder).run("demo", "--headless", "--data", "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        clock = ScenarioClock(0, playing=False)
        with Installation.open(folder / "data", clock=clock) as made:
            with made.store.reading() as look:
                last = log.last(look)
            assert last is not None
            clock.seek(last.received_at)
            yield made


@pytest.fixture(scope="module")
def client(installation: Installation) -> Iterator[TestClient]:
    """Its API."""
    app = create_app(installation, installation.settings, gazetteer=gazetteer.load)
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def sealed_values(installation: Installation, but_of: str = "") -> set[bytes]:
    """Every text and place that its vault keeps, as an answer would write it.

    Without those of one body, which its own officers may see.
    """
    found: set[bytes] = set()

    def walk(value: Any, name: str = "") -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, name)
        elif isinstance(value, str) and len(value) >= 6 and name != "source":  # named in clear
            found.add(value.encode())
        elif isinstance(value, int) and name.endswith("_e7") and value % 10_000:
            found.update((str(value).encode(), repr(value / 10_000_000).encode()))

    with installation.store.reading() as look:
        rows = list(log.walk(look))
        authors = {one.index: one.body_code for one in records.after(look, -1, limit=10_000)}
    for row in rows:
        for part in installation.vault.get(row.pae):
            if part.name in PARTS and (not but_of or authors[row.index] != but_of):
                walk(part.value)
    return found


def paths(client: TestClient, installation: Installation) -> list[str]:
    """Every reading route, of now and of the middle of the story."""
    size, at = installation.book.size, "at=2017-08-01T09:00:00Z"
    zones = [f"/api/zones/{one}" for one in installation.book.zones]
    plain = ["/api/log", "/api/me", "/api/kinds", "/api/bodies", "/api/clocks", "/api/posts"]
    plain += ["/api/posts/unpoliced", "/api/agreements", "/api/zones", "/api/zones.geojson"]
    plain += ["/api/crossings?limit=1000", "/api/records?limit=1000", *zones]
    plain += [f"/api/bodies/{one}" for one in installation.book.register.bodies]
    plain += [f"/api/crossings/daily?zone={one}" for one in installation.book.zones]
    moments = [f"{one}{'&' if '?' in one else '?'}{at}" for one in plain]
    logs = [f"/log/tile/entries/{at:03}" for at in range(size // 256)]
    logs += [f"/log/tile/entries/{size // 256:03}.p/{size % 256}", "/log/snapshot"]
    each = [f"/api/records/{index}" for index in range(size)]
    assert client.get(logs[-2]).status_code == 200
    return [*plain, *moments, *logs, *each]


def announced_to(installation: Installation, body: str) -> set[bytes]:
    """The callsigns and addresses of the flights that a body announced, or that were announced to it."""
    flights = [one.flight for one in installation.book.flights.notices.values()]
    own = [one for one in flights if body and body in (one.applicant, *one.to)]
    return {text.encode() for one in own for text in (one.callsign, one.icao24) if text}


def test_no_sealed_value_is_in_any_answer_to_those_it_is_not_for(
    installation: Installation, client: TestClient
) -> None:
    register = installation.book.register
    asked = {
        officer.code: officer.body
        for officer in register.officers.values()
        if not officer.roles & {Role.WATCH, Role.VERIFIER}
    }
    for who in ("", *sorted(asked)[:8]):
        own = token_for(installation, who, Purpose.READ) if who else ""
        headers = {"authorization": f"Bearer {own}"} if own else {}
        own_body = asked.get(who, "")
        secrets = sealed_values(installation, own_body) - announced_to(installation, own_body)
        assert len(secrets) > 50
        for path in paths(client, installation):
            data = client.get(path, headers=headers).content
            shown = [one for one in secrets if one in data]
            assert not shown, f"{path} shows {shown[:3]} to {who or 'the public'}"


def test_the_watch_floor_is_shown_them(installation: Installation, client: TestClient) -> None:
    officers = installation.book.register.officers.values()
    watch = next(one.code for one in officers if Role.WATCH in one.roles)
    token = token_for(installation, watch, Purpose.READ)
    headers = {"authorization": f"Bearer {token}"}
    data = client.get("/api/crossings?limit=1000", headers=headers).content

    assert sum(one in data for one in sealed_values(installation)) > 20


def test_a_map_page_of_all_zones_takes_less_than_a_tenth_of_a_second(
    installation: Installation, client: TestClient
) -> None:
    client.get("/api/places", params={"bbox": "35,32,43,38"})
    client.get("/api/zones.geojson", params={"at": "2017-08-01T00:00:00Z"})
    costs = []
    for day in range(2, 9):
        began = time.process_time()
        client.get("/api/zones.geojson", params={"at": f"2017-08-0{day}T00:00:00Z"})
        costs.append(time.process_time() - began)

    assert sorted(costs)[len(costs) // 2] < 0.1

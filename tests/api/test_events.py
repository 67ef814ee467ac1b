"""The stream of events, from the real server: what is new, what was missed, and to whom."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.server import Server, running
from tests.api.world import opened, token_for
from tests.support.assembly import Assembly, agreed, founded, report

pytestmark = pytest.mark.slow


@contextmanager
def served(place: Path) -> Iterator[tuple[Server, Assembly, str]]:
    """A server with an agreement, and a token of an officer of the north."""
    assembly = Assembly()
    with founded(place, assembly) as installation:
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        token = token_for(installation, "north-1")
    with running(place / "data") as server:
        yield server, assembly, token


def listen(server: Server, wanted: int, kind: str, **options: Any) -> list[dict[str, Any]]:
    """The first events of a kind; gives up after ten seconds."""
    found: list[dict[str, Any]] = []
    with httpx.stream("GET", f"{server.url}/api/events", timeout=10, **options) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, Any] = {}
        for line in answer.iter_lines():
            name, _, text = line.partition(": ")
            if name in ("event", "id"):
                event[name] = text
            elif name == "data":
                event["data"] = json.loads(text)
            elif not line and event.get("event") == kind:
                found.append(event)
            if len(found) >= wanted:
                return found
            if not line:
                event = {}
    return found


def submit(server: Server, sent: bytes) -> int:
    """Submit one record; returns its index."""
    with server.client() as client:
        body = {"envelope": json.loads(sent), "disclosures": []}
        return int(client.post("/api/records", json=body).json()["index"])


def test_a_page_hears_of_a_record_and_of_the_checkpoint_that_covers_it(tmp_path: Path) -> None:
    with served(tmp_path) as (server, assembly, token):
        heard: list[dict[str, Any]] = []
        headers = {"authorization": f"Bearer {token}"}
        listener = threading.Thread(
            target=lambda: heard.extend(listen(server, 1, "record", headers=headers))
        )
        listener.start()
        time.sleep(0.5)
        index = submit(server, report(assembly, "north-1"))
        listener.join(15)

        [one] = heard
        assert one["data"]["index"] == index
        assert one["data"]["kind"] == "post.reported/1"
        assert one["id"] == str(index + 1)
        [head] = listen(server, 1, "checkpoint")
        assert head["data"]["size"] >= index


def test_a_page_that_was_cut_off_is_told_what_it_missed(tmp_path: Path) -> None:
    with served(tmp_path) as (server, assembly, token):
        first = submit(server, report(assembly, "north-1"))
        submit(server, report(assembly, "north-1"))
        time.sleep(0.4)
        headers = {"authorization": f"Bearer {token}", "last-event-id": str(first)}
        heard = listen(server, 2, "record", headers=headers)

        assert [one["data"]["index"] for one in heard] == [first, first + 1]


def test_the_public_hears_that_something_came_and_not_what(tmp_path: Path) -> None:
    with served(tmp_path) as (server, assembly, _):
        index = submit(server, report(assembly, "north-1"))
        time.sleep(0.4)
        [one] = listen(server, 1, "record", headers={"last-event-id": str(index)})

        assert one["data"]["index"] == index
        assert one["data"]["kind"] == ""
        assert one["data"]["subject"] == ""


def test_a_hundred_pages_all_hear_and_the_server_still_stops_at_once(tmp_path: Path) -> None:
    with served(tmp_path) as (server, assembly, token):
        headers = {"authorization": f"Bearer {token}"}
        heard: list[int] = []

        def page() -> None:
            found = listen(server, 1, "record", headers=headers)
            heard.append(found[0]["data"]["index"])

        pages = [threading.Thread(target=page) for _ in range(100)]
        for one in pages:
            one.start()
        time.sleep(1.5)
        index = submit(server, report(assembly, "north-1"))
        for one in pages:
            one.join(15)

        assert heard == [index] * 100
        assert server.stop() == 0


def test_a_stream_needs_a_good_token_or_none(tmp_path: Path) -> None:
    with opened(tmp_path) as world:
        answer = world.client.get("/api/events", headers={"authorization": "Bearer tl_nobody"})

        assert answer.status_code == 401

"""What one sender may take of the server: submissions, open pages, bytes of files."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.api.world import World
from tests.support.assembly import report

from truceline.api.limits import Seats, Taps, address_of, seats_here
from truceline.errors import Reason, Refused, Unavailable

MEBIBYTE = 2**20


def test_who_sends_without_a_token_may_send_sixty_a_minute(fresh: World) -> None:
    fresh.client.app.state.floor.open_taps._clock = lambda: 0.0  # type: ignore[attr-defined]
    sent = report(fresh.assembly, "north-1")
    answers = [fresh.submit(sent).status_code for _ in range(61)]

    assert answers == [200] * 60 + [429]
    assert fresh.submit(sent, "north-1").status_code == 200, "a token has a bucket of its own"


def test_submissions_that_come_together_are_taken_from_the_bucket_together(fresh: World) -> None:
    fresh.client.app.state.floor.open_taps._clock = lambda: 0.0  # type: ignore[attr-defined]
    one = {"envelope": json.loads(report(fresh.assembly, "north-1")), "disclosures": []}
    many = {"submissions": [one] * 64}

    assert fresh.client.post("/api/records/batch", json=many).status_code == 429
    assert fresh.submit(report(fresh.assembly, "north-1")).status_code == 200, "nothing was taken"


def test_a_bucket_fills_again_with_time() -> None:
    now = [0.0]
    taps = Taps(1.0, 2.0, lambda: now[0])
    taps.take(b"one", 2)
    with pytest.raises(Refused):
        taps.take(b"one")
    now[0] = 1.0
    taps.take(b"one")
    taps.take(b"another")


def test_an_address_of_the_new_kind_counts_by_the_line_it_comes_from() -> None:
    assert address_of("2001:db8::1") == address_of("2001:db8::ffff:1")
    assert address_of("2001:db8::1") != address_of("2001:db8:0:1::1")
    assert address_of("::ffff:192.0.2.7") == address_of("192.0.2.7")


def test_pages_without_an_account_leave_places_for_those_who_have_one() -> None:
    seats = Seats(8, of_one_address=3)
    held = [seats.taken(b"here", signed_in=False) for _ in range(3)]
    for one in held:
        one.__enter__()
    with pytest.raises(Refused) as met, seats.taken(b"here", signed_in=False):
        pass
    assert met.value.reason is Reason.TOO_MANY
    with seats.taken(b"there", signed_in=False):
        with pytest.raises(Unavailable), seats.taken(b"elsewhere", signed_in=False):
            pass
        with seats.taken(b"here", signed_in=True):
            pass
    held[0].__exit__(None, None, None)
    with seats.taken(b"here", signed_in=False):
        pass


def test_the_pages_of_a_server_take_at_most_half_of_its_descriptors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 4096))

    assert seats_here() == 512


def test_a_page_too_many_is_refused_and_takes_no_place(world: World) -> None:
    floor = world.client.app.state.floor  # type: ignore[attr-defined]
    before, floor.seats = floor.seats, Seats(0)
    try:
        assert world.ask("/api/events").status_code == 503
        assert world.ask("/api/events", "north-1").status_code == 503
    finally:
        floor.seats = before


def test_an_upload_goes_to_the_disk_and_not_into_memory(fresh: World) -> None:
    size = 48
    tracemalloc.start()
    try:
        answer = asyncio.run(_upload(fresh, size))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert answer["length"] == size * MEBIBYTE
    assert fresh.installation.files.has(answer["sha256"], size * MEBIBYTE)
    assert peak < 8 * MEBIBYTE


def test_an_upload_that_breaks_off_leaves_nothing(fresh: World) -> None:
    folder = fresh.installation.layout.files
    before = sorted(folder.rglob("*"))
    with pytest.raises(ConnectionError):
        asyncio.run(_upload(fresh, 4, breaks_off=True))

    assert sorted(folder.rglob("*")) == before


def test_an_account_has_so_many_bytes_a_day(fresh: World) -> None:
    floor = fresh.client.app.state.floor  # type: ignore[attr-defined]
    floor.deposits = Taps(0.001, 1000.0)
    headers = {"authorization": f"Bearer {fresh.tokens['north-1']}"}
    sent = [fresh.client.post("/api/files", content=b"x" * 600, headers=headers) for _ in range(2)]

    assert [one.status_code for one in sent] == [200, 429]
    other = {"authorization": f"Bearer {fresh.tokens['south-1']}"}
    assert fresh.client.post("/api/files", content=b"y", headers=other).status_code == 200


async def _upload(world: World, mebibytes: int, *, breaks_off: bool = False) -> Any:
    """Send a large file as a server would hand it on: a mebibyte at a time, its length unsaid."""
    pieces = _pieces(mebibytes, breaks_off=breaks_off)
    token = world.tokens["north-1"].encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/files",
        "raw_path": b"/api/files",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", b"Bearer " + token), (b"content-type", b"text/plain")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    parts: list[bytes] = []

    async def receive() -> Any:
        return await anext(pieces)

    async def send(message: Any) -> None:
        parts.append(message.get("body", b""))

    await world.client.app(scope, receive, send)  # type: ignore[arg-type]
    return json.loads(b"".join(parts))


async def _pieces(mebibytes: int, *, breaks_off: bool) -> AsyncIterator[Any]:
    for number in range(mebibytes):
        yield {"type": "http.request", "body": bytes([number]) * MEBIBYTE, "more_body": True}
    if breaks_off:
        raise ConnectionError("the sender is gone")
    yield {"type": "http.request", "body": b"", "more_body": False}

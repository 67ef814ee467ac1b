"""`truceline feed` from real sockets: what it says, what it counts, and how it ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from tests.api.server import running
from tests.cli.program import Program

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli-words")]

RUN = ("--source", "north-radar", "--nature", "synthetic")


@contextmanager
def receiver(data: bytes) -> Iterator[str]:
    """A receiver that says what it has to say to the first who calls, and hangs up."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(60)

    def speak() -> None:
        with server, server.accept()[0] as link:
            link.sendall(data)

    worker = threading.Thread(target=speak)
    worker.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        worker.join(60)


def lines(count: int) -> bytes:
    """BaseStation lines of now, and one that is none."""
    now = datetime.now(UTC)
    at = now.strftime("%Y/%m/%d,%H:%M:%S.%f")[:-3]
    made = [
        f"MSG,3,1,1,4CA2D6,1,{at},{at},,12000,,,40.{step:05d},20.0,,,0,0,0,0\r\n"
        for step in range(count)
    ]
    return ("".join(made) + "STA,nothing\r\nMSG,3,half").encode()


def test_a_feed_says_at_its_end_what_it_read_and_left_out(founded: Program) -> None:
    with receiver(lines(20)) as where:
        told = founded.run("feed", "--from", f"sbs://{where}", *RUN, "--once", "--data", "data")
    assert "20 fixes, 0 crossings stated" in told.out
    for line in (
        "fixes: 20",
        "connections: 1",
        "left out: half_line: 1",
        "left out: other_kind: 1",
    ):
        assert line in told.out
    assert "ended: closed: 1" in told.out


def test_a_source_that_is_not_there_is_told(founded: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"127.0.0.1:{server.getsockname()[1]}"
    told = founded.run(
        "feed", "--from", f"sbs://{where}", *RUN, "--once", "--data", "data", code=None
    )
    assert told.code != 0
    assert "could not be reached (refused)" in told.err


def test_a_feed_may_run_for_a_while(founded: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"127.0.0.1:{server.getsockname()[1]}"
        told = founded.run("feed", f"sbs://{where}", *RUN, "--for", "1", "--data", "data")
    assert "0 fixes, 0 crossings stated" in told.out


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "ftp://receiver:21"),
        (),
        ("tracks.csv", "--from", "sbs://receiver:1"),
        ("--from", "sbs://receiver:1", "--login", "nowhere"),
    ],
)
def test_words_that_name_no_source_are_refused(founded: Program, words: tuple[str, ...]) -> None:
    told = founded.run("feed", *words, *RUN, "--data", "data", code=None)
    assert told.code not in (0, 70)


def test_a_server_is_told_how_the_feed_does_and_shows_it(founded: Program) -> None:
    with running(founded.folder / "data") as server, receiver(lines(20)) as where:
        founded.run("feed", "--from", f"sbs://{where}", *RUN, "--once", "--data", "data")
        with server.client() as client:
            told = client.get("/api/feeds")
            assert told.status_code == 200, told.text
            [feed] = told.json()["feeds"]
            assert client.get("/data/aircraft.json").status_code == 403  # the host sees no tracks
        server.stop()
    assert (feed["source"], feed["fixes"], feed["received"]) == ("north-radar", 20, 20)
    assert feed["dropped"] == {"half_line": 1, "other_kind": 1}
    assert feed["lost"] == {"closed": 1}


def test_a_token_for_feeds_is_made_for_one_source(founded: Program) -> None:
    making = ("tokens", "add", "north", "--purpose", "feed", "--data", "data")
    assert "one source" in founded.run(*making, code=None).err
    founded.run(*making, "--source", "north-radar")
    [made] = founded.run("tokens", "list", "--json", "--data", "data").json()
    assert (made["purpose"], made["source"]) == ("feed", "north-radar")

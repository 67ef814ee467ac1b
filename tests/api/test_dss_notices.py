"""Telling USSs at their own pace: none, however slow, holds up the others or the mechanism."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.api import drones
from tests.api.drones import Drones, fresh
from tests.api.test_dss_zones import START, adopt, constraints, content, listen

from truceline.errors import Refused, Unavailable
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.drone_notices import MOST_CALLS
from truceline.publish.uss import Caller, is_public
from truceline.records.record import Micros
from truceline.store import dss as rows
from truceline.store.dss import Notice

_ANSWER = b"HTTP/1.1 204 No Content\r\nX-Long: "
_END = b"\r\nContent-Length: 0\r\n\r\n"


class Slow:
    """A USS that answers a byte at a time, until it is let go of, or told to finish."""

    def __init__(self) -> None:
        self.url = ""
        self.calls = 0
        self.called = threading.Event()
        self.finish = threading.Event()
        self.let_go = threading.Event()
        self.when_called: Callable[[], None] = lambda: None

    def answer(self, handler: socketserver.StreamRequestHandler) -> None:
        """Take a request, drip at most twenty seconds of an answer, and end it properly."""
        while handler.rfile.readline().strip():
            pass
        self.calls += 1
        self.called.set()
        self.when_called()
        try:
            handler.wfile.write(_ANSWER)
            for _ in range(400):
                if self.finish.wait(0.05):
                    break
                handler.wfile.write(b"x")
            handler.wfile.write(_END)
        except OSError:
            self.let_go.set()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def slow() -> Iterator[Slow]:
    """A slow USS on this machine."""
    made = Slow()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            made.answer(self)

    with _Server(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.finish.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def clock() -> ScenarioClock:
    """A clock that stands still until a test moves it."""
    return ScenarioClock(START, playing=False)


@pytest.fixture
def dss(tmp_path: Path, clock: ScenarioClock) -> Iterator[Drones]:
    """An interface whose USSs may live on this machine."""
    with drones.serving(tmp_path, clock=clock, dss_local=True) as made:
        yield made


def owe(dss: Drones, url: str, subscription: str, *made_at: int) -> None:
    """Keep notices to a USS, made so many microseconds after the start."""
    body = {"subscriptions": [{"subscription_id": subscription, "notification_index": 1}]}
    owed = [
        Notice(fresh(), url, json.dumps(body), Micros(START + one), Micros(START))
        for one in made_at
    ]
    with dss.installation.store.writing() as tx:
        rows.add_notices(tx, owed)


def owed(dss: Drones, at: int) -> list[Notice]:
    """The notices that are due at a moment."""
    with dss.installation.store.reading() as look:
        return rows.due_notices(look, Micros(at), most=1000)


def until(true: Callable[[], bool]) -> bool:
    """Whether it comes true, given ample time."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_a_uss_that_answers_a_byte_at_a_time_is_let_go_of_at_the_deadline() -> None:
    caller = Caller(lambda _: "", local=True, timeout_s=0.5)
    with slow() as uss:
        with pytest.raises(Unavailable):
            caller.post(uss.url, b"{}")
        assert uss.let_go.wait(60)

        uss.finish.set()
        caller.post(uss.url, b"{}")
    caller.close()
    assert uss.calls == 2


def test_an_address_that_is_none_is_refused_and_not_stumbled_over() -> None:
    caller = Caller(lambda _: "", local=True, timeout_s=0.5)
    with pytest.raises(Refused):
        caller.post("http://uss.example:none", b"{}")


def test_zones_come_into_force_while_a_uss_holds_the_line(dss: Drones) -> None:
    dss.interface.sender.caller.timeout_s = 60
    with slow() as uss:
        listen(dss, uss.url)
        dss.interface.start("https://truceline.example")
        adopt(dss, content("NF"))
        assert uss.called.wait(60)
        adopt(dss, content("NF2"))
        came = until(lambda: len(constraints(dss)) == 2)
        held = not uss.finish.is_set() and not uss.let_go.is_set() and uss.calls == 1
        uss.finish.set()
        dss.interface.close()

    assert came
    assert held


def test_who_stops_waits_for_one_call_and_makes_no_other(dss: Drones) -> None:
    with slow() as uss:
        name = listen(dss, uss.url)
        owe(dss, uss.url, name, 0, 1, 2)
        uss.when_called = dss.interface.sender.stop
        uss.finish.set()
        assert dss.interface.sender.run() == 1

    assert uss.calls == 1
    assert len(owed(dss, START)) == 2


def test_one_uss_has_a_few_calls_in_a_round_whatever_addresses_it_names(dss: Drones) -> None:
    with slow() as many, slow() as other:
        for uss in (many, other):
            uss.finish.set()
        mine, theirs = listen(dss, many.url), listen(dss, other.url, uss="uss-2")
        for number in range(MOST_CALLS + 2):
            owe(dss, f"{many.url}/{number}", mine, number)
        owe(dss, other.url, theirs, 100)

        assert dss.interface.sender.run() == MOST_CALLS + 1

    assert (many.calls, other.calls) == (MOST_CALLS, 1)
    assert owed(dss, START) == []
    assert [one.tries for one in owed(dss, START + 60_000_000)] == [0, 0]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("233.252.1.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::e000:1", False),
        ("64:ff9b:1::808:808", False),
        ("2002:a9fe:a9fe::1", False),
        ("2002:7f00:1::", False),
        ("2001:0:a00:1::f7f7:f7f7", False),
        ("2001:0:808:808::80ff:fffe", False),
        ("2001:db8::1", False),
        ("fc00::1", False),
        ("fe80::1%lo", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("ff0e::1", False),
        ("4000::1", False),
        ("somewhere", False),
    ],
)
def test_only_an_address_that_the_whole_world_reaches_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public

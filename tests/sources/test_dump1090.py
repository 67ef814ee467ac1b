"""Debian's dump1090 between raw frames and our feeds; and a stream replayed fifty times as fast."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.sources.frames import truth

from truceline.airspace.fix import Fixes, joined
from truceline.sources.address import open_feed
from truceline.sources.avr import AvrFramer, written
from truceline.sources.beast import BeastFramer, Frame, framed
from truceline.sources.feed import Feed
from truceline.sources.modes import FrameReader

CALLSIGN = Frame(bytes.fromhex("8D4840D6202CC371C32CE0576098"))
LAST = Frame(bytes.fromhex("8D485020994409940838175B284F"))
PATIENCE_S = 120.0
"""Only what never comes is waited for so long."""


def now() -> int:
    return time.time_ns() // 1000


def until(test: Callable[[], bool], what: str) -> None:
    """Wait for something that happens in another process or thread."""
    end = time.monotonic() + PATIENCE_S
    while not test():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.01)


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@dataclass
class Running:
    """A feed that runs in a thread, and the batches it has taken."""

    feed: Feed
    taken: list[Fixes]

    @property
    def fixes(self) -> Fixes:
        return joined(self.taken)


@contextmanager
def running(address: str) -> Iterator[Running]:
    """A feed at an address, from its beginning to its end."""
    stop, taken = threading.Event(), list[Fixes]()
    feed = open_feed(address, "north", clock=now)
    worker = threading.Thread(target=feed.run, args=(taken.append, stop))
    worker.start()
    try:
        yield Running(feed, taken)
    finally:
        stop.set()
        worker.join(10)
    assert not worker.is_alive()


@dataclass
class Dump1090:
    """The real program, listening on this machine alone."""

    raw_in: int
    sbs: int
    beast: int


@pytest.fixture
def dump1090(tmp_path: Path) -> Iterator[Dump1090]:
    """Debian's dump1090-mutability without a radio."""
    program = shutil.which("dump1090-mutability")
    if program is None:
        pytest.skip("dump1090-mutability is not installed")
    raw_in, raw_out, sbs, beast_in, beast = free_ports(5)
    ports = {"ri": raw_in, "ro": raw_out, "sbs": sbs, "bi": beast_in, "bo": beast}
    words = [word for name, port in ports.items() for word in (f"--net-{name}-port", str(port))]
    process = subprocess.Popen(
        [program, "--net-only", "--net-bind-address", "127.0.0.1", "--quiet", *words],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Dump1090(raw_in, sbs, beast)
    finally:
        process.terminate()
        process.wait(10)


def connected(port: int) -> socket.socket:
    """A connection to a program that may still be starting."""
    link: list[socket.socket] = []

    def reached() -> bool:
        try:
            link.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        except ConnectionRefusedError:
            return False
        return True

    until(reached, f"port {port}")
    return link[0]


def flight() -> list[Frame]:
    """Some hundred frames of the airliner in the air, that bear their own address."""
    pytest.importorskip("rs1090")
    rows = [row for row in truth() if row["df"] == "17" and row.get("bds") in ("05", "08", "09")]
    return [Frame(bytes.fromhex(row["frame"])) for row in rows[500:1_500]]


def test_dump1090_is_fed_raw_frames_and_feeds_us_lines_and_messages(dump1090: Dump1090):
    pytest.importorskip("rs1090")
    sent = flight()
    heard = bytearray()
    with (
        connected(dump1090.raw_in) as raw,
        connected(dump1090.beast) as beside,
        running(f"sbs://127.0.0.1:{dump1090.sbs}") as sbs,
        running(f"beast://127.0.0.1:{dump1090.beast}") as beast,
    ):

        def all_listen() -> bool:
            raw.sendall(written(CALLSIGN))  # of another aircraft: it is not counted below
            beside.settimeout(0.1)
            with_us = sbs.feed.health().bytes and beast.feed.health().bytes
            try:
                heard.extend(beside.recv(65_536))
            except TimeoutError:
                return False
            return bool(with_us and heard)

        until(all_listen, "dump1090 to speak to all three")
        for frame in sent:
            raw.sendall(written(frame))
        until(lambda: len(_of_flight(heard, beside)) == len(sent), "every frame to come back")

        def both_at_the_end() -> bool:
            raw.sendall(written(LAST))  # streams keep their order: who heard it has heard all
            return _heard(sbs.feed, "485020") and _heard(beast.feed, "485020")

        until(both_at_the_end, "both feeds to have read all")
    assert _of_flight(heard, None) == sent
    assert not beast.feed.health().dropped.get("half_frame")
    assert not sbs.feed.health().dropped
    own, lines = beast.fixes, sbs.fixes
    assert len(own) == len(_positions(sent))
    # dump1090 prints five digits after the point, and leaves out what its own filter doubts.
    assert 0.9 * len(own) <= len(lines) <= len(own)
    off = [
        np.hypot(own.lat - lat, own.lon - lon).min()
        for lat, lon in zip(lines.lat, lines.lon, strict=True)
    ]
    assert max(off) < 1e-5


def _of_flight(heard: bytearray, link: socket.socket | None) -> list[Frame]:
    if link is not None:
        with suppress(TimeoutError):
            heard.extend(link.recv(65_536))
    found = BeastFramer().feed(bytes(heard))
    return [Frame(one.data) for one in found if one.data[1:4] == b"\x39\x33\x22"]


def _heard(feed: Feed, aircraft: str) -> bool:
    """Whether a feed has told anything of an aircraft."""
    reader = feed._reader
    known = reader._decoder._aircraft if isinstance(reader, FrameReader) else reader.names.texts  # type: ignore[attr-defined]
    return aircraft in known


def _positions(sent: list[Frame]) -> Fixes:
    reader = FrameReader(BeastFramer(), "north")
    return reader.feed(b"".join(map(framed, sent)), received_at=now())


def _serve(data: list[tuple[float, bytes]], speed: float) -> tuple[int, threading.Thread]:
    """Serve bytes once, each when its time has come, at some times the real speed."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(30)

    def play() -> None:
        with server, server.accept()[0] as link:
            began = time.monotonic()
            for after, piece in data:
                time.sleep(max(0.0, began + after / speed - time.monotonic()))
                link.sendall(piece)

    worker = threading.Thread(target=play)
    worker.start()
    return server.getsockname()[1], worker


@pytest.mark.parametrize("scheme", ["beast", "avr"])
def test_a_stream_replayed_fifty_times_as_fast_loses_nothing(scheme: str):
    pytest.importorskip("rs1090")
    rows = [row for row in truth() if 1_720_249_400 <= row["timestamp"] < 1_720_249_500]
    pieces = [
        (row["timestamp"] - rows[0]["timestamp"], Frame(bytes.fromhex(row["frame"])))
        for row in rows
    ]
    write = framed if scheme == "beast" else written
    port, worker = _serve([(after, write(frame)) for after, frame in pieces], speed=50)
    with running(f"{scheme}://127.0.0.1:{port}") as live:
        worker.join(30)
        until(lambda: live.feed.health().lost.get("closed", 0) >= 1, "the end of the stream")
    reader = live.feed._reader
    framer = BeastFramer() if scheme == "beast" else AvrFramer()
    direct = FrameReader(framer, "north")
    batch = direct.feed(b"".join(write(frame) for _, frame in pieces), received_at=now())
    assert reader.frames == direct.frames == len(rows) > 1_000
    assert len(live.fixes) == len(batch) == live.feed.health().fixes > 100
    assert np.array_equal(live.fixes.lat, batch.lat)
    assert np.array_equal(live.fixes.lon, batch.lon)

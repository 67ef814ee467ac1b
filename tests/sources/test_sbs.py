"""SBS lines as receivers send them, whole, halved and broken; and a real TCP feed."""

from __future__ import annotations

import socket
import threading
import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.airspace.fix import Fixes
from truceline.sources.feed import TcpFeed
from truceline.sources.sbs import MAX_LINE, SbsReader

NOON_US = 1_717_243_200_000_000


def line(
    kind: int = 3,
    address: str = "4CA2D6",
    *,
    clock: str = "12:00:00.000",
    logged: str | None = None,
    callsign: str = "",
    altitude: str = "37000",
    speed: str = "",
    lat: str = "51.45735",
    lon: str = "-1.02826",
    ground: str = "0",
) -> bytes:
    logged = clock if logged is None else logged
    return (
        f"MSG,{kind},5,276,{address},10057,2024/06/01,{clock},2024/06/01,{logged},"
        f"{callsign},{altitude},{speed},,{lat},{lon},,,0,0,0,{ground}\r\n"
    ).encode()


def test_a_position_line_is_a_fix():
    fix = SbsReader().feed(line())
    assert fix.seen_at.tolist() == [NOON_US]
    assert (fix.lat[0], fix.lon[0], fix.baro_ft[0]) == (51.45735, -1.02826, 37000)
    assert fix.names[fix.aircraft[0]] == "4ca2d6"
    assert not fix.ground[0]


def test_callsign_and_speed_of_other_lines_go_with_the_next_position():
    reader = SbsReader()
    reader.feed(line(1, callsign="RYR1427 ", altitude="", lat="", lon=""))
    reader.feed(line(4, speed="420", altitude="", lat="", lon=""))
    fix = reader.feed(line(clock="12:00:05.000"))
    assert fix.callsigns[fix.callsign[0]] == "RYR1427"
    assert fix.speed_kt[0] == 420


def test_a_speed_of_a_minute_ago_is_not_kept():
    reader = SbsReader()
    reader.feed(line(4, speed="420", altitude="", lat="", lon=""))
    assert np.isnan(reader.feed(line(clock="12:01:00.000")).speed_kt[0])


def test_an_altitude_heard_alone_is_used_for_a_position_without_one():
    reader = SbsReader()
    reader.feed(line(5, altitude="3000", lat="", lon=""))
    assert reader.feed(line(2, altitude="", clock="12:00:01.000")).baro_ft[0] == 3000


@settings(max_examples=50)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=12))
def test_lines_cut_anywhere_are_the_same_lines(cuts: list[int]):
    data = b"".join(line(clock=f"12:00:{k:02d}.000") for k in range(20))
    reader, made, place = SbsReader(), [], 0
    for cut in cuts:
        made.append(reader.feed(data[place : place + cut]))
        place += cut
    made.append(reader.feed(data[place:]))
    assert np.concatenate([one.seen_at for one in made]).tolist() == [
        NOON_US + k * 1_000_000 for k in range(20)
    ]
    assert not reader.dropped


def test_broken_lines_are_counted_by_what_is_wrong():
    reader = SbsReader()
    reader.feed(
        b"MSG,3,5,276,4CA2D6,10057,2024/06/01\n"
        + b"hello\n"
        + b"STA,,5,179,400AE7,10103,2024/06/01,12:00:00.000,2024/06/01,12:00:00.000,RM\n"
        + line(address="XYZ")
        + line(address="000000")
        + line(clock="25:99:00", logged="never")
        + line(lat="95.0")
        + line(lat="north")
    )
    assert dict(reader.dropped) == {
        "wrong_number_of_fields": 1,
        "not_sbs": 1,
        "other_kind": 1,
        "bad_address": 2,
        "bad_time": 1,
        "bad_position": 2,
    }


def test_an_address_that_is_no_icao_one_keeps_its_mark():
    fix = SbsReader().feed(line(address="~2F3A1B"))
    assert fix.names[0] == "~2f3a1b"


def test_the_ground_flag_and_surface_positions_say_on_the_ground():
    reader = SbsReader()
    assert reader.feed(line(ground="-1")).ground[0]
    assert reader.feed(line(2)).ground[0]


def test_of_two_clocks_that_disagree_the_one_nearer_to_ours_counts():
    reader = SbsReader()
    data = line(clock="11:58:00.000", logged="12:00:00.000")
    assert reader.feed(data, received_at=NOON_US + 500_000).seen_at[0] == NOON_US
    assert reader.noted["clocks_disagree"] == 1


def test_without_our_clock_the_time_made_counts():
    data = line(clock="11:58:00.000", logged="12:00:00.000")
    assert SbsReader().feed(data).seen_at[0] == NOON_US - 120_000_000


def test_a_receiver_in_local_time_is_put_right_and_noted():
    reader = SbsReader()
    data = line(clock="15:00:00.000")
    assert reader.feed(data, received_at=NOON_US + 200_000).seen_at[0] == NOON_US
    assert reader.noted["local_clock"] == 1


def test_a_recording_of_another_year_keeps_its_own_time():
    later = NOON_US + 900 * 86_400_000_000
    assert SbsReader().feed(line(), received_at=later).seen_at[0] == NOON_US


def test_a_line_without_end_does_not_fill_the_memory():
    reader = SbsReader()
    for _ in range(50):
        reader.feed(b"x" * MAX_LINE)
    assert len(reader._rest) <= MAX_LINE
    assert reader.dropped["line_too_long"] == 1
    assert len(reader.feed(b"\n" + line())) == 1


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_no_bytes_are_fatal(data: bytes):
    reader = SbsReader()
    reader.feed(data)
    reader.feed(b"\n")
    assert len(reader.feed(line())) == 1


@settings(max_examples=200)
@given(st.lists(st.sampled_from([b"MSG", b"3", b"", b"-1", b"nan", b"inf", b"4CA2D6", b"2024/06/01", b"12:00:00", b"1e400", b"\xff"]), min_size=20, max_size=23))  # fmt: skip
def test_no_fields_are_fatal(fields: list[bytes]):
    SbsReader().feed(b"MSG," + b",".join(fields) + b"\n", received_at=NOON_US)


class Server:
    """A real receiver's port on this machine: serves each connection what it is told to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def accept(self) -> socket.socket:
        self._socket.settimeout(10)
        return self._socket.accept()[0]

    def close(self) -> None:
        self._socket.close()


def _now() -> int:
    return time.time_ns() // 1000


def _until(test, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def test_a_feed_reads_a_server_and_connects_again_when_it_goes():
    server, stop, taken = Server(), threading.Event(), list[Fixes]()
    feed = TcpFeed("127.0.0.1", server.port, SbsReader(), clock=_now)
    worker = threading.Thread(target=feed.run, args=(taken.append, stop))
    worker.start()
    try:
        with server.accept() as link:
            link.sendall(line() + line(clock="12:00:01.000")[:40])
            _until(lambda: feed.health().fixes == 1)
        with server.accept() as link:
            link.sendall(line(clock="12:00:02.000"))
            _until(lambda: feed.health().fixes == 2)
            health = feed.health()
            assert health.connected
            assert health.connections == 2
            assert health.lost == {"closed": 1}
            assert health.dropped == {"half_line": 1}
            assert health.age_s is not None
            assert health.age_s < 5
    finally:
        stop.set()
        worker.join(10)
        server.close()
    assert not worker.is_alive()
    assert [len(one) for one in taken] == [1, 1]


def test_a_server_that_is_not_there_is_tried_again_and_counted():
    probe = Server()
    port = probe.port
    probe.close()
    stop = threading.Event()
    feed = TcpFeed("127.0.0.1", port, SbsReader(), clock=_now)
    worker = threading.Thread(target=feed.run, args=(lambda _: None, stop))
    worker.start()
    _until(lambda: feed.health().lost.get("refused", 0) >= 1)
    stop.set()
    worker.join(10)
    assert not worker.is_alive()
    assert feed.health().age_s is None

"""readsb's snapshots and OpenSky's state vectors: what is taken, what is counted, over HTTP too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.airspace.fix import Fixes
from truceline.airspace.quality import Kind
from truceline.sources.address import open_feed
from truceline.sources.aircraft_json import AircraftJsonReader
from truceline.sources.opensky import OpenSkyReader

NOON_US = 1_717_243_200_000_000
NOON_S = NOON_US / 1e6
PATIENCE_S = 30.0

AIRCRAFT = {"hex": "4ca2d6", "type": "adsb_icao", "flight": "RYR1427 ", "alt_baro": 37000, "alt_geom": 37450, "gs": 441.2, "track": 93.1, "baro_rate": -64, "squawk": "7000", "category": "A3", "lat": 33.5, "lon": 36.3, "nic": 8, "nac_p": 10, "sil": 3, "seen_pos": 1.5, "seen": 0.2, "nav_qnh": 1013.6}  # fmt: skip
STATE = ["4ca2d6", "RYR1427 ", "Ireland", NOON_S - 2, NOON_S, 36.3, 33.5, 11277.6, False, 226.9, 93.1, -0.33, None, 11414.8, "7000", False, 0]  # fmt: skip


def snapshot(*aircraft: Any, now: Any = NOON_S) -> bytes:
    return orjson.dumps({"now": now, "messages": 1, "aircraft": list(aircraft)})


def states(*vectors: Any) -> bytes:
    return orjson.dumps({"time": NOON_S, "states": list(vectors)})


def test_an_aircraft_of_a_snapshot_is_a_fix_with_all_that_it_says():
    reader = AircraftJsonReader("north")
    fix = reader.feed(snapshot(AIRCRAFT), received_at=NOON_US)
    assert fix.seen_at.tolist() == [NOON_US - 1_500_000]
    assert (fix.lat[0], fix.lon[0], fix.baro_ft[0], fix.geo_ft[0]) == (33.5, 36.3, 37000, 37450)
    assert (fix.speed_kt[0], fix.track_deg[0], fix.climb_ft_min[0]) == (441.2, 93.1, -64)
    assert (fix.kind[0], fix.nic[0], fix.nacp[0], fix.sil[0]) == (Kind.ADSB, 8, 10, 3)
    assert (fix.qnh_hpa[0], round(fix.sigma_m[0], 2)) == (1013.6, 4.08)
    assert fix.callsigns[fix.callsign[0]] == "RYR1427"
    assert reader.told.handed_over()["4ca2d6"]["squawk"] == ("7000", NOON_US - 200_000)


@pytest.mark.parametrize(
    ("word", "kind"),
    [("adsb_icao", Kind.ADSB), ("mlat", Kind.MLAT), ("tisb_other", Kind.TISB), ("adsr_icao", Kind.TISB), ("new", Kind.UNKNOWN)],
)  # fmt: skip
def test_the_type_says_what_sort_of_sensor_it_was(word: str, kind: Kind):
    fix = AircraftJsonReader("n").feed(snapshot(AIRCRAFT | {"type": word}))
    assert fix.kind[0] == kind


def test_ground_is_a_word_and_no_altitude():
    fix = AircraftJsonReader("n").feed(snapshot(AIRCRAFT | {"alt_baro": "ground"}))
    assert fix.ground[0]
    assert np.isnan(fix.baro_ft[0])


def test_a_position_that_is_told_again_is_taken_once():
    reader = AircraftJsonReader("n")
    reader.feed(snapshot(AIRCRAFT), received_at=NOON_US)
    again = snapshot(AIRCRAFT | {"seen_pos": 2.5}, now=NOON_S + 1)
    assert len(reader.feed(again, received_at=NOON_US + 1_000_000)) == 0
    assert reader.noted == {"told_before": 1}
    moved = snapshot(AIRCRAFT | {"seen_pos": 0.1, "lat": 33.6}, now=NOON_S + 2)
    assert len(reader.feed(moved, received_at=NOON_US + 2_000_000)) == 1


def test_a_server_whose_clock_is_wrong_is_noted_and_its_ages_are_used():
    reader = AircraftJsonReader("n")
    fix = reader.feed(snapshot(AIRCRAFT, now=NOON_S - 3600), received_at=NOON_US)
    assert fix.seen_at[0] == NOON_US - 1_500_000
    assert reader.noted == {"clocks_disagree": 1}


def test_one_aircraft_that_is_not_as_described_costs_itself_alone():
    reader = AircraftJsonReader("n")
    bad = [{"hex": "zzzzzz"}, AIRCRAFT | {"gs": "fast"}, "no object", AIRCRAFT | {"hex": "000000"}]
    more = [{"hex": "abc123"}, AIRCRAFT | {"lat": 95.0}, AIRCRAFT | {"hex": "~2f3a1b"}]
    fix = reader.feed(snapshot(*bad, *more, AIRCRAFT), received_at=NOON_US)
    assert [fix.names[code] for code in fix.aircraft] == ["~2f3a1b", "4ca2d6"]
    assert reader.dropped == {
        "bad_address": 2,
        "wrong_type": 2,
        "no_position": 1,
        "bad_position": 1,
    }


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff\xfe", b'{"now": 1e300, "aircraft": []}', b'{"now": null, "aircraft": 1}'])  # fmt: skip
def test_what_is_no_snapshot_is_counted(data: bytes):
    reader = AircraftJsonReader("n")
    assert len(reader.feed(data, received_at=NOON_US)) == 0
    assert sum(reader.dropped.values()) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*AIRCRAFT, "x"]), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


def dumped(value: Any) -> bytes:
    return orjson.dumps(value) if _fits(value) else b"{}"


def _fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@settings(max_examples=80)
@given(st.lists(JSON, max_size=4), JSON, st.binary(max_size=60))
def test_no_json_is_fatal(listed: list[Any], now: Any, noise: bytes):
    for reader, key in ((AircraftJsonReader("n"), "aircraft"), (OpenSkyReader("n"), "states")):
        for document in ({"now": NOON_S, "time": NOON_S, key: listed}, {"now": now, "time": now, key: listed}, listed):  # fmt: skip
            fix = reader.feed(dumped(document), received_at=NOON_US)
            assert (np.abs(fix.lat) <= 90).all()
        reader.feed(noise, received_at=NOON_US)


@settings(max_examples=80)
@given(st.dictionaries(st.sampled_from(list(AIRCRAFT)), JSON, max_size=4))
def test_no_field_of_an_aircraft_is_fatal(change: dict[str, Any]):
    if _fits(change):
        AircraftJsonReader("n").feed(snapshot(AIRCRAFT | change), received_at=NOON_US)


@settings(max_examples=80)
@given(st.integers(0, 16), JSON)
def test_no_element_of_a_state_vector_is_fatal(place: int, value: Any):
    vector = [*STATE]
    vector[place] = value
    if _fits(vector):
        OpenSkyReader("n").feed(states(vector), received_at=NOON_US)


def test_a_state_vector_is_a_fix_in_feet_and_knots():
    reader = OpenSkyReader("n")
    fix = reader.feed(states(STATE, [*STATE, 4]), received_at=NOON_US)
    assert len(fix) == 1  # the second, of 18 elements, tells the same position again
    assert fix.seen_at[0] == NOON_US - 2_000_000
    assert (round(fix.baro_ft[0]), round(fix.geo_ft[0])) == (37000, 37450)
    assert (round(fix.speed_kt[0], 1), round(fix.climb_ft_min[0])) == (441.1, -65)
    assert fix.kind[0] == Kind.ADSB
    assert reader.told.handed_over()["4ca2d6"]["squawk"][0] == "7000"


def test_state_vectors_that_are_none_are_counted():
    reader = OpenSkyReader("n")
    without = [*STATE[:5], None, None, *STATE[7:]]
    before = [*STATE[:3], None, *STATE[4:]]
    reader.feed(states(STATE[:10], "x", ["?", *STATE[1:]], without, before), received_at=NOON_US)
    assert reader.dropped == {"wrong_number_of_elements": 2, "bad_address": 1, "no_position": 1, "bad_time": 1}  # fmt: skip


# -- over HTTP -------------------------------------------------------------------------------


class Site(ThreadingHTTPServer):
    """A server that gives the answers it is told to, the last one again and again."""

    def __init__(self, *answers: tuple[int, bytes, dict[str, str]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.asked: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site: Any = self.server
        site.asked.append(self.path)
        status, body, headers = site.answers.pop(0) if len(site.answers) > 1 else site.answers[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(*answers: tuple[int, bytes, dict[str, str]]) -> Iterator[Site]:
    site = Site(*answers)
    worker = threading.Thread(target=site.serve_forever, args=(0.05,))
    worker.start()
    try:
        yield site
    finally:
        site.shutdown()
        worker.join(10)
        site.server_close()


def run_until(address: str, enough: Callable[[Any, list[Fixes]], bool]) -> tuple[Any, list[Fixes]]:
    """Run a feed until something holds of its health and what it has taken."""
    stop, taken = threading.Event(), list[Fixes]()
    feed = open_feed(address, "north", clock=lambda: NOON_US)
    worker = threading.Thread(target=feed.run, args=(taken.append, stop))
    worker.start()
    end = time.monotonic() + PATIENCE_S
    while not enough(feed.health(), taken):
        assert time.monotonic() < end, feed.health()
        time.sleep(0.01)
    stop.set()
    worker.join(10)
    assert not worker.is_alive()
    return feed.health(), taken


def test_snapshots_are_asked_for_again_and_again():
    moved = snapshot(AIRCRAFT | {"lat": 33.6, "seen_pos": 0.2}, now=NOON_S + 2)
    with serving((200, snapshot(AIRCRAFT), {}), (200, moved, {})) as site:
        health, taken = run_until(
            f"readsb+http://{site.host}/data/aircraft.json?every=0.2", lambda h, _: h.fixes == 2
        )
    assert [float(one.lat[0]) for one in taken] == [33.5, 33.6]
    assert (health.connections, health.lost) == (1, {})
    assert site.asked[0] == "/data/aircraft.json"


def test_a_server_that_is_not_well_is_asked_again_and_counted():
    slow = (429, b"", {"retry-after": "0.1"})
    with serving((500, b"", {}), slow, (200, snapshot(AIRCRAFT), {})) as site:
        health, _ = run_until(f"readsb+http://{site.host}/a.json", lambda h, _: h.fixes == 1)
    assert health.lost == {"http_500": 1, "http_429": 1}


def test_a_server_that_sends_elsewhere_is_not_followed():
    away = (302, b"", {"location": "http://192.0.2.1/"})
    with serving(away) as site:
        health, _ = run_until(
            f"readsb+http://{site.host}/a.json", lambda h, _: h.lost.get("http_302", 0) >= 1
        )
    assert health.fixes == 0


def test_opensky_is_asked_for_a_box():
    with serving((200, states(STATE), {})) as site:
        health, _ = run_until(
            f"opensky+http://{site.host}/api/states/all?bbox=35.7,32.3,42.4,37.3",
            lambda h, _: h.fixes == 1,
        )
    assert health.connected or health.connections == 1
    assert site.asked[0] == "/api/states/all?lamin=32.3&lomin=35.7&lamax=37.3&lomax=42.4"

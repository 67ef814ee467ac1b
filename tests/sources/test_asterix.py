"""ASTERIX 021, 048 and 062: records made by the library, editions mixed up, and noise."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.airspace.quality import Kind
from truceline.errors import Malformed
from truceline.sources.address import open_feed
from truceline.sources.asterix import EDITIONS, AsterixReader

pytest.importorskip("asterix.base")
generated: Any = pytest.importorskip("asterix.generated")

NOON_US = 1_717_243_200_000_000
NOON = 43_200.0
SITE = (33.5, 36.3)
SENDER = (("SAC", 1), ("SIC", 2))


def block(category: str, *records: dict[str, Any]) -> bytes:
    """One block of records, in the edition that a category name says."""
    spec = getattr(generated, f"Cat_{category}")
    return spec.create([spec.cv_record.create(one) for one in records]).unparse().to_bytes()


def track() -> dict[str, Any]:
    """A system track of category 062 at 35.5 N, 36.5 E, flight level 350."""
    return {
        "010": SENDER,
        "070": (NOON, "s"),
        "105": (("LAT", (35.5, "°")), ("LON", (36.5, "°"))),
        "040": 77,
        "136": (350.0, "FL"),
        "380": {"ADR": 0x4CA2D6},
        "185": (("VX", (100.0, "m/s")), ("VY", (100.0, "m/s"))),
        "245": (("STI", 0), 0, ("CHR", "RYR1427 ")),
    }


def reader(*categories: str, editions: tuple[str, ...] = (), **more: Any) -> AsterixReader:
    return AsterixReader("centre", categories=categories or ("062",), editions=editions, **more)


def test_a_system_track_is_a_fix():
    read = reader(editions=("1.20",))
    fix = read.feed(block("062_1_20", track()), received_at=NOON_US + 400_000)
    assert fix.seen_at.tolist() == [NOON_US]
    assert fix.names[fix.aircraft[0]] == "4ca2d6"
    assert fix.callsigns[fix.callsign[0]] == "RYR1427"
    assert abs(fix.lat[0] - 35.5) < 1e-5
    assert abs(fix.lon[0] - 36.5) < 1e-5
    assert (fix.baro_ft[0], round(fix.speed_kt[0]), round(fix.track_deg[0])) == (35_000, 275, 45)
    assert (fix.kind[0], fix.sigma_m[0]) == (Kind.SYSTEM, 150)
    assert not read.dropped


def test_a_track_without_an_address_goes_by_its_number():
    read = reader(editions=("1.20",))
    without = {name: value for name, value in track().items() if name != "380"}
    fix = read.feed(block("062_1_20", without, without | {"040": 78}), received_at=NOON_US)
    first, second = (fix.names[code] for code in fix.aircraft)
    assert first.startswith("~")
    assert first != second
    assert read.noted == {"by_track_number": 2}


def plot() -> dict[str, Any]:
    """A plot of category 048, 60 NM to the east of the radar at flight level 350."""
    return {
        "010": SENDER,
        "140": (NOON, "s"),
        "040": (("RHO", (60.0, "NM")), ("THETA", (90.0, "°"))),
        "220": 0x4CA2D6,
        "090": (("V", 0), ("G", 0), ("FL", (350.0, "FL"))),
    }


def test_a_plot_is_placed_from_its_radar_with_the_height_taken_out():
    read = reader("048", editions=("1.31",), site=SITE)
    fix = read.feed(block("048_1_31", plot()), received_at=NOON_US)
    east_m = (fix.lon[0] - 36.3) * 92_910  # a degree of longitude at 33.5 N
    assert abs(east_m - (111_120**2 - 10_668**2) ** 0.5) < 300
    assert abs(fix.lat[0] - 33.5) < 0.01
    assert (fix.kind[0], fix.baro_ft[0]) == (Kind.RADAR, 35_000)
    assert 150 < fix.sigma_m[0] < 200


def test_a_height_that_is_not_valid_is_none():
    read = reader("048", editions=("1.31",), site=SITE)
    bad = plot() | {"090": (("V", 1), ("G", 0), ("FL", (350.0, "FL")))}
    fix = read.feed(block("048_1_31", bad), received_at=NOON_US)
    assert np.isnan(fix.baro_ft[0])


def test_a_radar_needs_to_stand_somewhere():
    with pytest.raises(Malformed, match="polar"):
        reader("048")


def report() -> dict[str, Any]:
    """An ADS-B report of category 021."""
    return {
        "010": SENDER,
        "073": (NOON, "s"),
        "131": (("LAT", (35.5, "°")), ("LON", (36.5, "°"))),
        "080": 0x4CA2D6,
        "145": (350.0, "FL"),
        "140": (35_500.0, "ft"),
        "170": "RYR1427 ",
    }


def test_an_adsb_report_is_the_aircrafts_own_word():
    read = reader("021", editions=("2.4",))
    fix = read.feed(block("021_2_4", report()), received_at=NOON_US)
    assert (fix.kind[0], fix.baro_ft[0], fix.geo_ft[0]) == (Kind.ADSB, 35_000, 35_500)
    assert abs(fix.lat[0] - 35.5) < 1e-6
    assert fix.callsigns[fix.callsign[0]] == "RYR1427"


@pytest.mark.parametrize(("mark", "reason"), [(0b1000000, "simulated"), (0b0100000, "track_ended")])
def test_what_is_simulated_or_over_is_left_out(mark: int, reason: str):
    read = reader(editions=("1.20",))
    data = block("062_1_20", track() | {"080": (0, mark)}, track() | {"080": (0, 0)})
    assert len(read.feed(data, received_at=NOON_US)) == 1
    assert read.dropped == {reason: 1}


def test_categories_that_were_not_asked_for_are_counted():
    read = reader(editions=("1.20",))
    data = block("048_1_31", plot()) + block("062_1_20", track())
    assert len(read.feed(data, received_at=NOON_US)) == 1
    assert read.dropped == {"category_048": 1}


def test_times_of_day_are_those_of_the_nearest_day():
    read = reader(editions=("1.20",))
    midnight = NOON_US + 43_200_000_000
    late = block("062_1_20", track() | {"070": (86_399.0, "s")})
    assert read.feed(late, received_at=midnight + 500_000).seen_at[0] == midnight - 1_000_000


def test_a_time_of_day_far_from_ours_is_not_believed():
    read = reader(editions=("1.20",))
    assert len(read.feed(block("062_1_20", track()), received_at=NOON_US + 3_600_000_000)) == 0
    assert read.dropped == {"bad_time": 1}


def test_another_edition_is_counted_or_makes_nothing_that_is_false():
    """Category 021 of edition 0.26 read as 2.4: its times and places stand elsewhere."""
    spec = generated.Cat_021_0_26
    old = spec.cv_record.create({"010": SENDER, "080": 0x4CA2D6, "130": (("LAT", (35.5, "°")), ("LON", (36.5, "°")))})  # fmt: skip
    read = reader("021", editions=("2.4",))
    fix = read.feed(spec.create([old]).unparse().to_bytes(), received_at=NOON_US)
    assert len(fix) == 0
    assert sum(read.dropped.values()) == 1


@pytest.mark.parametrize(
    ("categories", "editions"),
    [(("062",), ("9.9",)), (("065",), ()), (("062", "021"), ("1.20",)), (("x",), ()), (("021",), ("0.26",))],
)  # fmt: skip
def test_editions_that_are_not_read_are_refused_at_the_start(
    categories: tuple[str, ...], editions: tuple[str, ...]
):
    with pytest.raises(Malformed):
        reader(*categories, editions=editions)


def test_every_edition_that_is_told_of_is_there():
    for category, editions in EDITIONS.items():
        for edition in editions:
            reader(category, editions=(edition,), site=SITE)


WHOLE = [block("062_1_20", track(), track()), block("048_1_31", plot()), block("021_2_4", report())]
READER = AsterixReader("n", categories=("021", "048", "062"), editions=("2.4", "1.31", "1.20"), site=SITE)  # fmt: skip


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=120), st.tuples(st.sampled_from([21, 48, 62]), st.binary(max_size=80)).map(lambda one: bytes([one[0]]) + (len(one[1]) + 3).to_bytes(2) + one[1])))  # fmt: skip
def test_no_datagram_is_fatal(data: bytes):
    fix = READER.feed(data, received_at=NOON_US)
    assert np.isfinite(fix.lat).all()


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3), st.integers(0, 200))  # fmt: skip
def test_no_damaged_datagram_is_fatal(whole: bytes, changes: list[tuple[int, int]], end: int):
    data = bytearray(whole)
    for at, byte in changes:
        data[at % len(data)] = byte
    READER.feed(bytes(data[: end or None]), received_at=NOON_US)


def test_datagrams_come_over_udp():
    feed = open_feed(
        "asterix+udp://127.0.0.1:0?cat=062&edition=1.20", "centre", clock=lambda: NOON_US
    )
    stop, taken = threading.Event(), []
    worker = threading.Thread(target=feed.run, args=(taken.append, stop))
    worker.start()
    end = time.monotonic() + 30
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while not taken and time.monotonic() < end:
            if feed.bound_port:  # type: ignore[attr-defined]
                sender.sendto(block("062_1_20", track()), ("127.0.0.1", feed.bound_port))  # type: ignore[attr-defined]
            time.sleep(0.02)
    stop.set()
    worker.join(10)
    assert taken[0].names[0] == "4ca2d6"
    assert feed.health().fixes >= 1

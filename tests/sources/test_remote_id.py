"""Remote ID: messages and packs of drones, whole, mixed up and broken."""

from __future__ import annotations

import struct
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.airspace.quality import Kind
from truceline.sources.remote_id import (
    BasicId,
    Location,
    RemoteIdReader,
    messages,
    name_of,
    seen_at,
)

NOON_US = 1_717_243_200_000_000


def basic_id(text: str = "1581F45T7229P000", *, version: int = 2) -> bytes:
    """A serial number of a helicopter or multirotor."""
    return bytes([version, 0x12]) + text.encode().ljust(20, b"\0") + b"\0\0\0"


def location(
    lat: float = 33.5,
    lon: float = 36.3,
    *,
    flags: int = 0x20,
    direction: int = 93,
    speed: int = 40,
    climb: int = -4,
    pressure: float = 700.0,
    geodetic: float = 723.5,
    tenths: int = 5,
) -> bytes:
    """Where it is: 10 m/s, sinking at 2 m/s, accuracy 10 m, half a second after the hour."""
    return struct.pack(
        "<BBBBbiiHHHBBHBB",
        0x12, flags, direction, speed, climb, round(lat * 1e7), round(lon * 1e7),
        round((pressure + 1000) * 2), round((geodetic + 1000) * 2), 1100 * 2, 0x4A, 0x33, tenths, 0, 0,
    )  # fmt: skip


def pack(*parts: bytes) -> bytes:
    return bytes([0xF2, 25, len(parts)]) + b"".join(parts)


def test_a_location_says_where_how_high_how_fast_and_how_well_it_knows():
    [one] = messages(location(), Counter())
    assert isinstance(one, Location)
    assert (one.lat, one.lon, one.speed_m_s, one.track_deg) == (33.5, 36.3, 10.0, 93.0)
    assert (one.climb_m_s, one.pressure_m, one.geodetic_m, one.height_m) == (
        -2.0,
        700.0,
        723.5,
        100.0,
    )
    assert (one.accuracy_m, one.tenths_after_hour, one.on_ground) == (10.0, 5, False)


def test_the_flags_turn_the_direction_round_and_stretch_the_speed():
    [one] = messages(location(flags=0x13), Counter())
    assert isinstance(one, Location)
    assert (one.track_deg, one.speed_m_s, one.on_ground) == (273.0, 40 * 0.75 + 63.75, True)


def test_what_is_not_known_is_none():
    data = location(speed=255, climb=126, direction=181, flags=0x22, pressure=-1000, tenths=0xFFFF)
    [one] = messages(data, Counter())
    assert isinstance(one, Location)
    assert (one.speed_m_s, one.climb_m_s, one.track_deg) == (None, None, None)
    assert (one.pressure_m, one.tenths_after_hour) == (None, None)


def test_a_pack_names_the_drone_that_it_places():
    reader = RemoteIdReader("rid")
    fix = reader.feed(pack(basic_id(), location()), received_at=NOON_US + 1_000_000)
    assert fix.names[fix.aircraft[0]] == name_of("1581F45T7229P000")
    assert fix.callsigns[fix.callsign[0]] == "1581F45T7229P000"
    assert fix.seen_at[0] == NOON_US + 500_000
    assert (fix.kind[0], round(fix.geo_ft[0]), round(fix.sigma_m[0], 2)) == (Kind.REMOTE_ID, 2374, 4.08)  # fmt: skip


def test_a_place_of_nobody_is_counted():
    reader = RemoteIdReader("rid")
    assert len(reader.feed(location(), received_at=NOON_US)) == 0
    assert reader.dropped == {"nobody_named": 1}


def test_lines_keep_the_senders_apart_and_remember_who_they_are():
    reader = RemoteIdReader("rid", lines=True)
    text = '{"hex": "%s", "sender": "%s"}\n'
    for data, sender in ((basic_id("ONE"), "a1"), (basic_id("TWO"), "b2")):
        reader.feed((text % (data.hex(), sender)).encode(), received_at=NOON_US)
    sent = "".join(
        text % (location(tenths=k).hex(), who) for k, who in ((1, "a1"), (2, "b2"), (3, "c3"))
    )
    fix = reader.feed(sent.encode(), received_at=NOON_US)
    assert [fix.names[code] for code in fix.aircraft] == [name_of("ONE"), name_of("TWO"), name_of("c3")]  # fmt: skip


def test_lines_of_bare_hex_are_packs():
    reader = RemoteIdReader("rid", lines=True)
    assert len(reader.feed(pack(basic_id(), location()).hex().encode() + b"\r\n\r\n")) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "wrong_length"),
        (location()[:24], "wrong_length"),
        (location() + b"\0", "wrong_length"),
        (pack(basic_id(), location())[:-1], "bad_pack"),
        (bytes([0xF2, 24, 1]) + bytes(24), "bad_pack"),
        (bytes([0xF2, 25, 0]), "bad_pack"),
        (bytes([0xF2, 25, 10]) + bytes(250), "bad_pack"),
        (location(0.0, 0.0), "no_position"),
        (location(95.0, 0.0), "bad_position"),
        (b"\x19" + location()[1:], "unknown_version"),
        (b"\x42" + bytes(24), "other_type"),
    ],
)
def test_what_is_no_message_is_counted_by_what_is_wrong(data: bytes, reason: str):
    reader = RemoteIdReader("rid")
    assert len(reader.feed(data, received_at=NOON_US)) == 0
    assert reader.dropped == {reason: 1}


def test_a_time_after_the_hour_is_that_of_the_hour_nearest_to_ours():
    hour = 3_600_000_000
    assert seen_at(35_990, NOON_US + 1_000_000) == NOON_US - 1_000_000
    assert seen_at(10, NOON_US - 1_000_000) == NOON_US + 1_000_000
    assert seen_at(18_000, NOON_US + hour // 2) == NOON_US + hour // 2
    assert seen_at(None, NOON_US) == NOON_US


def test_a_time_far_from_ours_is_noted():
    reader = RemoteIdReader("rid")
    reader.feed(pack(basic_id(), location(tenths=18_000)), received_at=NOON_US)
    assert reader.noted == {"clocks_disagree": 1}


@settings(max_examples=200)
@given(st.binary(max_size=300), st.booleans(), st.integers(0, 2**52))
def test_no_bytes_are_fatal(data: bytes, lines: bool, at: int):
    reader = RemoteIdReader("rid", lines=lines)
    reader.feed(data, received_at=at)
    reader.feed(data + b"\n", received_at=at)
    reader.restart()


@settings(max_examples=200)
@given(st.lists(st.binary(min_size=25, max_size=25), min_size=1, max_size=9))
def test_no_pack_is_fatal_or_leaves_the_globe(parts: list[bytes]):
    fix = RemoteIdReader("rid").feed(pack(basic_id(), *parts[:8]), received_at=NOON_US)
    assert (np.abs(fix.lat) <= 90).all()
    assert (np.abs(fix.lon) <= 180).all()


def test_an_id_is_text_up_to_its_first_zero():
    [one] = messages(basic_id("AB\0CD"), Counter())
    assert one == BasicId(1, 2, "AB")

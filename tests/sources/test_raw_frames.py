"""Raw Mode S: framing over cut and damaged bytes, and the decoder beside another's truth."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sources.frames import beast_sample, truth

from truceline.airspace.quality import Kind
from truceline.sources.avr import MAX_LINE, AvrFramer, written
from truceline.sources.beast import MLAT_TICKS, BeastFramer, Frame, framed
from truceline.sources.modes import FrameReader, ModeSDecoder
from truceline.sources.rows import Rows

NOON_US = 1_717_243_200_000_000
SECOND = 1_000_000

EVEN = bytes.fromhex("8D40621D58C382D690C8AC2863A7")
ODD = bytes.fromhex("8D40621D58C386435CC412692AD6")
"""The pair in every textbook of Mode S: 52.2572 N, 3.91937 E at 38,000 ft."""
CALLSIGN = bytes.fromhex("8D4840D6202CC371C32CE0576098")
VELOCITY = bytes.fromhex("8D485020994409940838175B284F")
SQUAWK = bytes.fromhex("2A00516D492B80")

frames = st.builds(
    Frame,
    st.one_of(st.binary(min_size=7, max_size=7), st.binary(min_size=14, max_size=14)),
    st.integers(0, 2**48 - 1),
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The bytes in pieces."""
    ends = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(ends)]


@settings(max_examples=60)
@given(st.lists(frames, max_size=6), st.lists(st.integers(0, 200), max_size=8))
@example([Frame(b"\x1a" * 14, 0x1A1A1A1A1A1A)], [1, 2, 3, 4, 5, 9, 21])
def test_beast_messages_cut_anywhere_are_the_same_frames(sent: list[Frame], places: list[int]):
    framer = BeastFramer()
    pieces = cut(b"".join(framed(one, signal=0x1A) for one in sent), places)
    assert [one for piece in pieces for one in framer.feed(piece)] == sent
    assert not framer.dropped


@settings(max_examples=150)
@given(st.binary(max_size=200))
@example(b"\x1a")
@example(b"\x1a\x1a\x1a3")
@example(b"\x1a1\x1a\x1a")
def test_no_bytes_are_fatal_to_beast_and_what_follows_is_read(data: bytes):
    framer = BeastFramer()
    framer.feed(data)
    framer.feed(b"\x00" * 40)
    assert framer.feed(framed(Frame(EVEN, 7)) * 3)[-1] == Frame(EVEN, 7)


@settings(max_examples=60)
@given(st.integers(1, 22))
def test_half_a_beast_message_costs_itself_and_nothing_else(length: int):
    framer = BeastFramer()
    whole = framed(Frame(EVEN, 7))
    found = framer.feed(whole[:length] + whole + whole)
    assert len(found) == 2
    assert sum(framer.dropped.values()) == 1


def test_a_lost_connection_forgets_half_a_message():
    framer = BeastFramer()
    framer.feed(framed(Frame(EVEN, 7))[:9])
    framer.restart()
    assert framer.feed(framed(Frame(ODD, 8))) == [Frame(ODD, 8)]
    assert framer.dropped == {"half_frame": 1}


def test_the_capture_of_dump1090_is_read_whole():
    sample = beast_sample()
    framer = BeastFramer()
    found = framer.feed(sample)
    framer.restart()
    assert len(found) == sample.count(b"\x1a2") + sample.count(b"\x1a3")
    assert set(framer.dropped) <= {"half_frame"}


def test_avr_lines_in_their_three_forms():
    framer = AvrFramer()
    text = b"*%s;\r\n@000000000010%s;\n<00000000001055%s;\n" % ((EVEN.hex().encode(),) * 3)
    assert framer.feed(text) == [Frame(EVEN), Frame(EVEN, 16), Frame(EVEN, 16)]


def test_avr_lines_that_are_none_are_counted():
    framer = AvrFramer()
    assert not framer.feed(b"*12;\n*1234;\nhello\n*8D40621D;\n*00000000000000;\n*zz;\n*8D4;\n")
    assert framer.dropped == {"not_avr": 5, "mode_ac": 1, "empty_frame": 1}


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_no_bytes_are_fatal_to_avr(data: bytes):
    framer = AvrFramer()
    framer.feed(data)
    framer.feed(b"\n")
    assert framer.feed(written(Frame(EVEN))) == [Frame(EVEN)]


def test_an_avr_line_without_end_does_not_fill_the_memory():
    framer = AvrFramer()
    for _ in range(50):
        framer.feed(b"x" * MAX_LINE)
    assert framer.dropped == {"line_too_long": 1}
    assert framer.feed(b"\n" + written(Frame(EVEN))) == [Frame(EVEN)]


def reader(**site: float) -> FrameReader:
    """A reader of Beast messages; skips where the decoder's library is missing."""
    pytest.importorskip("rs1090")
    place = (site["lat"], site["lon"]) if site else None
    return FrameReader(BeastFramer(), "north", site=place)


def test_an_even_and_an_odd_frame_are_a_place_and_one_alone_is_none():
    read = reader()
    assert len(read.feed(framed(Frame(ODD, 1)), received_at=NOON_US)) == 0
    fix = read.feed(framed(Frame(EVEN, 2)), received_at=NOON_US + SECOND)
    assert (round(fix.lat[0], 4), round(fix.lon[0], 5)) == (52.2572, 3.91937)
    assert fix.baro_ft[0] == 38_000
    assert fix.seen_at[0] == NOON_US + SECOND
    assert fix.names[fix.aircraft[0]] == "40621d"
    assert fix.kind[0] == Kind.ADSB


def test_halves_of_a_pair_that_are_far_apart_in_time_are_none():
    read = reader()
    read.feed(framed(Frame(ODD, 1)), received_at=NOON_US)
    assert len(read.feed(framed(Frame(EVEN, 2)), received_at=NOON_US + 11 * SECOND)) == 0
    assert read.dropped == {"no_pair_yet": 2}


def test_a_place_that_another_decoder_made_is_not_the_aircrafts_word():
    read = reader()
    read.feed(framed(Frame(ODD, MLAT_TICKS)), received_at=NOON_US)
    fix = read.feed(framed(Frame(EVEN, MLAT_TICKS)), received_at=NOON_US)
    assert fix.kind[0] == Kind.MLAT
    assert fix.sigma_m[0] == 300


def test_a_place_beyond_any_receivers_horizon_is_left_out():
    read = reader(lat=33.5, lon=36.3)
    read.feed(framed(Frame(ODD, 1)) + framed(Frame(EVEN, 2)), received_at=NOON_US)
    assert read.dropped["beyond_horizon"] == 1


def test_frames_of_one_piece_are_told_apart_by_the_receivers_counter():
    read = reader()
    data = framed(Frame(ODD, 12_000_000)) + framed(Frame(EVEN, 15_000_000))
    fix = read.feed(data + framed(Frame(ODD, 18_000_000)), received_at=NOON_US)
    assert fix.seen_at.tolist() == [NOON_US - 250_000, NOON_US]


def test_a_wrong_checksum_and_an_address_out_of_nowhere_are_counted():
    read = reader()
    damaged = EVEN[:-1] + b"\x00"
    read.feed(framed(Frame(damaged, 1)) + framed(Frame(SQUAWK, 2)), received_at=NOON_US)
    assert read.dropped == {"bad_checksum_or_unknown": 1, "not_announced": 1}


def test_name_and_velocity_are_told_for_the_picture():
    read = reader()
    read.feed(framed(Frame(CALLSIGN, 1)) + framed(Frame(VELOCITY, 2)), received_at=NOON_US)
    told = read.told.handed_over()
    assert told["4840d6"]["flight"] == ("KLM1023", NOON_US)
    assert round(told["485020"]["gs"][0], 1) == 159.2
    assert told["485020"]["baro_rate"][0] == -832
    assert read.told.handed_over() == {}


@settings(max_examples=100)
@given(st.lists(frames, max_size=4), st.integers(0, 2**40))
def test_no_frame_is_fatal(sent: list[Frame], at: int):
    read = reader()
    read.feed(b"".join(map(framed, sent)), received_at=at)
    assert sum(read.dropped.values()) <= 2 * len(sent)


CRC = 0x1FFF409


def sealed(body: bytes) -> bytes:
    """A frame with the checksum that belongs to it, so that the fields behind it are reached."""
    rest = int.from_bytes(body + b"\0\0\0")
    for bit in range(rest.bit_length() - 1, 23, -1):
        if rest >> bit & 1:
            rest ^= CRC << (bit - 24)
    return body + rest.to_bytes(3)


def test_the_checksum_of_these_tests_is_that_of_the_air():
    assert sealed(EVEN[:-3]) == EVEN


@settings(max_examples=250)
@given(st.sampled_from([0x8D, 0x8C, 0x90, 0x91, 0x92, 0x95, 0x96, 0x98, 0x5D]), st.binary(min_size=10, max_size=10))  # fmt: skip
def test_no_frame_with_a_right_checksum_is_fatal(first: int, rest: bytes):
    read = reader()
    body = bytes([first]) + rest
    short = first == 0x5D
    fix = read.feed(framed(Frame(sealed(body[: 4 if short else 11]))) * 2, received_at=NOON_US)
    assert (np.abs(fix.lat) <= 90).all()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4_000), st.binary(max_size=3)), min_size=1, max_size=12))
def test_no_damage_to_a_real_capture_is_fatal(damage: list[tuple[int, bytes]]):
    pytest.importorskip("rs1090")
    data = beast_sample()
    for at, put in damage:
        place = at % len(data)
        data = data[:place] + put + data[place + 1 :]
    read = reader()
    read.feed(data, received_at=NOON_US)
    read.feed(framed(Frame(ODD, 1)) * 2 + framed(Frame(EVEN, 2)), received_at=NOON_US)
    assert read.feed(framed(Frame(ODD, 3)), received_at=NOON_US).names[-1] == "40621d"


def test_the_decoder_agrees_with_the_truth_of_a_whole_flight():
    pytest.importorskip("rs1090")
    rows = truth()
    dropped: Counter[str] = Counter()
    decoder, found = ModeSDecoder(dropped), Rows("flight")
    times = [round(row["timestamp"] * 1e6) for row in rows]
    sent = [Frame(bytes.fromhex(row["frame"])) for row in rows]
    for first in range(0, len(sent), 250):
        decoder.rows(sent[first : first + 250], times[first : first + 250], found)
    batch = found.batch()
    places = {at: (r["latitude"], r["longitude"]) for at, r in zip(times, rows, strict=True) if "latitude" in r}  # fmt: skip
    off = [
        max(abs(lat - places[at][0]), abs(lon - places[at][1]))
        for at, lat, lon in zip(batch.seen_at.tolist(), batch.lat, batch.lon, strict=True)
    ]
    assert max(off) < 1e-9
    # What is missing lies on the first runway, where no place was known to read it by.
    assert len(batch) + dropped["surface_without_place"] + dropped["no_pair_yet"] == 8324
    assert batch.callsigns == ["AFR34ZG"]
    qnh = batch.qnh_hpa[~np.isnan(batch.qnh_hpa)]
    assert len(qnh) > 1000
    assert ((qnh >= 1003) & (qnh <= 1016)).all()


def test_with_the_receivers_place_the_runway_is_read_too():
    pytest.importorskip("rs1090")
    rows = [row for row in truth()[:2000] if row.get("bds") == "06"]
    decoder, found = ModeSDecoder(Counter(), site=(48.7, 2.4)), Rows("flight")
    sent = [Frame(bytes.fromhex(row["frame"])) for row in rows]
    decoder.rows(sent, [round(row["timestamp"] * 1e6) for row in rows], found)
    batch = found.batch()
    assert len(batch) == len(rows) > 100
    assert batch.ground.all()
    assert np.abs(batch.lat - [row["latitude"] for row in rows]).max() < 1e-9

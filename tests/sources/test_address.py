"""Addresses of feeds: what each becomes, and what is refused rather than guessed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from truceline.airspace.fix import fixes
from truceline.errors import Malformed
from truceline.sources.address import open_feed
from truceline.sources.feed import TcpFeed
from truceline.sources.polled import PolledFeed
from truceline.sources.sane import sane
from truceline.sources.udp import UdpFeed

NOON_US = 1_717_243_200_000_000


def opened(text: str):
    return open_feed(text, "north", clock=lambda: NOON_US)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sbs://receiver:30003", TcpFeed),
        ("rid://receiver:5000", TcpFeed),
        ("rid+udp://239.1.2.3:5000", UdpFeed),
        ("readsb+http://receiver/data/aircraft.json", PolledFeed),
        ("opensky+https://opensky.example/api/states/all?bbox=35,32,42,37&every=15", PolledFeed),
    ],
)
def test_every_scheme_is_a_feed_of_its_kind(text: str, kind: type):
    feed = opened(text)
    assert isinstance(feed, kind)
    assert feed.health().address == text
    assert not feed.health().connected


def test_a_receiver_may_say_where_it_stands():
    pytest.importorskip("rs1090")
    assert isinstance(opened("beast://receiver:30005?lat=33.5&lon=36.3"), TcpFeed)
    assert isinstance(opened("avr://receiver:30002"), TcpFeed)


def test_what_the_source_is_asked_keeps_its_own_query():
    feed = opened("readsb+https://receiver/a.json?every=2&box=1,2,3,4")
    assert isinstance(feed, PolledFeed)
    assert (feed.url, feed.every_s) == ("https://receiver/a.json?box=1%2C2%2C3%2C4", 2.0)


@pytest.mark.parametrize(
    "text",
    [
        "http://receiver/aircraft.json",
        "sbs://receiver",
        "sbs://:30003",
        "sbs://receiver:99999",
        "sbs://receiver:30003?lat=1&lon=2",
        "beast://receiver:30005?lat=north&lon=36",
        "beast://receiver:30005?lat=33.5",
        "beast://receiver:30005?lat=95&lon=36",
        "readsb+http://receiver/a.json?every=0",
        "readsb+http://receiver/a.json?every=never",
        "opensky+http://receiver/a?bbox=1,2,3",
        "opensky+http://receiver/a?bbox=3,2,1,4",
        "asterix+udp://0.0.0.0:8600?category=062",
        "rid+udp://receiver",
        "",
        "://",
    ],
)
def test_an_address_that_is_none_is_refused(text: str):
    with pytest.raises(Malformed) as told:
        opened(text)
    assert "docs/feeds.md" in told.value.remedy


def test_what_cannot_be_true_of_any_fix_is_left_out_and_counted():
    lat = [33.0, 91.0, np.nan, 0.0, 0.0, 33.0, 33.0, 33.0]
    lon = [36.0, 36.0, 36.0, 0.0, 36.0, 36.0, 36.0, -180.0]
    after_s = [0, 0, 0, 0, 0, -1_717_243_200, 61, 59]
    batch = fixes(
        seen_at=NOON_US + np.array(after_s, dtype=np.int64) * 1_000_000,
        aircraft=np.zeros(8, dtype=np.int32),
        lat=np.array(lat),
        lon=np.array(lon),
        names=["abc123"],
    )
    dropped: Counter[str] = Counter()
    assert sane(batch, dropped, now_us=NOON_US).sequence.tolist() == [0, 4, 7]
    assert dropped == {"bad_position": 2, "null_island": 1, "before_2000": 1, "from_the_future": 1}
    assert len(sane(batch, Counter())) == 4  # an archive has no now

"""A feed over HTTP: batches in, crossings on the record, and tracks for the watch floor alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.api.world import World, opened, token_for

from truceline.airspace.fix import fixes
from truceline.archive import segment
from truceline.errors import Reason
from truceline.mechanism.clock import ScenarioClock
from truceline.records.record import Micros
from truceline.store.tokens import Purpose

SECOND = 1_000_000


NOON = 1_700_000_000 * SECOND
FLIGHT_S = 500


def flight(icao24: str, *, source: str = "north-radar", first: int = 0) -> bytes:
    """A flight from west to east through the zone Z1, up to now, as a feed sends it."""
    count = FLIGHT_S // 5
    began = NOON + 60 * SECOND
    rows = np.arange(count, dtype=np.int64)
    batch = fixes(
        seen_at=began + rows * 5 * SECOND,
        aircraft=np.zeros(count, dtype=np.int32),
        lat=np.full(count, 35.75),
        lon=36.2 + rows * 0.012,
        baro_ft=np.full(count, 12_000.0),
        geo_ft=np.full(count, 12_100.0),
        sigma_m=np.full(count, 30.0),
        speed_kt=np.full(count, 420.0),
        callsign=np.zeros(count, dtype=np.int32),
        names=[icao24],
        callsigns=["HIDDENFLIGHT2"],
        sequence=rows + first,
        source=source,
    )
    return segment.write(batch).data


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[World]:
    """A world with a token for feeds, ten minutes after its zone came into force."""
    clock = ScenarioClock(Micros(NOON), playing=False)
    with opened(tmp_path, clock=clock) as world:
        clock.seek(Micros(NOON + (60 + FLIGHT_S) * SECOND))
        world.tokens["feeder"] = token_for(world.installation, "north", Purpose.FEED)
        yield world


def send(world: World, data: bytes, who: str = "feeder", query: str = "nature=synthetic") -> Any:
    """Send a batch."""
    headers = {"authorization": f"Bearer {world.tokens[who]}"} if who else {}
    return world.client.post(f"/api/fixes?{query}", content=data, headers=headers)


def test_a_flight_through_a_zone_in_force_becomes_a_crossing_on_the_record(fed: World) -> None:
    before = len(fed.get("/api/crossings", "office-watch"))
    told = send(fed, flight("abc123"), query="nature=synthetic&last=true")

    assert told.json() == {"fixes": 100, "crossings": 1}
    found = fed.get("/api/crossings", "office-watch")
    assert len(found) == before + 1
    mine = next(one for one in found if one["source"] == "north-radar")
    assert mine["zone"] == "Z1"
    assert mine["nature"] == "synthetic"
    assert mine["cause_out"] == "left"
    assert "abc123" in str(mine["aircraft"])


def test_two_batches_of_one_source_keep_their_aircraft_apart(fed: World) -> None:
    send(fed, flight("abc123"))
    send(fed, flight("def456", first=100), query="nature=synthetic&last=true")

    found = fed.get("/api/crossings", "office-watch")
    flown = {str(one["aircraft"]) for one in found if one["source"] == "north-radar"}
    assert len(flown) == 2
    segments = fed.get("/api/records", "north-1", kind="air.segment/1")
    assert sum(one["body"]["fixes"] for one in segments) == 200


def test_who_flies_is_for_the_watch_floor_alone(fed: World) -> None:
    told = send(fed, flight("abc123"))
    assert "abc123" not in told.text

    [one] = fed.get("/api/aircraft", "office-watch")["aircraft"]
    assert one["hex"] == "abc123"
    assert one["nature"] == "synthetic"
    for who in ("", "north-1", "far-agency", "feeder"):
        assert fed.ask("/api/aircraft", who).status_code == 403
        assert b"abc123" not in fed.ask("/api/crossings", who).content


@pytest.mark.parametrize("data", [b"PAR1", b"\x00" * 100, b"not a segment at all"])
def test_bytes_that_are_no_segment(fed: World, data: bytes) -> None:
    answer = send(fed, data)

    assert answer.status_code == 400
    assert answer.json()["reason"] in (Reason.BAD_FORMAT, Reason.MISSING_FIELD)


def test_a_source_whose_name_is_none(fed: World) -> None:
    assert send(fed, flight("abc123", source="a/b")).status_code == 400


def test_a_feed_needs_a_token_for_feeds(fed: World) -> None:
    assert send(fed, flight("abc123"), who="").status_code == 401
    assert send(fed, flight("abc123"), who="north-1").status_code == 403
    assert send(fed, flight("abc123"), query="nature=perhaps").status_code == 400


def bound(world: World, source: str) -> str:
    """Somebody with a token that may send one source."""
    world.tokens[source] = token_for(
        world.installation, "north", Purpose.FEED, label=source, source=source
    )
    return source


def test_a_token_that_is_bound_to_a_source_speaks_for_no_other(fed: World) -> None:
    who = bound(fed, "north-radar")
    assert send(fed, flight("abc123"), who=who).status_code == 200
    refused = send(fed, flight("abc123", source="liar"), who=who)
    assert (refused.status_code, refused.json()["reason"]) == (403, Reason.NO_MANDATE)
    over = send(fed, b"", who=who, query="nature=synthetic&last=true&source=south-radar")
    assert over.status_code == 403
    other = send(fed, flight("abc123"), who=bound(fed, "south"), query="nature=real&source=south")
    assert other.status_code == 403


def test_a_feed_that_is_over_says_which_and_ends_no_other(fed: World) -> None:
    send(fed, flight("abc123"))
    refused = send(fed, b"", query="nature=synthetic&last=true")
    assert (refused.status_code, refused.json()["reason"]) == (400, Reason.MISSING_FIELD)
    assert fed.get("/api/records", "north-1", kind="air.segment/1") == []
    ended = send(fed, b"", query="nature=synthetic&last=true&source=north-radar")
    assert ended.status_code == 200
    assert len(fed.get("/api/records", "north-1", kind="air.segment/1")) == 1


def test_a_token_in_the_address_writes_nothing_and_reads_the_picture_alone(fed: World) -> None:
    key = fed.tokens["feeder"]
    written = fed.client.post(f"/api/fixes?nature=synthetic&key={key}", content=flight("abc123"))
    assert written.status_code == 401
    watch = fed.tokens["office-watch"]
    assert fed.client.get(f"/api/aircraft?key={watch}").status_code == 403
    assert fed.client.get(f"/api/aircraft.json?key={watch}").status_code == 200


@pytest.mark.parametrize("name", ["abc123@liar", "", "a" * 41, "abc 123"])
def test_an_aircraft_by_a_name_that_is_none(fed: World, name: str) -> None:
    assert send(fed, flight(name)).status_code == 400

"""How feeds do, and the fused picture: for the watch floor alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.api.world import World, opened, token_for

from truceline.airspace.fix import fixes
from truceline.airspace.quality import Kind
from truceline.archive import segment
from truceline.mechanism.clock import ScenarioClock
from truceline.records.record import Micros
from truceline.store.tokens import Purpose

SECOND = 1_000_000
NOON = 1_700_000_000 * SECOND
HEALTH = {
    "address": "beast://192.0.2.7:30005",
    "connected": True,
    "age_s": 0.4,
    "rate_s": 12.5,
    "bytes": 1000,
    "fixes": 30,
    "connections": 3,
    "dropped": {"half_frame": 2},
    "lost": {"closed": 2},
    "noted": {},
}


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[World]:
    """A world with a token for feeds, whose clock stands still."""
    clock = ScenarioClock(Micros(NOON), playing=False)
    with opened(tmp_path, clock=clock) as world:
        clock.seek(Micros(NOON + 60 * SECOND))
        world.tokens["feeder"] = token_for(world.installation, "north", Purpose.FEED)
        yield world


def later(world: World, seconds: float) -> None:
    world.installation.clock.seek(Micros(NOON + round((60 + seconds) * SECOND)))


def send(world: World, source: str, kind: Kind, lat: float, after: float, **more: Any) -> None:
    """Feed one fix of abc123, heard some seconds after the world's moment."""
    batch = fixes(
        seen_at=np.array([NOON + round((60 + after) * SECOND)], dtype=np.int64),
        aircraft=np.zeros(1, dtype=np.int32),
        lat=np.array([lat]),
        lon=np.array([36.0]),
        kind=np.full(1, kind, dtype=np.int8),
        names=["abc123"],
        callsigns=["HIDDENFLIGHT9"],
        callsign=np.zeros(1, dtype=np.int32),
        source=source,
        **more,
    )
    data = segment.write(batch).data
    headers = {"authorization": f"Bearer {world.tokens['feeder']}"}
    answer = world.client.post("/api/fixes?nature=synthetic", content=data, headers=headers)
    assert answer.status_code == 200, answer.text


def tell(world: World, who: str = "feeder", source: str = "north-beast", **news: Any) -> Any:
    headers = {"authorization": f"Bearer {world.tokens[who]}"} if who else {}
    body = {"nature": "synthetic", "health": HEALTH, **news}
    return world.client.post(f"/api/feeds/{source}", json=body, headers=headers)


def test_two_sources_of_one_aircraft_are_one_entry_of_the_picture(fed: World) -> None:
    send(fed, "north-beast", Kind.ADSB, 33.0, 0, baro_ft=np.array([12_000.0]))
    later(fed, 2)
    send(fed, "south-mlat", Kind.MLAT, 33.01, 2, speed_kt=np.array([410.0]))

    told = fed.get("/api/aircraft.json", "office-watch")
    [one] = told["aircraft"]
    assert told["now"] == (NOON + 62 * SECOND) / 1e6
    assert told["messages"] == 2
    assert (one["hex"], one["lat"], one["alt_baro"], one["gs"]) == ("abc123", 33.0, 12_000.0, 410.0)
    assert (one["type"], one["seen_pos"], one["flight"]) == ("adsb_icao", 2.0, "HIDDENFLIGHT9")
    assert one["sources"]["gs"] == {"source": "south-mlat", "kind": "mlat", "age": 0.0}


def test_the_page_is_shown_the_same_aircraft_once(fed: World) -> None:
    send(fed, "north-beast", Kind.ADSB, 33.0, 0)
    send(fed, "south-mlat", Kind.MLAT, 33.01, 0)
    [one] = fed.get("/api/aircraft", "office-watch")["aircraft"]
    assert (one["hex"], one["lat"], one["nature"]) == ("abc123", 33.0, "synthetic")


def test_clients_of_readsb_find_the_picture_where_they_look(fed: World) -> None:
    send(fed, "north-beast", Kind.ADSB, 33.0, 0)
    [one] = fed.get("/data/aircraft.json", "office-watch")["aircraft"]
    assert one["hex"] == "abc123"
    assert fed.get("/data/receiver.json", "office-watch")["refresh"] == 1000
    by_key = fed.client.get(f"/data/aircraft.json?key={fed.tokens['office-watch']}")
    assert by_key.status_code == 200
    assert by_key.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/api/aircraft.json", "/data/aircraft.json", "/data/receiver.json", "/api/feeds"]
)
def test_nobody_but_the_watch_floor_is_given_picture_or_feeds(fed: World, path: str) -> None:
    send(fed, "north-beast", Kind.ADSB, 33.0, 0)
    for who in ("", "north-1", "far-agency", "feeder"):
        answer = fed.ask(path, who)
        assert answer.status_code == 403
        assert b"abc123" not in answer.content


def test_a_feed_tells_of_itself_and_of_its_aircraft(fed: World) -> None:
    send(fed, "north-beast", Kind.ADSB, 33.0, 0)
    at = NOON + 60 * SECOND
    assert tell(fed, told={"abc123": {"squawk": ["7700", at]}}).status_code == 200

    [feed] = fed.get("/api/feeds", "office-watch")["feeds"]
    assert (feed["source"], feed["state"], feed["reconnects"]) == ("north-beast", "live", 2)
    assert feed["dropped"] == {"half_frame": 2}
    assert (feed["received"], feed["carried"], feed["age_s"]) == (1, 1, 0.4)
    [one] = fed.get("/api/aircraft.json", "office-watch")["aircraft"]
    assert one["squawk"] == "7700"


def test_who_operates_sees_the_feeds_and_not_the_aircraft(fed: World) -> None:
    tell(fed, told={"abc123": {"squawk": ["7700", NOON + 60 * SECOND]}})
    fed.tokens["host"] = token_for(fed.installation, "north", Purpose.ADMIN)
    assert len(fed.get("/api/feeds", "host")["feeds"]) == 1
    assert fed.ask("/api/aircraft.json", "host").status_code == 403


def test_a_feed_that_has_stopped_telling_is_away_whatever_it_said(fed: World) -> None:
    tell(fed)
    later(fed, 20)
    [feed] = fed.get("/api/feeds", "office-watch")["feeds"]
    assert (feed["state"], feed["told_s"]) == ("away", 20.0)


@pytest.mark.parametrize(
    ("change", "state"),
    [({"connected": False}, "lost"), ({"age_s": 31.0}, "late"), ({"age_s": None}, "late")],
)
def test_how_a_feed_does_in_one_word(fed: World, change: dict[str, Any], state: str) -> None:
    tell(fed, health=HEALTH | change)
    [feed] = fed.get("/api/feeds", "office-watch")["feeds"]
    assert feed["state"] == state


@pytest.mark.parametrize(
    "change",
    [{"bytes": -1}, {"dropped": {"x": "many"}}, {"age_s": "old"}, {"fixes": 1 << 60}, {"lost": []}],
)
def test_a_feed_that_tells_nonsense_is_refused(fed: World, change: dict[str, Any]) -> None:
    assert tell(fed, health=HEALTH | change).status_code == 400
    assert fed.get("/api/feeds", "office-watch")["feeds"] == []


def test_telling_needs_a_token_for_feeds_and_a_name(fed: World) -> None:
    assert tell(fed, who="").status_code == 401
    assert tell(fed, who="north-1").status_code == 403
    assert tell(fed, source="NOT%20A%20CODE").status_code == 400


@pytest.mark.parametrize("address", ["", "an aircraft", "ABC123", "abc12", "~~abc12", "abc1234"])
def test_a_feed_tells_of_addresses_alone(fed: World, address: str) -> None:
    told = {address: {"squawk": ["7700", NOON + 60 * SECOND]}}
    assert tell(fed, told=told).status_code == 400


def test_a_feed_tells_of_itself_alone(fed: World) -> None:
    fed.tokens["south"] = token_for(
        fed.installation, "north", Purpose.FEED, label="south", source="south"
    )
    assert tell(fed, who="south", source="south").status_code == 200
    assert tell(fed, who="south").status_code == 403


def test_a_replay_of_another_year_is_watched_and_not_shown(fed: World) -> None:
    send(fed, "archive", Kind.ADSB, 33.0, -86_400)
    assert fed.get("/api/aircraft.json", "office-watch")["aircraft"] == []
    [feed] = fed.get("/api/feeds", "office-watch")["feeds"]
    assert (feed["received"], feed["carried"]) == (1, 1)

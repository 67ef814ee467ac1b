"""Zones in force as constraints: made, renewed and removed by the clock, and told to who listens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from implicitdict import ImplicitDict
from tests.api import drones
from tests.api.drones import CONSTRAINTS, PROCESSING, SUBSCRIPTIONS, Drones, fresh
from tests.support.assembly import STARTED_AT, Assembly, agreement, texts_digest
from uas_standards.astm.f3548.v21 import api as f3548

from truceline.dss.entities import Constraint
from truceline.dss.volume import MOST_AREA_KM2, moment, read_all, window
from truceline.dss.world import World
from truceline.errors import Refused
from truceline.geo.altitude import Altitude, Datum, Unit, altitude
from truceline.geo.position import from_degrees
from truceline.geo.schedule import ClockTime, Daily, Day, Period
from truceline.geo.volume import Edge, Polygon, Window
from truceline.mechanism.clock import ScenarioClock
from truceline.publish.uss import Caller
from truceline.records.record import Micros
from truceline.zones import document
from truceline.zones.boundary import Limit, Restriction, Rule, ZoneContent, ZoneKind, ZoneVolume

HOUR = 3_600_000_000
START = Micros(STARTED_AT + HOUR)


def content(
    code: str,
    *,
    north: float = 34.5,
    tall: float = 0.5,
    upper: Altitude | None = None,
    kind: ZoneKind = ZoneKind.NO_FLY,
    **changes: Any,
) -> ZoneContent:
    """A zone east of longitude 36.5."""
    south, west, east = north - tall, 36.5, 36.5 + tall
    corners = ((south, west), (south, east), (north, east), (north, west))
    ring = tuple(from_degrees(lat=lat, lon=lon) for lat, lon in corners)
    volume = ZoneVolume(Polygon(ring), upper=Limit(upper), edge=Edge.GEODESIC)
    return ZoneContent(code, kind, volumes=(volume,), edge_chosen=True, **changes)


type Said = tuple[str, str, dict[str, Any]]
"""By whom, of which kind, what."""


def adopted(
    dss: Drones, one: ZoneContent, kind: str = "zone.proposed/1", **more: Any
) -> list[Said]:
    """What the bodies say so that a content comes into force."""
    file = dss.installation.files.put(document.encode(one), document.MEDIA_TYPE).tree()
    codes = dss.assembly.codes
    consent = {"zone": one.code, "content": file["sha256"]}
    return [
        (f"{codes[0]}-desk", kind, {"zone": one.code, "content": file, **more}),
        *((f"{code}-1", "zone.consented/1", consent) for code in codes),
    ]


def adopt(dss: Drones, one: ZoneContent, instrument: str = "MEMO", *, sealed: bool = False) -> None:
    """Let the bodies propose a zone and consent to it."""
    tell(dss, adopted(dss, one, name={"en": one.code}, instrument=instrument), sealed=sealed)


def tell(dss: Drones, told: Sequence[Said], *, sealed: bool = False) -> None:
    """Submit what is said, and let a second pass: what is adopted now holds a moment later."""
    for author, kind, body in told:
        hand = dss.assembly.hand(author)
        envelope, disclosures = (
            hand.sign_sealed(kind, body) if sealed else (hand.sign(kind, body), [])
        )
        dss.installation.door.submit(envelope, disclosures).taken()
    clock = dss.installation.clock
    assert isinstance(clock, ScenarioClock)
    clock.seek(Micros(clock.now() + 1_000_000))


def constraints(dss: Drones) -> list[Constraint]:
    """The mechanism's own constraints."""

    def question(world: World) -> list[Constraint]:
        return [one for one in world.all(Constraint) if one.zone]

    return sorted(dss.interface.desk.ask(question), key=lambda one: one.id)


@pytest.fixture
def clock() -> ScenarioClock:
    """A clock that stands still until a test moves it."""
    return ScenarioClock(START, playing=False)


@pytest.fixture
def dss(tmp_path: Path, clock: ScenarioClock) -> Iterator[Drones]:
    """An interface whose zones are settled when a test says so."""
    with drones.serving(tmp_path, clock=clock, dss_local=True) as made:
        yield made


def settled(dss: Drones) -> list[Constraint]:
    """The constraints after a round of the clock."""
    dss.interface.zones.settle()
    return constraints(dss)


def span(one: Constraint) -> tuple[int, int]:
    """From when until when a constraint lasts, in hours from the start."""
    start, end = window(one.volumes)
    assert start is not None
    assert end is not None
    return (start - START) // HOUR, (end - START) // HOUR


def test_a_no_fly_zone_in_force_is_a_constraint_of_a_day(dss: Drones) -> None:
    adopt(dss, content("NF", upper=altitude(195, Unit.FL, Datum.STD)))

    (one,) = settled(dss)

    assert (one.zone, one.manager, one.version) == ("NF", "truceline", 1)
    assert span(one) == (0, 24)
    told = dss.told("GET", f"{CONSTRAINTS}/{one.id}", scope=PROCESSING)["constraint_reference"]
    ImplicitDict.parse(told, f3548.ConstraintReference)
    assert told["ovn"] == "Available from USS"


def test_a_zone_on_the_ground_is_none_unless_it_bars_flight(dss: Drones) -> None:
    bars = Rule(restrictions=(Restriction("all", "flight"),))
    adopt(dss, content("GROUND", kind=ZoneKind.SECURITY))
    adopt(dss, content("BARS", north=33, kind=ZoneKind.DE_ESCALATION, rule=bars))

    assert [one.zone for one in settled(dss)] == ["BARS"]


def test_its_details_are_told_in_full_by_its_uss(dss: Drones) -> None:
    adopt(dss, content("NF", upper=altitude(1500, Unit.FT, Datum.AMSL)))
    (one,) = settled(dss)

    told = dss.told("GET", f"/uss/v1/constraints/{one.id}", scope=PROCESSING)

    read = ImplicitDict.parse(told, f3548.GetConstraintDetailsResponse).constraint
    assert read.reference.ovn == one.ovn
    assert read.details.geozone.restriction == "PROHIBITED"
    (volume,) = read_all(told["constraint"]["details"]["volumes"], where="volumes")
    assert volume.upper_m is not None
    assert 457 + 20 < volume.upper_m < 457 + 35, "1,500 ft over the sea, 23 to 28 m above WGS 84"
    kept = told["constraint"]["details"]["geozone"]["additional_properties"]
    assert kept["truceline_mode"] == "exercise"
    assert kept["truceline_limits_as_agreed"][0]["upper"] == {
        "value": 1500,
        "unit": "ft",
        "datum": "AMSL",
    }


def test_it_is_renewed_when_half_its_day_has_passed(dss: Drones, clock: ScenarioClock) -> None:
    adopt(dss, content("NF"))
    (first,) = settled(dss)

    clock.seek(Micros(START + 11 * HOUR))
    (early,) = settled(dss)
    clock.seek(Micros(START + 13 * HOUR))
    (second,) = settled(dss)

    assert early == first
    assert (second.id, second.version, span(second)) == (first.id, 2, (13, 37))
    assert second.ovn != first.ovn


def test_a_zone_that_ends_is_no_constraint_beyond_its_end(
    dss: Drones, clock: ScenarioClock
) -> None:
    ends = Period(window=window_of(5))
    adopt(dss, content("NF", applicability=(ends,)))

    (one,) = settled(dss)
    assert span(one) == (0, 5)

    clock.seek(Micros(START + 13 * HOUR))
    assert settled(dss) == []


def window_of(hours: int) -> Any:
    """A window that ends so many hours after the start."""
    end = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=START + hours * HOUR)
    return Window(None, end)


def test_hours_of_a_schedule_are_followed_and_hours_in_words_count_as_always(dss: Drones) -> None:
    nights = Daily((Day.ANY,), ClockTime(20 * HOUR), ClockTime(22 * HOUR))
    adopt(dss, content("HOURS", applicability=(Period(schedule=(nights,)),)))
    adopt(dss, content("WORDS", north=33, applicability=(Period(text="at night"),)))

    found = {one.zone: one for one in settled(dss)}

    assert [round((each.end - each.start) / HOUR) for each in found["HOURS"].volumes] in (
        [2],
        [1, 1],
    )
    assert span(found["WORDS"]) == (0, 24)


def test_a_large_zone_is_split_into_several(dss: Drones) -> None:
    adopt(dss, content("LARGE", tall=2.0))

    found = settled(dss)

    assert len(found) > 3
    assert len({one.id for one in found}) == len(found)
    assert all(one.volumes[0].footprint.area_km2 <= MOST_AREA_KM2 for one in found)


def test_a_zone_that_is_not_public_is_none(dss: Drones) -> None:
    body = {**agreement(dss.installation, dss.assembly), "code": "PACT", "secrecy": "named"}
    signed = {"instrument": "PACT", "texts": texts_digest(body)}
    told: list[Said] = [("north-desk", "instrument.published/1", body)]
    told += [(f"{code}-1", "instrument.signed/1", signed) for code in dss.assembly.codes]
    tell(dss, told, sealed=True)
    adopt(dss, content("HIDDEN"), instrument="PACT", sealed=True)

    with dss.installation.reading_book() as book:
        assert len(book.zones["HIDDEN"].adoptions) == 1
    assert settled(dss) == []


def test_another_boundary_takes_the_place_of_the_old_one(dss: Drones) -> None:
    adopt(dss, content("NF"))
    (first,) = settled(dss)

    other = content("NF", north=34.6)
    tell(dss, adopted(dss, other, "zone.amended/1", supersedes=first.content))
    (second,) = settled(dss)

    assert second.id != first.id
    assert second.volumes[0].shape != first.volumes[0].shape


@pytest.mark.parametrize("who", ["truceline", "uss-1"])
def test_nobody_changes_it_over_the_interface(dss: Drones, who: str) -> None:
    adopt(dss, content("NF"))
    (one,) = settled(dss)
    path = f"{CONSTRAINTS}/{one.id}/{one.ovn}"
    body = {"extents": [drones.volume()], "uss_base_url": drones.URL}

    assert dss.ask("PUT", path, body, uss=who).status_code in (400, 403)
    assert dss.ask("DELETE", path, uss=who).status_code == 403
    assert constraints(dss) == [one]


def test_an_installation_that_starts_again_goes_on_with_the_same(
    tmp_path: Path, clock: ScenarioClock
) -> None:
    with drones.serving(tmp_path, clock=clock) as dss:
        adopt(dss, content("NF"))
        before = settled(dss)
        assembly = dss.assembly

    with drones.reopened(tmp_path, assembly, clock=clock) as again:
        assert constraints(again) == before
        assert settled(again) == before


# -- those who listen ----------------------------------------------------------------------------


@dataclass
class Listener:
    """A USS that takes notices; `answers` are the statuses that it gives, the last for ever."""

    url: str
    answers: Sequence[int]
    heard: list[tuple[str, Any]] = field(default_factory=list)
    told: threading.Event = field(default_factory=threading.Event)


@contextmanager
def listening(*answers: int) -> Iterator[Listener]:
    """A USS on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            made.heard.append((self.path, json.loads(data)))
            made.told.set()
            at = min(len(made.heard), len(made.answers)) - 1
            self.send_response(made.answers[at])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Listener(f"http://127.0.0.1:{server.server_port}", answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def listen(dss: Drones, url: str, *, uss: str = "uss-1") -> str:
    """Subscribe to constraints where the zones of these tests lie; returns the id."""
    name = fresh()
    now = dss.installation.clock.now()
    area = drones.volume(drones.circle(34.25, 36.75, 40_000), minutes=None, heights=None)
    for key, when in (("time_start", now), ("time_end", now + 24 * HOUR)):
        area[key] = {"value": moment(Micros(when)), "format": "RFC3339"}
    body = drones.subscription(extents=area, uss_base_url=url)
    dss.told("PUT", f"{SUBSCRIPTIONS}/{name}", body, uss=uss)
    return name


def test_who_listens_is_told_of_a_zone_and_of_its_end(dss: Drones, clock: ScenarioClock) -> None:
    with listening(204) as uss:
        name = listen(dss, uss.url)
        adopt(dss, content("NF", applicability=(Period(window=window_of(5)),)))
        (one,) = settled(dss)
        sent = dss.interface.sender.run()
        clock.seek(Micros(START + 6 * HOUR))
        settled(dss)
        sent += dss.interface.sender.run()

    assert len(uss.heard) == 2
    (path, first), (_, last) = uss.heard
    assert path == "/uss/v1/constraints"
    read = ImplicitDict.parse(first, f3548.PutConstraintDetailsParameters)
    assert read.constraint_id == one.id
    assert read.constraint.reference.ovn == one.ovn
    assert first["subscriptions"] == [{"subscription_id": name, "notification_index": 1}]
    assert "constraint" not in last
    assert last["subscriptions"] == [{"subscription_id": name, "notification_index": 2}]


def test_while_it_is_served_the_clock_does_it_by_itself(dss: Drones) -> None:
    with listening(204) as uss:
        listen(dss, uss.url)
        dss.interface.start("https://truceline.example")
        adopt(dss, content("NF"))
        assert uss.told.wait(60)

    assert [one.zone for one in constraints(dss)] == ["NF"]


def test_a_uss_that_does_not_answer_is_told_later(dss: Drones, clock: ScenarioClock) -> None:
    with listening(503, 204) as uss:
        listen(dss, uss.url)
        adopt(dss, content("NF"))
        settled(dss)
        sender = dss.interface.sender
        sender.run()
        sender.run()
        assert len(uss.heard) == 1, "it is let be for a while"
        clock.seek(Micros(START + HOUR))
        sender.run()
        sender.run()

    assert len(uss.heard) == 2


def test_a_notice_outlives_a_restart(tmp_path: Path, clock: ScenarioClock) -> None:
    with listening(204) as uss:
        with drones.serving(tmp_path, clock=clock, dss_local=True) as dss:
            assembly: Assembly = dss.assembly
            listen(dss, uss.url)
            adopt(dss, content("NF"))
            settled(dss)
        with drones.reopened(tmp_path, assembly, clock=clock, dss_local=True) as again:
            again.interface.sender.run()

        assert len(uss.heard) == 1


def test_private_networks_are_not_called_unless_the_operator_says_so() -> None:
    caller = Caller(lambda _: "", local=False, timeout_s=1)

    for url in ("http://127.0.0.1:1", "https://127.0.0.1:1", "https://[::1]:1", "https://10.0.0.1"):
        with pytest.raises(Refused):
            caller.post(url, b"{}")

"""Shapes, edges, hours and hard places: each case of the semantics as a sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from tests.airspace.skies import NOON_US, box, flight, found, seconds

from truceline.airspace.chart import FlatVolume, WatchedZone, watched
from truceline.airspace.crossing import Cause
from truceline.airspace.engine import crossings_of
from truceline.airspace.fix import Fixes, joined
from truceline.airspace.live import LiveWatch
from truceline.airspace.rules import PLANAR, STANDARD
from truceline.geo.position import from_degrees
from truceline.geo.schedule import ClockTime, Daily, Day, Period, SunEvent, SunTime, windows
from truceline.geo.sun import sun_table
from truceline.geo.volume import Circle, Corridor, Edge, Polygon, Volume


def north_of_the_parallel(edge: Edge) -> WatchedZone:
    """149 km of border along 33.5 N: as a geodesic it bulges 287 m northwards."""
    ring = tuple(
        from_degrees(lat=lat, lon=lon)
        for lat, lon in ((33.5, 36.0), (33.5, 37.6), (34, 37.6), (34, 36))
    )
    return watched("north", [Volume(shape=Polygon(ring), edge=edge)])


def along(lat: float) -> Fixes:
    return flight([(t, 36.75 + t / 500, lat) for t in range(0, 30, 5)])


@pytest.mark.parametrize(
    ("edge", "entered"), [(Edge.GEODESIC, False), (Edge.LONLAT, True), (Edge.RHUMB, True)]
)
def test_a_flight_140_m_north_of_a_parallel_is_inside_or_not_as_the_edge_says(
    edge: Edge, entered: bool
):
    crossings = found(along(33.50126), north_of_the_parallel(edge), rules=STANDARD)
    assert any(one.max_depth_m > 100 for one in crossings) is entered


def test_a_circle_is_entered_at_its_radius():
    zone = watched("c", [Volume(shape=Circle(from_degrees(lat=33.5, lon=36.5), 10_000_000))])
    path = flight([(t, 36.3 + t / 1000, 33.5) for t in range(0, 400, 10)])
    (one,) = found(path, zone, rules=STANDARD)
    east_m = 111_320 * np.cos(np.radians(33.5)) * abs(one.entry.lon - 36.5)
    assert east_m == pytest.approx(10_000, rel=3e-3)
    assert one.max_depth_m == pytest.approx(10_000, abs=60)


def test_a_corridor_is_crossed_over_its_whole_width():
    line = tuple(from_degrees(lat=lat, lon=36.5) for lat in (33.0, 34.0))
    zone = watched("k", [Volume(shape=Corridor(line, 4_000_000))])
    path = flight([(t, 36.4 + t / 1000, 33.5) for t in range(0, 200, 10)])
    (one,) = found(path, zone, rules=STANDARD)
    width = (one.exit.lon - one.entry.lon) * 111_320 * np.cos(np.radians(33.5))
    assert width == pytest.approx(4_000, rel=2e-2)


def hours(period: Period, zone: WatchedZone) -> WatchedZone:
    """A zone that applies in these hours of the day of the flights."""
    place = from_degrees(lat=0.5, lon=1.5)
    day = datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 6, 2, tzinfo=UTC)
    found_at = windows(period, start=day[0], end=day[1], sun=sun_table(place))
    area = zone.volumes[0].area
    return WatchedZone(zone.zone_id, tuple(FlatVolume(area, window=one) for one in found_at))


def clock(hour: int, minute: int = 0) -> ClockTime:
    return ClockTime((hour * 60 + minute) * 60_000_000)


def test_a_weekly_schedule_opens_under_an_aircraft_on_its_day_only():
    """1 June 2024 is a Saturday."""
    path = flight([(t, 1.2 + t / 500, 0.5) for t in range(0, 100, 5)])
    zone = box(1, 0, 2, 1)
    for day, expected in ((Day.SAT, 1), (Day.SUN, 0)):
        period = Period(schedule=(Daily((day,), clock(12, 1), clock(13)),))
        crossings = found(path, hours(period, zone), rules=STANDARD)
        assert len(crossings) == expected
        assert all(one.cause_in is Cause.ACTIVATED_UNDER for one in crossings)
        assert all(seconds(one.entered_at) == 60 for one in crossings)


def test_a_zone_from_sunrise_to_sunset_is_open_at_noon_and_shut_at_night():
    period = Period(schedule=(Daily((Day.ANY,), SunTime(SunEvent.SR), SunTime(SunEvent.SS)),))
    zone = hours(period, box(1, 0, 2, 1))
    noon = flight([(t, 1.2 + t / 500, 0.5) for t in range(0, 60, 5)])
    night = flight([(t + 10 * 3600, 1.2 + t / 500, 0.5) for t in range(0, 60, 5)])
    assert found(noon, zone, rules=STANDARD)
    assert not found(night, zone, rules=STANDARD)


def pacific() -> WatchedZone:
    """A zone over the antimeridian, in two parts as RFC 7946 has it."""
    area = shapely.MultiPolygon([shapely.box(179, -1, 180, 1), shapely.box(-180, -1, -179, 1)])
    return WatchedZone("pacific", (FlatVolume(area),))


@pytest.mark.parametrize("step", [0.02, 0.05])
def test_a_flight_over_the_antimeridian_is_one_crossing_of_a_zone_in_two_parts(step: float):
    lon = np.arange(178.9, 181.1, step)
    path = flight([(k * step * 500, (x + 180) % 360 - 180, 0.5) for k, x in enumerate(lon)])
    (one,) = found(path, pacific(), rules=STANDARD)
    assert (one.entry.lon, one.exit.lon) == pytest.approx((179, -179), abs=1e-6)
    assert one.excursions == 0


def test_a_turn_over_the_antimeridian_stays_there():
    from dataclasses import replace

    path = flight([(0, 179.95, 0.4), (60, -179.99, 0.5), (120, 179.95, 0.6)], sigma_m=10)
    turning = replace(
        path,
        speed_kt=np.full(3, 300.0),
        track_deg=np.array([60.0, 0.0, 300.0]),
        climb_ft_min=np.zeros(3),
    )
    far = box(0, -1, 10, 1)
    assert not found(turning, far, rules=STANDARD)
    assert found(turning, pacific(), rules=STANDARD)


POISON = {
    "from the future": (7_200.0, 1.5, 0.5),
    "at 0/0": (30.0, 0.0, 0.0),
    "at the pole": (30.0, 1.5, 89.99),
    "beyond the earth": (30.0, 1.5, 91.0),
    "on the other side of the world": (30.0, -178.0, 0.5),
    "not a number": (30.0, float("nan"), 0.5),
}


@pytest.mark.parametrize("what", POISON)
def test_a_poisoned_fix_is_counted_and_changes_nothing(what: str):
    good = [(t, 1.4 + t / 1000, 0.5) for t in range(0, 100, 5)]
    clean = found(flight(good), box(1, 0, 2, 1), rules=STANDARD)
    watch = LiveWatch([box(1, 0, 2, 1)])
    bad = flight([POISON[what]])
    batch = joined([flight(good[:6]), bad, flight(good[7:])])
    events = [*watch.feed(batch, now_us=NOON_US + 100_000_000), *watch.finish()]
    (one,) = crossings_of(events)
    assert sum(watch.left_out.values()) == 1
    assert (one.entered_at, one.left_at, one.verdict) == (
        clean[0].entered_at,
        clean[0].left_at,
        clean[0].verdict,
    )


def test_a_fix_of_1970_and_duplicates_and_late_ones_are_counted_by_reason():
    good = flight([(t, 1.4 + t / 1000, 0.5) for t in range(0, 50, 5)])
    watch = LiveWatch([box(1, 0, 2, 1)])
    watch.feed(good)
    watch.feed(good.take(slice(3, 5)))
    old = flight([(0, 1.5, 0.5)])
    old.seen_at[:] = 0
    watch.feed(old)
    watch.feed(good.take(slice(9, 10)))
    assert watch.left_out == {"out_of_order": 2, "time_before_1990": 1, "duplicate": 1}


def test_the_planar_mode_tells_raw_events_along_an_edge():
    """In and out five times: five stays in planar mode, one crossing with hysteresis."""
    path = flight([(t, 1.4 + t / 1000, 1.0 + 3e-5 * (-1) ** t) for t in range(10)], sigma_m=30)
    zone = box(1, 0, 2, 1)
    assert len(found(path, zone, rules=PLANAR)) == 5
    assert len(found(path, zone, rules=STANDARD)) == 1

"""From sightings to a warning, in the words of the people who look up."""

from __future__ import annotations

import math
import random
import sys
from dataclasses import replace

import numpy as np
import pytest

from truceline.airspace.sightings.sighting import (
    METRES_OF,
    SOUND_M_S,
    Band,
    Craft,
    Means,
    Sighting,
    placed,
)
from truceline.airspace.sightings.tracks import AHEAD_US, MOST_OF_ONE, WINDOW_US, SightingTracks
from truceline.airspace.sightings.warning import Place, SightingWarnings, WarningRules, middle_of
from truceline.errors import Malformed
from truceline.geo.plane import Plane
from truceline.geo.position import Position, from_degrees

NOON = 1_500_000_000_000_000
SECOND = 1_000_000
MIDDLE = from_degrees(lat=35.0, lon=37.0)
PLANE = Plane(MIDDLE)
SPEED = 220.0


def spot(east_km: float, north_km: float) -> Position:
    return PLANE.position(east_km * 1000, north_km * 1000)


def sighting(
    name: str,
    *,
    at: tuple[float, float],
    aircraft: tuple[float, float],
    after_s: float,
    heading: float | None = 90.0,
    delay_s: float = 40.0,
    means: Means = Means.SEEN,
    craft: Craft = Craft.JET,
    observer: str = "",
) -> Sighting:
    """Someone at `at` (km east, north) tells of an aircraft that is at `aircraft`."""
    east, north = aircraft[0] - at[0], aircraft[1] - at[1]
    far = math.hypot(east, north) * 1000
    band = next(one for one, (_, most) in METRES_OF.items() if far < most)
    seen = NOON + round(after_s * SECOND)
    return Sighting(
        name,
        observer or f"at {at}",
        spot(*at),
        100.0,
        math.degrees(math.atan2(east, north)) % 360,
        15.0,
        band,
        heading,
        15.0,
        craft,
        1,
        means,
        seen,
        seen + round(delay_s * SECOND),
    )


def flying_east(since_s: float = 0.0, until_s: float = 300.0, north: float = 0.0) -> list[Sighting]:
    """Sightings of one jet along a row of observers, one a minute."""
    return [
        sighting(
            f"east-{after:.0f}",
            at=(SPEED * after / 1000 + 1, north + (4 if nth % 2 else -4)),
            aircraft=(SPEED * after / 1000, north),
            after_s=after,
        )
        for nth, after in enumerate(np.arange(since_s, until_s, 60.0))
    ]


def warnings_of(places: dict[str, tuple[float, float]]) -> SightingWarnings:
    return SightingWarnings([Place(name, spot(*at)) for name, at in places.items()], PLANE)


def play(machine: SightingWarnings, reports: list[Sighting], until_s: float) -> list[object]:
    """Hand the reports over as they come, every 15 s; return what began and ended."""
    changes, waiting = [], sorted(reports, key=lambda one: one.received_at)
    for after in np.arange(0.0, until_s + 1, 15.0):
        now = NOON + round(after * SECOND)
        come = [one for one in waiting if one.received_at <= now]
        waiting = [one for one in waiting if one.received_at > now]
        changes += machine.take(come, now)
    return changes


def test_two_observers_bearings_cross_where_the_aircraft_is():
    tracks = SightingTracks(PLANE)
    aircraft = (0.0, 0.0)
    tracks.take(
        [
            sighting("a", at=(-9, 0), aircraft=aircraft, after_s=0, heading=None),
            sighting("b", at=(0, -9), aircraft=aircraft, after_s=1, heading=None),
        ]
    )
    ((trail, motion, _),) = tracks.standing(NOON + SECOND)
    one = placed(sighting("a", at=(-9, 0), aircraft=aircraft, after_s=0), PLANE)
    alone = math.sqrt(np.trace(one.covariance))
    together = math.sqrt(motion.covariance[0, 0] + motion.covariance[2, 2])
    assert trail.confirmed
    assert math.hypot(*motion.place) < 1_500
    assert together < 0.75 * alone


def test_what_is_only_heard_was_there_earlier_and_is_less_sure():
    seen = sighting("s", at=(0, 0), aircraft=(10, 0), after_s=60)
    heard = sighting("h", at=(0, 0), aircraft=(10, 0), after_s=60, means=Means.HEARD)
    a, b = placed(seen, PLANE), placed(heard, PLANE)
    near, far = METRES_OF[Band.FAR]
    assert a.at - b.at == pytest.approx((near + far) / 2 / SOUND_M_S * SECOND, abs=1)
    assert np.linalg.det(b.covariance) > 1.3 * np.linalg.det(a.covariance)


def test_what_is_only_heard_makes_a_track_and_a_warning_too():
    heard = [
        sighting(
            f"h{n}", at=(13.2 * n + 1, -4), aircraft=(13.2 * n, 0), after_s=60 * n + 12,
            heading=None, means=Means.HEARD,
        )
        for n in range(5)
    ]  # fmt: skip
    machine = warnings_of({"ahead": (110.0, 0.0)})
    play(machine, heard, 360)
    (trail, motion, _), *_ = machine.tracks.standing(NOON + 360 * SECOND)
    assert len(trail.names) == 5
    assert abs((motion.heading_deg - 90 + 180) % 360 - 180) < 25
    assert [one.place for one in machine.standing] == ["ahead"]


def test_the_place_ahead_is_warned_minutes_before_and_the_place_aside_is_not():
    machine = warnings_of({"ahead": (130.0, 0.0), "aside": (60.0, 80.0)})
    changes = play(machine, flying_east(), 300)
    assert {one.place for one in changes} == {"ahead"}
    given = changes[0]
    arrives = NOON + round(125_000 / SPEED * SECOND)
    assert arrives - given.issued_at > 300 * SECOND
    assert given.earliest_at <= given.median_at <= given.latest_at
    (stands,) = machine.standing
    assert abs(stands.median_at - arrives) < 120 * SECOND


def test_a_sighting_that_contradicts_takes_the_warning_back():
    machine = warnings_of({"ahead": (130.0, 0.0)})
    play(machine, flying_east(until_s=200), 270)
    assert machine.standing
    turned = [
        sighting(
            f"turned-{n}",
            at=(45.0, 12.0 * n + 12),
            aircraft=(46.0, 12.0 * n + 8),
            after_s=240 + 55 * n,
            heading=0.0,
            delay_s=25,
        )
        for n in range(3)
    ]
    changes = []
    for after in range(280, 460, 15):
        now = NOON + after * SECOND
        changes += machine.take([one for one in turned if one.received_at <= now], now)
    assert [(one.place, one.ended_at is not None) for one in changes] == [("ahead", True)]
    assert not machine.standing
    assert changes[0].probability < 0.08


def test_a_false_sighting_alone_warns_nobody_widely():
    places = {
        f"{x},{y}": (float(x), float(y)) for x in range(-80, 81, 10) for y in range(-80, 81, 10)
    }
    machine = warnings_of(places)
    changes = play(machine, [sighting("f", at=(0, -4), aircraft=(0, 0), after_s=0)], 420)
    warned = {one.place for one in changes}
    assert len(warned) <= 0.08 * len(places), "a narrow cone ahead of it"
    assert not machine.standing, "and nothing of it stands seven minutes later"


def test_a_warning_ends_when_nobody_sees_the_aircraft_any_more():
    machine = warnings_of({"ahead": (130.0, 0.0)})
    changes = play(machine, flying_east(until_s=200), 1_500)
    assert [one.ended_at is None for one in changes] == [True, False]


def test_a_delayed_report_counts_for_when_it_was_seen():
    reports = flying_east()
    on_time, late = SightingTracks(PLANE), SightingTracks(PLANE)
    on_time.take(reports)
    late.take([one for one in reports if one.name != "east-60"])
    assert not np.allclose(
        late.standing(NOON)[0][1].mean, on_time.standing(NOON)[0][1].mean, atol=1e-6
    )
    late.take([one for one in reports if one.name == "east-60"])
    ((_, a, _),), ((_, b, _),) = on_time.standing(NOON), late.standing(NOON)
    assert np.allclose(a.mean, b.mean)
    assert np.allclose(a.covariance, b.covariance)


@pytest.mark.parametrize("seed", range(5))
def test_the_picture_does_not_depend_on_the_order_of_the_reports(seed: int):
    reports = flying_east() + [
        sighting(f"other-{n}", at=(60, 30 + 9 * n), aircraft=(57, 30 + 9 * n), after_s=45 * n, heading=0)
        for n in range(5)
    ]  # fmt: skip
    straight, mixed = SightingTracks(PLANE), SightingTracks(PLANE)
    straight.take(reports)
    random.Random(seed).shuffle(reports)
    for one in reports:
        mixed.take([one])
    assert {one.names for one in straight.trails} == {one.names for one in mixed.trails}


def test_repeated_late_future_and_far_reports_are_counted_and_change_nothing():
    tracks = SightingTracks(PLANE)
    now = sighting("now", at=(0, 0), aircraft=(5, 0), after_s=0)
    tracks.take([now])
    before = tracks.trails
    late = sighting("late", at=(0, 0), aircraft=(5, 0), after_s=-WINDOW_US / SECOND - 60)
    early = sighting(
        "future", at=(0, 0), aircraft=(5, 0), after_s=0, delay_s=-2 * AHEAD_US / SECOND
    )
    far = Sighting(
        "far", "o", Position(0, 0), 1.0, 0.0, 5.0, Band.NEAR, None, 5.0,
        Craft.JET, 1, Means.SEEN, NOON, NOON,
    )  # fmt: skip
    assert not tracks.take([now, late, early, far])
    assert tracks.trails == before
    assert tracks.left_out == {
        "repeated": 1,
        "too_late": 1,
        "from_the_future": 1,
        "too_far_away": 1,
    }


@pytest.mark.parametrize(
    "change",
    [{"bearing_deg": float("nan")}, {"bearing_deg": 400.0}, {"count": 0}, {"seen_at": -1}],
)
def test_a_sighting_that_cannot_be_is_refused(change: dict[str, float]):
    good = sighting("x", at=(0, 0), aircraft=(5, 0), after_s=0)
    values = {name: getattr(good, name) for name in Sighting.__dataclass_fields__}
    with pytest.raises(Malformed):
        Sighting(**{**values, **change})


def test_a_thousand_sightings_an_hour_run_in_bounded_memory():
    # 24 minutes of them: more than twice the window
    chance = random.Random(3)
    reports = []
    for nth in range(400):
        place = (chance.uniform(-100, 100), chance.uniform(-100, 100))
        aircraft = (place[0] + chance.uniform(-6, 6), place[1] + chance.uniform(-6, 6))
        reports.append(
            sighting(
                f"n{nth}", at=place, aircraft=aircraft, after_s=nth * 3.6,
                heading=chance.uniform(0, 360), delay_s=chance.uniform(20, 90),
            )
        )  # fmt: skip
    tracks = SightingTracks(PLANE)
    reports.sort(key=lambda one: one.received_at)
    most = 0
    for start in range(0, len(reports), 25):
        tracks.take(reports[start : start + 25])
        most = max(most, len(tracks._moments))
    assert most <= 1_000 * WINDOW_US / SECOND / 3_600 + 50, "what is held is the window's"
    assert len(tracks._names) <= most + 25
    assert len(tracks.trails) < 150, "all of them false, and most forgotten"


def invented(many: int, *, after_s: float, by: int = 1) -> list[Sighting]:
    """What liars report: aircraft all over the map, far from each other."""
    return [
        sighting(
            f"lie-{n}", at=(-300 + 25 * (n % 25), 60 + 10 * (n // 25)),
            aircraft=(-298 + 25 * (n % 25), 60 + 10 * (n // 25)),
            after_s=after_s, heading=None, observer=f"liar {n % by}",
        )
        for n in range(many)
    ]  # fmt: skip


@pytest.mark.parametrize("by", [1, 9])
def test_observers_who_fill_the_table_push_out_their_own_inventions_alone(by: int, monkeypatch):
    monkeypatch.setattr("truceline.airspace.sightings.tracks.MOST_TRAILS", 60)
    monkeypatch.setattr("truceline.airspace.sightings.tracks.MOST_OF_ONE", 50)
    tracks = SightingTracks(PLANE)
    alone = sighting("alone", at=(0, -60), aircraft=(2, -60), after_s=0, observer="honest")
    tracks.take([*flying_east(until_s=100), alone])
    tracks.take(invented(150, after_s=200, by=by))
    assert len(tracks.trails) <= 60
    assert tracks.left_out["too_many_trails"] > 50
    assert any("east-0" in one.names and one.confirmed for one in tracks.trails)
    assert any("alone" in one.names for one in tracks.trails)


def test_two_who_bear_out_each_others_inventions_push_out_nothing_else(monkeypatch):
    monkeypatch.setattr("truceline.airspace.sightings.tracks.MOST_TRAILS", 60)
    tracks = SightingTracks(PLANE)
    alone = sighting("alone", at=(0, -60), aircraft=(2, -60), after_s=0, observer="honest")
    tracks.take([*flying_east(until_s=100), alone])
    lies = invented(100, after_s=200)
    seconds = [replace(one, name=f"{one.name}-too", observer="second") for one in lies]
    tracks.take([each for pair in zip(lies, seconds, strict=True) for each in pair])
    assert len(tracks.trails) <= 60
    assert sum(one.confirmed for one in tracks.trails) > 40, "most of them lies, borne out"
    assert any("east-0" in one.names for one in tracks.trails)
    assert any("alone" in one.names for one in tracks.trails)


def test_one_observer_stands_for_so_many_trails_and_no_more():
    tracks = SightingTracks(PLANE)
    tracks.take(invented(MOST_OF_ONE + 20, after_s=0))
    assert len(tracks.trails) == MOST_OF_ONE
    assert tracks.left_out["too_many_trails"] == 20


def test_a_warning_says_how_many_people_stand_behind_it():
    told_by_one = [replace(one, observer="the same") for one in flying_east()]
    for reports, behind in ((told_by_one, 1), (flying_east(), 5)):
        machine = warnings_of({"ahead": (130.0, 0.0)})
        play(machine, reports, 300)
        (stands,) = machine.standing
        assert stands.observers == behind


def test_the_same_sightings_and_seed_give_the_same_warnings():
    first, second = (warnings_of({"ahead": (130.0, 0.0)}) for _ in range(2))
    assert play(first, flying_east(), 300) == play(second, flying_east(), 300)
    assert first.standing == second.standing


def test_without_the_tracking_library_the_failure_says_what_to_install(monkeypatch):
    from truceline.errors import Unavailable

    monkeypatch.setitem(sys.modules, "truceline.airspace.sightings.filter", None)
    monkeypatch.delitem(sys.modules, "truceline.airspace.sightings.filter")
    monkeypatch.setitem(sys.modules, "stonesoup.base", None)
    with pytest.raises(Unavailable, match=r"truceline\[tracking\]"):
        SightingTracks(PLANE)


def test_the_middle_of_places_holds_across_the_antimeridian():
    middle = middle_of([from_degrees(lat=10, lon=179), from_degrees(lat=10, lon=-179)])
    assert abs(abs(middle.lon) - 180) < 0.01
    assert WarningRules().kept_at < WarningRules().given_at

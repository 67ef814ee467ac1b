"""Predicted entries: early when it is clear, silent when it is not, settled by what happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.airspace.chart import Chart, chart, watched
from truceline.airspace.fix import Fixes, Names, fixes
from truceline.airspace.kernel import AHEAD
from truceline.airspace.predictions.chance import TERMS, chance
from truceline.airspace.predictions.motion import Memory
from truceline.airspace.predictions.outlook import Outlook
from truceline.airspace.predictions.paths import (
    HORIZON_S,
    STEP_S,
    WARM_STATES,
    Lookout,
    entries_ahead,
    first_entry,
)
from truceline.airspace.predictions.prediction import (
    Alerted,
    Entry,
    Heightened,
    Level,
    Outcome,
    Prediction,
    Settled,
)
from truceline.airspace.predictions.weights import WEIGHTS
from truceline.airspace.rules import STANDARD
from truceline.geo.altitude import Datum, Unit, altitude
from truceline.geo.position import from_degrees
from truceline.geo.volume import Circle, Volume

SECOND = 1_000_000
START = 1_600_000_000 * SECOND
RADIUS_M = 10_000
NORTH_M = 111_132.0


def zone(lower: float | None = None, upper: float | None = None) -> Chart:
    """A circle of ten kilometres about 34 N 36 E."""
    low, high = (
        None if feet is None else altitude(feet, Unit.FT, Datum.STD) for feet in (lower, upper)
    )
    circle = Circle(from_degrees(lat=34.0, lon=36.0), RADIUS_M * 1000)
    return chart([watched("zone-a", [Volume(circle, lower=low, upper=high)])])


def flight(
    seconds: int = 300,
    *,
    every: float = 1.0,
    south_m: float = 45_000.0,
    east_m: float = 0.0,
    speed: float = 150.0,
    climb_ft_min: float = 0.0,
    feet: float = 10_000.0,
    reports: bool = True,
    turn_at: float | None = None,
) -> Fixes:
    """A flight due north towards the zone; at `turn_at` it turns about at three degrees a second."""
    t = np.arange(0.0, seconds, every)
    turned = np.zeros(len(t)) if turn_at is None else np.clip((t - turn_at) * 3, 0, 180)
    heading = np.radians(turned)
    north = np.cumsum(np.cos(heading)) * speed * every - south_m
    east = np.cumsum(np.sin(heading)) * speed * every + east_m
    count = len(t)
    silent = np.full(count, np.nan)
    return fixes(
        seen_at=START + np.rint(t * SECOND).astype(np.int64),
        aircraft=np.zeros(count, dtype=np.int32),
        lat=34.0 + north / NORTH_M,
        lon=36.0 + east / (NORTH_M * np.cos(np.radians(34.0))),
        baro_ft=feet + climb_ft_min / 60 * t,
        speed_kt=np.full(count, speed * 3600 / 1852) if reports else silent,
        track_deg=turned if reports else silent,
        climb_ft_min=np.full(count, climb_ft_min) if reports else silent,
        names=Names(["f0a001"]).texts,
        source="TEST",
    )


def run(given: Fixes, chart: Chart, entries: list[Entry] | None = None) -> list[object]:
    """Feed everything at once."""
    outlook = Outlook()
    told = outlook.take(given, chart, entries or [])
    return [*told, *outlook.finish()]


def entered(given: Fixes) -> Entry:
    """When the plain path reaches the circle."""
    from_centre = np.hypot((given.lat - 34) * NORTH_M, (given.lon - 36) * NORTH_M * 0.829)
    return Entry("zone-a", "f0a001", int(given.seen_at[np.argmax(from_centre <= RADIUS_M)]))


def alerts(told: list[object]) -> list[Prediction]:
    """The alerts that began."""
    return [one.prediction for one in told if isinstance(one, Alerted)]


def test_a_flight_straight_at_the_zone_is_told_a_minute_before_and_its_outcome_after():
    flown = flight()
    entry = entered(flown)

    told = run(flown, zone(), [entry])

    assert [type(one) for one in told] == [Alerted, Heightened, Settled]
    settled = told[2]
    assert isinstance(settled, Settled)
    assert settled.outcome is Outcome.ENTERED
    assert settled.level is Level.IMMINENT
    assert settled.warning_s is not None
    assert 60 <= settled.warning_s <= 120


def test_the_time_predicted_is_that_of_the_entry_to_a_few_seconds():
    flown = flight()

    (made,) = alerts(run(flown, zone()))

    assert abs(made.entry_at - entered(flown).at) <= 5 * SECOND
    assert made.way == "straight on"
    assert made.entry_lat == pytest.approx(34.0 - RADIUS_M / NORTH_M, abs=0.01)


@pytest.mark.parametrize("east_m", [14_000.0, -25_000.0])
def test_a_flight_that_passes_beside_the_zone_is_not_told(east_m):
    assert alerts(run(flight(east_m=east_m), zone())) == []


def test_a_flight_above_the_zone_is_not_told_and_one_that_descends_into_it_is():
    above = zone(upper=8_000)

    assert alerts(run(flight(feet=12_000), above)) == []
    assert len(alerts(run(flight(feet=12_000, climb_ft_min=-1_500, south_m=40_000), above))) == 1


def test_a_climb_is_not_carried_on_beyond_two_minutes():
    """At 500 ft a minute 1,200 ft are not reached in two minutes, and so not in this horizon."""
    far_above = zone(lower=11_200)

    (told, *_) = (alerts(run(flight(60, climb_ft_min=500, feet=10_000), far_above)), None)

    assert told == []


def test_an_aircraft_that_turns_about_is_settled_as_a_nuisance():
    told = run(flight(420, turn_at=165.0), zone())

    assert len(alerts(told)) == 1
    assert isinstance(told[-1], Settled)
    assert told[-1].outcome is Outcome.NUISANCE
    assert told[-1].entered_at is None


def test_a_track_that_ends_before_the_time_predicted_is_not_judged():
    told = run(flight(170), zone())

    assert isinstance(told[-1], Settled)
    assert told[-1].outcome is Outcome.NOT_JUDGED


def test_an_aircraft_inside_is_no_prediction():
    assert alerts(run(flight(60, south_m=5_000.0), zone())) == []


def test_without_reported_speed_and_track_they_follow_from_the_path():
    (made,) = alerts(run(flight(reports=False), zone()))

    assert made.seen.speed_kt == pytest.approx(150 * 3600 / 1852, rel=0.02)


def test_a_jump_says_nothing_until_the_aircraft_has_been_followed_again():
    flown = flight()
    leap = flown.seen_at >= START + 100 * SECOND
    flown.lon[leap] += 1.5

    told = run(flown.take(flown.seen_at < START + 109 * SECOND), zone())

    assert alerts(told) == []


def test_an_exempt_flight_inside_its_own_volume_is_expected_and_not_told():
    outlook = Outlook(expected=lambda made: made.icao24 == "f0a001")

    assert outlook.take(flight(), zone()) == []
    assert outlook.inhibited > 0


def test_an_advisory_is_shown_and_never_told():
    outlook = Outlook()

    told = outlook.take(flight(40), zone())

    assert told == []
    (shown,) = outlook.current()
    assert shown.level is Level.ADVISORY
    assert not shown.level.is_told


def test_what_is_left_alone_for_a_minute_after_a_crossing_is_not_told_again():
    flown = flight(420)
    entry = entered(flown)

    told = run(flown, zone(), [entry])

    assert len(alerts(told)) == 1


def test_every_term_has_a_weight():
    assert len(TERMS) == len(WEIGHTS)


@given(st.lists(st.integers(1, 299), max_size=6))
@settings(deadline=None, max_examples=15)
def test_a_feed_in_any_pieces_gives_the_same_alerts(cuts):
    flown = flight(turn_at=170.0)
    whole = Outlook().take(flown, zone())
    outlook, told = Outlook(), []
    for piece in np.split(np.arange(len(flown)), sorted(cuts)):
        told += outlook.take(flown.take(piece), zone())

    assert [type(one) for one in told] == [type(one) for one in whole]
    assert alerts(told) == alerts(whole)


@given(st.floats(-1e3, 1e3))
def test_a_chance_is_between_none_and_certain(value):
    found = chance(np.full((1, len(TERMS)), value / 100))

    assert 0 <= float(found[0]) <= 1


@pytest.mark.skipif(not AHEAD.wait(), reason=f"no compiled look-ahead here: {AHEAD.notice}")
def test_the_compiled_look_ahead_finds_what_the_plain_one_finds():
    rng = np.random.default_rng(5)
    many = [
        flight(30, south_m=float(rng.uniform(10e3, 45e3)), east_m=float(rng.uniform(-2e4, 2e4)),
               climb_ft_min=float(rng.uniform(-2e3, 2e3)))
        for _ in range(60)
    ]  # fmt: skip
    look = Lookout(zone(lower=8_000, upper=12_000))
    for one in many:
        states = Memory(STANDARD).take(one)
        states = states.take(states.known_s >= 10)
        heights = states.heights(STANDARD)
        rows, zones = look.near(states, HORIZON_S)
        plain, inside = first_entry(look, states, heights, (rows, zones))
        met = plain.min(axis=1) <= HORIZON_S
        look.asked = WARM_STATES
        (fast_rows, _), fast, fast_inside = entries_ahead(look, states, heights)
        assert set(rows[met].tolist()) <= set(fast_rows.tolist())
        for row, when in zip(rows[met].tolist(), plain[met], strict=True):
            found = fast[fast_rows.tolist().index(row)]
            both = (found <= HORIZON_S) & (when <= HORIZON_S)
            assert np.abs(found - when)[both].max() <= STEP_S
        assert inside[met].sum() == fast_inside.sum()

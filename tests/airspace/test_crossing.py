"""Every way in and out of a zone, one sentence each."""

from __future__ import annotations

import math

import pytest
from tests.airspace.skies import at, box, feet, flight, found, seconds, several, straight

from truceline.airspace.crossing import Cause
from truceline.airspace.rules import PLANAR, STANDARD, Rules
from truceline.airspace.verdict import Verdict
from truceline.geo.altitude import Datum
from truceline.geo.volume import Operation, Window

BOX = box(1, 0, 2, 1)


def test_entry_and_exit_are_interpolated_in_time_place_and_height():
    path = flight([(0, 0.5, 0.5), (10, 1.5, 0.5), (20, 2.5, 0.5)], feet=[1000, 2000, 3000])
    (one,) = found(path, BOX)
    assert (seconds(one.entered_at), seconds(one.left_at)) == (5, 15)
    assert (one.entry.lon, one.entry.lat, one.entry.alt_ft) == pytest.approx((1, 0.5, 1500))
    assert (one.exit.lon, one.exit.alt_ft) == pytest.approx((2, 2500))
    assert (one.cause_in, one.cause_out) == (Cause.ENTERED, Cause.LEFT)


def test_the_fixes_on_either_side_of_an_entry_are_kept_as_evidence():
    path = flight([(0, 0.5, 0.5), (10, 1.5, 0.5), (20, 2.5, 0.5)])
    (one,) = found(path, BOX)
    assert (one.entry.before.sequence, one.entry.after.sequence) == (0, 1)
    assert (one.exit.before.sequence, one.exit.after.sequence) == (1, 2)
    assert one.entry.before.source == "test"


def test_a_zone_between_two_fixes_is_crossed():
    tiny = box(1.0, 0.4, 1.001, 0.6)
    (one,) = found(flight([(0, 0.9, 0.5), (30, 1.1, 0.5)]), tiny)
    assert one.cause_in == one.cause_out == Cause.CROSSED_BETWEEN_FIXES
    assert seconds(one.entered_at) == pytest.approx(15.0, abs=1e-6)


def test_left_and_returned_between_two_fixes_inside_is_two_stays():
    c_shaped = box(1, 0, 2, 1, holes=[(1.4, 0.4, 2.0, 0.6)])
    path = flight([(0, 1.5, 0.3), (10, 1.5, 0.7)])
    first, second = found(path, c_shaped)
    assert seconds(first.left_at) == pytest.approx(2.5)
    assert seconds(second.entered_at) == pytest.approx(7.5)
    assert (first.cause_in, first.cause_out) == (Cause.STARTED_INSIDE, Cause.LEFT)
    assert (second.cause_in, second.cause_out) == (Cause.ENTERED, Cause.LOST_INSIDE)


def test_a_flight_that_stays_in_a_hole_does_not_cross():
    ring = box(1, 0, 2, 1, holes=[(1.2, 0.2, 1.8, 0.8)])
    assert not found(flight([(0, 1.3, 0.5), (10, 1.7, 0.5)]), ring)


def test_one_fix_alone_inside_started_and_was_lost_there():
    (one,) = found(flight([(0, 1.5, 0.5)]), BOX)
    assert (one.cause_in, one.cause_out) == (Cause.STARTED_INSIDE, Cause.LOST_INSIDE)
    assert one.entered_at == one.left_at
    assert one.verdict is Verdict.PROBABLE  # one fix and no time: never confirmed


def test_a_climb_through_the_ceiling_is_an_exit():
    low = box(0, 0, 3, 1, upper=feet(1500))
    (one,) = found(flight([(0, 1, 0.5), (10, 1.1, 0.5)], feet=[1000, 2000]), low)
    assert seconds(one.left_at) == pytest.approx(5)
    assert one.exit.alt_ft == pytest.approx(1500)


def test_a_descent_through_a_layer_between_two_fixes_is_seen():
    layer = box(0, 0, 3, 1, lower=feet(4000), upper=feet(5000))
    (one,) = found(flight([(0, 1, 0.5), (10, 1.1, 0.5)], feet=[9000, 1000]), layer)
    assert one.cause_in == Cause.CROSSED_BETWEEN_FIXES
    assert (seconds(one.entered_at), seconds(one.left_at)) == pytest.approx((5, 6.25))


def test_a_zone_that_opens_under_an_aircraft_is_entered_at_that_instant():
    opening = box(0, 0, 3, 1, window=Window(at(15), at(25)))
    (one,) = found(flight([(0, 1, 0.5), (10, 1.1, 0.5), (20, 1.2, 0.5), (30, 1.3, 0.5)]), opening)
    assert (one.cause_in, one.cause_out) == (Cause.ACTIVATED_UNDER, Cause.DEACTIVATED_OVER)
    assert (seconds(one.entered_at), seconds(one.left_at)) == (15, 25)


@pytest.mark.parametrize("rules", [PLANAR, STANDARD])
def test_a_zone_that_opens_exactly_at_a_fix_is_activated_under(rules: Rules):
    opening = box(0, 0, 3, 1, window=Window(at(10), at(20)))
    path = flight([(s, 1 + s / 1000, 0.5) for s in (0, 10, 20, 30)])
    (one,) = found(path, opening, rules=rules)
    assert (one.cause_in, one.cause_out) == (Cause.ACTIVATED_UNDER, Cause.DEACTIVATED_OVER)
    assert (seconds(one.entered_at), seconds(one.left_at)) == (10, 20)


def test_the_end_of_a_window_is_not_in_it():
    closed = box(0, 0, 3, 1, window=Window(at(-60), at(0)))
    assert not found(flight([(0, 1, 0.5), (10, 1.1, 0.5)]), closed)


def test_a_segment_through_a_corner_only_touches_and_does_not_cross():
    assert not found(flight([(0, 0.5, 0.5), (10, 1.5, -0.5)]), BOX)


def test_a_flight_along_the_edge_is_inside_because_the_border_is():
    (one,) = found(flight([(0, 0.5, 1.0), (10, 2.5, 1.0)]), BOX)
    assert (seconds(one.entered_at), seconds(one.left_at)) == (2.5, 7.5)
    assert one.max_depth_m == pytest.approx(0, abs=1e-6)


def test_a_flight_along_a_meridian_that_is_a_border_of_two_zones_is_in_both():
    left, right = box(0, 0, 1, 1, zone_id="left"), box(1, 0, 2, 1, zone_id="right")
    crossings = found(flight([(0, 1.0, 0.2), (10, 1.0, 0.8)]), left, right)
    assert [one.zone_id for one in crossings] == ["left", "right"]


def test_depth_is_the_greatest_distance_from_the_border():
    path = flight([(0, 0.5, 0.5), (30, 2.5, 0.5)])
    (one,) = found(path, BOX)
    assert one.max_depth_m == pytest.approx(0.5 * 110_574, rel=2e-3)


def test_the_volumes_of_a_zone_are_joined_in_their_order():
    ring = several(
        "ring", (Operation.UNION, box(0, 0, 4, 1)), (Operation.SUBTRACT, box(1, 0, 3, 1))
    )
    first, second = found(flight([(0, -1, 0.5), (60, 5, 0.5)]), ring)
    assert seconds(first.left_at) == pytest.approx(20)
    assert seconds(second.entered_at) == pytest.approx(40)


def test_a_volume_taken_away_counts_only_at_its_own_height():
    ring = several(
        "ring",
        (Operation.UNION, box(0, 0, 4, 1)),
        (Operation.SUBTRACT, box(1, 0, 3, 1, upper=feet(5000))),
    )
    assert len(found(flight([(0, -1, 0.5), (60, 5, 0.5)], feet=4000), ring)) == 2
    assert len(found(flight([(0, -1, 0.5), (60, 5, 0.5)], feet=6000), ring)) == 1


def test_stacked_volumes_are_one_stay_for_a_climb_through_them():
    stack = several(
        "stack",
        (Operation.UNION, box(0, 0, 4, 1, upper=feet(5000))),
        (Operation.UNION, box(0, 0, 4, 1, lower=feet(5000), upper=feet(9000))),
    )
    (one,) = found(flight([(0, 1, 0.5), (60, 2, 0.5)], feet=[1000, 8000]), stack)
    assert (seconds(one.entered_at), seconds(one.left_at)) == (0, 60)


def test_what_is_common_to_two_volumes_is_the_zone():
    both = several(
        "both", (Operation.UNION, box(0, 0, 2, 1)), (Operation.INTERSECT, box(1, 0, 3, 1))
    )
    (one,) = found(flight([(0, 0.0, 0.5), (30, 3.0, 0.5)]), both)
    assert (seconds(one.entered_at), seconds(one.left_at)) == pytest.approx((10, 20))


def test_no_path_is_drawn_over_a_gap_longer_than_allowed():
    assert not found(flight([(0, 0.5, 0.5), (301, 2.5, 0.5)]), BOX)
    assert found(flight([(0, 0.5, 0.5), (299, 2.5, 0.5)]), BOX)


def test_a_crossing_drawn_over_a_long_gap_is_only_possible():
    small = box(1, 0, 1.2, 1)
    crossings = found(flight([(0, 0.9, 0.5), (200, 1.3, 0.5)]), small, rules=STANDARD)
    assert [one.verdict for one in crossings] == [Verdict.POSSIBLE]


def test_a_gap_inside_loses_the_aircraft_and_the_next_leg_starts_inside():
    path = flight([(0, 1.2, 0.5), (10, 1.21, 0.5), (500, 1.3, 0.5), (510, 1.31, 0.5)])
    first, second = found(path, BOX, rules=STANDARD)
    assert (first.cause_out, seconds(first.left_at)) == (Cause.LOST_INSIDE, 10)
    assert (second.cause_in, seconds(second.entered_at)) == (Cause.STARTED_INSIDE, 500)


def test_an_altitude_that_is_not_reported_counts_as_inside_and_caps_the_verdict():
    low = box(1, 0, 2, 1, upper=feet(1500))
    (one,) = found(flight(straight(0.9, 2.1), feet=math.nan), low, rules=STANDARD)
    assert one.verdict is Verdict.SUSPECTED
    assert not one.altitude_known


def test_one_missing_altitude_in_a_high_flight_is_no_crossing():
    points = straight(0.9, 2.1)
    heights = [30_000.0] * len(points)
    heights[20] = math.nan
    low = box(1, 0, 2, 1, upper=feet(1500))
    assert not found(flight(points, feet=heights), low, rules=STANDARD)


def test_above_ground_is_not_tested_without_terrain_and_says_so():
    agl = box(1, 0, 2, 1, upper=feet(400, Datum.AGL))
    (one,) = found(flight(straight(0.9, 2.1)), agl, rules=STANDARD)
    assert one.verdict is Verdict.SUSPECTED
    assert not one.altitude_known


def test_the_surface_as_floor_is_no_doubt():
    from_ground = box(1, 0, 2, 1, lower=feet(0, Datum.AGL), upper=feet(20_000))
    (one,) = found(flight(straight(0.9, 2.1)), from_ground, rules=STANDARD)
    assert one.verdict is Verdict.CONFIRMED


def test_a_limit_above_sea_level_is_moved_by_the_qnh():
    low = box(1, 0, 2, 1, upper=feet(5000, Datum.AMSL))
    path = flight(straight(0.9, 2.1), feet=5100)
    assert not found(path, low)
    assert found(path, low, rules=Rules(planar=True, qnh_hpa=1003.25))


def test_without_a_qnh_a_flight_near_the_limit_is_not_confirmed():
    low = box(1, 0, 2, 1, upper=feet(5000, Datum.AMSL))
    assert found(flight(straight(0.9, 2.1), feet=4900), low, rules=STANDARD)[0].verdict in (
        Verdict.SUSPECTED,
        Verdict.PROBABLE,
    )
    deep = found(flight(straight(0.9, 2.1), feet=2000), low, rules=STANDARD)[0]
    assert deep.verdict is Verdict.CONFIRMED


def test_a_limit_above_the_ellipsoid_is_not_compared_with_pressure():
    high = box(1, 0, 2, 1, upper=feet(5000, Datum.WGS84))
    (one,) = found(flight(straight(0.9, 2.1), feet=30_000), high, rules=STANDARD)
    assert not one.altitude_known
    assert one.verdict is Verdict.SUSPECTED


def test_a_border_position_with_a_poor_fix_is_only_suspected():
    edge = box(1, 0, 2, 0.5001)
    (one,) = found(flight(straight(1.1, 1.9), sigma_m=150.0), edge, rules=STANDARD)
    assert one.verdict is Verdict.SUSPECTED
    (sure,) = found(flight(straight(1.1, 1.9), sigma_m=2.0), edge, rules=STANDARD)
    assert sure.verdict is Verdict.CONFIRMED


def test_a_path_over_the_antimeridian_does_not_cross_the_world():
    middle = box(-10, -1, 10, 1)
    path = flight([(0, 179.99, 0.5), (10, -179.99, 0.5)])
    for rules in (PLANAR, STANDARD):
        assert not found(path, middle, rules=rules)
        (one,) = found(path, box(179.9, 0, 180, 1), rules=rules)
        assert seconds(one.left_at) == pytest.approx(5, abs=1e-5)


def test_fixes_near_a_pole_are_left_out_and_counted():
    from truceline.airspace.chart import chart
    from truceline.airspace.engine import Engine

    engine = Engine(chart([BOX]))
    engine.feed(flight([(0, 10, 89.5), (10, 170, 89.5), (20, 10, 80)]))
    assert engine.tracks.left_out["near_a_pole"] == 2


def test_a_long_step_follows_the_globe_and_not_the_chart():
    """Over 100 km at 50 N the geodesic bulges some 230 m north of the parallel."""
    north = box(0, 50.001, 3, 50.1)
    path = flight([(0, 0.1, 50.0), (290, 1.5, 50.0)])
    assert not found(path, north)
    assert found(path, north, rules=STANDARD)

"""What is left out, and why; which steps are believed."""

from __future__ import annotations

import numpy as np
from tests.airspace.skies import NOON_US, box, flight, found, straight

from truceline.airspace.chart import chart
from truceline.airspace.engine import Engine
from truceline.airspace.fix import Fixes
from truceline.airspace.rules import STANDARD
from truceline.airspace.verdict import Verdict

BOX = box(1, 0, 2, 1)


def left_out(*batches: Fixes, now_us: int | None = None) -> dict[str, int]:
    engine = Engine(chart([BOX]))
    for batch in batches:
        engine.feed(batch, now_us=now_us)
    engine.finish()
    return dict(engine.tracks.left_out)


def test_fixes_out_of_order_in_a_batch_are_put_in_order():
    path = flight([(20, 2.5, 0.5), (0, 0.5, 0.5), (10, 1.5, 0.5)])
    (one,) = found(path, BOX)
    assert one.left_at > one.entered_at


def test_fixes_older_than_one_already_taken_are_counted():
    path = flight(straight(0.5, 0.7))
    assert left_out(path.take(slice(5, None)), path.take(slice(0, 5))) == {"out_of_order": 5}


def test_a_second_fix_of_the_same_instant_is_a_duplicate():
    path = flight([(0, 1, 0.5), (0, 1, 0.5), (5, 1.001, 0.5)])
    assert left_out(path, path.take(slice(2, None))) == {"duplicate": 2}


def test_positions_that_cannot_be_are_counted_by_reason():
    path = flight([(0, 0, 0), (1, 190, 0), (2, np.nan, 0), (3, 0, 95), (4, 5, 89.9)])
    assert left_out(path) == {
        "position_zero": 1,
        "position_out_of_range": 2,
        "no_position": 1,
        "near_a_pole": 1,
    }


def test_times_that_cannot_be_are_counted_by_reason():
    path = flight([(0, 1, 0.5), (10, 1.01, 0.5)])
    old = Fixes(**{**{n: getattr(path, n) for n in Fixes.__slots__}, "seen_at": np.array([5, 6])})
    assert left_out(old) == {"time_before_1990": 2}
    assert left_out(path, now_us=NOON_US - 70_000_000) == {"time_in_future": 2}


def test_one_absurd_point_is_left_out_and_the_leg_goes_on():
    path = flight([(0, 0.5, 0.5), (5, 0.51, 0.5), (10, 8.0, 0.5), (15, 0.53, 0.5), (20, 0.54, 0.5)])
    assert left_out(path) == {"implausible_speed": 1}
    assert not found(path, box(1, 0, 2, 1), rules=STANDARD)


def test_a_jump_that_lasts_is_a_new_leg_that_never_confirms():
    before = [(k * 5.0, 0.2 + k * 0.008, 0.5) for k in range(10)]
    after = [(50 + k * 5.0, 1.2 + k * 0.008, 0.5) for k in range(50)]
    (one,) = found(flight([*before, *after], sigma_m=3.0), BOX, rules=STANDARD)
    assert one.verdict is Verdict.SUSPECTED
    (honest,) = found(flight(after, sigma_m=3.0), BOX, rules=STANDARD)
    assert honest.verdict is Verdict.CONFIRMED


def test_an_aircraft_that_says_it_is_that_fast_is_believed():
    path = straight(0.5, 2.5, metres_s=550.0, every=5.0)
    assert left_out(flight(path, speed_kt=1069.0)) == {}
    assert "implausible_speed" in left_out(flight(path))


def test_a_position_repeated_at_speed_is_no_new_fix():
    held = [(0, 0.9, 0.5), *((float(k), 0.9, 0.5) for k in range(1, 30)), (30.0, 0.91, 0.5)]
    assert left_out(flight(held, speed_kt=400.0)) == {"position_repeated": 29}
    assert left_out(flight(held, speed_kt=0.0)) == {}

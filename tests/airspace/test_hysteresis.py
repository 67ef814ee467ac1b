"""Noise at a border is not a new crossing; a real return is counted."""

from __future__ import annotations

import numpy as np
import pytest
from tests.airspace.skies import box, flight, found, seconds

from truceline.airspace.crossing import Cause
from truceline.airspace.rules import PLANAR, STANDARD

BOX = box(1, 0, 2, 1)
METRE = 1 / 110_574


def north_of_border(metres: list[float], every: float = 5.0) -> list[tuple[float, float, float]]:
    return [(k * every, 1.2 + k * 0.005, 1 + m * METRE) for k, m in enumerate(metres)]


def test_a_step_outside_by_less_than_the_doubt_is_no_exit():
    path = flight(north_of_border([-500, -500, 20, 30, 20, -500, -500]), sigma_m=20.0)
    assert len(found(path, BOX)) == 2
    assert len(found(path, BOX, rules=STANDARD)) == 1


def test_clearly_outside_for_three_fixes_is_an_exit_at_the_border():
    path = flight(north_of_border([-500, 500] + [500] * 20), sigma_m=20.0)
    (one,) = found(path, BOX, rules=STANDARD)
    assert one.cause_out == Cause.LEFT
    assert seconds(one.left_at) == pytest.approx(2.5, abs=1e-3)


def test_back_within_a_minute_is_the_same_crossing_with_an_excursion():
    path = flight(north_of_border([-500] + [500] * 6 + [-500] * 3), sigma_m=20.0)
    (one,) = found(path, BOX, rules=STANDARD)
    assert one.excursions == 1
    assert one.cause_out == Cause.LOST_INSIDE


def test_back_after_more_than_a_minute_is_a_second_crossing():
    path = flight(north_of_border([-500] + [500] * 16 + [-500] * 3), sigma_m=20.0)
    assert len(found(path, BOX, rules=STANDARD)) == 2


def test_along_the_edge_for_ten_minutes_gives_few_crossings_where_the_plain_test_gives_many():
    """The experiment of AIRSPACE d.2: 600 s at 1 Hz, correlated noise, 31 plain entries."""
    plain, ours = [], []
    for seed in range(20):
        draw = np.random.default_rng(seed).normal(0, 1, 600)
        noise = np.zeros(600)
        for k in range(1, 600):
            noise[k] = 0.9 * noise[k - 1] + np.sqrt(1 - 0.81) * draw[k]
        points = [(k, 1.2 + k * 0.0005, 1 + noise[k] * 30 * METRE) for k in range(600)]
        path = flight([(float(k), x, y) for k, x, y in points], sigma_m=30.0)
        plain.append(len(found(path, BOX, rules=PLANAR)))
        ours.append(len(found(path, BOX, rules=STANDARD)))
    assert np.mean(plain) > 25
    assert np.mean(ours) <= 1.5

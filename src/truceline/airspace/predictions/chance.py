"""How likely an aircraft enters a zone within two minutes, and when: the two numbers of a warning.

The chance is a logistic function of what eight ways to fly on say and of how clear the
case is (`TERMS`). Its weights were not chosen by hand: `bench/air/warning_fit.py` makes
them from recorded tracks and seeded zones, and `bench/air/warning.py` judges them on
other aircraft (docs/air-warning.md). Depth of the chord, unrest of the heading, change
of speed, size of the zone and the number of cycles in a row were tried as well and
changed nothing that could be measured, so they are left out.

Nothing here knows whose aircraft it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from truceline.airspace.fix import Floats
from truceline.airspace.predictions.motion import States
from truceline.airspace.predictions.paths import HORIZON_S, WAYS, Clarity
from truceline.airspace.predictions.weights import BIAS, WEIGHTS

TERMS: tuple[str, ...] = (
    *(f"enters: {way}" for way in WAYS),
    *(f"time: {way}" for way in WAYS),
    "turn to miss, below 0",
    "turn to miss, to 0.1 rad",
    "turn to miss, 0.1 to 0.3 rad",
    "turn to miss, 0.3 to 0.8 rad",
    "turn to miss, other side",
    "turning away, 10 s",
    "turning away, 20 s",
    "turning away, 40 s",
    "turning at all",
    "speed",
    "climb",
    "climb or descent",
    "not at its heights",
    "feet to its heights, to 1,000",
    "feet to its heights, to 6,000",
    "between its limits at the border",
    "outside its limits at the border",
    "seconds to the border, to 120",
    "seconds to the border, to 30",
    "height, to 20,000 ft and more",
    "height, to 5,000 ft",
)
"""What the chance rests on, each scaled to about one."""


def terms(entry_s: Floats, clear: Clarity, states: States) -> Floats:
    """Return the terms of each pair; `states` has a row for each pair too."""
    enters = entry_s <= HORIZON_S
    near, climb = clear.miss_near, states.climb
    height = np.nan_to_num(np.where(np.isnan(states.baro_ft), states.geo_ft, states.baro_ft))
    return np.column_stack(
        (
            enters,
            np.where(enters, entry_s / HORIZON_S, 1.0),
            np.clip(near, -0.5, 0.0),
            np.clip(near, 0.0, 0.1),
            np.clip(near, 0.1, 0.3),
            np.clip(near, 0.3, 0.8),
            np.clip(clear.miss_far, 0.0, 1.6),
            np.clip(clear.away, -0.03, 0.03) * 30,
            np.clip(np.abs(states.turn10), 0.0, 0.03) * 30,
            states.speed / 200,
            np.clip(climb, -50, 50) / 30,
            np.clip(np.abs(climb), 0, 50) / 30,
            clear.climb_ft > 0,
            np.clip(clear.climb_ft, 0, 1_000) / 1_000,
            np.clip(clear.climb_ft, 0, 6_000) / 6_000,
            np.clip(clear.off_ft, -1_500, 0) / 1_000,
            np.clip(clear.off_ft, 0, 3_000) / 1_000,
            np.clip(clear.edge_s, 0, 120) / 120,
            np.clip(clear.edge_s, 0, 30) / 30,
            height / 20_000,
            np.clip(height, 0, 5_000) / 5_000,
        )
    ).astype(np.float64)


def chance(made: Floats) -> Floats:
    """Return the probability of entry within `HORIZON_S`, of each row of terms."""
    return np.asarray(1 / (1 + np.exp(-(made @ np.array(WEIGHTS) + BIAS))), dtype=np.float64)


def parts(made: Floats) -> Mapping[str, float]:
    """Return what each term of one row adds to the log-odds, the greatest first."""
    added = {
        name: float(value) for name, value in zip(TERMS, made * np.array(WEIGHTS), strict=True)
    }
    return dict(sorted(added.items(), key=lambda one: -abs(one[1])))


def expected_s(entry_s: Floats) -> Floats:
    """Return when the zone is entered if it is: straight on, or else by the first of the other ways."""
    straight = entry_s[:, 0]
    return np.where(straight <= HORIZON_S, straight, np.minimum(entry_s.min(axis=1), HORIZON_S))

"""The weights of the chance of entry. Made, not written by hand:

    python bench/air/warning_fit.py --write --from paris,swiss --seeds 11,12

One line for each of `TERMS` in `predictions/chance.py`, in log-odds.
"""

from __future__ import annotations

BIAS = -5.3131
WEIGHTS: tuple[float, ...] = (
    -0.3631,  # enters: straight on
    0.3469,  # enters: turn held for 20 s
    1.115,  # enters: turn held for 40 s
    2.337,  # enters: level from here
    -0.6813,  # enters: level at the next thousand feet
    0.5905,  # enters: turn held for 20 s, level at the next thousand feet
    0.1681,  # enters: turn to the right for 20 s
    0.3202,  # enters: turn to the left for 20 s
    -3.118,  # time: straight on
    -0.6101,  # time: turn held for 20 s
    -1.6102,  # time: turn held for 40 s
    1.9599,  # time: level from here
    0.1249,  # time: level at the next thousand feet
    1.047,  # time: turn held for 20 s, level at the next thousand feet
    1.0339,  # time: turn to the right for 20 s
    0.9743,  # time: turn to the left for 20 s
    4.5243,  # turn to miss, below 0
    3.7407,  # turn to miss, to 0.1 rad
    0.9367,  # turn to miss, 0.1 to 0.3 rad
    1.545,  # turn to miss, 0.3 to 0.8 rad
    -0.4519,  # turn to miss, other side
    -2.4294,  # turning away, 10 s
    2.018,  # turning away, 20 s
    -0.9313,  # turning away, 40 s
    -0.0762,  # turning at all
    2.0765,  # speed
    0.2634,  # climb
    -0.2028,  # climb or descent
    0.9039,  # not at its heights
    0.8697,  # feet to its heights, to 1,000
    -1.1659,  # feet to its heights, to 6,000
    -0.3014,  # between its limits at the border
    -0.7546,  # outside its limits at the border
    -2.3174,  # seconds to the border, to 120
    0.636,  # seconds to the border, to 30
    -0.8033,  # height, to 20,000 ft and more
    2.9239,  # height, to 5,000 ft
)

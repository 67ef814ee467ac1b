"""The numbers by which the air half decides, each with its unit and where it comes from.

Source of the defaults: AIRSPACE (d.3) and (d.4). `PLANAR` turns off what a plain
geometry library does not do, for comparison with one.
"""

from __future__ import annotations

from dataclasses import dataclass

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters of legs, hysteresis, altitude and doubt. All are positive."""

    certain_gap_s: float = 60.0  # what only some paths do over a longer gap is only possible
    longest_gap_s: float = 300.0  # beyond it a new leg starts and nothing is interpolated
    jump_m: float = 2_000.0  # a step is a jump only if longer than this ...
    jump_m_s: float = 400.0  # ... and faster than this; one such pair in 230,363 clean ones
    fastest_m_s: float = 1_000.0  # never believed, whatever speed the aircraft reports
    high_ft: float = 20_000.0  # above this no aircraft that flew at `flying_kt` ...
    flying_kt: float = 200.0
    stalled_kt: float = 100.0  # ... is ever slower than this: the receiver has been misled
    held_kt: float = 30.0  # the same position again at more than this speed is no new fix
    doubt_from_s: float = 4.0  # between fixes so far apart the path may bend ...
    turn_m_s2: float = 5.0  # ... by this acceleration: a turn at 27 degrees of bank ...
    lift_m_s2: float = 2.0  # ... and this one upwards or downwards ...
    climb_m_s: float = 50.0  # ... at no more than this rate
    velocity_m_s: float = 5.0  # error of stated velocities: steps of 1 kt, and their delay
    unstated_m_s: float = 300.0  # an aircraft that states no speed may fly so fast
    climb_agrees_ft: float = 300.0  # stated climb rates fit a rise to within this and a quarter
    band_least_m: float = 25.0  # a narrower band of doubt is not drawn
    band_spread: float = 0.25  # standard deviation of the path, as a share of its band
    least_chance: float = 0.05  # a zone that only paths of the band enter is named from here on
    distrust_s: float = 3_600.0  # after a jump nothing is confirmed until so long an absence
    altitude_held_s: float = 30.0  # a missing altitude is taken from a fix no older than this
    leap_ft: float = 1_000.0  # a height further off than this ...
    leap_ft_s: float = 500.0  # ... and so much a second is believed when the next one agrees
    frozen_s: float = 60.0  # a position that stands still so long at speed is a sign of trouble
    seconded_s: float = 30.0  # a sensor of another kind vouches for a path for so long
    sigma_m: float = 150.0  # position, one axis, where the source states none
    exit_m: float = 50.0  # outside by this, or twice sigma if more, counts as outside
    exit_ft: float = 100.0
    exit_fixes: int = 3  # so many fixes in a row clearly outside end a crossing ...
    exit_s: float = 10.0  # ... or so long
    reopen_s: float = 60.0  # back within this: the same crossing
    qnh_hpa: float | None = None  # sea-level pressure, for limits above mean sea level
    planar: bool = False  # straight in longitude and latitude, no hysteresis, nothing left out


STANDARD = Rules()
PLANAR = Rules(planar=True)

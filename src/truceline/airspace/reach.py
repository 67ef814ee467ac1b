"""Between two fixes: where the path most plausibly ran, and how far from there it may have run.

The path. Where both fixes state speed and track, and these agree with what was flown
in between, the path is the cubic that has both positions and both velocities
(Hermite); so a turn between two fixes is a turn. It is added to the geodesic as an
offset. Velocities agree if the cubic is as long as the mean of the two speeds says,
to within `AGREES`. Otherwise the path is the geodesic alone. The height likewise: a
cubic where both climb rates are stated and fit, a straight line elsewhere.

The band. Another path with the same ends, whose acceleration differs from the drawn
one's by at most a, lies within a T^2 / 8 of it; within a T^2 / 16 if the velocities
at both ends are the same too (the extreme is full acceleration to one side for a
quarter of the time, to the other for half, and back). An error v of the stated
velocities adds v T / 4. No path is longer than the greatest plausible speed allows,
so the band is never wider than that ellipse about the two fixes. The band is a lens:
4 u (1 - u) of its greatest width at share u of the time.

Everything here depends on the two fixes alone, so that a feed in pieces gives the
same paths as the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.airspace.fix import FEET_PER_METRE, Flags, Floats, Ints
from truceline.airspace.metres import metres_per_degree
from truceline.airspace.rules import SECOND_US, Rules
from truceline.airspace.track import Rows

KNOT_M_S = 1852 / 3600
FT_MIN_M_S = 0.3048 / 60
AGREES = (0.8, 1.25)
_EARTH_M = 6_371_008.8
_SAMPLES = np.linspace(0, 1, 17)


@dataclass(frozen=True, slots=True)
class Gaps:
    """What lies between a fix and the next, for the rows that are far enough apart in time.

    `pull` are the two ends' departures from the chord, T v - D, east and north, in
    metres (0: no departure); `climb` the same of the height in feet.
    """

    row: Ints
    pull_from: Floats  # 2 x n
    pull_to: Floats
    climb_from: Floats
    climb_to: Floats
    band_m: Floats
    band_ft: Floats

    def offset(self, which: Ints, share: Floats) -> Floats:
        """Return how far from the geodesic the path is at a share of the time: east, north, m."""
        one, two = self.pull_from[:, which], self.pull_to[:, which]
        return np.asarray(share * (1 - share) * ((1 - share) * one - share * two))

    def lift(self, which: Ints, share: Floats) -> Floats:
        """Return how far above the straight line the height is at a share of the time, in feet."""
        one, two = self.climb_from[which], self.climb_to[which]
        return np.asarray(share * (1 - share) * ((1 - share) * one - share * two))

    def bow(self) -> Floats:
        """Return a bound of the second derivative of the offset by share, in metres."""
        one, two = np.hypot(*self.pull_from), np.hypot(*self.pull_to)
        return np.asarray(6 * np.maximum(one, two))


def gaps(rows: Rows, rules: Rules) -> Gaps | None:
    """Return the gaps wide enough that where the path ran is in doubt, or None without any."""
    if len(rows) < 2 or rules.planar:
        return None
    apart = np.diff(rows.seen_at)
    row = np.flatnonzero(rows.joins[:-1] & (apart >= rules.doubt_from_s * SECOND_US))
    if not len(row):
        return None
    seconds = apart[row] / SECOND_US
    chord_from, chord_to = _chords(rows, row)
    flown_from, flown_to = _flown(rows, row), _flown(rows, row + 1)
    long = np.hypot(*chord_from)
    pull_from, pull_to = seconds * flown_from - chord_from, seconds * flown_to - chord_to
    agrees = _agree(pull_from, pull_to, chord_from, (flown_from, flown_to), seconds)
    pull_from, pull_to = np.where(agrees, pull_from, 0.0), np.where(agrees, pull_to, 0.0)
    band = _band_m(agrees, seconds, rules)
    fastest = _fastest(flown_from, flown_to, long / seconds, rules)
    ellipse = 0.5 * np.sqrt(np.maximum((fastest * seconds) ** 2 - long**2, 0.0))
    strays = np.maximum(np.hypot(*pull_from), np.hypot(*pull_to)) * 4 / 27 * 2
    climb_from, climb_to, band_ft = _climbs(rows, row, seconds, rules)
    return Gaps(
        row=row,
        pull_from=pull_from,
        pull_to=pull_to,
        climb_from=climb_from,
        climb_to=climb_to,
        band_m=np.minimum(band, ellipse + strays),
        band_ft=band_ft,
    )


def _chords(rows: Rows, row: Ints) -> tuple[Floats, Floats]:
    """Return the way from each fix to the next as seen at the first and at the second, in metres."""
    a, b = np.radians(rows.lat[row]), np.radians(rows.lat[row + 1])
    turn = np.radians((rows.lon[row + 1] - rows.lon[row] + 180) % 360 - 180)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(turn / 2) ** 2
    east, north = metres_per_degree((rows.lat[row] + rows.lat[row + 1]) / 2)
    near = np.hypot(np.degrees(turn) * east, np.degrees(b - a) * north)
    far = 2 * _EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    long = np.where(near > 100_000, far, near)
    leaving = np.arctan2(
        np.sin(turn) * np.cos(b), np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(turn)
    )
    coming = np.arctan2(
        np.sin(turn) * np.cos(a), -np.cos(b) * np.sin(a) + np.sin(b) * np.cos(a) * np.cos(turn)
    )
    return long * _heading(leaving), long * _heading(coming)


def _heading(radians: Floats) -> Floats:
    return np.stack((np.sin(radians), np.cos(radians)))


def _flown(rows: Rows, row: Ints) -> Floats:
    """Return the stated velocity of rows, east and north in m/s; NaN where not stated."""
    at = rows.origin[row]
    speed = rows.table["speed_kt"][at] * KNOT_M_S
    return np.asarray(speed * _heading(np.radians(rows.table["track_deg"][at])))


def _agree(
    pull_from: Floats,
    pull_to: Floats,
    chord: Floats,
    flown: tuple[Floats, Floats],
    seconds: Floats,
) -> Flags:
    """Say where the cubic is as long as the stated speeds say it should be."""
    told = (np.hypot(*flown[0]) + np.hypot(*flown[1])) / 2 * seconds
    u = _SAMPLES[:, None, None]
    path = u * chord + u * (1 - u) * ((1 - u) * pull_from - u * pull_to)
    step = np.diff(path, axis=0)
    length = np.hypot(step[:, 0], step[:, 1]).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = length / told
    return np.asarray((ratio >= AGREES[0]) & (ratio <= AGREES[1]), dtype=np.bool_)


def _band_m(agrees: Flags, seconds: Floats, rules: Rules) -> Floats:
    plain = rules.turn_m_s2 * seconds**2 / 8
    held = rules.turn_m_s2 * seconds**2 / 16 + rules.velocity_m_s * seconds / 4
    return np.where(agrees, np.minimum(held, plain), plain)


def _fastest(flown_from: Floats, flown_to: Floats, chord_m_s: Floats, rules: Rules) -> Floats:
    """Return the greatest plausible speed: a tenth and 10 m/s over what is known of it."""
    stated = np.fmax(np.hypot(*flown_from), np.hypot(*flown_to))
    known = np.fmax(stated, chord_m_s) * 1.1 + 10.0
    unknown = np.fmax(chord_m_s * 1.1 + 10.0, rules.unstated_m_s)
    return np.where(np.isnan(stated), unknown, known)


def _climbs(rows: Rows, row: Ints, seconds: Floats, rules: Rules) -> tuple[Floats, Floats, Floats]:
    """Return the departures of both ends from a straight height, and the height's own band."""
    rise = rows.height_ft[0, row + 1] - rows.height_ft[0, row]
    rates = rows.table["climb_ft_min"]
    one = rates[rows.origin[row]] / 60 * seconds
    two = rates[rows.origin[row + 1]] / 60 * seconds
    off = np.abs((one + two) / 2 - rise)
    agrees = off <= rules.climb_agrees_ft + np.maximum(np.abs(one), np.abs(two)) * 0.25
    plain = rules.lift_m_s2 * seconds**2 / 8 * FEET_PER_METRE
    most = rules.climb_m_s * seconds / 4 * FEET_PER_METRE
    band = np.minimum(np.where(agrees, plain / 2, plain), most)
    return np.where(agrees, one - rise, 0.0), np.where(agrees, two - rise, 0.0), band

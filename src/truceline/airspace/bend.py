"""The path between two fixes, drawn in short straight steps.

Without more it is the shortest one on the globe; `reach` bends it where the aircraft
says that it turned, and says how far from it the aircraft may have been. A straight
line in longitude and latitude leaves the geodesic by up to
R (Dlon^2 + 4 |Dlon Dlat|) sin(2 lat) / 16; at 10 s between fixes that is centimetres
and nothing is drawn, at 300 s it is a hundred metres. A step over the antimeridian
is cut there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truceline.airspace.fix import Flags, Floats, Ints
from truceline.airspace.metres import metres_per_degree
from truceline.airspace.reach import Gaps, gaps
from truceline.airspace.rules import STANDARD, Rules
from truceline.airspace.track import Rows

TOLERANCE_M = 0.5
BOW_TOLERANCE_M = 2.0
_METRES = 121.6  # R / 16, with both differences in degrees
_MOST_STEPS = 512
_FEW_STEPS, _MORE_STEPS = 4, 8
_WIDE_BAND_M = 100.0


def bent(rows: Rows, rules: Rules = STANDARD) -> Rows:
    """Return the rows with points drawn in between wherever a straight step would stray."""
    wide = gaps(rows, rules)
    steps = _steps(rows, wide, rules)
    if steps is None:
        return rows
    drawn = _insert(rows, steps, wide)
    return _cut(drawn)


def cut(rows: Rows) -> Rows:
    """Return the rows with steps over the antimeridian cut there, and nothing else drawn."""
    return _cut(rows)


def _steps(rows: Rows, wide: Gaps | None, rules: Rules) -> Ints | None:
    if len(rows) < 2:
        return None
    lon = np.abs(np.diff(rows.lon))
    lon = np.minimum(lon, 360 - lon)
    stray = _METRES * lon * (lon + 4 * np.abs(np.diff(rows.lat)))
    stray[~rows.joins[:-1]] = 0
    over = np.any(np.abs(np.diff(rows.lon)) > 180)
    if wide is None and not over and not np.any(stray > TOLERANCE_M):
        return None
    steps = np.ones(len(rows), dtype=np.int64)
    steps[:-1] = np.ceil(np.sqrt(stray / TOLERANCE_M))
    if wide is not None:
        bow = np.ceil(np.sqrt(wide.bow() / (8 * BOW_TOLERANCE_M)))
        band = np.where(wide.band_m > _WIDE_BAND_M, _MORE_STEPS, _FEW_STEPS)
        band = np.where(wide.band_m > rules.band_least_m, band, 1)
        steps[wide.row] = np.maximum(steps[wide.row], np.maximum(bow, band))
    return np.clip(steps, 1, _MOST_STEPS)


def _insert(rows: Rows, steps: Ints, wide: Gaps | None) -> Rows:
    first = np.concatenate(([0], np.cumsum(steps)[:-1]))
    number = np.repeat(np.arange(len(rows)), steps)
    within = np.arange(len(number)) - first[number]
    share = within / steps[number]
    drawn = within > 0
    # Most rows are fixes: only what lies between two of them is worked out.
    new = np.flatnonzero(drawn)
    here, after, part = number[new], np.minimum(number[new] + 1, len(rows) - 1), share[new]
    lon, lat, seen_at = rows.lon[number], rows.lat[number], rows.seen_at[number]
    lon[new], lat[new] = _along(rows, here, after, part)
    height = rows.height_ft[:, number]
    height[:, new] += (rows.height_ft[:, after] - height[:, new]) * part
    seen_at[new] += np.rint((rows.seen_at[after] - seen_at[new]) * part).astype(np.int64)
    band_m, band_ft = np.zeros(len(number)), np.zeros(len(number))
    if wide is not None:
        spot = np.flatnonzero(drawn & np.isin(number, wide.row))
        which = np.searchsorted(wide.row, number[spot])
        _bend(wide, (which, share[spot]), spot, (lon, lat, height))
        lens = 4 * share[spot] * (1 - share[spot])
        band_m[spot], band_ft[spot] = wide.band_m[which] * lens, wide.band_ft[which] * lens
    return Rows(
        slot=rows.slot[number],
        seen_at=seen_at,
        lon=lon,
        lat=lat,
        height_ft=height,
        joins=rows.joins[number],
        starts=rows.starts[number] & ~drawn,
        fix=rows.fix[number] & ~drawn,
        bracket=first[rows.bracket[number]],
        sigma_m=rows.sigma_m[number],
        band_m=band_m,
        band_ft=band_ft,
        certain=rows.certain[number],
        trusted=rows.trusted[number],
        origin=rows.origin[number],
        table=rows.table,
    )


def _bend(
    wide: Gaps, where: tuple[Ints, Floats], spot: Ints, path: tuple[Floats, Floats, Floats]
) -> None:
    """Move the drawn points off the geodesic, in place."""
    lon, lat, height = path
    east, north = metres_per_degree(lat[spot])
    aside, ahead = wide.offset(*where)
    lat[spot] = np.clip(lat[spot] + ahead / north, -90.0, 90.0)
    lon[spot] = (lon[spot] + aside / east + 180) % 360 - 180
    height[:, spot] += wide.lift(*where)


def _along(rows: Rows, number: Ints, after: Ints, share: Floats) -> tuple[Floats, Floats]:
    """Points on the great circle (the ellipsoid's geodesic is within centimetres of it here)."""
    a, b = _unit(rows.lon[number], rows.lat[number]), _unit(rows.lon[after], rows.lat[after])
    angle = 2 * np.arcsin(np.clip(np.linalg.norm(b - a, axis=0) / 2, 0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(angle > 0, np.sin((1 - share) * angle) / np.sin(angle), 1 - share)
        right = np.where(angle > 0, np.sin(share * angle) / np.sin(angle), share)
    x, y, z = left * a + right * b
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def _unit(lon: Floats, lat: Floats) -> Floats:
    lam, phi = np.radians(lon), np.radians(lat)
    return np.stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))


def _cut(rows: Rows) -> Rows:
    over = np.zeros(len(rows), dtype=np.bool_)
    over[:-1] = rows.joins[:-1] & (np.abs(np.diff(rows.lon)) > 180)
    if not over.any():
        return rows
    return _split(rows, over)


def _split(rows: Rows, over: Flags) -> Rows:
    """Put two rows at the antimeridian, one on each side, not joined with each other."""
    number = np.repeat(np.arange(len(rows)), 1 + 2 * over)
    first = np.concatenate(([0], np.cumsum(1 + 2 * over)[:-1]))
    within = np.arange(len(number)) - first[number]
    after = np.minimum(number + 1, len(rows) - 1)
    side = np.where(rows.lon[number] > 0, 180.0, -180.0)
    left = np.abs(side - rows.lon[number])
    share = left / np.maximum(left + np.abs(side + rows.lon[after]), 1e-12)
    share = np.where(within > 0, share, 0.0)
    span = rows.seen_at[after] - rows.seen_at[number]
    height = rows.height_ft[:, number]
    moved = within > 0
    return replace(
        rows,
        slot=rows.slot[number],
        seen_at=rows.seen_at[number] + np.rint(span * share).astype(np.int64),
        lon=np.select([within == 1, within == 2], [side, -side], rows.lon[number]),
        lat=rows.lat[number] + (rows.lat[after] - rows.lat[number]) * share,
        height_ft=np.where(moved, height + (rows.height_ft[:, after] - height) * share, height),
        joins=rows.joins[number] & (within != 1),
        starts=rows.starts[number] & ~moved,
        fix=rows.fix[number] & ~moved,
        bracket=first[rows.bracket[number]],
        sigma_m=rows.sigma_m[number],
        certain=rows.certain[number],
        band_m=rows.band_m[number],
        band_ft=rows.band_ft[number],
        trusted=rows.trusted[number],
        origin=rows.origin[number],
    )

"""Between two fixes the path is the shortest one on the globe, drawn in short straight steps.

A straight line in longitude and latitude leaves the geodesic by up to
R (Dlon^2 + 4 |Dlon Dlat|) sin(2 lat) / 16; at 10 s between fixes that is centimetres
and nothing is drawn, at 300 s it is a hundred metres. A step over the antimeridian
is cut there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truceline.airspace.fix import Flags, Floats, Ints
from truceline.airspace.track import Rows

TOLERANCE_M = 0.5
_METRES = 121.6  # R / 16, with both differences in degrees
_MOST_STEPS = 512


def bent(rows: Rows) -> Rows:
    """Return the rows with points drawn in between wherever a straight step would stray."""
    steps = _steps(rows)
    if steps is None:
        return rows
    drawn = _insert(rows, steps)
    return _cut(drawn)


def cut(rows: Rows) -> Rows:
    """Return the rows with steps over the antimeridian cut there, and nothing else drawn."""
    return _cut(rows)


def _steps(rows: Rows) -> Ints | None:
    if len(rows) < 2:
        return None
    lon = np.abs(np.diff(rows.lon))
    lon = np.minimum(lon, 360 - lon)
    stray = _METRES * lon * (lon + 4 * np.abs(np.diff(rows.lat)))
    stray[~rows.joins[:-1]] = 0
    if not np.any(stray > TOLERANCE_M) and not np.any(np.abs(np.diff(rows.lon)) > 180):
        return None
    steps = np.ones(len(rows), dtype=np.int64)
    steps[:-1] = np.clip(np.ceil(np.sqrt(stray / TOLERANCE_M)), 1, _MOST_STEPS)
    return steps


def _insert(rows: Rows, steps: Ints) -> Rows:
    first = np.concatenate(([0], np.cumsum(steps)[:-1]))
    number = np.repeat(np.arange(len(rows)), steps)
    within = np.arange(len(number)) - first[number]
    share = within / steps[number]
    after = np.minimum(number + 1, len(rows) - 1)
    lon, lat = _along(rows, number, after, share)
    drawn = within > 0
    height = rows.height_ft[:, number]
    height = np.where(drawn, height + (rows.height_ft[:, after] - height) * share, height)
    span = rows.seen_at[after] - rows.seen_at[number]
    return Rows(
        slot=rows.slot[number],
        seen_at=rows.seen_at[number] + np.rint(span * share).astype(np.int64),
        lon=np.where(drawn, lon, rows.lon[number]),
        lat=np.where(drawn, lat, rows.lat[number]),
        height_ft=height,
        joins=rows.joins[number],
        starts=rows.starts[number] & ~drawn,
        fix=rows.fix[number] & ~drawn,
        bracket=first[rows.bracket[number]],
        sigma_m=rows.sigma_m[number],
        certain=rows.certain[number],
        trusted=rows.trusted[number],
        origin=rows.origin[number],
        table=rows.table,
    )


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
        trusted=rows.trusted[number],
        origin=rows.origin[number],
    )

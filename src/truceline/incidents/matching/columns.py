"""Two ledgers as columns, and the pairs that are worth looking at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.errors import Malformed, Reason

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
EARTH_M = 6_371_008.8
_DAY_US = 86_400_000_000
_AT_ONCE = 500
MOST_PAIRS = 20_000_000
"""Candidates in memory: about 100 bytes each."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The reports of one ledger. NaN: it does not say; kind -1: it does not say.

    `x`, `y`: metres on the sheet of `Sheet`; `radius`: metres, one sigma on each axis;
    `day`: the middle of the time given, in days; `spread`: the standard deviation, in days,
    of a moment that lies anywhere between `from` and `to`; `size`: the radius in classes of
    half an octave, -1 where none is given.
    """

    ids: tuple[str, ...]
    x: Floats
    y: Floats
    radius: Floats
    day: Floats
    spread: Floats
    kind: Ints
    size: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, rows: Ints) -> Columns:
        """Return some of the rows."""
        return Columns(
            tuple(self.ids[at] for at in rows),
            *(getattr(self, name)[rows] for name in self.__slots__[1:]),
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One report as an analyst's file has it. Degrees, metres, microseconds."""

    id: str
    lat: float
    lon: float
    radius_m: float | None = None
    start_us: int | None = None
    end_us: int | None = None
    kind: str | None = None


def columns(a: Sequence[Row], b: Sequence[Row]) -> tuple[Columns, Columns, tuple[str, ...]]:
    """Return both ledgers on one sheet, and the kinds by their numbers."""
    kinds = tuple(sorted({one.kind for one in (*a, *b) if one.kind}))
    number = {kind: at for at, kind in enumerate(kinds)}
    every = [*a, *b]
    lat0 = float(np.mean([one.lat for one in every])) if every else 0.0
    lon0 = float(np.mean([one.lon for one in every])) if every else 0.0
    return _of(a, lat0, lon0, number), _of(b, lat0, lon0, number), kinds


def _of(rows: Sequence[Row], lat0: float, lon0: float, number: dict[str, int]) -> Columns:
    lat = np.array([one.lat for one in rows], dtype=np.float64)
    lon = np.array([one.lon for one in rows], dtype=np.float64)
    east = (lon - lon0 + 180.0) % 360.0 - 180.0
    start = np.array([_days(one.start_us, one.end_us) for one in rows], dtype=np.float64)
    end = np.array([_days(one.end_us, one.start_us) for one in rows], dtype=np.float64)
    radius = np.array(
        [np.nan if one.radius_m is None else one.radius_m for one in rows], dtype=float
    )
    classes = np.round(2 * np.log2(np.maximum(np.nan_to_num(radius), 1.0))).astype(np.int64)
    return Columns(
        tuple(one.id for one in rows),
        np.radians(east) * np.cos(np.radians(lat)) * EARTH_M,  # sinusoidal: equal areas
        np.radians(lat - lat0) * EARTH_M,
        radius,
        (start + end) / 2,
        np.abs(end - start) / np.sqrt(12.0),  # of a uniform distribution
        np.array([number.get(one.kind or "", -1) for one in rows], dtype=np.int64),
        np.where(np.isfinite(radius), classes, -1),
    )


def _days(first: int | None, other: int | None) -> float:
    known = first if first is not None else other
    return np.nan if known is None else known / _DAY_US


def near(
    x: Floats,
    y: Floats,
    reach: Floats,
    other_x: Floats,
    other_y: Floats,
    other_reach: Floats,
    fits: Callable[[Ints, Ints], NDArray[np.bool_]] | None = None,
) -> tuple[Ints, Ints, Floats]:
    """Return the pairs no farther apart than both reaches together, and their metres.

    `fits` says which of some pairs are wanted for another reason, too. With it, raises
    `Malformed` above `MOST_PAIRS`: ledgers without times and with radii of provinces.

    Coarse reaches cost the most: they are asked in groups of like size, so that a few
    reports "somewhere in the province" do not widen the search for all.
    """
    found = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))]
    many = 0
    sizes, other_sizes = _sizes(reach), _sizes(other_reach)
    for other_size in np.unique(other_sizes):
        others = np.flatnonzero(other_sizes == other_size)
        tree = shapely.STRtree(shapely.points(other_x[others], other_y[others]))
        for size in np.unique(sizes):
            ours = np.flatnonzero(sizes == size)
            points = shapely.points(x[ours], y[ours])
            far = 2.0**size + 2.0**other_size
            for at in range(0, len(ours), _AT_ONCE):
                got = tree.query(points[at : at + _AT_ONCE], predicate="dwithin", distance=far)
                one, other = ours[got[0] + at], others[got[1]]
                metres = np.hypot(x[one] - other_x[other], y[one] - other_y[other])
                keep = metres <= reach[one] + other_reach[other]
                keep = keep if fits is None else keep & fits(one, other)
                many += int(keep.sum())
                if fits is not None and many > MOST_PAIRS:
                    raise Malformed(
                        Reason.TOO_LARGE,
                        where="ledgers",
                        detail=f"more than {MOST_PAIRS:,} pairs of reports could tell of one event",
                        remedy="Give times and smaller radii, or a part of the reports at a time",
                    )
                found.append((one[keep], other[keep], metres[keep]))
    one, other, metres = (np.concatenate([part[at] for part in found]) for at in range(3))
    order = np.lexsort((other, one))
    return one[order], other[order], metres[order]


def _sizes(reach: Floats) -> Ints:
    return np.ceil(np.log2(np.maximum(reach, 1.0))).astype(np.int64)

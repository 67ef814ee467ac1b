"""When a way ahead first enters a volume: for many ways at once, over the table of cells.

A way begins at a fix, holds a turn for so long and flies straight on, and holds a climb
for so long and flies level. Turns are chords of `CHORD_S` seconds: at 250 m/s and three
degrees a second they stray by less than 4 m. Metres and degrees are those of the place
where a way begins. Volumes are looked at one by one; what a zone of several makes of
them is left to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from truceline.airspace.cells import Cells
from truceline.airspace.fix import Floats, Ints
from truceline.airspace.kernel import AHEAD, Kernel, block, scratch_for, table_of
from truceline.airspace.metres import metres_per_degree
from truceline.errors import Reason, Unavailable

CHORD_S = 1.5


@dataclass(frozen=True, slots=True)
class WaysAhead:
    """Ways in columns. A turn to the right is positive; heights are STD, AMSL, WGS84 (NaN unknown)."""

    lon: Floats
    lat: Floats
    seen_at: Ints
    height_ft: Floats
    east_deg_s: Floats
    north_deg_s: Floats
    climb_ft_s: Floats
    turn_rad_s: Floats
    turn_s: Floats
    climb_s: Floats

    def __len__(self) -> int:
        return len(self.lon)


def straight(
    lon: Floats,
    lat: Floats,
    seen_at: Ints,
    height_ft: Floats,
    velocity: tuple[Floats, Floats, Floats],
) -> WaysAhead:
    """Return ways straight on; `velocity` is degrees east, degrees north and feet a second."""
    none = np.zeros(len(lon))
    held = np.full(len(lon), np.inf)
    return WaysAhead(lon, lat, seen_at, height_ft, *velocity, none, none, held)


def lookahead(
    table: Cells, ways: WaysAhead, horizon_s: float, *, kernel: Kernel = AHEAD
) -> tuple[Ints, Ints, Floats]:
    """Return (way, volume, seconds) for each volume that a way enters within the horizon.

    0 seconds: it begins inside. Waits for the compiled kernel; raises `Unavailable`
    where there is none.
    """
    if not kernel.wait():
        raise Unavailable(Reason.BUSY, where="look-ahead", detail=kernel.notice)
    columns: tuple[Any, ...] = tuple(getattr(ways, name) for name in WaysAhead.__slots__)
    found: tuple[Ints, Ints, Floats] = kernel.module().ahead(
        tuple(np.ascontiguousarray(one) for one in columns),
        float(horizon_s),
        CHORD_S,
        np.stack(metres_per_degree(ways.lat)) if ways.turn_rad_s.any() else np.ones((2, 1)),
        table.volumes,
        table_of(table),
        table.nearest,
        table.heights,
        scratch_for(len(table.volumes), table),
        block(),
    )
    return found

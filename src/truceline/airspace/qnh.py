"""The pressure at sea level: from a METAR, or from what crews near by have set.

A pressure altitude is above 1013.25 hPa, a limit above mean sea level is not; 10 hPa
between them are 273 ft. Mode S BDS 4,0 carries the setting of each aircraft. Up high
crews set the standard on purpose, so only settings below `LOW_FT` count. The regional
value is the median over a cell of two degrees and half an hour; it needs
`LEAST_AIRCRAFT` aircraft, and says how old it is.

A value counts from the minute after it was reported, so that a feed in order of time
gives the same heights as the file. Memory is bounded.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from statistics import median

import numpy as np

from truceline.airspace.fix import Floats, Ints
from truceline.airspace.rules import SECOND_US
from truceline.errors import Malformed, Reason

LOWEST_HPA, HIGHEST_HPA = 850.0, 1090.0
"""No lower and no higher pressure has been measured at sea level (870 and 1084)."""

LOW_FT = 8_000.0
LEAST_AIRCRAFT = 2
LASTS_S = 1_800
CELL_DEG = 2.0
MOST_CELLS = 2_048
MOST_REPORTS = 256
HPA_PER_INCH = 33.8639

_METAR = re.compile(r"(?:^|\s)(?:Q(\d{4})|A(\d{4}))(?=\s|=|$)")
_MINUTE_US = 60 * SECOND_US


def qnh_of_metar(text: str) -> float:
    """Return the QNH in hPa that a METAR states. Refuses a text without one, or an absurd one."""
    found = _METAR.search(text.upper())
    if found is None:
        raise Malformed(
            Reason.MISSING_FIELD,
            where="METAR",
            detail="no pressure group (Q1013 or A2992) in the text",
            remedy="Give the whole report, or the pressure alone with --qnh",
        )
    hpa = float(found[1]) if found[1] else int(found[2]) / 100 * HPA_PER_INCH
    return checked(hpa, where="METAR")


def checked(hpa: float, *, where: str) -> float:
    """Return a pressure at sea level. Refuses what has never been measured."""
    if not LOWEST_HPA <= hpa <= HIGHEST_HPA:
        raise Malformed(
            Reason.OUT_OF_RANGE, where=where, detail=f"{hpa:g} hPa is no sea-level pressure"
        )
    return hpa


@dataclass(frozen=True, slots=True)
class Setting:
    """What crews near by have set: the median, from how many aircraft, and its newest report."""

    hpa: float
    aircraft: int
    newest_at: int


class RegionalQnh:
    """Collects the settings of aircraft and says what holds where and when."""

    def __init__(self) -> None:
        self._cells: OrderedDict[int, deque[tuple[int, int, float]]] = OrderedDict()

    def __bool__(self) -> bool:
        """Whether anything was ever told."""
        return bool(self._cells)

    def take(self, slot: Ints, seen_at: Ints, place: tuple[Floats, Floats], hpa: Floats) -> None:
        """Take reports: who, when, (lat, lon), the setting in hPa; NaN is no report."""
        rows = np.flatnonzero((hpa >= LOWEST_HPA) & (hpa <= HIGHEST_HPA))
        cells = cell_of(place[0][rows], place[1][rows])
        order = np.argsort(seen_at[rows], kind="stable")
        for row, cell in zip(rows[order].tolist(), cells[order].tolist(), strict=True):
            kept = self._cells.setdefault(cell, deque(maxlen=MOST_REPORTS))
            self._cells.move_to_end(cell)
            kept.append((int(seen_at[row]), int(slot[row]), float(hpa[row])))
        while len(self._cells) > MOST_CELLS:
            self._cells.popitem(last=False)

    def at(self, lat: float, lon: float, at_us: int) -> Setting | None:
        """Return what holds at a place and moment, or None: too few have told."""
        cell = int(cell_of(np.array([lat]), np.array([lon]))[0])
        return self._in_cell(cell, at_us - at_us % _MINUTE_US)

    def _in_cell(self, cell: int, until: int) -> Setting | None:
        since = until - LASTS_S * SECOND_US
        told = [one for one in self._cells.get(cell, ()) if since <= one[0] < until]
        last = {slot: hpa for _, slot, hpa in told}
        if len(last) < LEAST_AIRCRAFT:
            return None
        return Setting(median(last.values()), len(last), max(one[0] for one in told))

    def hpa(self, lat: Floats, lon: Floats, seen_at: Ints) -> Floats:
        """Return the regional QNH for each row, NaN where none is known."""
        found = np.full(len(lat), np.nan)
        if not self._cells:
            return found
        minute = seen_at // _MINUTE_US
        keys = np.stack((cell_of(lat, lon), minute))
        pairs, which = np.unique(keys, axis=1, return_inverse=True)
        values = [
            np.nan if (one := self._in_cell(cell, at * _MINUTE_US)) is None else one.hpa
            for cell, at in pairs.T.tolist()
        ]
        return np.asarray(np.array(values)[which.ravel()], dtype=np.float64)


def cell_of(lat: Floats, lon: Floats) -> Ints:
    """Return the number of the cell of each place."""
    south = np.floor((lat + 90) / CELL_DEG).astype(np.int64)
    west = np.floor((lon + 180) / CELL_DEG).astype(np.int64)
    return np.asarray(south * 360 + west, dtype=np.int64)

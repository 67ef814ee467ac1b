"""Rows that a reader gathers one by one, and what aircraft said besides where they are.

For formats in which Python touches each message anyway. A reader adds rows and asks for
a batch; the tables of addresses and callsigns go on from batch to batch, so that a code
means the same in all of them, and start anew when a flood has filled them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from truceline.airspace.fix import Fixes, Names, fixes
from truceline.airspace.quality import Kind, sigma_of_nacp

MOST_NAMES = 200_000
MOST_TOLD = 20_000

WORDS = ("flight", "squawk", "category", "emergency")
FIGURES = ("alt_baro", "alt_geom", "gs", "track", "baro_rate", "geom_rate", "nav_qnh")
"""What is told of an aircraft besides its place, in readsb's words and units."""


type Said = dict[str, tuple[Any, int]]
"""What an aircraft said: word, value, and when (microseconds, UTC)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One position. NaN, -1 and "" mean "not reported"."""

    seen_at: int
    aircraft: str
    lat: float
    lon: float
    baro_ft: float = nan
    geo_ft: float = nan
    ground: bool = False
    sigma_m: float = nan
    speed_kt: float = nan
    callsign: str = ""
    track_deg: float = nan
    climb_ft_min: float = nan
    qnh_hpa: float = nan
    kind: int = Kind.UNKNOWN
    nic: int = -1
    nacp: int = -1
    sil: int = -1


_SIGMA: list[float] = sigma_of_nacp(np.arange(16)).tolist()


def sigma_of(nacp: int) -> float:
    """Return the standard deviation of one axis in metres; NaN where NACp says nothing usable."""
    return _SIGMA[nacp] if 0 <= nacp < len(_SIGMA) else nan


_TYPES = {"ground": np.bool_, "seen_at": np.int64} | dict.fromkeys(
    ("kind", "nic", "nacp", "sil"), np.int8
)
_COLUMNS = tuple(Row.__slots__)


class Rows:
    """Rows that wait to become a batch of one source."""

    def __init__(self, source: str, names: tuple[Names, Names] | None = None) -> None:
        self.source = source
        self._names = names or (Names(), Names())
        self._rows: list[Row] = []
        self._numbers: list[int] = []
        self._next = 0

    def add(self, row: Row, number: int | None = None) -> None:
        """Add one position; `number` is its place in the source, else the next one."""
        self._next = self._next if number is None else number
        self._rows.append(row)
        self._numbers.append(self._next)
        self._next += 1

    def batch(self) -> Fixes:
        """Return what was added since the last call; rows are numbered through."""
        rows, self._rows = self._rows, []
        numbers, self._numbers = self._numbers, []
        self._bound()
        columns = {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
        aircraft, callsigns = self._names
        flown = columns.pop("aircraft")
        called = columns.pop("callsign")
        arrays: dict[str, Any] = {
            name: np.array(values, dtype=_TYPES.get(name, np.float64))
            for name, values in columns.items()
        }
        return fixes(
            **arrays,
            aircraft=aircraft.codes(flown),
            callsign=np.fromiter((callsigns.code(c) if c else -1 for c in called), dtype=np.int32),
            sequence=np.array(numbers, dtype=np.int64),
            names=aircraft.texts,
            callsigns=callsigns.texts,
            source=self.source,
        )

    def _bound(self) -> None:
        if any(len(one.texts) > MOST_NAMES for one in self._names):
            self._names = (Names(), Names())


class Told:
    """What aircraft said besides where they are, newest first kept; handed over and forgotten.

    The watch does not need it; the fused picture does. A flood of addresses loses the rest.
    """

    def __init__(self) -> None:
        self._said: dict[str, Said] = {}

    def say(self, aircraft: str, at: int, said: Mapping[str, Any]) -> None:
        """Note what an aircraft said at a moment."""
        if not said:
            return
        known = self._said.get(aircraft)
        if known is None:
            if len(self._said) >= MOST_TOLD:
                return
            known = self._said[aircraft] = {}
        for name, value in said.items():
            known[name] = (value, at)

    def handed_over(self) -> dict[str, Said]:
        """Return what was told since the last call: aircraft, name, value and when."""
        said, self._said = self._said, {}
        return said

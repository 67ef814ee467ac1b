"""Fixes in columns: where aircraft were, as sensors reported it.

One object for each fix would cost more than all the geometry that follows, so a
batch is a set of numpy columns from the feed to the crossing. Times are
microseconds since the epoch, UTC, on the sensor's clock. A value that was not
reported is NaN (or -1 for a code), never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]
type Codes = NDArray[np.int32]
type Flags = NDArray[np.bool_]
type Marks = NDArray[np.int8]

FEET_PER_METRE = 1 / 0.3048


class Names:
    """A growing list of texts and the code of each; codes never change."""

    __slots__ = ("_codes", "texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}
        for text in texts:
            self.code(text)

    def code(self, text: str) -> int:
        """Return the code of a text, new if it was not known."""
        found = self._codes.get(text)
        if found is None:
            found = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return found

    def known(self, text: str) -> int | None:
        """Return the code of a text, None if it has none."""
        return self._codes.get(text)

    def codes(self, texts: Iterable[str]) -> Codes:
        """Return the codes of several texts."""
        return np.fromiter((self.code(text) for text in texts), dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Fixes:
    """A batch of fixes from one source, in the order in which they arrived.

    `aircraft` and `callsign` are codes into `names` and `callsigns` (-1: no callsign).
    `sequence` is the row's number in its source; a crossing cites it. `sigma_m` is
    the standard deviation of the position along one axis. `track_deg` is the true
    track, `qnh_hpa` what the crew has set (Mode S BDS 4,0), `kind` a `quality.Kind`;
    `nic`, `nacp` and `sil` are those of ADS-B, -1 where not reported.
    """

    seen_at: Ints
    aircraft: Codes
    lat: Floats
    lon: Floats
    baro_ft: Floats
    geo_ft: Floats
    ground: Flags
    sigma_m: Floats
    speed_kt: Floats
    callsign: Codes
    sequence: Ints
    track_deg: Floats
    climb_ft_min: Floats
    qnh_hpa: Floats
    kind: Marks
    nic: Marks
    nacp: Marks
    sil: Marks
    names: Sequence[str]
    callsigns: Sequence[str] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.seen_at)

    def take(self, rows: NDArray[np.bool_] | Ints | slice) -> Fixes:
        """Return some of the rows, in the order asked for."""
        picked = {name: getattr(self, name)[rows] for name in COLUMNS}
        return Fixes(**picked, names=self.names, callsigns=self.callsigns, source=self.source)


COLUMNS = tuple(one.name for one in fields(Fixes))[:18]
"""The names of the array columns of `Fixes`."""


def fixes(
    *,
    seen_at: Ints,
    aircraft: Codes,
    lat: Floats,
    lon: Floats,
    names: Sequence[str],
    baro_ft: Floats | None = None,
    geo_ft: Floats | None = None,
    ground: Flags | None = None,
    sigma_m: Floats | None = None,
    speed_kt: Floats | None = None,
    callsign: Codes | None = None,
    callsigns: Sequence[str] = (),
    sequence: Ints | None = None,
    track_deg: Floats | None = None,
    climb_ft_min: Floats | None = None,
    qnh_hpa: Floats | None = None,
    kind: Marks | None = None,
    nic: Marks | None = None,
    nacp: Marks | None = None,
    sil: Marks | None = None,
    source: str = "",
) -> Fixes:
    """Return a batch in which the columns left out are "not reported"."""
    count = len(seen_at)
    return Fixes(
        seen_at=seen_at,
        aircraft=aircraft,
        lat=lat,
        lon=lon,
        baro_ft=_or_nan(baro_ft, count),
        geo_ft=_or_nan(geo_ft, count),
        ground=np.zeros(count, dtype=np.bool_) if ground is None else ground,
        sigma_m=_or_nan(sigma_m, count),
        speed_kt=_or_nan(speed_kt, count),
        callsign=np.full(count, -1, dtype=np.int32) if callsign is None else callsign,
        sequence=np.arange(count, dtype=np.int64) if sequence is None else sequence,
        track_deg=_or_nan(track_deg, count),
        climb_ft_min=_or_nan(climb_ft_min, count),
        qnh_hpa=_or_nan(qnh_hpa, count),
        kind=_or(kind, 0, count),
        nic=_or(nic, -1, count),
        nacp=_or(nacp, -1, count),
        sil=_or(sil, -1, count),
        names=names,
        callsigns=callsigns,
        source=source,
    )


def _or_nan(column: Floats | None, count: int) -> Floats:
    return np.full(count, np.nan) if column is None else column


def _or(column: Marks | None, otherwise: int, count: int) -> Marks:
    return np.full(count, otherwise, dtype=np.int8) if column is None else column


def joined(batches: Sequence[Fixes]) -> Fixes:
    """Return batches that share their names as one; refuses none, needs at least one."""
    columns = {name: np.concatenate([getattr(one, name) for one in batches]) for name in COLUMNS}
    last = batches[-1]
    return Fixes(**columns, names=last.names, callsigns=last.callsigns, source=last.source)

"""Heights compared only with heights of the same kind.

An aircraft reports pressure altitude (1013.25 hPa) and sometimes height above the
WGS 84 ellipsoid. A limit is above one of five surfaces. Each limit is compared
with the column of its own datum, and each column states its error:

- STD: the pressure altitude itself;
- AMSL: the pressure altitude moved by the QNH, 27.3 ft for each hPa near sea level
  (ICAO Doc 7488). Without a QNH given, the one that crews near by have set (`qnh`), or
  none: then it is left where it is; in both cases its error is 10 hPa. 3 % of the height
  is added for temperature (AIRSPACE d.4). A fix without pressure altitude has its
  geometric one less the height of the geoid (EGM96);
- WGS84: the geometric altitude;
- SFC, and AGL 0: no limit below;
- any other AGL: terrain would be needed, so the limit is not tested and the
  crossing says "vertical unknown".
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from truceline.airspace.fix import FEET_PER_METRE, Flags, Floats
from truceline.geo.altitude import Altitude, Datum

STANDARD_HPA = 1013.25
FT_PER_HPA = 27.3


class Column(IntEnum):
    """Which height of an aircraft a limit is compared with."""

    NONE = -1  # without limit
    STD = 0
    AMSL = 1
    WGS84 = 2
    UNTESTABLE = 3  # above ground: no terrain here


_COLUMN = {Datum.STD: Column.STD, Datum.AMSL: Column.AMSL, Datum.WGS84: Column.WGS84}


def column_of(limit: Altitude | None) -> Column:
    """Return the column that a limit is compared with."""
    if limit is None or limit.datum is Datum.SFC or (limit.datum is Datum.AGL and limit.mm == 0):
        return Column.NONE
    return _COLUMN.get(limit.datum, Column.UNTESTABLE)


def heights_ft(
    baro_ft: Floats,
    geo_ft: Floats,
    ground: Flags,
    *,
    qnh_hpa: float | Floats | None,
    place: tuple[Floats, Floats] | None = None,
) -> Floats:
    """Return the three columns STD, AMSL, WGS84 in feet, NaN where unknown.

    `qnh_hpa` is one pressure or one for each row (NaN: none). Given `place` (lat, lon),
    a fix without pressure altitude has its geometric one taken to mean sea level.
    An aircraft on the ground that reports no altitude counts as at 0: it is not
    above any floor, whatever the height of the aerodrome.
    """
    shift = 0.0 if qnh_hpa is None else FT_PER_HPA * (qnh_hpa - STANDARD_HPA)
    made = np.stack((baro_ft, baro_ft + np.nan_to_num(shift, nan=0.0), geo_ft))
    if place is not None:
        _fill_from_geoid(made, place)
    if ground.any():
        made[:, ground] = np.where(np.isnan(made[:, ground]), 0.0, made[:, ground])
    return made


def _fill_from_geoid(made: Floats, place: tuple[Floats, Floats]) -> None:
    rows = np.flatnonzero(np.isnan(made[1]) & ~np.isnan(made[2]))
    if len(rows):
        made[1, rows] = made[2, rows] - geoid_ft(place[0][rows], place[1][rows])


def geoid_ft(lat: Floats, lon: Floats) -> Floats:
    """Return the height of the EGM96 geoid above WGS 84 in feet; NaN where there is no grid.

    Without its grid nothing is converted: the height stays unknown, and so says the crossing.
    """
    try:
        import egm96  # noqa: PLC0415 -- its grid is 3 MB and few fixes need it
    except ImportError:
        return np.full(len(lat), np.nan)
    return np.asarray(egm96.undulation(lat, lon), dtype=np.float64) * FEET_PER_METRE


def sigmas_ft(qnh_hpa: float | None) -> tuple[Floats, Floats]:
    """Return, for each column, the constant part of its error and the part per foot of height.

    Pressure altitude: 40 ft (25 to 100 ft steps and the altimeter). QNH given: 1 hPa
    more. None given: 10 hPa. Geometric: 60 ft.
    """
    amsl = np.hypot(40.0, FT_PER_HPA * (10.0 if qnh_hpa is None else 1.0))
    return np.array((40.0, amsl, 60.0)), np.array((0.0, 0.03, 0.0))

"""Heights from one datum to another, where that can be done honestly.

AMSL and WGS 84 differ by the geoid (EGM96, `egm96` package, 0.05 m from the model;
the model is about a metre from the sea). Above ground needs terrain, a pressure altitude needs the
pressure of the day: both are refused here, never silently returned unchanged as
PROJ does without its grid.
"""

from __future__ import annotations

from functools import lru_cache

from truceline.errors import Reason, Refused
from truceline.geo.altitude import Altitude, Datum
from truceline.geo.position import Position


@lru_cache(maxsize=65_536)
def undulation_mm(at: Position) -> int:
    """Return the height of the EGM96 geoid above the WGS 84 ellipsoid, in millimetres."""
    import egm96  # noqa: PLC0415 -- its grid is 3 MB and few callers need it

    return round(float(egm96.undulation(at.lat, at.lon)) * 1000)


def convert(height: Altitude, datum: Datum, *, at: Position) -> Altitude:
    """Return the height above another datum at a place; the unit stays.

    Refuses every pair but AMSL and WGS84: the others need terrain or pressure.
    """
    if height.datum is datum:
        return height
    match (height.datum, datum):
        case (Datum.AMSL, Datum.WGS84):
            return Altitude(height.mm + undulation_mm(at), datum, height.unit)
        case (Datum.WGS84, Datum.AMSL):
            return Altitude(height.mm - undulation_mm(at), datum, height.unit)
    raise Refused(
        Reason.OUT_OF_RANGE,
        where="altitude",
        detail=f"a height above {height.datum} cannot be turned into {datum} without {_needed(height.datum, datum)}",
        remedy="Ask for the limit above AMSL or WGS84, or judge horizontally and say so",
    )


def _needed(have: Datum, want: Datum) -> str:
    needs = {
        Datum.STD: "the pressure of the day",
        Datum.AGL: "a terrain model",
        Datum.SFC: "a terrain model",
    }
    return " and ".join(sorted({needs[one] for one in (have, want) if one in needs}))

"""An altitude: a height, the unit it was given in, and what it is measured from.

The datum is part of the type: 1,500 ft above the ground and 1,500 ft on a
barometer set to 1013.25 hPa are different values, and converting one into the
other needs terrain, pressure or a geoid that the caller must name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FOOT_MM = 304.8


class Datum(StrEnum):
    """What a height is measured from."""

    SFC = "SFC"  # the surface itself; the value is 0
    AGL = "AGL"  # above ground
    AMSL = "AMSL"  # above mean sea level (EGM96 where no other geoid is named)
    STD = "STD"  # pressure altitude, 1013.25 hPa
    WGS84 = "WGS84"  # above the ellipsoid


class Unit(StrEnum):
    """The unit that a document used; kept so that the document comes out as it went in."""

    FT = "ft"
    M = "m"
    FL = "FL"  # hundreds of feet, datum STD


_MM = {Unit.FT: FOOT_MM, Unit.M: 1000.0, Unit.FL: 100 * FOOT_MM}


@dataclass(frozen=True, slots=True)
class Altitude:
    """A height in millimetres above `datum`, as given in `unit`."""

    mm: int
    datum: Datum
    unit: Unit = Unit.M

    @property
    def feet(self) -> float:
        """The height in feet above the same datum."""
        return self.mm / FOOT_MM

    @property
    def as_given(self) -> float:
        """The shortest value in its own unit that gives these millimetres: 1500, not 1500.0003."""
        exact = self.mm / _MM[self.unit]
        for digits in range(7):
            value = round(exact, digits)
            if round(value * _MM[self.unit]) == self.mm:
                break
        return int(value) if value == int(value) else value


def altitude(value: float, unit: Unit, datum: Datum) -> Altitude:
    """Return the altitude of `value` in `unit` above `datum`; a flight level is always STD."""
    return Altitude(round(value * _MM[unit]), Datum.STD if unit is Unit.FL else datum, unit)


SURFACE = Altitude(0, Datum.SFC, Unit.M)

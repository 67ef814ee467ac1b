"""When the sun rises and sets at a place: the table that `schedule.windows` asks for.

Computed by astral (NOAA's equations, about a minute near the horizon in middle
latitudes). Civil twilight is the sun 6 degrees under the horizon.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from truceline.geo.position import Position
from truceline.geo.schedule import SunEvent, SunTable

_CIVIL_DEG = 6


def sun_table(at: Position) -> SunTable:
    """Return the table of sun events at a place; an event that a polar day lacks is None."""
    from astral import Observer  # noqa: PLC0415 -- heavy, and few schedules need it
    from astral.sun import dawn, dusk, sunrise, sunset  # noqa: PLC0415

    place = Observer(latitude=at.lat, longitude=at.lon)

    def when(event: SunEvent, day: date) -> datetime | None:
        try:
            match event:
                case SunEvent.BMCT:
                    return dawn(place, date=day, depression=_CIVIL_DEG, tzinfo=UTC)
                case SunEvent.SR:
                    return sunrise(place, date=day, tzinfo=UTC)
                case SunEvent.SS:
                    return sunset(place, date=day, tzinfo=UTC)
                case SunEvent.EECT:
                    return dusk(place, date=day, depression=_CIVIL_DEG, tzinfo=UTC)
        except ValueError:
            return None

    return when

"""A report of one event in the ledger of one body: what matching and the daily table read.

Reports of one event by two bodies are linked and both kept (DOMAIN 8.2): nothing here
merges two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from truceline.incidents.categories import Category


@dataclass(frozen=True, slots=True)
class Ellipse:
    """One sigma of a place: axes in metres, azimuth of the major one in degrees from north."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float


@dataclass(frozen=True, slots=True)
class Report:
    """One report. Degrees of WGS 84, metres, microseconds since the epoch.

    `radius_m` is one sigma of the place on each axis; `ledger` the body whose count it adds
    to; None wherever the report does not say.
    """

    id: str
    ledger: str
    source: str
    category: Category | None
    lat: float | None
    lon: float | None
    radius_m: float | None
    start_us: int | None
    end_us: int | None
    ellipse: Ellipse | None = None
    zone: str | None = None

    @property
    def is_placed(self) -> bool:
        """Say whether it names a place."""
        return self.lat is not None and self.lon is not None

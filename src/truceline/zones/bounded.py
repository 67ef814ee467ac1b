"""A zone as others load it: what was agreed, within the time in which it is in force.

A content says what was agreed and often no time of its own; the adoption says from
when to when it holds. A file that leaves the log must say both, or whoever loads it
would take a zone for one that always held.
"""

from __future__ import annotations

from dataclasses import replace

from truceline.geo.schedule import Period, overlap
from truceline.geo.volume import Window
from truceline.zones.boundary import ZoneContent


def bounded(content: ZoneContent, holds: Window) -> ZoneContent | None:
    """Return the content with its times cut to a window; None where it never applies in it."""
    periods = content.applicability or (Period(),)
    within = tuple(
        replace(period, window=window, permanent=None)
        for period in periods
        if (window := overlap(period.window, holds)) is not None
    )
    return replace(content, applicability=within) if within else None

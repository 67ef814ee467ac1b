"""What cannot be true of any fix, whatever the format: left out of every source, and counted.

A place off the globe, or exactly 0/0, which is where receivers put what they do not know;
a time before ADS-B, which is where clocks start that were never set; a time in the future.
What is only unlikely (a jump, a frozen position) stays in: the engine and its watch on
interference must see it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from truceline.airspace.fix import Fixes

EARLIEST_US = 946_684_800_000_000
"""1 January 2000."""
AHEAD_US = 60_000_000
"""Clocks may be ahead of ours by so much."""


def sane(batch: Fixes, dropped: Counter[str], *, now_us: int | None = None) -> Fixes:
    """Return the fixes that may be true. `now_us` is our clock, None for an archive."""
    if not len(batch):
        return batch
    on_globe = (np.abs(batch.lat) <= 90) & (np.abs(batch.lon) <= 180)
    somewhere = on_globe & ((batch.lat != 0) | (batch.lon != 0))
    known = somewhere & (batch.seen_at >= EARLIEST_US)
    kept = known if now_us is None else known & (batch.seen_at <= now_us + AHEAD_US)
    if kept.all():
        return batch
    for reason, bad in (
        ("bad_position", ~on_globe),
        ("null_island", on_globe & ~somewhere),
        ("before_2000", somewhere & ~known),
        ("from_the_future", known & ~kept),
    ):
        count = int(np.count_nonzero(bad))
        if count:
            dropped[reason] += count
    return batch.take(kept)

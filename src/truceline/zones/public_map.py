"""The public map: which zones are in force, as anyone may know, at a size of the log and a time.

The rule, also written by another hand in `verifier/public_map.py` (docs/protocol.md): over
the first `size` entries, of each zone the latest adoption that covers the time and after
which no expiry is stated, if its instrument is public. Nothing else enters: no position, no
proposal, no instrument's own suspension, which is shown with the instrument.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from truceline.records.record import Micros
from truceline.zones.history import Adoption, ZoneHistory

PUBLIC = "public"


def public_map(zones: Iterable[ZoneHistory], at: Micros) -> list[dict[str, Any]]:
    """Return the items of a snapshot's `zones`, sorted by zone."""
    found = ((one, _covering(one, at)) for one in sorted(zones, key=lambda one: one.code))
    return [
        {
            "zone": zone.code,
            "content": adoption.content,
            "adopted": adoption.index,
            "from": adoption.from_at,
            "until": adoption.until,
            "suspended_by": sorted(
                {one.body for one in zone.suspensions if one.restored_at is None}
            ),
        }
        for zone, adoption in found
        if adoption is not None and adoption.secrecy == PUBLIC
    ]


def _covering(zone: ZoneHistory, at: Micros) -> Adoption | None:
    """By the entries alone: an expiry ends what was adopted before it, whatever its instant."""
    for one in zone.adoptions.newest_first():
        if one.expired_at is None and one.from_at <= at and (one.until is None or at < one.until):
            return one
    return None

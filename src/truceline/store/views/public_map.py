"""The public map as the views give it, over the first `size` leaves at a moment.

The same rule as `zones/public_map.py` (which folds) and `verifier/public_map.py` (which
trusts neither): written in SQL's terms because a checkpoint's size is often smaller
than what the Book knows by then.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from truceline.records.record import Micros
from truceline.store.schema import adoption, record, restoration, suspension, zone_expiry


def items(look: Connection, *, size: int, at: Micros) -> list[dict[str, Any]]:
    """Return the items of a snapshot's `zones`, sorted by zone."""
    expired = _last_expiry(look, size)
    suspended = _suspended(look, size)
    query = sa.select(adoption).where(adoption.c.leaf_index < size, adoption.c["from"] <= at)
    holding: dict[str, dict[str, Any]] = {}
    for row in look.execute(query.order_by(adoption.c.leaf_index)).mappings():
        zone, until = row["zone"], row["until"]
        over = until is not None and until <= at
        if over or row["leaf_index"] < expired.get(zone, -1):
            continue
        # A newer boundary that is not public takes the older one off the map.
        holding.pop(zone, None)
        if row["secrecy"] != "public":
            continue
        holding[zone] = {
            "zone": zone,
            "content": row["sha256"],
            "adopted": row["leaf_index"],
            "from": row["from"],
            "until": until,
            "suspended_by": sorted(suspended[zone]),
        }
    return [holding[zone] for zone in sorted(holding)]


def _last_expiry(look: Connection, size: int) -> dict[str, int]:
    query = sa.select(zone_expiry.c.zone, sa.func.max(zone_expiry.c.leaf_index))
    query = query.where(zone_expiry.c.leaf_index < size).group_by(zone_expiry.c.zone)
    return {row[0]: row[1] for row in look.execute(query)}


def _suspended(look: Connection, size: int) -> dict[str, set[str]]:
    """Zone to the bodies whose suspension is not taken back by the same body."""
    back = sa.select(restoration.c.suspension, restoration.c.body).where(
        restoration.c.leaf_index < size, restoration.c.what == "zone"
    )
    restored = {(name, body) for name, body in look.execute(back)}
    query = (
        sa.select(suspension.c.code, suspension.c.body, record.c.id)
        .join(record, record.c.leaf_index == suspension.c.leaf_index)
        .where(suspension.c.leaf_index < size, suspension.c.what == "zone")
    )
    found: dict[str, set[str]] = defaultdict(set)
    for code, body, name in look.execute(query):
        if (name, body) not in restored:
            found[code].add(body)
    return found

"""The public map, signed: what the mechanism says is in force, at which tree size and moment.

Anyone recomputes it from the log alone (`truceline verify --snapshot`), so a host that
shows one party another map is held to its own signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from truceline.records import canonical, envelope
from truceline.records.envelope import Envelope
from truceline.records.keys import SigningKey
from truceline.records.receipt import SNAPSHOT_TYPE
from truceline.records.record import Micros

LATEST = "snapshot"


def path_of(size: int) -> str:
    """Return where the snapshot of a tree size is published, below the log's prefix."""
    return f"snapshots/{size}.json"


def signed(
    mechanism: SigningKey,
    *,
    log: str,
    at: Micros,
    size: int,
    root: bytes,
    zones: Sequence[Mapping[str, Any]],
) -> Envelope:
    """Return the snapshot under the mechanism's signature; `zones` are the public map's items."""
    payload = canonical.encode(
        {
            "v": 1,
            "log": log,
            "at": at,
            "size": size,
            "root": root.hex(),
            "zones": [dict(one) for one in zones],
        }
    )
    return envelope.sign(payload, mechanism, payload_type=SNAPSHOT_TYPE)


def files(snapshot: Envelope, size: int) -> dict[str, bytes]:
    """Return the files in which a snapshot is published."""
    data = snapshot.encode()
    return {path_of(size): data, LATEST: data}

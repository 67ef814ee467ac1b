"""The map of public zones, computed from the records alone, against what the host published.

The host signs each snapshot of the map together with a size and root of the log,
so it cannot show two parties two maps: whoever holds the log computes the one map
that its records give.

The rule. Over the first n leaves, at time t: for each zone, the latest
`zone.adopted` with from <= t and (no until, or t < until) and no `zone.expired` of
that zone after it; the zone is on the map when that one's secrecy is "public" (an
older public boundary never stands in for a newer one that is not). Suspensions that are not taken back are
listed by body. Nothing is believed of an adoption: what it must rest on is `adopted.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from truceline.errors import Malformed, Reason
from truceline.records import canonical
from truceline.records.envelope import Envelope
from truceline.records.receipt import SNAPSHOT_TYPE

MAP_KINDS = frozenset(
    (
        "instrument.published/1",
        "instrument.signed/1",
        "instrument.entered/1",
        "instrument.extended/1",
        "instrument.terminated/1",
        "zone.proposed/1",
        "zone.revised/1",
        "zone.amended/1",
        "zone.position/1",
        "zone.consented/1",
        "zone.adopted/1",
        "zone.suspended/1",
        "zone.restored/1",
        "zone.expired/1",
    )
)
WATCH_KINDS = frozenset(("clock.fired/1", "air.crossing/1", "air.prediction/1", "air.predicted/1"))
"""Kept only while their leaf is judged: there may be millions."""


class Said(NamedTuple):
    """One record that the map rests on, by a body whose right to say it was checked."""

    number: int  # of the leaf
    received_at: int
    id: str
    kind: str
    by: str  # the author's body; "" for the mechanism
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the mechanism published: the public zones at a time, over a size and root."""

    log: str
    at: int
    size: int
    root: bytes
    zones: Sequence[Mapping[str, Any]]


def read(signed: Envelope) -> Snapshot:
    """Return the snapshot in an envelope; its signature is the caller's to check."""
    if signed.payload_type != SNAPSHOT_TYPE:
        raise Malformed(
            Reason.WRONG_TYPE, where="snapshot", detail=f"not a snapshot but {signed.payload_type}"
        )
    value = canonical.decode(signed.payload, where="snapshot")
    try:
        zones = list(value["zones"])
        made = Snapshot(
            str(value["log"]),
            int(value["at"]),
            int(value["size"]),
            bytes.fromhex(value["root"]),
            zones,
        )
        right = value["v"] == 1 and all(type(zone) is dict for zone in zones)
    except (KeyError, TypeError, ValueError):
        right = False
    if not right:
        raise Malformed(Reason.BAD_FORMAT, where="snapshot", detail="a field is missing or wrong")
    return made


def zones_at(said: Sequence[Said], *, size: int, at: int) -> list[dict[str, Any]]:
    """Return the public map over the first `size` leaves at the time `at`."""
    known = [one for one in said if one.number < size]
    latest: dict[str, Said] = {}
    for one in known:
        if one.kind == "zone.adopted/1" and _holds(one, at):
            latest[one.body["zone"]] = one
        elif one.kind == "zone.expired/1":
            latest.pop(one.body["zone"], None)
    suspended = _suspensions(known)
    public = sorted(zone for zone, one in latest.items() if one.body["secrecy"] == "public")
    return [_item(zone, latest[zone], suspended.get(zone, {})) for zone in public]


def _holds(adopted: Said, at: int) -> bool:
    body = adopted.body
    until = body.get("until")
    return bool(body["from"] <= at and (until is None or at < until))


def _suspensions(known: Iterable[Said]) -> dict[str, dict[str, str]]:
    """For each zone, the open suspensions: record id -> body."""
    suspended: dict[str, dict[str, str]] = {}
    for one in known:
        if one.kind == "zone.suspended/1":
            suspended.setdefault(one.body["zone"], {})[one.id] = one.by
        elif one.kind == "zone.restored/1":
            own = suspended.get(one.body["zone"], {})
            if own.get(one.body["suspension"]) == one.by:
                del own[one.body["suspension"]]
    return suspended


def _item(zone: str, adopted: Said, suspended: Mapping[str, str]) -> dict[str, Any]:
    return {
        "zone": zone,
        "content": adopted.body["content"]["sha256"],
        "adopted": adopted.number,
        "from": adopted.body["from"],
        "until": adopted.body.get("until"),
        "suspended_by": sorted(set(suspended.values())),
    }


def differences(
    published: Sequence[Mapping[str, Any]], computed: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Say, zone by zone, how the published map differs from the records' map."""
    shown = {str(item.get("zone")): dict(item) for item in published}
    right = {str(item["zone"]): dict(item) for item in computed}
    says = [
        f"the map shows {zone}, which no record puts in force"
        for zone in sorted(shown.keys() - right.keys())
    ]
    says += [
        f"the map leaves out {zone}, which is in force"
        for zone in sorted(right.keys() - shown.keys())
    ]
    for zone in sorted(shown.keys() & right.keys()):
        wrong = [
            name
            for name in sorted({*shown[zone], *right[zone]})
            if shown[zone].get(name) != right[zone].get(name)
        ]
        if wrong:
            says.append(
                f"the map shows {zone} with another {', '.join(wrong)} than the records give"
            )
    if not says and list(published) != list(computed):
        says.append("the map lists its zones twice or out of order")
    return says

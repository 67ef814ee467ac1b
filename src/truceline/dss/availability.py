"""Whether a USS can be asked: an arbiter's word, which frees others from what it cannot answer."""

from __future__ import annotations

from typing import Any

from truceline.dss.entities import Availability, Up
from truceline.dss.volume import bad, mapping
from truceline.dss.world import Act, Change, Outcome, World, check_version
from truceline.errors import Reason

_LONGEST_NAME = 500


def put(world: World, act: Act, uss: str, body: object) -> Outcome:
    """Set a USS's availability; `old_version` must be the one it has ("" before the first)."""
    tree = mapping(body, "request")
    said, old = tree.get("availability"), tree.get("old_version", "")
    words = {str(one).lower(): one for one in Up}
    up = words.get(said.lower()) if isinstance(said, str) else None
    if up is None:
        raise bad("availability", f"one of {', '.join(Up)}", Reason.OUT_OF_RANGE)
    if not isinstance(old, str):
        raise bad("old_version", "text is needed", Reason.WRONG_TYPE)
    before = world.get(Availability, _checked(uss))
    check_version("" if before is None else before.version, old)
    made = Availability(uss, up, act.token())
    return Outcome(Change((made,)), _told(made))


def get(world: World, uss: str) -> dict[str, Any]:
    """Return a USS's availability; one that was never set is unknown."""
    found = world.get(Availability, _checked(uss))
    return _told(found or Availability(uss, Up.UNKNOWN, ""))


def _checked(uss: str) -> str:
    if not 0 < len(uss) <= _LONGEST_NAME or not uss.isprintable():
        raise bad("uss", f"a name of 1 to {_LONGEST_NAME} printable characters", Reason.BAD_FORMAT)
    return uss


def _told(one: Availability) -> dict[str, Any]:
    return {"version": one.version, "status": {"uss": one.id, "availability": str(one.up)}}

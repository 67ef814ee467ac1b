"""How the feeds of one server do: what each last told of itself, and how long ago.

A feed tells of itself; what it tells is shown as told, with our own clock beside it: a feed
that has stopped telling is away, whatever it said last. Nothing here is on the record.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.records.record import Micros

MOST_FEEDS = 64
AWAY_US = 15_000_000
"""A feed that has told and sent nothing for so long is away."""
LATE_S = 30.0
"""A feed whose last position is older is late."""
_MOST_COUNTERS = 64
_LARGEST = 1 << 53


@dataclass(slots=True)
class _Feed:
    """One source: what it told, and what of it arrived."""

    nature: str
    told_at: Micros
    health: Mapping[str, Any] = field(default_factory=dict)
    fed_at: int = 0
    fixes: int = 0
    carried: int = 0


class Feeds:
    """Every source that has fed or told since the start. Safe to use from several threads."""

    def __init__(self) -> None:
        self._feeds: dict[tuple[str, str], _Feed] = {}
        self._lock = threading.Lock()

    def fed(self, source: str, nature: str, *, fixes: int, carried: int, at: Micros) -> None:
        """Note that a batch of a source has come; `carried` is how many fixes of it did in all."""
        with self._lock:
            one = self._of(source, nature, at)
            one.fed_at, one.fixes, one.carried = at, one.fixes + fixes, carried

    def tell(self, source: str, nature: str, health: Mapping[str, Any], at: Micros) -> None:
        """Note what a source tells of itself. Refuses what is no health."""
        checked = _checked(health)
        with self._lock:
            one = self._of(source, nature, at)
            one.health, one.told_at = checked, at

    def listed(self, now: Micros) -> list[dict[str, Any]]:
        """Return every source, how it does, and how old that news is, in seconds."""
        with self._lock:
            return [
                {"source": source, **_shown(one, now)}
                for (source, _), one in sorted(self._feeds.items())
            ]

    def _of(self, source: str, nature: str, at: Micros) -> _Feed:
        found = self._feeds.get((source, nature))
        if found is None:
            if len(self._feeds) >= MOST_FEEDS:
                raise Malformed(
                    Reason.TOO_MANY, where="source", detail=f"more than {MOST_FEEDS} sources"
                )
            found = self._feeds[source, nature] = _Feed(nature, at)
        return found


def _shown(one: _Feed, now: Micros) -> dict[str, Any]:
    silent_us = now - max(one.told_at, one.fed_at)
    return {
        "nature": one.nature,
        "state": _state(one, silent_us),
        "told_s": _seconds(now, one.told_at) if one.health else None,
        "fed_s": _seconds(now, one.fed_at) if one.fed_at else None,
        "received": one.fixes,
        "carried": one.carried,
        **one.health,
    }


def _state(one: _Feed, silent_us: int) -> str:
    """One word: away, lost (its source is), late (no positions), or live."""
    if silent_us > AWAY_US:
        return "away"
    if one.health and not one.health.get("connected"):
        return "lost"
    age = one.health.get("age_s") if one.health else 0.0
    return "late" if age is None or age > LATE_S else "live"


def _seconds(now: int, at: int) -> float:
    return round(max(0, now - at) / 1_000_000, 1)


_NUMBERS = ("bytes", "fixes", "connections")
_COUNTERS = ("dropped", "lost", "noted")


def _checked(health: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a feed may tell: nothing else is shown to anybody."""
    age, rate = health.get("age_s"), health.get("rate_s", 0.0)
    made: dict[str, Any] = {
        "address": str(health.get("address", ""))[:200],
        "connected": health.get("connected") is True,
        "age_s": None if age is None else _number(age, "age_s"),
        "rate_s": _number(rate, "rate_s"),
    }
    made |= {name: _count(health.get(name, 0), name) for name in _NUMBERS}
    for name in _COUNTERS:
        counts = health.get(name, {})
        if not isinstance(counts, Mapping) or len(counts) > _MOST_COUNTERS:
            raise _wrong(name, "is not at most 64 counts by reason")
        made[name] = {str(key)[:60]: _count(value, name) for key, value in counts.items()}
    made["reconnects"] = max(0, made["connections"] - 1)
    return made


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        raise _wrong(where, "is not a number from 0")
    return round(float(value), 1)


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        raise _wrong(where, "is not a whole number from 0")
    return value


def _wrong(where: str, what: str) -> Malformed:
    return Malformed(Reason.WRONG_TYPE, where=f"health, {where}", detail=f"{where} {what}")

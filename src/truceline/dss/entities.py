"""What the drone interface holds: references with an owner, a version, and where and when.

An OVN (opaque version number) is what a USS must know of everything near it before it may
plan there; it is told to the owner alone, and got from the owner by the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from truceline.dss import volume as volumes
from truceline.dss.volume import Volume4D, time_told
from truceline.records.record import Micros

NOT_YOURS = "Available from USS"
"""What stands in place of an OVN that another USS must be asked for."""

NO_SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"


class State(StrEnum):
    """States of an operational intent that the standard knows."""

    ACCEPTED = "Accepted"
    ACTIVATED = "Activated"
    NONCONFORMING = "Nonconforming"
    CONTINGENT = "Contingent"

    @property
    def off_nominal(self) -> bool:
        """Say whether only conformance monitoring may declare it; it asks nobody's leave."""
        return self in (State.NONCONFORMING, State.CONTINGENT)


class Up(StrEnum):
    """Whether a USS can be asked, as an arbiter said."""

    UNKNOWN = "Unknown"
    NORMAL = "Normal"
    DOWN = "Down"


@dataclass(frozen=True, slots=True)
class Intent:
    """An operational intent reference. `subscription` "": none."""

    id: str
    manager: str
    version: int
    ovn: str
    state: State
    base_url: str
    subscription: str
    volumes: tuple[Volume4D, ...]

    def told(self, asker: str, up: Up) -> dict[str, Any]:
        """Return the reference as a USS may read it."""
        return {
            **_reference(self, asker, up),
            "state": str(self.state),
            "subscription_id": self.subscription or NO_SUBSCRIPTION,
        }


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint reference.

    What follows `volumes` is of the mechanism's own: the zone in force and its content, how
    far ahead it was made for, and its details.
    """

    id: str
    manager: str
    version: int
    ovn: str
    base_url: str
    volumes: tuple[Volume4D, ...]
    zone: str = ""
    content: str = ""
    until: Micros | None = None
    details: Mapping[str, Any] | None = None

    def told(self, asker: str, up: Up) -> dict[str, Any]:
        """Return the reference as a USS may read it."""
        return _reference(self, asker, up)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who wants to hear of changes where. An implicit one comes and goes with its intents."""

    id: str
    manager: str
    version: str
    index: int
    base_url: str
    for_intents: bool
    for_constraints: bool
    implicit: bool
    volumes: tuple[Volume4D, ...]

    def told(self, dependents: list[str]) -> dict[str, Any]:
        """Return the subscription as its owner reads it."""
        start, end = volumes.window(self.volumes)
        tree: dict[str, Any] = {
            "id": self.id,
            "version": self.version,
            "notification_index": self.index,
            "uss_base_url": self.base_url,
            "notify_for_operational_intents": self.for_intents,
            "notify_for_constraints": self.for_constraints,
            "implicit_subscription": self.implicit,
            "dependent_operational_intents": dependents,
        }
        return tree | _span(start, end)


@dataclass(frozen=True, slots=True)
class Availability:
    """What an arbiter said of a USS; `id` is the USS."""

    id: str
    up: Up
    version: str


@dataclass(frozen=True, slots=True)
class ServiceArea:
    """An identification service area (remote identification): who knows of flights where."""

    id: str
    manager: str
    version: str
    base_url: str
    volumes: tuple[Volume4D, ...]

    def told(self) -> dict[str, Any]:
        """Return the area as anyone with a token may read it."""
        return _identified(self) | _span(*volumes.window(self.volumes))


@dataclass(frozen=True, slots=True)
class RidSubscription:
    """Who wants to hear of identification service areas where."""

    id: str
    manager: str
    version: str
    index: int
    base_url: str
    volumes: tuple[Volume4D, ...]

    def told(self) -> dict[str, Any]:
        """Return the subscription as its owner reads it."""
        index = {"notification_index": self.index}
        return _identified(self) | index | _span(*volumes.window(self.volumes))


type Entity = Intent | Constraint | Subscription | Availability | ServiceArea | RidSubscription
type Placed = Intent | Constraint | Subscription | ServiceArea | RidSubscription
"""Entities that lie somewhere."""


def _reference(one: Intent | Constraint, asker: str, up: Up) -> dict[str, Any]:
    tree = {
        "id": one.id,
        "manager": one.manager,
        "uss_availability": str(up),
        "version": one.version,
        "ovn": one.ovn if one.manager == asker else NOT_YOURS,
        "uss_base_url": one.base_url,
    }
    return tree | _span(*volumes.window(one.volumes))


def _identified(one: ServiceArea | RidSubscription) -> dict[str, Any]:
    return {
        "id": one.id,
        "owner": one.manager,
        "version": one.version,
        "uss_base_url": one.base_url,
    }


def _span(start: Micros | None, end: Micros | None) -> dict[str, Any]:
    named = (("time_start", start), ("time_end", end))
    return {name: time_told(at) for name, at in named if at is not None}

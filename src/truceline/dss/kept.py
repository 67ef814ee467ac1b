"""Entities as JSON text, as the store keeps them, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from truceline.dss import volume as volumes
from truceline.dss.entities import (
    Availability,
    Constraint,
    Entity,
    Intent,
    RidSubscription,
    ServiceArea,
    State,
    Subscription,
    Up,
)
from truceline.errors import Reason, TrucelineError, Unproven
from truceline.records.record import Micros

SORTS: Mapping[str, type[Entity]] = {
    "intent": Intent,
    "constraint": Constraint,
    "subscription": Subscription,
    "availability": Availability,
    "service_area": ServiceArea,
    "rid_subscription": RidSubscription,
}
"""The word by which the store tells the entities apart."""

_WORDS = {made: word for word, made in SORTS.items()}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "state": State,
    "up": Up,
    "volumes": lambda tree: volumes.read_all(tree, where="volumes"),
}


def sort(one: Entity) -> str:
    """Return the word of an entity's kind."""
    return _WORDS[type(one)]


def ends_at(one: Entity) -> Micros | None:
    """Return when an entity ends; None: it stays until it is deleted."""
    return None if isinstance(one, Availability) else volumes.window(one.volumes)[1]


def encode(one: Entity) -> str:
    """Return an entity as text."""
    tree = {name: getattr(one, name) for name in one.__slots__}
    if not isinstance(one, Availability):
        tree["volumes"] = [each.told() for each in one.volumes]
    return json.dumps(tree, sort_keys=True, separators=(",", ":"))


def decode(word: str, text: str) -> Entity:
    """Return the entity of a text; what cannot be read is told as damage to the store."""
    try:
        tree = json.loads(text)
        made = SORTS[word](**{name: _read(name, value) for name, value in tree.items()})
    except (KeyError, TypeError, ValueError, TrucelineError) as error:
        raise Unproven(
            Reason.CORRUPT,
            where=f"dss_entity, {word}",
            detail=f"a row is not what was written there ({error})",
        ) from None
    return made


def _read(name: str, value: Any) -> Any:
    return _READ[name](value) if name in _READ else value

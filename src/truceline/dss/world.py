"""All that the drone interface holds, findable by place: changed by one change at a time.

The rules read a world and answer with a `Change`; nothing is changed until the change is
durable, and then `apply` takes all of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from truceline.dss import volume as volumes
from truceline.dss.entities import (
    Availability,
    Constraint,
    Entity,
    Intent,
    Placed,
    RidSubscription,
    ServiceArea,
    Subscription,
    Up,
)
from truceline.dss.places import Places
from truceline.dss.volume import Volume4D
from truceline.errors import Reason, Refused
from truceline.records.record import Micros


@dataclass(frozen=True, slots=True)
class Act:
    """One request: of whom, with which scopes, when; `token` and `uuid` give fresh names.

    `http`: addresses without TLS are taken too (closed networks, tests).
    """

    manager: str
    scopes: frozenset[str]
    now: Micros
    token: Callable[[], str]
    uuid: Callable[[], str]
    http: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a request puts in place of what was there, and what it takes away."""

    put: tuple[Entity, ...] = ()
    gone: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request changes, and what it is answered."""

    change: Change
    answer: Mapping[str, Any]


@dataclass(slots=True)
class World:
    """The entities, by id and by place. Not safe to change from two threads at once."""

    _by_id: dict[type, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    _places: dict[type, Places] = field(default_factory=lambda: defaultdict(Places))
    _dependents: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _of_manager: Counter[str] = field(default_factory=Counter)

    def held(self, manager: str) -> int:
        """Return how many entities a USS has here."""
        return self._of_manager[manager]

    def get[T: Entity](self, sort: type[T], name: str) -> T | None:
        """Return the entity with an id, if it is there."""
        found: T | None = self._by_id[sort].get(name)
        return found

    def all[T: Entity](self, sort: type[T]) -> tuple[T, ...]:
        """Return all entities of a kind."""
        return tuple(self._by_id[sort].values())

    def near[T: Placed](
        self, sort: type[T], area: Sequence[Volume4D], *, heights: bool = True
    ) -> Iterator[T]:
        """Yield the entities that meet an area in space and time (and height), by id."""
        for name in sorted(self._places[sort].near(area)):
            found: T = self._by_id[sort][name]
            if volumes.overlaps(found.volumes, area, heights=heights):
                yield found

    def up(self, uss: str) -> Up:
        """Return whether a USS can be asked."""
        found = self.get(Availability, uss)
        return Up.UNKNOWN if found is None else found.up

    def dependents(self, subscription: str) -> list[str]:
        """Return the intents that rest on a subscription."""
        return sorted(self._dependents.get(subscription, ()))

    def apply(self, change: Change) -> None:
        """Take a change that is durable."""
        for one in change.gone:
            self._remove(one)
        for one in change.put:
            before = self.get(type(one), one.id)
            if before is not None:
                self._remove(before)
            self._add(one)

    def _add(self, one: Entity) -> None:
        self._by_id[type(one)][one.id] = one
        self._of_manager[_manager(one)] += 1
        if not isinstance(one, Availability):
            self._places[type(one)].add(one.id, one.volumes)
        if isinstance(one, Intent) and one.subscription:
            self._dependents[one.subscription].add(one.id)

    def _remove(self, one: Entity) -> None:
        if self._by_id[type(one)].pop(one.id, None) is not None:
            self._of_manager[_manager(one)] -= 1
        self._places[type(one)].remove(one.id)
        if isinstance(one, Intent) and one.subscription:
            self._dependents[one.subscription].discard(one.id)


def _manager(one: Entity) -> str:
    return "" if isinstance(one, Availability) else one.manager


# -- who is to be told ---------------------------------------------------------------------


def told_of(
    world: World,
    area: Sequence[Volume4D],
    now: Micros,
    wanted: Callable[[Subscription], bool],
    *,
    among: Iterable[Subscription] = (),
    without: Iterable[str] = (),
) -> tuple[Subscription, ...]:
    """Return the subscriptions to tell of a change in an area, each with its index counted up.

    `among` are new or changed ones that the world does not know yet, `without` those that
    go with the change. Heights do not matter: whoever listens below hears of what is above.
    """
    fresh = {one.id: one for one in among}
    away = set(without) | set(fresh)
    known = [one for one in world.near(Subscription, area, heights=False) if one.id not in away]
    met = [one for one in fresh.values() if volumes.overlaps(one.volumes, area, heights=False)]
    found = sorted((*known, *met), key=lambda one: one.id)
    return tuple(
        replace(one, index=one.index + 1) for one in found if wanted(one) and not is_over(one, now)
    )


def subscribers(
    found: Iterable[Subscription] | Iterable[RidSubscription], *, key: str = "uss_base_url"
) -> list[dict[str, Any]]:
    """Return whom the asker must tell, by address, as the standards write it."""
    by_url: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        state = {"subscription_id": one.id, "notification_index": one.index}
        by_url.setdefault(one.base_url, []).append(state)
    return [{key: url, "subscriptions": states} for url, states in sorted(by_url.items())]


def is_over(one: Placed, now: Micros) -> bool:
    """Say whether an entity's time has passed."""
    end = volumes.window(one.volumes)[1]
    return end is not None and end < now


# -- refusals that all share ---------------------------------------------------------------


def found[T: (Intent, Constraint, Subscription, ServiceArea, RidSubscription)](
    one: T | None, name: str
) -> T:
    """Return the entity, or refuse: it is not there."""
    if one is None:
        raise Refused(Reason.NOT_FOUND, where="id", detail=f"there is no {name} with this id")
    return one


def check_owner(one: Placed, manager: str) -> None:
    """Refuse someone else's entity."""
    if one.manager != manager:
        raise Refused(Reason.NO_MANDATE, where="id", detail="it belongs to another client")


def check_version(have: str, given: str) -> None:
    """Refuse a version that is not the present one."""
    if have != given:
        raise Refused(
            Reason.SEQUENCE,
            where="version",
            detail="the version is not the present one",
            remedy="Read it again, and send the request with the version that it has now",
        )

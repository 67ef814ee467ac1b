"""Operational intents: who plans to fly where, and the rule that nobody plans blindly.

An intent may be accepted or activated only by who shows the OVN of every other intent that
it meets (and of every constraint, if its subscription asks for constraints): that is the
proof of having read them (ASTM F3548-21, DSS0210 and SCD0080). A nonconforming or contingent
one is a fact about the air, and is taken without proof from who monitors conformance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from truceline.dss import names, subscriptions
from truceline.dss import volume as volumes
from truceline.dss.entities import Constraint, Intent, State, Subscription, Up
from truceline.dss.volume import Volume4D, bad, mapping
from truceline.dss.world import (
    Act,
    Change,
    Outcome,
    World,
    check_owner,
    check_version,
    found,
    subscribers,
    told_of,
)
from truceline.errors import Malformed, Reason, Refused
from truceline.records.record import Micros

MONITORING = "utm.conformance_monitoring_sa"
_MOST_KEY = 20_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a USS asks for an intent. `subscription` "": none of those that exist."""

    base_url: str
    state: State
    volumes: tuple[Volume4D, ...]
    key: frozenset[str]
    subscription: str
    implicit: tuple[str, bool] | None
    """Address, and whether constraints too: of a subscription to be made with the intent."""
    ovn: str
    """The OVN that the USS wishes to give; "": ours."""


@dataclass(frozen=True, slots=True)
class Blind:
    """What the key lacks; nothing is changed."""

    intents: tuple[Intent, ...]
    constraints: tuple[Constraint, ...]

    def told(self, world: World, asker: str) -> dict[str, Any]:
        """Return what is missing, as the standard writes it."""
        tree: dict[str, Any] = {
            "message": "The key lacks the OVN of at least one intent or constraint; ask their USSs"
        }
        for name, lacking in (
            ("missing_operational_intents", self.intents),
            ("missing_constraints", self.constraints),
        ):
            if lacking:
                tree[name] = [one.told(asker, world.up(one.manager)) for one in lacking]
        return tree


def put(world: World, act: Act, name: str, ovn: str | None, body: object) -> Outcome | Blind:
    """Make an intent (`ovn` None) or change the one that has this OVN."""
    name = names.read_id(name)
    asked = _asked(name, mapping(body, "request"), act, first=ovn is None)
    if asked.state.off_nominal and MONITORING not in act.scopes:
        raise Refused(Reason.NO_MANDATE, where="state", detail=f"{asked.state} needs {MONITORING}")
    before = _before(world, act, name, ovn)
    support, added = _support(world, act, before, asked)
    blind = _blind(world, name, asked, support)
    if blind is not None:
        return blind
    made = Intent(
        name,
        act.manager,
        1 if before is None else before.version + 1,
        asked.ovn or act.token(),
        asked.state,
        asked.base_url,
        support.id if support else "",
        asked.volumes,
    )
    unused = _unused(world, before, made)
    area = made.volumes if before is None else (*made.volumes, *before.volumes)
    told = _told(world, act, area, added=added, unused=unused)
    kept = [one for one in added if one.id not in {each.id for each in told}]
    change = Change((made, *kept, *told), unused)
    return Outcome(change, _answer(world, act, made, told))


def delete(world: World, act: Act, name: str, ovn: str) -> Outcome:
    """Take an intent away, and the subscription that was made for it alone."""
    one = found(world.get(Intent, names.read_id(name)), "operational intent")
    check_owner(one, act.manager)
    check_version(one.ovn, ovn)
    unused = _unused(world, one, None)
    # The subscription that goes with it is told a last time, as the reference does.
    told = _told(world, act, one.volumes, added=(), unused=())
    away = {each.id for each in unused}
    change = Change(tuple(each for each in told if each.id not in away), (one, *unused))
    return Outcome(change, _answer(world, act, one, told))


def get(world: World, act: Act, name: str) -> dict[str, Any]:
    """Return one intent."""
    one = found(world.get(Intent, names.read_id(name)), "operational intent")
    return {"operational_intent_reference": one.told(act.manager, world.up(one.manager))}


def query(world: World, act: Act, body: object) -> dict[str, Any]:
    """Return the intents in an area of interest."""
    area = area_of_interest(body)
    met = world.near(Intent, (area,))
    told = [one.told(act.manager, world.up(one.manager)) for one in met]
    return {"operational_intent_references": told}


def area_of_interest(body: object) -> Volume4D:
    """Return the area that a query asks about."""
    return volumes.read(mapping(body, "request").get("area_of_interest"), where="area_of_interest")


def check_extents(found: tuple[Volume4D, ...], now: Micros, *, heights: bool) -> None:
    """Refuse volumes without times (or heights), and those that are over."""
    for number, one in enumerate(found):
        where = f"extents[{number}]"
        if one.start is None or one.end is None:
            raise bad(where, "time_start and time_end are needed", Reason.MISSING_FIELD)
        if heights and (one.lower_m is None or one.upper_m is None):
            raise bad(where, "altitude_lower and altitude_upper are needed", Reason.MISSING_FIELD)
        if one.end < now:
            raise bad(where, "time_end is in the past", Reason.BAD_TIME)


# -- reading -------------------------------------------------------------------------------


def _asked(name: str, body: Mapping[str, Any], act: Act, *, first: bool) -> Asked:
    extents = volumes.read_all(body.get("extents"), where="extents")
    check_extents(extents, act.now, heights=True)
    state = _state(body.get("state"), first=first)
    subscription, implicit = _wishes(body, http=act.http)
    if state is not State.ACCEPTED and not subscription and implicit is None:
        raise bad("subscription_id", f"{state} needs a subscription", Reason.MISSING_FIELD)
    ovn = ""
    if body.get("requested_ovn_suffix") is not None:
        ovn = names.requested_ovn(name, body["requested_ovn_suffix"], act.now)
    return Asked(
        names.read_url(body, http=act.http),
        state,
        extents,
        _key(body.get("key")),
        subscription,
        implicit,
        ovn,
    )


def _state(value: object, *, first: bool) -> State:
    try:
        state = State(value)  # type: ignore[arg-type]  # what is none is refused below
    except ValueError:
        raise bad("state", f"{str(value)[:40]!r} is not a state", Reason.OUT_OF_RANGE) from None
    if first and state is not State.ACCEPTED:
        raise bad("state", f"an intent begins as {State.ACCEPTED}", Reason.OUT_OF_RANGE)
    return state


def _wishes(body: Mapping[str, Any], *, http: bool) -> tuple[str, tuple[str, bool] | None]:
    """The subscription that is named, and the one that is to be made."""
    given, new = body.get("subscription_id"), body.get("new_subscription")
    if new is None:
        return (names.read_id(given, where="subscription_id") if given else ""), None
    if given is not None:
        raise bad(
            "subscription_id", "either subscription_id or new_subscription", Reason.CONTRADICTS
        )
    tree = mapping(new, "new_subscription")
    url = names.read_url(tree, http=http, where="new_subscription.uss_base_url")
    return "", (url, names.read_flag(tree, "notify_for_constraints"))


def _key(tree: object) -> frozenset[str]:
    if tree is None:
        return frozenset()
    if not isinstance(tree, list) or len(tree) > _MOST_KEY:
        raise bad("key", f"a list of at most {_MOST_KEY} OVNs", Reason.WRONG_TYPE)
    if not all(isinstance(one, str) for one in tree):
        raise bad("key", "an OVN is text", Reason.WRONG_TYPE)
    return frozenset(tree)


# -- deciding ------------------------------------------------------------------------------


def _before(world: World, act: Act, name: str, ovn: str | None) -> Intent | None:
    before = world.get(Intent, name)
    if before is None:
        if ovn is not None:
            raise Malformed(
                Reason.NOT_FOUND, where="id", detail="there is no operational intent to change"
            )
        return None
    check_owner(before, act.manager)
    check_version(before.ovn, ovn or "")
    return before


def _support(
    world: World, act: Act, before: Intent | None, asked: Asked
) -> tuple[Subscription | None, tuple[Subscription, ...]]:
    """The subscription under an intent, and what of it is new."""
    if asked.implicit is not None:
        url, constraints = asked.implicit
        made = Subscription(
            act.uuid(),
            act.manager,
            act.token(),
            0,
            url,
            for_intents=True,
            for_constraints=constraints,
            implicit=True,
            volumes=asked.volumes,
        )
        return made, (made,)
    if not asked.subscription:
        return None, ()
    one = world.get(Subscription, asked.subscription)
    if one is None:
        raise bad("subscription_id", "there is no such subscription", Reason.REF_UNKNOWN)
    check_owner(one, act.manager)
    if subscriptions.covers(one, asked.volumes):
        return one, ()
    if not one.implicit:
        raise bad("subscription_id", "it does not cover the intent", Reason.OUTSIDE_AGREED_AREA)
    wider = replace(one, volumes=(*one.volumes, *asked.volumes), version=act.token())
    return wider, (wider,)


def _blind(world: World, name: str, asked: Asked, support: Subscription | None) -> Blind | None:
    """What the key lacks. One's own intent is exempt, and plans of a USS that is down."""
    if asked.state.off_nominal:
        return None
    intents = tuple(
        one
        for one in world.near(Intent, asked.volumes)
        if one.id != name and one.ovn not in asked.key and not _exempt(world, one)
    )
    constraints: tuple[Constraint, ...] = ()
    if support is not None and support.for_constraints:
        met = world.near(Constraint, asked.volumes)
        constraints = tuple(one for one in met if one.ovn not in asked.key)
    return Blind(intents, constraints) if intents or constraints else None


def _exempt(world: World, one: Intent) -> bool:
    return one.state is State.ACCEPTED and world.up(one.manager) is Up.DOWN


def _unused(world: World, before: Intent | None, after: Intent | None) -> tuple[Subscription, ...]:
    """The implicit subscription that no intent rests on any more."""
    if before is None or not before.subscription:
        return ()
    if after is not None and after.subscription == before.subscription:
        return ()
    old = world.get(Subscription, before.subscription)
    alone = world.dependents(before.subscription) == [before.id]
    return (old,) if old is not None and old.implicit and alone else ()


def _told(
    world: World,
    act: Act,
    area: tuple[Volume4D, ...],
    *,
    added: tuple[Subscription, ...],
    unused: tuple[Subscription, ...],
) -> tuple[Subscription, ...]:
    away = [one.id for one in unused]
    return told_of(world, area, act.now, lambda one: one.for_intents, among=added, without=away)


def _answer(world: World, act: Act, one: Intent, told: tuple[Subscription, ...]) -> dict[str, Any]:
    return {
        "operational_intent_reference": one.told(act.manager, world.up(one.manager)),
        "subscribers": subscribers(told),
    }

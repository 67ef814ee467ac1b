"""Subscriptions of USSs to changes of intents and constraints in an area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from truceline.dss import names
from truceline.dss import volume as volumes
from truceline.dss.entities import Constraint, Intent, Subscription
from truceline.dss.volume import Volume4D, bad, mapping
from truceline.dss.world import (
    Act,
    Change,
    Outcome,
    World,
    check_owner,
    check_version,
    found,
    is_over,
)
from truceline.errors import Reason
from truceline.geo import sphere
from truceline.records.record import Micros

LONGEST = 24 * 3_600 * 1_000_000
"""A subscription lasts at most 24 hours (`DSSMaxSubscriptionDurationHours`)."""
LATE = 5 * 60 * 1_000_000
"""How far in the past a start may lie: clocks differ, and requests travel."""
TRAVEL = 60 * 1_000_000
"""By how much a changed subscription may begin after the intents on it: a client that writes
"in 20 minutes" twice means the same, and InterUSS's prober asks for it."""


def put(world: World, act: Act, name: str, version: str | None, body: object) -> Outcome:
    """Make a subscription (`version` None) or change the one that has this version."""
    name = names.read_id(name)
    tree = mapping(body, "request")
    before = world.get(Subscription, name)
    area = timed(volumes.read(tree.get("extents"), where="extents"), act.now, before)
    base_url = names.read_url(tree, http=act.http)
    intents = names.read_flag(tree, "notify_for_operational_intents")
    constraints = names.read_flag(tree, "notify_for_constraints")
    if not intents and not constraints:
        raise bad("notify_for_operational_intents", "no trigger asked for", Reason.MISSING_FIELD)
    if before is None:
        if version is not None:
            found(before, "subscription")
    else:
        check_owner(before, act.manager)
        check_version(before.version, version or "")
    made = Subscription(
        name,
        act.manager,
        act.token(),
        before.index if before else 0,
        base_url,
        for_intents=intents,
        for_constraints=constraints,
        implicit=False,  # who changes one that was made for an intent has taken it over
        volumes=(area,),
    )
    _check_dependents(world, made)
    return Outcome(Change((made,)), _answer(world, act, made))


def delete(world: World, act: Act, name: str, version: str) -> Outcome:
    """Take a subscription away; refuses one that intents rest on."""
    one = found(world.get(Subscription, names.read_id(name)), "subscription")
    check_owner(one, act.manager)
    check_version(one.version, version)
    if world.dependents(one.id):
        raise bad("id", "operational intents rest on this subscription", Reason.WRONG_STATE)
    return Outcome(Change((), (one,)), {"subscription": one.told([])})


def get(world: World, act: Act, name: str) -> dict[str, Any]:
    """Return one of the asker's own subscriptions."""
    one = found(world.get(Subscription, names.read_id(name)), "subscription")
    check_owner(one, act.manager)
    return {"subscription": one.told(world.dependents(one.id))}


def query(world: World, act: Act, body: object) -> dict[str, Any]:
    """Return the asker's own subscriptions in an area that are not over."""
    area = volumes.read(mapping(body, "request").get("area_of_interest"), where="area_of_interest")
    own = [
        one
        for one in world.near(Subscription, (area,))
        if one.manager == act.manager and not is_over(one, act.now)
    ]
    return {"subscriptions": [one.told(world.dependents(one.id)) for one in own]}


def covers(one: Subscription, area: Sequence[Volume4D], *, late: int = 0) -> bool:
    """Say whether a subscription covers each volume in space and time. Heights do not matter.

    `late` is by how much (microseconds) it may begin after them.
    """
    start, end = volumes.window(one.volumes)
    begin, finish = volumes.window(area)
    if start is not None and (begin is None or begin < start - late):
        return False
    if end is not None and (finish is None or finish > end):
        return False
    return all(
        any(sphere.covers(whole.footprint, part.footprint) for whole in one.volumes)
        for part in area
    )


def timed(area: Volume4D, now: Micros, before: Any = None) -> Volume4D:
    """Return the area with the times that were left out; refuses what is too long or too early."""
    was = volumes.window(before.volumes) if before is not None else (None, None)
    if area.start is not None and area.start < now - LATE and area.start != was[0]:
        raise bad("extents.time_start", "more than five minutes in the past", Reason.BAD_TIME)
    start = area.start if area.start is not None else (was[0] or now)
    end = area.end if area.end is not None else Micros(start + LONGEST)
    if end < now or end <= start:
        raise bad("extents.time_end", "before the start, or in the past", Reason.BAD_TIME)
    if end - start > LONGEST:
        raise bad("extents.time_end", "a subscription lasts at most 24 hours", Reason.BAD_TIME)
    return replace(area, start=start, end=end)


def _check_dependents(world: World, made: Subscription) -> None:
    """A subscription must go on covering what rests on it, in height too."""
    for name in world.dependents(made.id):
        intent = world.get(Intent, name)
        if intent is None:
            continue
        if not covers(made, intent.volumes, late=TRAVEL) or not _heights_cover(made, intent):
            raise bad(
                "extents",
                f"it would no longer cover the operational intent {name}",
                Reason.OUTSIDE_AGREED_AREA,
            )


def _heights_cover(made: Subscription, intent: Intent) -> bool:
    (whole,) = made.volumes
    return all(
        (whole.lower_m is None or (one.lower_m is not None and whole.lower_m <= one.lower_m))
        and (whole.upper_m is None or (one.upper_m is not None and one.upper_m <= whole.upper_m))
        for one in intent.volumes
    )


def _answer(world: World, act: Act, made: Subscription) -> Mapping[str, Any]:
    """What is there already comes with the answer, so that nothing is missed in between."""
    tree: dict[str, Any] = {"subscription": made.told(world.dependents(made.id))}
    if made.for_intents:
        tree["operational_intent_references"] = [
            one.told(act.manager, world.up(one.manager)) for one in world.near(Intent, made.volumes)
        ]
    if made.for_constraints:
        tree["constraint_references"] = [
            one.told(act.manager, world.up(one.manager))
            for one in world.near(Constraint, made.volumes)
        ]
    return tree

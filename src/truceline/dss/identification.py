"""Remote identification (ASTM F3411-22a): service areas, and subscriptions to them.

A USS that knows of flights somewhere says so with a service area; a display subscribes and
is told whom to ask. No flight is held here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from truceline.dss import names, subscriptions
from truceline.dss import volume as volumes
from truceline.dss.entities import RidSubscription, ServiceArea
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
    subscribers,
)
from truceline.errors import Reason, Refused
from truceline.records.record import Micros

MOST_IN_AREA = 10
"""Subscriptions of one USS that may overlap (DSS0030)."""


def put_area(world: World, act: Act, name: str, version: str | None, body: object) -> Outcome:
    """Make a service area (`version` None) or change the one that has this version."""
    name = names.read_id(name)
    wanted = None if version is None else names.read_version(version)
    tree = mapping(body, "request")
    base_url = names.read_url(tree, http=act.http)
    before = world.get(ServiceArea, name)
    area = _timed(volumes.read(tree.get("extents"), where="extents"), act.now, before)
    _check(before, act, wanted, "identification service area")
    made = ServiceArea(name, act.manager, act.token()[:20], base_url, (area,))
    told = _told(world, act, made.volumes if before is None else (area, *before.volumes))
    return Outcome(Change((made, *told)), _area_answer(made, told))


def delete_area(world: World, act: Act, name: str, version: str) -> Outcome:
    """Take a service area away."""
    wanted = names.read_version(version)
    one = found(world.get(ServiceArea, names.read_id(name)), "identification service area")
    _check(one, act, wanted, "")
    told = _told(world, act, one.volumes)
    return Outcome(Change(told, (one,)), _area_answer(one, told))


def get_area(world: World, name: str) -> dict[str, Any]:
    """Return one service area, over or not."""
    one = found(world.get(ServiceArea, names.read_id(name)), "identification service area")
    return {"service_area": one.told()}


def search_areas(
    world: World, act: Act, area: str, earliest: str | None, latest: str | None
) -> dict[str, Any]:
    """Return the service areas in a polygon between two times; those that are over are not there."""
    since = _given(earliest, "earliest_time")
    until = _given(latest, "latest_time")
    since = act.now if since is None else max(since, act.now)
    wanted = replace(volumes.read_area(area, where="area"), start=since, end=until)
    if until is not None and until < since:
        return {"service_areas": []}
    return {"service_areas": [one.told() for one in world.near(ServiceArea, (wanted,))]}


def put_subscription(
    world: World, act: Act, name: str, version: str | None, body: object
) -> Outcome:
    """Make a subscription (`version` None) or change the one that has this version."""
    name = names.read_id(name)
    wanted = None if version is None else names.read_version(version)
    tree = mapping(body, "request")
    base_url = names.read_url(tree, http=act.http)
    before = world.get(RidSubscription, name)
    area = subscriptions.timed(volumes.read(tree.get("extents"), where="extents"), act.now, before)
    _check(before, act, wanted, "subscription")
    _check_not_too_many(world, act, name, area)
    index = 0 if before is None else before.index
    made = RidSubscription(name, act.manager, act.token()[:20], index, base_url, (area,))
    areas = [
        one.told()
        for one in world.near(ServiceArea, made.volumes, heights=False)
        if not is_over(one, act.now)
    ]
    return Outcome(Change((made,)), {"subscription": made.told(), "service_areas": areas})


def delete_subscription(world: World, act: Act, name: str, version: str) -> Outcome:
    """Take a subscription away."""
    wanted = names.read_version(version)
    one = found(world.get(RidSubscription, names.read_id(name)), "subscription")
    _check(one, act, wanted, "")
    return Outcome(Change((), (one,)), {"subscription": one.told()})


def get_subscription(world: World, name: str) -> dict[str, Any]:
    """Return one subscription."""
    one = found(world.get(RidSubscription, names.read_id(name)), "subscription")
    return {"subscription": one.told()}


def search_subscriptions(world: World, act: Act, area: str) -> dict[str, Any]:
    """Return the asker's own subscriptions in a polygon that are not over."""
    wanted = volumes.read_area(area, where="area")
    own = [
        one.told()
        for one in world.near(RidSubscription, (wanted,))
        if one.manager == act.manager and not is_over(one, act.now)
    ]
    return {"subscriptions": own}


def _given(text: str | None, where: str) -> Micros | None:
    return None if text is None else volumes.read_moment(text, where=where)


def _timed(area: Volume4D, now: Micros, before: ServiceArea | None) -> Volume4D:
    if area.end is None:
        raise bad("extents.time_end", "it is needed", Reason.MISSING_FIELD)
    if area.end < now:
        raise bad("extents.time_end", "in the past", Reason.BAD_TIME)
    was = volumes.window(before.volumes)[0] if before is not None else None
    if area.start is not None:
        if area.start < now - subscriptions.LATE and area.start != was:
            raise bad("extents.time_start", "more than five minutes in the past", Reason.BAD_TIME)
        return area
    return replace(area, start=was if was is not None else now)


def _check(
    before: ServiceArea | RidSubscription | None, act: Act, version: str | None, what: str
) -> None:
    if before is None:
        if version is not None:
            raise Refused(Reason.NOT_FOUND, where="id", detail=f"there is no {what} with this id")
        return
    if version is None:
        raise Refused(Reason.ID_TAKEN, where="id", detail="it is there already")
    check_owner(before, act.manager)
    check_version(before.version, version)


def _check_not_too_many(world: World, act: Act, name: str, area: Volume4D) -> None:
    others = [
        one
        for one in world.near(RidSubscription, (area,), heights=False)
        if one.manager == act.manager and one.id != name and not is_over(one, act.now)
    ]
    if len(others) >= MOST_IN_AREA:
        raise Refused(
            Reason.TOO_MANY,
            where="extents",
            detail=f"{len(others)} subscriptions of yours are in this area already",
            remedy="Delete one of them first",
        )


def _told(world: World, act: Act, area: Sequence[Volume4D]) -> tuple[RidSubscription, ...]:
    return tuple(
        replace(one, index=one.index + 1)
        for one in world.near(RidSubscription, area, heights=False)
        if not is_over(one, act.now)
    )


def _area_answer(one: ServiceArea, told: tuple[RidSubscription, ...]) -> dict[str, Any]:
    return {"service_area": one.told(), "subscribers": subscribers(told, key="url")}

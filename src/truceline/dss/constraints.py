"""Constraints: areas in which an authority limits flight. The mechanism's own are zones in force."""

from __future__ import annotations

from typing import Any

from truceline.dss import names
from truceline.dss import volume as volumes
from truceline.dss.entities import Constraint, Subscription
from truceline.dss.intents import area_of_interest, check_extents
from truceline.dss.volume import Volume4D, mapping
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
from truceline.errors import Reason, Refused


def put(world: World, act: Act, name: str, ovn: str | None, body: object) -> Outcome:
    """Make a constraint (`ovn` None) or change the one that has this OVN."""
    name = names.read_id(name)
    tree = mapping(body, "request")
    extents = volumes.read_all(tree.get("extents"), where="extents")
    check_extents(extents, act.now, heights=False)
    base_url = names.read_url(tree, http=act.http)
    before = world.get(Constraint, name)
    if before is None and ovn is not None:
        raise Refused(Reason.SEQUENCE, where="ovn", detail="there is no such constraint to change")
    if before is not None:
        _check_own(before, act)
        check_version(before.ovn, ovn or "")
    made = Constraint(
        name,
        act.manager,
        before.version + 1 if before else 1,
        act.token(),
        base_url,
        extents,
    )
    return changed(world, act, made, before)


def changed(world: World, act: Act, made: Constraint, before: Constraint | None) -> Outcome:
    """Return what follows from a constraint that is new or takes the place of one."""
    area = made.volumes if before is None else (*made.volumes, *before.volumes)
    told = _told(world, act, area)
    return Outcome(Change((made, *told)), _answer(world, act, made, told))


def delete(world: World, act: Act, name: str, ovn: str) -> Outcome:
    """Take a constraint away."""
    one = found(world.get(Constraint, names.read_id(name)), "constraint")
    _check_own(one, act)
    check_version(one.ovn, ovn)
    return removed(world, act, one)


def removed(world: World, act: Act, one: Constraint) -> Outcome:
    """Return what follows from a constraint that goes."""
    told = _told(world, act, one.volumes)
    return Outcome(Change(told, (one,)), _answer(world, act, one, told))


def get(world: World, act: Act, name: str) -> dict[str, Any]:
    """Return one constraint."""
    one = found(world.get(Constraint, names.read_id(name)), "constraint")
    return {"constraint_reference": one.told(act.manager, world.up(one.manager))}


def query(world: World, act: Act, body: object) -> dict[str, Any]:
    """Return the constraints in an area of interest."""
    met = world.near(Constraint, (area_of_interest(body),))
    return {"constraint_references": [one.told(act.manager, world.up(one.manager)) for one in met]}


def details(world: World, act: Act, name: str) -> dict[str, Any]:
    """Return the details of a constraint of the mechanism's own, OVN and all."""
    one = found(world.get(Constraint, names.read_id(name)), "constraint of this USS")
    if one.details is None:
        raise Refused(Reason.NOT_FOUND, where="id", detail="it is not a constraint of this USS")
    return told(world, one)


def told(world: World, one: Constraint) -> dict[str, Any]:
    """Return a constraint with its details, as its own USS tells it."""
    reference = one.told(one.manager, world.up(one.manager))
    shapes = [each.told() for each in one.volumes]
    return {
        "constraint": {
            "reference": reference,
            "details": {"volumes": shapes, **(one.details or {})},
        }
    }


def _check_own(one: Constraint, act: Act) -> None:
    """Refuse another's constraint, and a zone in force to everyone: it follows the record alone."""
    check_owner(one, act.manager)
    if one.zone:
        raise Refused(
            Reason.NO_MANDATE,
            where="id",
            detail="it stands for a zone in force, and changes with the zone alone",
        )


def _told(world: World, act: Act, area: tuple[Volume4D, ...]) -> tuple[Subscription, ...]:
    return told_of(world, area, act.now, lambda one: one.for_constraints)


def _answer(
    world: World, act: Act, one: Constraint, told: tuple[Subscription, ...]
) -> dict[str, Any]:
    return {
        "constraint_reference": one.told(act.manager, world.up(one.manager)),
        "subscribers": subscribers(told),
    }

"""Policing posts: what was agreed, what is reported, what observers found, and who consents.

The three counts are kept apart and never averaged: reported and observed posts differ in
the record (DOMAIN 11.3), and that difference is what people need to see. A count says as
of when it is meant; the latest of its kind speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from truceline.agreements.instrument import Instrument
from truceline.records.record import Micros
from truceline.records.trail import Trail
from truceline.zones import in_force
from truceline.zones.history import ZoneHistory
from truceline.zones.in_force import ZoneState


class PostState(StrEnum):
    """What is known of an assignment on the ground."""

    ASSIGNED = "assigned"  # nobody has said that anything stands
    REPORTED = "reported"  # the operator says so; observers have not been since
    OBSERVED = "observed"  # observers found posts
    NOT_FOUND = "not_found"  # observers found none at last
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Count:
    """How many posts a body reports or found, as of when."""

    body: str
    count: int
    as_of: Micros
    source: str
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A body's consent to an assignment, or its contest. The latest one counts."""

    body: str
    consents: bool
    why: Mapping[str, str]
    source: str
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Handover:
    """The assignment ends (`to` ""), or passes to another operator."""

    to: str
    from_at: Micros
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class Post:
    """One assignment and what was stated on it. `agreed` is the count that was assigned."""

    code: str
    zone: str
    kind: str
    first_operator: str
    agreed: int
    by: str
    at: Micros
    index: int
    strength_cap: int | None = None
    composition: tuple[Mapping[str, Any], ...] = ()
    powers: tuple[str, ...] = ()
    place: Mapping[str, Any] | None = None
    from_at: Micros | None = None
    until: Micros | None = None
    source: str = ""
    answers: Trail[Answer] = field(default_factory=Trail)
    reports: Trail[Count] = field(default_factory=Trail)
    observations: Trail[Count] = field(default_factory=Trail)
    handovers: Trail[Handover] = field(default_factory=Trail)

    def operator(self, at: Micros) -> str:
        """Return who runs it at a moment."""
        taken = [one.to for one in self.handovers if one.to and one.at <= at and one.from_at <= at]
        return taken[-1] if taken else self.first_operator

    def operators(self) -> frozenset[str]:
        """Return every body that was ever given it or takes part in it."""
        parts = {one["body"] for one in self.composition}
        return frozenset({self.first_operator, *parts, *(one.to for one in self.handovers)} - {""})

    def active(self, at: Micros) -> bool:
        """Say whether the assignment runs at a moment."""
        if self.at > at or (self.from_at is not None and at < self.from_at):
            return False
        if self.until is not None and self.until <= at:
            return False
        return not any(not one.to and one.at <= at and one.from_at <= at for one in self.handovers)

    def answered(self, at: Micros) -> tuple[Answer, ...]:
        """Return each body's latest answer at a moment, by body."""
        latest = {one.body: one for one in self.answers if one.at <= at}
        return tuple(latest[body] for body in sorted(latest))

    def consents(self, at: Micros) -> tuple[str, ...]:
        """Return the bodies that consented, and had not contested since."""
        return tuple(one.body for one in self.answered(at) if one.consents)

    def contested(self, at: Micros) -> tuple[str, ...]:
        """Return the bodies that contested, and had not consented since."""
        return tuple(one.body for one in self.answered(at) if not one.consents)

    def reported(self, at: Micros) -> tuple[Count, ...]:
        """Return each body's latest reported count at a moment, by body."""
        return _latest(self.reports, at)

    def observed(self, at: Micros) -> tuple[Count, ...]:
        """Return each observing body's latest count at a moment, by body."""
        return _latest(self.observations, at)

    def state(self, at: Micros) -> PostState:
        """Return what is known of it on the ground at a moment.

        Observers' last word outweighs a report as of the same time or before; a later
        report stands as a report until they have been there.
        """
        if not self.active(at):
            return PostState.ENDED
        said = max(self.reported(at), key=lambda one: one.as_of, default=None)
        seen = max(self.observed(at), key=lambda one: one.as_of, default=None)
        if seen is not None and (said is None or said.as_of <= seen.as_of or not said.count):
            return PostState.OBSERVED if seen.count else PostState.NOT_FOUND
        return PostState.REPORTED if said is not None and said.count else PostState.ASSIGNED

    def unpoliced(self, at: Micros) -> bool:
        """Say whether nobody is known to stand there, by report or by sight."""
        return self.state(at) not in (PostState.REPORTED, PostState.OBSERVED)


class Why(StrEnum):
    """Why nobody polices a zone."""

    NO_ASSIGNMENT = "no_assignment"
    ENDED = "ended"  # there were assignments; none runs
    NOTHING_SET_UP = "nothing_set_up"  # assigned, and nobody says that anything stands
    NOT_FOUND = "not_found"  # reported, and observers found none


@dataclass(frozen=True, slots=True)
class Unpoliced:
    """A zone that nobody is known to police, why, and its assignments."""

    zone: str
    state: ZoneState
    why: Why
    posts: tuple[str, ...]


def unpoliced(
    zones: Iterable[ZoneHistory],
    instruments: Mapping[str, Instrument],
    posts: Iterable[Post],
    at: Micros,
) -> tuple[Unpoliced, ...]:
    """Return the zones, proposed or in force but not expired, that nobody polices at a moment."""
    by_zone: dict[str, list[Post]] = {}
    for post in posts:
        if post.at <= at:
            by_zone.setdefault(post.zone, []).append(post)
    found = []
    for zone in sorted(zones, key=lambda one: one.code):
        if zone.at > at:
            continue
        state = in_force.state(zone, instruments[zone.instrument], at)
        own = by_zone.get(zone.code, [])
        if state is not ZoneState.EXPIRED and all(post.unpoliced(at) for post in own):
            codes = tuple(sorted(post.code for post in own))
            found.append(Unpoliced(zone.code, state, _why(own, at), codes))
    return tuple(found)


def _why(posts: list[Post], at: Micros) -> Why:
    states = {post.state(at) for post in posts}
    if not states:
        return Why.NO_ASSIGNMENT
    if PostState.NOT_FOUND in states:
        return Why.NOT_FOUND
    return Why.NOTHING_SET_UP if PostState.ASSIGNED in states else Why.ENDED


def _latest(counts: Iterable[Count], at: Micros) -> tuple[Count, ...]:
    latest: dict[str, Count] = {}
    for one in counts:
        if one.at <= at and (one.body not in latest or latest[one.body].as_of <= one.as_of):
            latest[one.body] = one
    return tuple(latest[body] for body in sorted(latest))

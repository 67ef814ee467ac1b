"""Zones in force as constraints of the drone interface: made, renewed and removed by the clock.

What counts is the public map, the same that every snapshot is signed of: a zone that is not
public is no constraint, since any USS may ask. A constraint reaches at most 24 hours ahead
and is renewed when half of that has passed; where the zone ends sooner, so does it. Hours of
a schedule are followed; hours in words alone count as always. Subscribers are told of every
change by notices, which are kept with the change and sent in the background.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from truceline.dss import constraints
from truceline.dss.entities import Constraint
from truceline.dss.from_zone import Ground, Piece, limits_flight, named_for_drones, pieces
from truceline.dss.volume import Volume4D, of_polygon
from truceline.dss.world import Act, Change, World
from truceline.errors import TrucelineError
from truceline.geo.position import from_degrees
from truceline.geo.schedule import windows
from truceline.geo.sun import sun_table
from truceline.geo.volume import Window
from truceline.mechanism.book import Book
from truceline.mechanism.drones import Desk, fresh, fresh_uuid, uuid_of
from truceline.mechanism.jobs import ReadingBook
from truceline.records.record import Micros
from truceline.store.dss import Notice
from truceline.zones import public_map
from truceline.zones.boundary import ZoneContent
from truceline.zones.formats import ed269
from truceline.zones.formats.limits import limit_tree

_log = logging.getLogger("truceline.drones")

AHEAD = 24 * 3_600 * 1_000_000
"""How far ahead a constraint reaches at most (`CstrMaxDurationHours`)."""
RENEW = AHEAD // 2
_EVERY_S = 1.0
_KEPT = 500
_LOOK_AGAIN = 600 * 1_000_000
"""Microseconds after which a zone without hours in the next day is looked at again."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A zone that must stand as constraints: its content, and until when it is in force."""

    zone: str
    content: str
    until: Micros | None


@dataclass(slots=True)
class ZoneConstraints:
    """Keeps the mechanism's constraints what the public map says."""

    desk: Desk
    book: ReadingBook
    contents: Callable[[str], ZoneContent]
    manager: str
    url: Callable[[], str]
    ground: Ground
    _pieces: OrderedDict[str, tuple[Piece, ...]] = field(default_factory=OrderedDict)
    _failed: set[str] = field(default_factory=set)
    _quiet: dict[str, tuple[str, Micros]] = field(default_factory=dict)
    _mode: str = ""
    _next: float = 0.0

    def run(self) -> bool:
        """Make, renew and remove what is due; says whether anything was."""
        if time.monotonic() < self._next or not self.url():
            return False
        self._next = time.monotonic() + _EVERY_S
        return self.settle()

    def settle(self) -> bool:
        """Make, renew and remove what is due now; says whether anything was."""
        now = self.desk.now()
        with self.book() as book:
            wanted = {one.zone: one for one in _wanted(book, now)}
            self._mode = book.register.mode
        have: dict[str, dict[str, Constraint]] = {}
        for standing in self.desk.ask(lambda world: world.all(Constraint)):
            if standing.zone:
                have.setdefault(standing.zone, {})[standing.id] = standing
        done = False
        for zone in sorted({*wanted, *have}):
            done |= self._settle(wanted.get(zone), have.get(zone, {}), now)
        return done

    def _settle(self, wanted: _Wanted | None, have: Mapping[str, Constraint], now: Micros) -> bool:
        """Bring a zone's constraints to what they must be; each is a change of its own.

        A crash in between leaves some renewed and some not; the next round does the rest.
        """
        if wanted is not None and self._may_stay(wanted, have, now):
            return False
        due = {one.id: one for one in self._due(wanted, now)} if wanted is not None else {}
        if wanted is not None and not due:
            self._quiet[wanted.zone] = (wanted.content, Micros(now + _LOOK_AGAIN))
        for name in sorted({*due, *have}):
            self._change(name, due.get(name), now)
        return bool(due or have)

    def _may_stay(self, wanted: _Wanted, have: Mapping[str, Constraint], now: Micros) -> bool:
        if not have:
            content, until = self._quiet.get(wanted.zone, ("", Micros(0)))
            return content == wanted.content and now < until
        horizon = _horizon(wanted, now)
        return all(_may_stay(one, wanted, horizon, now, self.url()) for one in have.values())

    def _change(self, name: str, due: Constraint | None, now: Micros) -> None:
        act = Act(self.manager, frozenset(), now, fresh, fresh_uuid)

        def decide(world: World) -> tuple[Change, Sequence[Notice]]:
            before = world.get(Constraint, name)
            if due is None:
                if before is None:
                    return Change(), ()
                outcome = constraints.removed(world, act, before)
                return outcome.change, _notices(outcome.answer, name, None, now)
            version = 1 if before is None else before.version + 1
            made = replace(due, version=version, ovn=fresh())
            outcome = constraints.changed(world, act, made, before)
            return outcome.change, _notices(
                outcome.answer, name, constraints.told(world, made), now
            )

        self.desk.change(decide)

    def _due(self, wanted: _Wanted, now: Micros) -> list[Constraint]:
        """The constraints of a zone, as they would be made now; none where flight is not limited."""
        try:
            content = self.contents(wanted.content)
            cut = self._cut(wanted.content, content) if limits_flight(content) else ()
        except TrucelineError as failure:
            if wanted.content not in self._failed:
                _log.warning("zone %s is no constraint: %s", wanted.zone, failure)
                self._failed.add(wanted.content)
            return []
        horizon = _horizon(wanted, now)
        spans = _spans(content, cut, now, horizon)
        if not spans or not cut:
            return []
        shown = details(wanted.zone, wanted.content, content, self._mode)
        return [
            Constraint(
                uuid_of(_digest(self.manager, wanted.zone, wanted.content, str(number))),
                self.manager,
                0,
                "",
                self.url(),
                tuple(_volume(piece, span) for span in spans),
                wanted.zone,
                wanted.content,
                horizon,
                shown,
            )
            for number, piece in enumerate(cut)
        ]

    def _cut(self, sha256: str, content: ZoneContent) -> tuple[Piece, ...]:
        """The pieces of a content; cut once."""
        if sha256 not in self._pieces:
            self._pieces[sha256] = pieces(content, self.ground)
            while len(self._pieces) > _KEPT:
                self._pieces.popitem(last=False)
        return self._pieces[sha256]


def _wanted(book: Book, now: Micros) -> list[_Wanted]:
    """The zones of the public map."""
    return [
        _Wanted(one["zone"], one["content"], one["until"])
        for one in public_map.public_map(book.zones.values(), now)
    ]


def _horizon(wanted: _Wanted, now: Micros) -> Micros:
    far = Micros(now + AHEAD)
    return far if wanted.until is None else min(far, wanted.until)


def _may_stay(have: Constraint, wanted: _Wanted, horizon: Micros, now: Micros, url: str) -> bool:
    """Say whether a constraint is of this content, reaches far enough, and no farther than it may."""
    if have.content != wanted.content or have.base_url != url or have.until is None:
        return False
    return have.until <= horizon and (have.until == horizon or have.until - now >= RENEW)


def _spans(
    content: ZoneContent, cut: Sequence[Piece], now: Micros, horizon: Micros
) -> list[tuple[Micros, Micros]]:
    """When a content applies, from now to the horizon; all the time where that is in words."""
    first, last = _time(now), _time(horizon)
    whole = Window(first, last)
    found = list(_windows(content, cut, whole)) if content.applicability else [whole]
    spans = {
        (max(_micros(one.start or first), now), min(_micros(one.end or last), horizon))
        for one in found
    }
    return [(start, end) for start, end in sorted(spans) if start < end]


def _windows(content: ZoneContent, cut: Sequence[Piece], whole: Window) -> Iterator[Window]:
    assert whole.start is not None  # noqa: S101 -- told to the type checker
    assert whole.end is not None  # noqa: S101
    lat, lon = cut[0].ring[0]
    sun = sun_table(from_degrees(lat=lat, lon=lon))
    for period in content.applicability:
        try:
            yield from windows(period, start=whole.start, end=whole.end, sun=sun)
        except TrucelineError:
            yield whole  # hours that cannot be told: all of them


def _volume(piece: Piece, span: tuple[Micros, Micros]) -> Volume4D:
    return of_polygon(piece.ring, heights_m=(piece.lower_m, piece.upper_m), span=span)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()


def details(zone: str, sha256: str, content: ZoneContent, mode: str) -> dict[str, Any]:
    """Return what a constraint says beside its volumes: the zone as ED-269 has it.

    The limits as they were agreed, datum and all, and the hash of what was signed are in
    `additional_properties`: the volumes are wider than that, never narrower. So is `mode`, by
    which an exercise is known for what it is.
    """
    written = json.loads(ed269.write((named_for_drones(content),)).data)["features"][0]
    tree = {_snake(key): value for key, value in written.items() if key in _GEOZONE}
    tree["identifier"] = str(tree["identifier"])[:7]
    tree["zone_authority"] = [
        {_snake(key): value for key, value in one.items()} for one in written["zoneAuthority"]
    ]
    tree["additional_properties"] = {
        "truceline_mode": mode,
        "truceline_zone": zone,
        "truceline_content_sha256": sha256,
        "truceline_limits_as_agreed": [
            {"lower": limit_tree(one.lower), "upper": limit_tree(one.upper)}
            for one in content.volumes
        ],
    }
    return {"type": "org.truceline.no_flight", "geozone": tree}


_GEOZONE = frozenset(
    [
        "identifier",
        "country",
        "name",
        "type",
        "restriction",
        "region",
        "reason",
        "otherReasonInfo",
        "regulationExemption",
        "uSpaceClass",
        "message",
    ]
)


def _snake(name: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name)


def _notices(
    answer: Mapping[str, Any], name: str, told: Mapping[str, Any] | None, now: Micros
) -> list[Notice]:
    """One message for each subscriber's address."""
    made = []
    for one in answer["subscribers"]:
        body = {"constraint_id": name, **(told or {}), "subscriptions": one["subscriptions"]}
        text = json.dumps(body, separators=(",", ":"), sort_keys=True)
        made.append(Notice(fresh_uuid(), one["uss_base_url"], text, now, now))
    return made


def _time(at: Micros) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def _micros(at: datetime) -> Micros:
    return Micros((at - _EPOCH) // timedelta(microseconds=1))

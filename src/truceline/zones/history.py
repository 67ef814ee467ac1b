"""A zone's history: what was put forward, who took which position, consented, contested.

A value folded from records. Any content that was put forward, as proposal, revision,
amendment or a body's own line, can be consented to. What follows at a moment is in
`in_force.py`; what brings a zone into force in `adoption.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from truceline.records.admitted import Admitted
from truceline.records.record import Micros
from truceline.records.trail import Trail


class How(StrEnum):
    """In which way a content was put forward."""

    PROPOSED = "proposed"
    REVISED = "revised"
    AMENDED = "amended"
    POSITION = "position"


@dataclass(frozen=True, slots=True)
class PutForward:
    """A content that can be consented to. `file` is its name: sha256, length, type."""

    content: str
    file: Mapping[str, Any]
    how: How
    by: str
    at: Micros
    index: int
    record: str
    comment: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    supersedes: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """A body's word on where the line runs: its own content, another's that it accepts, or neither."""

    body: str
    content: str | None
    accepts: str | None
    basis: str
    comment: Mapping[str, str]
    source: str
    at: Micros
    index: int
    record: str

    @property
    def line(self) -> str | None:
        """The content that it stands for, its own or accepted."""
        return self.content or self.accepts


@dataclass(frozen=True, slots=True)
class Consent:
    """A body's consent to exactly one content. A later one to another content takes its place."""

    body: str
    content: str
    at: Micros
    index: int
    record: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """The mechanism's statement that a content is in force from an instant (until: excluded)."""

    content: str
    file: Mapping[str, Any]
    from_at: Micros
    until: Micros | None
    secrecy: str
    consents: tuple[str, ...]
    at: Micros
    index: int
    record: str
    expired_at: Micros | None = None

    def covers(self, at: Micros) -> bool:
        """Say whether a moment lies within it."""
        ends = [one for one in (self.until, self.expired_at) if one is not None]
        return self.from_at <= at and all(at < one for one in ends)

    def ended(self, at: Micros) -> Micros | None:
        """Return when it ended, if that was not after a moment."""
        ends = [one for one in (self.until, self.expired_at) if one is not None and one <= at]
        return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Contest:
    """A body contests a content; it stays in force, and is shown as contested."""

    body: str
    content: str
    why: Mapping[str, str]
    source: str
    at: Micros
    index: int


@dataclass(frozen=True, slots=True)
class ZoneSuspension:
    """A signatory suspended the zone for its part; `restored_at` None: it still does."""

    body: str
    record: str
    why: Mapping[str, str]
    at: Micros
    index: int
    restored_at: Micros | None = None

    def open(self, at: Micros) -> bool:
        """Say whether it stood at a moment."""
        return self.at <= at and (self.restored_at is None or at < self.restored_at)


@dataclass(frozen=True, slots=True)
class ZoneHistory:
    """One zone, and everything stated on it. `latest_consents` is by body."""

    code: str
    name: Mapping[str, str]
    instrument: str
    at: Micros
    index: int
    put_forward: Trail[PutForward] = field(default_factory=Trail)
    positions: Trail[Position] = field(default_factory=Trail)
    consents: Trail[Consent] = field(default_factory=Trail)
    latest_consents: Mapping[str, Consent] = field(default_factory=dict)
    adoptions: Trail[Adoption] = field(default_factory=Trail)
    contests: Trail[Contest] = field(default_factory=Trail)
    suspensions: Trail[ZoneSuspension] = field(default_factory=Trail)

    def forward(self, content: str) -> PutForward | None:
        """Return how a content was put forward last, or None."""
        return next(
            (one for one in self.put_forward.newest_first() if one.content == content), None
        )


def opened(a: Admitted) -> ZoneHistory:
    """Return the history that a proposal opens."""
    body = a.record.body
    history = ZoneHistory(body["zone"], body["name"], body["instrument"], a.received_at, a.index)
    return applied(history, a)


def applied(history: ZoneHistory, a: Admitted) -> ZoneHistory:
    """Return the history after a further record on the zone."""
    step = _FOLDS.get(a.record.kind)
    return step(history, a, a.record.body) if step is not None else history


def _put(how: How) -> Callable[[ZoneHistory, Admitted, Mapping[str, Any]], ZoneHistory]:
    def fold(history: ZoneHistory, a: Admitted, body: Mapping[str, Any]) -> ZoneHistory:
        made = PutForward(
            content=body["content"]["sha256"],
            file=body["content"],
            how=how,
            by=a.signer.body,
            at=a.received_at,
            index=a.index,
            record=a.record.id,
            comment=body.get("comment", {}),
            source=body.get("source", ""),
            supersedes=body.get("supersedes", ""),
        )
        return replace(history, put_forward=history.put_forward.and_then(made))

    return fold


_put_position = _put(How.POSITION)


def _positioned(history: ZoneHistory, a: Admitted, body: Mapping[str, Any]) -> ZoneHistory:
    made = Position(
        body=a.signer.body,
        content=body["content"]["sha256"] if "content" in body else None,
        accepts=body.get("accepts"),
        basis=body["basis"],
        comment=body.get("comment", {}),
        source=body.get("source", ""),
        at=a.received_at,
        index=a.index,
        record=a.record.id,
    )
    if made.content is not None:
        history = _put_position(history, a, body)
    return replace(history, positions=history.positions.and_then(made))


def _consented(history: ZoneHistory, a: Admitted, body: Mapping[str, Any]) -> ZoneHistory:
    made = Consent(a.signer.body, body["content"], a.received_at, a.index, a.record.id)
    return replace(
        history,
        consents=history.consents.and_then(made),
        latest_consents={**history.latest_consents, made.body: made},
    )


def _adopted(history: ZoneHistory, a: Admitted, body: Mapping[str, Any]) -> ZoneHistory:
    made = Adoption(
        content=body["content"]["sha256"],
        file=body["content"],
        from_at=body["from"],
        until=body.get("until"),
        secrecy=body["secrecy"],
        consents=tuple(body["consents"]),
        at=a.received_at,
        index=a.index,
        record=a.record.id,
    )
    return replace(history, adoptions=history.adoptions.and_then(made))


def _contested(history: ZoneHistory, a: Admitted, body: Mapping[str, Any]) -> ZoneHistory:
    made = Contest(
        a.signer.body,
        body["content"],
        body["why"],
        body.get("source", ""),
        a.received_at,
        a.index,
    )
    return replace(history, contests=history.contests.and_then(made))


def _suspended(history: ZoneHistory, a: Admitted, body: Mapping[str, Any]) -> ZoneHistory:
    made = ZoneSuspension(a.signer.body, a.record.id, body["why"], a.received_at, a.index)
    return replace(history, suspensions=history.suspensions.and_then(made))


def _restored(history: ZoneHistory, a: Admitted, body: Mapping[str, Any]) -> ZoneHistory:
    restored = (
        replace(one, restored_at=a.received_at) if one.record == body["suspension"] else one
        for one in history.suspensions
    )
    return replace(history, suspensions=Trail(*restored))


def _expired(history: ZoneHistory, a: Admitted, body: Mapping[str, Any]) -> ZoneHistory:
    """Every adoption before the record is over: a zone's expiry leaves nothing in force."""
    over = (
        replace(one, expired_at=body["at"]) if one.expired_at is None else one
        for one in history.adoptions
    )
    return replace(history, adoptions=Trail(*over))


_FOLDS: Mapping[str, Callable[[ZoneHistory, Admitted, Mapping[str, Any]], ZoneHistory]] = {
    "zone.proposed/1": _put(How.PROPOSED),
    "zone.revised/1": _put(How.REVISED),
    "zone.amended/1": _put(How.AMENDED),
    "zone.position/1": _positioned,
    "zone.consented/1": _consented,
    "zone.adopted/1": _adopted,
    "zone.contested/1": _contested,
    "zone.suspended/1": _suspended,
    "zone.restored/1": _restored,
    "zone.expired/1": _expired,
}

KINDS = frozenset(_FOLDS) - {"zone.proposed/1"}
"""The kinds that speak of a zone that is proposed already."""

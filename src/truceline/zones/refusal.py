"""What the zone decisions have in common: the zone and its instrument, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from truceline.agreements.instrument import Instrument
from truceline.errors import Reason, Refused
from truceline.parties.register import Register
from truceline.records.admitted import Candidate
from truceline.zones.boundary import ZoneContent
from truceline.zones.history import ZoneHistory

type Contents = Callable[[str], ZoneContent]
"""Reads a deposited content by its SHA-256; raises `Malformed` for one that is no zone."""

MAY_SPEAK = frozenset(("guarantor", "conflict_party", "adherent"))
"""The capacities in which a body can draw a line, signatory of this instrument or not."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a decision on a zone is given besides the candidate."""

    history: ZoneHistory
    instrument: Instrument
    register: Register
    contents: Contents | None = None


def may_speak(candidate: Candidate, instrument: Instrument, register: Register) -> None:
    """Refuse a body that is neither party to the instrument nor a party on the ground."""
    body = register.bodies.get(candidate.signer.body)
    capacity = body.capacity if body is not None else ""
    if candidate.signer.body not in instrument.parties and capacity not in MAY_SPEAK:
        raise no(
            Reason.NO_MANDATE,
            f"{candidate.signer.body} is no party to {instrument.code} or on the ground",
            "record.author",
        )


def no(reason: Reason, detail: str, where: str, *, remedy: str = "") -> Refused:
    """Return a refusal under the rules of boundaries."""
    return Refused(reason, where=where, article="DOMAIN 8.1", detail=detail, remedy=remedy)


def put_forward_before(ground: Ground, content: str, where: str) -> None:
    """Refuse a content that nobody put forward in this zone."""
    if ground.history.forward(content) is None:
        raise no(
            Reason.REF_UNKNOWN,
            f"nobody has put forward {content[:12]}… for {ground.history.code}",
            where,
            remedy="Name the SHA-256 of a content that was proposed, revised, amended or filed",
        )


def file_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the content's file name in a body."""
    found: Mapping[str, Any] = body["content"]
    return found

"""Putting a boundary forward: proposal, revision, amendment.

A content is read before it is taken: it must be a zone document that names this zone,
and its lines must be of the kind that the agreement chose, since the same vertices
joined as geodesics or as parallels are two different boundaries (DESIGN 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truceline.agreements import in_force as instruments
from truceline.agreements.in_force import InstrumentState
from truceline.agreements.instrument import Instrument
from truceline.errors import Reason
from truceline.geo.volume import Corridor, MultiPolygon, Polygon
from truceline.parties.register import Register
from truceline.records.admitted import Candidate
from truceline.records.roles import Role
from truceline.zones import document, in_force
from truceline.zones.boundary import ZoneContent
from truceline.zones.history import ZoneHistory
from truceline.zones.refusal import Contents, Ground, file_of, may_speak, no

_OVER = frozenset((InstrumentState.EXPIRED, InstrumentState.TERMINATED))
_DRAWN = (Polygon, MultiPolygon, Corridor)


def decide_proposed(
    candidate: Candidate,
    zones: Mapping[str, ZoneHistory],
    instruments_: Mapping[str, Instrument],
    register: Register,
    contents: Contents | None,
) -> None:
    """Refuse a proposal for a zone that exists, or under an instrument that does not."""
    body = candidate.record.body
    if body["zone"] in zones:
        raise no(
            Reason.CONTRADICTS,
            f"the zone {body['zone']} is proposed already",
            "body.zone",
            remedy="Revise it, file a position, or amend it",
        )
    instrument = instruments_.get(body["instrument"])
    if instrument is None:
        raise no(
            Reason.REF_UNKNOWN, f"there is no instrument {body['instrument']}", "body.instrument"
        )
    if not instrument.binding:
        raise no(
            Reason.WRONG_STATE,
            f"{instrument.code} has no guarantor or conflict party who could consent",
            "body.instrument",
        )
    _mandate(candidate, instrument, register)
    not_over(candidate, instrument)
    check_content(body, body["zone"], instrument, contents)


def decide_revised(candidate: Candidate, ground: Ground) -> None:
    """Refuse a revision by another than the proposer's body or the secretariat."""
    first = next(iter(ground.history.put_forward))
    if candidate.signer.body != first.by and Role.SECRETARIAT not in candidate.signer.roles:
        raise no(
            Reason.NO_MANDATE,
            f"the proposal is {first.by}'s to revise",
            "record.author",
            remedy="File a position of your own",
        )
    _put_again(candidate, ground)


def decide_amended(candidate: Candidate, ground: Ground) -> None:
    """Refuse an amendment of anything but the content in force."""
    _mandate(candidate, ground.instrument, ground.register)
    body = candidate.record.body
    current = in_force.in_force(ground.history, candidate.received_at)
    if current is None:
        raise no(Reason.WRONG_STATE, "no boundary is in force to be amended", "body.zone")
    if body["supersedes"] != current.content:
        raise no(
            Reason.CONTRADICTS,
            f"in force is {current.content[:12]}…, not what it would supersede",
            "body.supersedes",
        )
    _put_again(candidate, ground)


def check_content(
    body: Mapping[str, Any], zone: str, instrument: Instrument, contents: Contents | None
) -> None:
    """Refuse a content that is no zone document, names another zone, or has other lines."""
    file = file_of(body)
    if file["type"] != document.MEDIA_TYPE:
        raise no(
            Reason.BAD_FORMAT,
            f"a content is of type {document.MEDIA_TYPE}",
            "body.content.type",
            remedy="Convert it first, and keep the document as `original`",
        )
    if contents is None:
        return
    content = contents(file["sha256"])
    if content.code != zone:
        raise no(
            Reason.CONTRADICTS,
            f"the content is of zone {content.code}, the record of {zone}",
            "body.content",
        )
    _check_edges(content, instrument)


def not_over(candidate: Candidate, instrument: Instrument) -> None:
    """Refuse to go on under an instrument that has ended."""
    state = instruments.state(instrument, candidate.received_at)
    if state in _OVER:
        raise no(Reason.WRONG_STATE, f"{instrument.code} is {state}", "body.zone")


def _put_again(candidate: Candidate, ground: Ground) -> None:
    body = candidate.record.body
    not_over(candidate, ground.instrument)
    last = ground.history.forward(file_of(body)["sha256"])
    if last is not None and last.by == candidate.signer.body:
        raise no(Reason.WRONG_STATE, "this content was put forward already", "body.content")
    check_content(body, ground.history.code, ground.instrument, ground.contents)


def _mandate(candidate: Candidate, instrument: Instrument, register: Register) -> None:
    if Role.SECRETARIAT not in candidate.signer.roles:
        may_speak(candidate, instrument, register)


def _check_edges(content: ZoneContent, instrument: Instrument) -> None:
    for number, volume in enumerate(content.volumes, start=1):
        if isinstance(volume.shape, _DRAWN) and volume.edge != instrument.edge:
            raise no(
                Reason.CONTRADICTS,
                f"volume {number} is drawn with {volume.edge} edges;"
                f" {instrument.code} chose {instrument.edge}",
                "body.content",
                remedy=f"Write the content again with the edges that the agreement chose (`--edge {instrument.edge}`)",
            )

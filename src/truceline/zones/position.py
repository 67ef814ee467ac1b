"""Positions and contests: each body's own word on a boundary, whether asked or not."""

from __future__ import annotations

from truceline.errors import Reason
from truceline.records.admitted import Candidate
from truceline.zones import in_force
from truceline.zones.proposal import check_content, not_over
from truceline.zones.refusal import Ground, may_speak, no, put_forward_before


def decide_position(candidate: Candidate, ground: Ground) -> None:
    """Refuse a position that says two things, accepts the unknown, or comes from outside.

    Neither a line nor an acceptance is a position too: with its comment, it takes the
    earlier one back.
    """
    body = candidate.record.body
    may_speak(candidate, ground.instrument, ground.register)
    not_over(candidate, ground.instrument)
    if "content" in body and "accepts" in body:
        raise no(
            Reason.CONTRADICTS, "a position is a line of one's own or another's", "body.accepts"
        )
    if "accepts" in body:
        put_forward_before(ground, body["accepts"], "body.accepts")
    elif "content" in body:
        check_content(body, ground.history.code, ground.instrument, ground.contents)
    elif "comment" not in body:
        raise no(
            Reason.MISSING_FIELD,
            "a position without a line says in words what it means",
            "body.comment",
        )


def decide_contested(candidate: Candidate, ground: Ground) -> None:
    """Refuse a contest of the unknown, or one that stands already."""
    body = candidate.record.body
    put_forward_before(ground, body["content"], "body.content")
    standing = in_force.contests(ground.history, body["content"], candidate.received_at)
    if any(one.body == candidate.signer.body for one in standing):
        raise no(
            Reason.WRONG_STATE,
            f"{candidate.signer.body} contests this content already",
            "body.content",
        )

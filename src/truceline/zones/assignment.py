"""Assigning a post and speaking of it: how its history grows, and who may say what.

Assignments need consent records (DOMAIN 2.2): an answer is each party's own. A body
reports what it runs; what was seen is for observers, who never are the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from truceline.agreements.instrument import Instrument
from truceline.clocks.calendar import AHEAD
from truceline.errors import Reason
from truceline.parties.register import Register
from truceline.records.admitted import Admitted, Candidate
from truceline.records.roles import Role
from truceline.zones.history import ZoneHistory
from truceline.zones.policing import Answer, Count, Handover, Post
from truceline.zones.refusal import may_speak, no


def assigned(a: Admitted) -> Post:
    """Return the post that an assignment opens."""
    body = a.record.body
    return Post(
        code=body["post"],
        zone=body["zone"],
        kind=body["kind"],
        first_operator=body["operator"],
        agreed=body["agreed_count"],
        by=a.signer.body,
        at=a.received_at,
        index=a.index,
        strength_cap=body.get("strength_cap"),
        composition=tuple(body.get("composition", ())),
        powers=tuple(body.get("powers", ())),
        place=body.get("place"),
        from_at=body.get("from"),
        until=body.get("until"),
        source=body.get("source", ""),
    )


def applied(post: Post, a: Admitted) -> Post:
    """Return the post after a further record on it."""
    body, who = a.record.body, a.signer.body
    match a.record.kind:
        case "post.answered/1":
            consents = body["answer"] == "consents"
            why, source = body.get("why", {}), body.get("source", "")
            answer = Answer(who, consents, why, source, a.received_at, a.index)
            return replace(post, answers=post.answers.and_then(answer))
        case "post.reported/1":
            return replace(post, reports=post.reports.and_then(_count(a)))
        case "post.observed/1":
            return replace(post, observations=post.observations.and_then(_count(a)))
        case "post.withdrawn/1":
            to = body.get("handover_to", "")
            handover = Handover(to, body["from"], a.received_at, a.index)
            return replace(post, handovers=post.handovers.and_then(handover))
    return post


def _count(a: Admitted) -> Count:
    body = a.record.body
    return Count(
        a.signer.body,
        body["count"],
        body["as_of"],
        body.get("source", ""),
        a.received_at,
        a.index,
    )


# -- deciding -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PostGround:
    """What a decision on a post is given besides the candidate."""

    zones: Mapping[str, ZoneHistory]
    instruments: Mapping[str, Instrument]
    posts: Mapping[str, Post]
    register: Register


def decide_assigned(candidate: Candidate, ground: PostGround) -> None:
    """Refuse an assignment whose code is taken, or that names a zone or body nobody knows."""
    body = candidate.record.body
    if body["post"] in ground.posts:
        raise no(Reason.CONTRADICTS, f"the code {body['post']} is taken", "body.post")
    zone = ground.zones.get(body["zone"])
    if zone is None:
        raise no(Reason.REF_UNKNOWN, f"there is no zone {body['zone']}", "body.zone")
    if Role.SECRETARIAT not in candidate.signer.roles:
        may_speak(candidate, ground.instruments[zone.instrument], ground.register)
    named = [("operator", body["operator"])]
    named += [("composition", one["body"]) for one in body.get("composition", ())]
    for field_name, code in named:
        _known_body(code, ground.register, f"body.{field_name}")
    if "from" in body and "until" in body and body["until"] <= body["from"]:
        raise no(Reason.BAD_TIME, "it ends before it begins", "body.until")


def decide(candidate: Candidate, ground: PostGround) -> None:
    """Refuse a statement on a post that is unknown, or by a body that cannot make it."""
    body = candidate.record.body
    post = ground.posts.get(body["post"])
    if post is None:
        raise no(Reason.REF_UNKNOWN, f"there is no post {body['post']}", "body.post")
    _DECISIONS[candidate.record.kind](candidate, post, ground)


def _answered(candidate: Candidate, post: Post, ground: PostGround) -> None:
    zone = ground.zones[post.zone]
    may_speak(candidate, ground.instruments[zone.instrument], ground.register)


def _reported(candidate: Candidate, post: Post, ground: PostGround) -> None:
    if candidate.signer.body not in post.operators():
        raise no(
            Reason.NO_MANDATE,
            f"a body reports what it has set up; {post.code} is run by "
            f"{post.operator(candidate.received_at)}",
            "record.author",
            remedy="What was seen of others' posts is for observers to state",
        )
    _as_of(candidate)


def _observed(candidate: Candidate, post: Post, ground: PostGround) -> None:
    _as_of(candidate)


def _withdrawn(candidate: Candidate, post: Post, ground: PostGround) -> None:
    body, who = candidate.record.body, candidate.signer.body
    at = candidate.received_at
    if who not in (post.operator(at), post.by) and Role.SECRETARIAT not in candidate.signer.roles:
        raise no(Reason.NO_MANDATE, f"{post.code} is not {who}'s to end", "record.author")
    if any(not one.to for one in post.handovers):
        raise no(Reason.WRONG_STATE, f"the end of {post.code} is stated already", "body.post")
    if "handover_to" in body:
        _known_body(body["handover_to"], ground.register, "body.handover_to")


_DECISIONS: Mapping[str, Callable[[Candidate, Post, PostGround], None]] = {
    "post.answered/1": _answered,
    "post.reported/1": _reported,
    "post.observed/1": _observed,
    "post.withdrawn/1": _withdrawn,
}

KINDS = frozenset(_DECISIONS)
"""The kinds that speak of a post that is assigned already."""


def _as_of(candidate: Candidate) -> None:
    if candidate.record.body["as_of"] > candidate.received_at + AHEAD:
        raise no(Reason.MADE_IN_FUTURE, "nobody counts posts of tomorrow", "body.as_of")


def _known_body(code: str, register: Register, where: str) -> None:
    if code not in register.bodies:
        raise no(Reason.REF_UNKNOWN, f"there is no body {code}", where)

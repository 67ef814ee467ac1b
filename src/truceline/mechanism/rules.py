"""The rules that need the Book: who may say this, now, of this subject.

`decide` first asks what every record must meet, then hands over to the word whose kind
it is. It answers with what follows (an adoption after the last consent), or refuses,
naming the rule. Nothing is changed here: the Book changes when the record is admitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from truceline.agreements import decision as agreements
from truceline.agreements.instrument import Entered, Extension, Instrument
from truceline.airspace.exemptions import book as exemption_book
from truceline.clocks import ladder
from truceline.clocks.calendar import AHEAD
from truceline.errors import Reason, Refused
from truceline.mechanism.agenda import ZONE_TERM
from truceline.mechanism.book import Book
from truceline.mechanism.signers import (
    GENESIS,
    check_mandate,
    check_seq,
    check_signers,
    name_of,
    public_keys,
)
from truceline.parties import enrolment, mandate
from truceline.records.admitted import Candidate, Follow
from truceline.records.kinds import Leaf
from truceline.zones import adoption, assignment, position, proposal
from truceline.zones.assignment import PostGround
from truceline.zones.history import ZoneHistory
from truceline.zones.refusal import Ground, no

__all__ = [
    "GENESIS",
    "check_mandate",
    "check_seq",
    "check_signers",
    "decide",
    "public_keys",
]

type Decision = Callable[[Candidate, Book], tuple[Follow, ...]]


def decide(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    """Return what follows from a record, or raise `Refused` with the rule that turns it down.

    The signature, its signers and the sequence number have been checked before.
    """
    _check_common(candidate, book)
    word = _WORDS.get(candidate.record.kind)
    return word(candidate, book) if word is not None else ()


def _check_common(candidate: Candidate, book: Book) -> None:
    record = candidate.record
    if record.log != book.log:
        raise Refused(
            Reason.WRONG_LOG,
            where="record.log",
            article="DESIGN 3, the record",
            detail=f"the record is meant for {record.log!r}; this log is {book.log!r}",
        )
    if (record.kind == GENESIS) != (book.size == 0):
        raise Refused(
            Reason.WRONG_STATE,
            where="record.kind",
            article="DESIGN 3, trust root",
            detail="the founding is the first entry, and the first entry is the founding",
        )
    if record.id in book.ids:
        raise Refused(
            Reason.ID_TAKEN,
            where="record.id",
            article="DESIGN 3, the record",
            detail=f"the id {record.id} stands on the log already",
        )
    if record.author != name_of(candidate.signer):
        raise Refused(
            Reason.NO_MANDATE,
            where="record.author",
            article="DESIGN 3, keys",
            detail=f"the author is {record.author!r}, the key is {name_of(candidate.signer)!r}'s",
        )
    mandate.check(candidate.kind, candidate.signer)
    _check_leaf(candidate, book)
    if record.made_at > candidate.received_at + AHEAD and book.register.mode == "live":
        raise Refused(
            Reason.MADE_IN_FUTURE,
            where="record.made_at",
            article="DESIGN 3, what catches a lying host",
            detail="the record says that it was made more than five minutes from now",
            remedy="Set the clock of the signing machine",
        )
    for number, ref in enumerate(record.refs):
        if ref not in book.ids:
            raise Refused(
                Reason.REF_UNKNOWN,
                where=f"record.refs[{number}]",
                article="DESIGN 3, the record",
                detail=f"no record {ref} stands on this log",
            )


def _check_leaf(candidate: Candidate, book: Book) -> None:
    """What is said under an instrument kept among its parties is sealed whole, and nothing else is.

    The log is read by more people than the instrument; and what is public is not hidden.

    Whose a pseudonym is, the mechanism alone says: under one it could sign an approval in
    the name of a party. So what binds its author is signed with the author's own key.
    """
    kind, sealed_leaf = candidate.kind, candidate.sealed_leaf
    if kind.leaf is Leaf.SEALED:
        is_own = candidate.signer.key in book.register.keys
        if kind.own_key and not is_own:
            raise _by_a_pseudonym(kind.name)
        if is_own and not kind.own_key:
            raise _wrong_leaf(kind.name, "sealed and under a pseudonym", "Sign with a pseudonym")
    elif sealed_leaf != book.is_kept_among_parties(candidate.record):
        wanted, remedy = (
            ("in clear, because its instrument is public", "Send it in clear")
            if sealed_leaf
            else (
                "sealed whole, because its instrument is not public",
                "Seal kind, author, refs and body, as docs/protocol.md section 4 has it",
            )
        )
        raise _wrong_leaf(kind.name, wanted, remedy)


def _by_a_pseudonym(kind: str) -> Refused:
    return Refused(
        Reason.NO_MANDATE,
        where="envelope.signatures",
        article="DESIGN 3, keys",
        detail=f"{kind} is taken under the author's own key, and not under a pseudonym",
        remedy="Sign it with your own key: it is sealed all the same, and shows only that you spoke",
    )


def _wrong_leaf(kind: str, wanted: str, remedy: str) -> Refused:
    return Refused(
        Reason.WRONG_LEAF,
        where="record",
        article="DESIGN 3, leaves leak nothing",
        detail=f"{kind} is taken {wanted}",
        remedy=remedy,
    )


def _parties(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    enrolment.decide(candidate, book.register)
    return ()


def _published(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    agreements.decide_published(candidate, book.instruments, book.register)
    return ()


def _on_instrument(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    instrument = book.instruments.get(candidate.record.body["instrument"])
    follows = agreements.decide(candidate, instrument)
    assert instrument is not None  # noqa: S101 -- decide refuses an unknown instrument
    zones = book.zones_under(instrument.code)
    if candidate.record.kind == "instrument.signed/1" and follows:
        return follows + _adopted_on_entry(candidate, instrument, follows[0], zones, book)
    if candidate.record.kind == "instrument.extended/1":
        return _adopted_on_extension(candidate, instrument, zones, book)
    return follows


def _adopted_on_entry(
    candidate: Candidate,
    instrument: Instrument,
    entry: Follow,
    zones: Sequence[ZoneHistory],
    book: Book,
) -> tuple[Follow, ...]:
    entered = Entered(entry.body["from"], entry.body.get("until"), candidate.received_at, -1)
    cause = candidate.record.id
    return adoption.after_entry(zones, instrument, entered, book.contents, cause)


def _adopted_on_extension(
    candidate: Candidate, instrument: Instrument, zones: Sequence[ZoneHistory], book: Book
) -> tuple[Follow, ...]:
    if agreements.agreed_extension(instrument, candidate) is None:
        return ()
    body, at = candidate.record.body, candidate.received_at
    word = Extension(candidate.signer.body, body["until"], at, -1)
    return adoption.after_extension(zones, instrument, word, book.contents, candidate.record.id)


def _fired(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    body = candidate.record.body
    clock = ladder.decide_fired(body, book.clocks, candidate.received_at)
    if clock.ladder != ZONE_TERM:
        return ()
    expired = adoption.expiry(book.zones[clock.subject], clock.due_at, clock.id)
    return () if expired is None else (expired,)


def _proposed(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    proposal.decide_proposed(candidate, book.zones, book.instruments, book.register, book.contents)
    return ()


def _on_zone(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    history = book.zones.get(candidate.record.body["zone"])
    if history is None:
        detail = f"there is no zone {candidate.record.body['zone']}"
        raise no(Reason.REF_UNKNOWN, detail, "body.zone")
    instrument = book.instruments[history.instrument]
    ground = Ground(history, instrument, book.register, book.contents)
    return _ZONE[candidate.record.kind](candidate, ground) or ()


def _post_assigned(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    assignment.decide_assigned(candidate, _post_ground(book))
    return ()


def _on_post(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    assignment.decide(candidate, _post_ground(book))
    return ()


def _post_ground(book: Book) -> PostGround:
    return PostGround(book.zones, book.instruments, book.posts, book.register)


def _on_flight(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    exemption_book.decide(candidate, book.flights, book.register.bodies)
    return ()


def _disclosed(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    body = candidate.record.body
    if body["to"] not in book.register.bodies:
        raise _refused(Reason.REF_UNKNOWN, f"there is no body {body['to']}", "body.to")
    if body["record"] not in book.ids:
        raise _refused(Reason.REF_UNKNOWN, f"there is no record {body['record']}", "body.record")
    return ()


def _recalled(candidate: Candidate, book: Book) -> tuple[Follow, ...]:
    disclosure = candidate.record.body["disclosure"]
    handed = book.handed_by(disclosure)
    if handed is None:
        raise _refused(
            Reason.REF_UNKNOWN, f"nothing was handed out by {disclosure}", "body.disclosure"
        )
    if handed.recalled_at is not None:
        raise _refused(Reason.WRONG_STATE, "it was called back already", "body.disclosure")
    return ()


def _refused(reason: Reason, detail: str, where: str) -> Refused:
    return Refused(reason, where=where, article="DESIGN 7, disclosure ledger", detail=detail)


_ZONE: Mapping[str, Callable[[Candidate, Ground], tuple[Follow, ...] | None]] = {
    "zone.revised/1": proposal.decide_revised,
    "zone.amended/1": proposal.decide_amended,
    "zone.position/1": position.decide_position,
    "zone.contested/1": position.decide_contested,
    "zone.consented/1": adoption.decide_consented,
    "zone.adopted/1": adoption.decide_adopted,
    "zone.suspended/1": adoption.decide_suspended,
    "zone.restored/1": adoption.decide_restored,
    "zone.expired/1": adoption.decide_expired,
}

_WORDS: Mapping[str, Decision] = {
    **dict.fromkeys(enrolment.KINDS, _parties),
    **dict.fromkeys(agreements.KINDS, _on_instrument),
    **dict.fromkeys(_ZONE, _on_zone),
    **dict.fromkeys(assignment.KINDS, _on_post),
    **dict.fromkeys(exemption_book.KINDS, _on_flight),
    "instrument.published/1": _published,
    "zone.proposed/1": _proposed,
    "post.assigned/1": _post_assigned,
    "clock.fired/1": _fired,
    "disclosure.made/1": _disclosed,
    "disclosure.recalled/1": _recalled,
}

"""Before the rules: whose keys signed, whether they are in force, and the numbers of each key.

All of it is judged at `received_at`, against the register as the log has it then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from truceline.errors import Malformed, Reason, Refused
from truceline.mechanism.book import Book
from truceline.parties import enrolment, mandate
from truceline.parties.mandate import MECHANISM
from truceline.records import keys
from truceline.records.admitted import Candidate, Signer
from truceline.records.keys import KeyId
from truceline.records.kinds import SEALED_LEAF
from truceline.records.record import Micros, Record
from truceline.records.roles import Role

GENESIS = "genesis/1"

_MECHANISM_ROLES = frozenset((Role.MECHANISM,))


def public_keys(record: Record, key_ids: Iterable[KeyId], book: Book) -> dict[KeyId, bytes]:
    """Return the public half of each signing key, in force or not, to verify signatures with.

    A founding record brings its own keys; every other key must be in the register.
    Refuses a key that nobody enrolled.
    """
    brought = _founding_keys(record) if record.kind == GENESIS else {}
    found: dict[KeyId, bytes] = {}
    for key in key_ids:
        public = brought.get(key) or book.register.public_of(key)
        if public is None:
            raise Refused(
                Reason.KEY_UNKNOWN,
                where="envelope.signatures",
                article="DESIGN 3, keys",
                detail=f"nobody has enrolled key {key} in this log",
            )
        found[key] = public
    return found


def check_signers(
    record: Record, key_ids: Sequence[KeyId], book: Book, received_at: Micros
) -> tuple[Signer, ...]:
    """Return who signed, the author first; `record` is the outer one, as it was signed.

    Refuses a key that is unknown or not in force at `received_at`, an author who is not
    among the holders, and a sealed leaf that is not signed by one key alone: a pseudonym,
    or one's own.
    """
    if record.kind == GENESIS:
        return _founders(record, key_ids)
    if record.kind == SEALED_LEAF:
        return (_of_a_sealed_leaf(key_ids, book, received_at),)
    signers = [_signer(key, record.kind, book, received_at) for key in key_ids]
    signers.sort(key=lambda one: name_of(one) != record.author)
    if not signers or name_of(signers[0]) != record.author:
        held = ", ".join(sorted(name_of(one) for one in signers))
        raise Refused(
            Reason.NO_MANDATE,
            where="record.author",
            article="DESIGN 3, keys",
            detail=f"the author is {record.author!r}, but the keys are those of {held}",
        )
    return tuple(signers)


def check_seq(record: Record, key: KeyId, book: Book) -> None:
    """Refuse a sequence number that is not above the key's last one. A gap is allowed, and shown."""
    last = book.seqs.get(key, 0)
    if record.seq <= last:
        raise Refused(
            Reason.SEQUENCE,
            where="record.seq",
            article="DESIGN 3, the record",
            detail=f"key {key} has signed number {last}; {record.seq} is not above it",
        )


def check_mandate(candidate: Candidate, _book: Book) -> None:
    """Refuse a signer whose role or key may not sign this kind."""
    mandate.check(candidate.kind, candidate.signer)


def _founding_keys(record: Record) -> dict[KeyId, bytes]:
    try:
        texts = [record.body["mechanism"], *(one["key"]["public"] for one in record.body["bodies"])]
    except (KeyError, TypeError):
        raise Malformed(
            Reason.MISSING_FIELD, where="body", detail="a founding names its keys"
        ) from None
    found = (keys.public_from_text(text, where="body") for text in texts)
    return {keys.key_id(public): public for public in found}


def _founders(record: Record, key_ids: Sequence[KeyId]) -> tuple[Signer, ...]:
    holders = {
        keys.key_id(keys.public_from_text(one["key"]["public"])): one["code"]
        for one in record.body["bodies"]
    }
    mechanism = keys.key_id(keys.public_from_text(record.body["mechanism"]))
    signers = [
        Signer(key, "", "", _MECHANISM_ROLES)
        if key == mechanism
        else Signer(key, holders.get(key, ""), "", frozenset())
        for key in key_ids
    ]
    signers.sort(key=lambda one: one.key != mechanism)
    return tuple(signers)


def _of_a_sealed_leaf(key_ids: Sequence[KeyId], book: Book, received_at: Micros) -> Signer:
    """Who signed a sealed leaf: a pseudonym says nothing of it, one's own key that it was us.

    What may be signed with one's own key is the rules' to say: they know what is sealed.
    """
    if len(key_ids) != 1 or key_ids[0] == book.register.mechanism:
        raise Refused(
            Reason.NO_MANDATE,
            where="envelope.signatures",
            article="DESIGN 3, leaves leak nothing",
            detail="a sealed leaf is signed by one key: a pseudonym, or the author's own",
        )
    signer = book.register.signer_of_pseudonym(key_ids[0], received_at)
    return signer or _signer(key_ids[0], SEALED_LEAF, book, received_at)


def _signer(key: KeyId, kind: str, book: Book, received_at: Micros) -> Signer:
    if key == book.register.mechanism:
        return Signer(key, "", "", _MECHANISM_ROLES)
    holder = book.register.holder_of(key, received_at)
    if holder is None:
        raise Refused(
            Reason.KEY_NOT_IN_FORCE if book.register.knows(key) else Reason.KEY_UNKNOWN,
            where="envelope.signatures",
            article="DESIGN 3, keys",
            detail=f"key {key} is not in force",
        )
    if holder.recovery and kind not in enrolment.RECOVERY_KINDS:
        raise Refused(
            Reason.NO_MANDATE,
            where="envelope.signatures",
            article="DESIGN 3, keys",
            detail="a recovery key can replace or revoke its own key, and nothing else",
        )
    return Signer(key, holder.body, holder.officer, holder.roles)


def name_of(signer: Signer) -> str:
    """Return the author whose name a signer signs in."""
    if Role.MECHANISM in signer.roles:
        return MECHANISM
    return signer.officer or signer.body

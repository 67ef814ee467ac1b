"""An assembly: bodies and officers with real keys, whose records pass the rules and are folded.

It does what the door does, without signatures, files and disk, so that a test of a
domain word can speak in records. Times are microseconds; `at` is the mechanism's clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from truceline.errors import Refused
from truceline.mechanism import rules
from truceline.mechanism.book import Book
from truceline.records import keys
from truceline.records.admitted import Admitted, Candidate, Follow
from truceline.records.keys import KeyId, SigningKey
from truceline.records.kinds import KINDS
from truceline.records.record import Micros, Record, RecordId

LOG = "log.example/assembly"
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def instant(text: str) -> Micros:
    """Return the instant of "2017-05-04 12:00" (UTC)."""
    return Micros(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND)


def key(name: str) -> SigningKey:
    """Return the key that belongs to a name."""
    return keys.from_seed(hashlib.sha256(name.encode()).digest())


def key_body(name: str) -> dict[str, str]:
    """Return a key pair and its recovery key as records enrol them."""
    return {
        "public": keys.public_to_text(key(name).public),
        "recovery": keys.public_to_text(key(f"{name}/recovery").public),
    }


def ulid(seed: str) -> RecordId:
    """Return the record id that belongs to a seed."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16], "big") >> 1
    return RecordId("".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5)))


def body(code: str, capacity: str = "guarantor") -> dict[str, Any]:
    """Return a body as a founding names it."""
    return {"code": code, "name": {"en": code}, "capacity": capacity, "key": key_body(code)}


class Assembly:
    """A founded log and those who speak in it."""

    def __init__(
        self,
        guarantors: Sequence[str] = ("north", "south", "west"),
        conflict_parties: Sequence[str] = (),
        *,
        at: Micros | None = None,
        mode: str = "live",
        founded: bool = True,
        contents: Callable[[str], Any] | None = None,
    ) -> None:
        self.at = at or instant("2017-05-01 09:00")
        self.book = Book(LOG, **({"contents": contents} if contents else {}))
        self.told: list[Admitted] = []
        self.follows: list[Follow] = []
        self._seqs: dict[KeyId, int] = {}
        if not founded:
            return
        self.founds(
            *(body(code) for code in guarantors),
            *(body(code, "conflict_party") for code in conflict_parties),
            body("office", "secretariat"),
            body("team", "observer"),
            mode=mode,
        )
        for code in (*guarantors, *conflict_parties):
            self.appoints(code, f"{code}-p", "principal")
            self.appoints(code, f"{code}-l", "liaison")
        self.appoints("office", "office-s", "secretariat")
        self.appoints("team", "team-o", "observer")

    def founds(
        self, *bodies: dict[str, Any], mode: str = "live", unsigned: str = "", quorum: int = 0
    ) -> Record:
        """The first record, signed by all but `unsigned`."""
        signed = ["mechanism", *(one["code"] for one in bodies)]
        return self.says(
            "mechanism",
            "genesis/1",
            mode=mode,
            title={"en": "A trial"},
            bodies=list(bodies),
            witnesses=[],
            quorum=quorum,
            mechanism=keys.public_to_text(key("mechanism").public),
            time_zone="Asia/Damascus",
            signed_by=[name for name in signed if name != unsigned],
        )

    def appoints(self, by: str, officer: str, *roles: str, **more: Any) -> Record:
        """A body names an officer, whose key belongs to the officer's name."""
        return self.says(
            by,
            "officer.appointed/1",
            officer=officer,
            roles=list(roles),
            key=key_body(officer),
            **more,
        )

    def says(
        self,
        author: str,
        kind: str,
        /,
        *,
        at: Micros | None = None,
        by_key: str = "",
        signed_by: Sequence[str] = (),
        refs: Sequence[str] = (),
        parts: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Record:
        """State a record, and what follows from it; returns the record as admitted.

        Raises what the rules raise. `at` moves the clock on first.
        """
        self.at = self.at if at is None else at
        signers = [key(name).id for name in signed_by or (by_key or author,)]
        record = Record(
            log=LOG,
            kind=kind,
            id=ulid(f"{kind} {len(self.told)}"),
            author=author,
            seq=self._seqs.get(signers[0], 0) + 1,
            made_at=self.at,
            refs=tuple(refs),
            body={name.rstrip("_"): value for name, value in fields.items()},
        )
        follows = self._admit(record, signers, parts or {})
        for follow in follows:
            self._follow(follow)
        self.at = Micros(self.at + 1)
        return record

    def clone(self) -> Book:
        """Return a Book folded again from the same records."""
        book = Book(LOG)
        for one in self.told:
            book.apply(one)
        return book

    def _follow(self, follow: Follow) -> None:
        self.follows.append(follow)
        mechanism = key("mechanism").id
        record = Record(
            log=LOG,
            kind=follow.kind,
            id=ulid(follow.id_seed),
            author="mechanism",
            seq=self._seqs.get(mechanism, 0) + 1,
            made_at=self.at,
            refs=follow.refs,
            body=follow.body,
        )
        try:
            assert self._admit(record, [mechanism], {}) == ()
        except Refused as failure:
            raise AssertionError(f"what must follow was refused: {failure}") from failure

    def _admit(
        self, record: Record, signed: Sequence[KeyId], parts: Mapping[str, Any]
    ) -> tuple[Follow, ...]:
        kind = KINDS[record.kind]
        kind.body.check(record.body, "body")
        public = rules.public_keys(record, signed, self.book)
        signers = rules.check_signers(record, signed, self.book, self.at)
        rules.check_seq(record, signers[0].key, self.book)
        # What is said under an instrument that is not public is sealed whole.
        kept = self.book.is_kept_among_parties(record)
        candidate = Candidate(
            record, kind, signers[0], self.at, parts, signers, public, sealed_leaf=kept
        )
        follows = rules.decide(candidate, self.book)
        admitted = Admitted(len(self.told), record, signers[0], self.at, parts, sealed_leaf=kept)
        self.book.apply(admitted)
        self.told.append(admitted)
        self._seqs[signers[0].key] = record.seq
        return follows

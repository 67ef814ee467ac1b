"""The second and third stop: is it rightly signed by one who may, and do the rules take it.

A `Judge` holds the Book at the end of what it has admitted, committed or about to be.
It writes nothing. Whatever fails, the door throws the judge away and makes another
from the store.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from truceline.errors import Malformed, Reason, Refused, Unproven
from truceline.ledger.tree import leaf_hash
from truceline.mechanism import rules, statement
from truceline.mechanism.book import Book
from truceline.mechanism.clock import Clock
from truceline.mechanism.naming import Named
from truceline.mechanism.statement import Chance
from truceline.mechanism.submission import Submission
from truceline.parties.mandate import MECHANISM
from truceline.records import keys
from truceline.records.admitted import Admitted, Candidate, Follow
from truceline.records.envelope import Entry
from truceline.records.keys import KeyId, SigningKey
from truceline.records.kinds import KINDS, Leaf
from truceline.records.record import Micros, Record, RecordId
from truceline.store.contents import Contents
from truceline.store.files import Files
from truceline.store.log import Row
from truceline.store.store import Store
from truceline.store.views import records
from truceline.zones.document import MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class Own:
    """A statement that the mechanism is asked to make."""

    kind: str
    body: Mapping[str, Any]
    refs: tuple[str, ...] = ()
    parts: Mapping[str, Any] = field(default_factory=dict)
    id_seed: str = ""
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A record that was admitted and has its place, with what follows from it."""

    submission: Submission
    admitted: Admitted
    row: Row
    follows: tuple[Taken, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """What judging needs besides the Book."""

    clock: Clock
    key: SigningKey
    files: Files
    contents: Contents
    named: Named
    pseudonym: SigningKey | None = None
    chance: Chance = os.urandom


class KnownIds:
    """The leaves of record ids that the Book no longer keeps, asked for by the group.

    What is remembered is true until the group is committed: one writer writes, and what
    it adds meanwhile the Book knows itself.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._remembered: dict[str, int | None] = {}

    def __call__(self, record_id: str) -> int | None:
        """Return the leaf of a record, or None."""
        if record_id in self._remembered:
            return self._remembered[record_id]
        with self._store.reading() as look:
            return records.index_of(look, record_id)

    def remember(self, indexes: Mapping[str, int | None]) -> None:
        """Remember where these are, or that they are not; forget what was remembered before."""
        self._remembered = dict(indexes)


class Judge:
    """Admits records one after another, each in the light of those before it."""

    def __init__(self, book: Book, world: World, last_received_at: Micros, known: KnownIds) -> None:
        self.book = book
        self._known = known
        self._world = world
        self._last_at = last_received_at
        self._placed: list[Taken] = []
        self._secret = statement.secret_of_ids(world.key)

    @property
    def origin(self) -> str:
        """The origin of the log."""
        return self.book.log

    @property
    def key(self) -> SigningKey:
        """The mechanism's key."""
        return self._world.key

    def now(self) -> Micros:
        """The present moment; never before what the log has seen."""
        return Micros(max(self._world.clock.now(), self._last_at))

    def admit(self, submission: Submission, *, proved: bool = False) -> Taken:
        """Admit what was submitted, or raise the failure that a rule finds.

        `proved`: every signature was found good by `prove` already. A key id is the
        hash of its key, so what was proved stays proved, whatever is admitted meanwhile.
        """
        if not proved:
            self.prove(submission)
        key_ids = [one.key for one in submission.envelope.signatures]
        return self._take(submission, key_ids, self._tick())

    def admit_own(self, own: Own) -> Taken:
        """Admit a statement of the mechanism's own; the rules hold for it as for any other."""
        if self._is_hidden(own):
            return self._take_hidden(own)
        at = self._tick()
        made = self._clear(own, at)
        return self._take(made, [self.key.id], at)

    def _is_hidden(self, own: Own) -> bool:
        """Say whether its leaf shows nothing: by its kind, or because its instrument is not public."""
        if own.kind in KINDS and KINDS[own.kind].leaf is Leaf.SEALED:
            return True
        said = Record(
            self.origin, own.kind, RecordId(""), MECHANISM, 0, self._last_at, body=own.body
        )
        return self.book.is_kept_among_parties(said)

    def drain(self) -> list[Taken]:
        """Return every record that has been given its place since the last call, in order."""
        placed, self._placed = self._placed, []
        return placed

    def prefetch(
        self, look: Connection, submissions: Sequence[Submission], known: Mapping[str, Row]
    ) -> None:
        """Ask the store once for every record id that a group will be asked about.

        `known` are the rows of the group's own ids that are on the log already.
        """
        self._world.named.remember(look, submissions)
        asked: dict[str, int | None] = {one.outer.id: None for one in submissions}
        found = {name: row.index for name, row in known.items()}
        refs = [ref for one in submissions for ref in one.inner.refs if ref not in asked]
        self._known.remember({**asked, **found, **records.indexes_of(look, refs)})

    # -- time ---------------------------------------------------------------------------

    def _tick(self) -> Micros:
        """The next `received_at`: later than the last, also when the clock has jumped back."""
        return Micros(max(self._world.clock.now(), self._last_at + 1))

    # -- admit --------------------------------------------------------------------------

    def prove(self, submission: Submission) -> None:
        """Check every signature against the public half of the key that it names.

        Looks at keys that the Book knows and changes nothing: another thread may ask.
        Raises `Unproven` for a signature that does not hold, `Refused` for a key that is
        not known yet, or a record for another log.
        """
        key_ids = [one.key for one in submission.envelope.signatures]
        if submission.outer.log != self.origin:
            raise Refused(
                Reason.WRONG_LOG,
                where="record.log",
                article="DESIGN 3, the record",
                detail=f"the record is meant for {submission.outer.log[:200]!r}; this log is {self.origin!r}",
            )
        publics = rules.public_keys(submission.outer, key_ids, self.book)
        message = submission.envelope.pae()
        for number, one in enumerate(submission.envelope.signatures):
            keys.verify(
                publics[one.key], message, one.value, where=f"envelope.signatures[{number}]"
            )

    def _take(self, submission: Submission, key_ids: Sequence[KeyId], at: Micros) -> Taken:
        candidate = self._candidate(submission, key_ids, at)
        follows = rules.decide(candidate, self.book)
        if submission.sealed_leaf:
            # Before the record: a sealed leaf must never name a file that lies in clear. If
            # the record does not commit, a file is left under the data key, and is read as ever.
            for named in submission.kind.body.files(submission.inner.body):
                self._world.files.seal(named["sha256"])
        taken = self._place(submission, candidate)
        return replace(taken, follows=self._follow(follows)) if follows else taken

    def _candidate(self, submission: Submission, key_ids: Sequence[KeyId], at: Micros) -> Candidate:
        outer = submission.outer
        signers = rules.check_signers(outer, key_ids, self.book, at)
        rules.check_seq(outer, signers[0].key, self.book)
        if outer.kind == rules.GENESIS:
            self._check_founding(submission)
        self._check_files(submission)
        publics = rules.public_keys(outer, key_ids, self.book)
        made = Candidate(
            submission.inner,
            submission.kind,
            signers[0],
            at,
            submission.parts,
            signers,
            publics,
            submission.sealed_leaf,
        )
        self._world.named.check(made, self.book, lambda: (one.admitted for one in self._placed))
        return made

    def _check_founding(self, submission: Submission) -> None:
        if submission.outer.body["mechanism"] != keys.public_to_text(self.key.public):
            raise Refused(
                Reason.CONTRADICTS,
                where="body.mechanism",
                article="DESIGN 3, trust root",
                detail="the founding names another mechanism key than this installation's",
            )

    def _check_files(self, submission: Submission) -> None:
        """Every file that the record names is here, and a zone content can be read as one."""
        for named in submission.kind.body.files(submission.inner.body):
            if not self._world.files.has(named["sha256"], named["length"]):
                raise Refused(
                    Reason.FILE_UNKNOWN,
                    where="body",
                    article="DESIGN 3, size",
                    detail=f"no file {named['sha256']} of {named['length']} bytes was deposited",
                )
        self._check_content(submission)
        for sha256 in submission.contents():
            self._world.contents.zone(sha256)

    def _check_content(self, submission: Submission) -> None:
        """What is put forward as a boundary is called one: so it is read before it is judged."""
        content = submission.inner.body.get("content")
        if isinstance(content, dict) and content["type"] != MEDIA_TYPE:
            raise Malformed(
                Reason.WRONG_TYPE,
                where="body.content.type",
                detail=f"a zone content has the media type {MEDIA_TYPE}",
            )

    def _place(self, submission: Submission, candidate: Candidate) -> Taken:
        """Give the record its place: from here on the next one sees it."""
        entry = Entry(submission.envelope, candidate.received_at).encode()
        index = self.book.size
        admitted = Admitted(
            index,
            submission.inner,
            candidate.signer,
            candidate.received_at,
            submission.parts,
            submission.sealed_leaf,
        )
        self.book.apply(admitted)
        self._last_at = candidate.received_at
        row = Row(index, submission.pae, leaf_hash(entry), candidate.received_at, entry)
        taken = Taken(submission, admitted, row)
        self._placed.append(taken)
        return taken

    # -- the mechanism's own ------------------------------------------------------------

    def _follow(self, follows: Sequence[Follow]) -> tuple[Taken, ...]:
        """Make the statements that follow, each with those that follow from it.

        What caused them has its place already. A rule that turns down what a rule
        demanded is a defect, not an answer: the whole group is thrown away.
        """
        try:
            return tuple(
                self.admit_own(Own(one.kind, one.body, one.refs, {}, one.id_seed))
                for one in follows
            )
        except (Refused, Malformed, Unproven) as failure:
            raise RuntimeError(f"a statement that must follow was refused: {failure}") from failure

    def _clear(self, own: Own, at: Micros) -> Submission:
        return statement.clear(
            own.kind,
            own.body,
            log=self.origin,
            record_id=self._own_id(own, at),
            seq=self.book.seqs.get(self.key.id, 0) + 1,
            at=at,
            refs=own.refs,
            parts=own.parts,
            key=self.key,
            chance=self._world.chance,
        )

    def _take_hidden(self, own: Own) -> Taken:
        pseudonym = self._world.pseudonym
        if pseudonym is None:
            raise Refused(
                Reason.KEY_UNKNOWN, where="door", detail="the mechanism's pseudonym is locked"
            )
        self._enrol(pseudonym)
        at = self._tick()
        made = statement.hidden(
            own.kind,
            own.body,
            log=self.origin,
            record_id=self._own_id(own, at),
            seq=self.book.seqs.get(pseudonym.id, 0) + 1,
            at=at,
            refs=own.refs,
            parts=own.parts,
            key=pseudonym,
            chance=self._world.chance,
        )
        return self._take(made, [pseudonym.id], at)

    def _enrol(self, pseudonym: SigningKey) -> None:
        """Enrol the mechanism's own pseudonym before its first use; who holds it is sealed."""
        if not self.book.register.knows(pseudonym.id):
            body = {"public": keys.public_to_text(pseudonym.public)}
            self.admit_own(Own("pseudonym.enrolled/1", body, (), {"holder": MECHANISM}))

    def _own_id(self, own: Own, at: Micros) -> RecordId:
        if own.record_id:
            return RecordId(own.record_id)
        if own.id_seed:
            caused = statement.caused_id(self._secret, self.origin, own.id_seed, at)
            if caused not in self.book.ids:
                return caused
        # A cause is told once because the Book knows that it was told. If somebody else has
        # the id, by a chance of one in 2^80, the statement must not fail for that.
        return statement.ulid(at, self._world.chance(10))

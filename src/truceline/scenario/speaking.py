"""Saying something in the play: an act becomes a signed record and goes to the door.

The same way that any user's record goes: files are deposited first, the record is
signed with the officer's key in force, the door answers with a receipt or a refusal.
A record's id follows from the act's name, so that a play that was cut short knows
what was said already.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from truceline.errors import Reason, Unavailable
from truceline.mechanism.admission import Answer
from truceline.mechanism.statement import ulid
from truceline.records import canonical, envelope, sealed
from truceline.records.keys import SigningKey
from truceline.records.kinds import KINDS, SEALED_LEAF, Leaf
from truceline.records.record import Record, RecordId
from truceline.scenario import contents, material
from truceline.scenario.keyring import SPARE
from truceline.scenario.material import Act
from truceline.scenario.stage import Stage
from truceline.zones.document import MEDIA_TYPE

_TEXT_TYPE = "text/plain; charset=utf-8"
_SOURCE_MOST = 400


def unexpected(what: str, answer: Answer) -> Unavailable:
    """Return the failure of a play in which the door gave another answer than it has."""
    return Unavailable(
        Reason.DEFECT,
        where=f"scenario, {what}",
        detail=f"the door said {answer.failure or 'yes'}, which is not in the play",
        remedy="The play and the rules of this version do not fit together; report it",
    )


def act_id(act: Act) -> RecordId:
    """Return the id of an act's record: its time, and bits that follow from its name."""
    return ulid(act.at, hashlib.sha256(f"truceline scenario\n{act.key}".encode()).digest())


class Speaker:
    """Says the acts of the play at one installation's door, in anyone's name."""

    def __init__(self, stage: Stage) -> None:
        self._installation = stage.installation
        self._parties = stage.parties
        self.keyring = stage.keyring
        acts = {one.key: one for one in material.acts()}
        self._orders: Mapping[str, Callable[[str], Any]] = {
            "@file": lambda path: self._deposited(material.file(path), _TEXT_TYPE),
            "@zone": lambda content: self._deposited(contents.encoded(content), MEDIA_TYPE),
            "@sha": lambda content: hashlib.sha256(contents.encoded(content)).hexdigest(),
            "@texts": self._texts_of,
            "@id": lambda key: act_id(acts[key]),
        }
        self._texts = {
            one.body["code"]: one.body["texts"]
            for one in material.acts()
            if one.kind == "instrument.published/1"
        }

    def said(self, act: Act) -> bool:
        """Say whether the log has the act's record already."""
        with self._installation.reading_book() as book:
            return act_id(act) in book.ids

    def say(self, act: Act) -> Answer:
        """Say an act, and hold the answer against the one that the play expects."""
        key, body = self._key_of(act), self._filled(act.body)
        if act.kind == "key.replaced/1":
            key, body = self._recovery(act, body)
        answer = self.submit(act_id(act), act.kind, act.by, key, body)
        reason = str(answer.failure.reason) if answer.failure else ""
        if reason != act.refused:
            raise unexpected(act.key, answer)
        return answer

    def submit(
        self,
        record_id: RecordId,
        kind: str,
        author: str,
        key: SigningKey,
        body: Mapping[str, Any],
        parts: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Sign and submit one record."""
        whole = KINDS[kind].leaf is Leaf.SEALED
        inside = {"kind": kind, "author": author, "refs": [], "body": dict(body)} if whole else {}
        closed = sealed.seal({**inside, **(parts or {})}, lambda: os.urandom(sealed.SALT_BYTES))
        with self._installation.reading_book() as book:
            seq, log = book.seqs.get(key.id, 0) + 1, book.log
        made = Record(
            log=log,
            kind=SEALED_LEAF if whole else kind,
            id=record_id,
            author="" if whole else author,
            seq=seq,
            made_at=self._installation.clock.now(),
            body={} if whole else body,
            sealed=sealed.digests(closed),
        )
        signed = envelope.sign(made.canonical(), key)
        answer = self._installation.door.submit(signed.encode(), [one.text() for one in closed])
        self._keep(answer, author)
        return answer

    def _keep(self, answer: Answer, author: str) -> None:
        """Keep the receipt where the author's body keeps its own (`verify --receipts`)."""
        if answer.receipt is not None:
            with self._installation.reading_book() as book:
                body = book.register.body_of(author)
            file = self._parties / body / "receipts" / f"{answer.index:09d}.receipt.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(answer.receipt.encode())

    # -- whose key ------------------------------------------------------------------------

    def _key_of(self, act: Act) -> SigningKey:
        with self._installation.reading_book() as book:
            return self.keyring.in_force(act.by, book.register, act.at)

    def _recovery(self, act: Act, body: Mapping[str, Any]) -> tuple[SigningKey, dict[str, Any]]:
        """A lost key gives way to the spare one, by the printed recovery key."""
        lost, spare = self.keyring[act.by], self.keyring[act.by + SPARE]
        return lost.recovery, {**body, "old": lost.signing.id, "key": spare.tree()}

    # -- what the data files leave to be filled in ---------------------------------------------

    def _filled(self, value: Any, name: str = "") -> Any:
        """The value with every `@` of the data files carried out, at any depth."""
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        if isinstance(value, str) and name == "source":
            return cited(value)
        if not isinstance(value, dict):
            return value
        for order, carry_out in self._orders.items():
            if value.keys() == {order}:
                return carry_out(value[order])
        return {one: self._filled(inner, one) for one, inner in value.items()}

    def _texts_of(self, code: str) -> str:
        return texts_digest(self._texts[code], self._filled)

    def _deposited(self, data: bytes, media_type: str) -> dict[str, Any]:
        return self._installation.files.put(data, media_type).tree()


def texts_digest(texts: Mapping[str, Any], filled: Callable[[Any], Any]) -> str:
    """Return what a signature names: the hash of the hashes of an instrument's texts."""
    hashes = {lang: filled(one["file"])["sha256"] for lang, one in texts.items()}
    return hashlib.sha256(canonical.encode(dict(hashes))).hexdigest()


def cited(keys: str) -> str:
    """Return source keys with their addresses, as many as a record's field holds."""
    parts = [f"{key} {material.sources()[key]}" for key in keys.split(", ")]
    while len("; ".join(parts)) > _SOURCE_MOST:
        parts = [*parts[:-2], parts[-2].split()[0] + ", " + parts[-1].split()[0]]
    return "; ".join(parts)

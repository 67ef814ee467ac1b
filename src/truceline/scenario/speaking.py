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

from truceline.mechanism.admission import Answer
from truceline.mechanism.installation import Installation
from truceline.mechanism.statement import ulid
from truceline.records import canonical, envelope, sealed
from truceline.records.keys import SigningKey
from truceline.records.record import Record, RecordId
from truceline.scenario import contents, material
from truceline.scenario.keyring import SPARE, Keyring
from truceline.scenario.material import Act
from truceline.zones.document import MEDIA_TYPE

_TEXT_TYPE = "text/plain; charset=utf-8"
_SOURCE_MOST = 400


class Unexpected(Exception):
    """The door gave another answer than the play has: a defect of one of the two."""


def act_id(act: Act) -> RecordId:
    """Return the id of an act's record: its time, and bits that follow from its name."""
    return ulid(act.at, hashlib.sha256(f"truceline scenario\n{act.key}".encode()).digest())


class Speaker:
    """Says the acts of the play at one installation's door, in anyone's name."""

    def __init__(self, installation: Installation, keyring: Keyring) -> None:
        self._installation = installation
        self._keyring = keyring
        self._acts = {one.key: one for one in material.acts()}
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
            raise Unexpected(f"{act.key}: the door said {answer.failure or 'yes'}")
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
        closed = sealed.seal(parts or {}, lambda: os.urandom(sealed.SALT_BYTES))
        with self._installation.reading_book() as book:
            seq, log = book.seqs.get(key.id, 0) + 1, book.log
        made = Record(
            log=log,
            kind=kind,
            id=record_id,
            author=author,
            seq=seq,
            made_at=self._installation.clock.now(),
            body=body,
            sealed=sealed.digests(closed),
        )
        signed = envelope.sign(made.canonical(), key)
        return self._installation.door.submit(signed.encode(), [one.text() for one in closed])

    # -- whose key ------------------------------------------------------------------------

    def _key_of(self, act: Act) -> SigningKey:
        with self._installation.reading_book() as book:
            return self._keyring.in_force(act.by, book.register, act.at)

    def _recovery(self, act: Act, body: Mapping[str, Any]) -> tuple[SigningKey, dict[str, Any]]:
        """A lost key gives way to the spare one, by the printed recovery key."""
        lost, spare = self._keyring[act.by], self._keyring[act.by + SPARE]
        return lost.recovery, {**body, "old": lost.signing.id, "key": spare.tree()}

    # -- what the data files leave to be filled in ---------------------------------------------

    def _filled(self, value: Any, name: str = "") -> Any:
        match value:
            case {"@file": path}:
                return self._deposited(material.file(path), _TEXT_TYPE)
            case {"@zone": content}:
                return self._deposited(contents.encoded(content), MEDIA_TYPE)
            case {"@sha": content}:
                return hashlib.sha256(contents.encoded(content)).hexdigest()
            case {"@texts": code}:
                return texts_digest(self._texts[code], self._filled)
            case {"@id": key}:
                return act_id(self._acts[key])
            case dict():
                return {one: self._filled(inner, one) for one, inner in value.items()}
            case list():
                return [self._filled(inner) for inner in value]
            case str() if name == "source":
                return cited(value)
            case _:
                return value

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

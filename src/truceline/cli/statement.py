"""Stating something: build a record, sign it here, submit it, keep the receipt.

The key never leaves this process. What comes back is held against what was sent:
a receipt for other bytes is no receipt.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.cli import keyfile, shown
from truceline.cli.reach import Reach
from truceline.errors import Reason, Refused, Unproven

if TYPE_CHECKING:
    from truceline.records.envelope import Envelope
    from truceline.records.keys import SigningKey
    from truceline.records.record import Record
    from truceline.records.sealed import Disclosure

    type Made = tuple[Record, tuple[Disclosure, ...]]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Taken:
    """A record that the log took: its place, its id, its receipt, where that is kept."""

    index: int
    id: str
    receipt: Mapping[str, Any]
    kept: Path

    def told(self) -> dict[str, Any]:
        """The same for `--json`."""
        return {
            "index": self.index,
            "id": self.id,
            "receipt": self.receipt,
            "receipt_file": str(self.kept),
        }


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be stated, before it is known in which leaf."""

    kind: str
    body: Mapping[str, Any]
    refs: tuple[str, ...]
    parts: Mapping[str, Any]

    def clear(self, place: Mapping[str, Any]) -> Made:
        """The record in clear, its sealed parts sealed; `place` is the door's word on the key."""
        closed = _sealed(self.parts)
        made = _record(place, self.kind, place["holder"], closed)
        return replace(made, refs=self.refs, body=self.body), closed

    def hidden(self, place: Mapping[str, Any]) -> Made:
        """The record sealed whole: its leaf shows that the key said something, and not what."""
        from truceline.records.kinds import SEALED_LEAF

        inside = {"kind": self.kind, "author": place["holder"], "refs": list(self.refs)}
        closed = _sealed({**inside, "body": dict(self.body), **self.parts})
        return _record(place, SEALED_LEAF, "", closed), closed


def _is_sealed(kind: str) -> bool:
    """Say whether records of this kind never show themselves."""
    from truceline.records.kinds import KINDS, Leaf

    return kind in KINDS and KINDS[kind].leaf is Leaf.SEALED


def _sealed(parts: Mapping[str, Any]) -> tuple[Disclosure, ...]:
    from truceline.records import sealed

    return sealed.seal(parts, lambda: os.urandom(sealed.SALT_BYTES))


def _record(
    place: Mapping[str, Any], kind: str, author: str, closed: Sequence[Disclosure]
) -> Record:
    from truceline.records import sealed
    from truceline.records.record import Micros, Record, RecordId

    now = int(place["now"]) if place["mode"] == "exercise" else time.time_ns() // 1000
    return Record(
        log=place["log"],
        kind=kind,
        id=RecordId(new_id(now)),
        author=author,
        seq=int(place["seq"]),
        made_at=Micros(now),
        sealed=sealed.digests(closed),
    )


class Desk:
    """One officer's or body's place to write: a way to the mechanism and a key."""

    def __init__(self, reach: Reach, key: SigningKey, receipts: Path, *, as_json: bool) -> None:
        self.reach = reach
        self.key = key
        self.receipts = receipts
        self.as_json = as_json

    def deposit(self, data: bytes, media_type: str) -> dict[str, Any]:
        """Deposit a file and return its name as records hold it."""
        answer = self.reach.ask("POST", "/api/files", data, media_type).json()
        return {name: answer[name] for name in ("sha256", "length", "type")}

    def state(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        refs: Sequence[str] = (),
        parts: Mapping[str, Any] | None = None,
        signer: SigningKey | None = None,
    ) -> Taken:
        """Sign and submit one record. Raises the failure that the door answers.

        What is said of an instrument that is not public is sealed whole. The door knows which
        is not: where it asks for a sealed record, that is what it gets.
        """
        said = Said(kind, without_nothing(body), tuple(refs), dict(parts or {}))
        with_key = signer or self.key
        if body.get("secrecy", "public") != "public" or _is_sealed(kind):
            return self._state(said.hidden, with_key)
        try:
            return self._state(said.clear, with_key)
        except Refused as failure:
            if failure.reason is not Reason.WRONG_LEAF:
                raise
        return self._state(said.hidden, with_key)

    def _state(self, make: Callable[[Mapping[str, Any]], Made], key: SigningKey) -> Taken:
        from truceline.records import envelope

        made, closed = make(self.reach.get("/api/next-seq", key=key.id))
        signed = envelope.sign(made.canonical(), key)
        return self.submit(signed, [one.text() for one in closed], record_id=made.id)

    def submit(self, signed: Envelope, disclosures: Sequence[str], *, record_id: str) -> Taken:
        """Submit an envelope, check the receipt against it, and keep the receipt."""
        answer = self.reach.post(
            "/api/records", {"envelope": signed.tree(), "disclosures": list(disclosures)}
        )
        check_receipt(answer, signed)
        kept = self._keep(answer, signed, disclosures)
        return Taken(answer["index"], record_id, answer["receipt"], kept)

    def tell(self, taken: Taken, sentence: str) -> None:
        """Say what was done, where it stands in the log, and where the receipt is."""
        if self.as_json:
            shown.as_json(taken.told())
            return
        shown.say(sentence)
        shown.facts({"leaf": taken.index, "record": taken.id, "receipt": str(taken.kept)})

    def _keep(
        self, answer: Mapping[str, Any], signed: Envelope, disclosures: Sequence[str]
    ) -> Path:
        """Keep the receipt, and beside it the disclosures: `truceline verify --receipts` reads both."""
        from truceline.records import canonical

        # The digest is in the name: one folder may keep the receipts of several logs.
        digest = signed.digest().hex()[:12]
        file = self.receipts / f"{answer['index']:09d}-{digest}.receipt.json"
        data = canonical.encode_checked(dict(answer["receipt"]))
        if not file.exists() or file.read_bytes() != data:
            keyfile.write_new(file, data, overwrite=True)
        if disclosures:
            held = {"index": answer["index"], "disclosures": list(disclosures)}
            beside = file.with_name(file.name.replace(".receipt.", ".disclosures."))
            keyfile.write_new(beside, canonical.encode_checked(held), private=True, overwrite=True)
        return file


def check_receipt(answer: Mapping[str, Any], signed: Envelope) -> None:
    """Raise `Unproven` unless the receipt is for this envelope and for the entry shown with it."""
    from truceline.ledger import tree
    from truceline.records import envelope, receipt

    given = receipt.read_receipt(envelope.from_tree(answer["receipt"]))
    entry = base64.b64decode(answer["entry"])
    mine = envelope.read_entry(entry).envelope
    if given.pae != signed.digest() or given.leaf != tree.leaf_hash(entry) or mine != signed:
        raise Unproven(
            Reason.BAD_PROOF,
            where="receipt",
            detail="the receipt is not for what was sent",
            remedy="Keep it: it shows that the server answers wrongly. Tell the other parties",
        )


def new_id(now: int) -> str:
    """Return a ULID: 48 bits of time in milliseconds and 80 bits of chance."""
    number = (now // 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def without_nothing(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body without the optional fields that were not given."""
    return {name: value for name, value in body.items() if value is not None}

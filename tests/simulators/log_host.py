"""A host of a log, honest or not, made of nothing but records, ledger and a folder.

The world is small: two parties, North and South, an observer body, one instrument,
one zone that both consent to. The host holds the mechanism's key and can therefore
sign whatever it likes: each lie below is one that a real host could tell, and is
told with a rightly signed checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from truceline.ledger import checkpoint, cosignature, tiles, tree
from truceline.ledger.checkpoint import Checkpoint, SignedCheckpoint
from truceline.ledger.note import VerifierKey
from truceline.ledger.proof import TileTree
from truceline.records import canonical, envelope, keys
from truceline.records.envelope import Entry, Envelope
from truceline.records.keys import SigningKey
from truceline.records.receipt import SNAPSHOT_TYPE, Receipt
from truceline.records.record import Micros, Record, RecordId

ORIGIN = "truceline.example/two-valleys"
DAY = 86_400_000_000
START = Micros(1_750_000_000_000_000)  # 2025-06-15
CONTENT = {
    "sha256": hashlib.sha256(b"the agreed line").hexdigest(),
    "length": 15,
    "type": "application/json",
}
OTHER_CONTENT = {**CONTENT, "sha256": hashlib.sha256(b"another line").hexdigest()}
BODIES = ("north", "south", "eyes")
TEXTS_DIGEST = hashlib.sha256(canonical.encode({"en": CONTENT["sha256"]})).hexdigest()
ADOPTED = 13
"""The leaf that puts the zone of `found` in force."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def key(label: str) -> SigningKey:
    """A key made from a label, so that every run of a test signs the same bytes."""
    return keys.from_seed(hashlib.sha256(f"two valleys {label}".encode()).digest())


def pair(label: str) -> dict[str, str]:
    """A key and its recovery key, as key records carry them."""
    return {
        "public": keys.public_to_text(key(label).public),
        "recovery": keys.public_to_text(key(f"{label} recovery").public),
    }


def instrument(**changed: Any) -> dict[str, Any]:
    """The body of a publication: an accord of the two parties, with the observers as a third."""
    body: dict[str, Any] = {
        "code": "accord",
        "title": {"en": "Accord"},
        "type": "memorandum",
        "signatories": [
            {"body": "north", "capacity": "conflict_party"},
            {"body": "south", "capacity": "conflict_party"},
            {"body": "eyes", "capacity": "observer"},
        ],
        "texts": {"en": {"file": CONTENT, "equal_force": True}},
        "secrecy": "public",
        "effective": {"rule": "on signature", "says": {"from": "signature"}},
        "renewal": "none",
        "edge": "geodesic",
        "deadlines": [],
        "obligations": [],
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


def ulid(number: int) -> RecordId:
    """The record id of a number."""
    text = ""
    for _ in range(26):
        text, number = _ALPHABET[number & 31] + text, number >> 5
    return RecordId(text)


MECHANISM = key("mechanism")
WITNESSES = {
    f"witness.{body}.example/w1": key(f"witness {body}") for body in ("north", "south", "eyes")
}


@dataclass(slots=True)
class LogHost:
    """A log being written. Every `say*` appends one leaf and returns its receipt."""

    mode: str = "live"
    quorum: int = 2
    clock: int = START
    entries: list[bytes] = field(default_factory=list)
    receipts: list[Envelope] = field(default_factory=list)
    checkpoints: list[SignedCheckpoint] = field(default_factory=list)
    _seqs: dict[str, int] = field(default_factory=dict)
    _ids: int = 0

    # -- records --------------------------------------------------------------

    def envelope(
        self,
        kind: str,
        author: str,
        body: dict[str, Any],
        *signers: SigningKey,
        refs: Sequence[str] = (),
        **changed: Any,
    ) -> Envelope:
        """A signed record, as its author sends it."""
        self._ids += 1
        number = self._seqs.get(signers[0].id, 0) + 1
        self._seqs[signers[0].id] = number
        said = Record(
            log=ORIGIN,
            kind=kind,
            id=ulid(self._ids),
            author=author,
            seq=number,
            made_at=Micros(self.clock),
            refs=tuple(refs),
            body=body,
        )
        return envelope.sign(replace(said, **changed).canonical(), *signers)

    def take(self, signed: Envelope, *, received_at: int | None = None) -> Envelope:
        """Append one envelope and return the receipt, a second later than the last."""
        self.clock += 1_000_000
        entry = Entry(signed, Micros(self.clock if received_at is None else received_at))
        data = entry.encode()
        self.entries.append(data)
        receipt = Receipt(
            ORIGIN, len(self.entries) - 1, tree.leaf_hash(data), signed.digest(), entry.received_at
        ).signed(MECHANISM)
        self.receipts.append(receipt)
        return receipt

    def say(
        self, kind: str, author: str, body: dict[str, Any], *signers: SigningKey, **more: Any
    ) -> str:
        """Append a record; return its id."""
        self.take(self.envelope(kind, author, body, *signers, **more))
        return ulid(self._ids)

    def found(self) -> LogHost:
        """Write genesis, an officer for each party, an instrument, and a zone in force."""
        bodies = [
            {"code": code, "name": {"en": code}, "capacity": capacity, "key": pair(code)}
            for code, capacity in (
                ("north", "conflict_party"),
                ("south", "conflict_party"),
                ("eyes", "observer"),
            )
        ]
        witnesses = [
            {"body": name.split(".")[1], "name": name, "vkey": witness_vkey(name).text()}
            for name in WITNESSES
        ]
        founding = {
            "mode": self.mode,
            "title": {"en": "Two valleys"},
            "bodies": bodies,
            "witnesses": witnesses,
            "quorum": self.quorum,
            "mechanism": keys.public_to_text(MECHANISM.public),
            "time_zone": "UTC",
        }
        self.say(
            "genesis/1", "mechanism", founding, MECHANISM, key("north"), key("south"), key("eyes")
        )
        for body in BODIES:
            officer = {"officer": f"{body}-1", "roles": ["principal"], "key": pair(f"{body}-1")}
            self.say("officer.appointed/1", body, officer, key(body))
        self.publish_instrument()
        for body in BODIES:
            self.sign(body)
        self.enter()
        self.propose()
        self.adopt()
        return self

    def publish_instrument(self, **changed: Any) -> None:
        """North publishes an instrument that all three sign; `changed` fields replace the usual."""
        self.say("instrument.published/1", "north-1", instrument(**changed), key("north-1"))

    def sign(self, body: str, code: str = "accord", **more: Any) -> str:
        """A body signs the texts as published."""
        said = {"instrument": code, "texts": TEXTS_DIGEST, **more}
        return self.say("instrument.signed/1", f"{body}-1", said, key(f"{body}-1"))

    def enter(self, code: str = "accord", **changed: Any) -> None:
        """The mechanism puts the instrument in force, at the hour of the last signature."""
        entered = {"instrument": code, "from": self.clock, "rule": "on signature", **changed}
        self.say("instrument.entered/1", "mechanism", entered, MECHANISM)

    def propose(self, zone: str = "ford", code: str = "accord") -> None:
        """North proposes a zone with two contents: one proposed, one as a revision."""
        proposed = {"zone": zone, "name": {"en": zone}, "instrument": code, "content": CONTENT}
        self.say("zone.proposed/1", "north-1", proposed, key("north-1"))
        revised = {"zone": zone, "content": OTHER_CONTENT}
        self.say("zone.revised/1", "north-1", revised, key("north-1"))

    def adopt(
        self,
        content: dict[str, Any] = CONTENT,
        *,
        zone: str = "ford",
        by: Sequence[str] = ("north", "south"),
        **changed: Any,
    ) -> None:
        """Both parties consent to a content; the mechanism adopts it, with `changed` fields."""
        consents = [self.consent(body, content, zone) for body in by]
        adopted = {
            "zone": zone,
            "instrument": "accord",
            "content": content,
            "consents": consents,
            "from": self.clock,
            "secrecy": "public",
            **changed,
        }
        self.say("zone.adopted/1", "mechanism", adopted, MECHANISM)

    def consent(self, body: str, content: dict[str, Any] = CONTENT, zone: str = "ford") -> str:
        """One party consents."""
        said = {"zone": zone, "content": content["sha256"]}
        return self.say("zone.consented/1", f"{body}-1", said, key(f"{body}-1"))

    def contest(self, times: int = 1, by: str = "south") -> None:
        """Ordinary traffic: a party contests the line."""
        for turn in range(times):
            said = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": f"time {turn}"}}
            self.say("zone.contested/1", f"{by}-1", said, key(f"{by}-1"))

    # -- the log --------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self.entries)

    @property
    def genesis(self) -> str:
        """The hash of the first leaf, in hex."""
        return tree.leaf_hash(self.entries[0]).hex()

    def head(
        self, size: int | None = None, *, cosigned_by: int = 0, at: int | None = None
    ) -> SignedCheckpoint:
        """The signed checkpoint of the first `size` leaves, cosigned by the first few witnesses."""
        count = self.size if size is None else size
        root = tree.root_of(tree.leaf_hashes(self.entries[:count]))
        signed = checkpoint.sign(Checkpoint(ORIGIN, count, root), MECHANISM)
        second = (self.clock if at is None else at) // 1_000_000
        lines = [
            cosignature.sign(signed.note.text, name, made, signed_at_s=second)
            for name, made in list(WITNESSES.items())[:cosigned_by]
        ]
        return SignedCheckpoint(signed.checkpoint, signed.note.adding(lines))

    def snapshot(self, zones: list[dict[str, Any]] | None = None) -> Envelope:
        """The signed public map; `zones` replaces what the records give."""
        right = [
            {
                "zone": "ford",
                "content": CONTENT["sha256"],
                "adopted": ADOPTED,
                "from": self.adopted_from(),
                "until": None,
                "suspended_by": [],
            }
        ]
        payload = {
            "v": 1,
            "log": ORIGIN,
            "at": self.clock,
            "size": self.size,
            "root": self.head().checkpoint.root.hex(),
            "zones": right if zones is None else zones,
        }
        return envelope.sign(canonical.encode(payload), MECHANISM, payload_type=SNAPSHOT_TYPE)

    def adopted_from(self) -> int:
        """The instant from which the zone of `found` is in force."""
        payload = envelope.read_entry(self.entries[ADOPTED]).envelope.payload
        return int(json.loads(payload)["body"]["from"])

    def files(self) -> dict[str, bytes]:
        """Every file of the log but the checkpoint."""
        return tiles.grow(tiles.EMPTY_EDGE, self.entries).files()

    def prove(self, old: int, new: int) -> list[bytes]:
        """The consistency proof between two sizes."""
        files = tiles.grow(tiles.EMPTY_EDGE, self.entries[:new]).files()
        return TileTree(files.get, new).consistency(old)

    def publish(
        self,
        folder: Path,
        *,
        head: SignedCheckpoint | None = None,
        snapshot: Envelope | None = None,
    ) -> Path:
        """Write the log as a host serves it; cosigned by two witnesses unless `head` says otherwise."""
        shown = head or self.head(cosigned_by=2)
        files = {
            **tiles.grow(tiles.EMPTY_EDGE, self.entries[: shown.checkpoint.size]).files(),
            "checkpoint": shown.encode(),
            "vkey": checkpoint.log_key(ORIGIN, MECHANISM).text().encode() + b"\n",
        }
        if snapshot:
            files["snapshot"] = snapshot.encode()
        for path, data in files.items():
            place = folder / "log" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return folder

    def keep_receipts(self, folder: Path, *indexes: int) -> Path:
        """What a careful sender keeps."""
        folder.mkdir(parents=True, exist_ok=True)
        for index in indexes:
            (folder / f"{index}.json").write_bytes(self.receipts[index].encode())
        return folder

    def forked(self, keep: int) -> LogHost:
        """Another history of the same log after its first `keep` leaves."""
        other = replace(
            self,
            entries=self.entries[:keep],
            receipts=self.receipts[:keep],
            checkpoints=[],
            clock=json.loads(self.entries[keep - 1])["received_at"],
        )
        other._seqs, other._ids = dict(self._seqs), self._ids + 1_000_000
        return other


def witness_vkey(name: str) -> VerifierKey:
    """The public key of a witness."""
    return cosignature.witness_key(name, WITNESSES[name].public)

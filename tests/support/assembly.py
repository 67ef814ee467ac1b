"""A small world in the mechanism's words: two bodies, their officers, and what they sign.

Keys are made from fixed seeds: everything here is invented and worth nothing.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from truceline.geo.position import from_degrees
from truceline.geo.volume import Edge, Polygon
from truceline.mechanism import statement
from truceline.mechanism.clock import Clock
from truceline.mechanism.installation import Installation
from truceline.records import canonical, envelope, keys, sealed
from truceline.records.keys import SigningKey
from truceline.records.kinds import SEALED_LEAF
from truceline.records.record import Micros, Record, RecordId
from truceline.zones import document
from truceline.zones.boundary import ZoneContent, ZoneKind, ZoneVolume

ORIGIN = "log.example/assembly"
STARTED_AT = Micros(1_700_000_000_000_000)
OFFICE = "office"
"""The body that is here as secretariat: it appoints the watch, and admits bodies."""
_numbers = itertools.count(1)


def key_of(name: str) -> SigningKey:
    """The invented key of a name."""
    return keys.from_seed(sha256(f"truceline test {name}".encode()).digest())


def key_tree(name: str) -> dict[str, str]:
    """Public and recovery key as records carry them."""
    return {
        "public": keys.public_to_text(key_of(name).public),
        "recovery": keys.public_to_text(key_of(f"{name} recovery").public),
    }


def fresh_id(at: Micros = STARTED_AT) -> RecordId:
    """A record id that nobody had yet in this process."""
    return statement.ulid(at, sha256(b"%d" % next(_numbers)).digest())


@dataclass
class Hand:
    """Someone who signs: keeps the sequence number of one key."""

    author: str
    key: SigningKey
    origin: str = ORIGIN
    seq: int = 0

    def record(self, kind: str, body: Mapping[str, Any], **changes: Any) -> Record:
        """The next record by this hand."""
        self.seq = changes.pop("seq", self.seq + 1)
        return Record(
            **{
                "log": self.origin,
                "kind": kind,
                "id": fresh_id(),
                "author": self.author,
                "seq": self.seq,
                "made_at": STARTED_AT,
                "body": body,
                **changes,
            }
        )

    def sign(self, kind: str, body: Mapping[str, Any], **changes: Any) -> bytes:
        """The envelope of the next record, as it is submitted."""
        return envelope.sign(self.record(kind, body, **changes).canonical(), self.key).encode()

    def sign_sealed(
        self, kind: str, body: Mapping[str, Any], parts: Mapping[str, Any] | None = None
    ) -> tuple[bytes, list[str]]:
        """The envelope of the next record, sealed whole, and its disclosures."""
        inside = {"kind": kind, "author": self.author, "refs": [], "body": body, **(parts or {})}
        closed = sealed.seal(inside, lambda: os.urandom(sealed.SALT_BYTES))
        self.seq += 1
        made = Record(
            log=self.origin,
            kind=SEALED_LEAF,
            id=fresh_id(),
            author="",
            seq=self.seq,
            made_at=STARTED_AT,
            sealed=sealed.digests(closed),
        )
        signed = envelope.sign(made.canonical(), self.key).encode()
        return signed, [one.text() for one in closed]


@dataclass
class Assembly:
    """The bodies of one log, and the hands that sign for them.

    `codes` are the guarantors; the office of the mechanism (`OFFICE`) is founded with them.
    """

    origin: str = ORIGIN
    mode: str = "exercise"
    codes: Sequence[str] = ("north", "south")
    hands: dict[str, Hand] = field(default_factory=dict)

    def genesis(self, mechanism: SigningKey, **changes: Any) -> bytes:
        """The founding, countersigned by every body."""
        body = {
            "mode": self.mode,
            "title": {"en": "An assembly that never met"},
            "bodies": [
                {
                    "code": code,
                    "name": {"en": code.title()},
                    "capacity": "secretariat" if code == OFFICE else "guarantor",
                    "key": key_tree(code),
                }
                for code in (*self.codes, OFFICE)
            ],
            "witnesses": [],
            "quorum": 0,
            "mechanism": keys.public_to_text(mechanism.public),
            "time_zone": "UTC",
            **changes,
        }
        record = Record(self.origin, "genesis/1", fresh_id(), "mechanism", 1, STARTED_AT, body=body)
        signers = [mechanism, *(key_of(one["code"]) for one in body["bodies"])]
        return envelope.sign(record.canonical(), *signers).encode()

    def hand(self, author: str) -> Hand:
        """Who signs as `author`: a body code, or an officer's."""
        return self.hands.setdefault(author, Hand(author, key_of(author), self.origin))

    def appoint(self, body: str, officer: str, *roles: str) -> bytes:
        """A body names an officer."""
        named = {"officer": officer, "roles": list(roles), "key": key_tree(officer)}
        return self.hand(body).sign("officer.appointed/1", named)

    def opening(self, mechanism: SigningKey) -> list[bytes]:
        """Genesis, and for each guarantor two principals: who signs, and who keeps the papers."""
        made = [self.genesis(mechanism)]
        for code in self.codes:
            made.append(self.appoint(code, f"{code}-1", "principal", "liaison"))
            made.append(self.appoint(code, f"{code}-desk", "principal"))
        return made


def folder_made(place: Path, *, database: str = "", origin: str = ORIGIN) -> SigningKey:
    """Make an installation in `place/data`, its data key beside it; returns the mechanism's key."""
    return Installation.create(
        place / "data", origin=origin, data_key_file=place / "data.key", database=database
    )


def founded(
    place: Path, assembly: Assembly, *, database: str = "", clock: Clock | None = None
) -> Installation:
    """An open installation whose log has begun."""
    mechanism = folder_made(place, database=database, origin=assembly.origin)
    made = Installation.open(place / "data", clock=clock)
    for one in assembly.opening(mechanism):
        made.door.submit(one).taken()
    return made


# -- an agreement, a zone and a post: what most records need before them -------------------


def zone_file(installation: Installation, code: str, *, north: float = 36.0) -> dict[str, Any]:
    """Deposit a zone content, a square of half a degree, and return its file name."""
    south, west = north - 0.5, 36.5
    corners = [(south, west), (south, west + 0.5), (north, west + 0.5), (north, west)]
    ring = tuple(from_degrees(lat=lat, lon=lon) for lat, lon in corners)
    content = ZoneContent(
        code=code,
        kind=ZoneKind.DE_ESCALATION,
        volumes=(ZoneVolume(Polygon(ring), edge=Edge.GEODESIC),),
        edge_chosen=True,
    )
    return installation.files.put(document.encode(content), document.MEDIA_TYPE).tree()


def agreement(installation: Installation, assembly: Assembly, code: str = "MEMO") -> dict[str, Any]:
    """The body of an instrument between all bodies, in force from its signature."""
    text = installation.files.put(b"They agree that they agree.", "text/plain")
    return {
        "code": code,
        "title": {"en": "A memorandum"},
        "type": "memorandum",
        "signatories": [{"body": one, "capacity": "guarantor"} for one in assembly.codes],
        "texts": {"en": {"file": text.tree(), "equal_force": True}},
        "secrecy": "public",
        "effective": {"rule": "on signature", "says": {"from": "signature"}},
        "renewal": "none",
        "edge": "geodesic",
        "deadlines": [],
        "obligations": [],
    }


def texts_digest(body: Mapping[str, Any]) -> str:
    """What `instrument.signed` names: SHA-256 of the canonical {language: file hash}."""
    texts = {lang: one["file"]["sha256"] for lang, one in body["texts"].items()}
    return sha256(canonical.encode(texts)).hexdigest()


def agreed(installation: Installation, assembly: Assembly) -> list[bytes]:
    """Envelopes: an instrument that all sign, a zone Z1 that all consent to, a post for each body."""
    memo = agreement(installation, assembly)
    desk = assembly.hand(f"{assembly.codes[0]}-desk")
    content = zone_file(installation, "Z1")
    made = [desk.sign("instrument.published/1", memo)]
    for code in assembly.codes:
        signed = {"instrument": "MEMO", "texts": texts_digest(memo)}
        made.append(assembly.hand(f"{code}-1").sign("instrument.signed/1", signed))
    zone = {"zone": "Z1", "name": {"en": "One"}, "instrument": "MEMO", "content": content}
    made.append(desk.sign("zone.proposed/1", zone))
    for code in assembly.codes:
        consent = {"zone": "Z1", "content": content["sha256"]}
        made.append(assembly.hand(f"{code}-1").sign("zone.consented/1", consent))
    for code in assembly.codes:
        post = {
            "post": f"P-{code}",
            "zone": "Z1",
            "kind": "checkpoint",
            "operator": code,
            "agreed_count": 3,
        }
        made.append(desk.sign("post.assigned/1", post))
    return made


def report(assembly: Assembly, officer: str, count: int = 1) -> bytes:
    """A report on the post of the officer's body: small, and as often as one likes."""
    body = officer.split("-", maxsplit=1)[0]
    post = f"P-{body if body in assembly.codes else assembly.codes[0]}"
    return assembly.hand(officer).sign(
        "post.reported/1", {"post": post, "count": count, "as_of": STARTED_AT}
    )

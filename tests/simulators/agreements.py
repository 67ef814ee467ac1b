"""An assembly that agrees: a memorandum like that of 4 May 2017, its signatures, zones under it."""

from __future__ import annotations

import hashlib
from typing import Any

from truceline.agreements.instrument import texts_digest
from truceline.records.record import Record
from truceline.zones.document import MEDIA_TYPE

from .assembly import Assembly, instant

DAMASCUS = "Asia/Damascus"


def file(name: str, media_type: str = "text/plain") -> dict[str, Any]:
    """Return the name of a file."""
    return {
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
        "length": len(name),
        "type": media_type,
    }


def content(name: str) -> dict[str, Any]:
    """Return the name of a zone content."""
    return file(name, MEDIA_TYPE)


TEXTS = {
    "en": {"file": file("text en"), "equal_force": True},
    "ru": {"file": file("text ru"), "equal_force": True},
}
DAY_AFTER = {
    "rule": "enters into force on the day after signature",
    "says": {"from": "day_after_signature", "zone": DAMASCUS},
}


def instrument(*signatories: str, **changes: Any) -> dict[str, Any]:
    """Return the body of a publication, signed by guarantors."""
    made: dict[str, Any] = {
        "code": "MEMO",
        "title": {"en": "Memorandum"},
        "type": "memorandum",
        "signatories": [{"body": code, "capacity": "guarantor"} for code in signatories],
        "texts": TEXTS,
        "secrecy": "public",
        "effective": DAY_AFTER,
        "term": "P6M",
        "renewal": "consensus",
        "edge": "geodesic",
        "deadlines": [
            {
                "code": "jwg",
                "clause": "5",
                "what": {"en": "working group formed"},
                "owner": "jwg",
                "due": {"rule": "two weeks", "says": {"from": "signature", "plus": "P14D"}},
            }
        ],
        "obligations": [],
    }
    return {name: value for name, value in (made | changes).items() if value is not None}


def publish(assembly: Assembly, *signatories: str, **changes: Any) -> Record:
    """The secretariat publishes the memorandum."""
    return assembly.says(
        "office-s", "instrument.published/1", **instrument(*signatories, **changes)
    )


def sign(assembly: Assembly, body: str, code: str = "MEMO", **fields: Any) -> Record:
    """A body's principal signs the texts as published."""
    return assembly.says(
        f"{body}-p",
        "instrument.signed/1",
        **({"instrument": code, "texts": texts_digest(TEXTS)} | fields),
    )


def signed_memorandum(*, at: str = "2017-05-04 12:00", **changes: Any) -> Assembly:
    """Three guarantors have signed; the zone's parties are north, south and west."""
    assembly = Assembly(conflict_parties=("east",))
    publish(assembly, "north", "south", "west", **changes)
    assembly.at = instant(at)
    for body in ("north", "south", "west"):
        sign(assembly, body)
    return assembly


def propose(assembly: Assembly, name: str = "ring", *, by: str = "north", zone: str = "Z") -> str:
    """A body proposes a zone with this content; returns the content's SHA-256."""
    assembly.says(
        f"{by}-p",
        "zone.proposed/1",
        zone=zone,
        name={"en": zone},
        instrument="MEMO",
        content=content(name),
    )
    return str(content(name)["sha256"])


def consent(assembly: Assembly, by: str, sha256: str, zone: str = "Z") -> Record:
    """A body consents to exactly this content."""
    return assembly.says(f"{by}-p", "zone.consented/1", zone=zone, content=sha256)


def adopted_zone(assembly: Assembly, name: str = "ring") -> str:
    """Propose and consent by all three; returns the content."""
    sha256 = propose(assembly, name)
    for body in ("north", "south", "west"):
        consent(assembly, body, sha256)
    return sha256

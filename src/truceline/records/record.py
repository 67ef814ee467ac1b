"""A record: one statement by someone at a time, as it is signed.

Nothing here judges. Whether the signer may say this is the door's business
(`mechanism/admission.py`); what it means is the domain word's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NewType

from truceline.errors import Malformed, Reason
from truceline.records import canonical

FORMAT = 1
"""Version of the record's own shape. A kind has its own version in its name."""

PAYLOAD_TYPE = "application/vnd.truceline.record.v1+json"

RecordId = NewType("RecordId", str)
"""A ULID in Crockford base 32, upper case, made by the author."""

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z, UTC."""

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_FIELDS = frozenset(
    ("v", "log", "kind", "id", "author", "seq", "made_at", "refs", "body", "sealed")
)
MAX_SEALED = 64
MAX_REFS = 64


@dataclass(frozen=True, slots=True)
class Record:
    """What is signed. `author` is an officer or body code, or "" in a sealed leaf."""

    log: str
    kind: str
    id: RecordId
    author: str
    seq: int
    made_at: Micros
    refs: tuple[str, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    sealed: tuple[str, ...] = ()

    def canonical(self) -> bytes:
        """The bytes that are signed (RFC 8785)."""
        return canonical.encode(
            {
                "v": FORMAT,
                "log": self.log,
                "kind": self.kind,
                "id": self.id,
                "author": self.author,
                "seq": self.seq,
                "made_at": self.made_at,
                "refs": list(self.refs),
                "body": dict(self.body),
                "sealed": list(self.sealed),
            }
        )


def read(payload: bytes) -> Record:
    """Return the record in canonical bytes, or raise `Malformed` naming the field."""
    value = canonical.decode(payload, where="record")
    if type(value) is not dict:
        raise Malformed(Reason.WRONG_TYPE, where="record", detail="a record is a JSON object")
    if value.keys() != _FIELDS:
        _complain_of_fields(value)
    if value["v"] != FORMAT:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="record.v", detail=f"version {value['v']!r} is not {FORMAT}"
        )
    for name in ("log", "kind", "id", "author"):
        if type(value[name]) is not str:
            raise _wrong(name, "text")
    for name in ("seq", "made_at"):
        if type(value[name]) is not int or value[name] < 0:
            raise _wrong(name, "an integer from 0")
    if not _ULID.fullmatch(value["id"]):
        raise _wrong("id", "a ULID of 26 characters")
    for name, most in (("refs", MAX_REFS), ("sealed", MAX_SEALED)):
        items = value[name]
        if (
            type(items) is not list
            or len(items) > most
            or not all(type(item) is str for item in items)
        ):
            raise _wrong(name, f"a list of at most {most} texts")
    if type(value["body"]) is not dict:
        raise _wrong("body", "an object")
    return Record(
        log=value["log"],
        kind=value["kind"],
        id=RecordId(value["id"]),
        author=value["author"],
        seq=value["seq"],
        made_at=Micros(value["made_at"]),
        refs=tuple(value["refs"]),
        body=value["body"],
        sealed=tuple(value["sealed"]),
    )


def _wrong(name: str, wanted: str) -> Malformed:
    return Malformed(Reason.WRONG_TYPE, where=f"record.{name}", detail=f"must be {wanted}")


def _complain_of_fields(value: Mapping[str, Any]) -> None:
    extra = sorted(value.keys() - _FIELDS)
    if extra:
        raise Malformed(
            Reason.UNKNOWN_FIELD, where=f"record.{extra[0]}", detail="no such field in a record"
        )
    missing = sorted(_FIELDS - value.keys())
    raise Malformed(
        Reason.MISSING_FIELD, where=f"record.{missing[0]}", detail="the field is missing"
    )

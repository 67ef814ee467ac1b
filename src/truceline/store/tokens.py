"""Tokens of the API: who holds one and what it is for. Only the hash is kept.

Operational: not part of the record. What a token's holder may see or do is judged
against the register at each request, so a token outlives no mandate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from truceline.errors import Reason, Refused
from truceline.records.record import Micros
from truceline.store.schema import token

PREFIX = "tl_"
"""What a token's text begins with, so that a leaked one is known for what it is."""


class Purpose(StrEnum):
    """What a token is for. Each includes reading."""

    READ = "read"
    SUBMIT = "submit"
    FEED = "feed"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Token:
    """One token without its text. `holder` is an officer or a body.

    `source`: the one source whose fixes a token for feeds may send; "" is not bound.
    """

    hash: bytes
    purpose: Purpose
    holder: str
    label: str
    made_at: Micros
    until: Micros | None
    revoked_at: Micros | None
    source: str = ""

    @property
    def name(self) -> str:
        """The first half of the hash, by which people tell tokens apart."""
        return self.hash.hex()[:16]

    def holds(self, at: Micros) -> bool:
        """Say whether the token is good at a moment."""
        return self.revoked_at is None and (self.until is None or at < self.until)


def hash_of(text: str) -> bytes:
    """Return what is kept of a token's text. The text has 256 bits of chance: no salt is needed."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def add(tx: Connection, new: Token) -> None:
    """Keep a new token."""
    tx.execute(
        token.insert().values(
            hash=new.hash,
            purpose=str(new.purpose),
            holder=new.holder,
            label=new.label,
            made_at=new.made_at,
            until=new.until,
            revoked_at=new.revoked_at,
            source=new.source,
        )
    )


def find(look: Connection, digest: bytes) -> Token | None:
    """Return the token with this hash, good or not."""
    found = look.execute(sa.select(token).where(token.c.hash == digest)).first()
    return None if found is None else _token(found)


def listed(look: Connection) -> list[Token]:
    """Return every token, the oldest first."""
    return [_token(row) for row in look.execute(sa.select(token).order_by(token.c.made_at))]


def revoke(tx: Connection, name: str, at: Micros) -> Token:
    """Revoke the token whose hash begins with `name` (hex); refuses what is not exactly one."""
    rows = [_token(row) for row in tx.execute(sa.select(token))]
    found = [row for row in rows if len(name) >= 8 and row.hash.hex().startswith(name.lower())]
    if len(found) != 1:
        raise Refused(
            Reason.NOT_FOUND,
            where="token",
            detail=f"{len(found)} tokens are called {name!r}",
            remedy="Give the name as `truceline tokens list` shows it",
        )
    tx.execute(token.update().where(token.c.hash == found[0].hash).values(revoked_at=at))
    return found[0]


def _token(row: sa.Row[tuple[object, ...]]) -> Token:
    values = row._mapping
    return Token(
        hash=bytes(values["hash"]),
        purpose=Purpose(values["purpose"]),
        holder=values["holder"],
        label=values["label"],
        made_at=Micros(values["made_at"]),
        until=values["until"],
        revoked_at=values["revoked_at"],
        source=values["source"],
    )

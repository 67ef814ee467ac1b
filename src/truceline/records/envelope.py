"""DSSE envelopes: a record's canonical bytes and the signatures on them.

Format: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
(PAE version "DSSEv1"). An entry of the log is an envelope and the time at which
the mechanism received it; the leaf is that entry's canonical bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.records import canonical, keys
from truceline.records.keys import KeyId, SigningKey
from truceline.records.record import PAYLOAD_TYPE, Micros

MAX_ENTRY_BYTES = 65_535
"""The length prefix of an entry bundle has 16 bits (C2SP tlog-tiles)."""

MAX_SIGNATURES = 64


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature and the id of the key that is said to have made it."""

    key: KeyId
    value: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Signed bytes. Signatures are ordered by key id, one per key."""

    payload: bytes
    signatures: tuple[Signature, ...]
    payload_type: str = PAYLOAD_TYPE

    def pae(self) -> bytes:
        """DSSE pre-authentication encoding: the bytes under every signature."""
        return pae(self.payload_type, self.payload)

    def digest(self) -> bytes:
        """SHA-256 of the PAE: by this a repeated submission is recognised."""
        return hashlib.sha256(self.pae()).digest()

    def tree(self) -> dict[str, Any]:
        """The envelope as a JSON object."""
        return {
            "payload": base64.b64encode(self.payload).decode("ascii"),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": one.key, "sig": base64.b64encode(one.value).decode("ascii")}
                for one in self.signatures
            ],
        }

    def encode(self) -> bytes:
        """The envelope's canonical bytes."""
        return canonical.encode_checked(self.tree())


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return "DSSEv1" SP len(type) SP type SP len(body) SP body."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, *signers: SigningKey, payload_type: str = PAYLOAD_TYPE) -> Envelope:
    """Return `payload` signed by each of `signers`."""
    message = pae(payload_type, payload)
    made = sorted(
        (Signature(key.id, key.sign(message)) for key in signers), key=lambda one: one.key
    )
    return Envelope(payload, tuple(made), payload_type)


def countersign(envelope: Envelope, signer: SigningKey) -> Envelope:
    """Return the envelope with one more signature over the same bytes."""
    others = [one for one in envelope.signatures if one.key != signer.id]
    made = [*others, Signature(signer.id, signer.sign(envelope.pae()))]
    return Envelope(
        envelope.payload, tuple(sorted(made, key=lambda one: one.key)), envelope.payload_type
    )


def verify(envelope: Envelope, key: KeyId, public: bytes) -> None:
    """Raise `Unproven` unless the envelope carries this key's good signature."""
    for one in envelope.signatures:
        if one.key == key:
            keys.verify(public, envelope.pae(), one.value, where=f"signature of {key}")
            return
    raise Malformed(Reason.BAD_SIGNATURE, where="envelope", detail=f"no signature by key {key}")


def read(data: bytes) -> Envelope:
    """Return the envelope in JSON bytes (canonical or not), or raise `Malformed`."""
    return from_tree(canonical.parse(data, where="envelope"))


def from_tree(value: Any) -> Envelope:
    """Return the envelope in a parsed JSON object."""
    if type(value) is not dict or value.keys() != {"payload", "payloadType", "signatures"}:
        raise Malformed(
            Reason.WRONG_TYPE,
            where="envelope",
            detail="a DSSE envelope has exactly payload, payloadType and signatures",
        )
    listed = value["signatures"]
    if type(listed) is not list or not 1 <= len(listed) <= MAX_SIGNATURES:
        raise Malformed(
            Reason.WRONG_TYPE,
            where="envelope.signatures",
            detail=f"1 to {MAX_SIGNATURES} signatures are needed",
        )
    signatures = tuple(_signature(one, number) for number, one in enumerate(listed))
    ids = [one.key for one in signatures]
    if ids != sorted(set(ids)):
        raise Malformed(
            Reason.NOT_CANONICAL,
            where="envelope.signatures",
            detail="signatures must be sorted by key id, one per key",
        )
    if type(value["payloadType"]) is not str:
        raise Malformed(Reason.WRONG_TYPE, where="envelope.payloadType", detail="must be text")
    return Envelope(_base64(value["payload"], "envelope.payload"), signatures, value["payloadType"])


def _signature(value: Any, number: int) -> Signature:
    where = f"envelope.signatures[{number}]"
    if (
        type(value) is not dict
        or value.keys() != {"keyid", "sig"}
        or type(value["keyid"]) is not str
    ):
        raise Malformed(
            Reason.WRONG_TYPE, where=where, detail="a signature has exactly keyid and sig"
        )
    return Signature(KeyId(value["keyid"]), _base64(value["sig"], where))


def _base64(text: Any, where: str) -> bytes:
    """Decode standard base 64 with padding; only the one canonical spelling is taken."""
    if type(text) is not str:
        raise Malformed(Reason.WRONG_TYPE, where=where, detail="must be text in base 64")
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (ValueError, UnicodeEncodeError):
        raise Malformed(Reason.BAD_FORMAT, where=where, detail="not base 64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise Malformed(
            Reason.NOT_CANONICAL, where=where, detail="base 64 has stray bits at its end"
        )
    return data


# -- entries ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """What one leaf holds: an envelope, and when the mechanism received it."""

    envelope: Envelope
    received_at: Micros

    def encode(self) -> bytes:
        """The leaf's bytes; more than 65,535 of them are refused."""
        data = canonical.encode_checked(
            {"envelope": self.envelope.tree(), "received_at": self.received_at}
        )
        if len(data) > MAX_ENTRY_BYTES:
            raise Malformed(
                Reason.TOO_LARGE,
                where="entry",
                detail=f"the entry has {len(data)} bytes; an entry holds at most {MAX_ENTRY_BYTES}",
            )
        return data


def read_entry(data: bytes) -> Entry:
    """Return the entry in a leaf's bytes, which must be canonical."""
    value = canonical.decode(data, where="entry")
    if type(value) is not dict or value.keys() != {"envelope", "received_at"}:
        raise Malformed(
            Reason.WRONG_TYPE, where="entry", detail="an entry has exactly envelope and received_at"
        )
    if type(value["received_at"]) is not int or value["received_at"] < 0:
        raise Malformed(
            Reason.BAD_TIME, where="entry.received_at", detail="must be microseconds from 1970"
        )
    return Entry(from_tree(value["envelope"]), Micros(value["received_at"]))

"""Receipts and refusals: the mechanism's signed answer to every submission.

Both are DSSE envelopes over canonical JSON, signed with the mechanism key that
genesis names. A sender who keeps receipts can prove later that a record was
taken (`truceline verify --receipts DIR`), whatever the host then shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.records import canonical, envelope
from truceline.records.envelope import Envelope
from truceline.records.keys import SigningKey
from truceline.records.record import Micros

RECEIPT_TYPE = "application/vnd.truceline.receipt.v1+json"
REFUSAL_TYPE = "application/vnd.truceline.refusal.v1+json"
SNAPSHOT_TYPE = "application/vnd.truceline.snapshot.v1+json"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The log `log` took the envelope with this PAE digest as its leaf `index`."""

    log: str
    index: int
    leaf: bytes
    pae: bytes
    received_at: Micros

    def signed(self, mechanism: SigningKey) -> Envelope:
        """The receipt under the mechanism's signature."""
        return envelope.sign(
            canonical.encode_checked(
                {
                    "v": 1,
                    "log": self.log,
                    "index": self.index,
                    "leaf": self.leaf.hex(),
                    "pae": self.pae.hex(),
                    "received_at": self.received_at,
                }
            ),
            mechanism,
            payload_type=RECEIPT_TYPE,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """The log turned the envelope down, for this reason, under this rule or article."""

    log: str
    pae: bytes
    refused_at: Micros
    told: dict[str, str]

    def signed(self, mechanism: SigningKey) -> Envelope:
        """The refusal under the mechanism's signature."""
        return envelope.sign(
            canonical.encode(
                {
                    "v": 1,
                    "log": self.log,
                    "pae": self.pae.hex(),
                    "refused_at": self.refused_at,
                    **self.told,
                }
            ),
            mechanism,
            payload_type=REFUSAL_TYPE,
        )


def read_receipt(signed: Envelope) -> Receipt:
    """Return the receipt in an envelope. The signature is the caller's to check."""
    if signed.payload_type != RECEIPT_TYPE:
        raise Malformed(
            Reason.WRONG_TYPE, where="receipt", detail=f"not a receipt but {signed.payload_type}"
        )
    value: Any = canonical.decode(signed.payload, where="receipt")
    try:
        return Receipt(
            log=str(value["log"]),
            index=int(value["index"]),
            leaf=bytes.fromhex(value["leaf"]),
            pae=bytes.fromhex(value["pae"]),
            received_at=Micros(int(value["received_at"])),
        )
    except (KeyError, TypeError, ValueError):
        raise Malformed(
            Reason.BAD_FORMAT, where="receipt", detail="a field is missing or wrong"
        ) from None

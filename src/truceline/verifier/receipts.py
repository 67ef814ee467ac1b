"""One's own receipts, and disclosures kept beside them, held against the log.

A receipt is the mechanism's signed word that a record is leaf so-and-so. If the
log then shows something else there, or nothing, the two together are the proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.ledger import tiles, tree
from truceline.ledger.tiles import TileReader
from truceline.records import canonical, envelope, keys, receipt
from truceline.records.envelope import Envelope
from truceline.records.receipt import RECEIPT_TYPE, REFUSAL_TYPE, Receipt
from truceline.verifier import disclosures
from truceline.verifier.findings import Findings
from truceline.verifier.founding import Founding


def check(
    named: Iterable[tuple[str, bytes]],
    reader: TileReader,
    size: int,
    founding: Founding,
    findings: Findings,
) -> None:
    """Look up each receipt; refusals among them are checked for their signature alone.

    Disclosures among them (`disclosures.py`) are held against the leaves that seal them.
    """
    good = refusals = opened = 0
    for name, data in named:
        try:
            value = canonical.parse(data, where="receipt")
            if disclosures.is_held(value):
                opened += disclosures.check((name, value), reader, size, findings)
                continue
            signed = _envelope(value)
        except TrucelineError as error:
            findings.could_not("receipts", f"{name} is not a receipt: {error.detail}.")
            continue
        if not signed_by_mechanism(signed, founding):
            findings.broken("receipts", f"{name} is not signed by the mechanism of this log.")
        elif signed.payload_type == REFUSAL_TYPE:
            refusals += 1
        else:
            promised = _promised(name, signed, founding, findings)
            good += promised is not None and _kept(name, promised, reader, size, findings)
    if good:
        findings.proved("receipts", f"{good} of your receipts stand in the log, each at its place.")
    if opened:
        findings.proved(
            "disclosures", f"{opened} sealed parts that you hold are those that their leaves seal."
        )
    if refusals:
        findings.noted("refusals", f"{refusals} refusals are truly signed by the mechanism.")


def signed_by_mechanism(signed: Envelope, founding: Founding) -> bool:
    """Say whether the envelope carries the mechanism's good signature."""
    mechanism = keys.key_id(founding.mechanism)
    return any(
        one.key == mechanism and keys.holds(founding.mechanism, signed.pae(), one.value)
        for one in signed.signatures
    )


def _envelope(value: Any) -> Envelope:
    """A DSSE envelope, or the answer of a submission with one inside."""
    if type(value) is dict:
        inner = value.get("receipt") or value.get("refusal")
        value = inner if type(inner) is dict else value
    signed = envelope.from_tree(value)
    if signed.payload_type not in (RECEIPT_TYPE, REFUSAL_TYPE):
        raise Malformed(Reason.WRONG_TYPE, where="receipt", detail=f"it is {signed.payload_type}")
    return signed


def _promised(
    name: str, signed: Envelope, founding: Founding, findings: Findings
) -> Receipt | None:
    try:
        promised = receipt.read_receipt(signed)
    except TrucelineError as error:
        findings.could_not("receipts", f"{name} is not a receipt: {error.detail}.")
        return None
    if promised.log != founding.origin:
        findings.could_not("receipts", f"{name} is a receipt of another log, {promised.log}.")
        return None
    return promised


def _kept(name: str, promised: Receipt, reader: TileReader, size: int, findings: Findings) -> bool:
    says = _against_log(promised, reader, size)
    if says:
        findings.broken(
            "receipts", f"{name}: {says} Keep the receipt: it is the proof.", index=promised.index
        )
    return not says


def _against_log(promised: Receipt, reader: TileReader, size: int) -> str:
    """Return what is wrong, or "" when the log keeps its word."""
    if promised.index >= size:
        return (
            f"the mechanism promised leaf {promised.index}, but the log shows {size} leaves. "
            "If the receipt is seconds old, verify again;"
        )
    try:
        data = tiles.entry_at(reader, promised.index, size)
        if tree.leaf_hash(data) != promised.leaf:
            return f"leaf {promised.index} is not the one that the mechanism promised."
        entry = envelope.read_entry(data)
    except TrucelineError as error:
        return f"leaf {promised.index} cannot be read: {error.detail}."
    if entry.envelope.digest() != promised.pae or entry.received_at != promised.received_at:
        return f"leaf {promised.index} holds another record or time than the receipt says."
    return ""

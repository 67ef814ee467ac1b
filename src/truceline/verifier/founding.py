"""The trust root: what the log's first entry says, and whether it is the one you know.

Everything else is believed because of this record: the log's key, the bodies and
their keys, the witnesses and how many of them must agree. Its hash comes from
outside (`--genesis`), or from what this verifier saw before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.ledger import note, tiles, tree
from truceline.ledger.note import VerifierKey
from truceline.ledger.tiles import TileReader
from truceline.records import envelope, keys, record
from truceline.records.envelope import Entry
from truceline.records.keys import KeyId
from truceline.records.kinds import KINDS
from truceline.records.record import PAYLOAD_TYPE, Record
from truceline.verifier.findings import Findings

GENESIS = "genesis/1"


@dataclass(frozen=True, slots=True)
class Founding:
    """What genesis fixes for the whole log."""

    leaf: bytes
    origin: str
    exercise: bool
    mechanism: bytes
    witnesses: tuple[VerifierKey, ...]
    quorum: int
    publics: Mapping[KeyId, bytes]

    @property
    def log_key(self) -> VerifierKey:
        """The key under which checkpoints must be signed."""
        return VerifierKey(self.origin, self.mechanism)


def read(reader: TileReader, size: int, findings: Findings) -> Founding:
    """Return what the first entry fixes; raise `Malformed` when it founds no log."""
    data = tiles.entry_at(reader, 0, size)
    entry = envelope.read_entry(data)
    said = record.read(entry.envelope.payload)
    if said.kind != GENESIS or entry.envelope.payload_type != PAYLOAD_TYPE:
        raise Malformed(
            Reason.WRONG_TYPE, where="leaf 0", detail="the first leaf is not a genesis record"
        )
    KINDS[GENESIS].body.check(said.body, "genesis")
    founding = _founding(tree.leaf_hash(data), said)
    _check_signatures(entry, said, founding, findings)
    return founding


def _founding(leaf: bytes, said: Record) -> Founding:
    mechanism = keys.public_from_text(said.body["mechanism"], where="genesis mechanism key")
    publics = [keys.public_from_text(one["key"]["public"]) for one in said.body["bodies"]]
    return Founding(
        leaf=leaf,
        origin=said.log,
        exercise=said.body["mode"] == "exercise",
        mechanism=mechanism,
        witnesses=tuple(_witness(one) for one in said.body["witnesses"]),
        quorum=said.body["quorum"],
        publics={keys.key_id(public): public for public in (mechanism, *publics)},
    )


def _witness(one: Mapping[str, Any]) -> VerifierKey:
    key = note.read_vkey(one["vkey"], where=f"witness of {one['body']}")
    if key.algorithm != note.COSIGNATURE_V1:
        raise Malformed(
            Reason.BAD_KEY, where=key.name, detail="a witness key has type 0x04 (cosignature/v1)"
        )
    return key


def _check_signatures(entry: Entry, said: Record, founding: Founding, findings: Findings) -> None:
    """Every body named in genesis has signed it, and the mechanism too."""
    signed = {one.key for one in entry.envelope.signatures}
    absent = [key for key in founding.publics if key not in signed]
    for key in absent:
        findings.broken("genesis", f"genesis is not signed by key {key}, which it names", index=0)
    pae = entry.envelope.pae()
    false = [
        one.key
        for one in entry.envelope.signatures
        if one.key in founding.publics and not keys.holds(founding.publics[one.key], pae, one.value)
    ]
    for key in false:
        findings.broken("genesis", f"the signature of key {key} on genesis does not hold", index=0)
    if not absent and not false:
        bodies = ", ".join(one["code"] for one in said.body["bodies"])
        findings.proved(
            "genesis", f"Genesis is signed by the mechanism and by every body: {bodies}."
        )


def compare(founding: Founding, given: str, remembered: str, findings: Findings) -> None:
    """Hold the hash of genesis against the one that was given, and the one seen before."""
    shown = founding.leaf.hex()
    if given and given.lower() != shown:
        findings.broken(
            "genesis-hash",
            f"This is another log: genesis has the hash {shown}, not {given.lower()}.",
            index=0,
        )
    elif given:
        findings.proved("genesis-hash", f"Genesis is the one you named: {shown}.")
    if remembered and remembered != shown:
        findings.broken(
            "genesis-hash",
            f"Genesis has the hash {shown}; this verifier saw {remembered} before.",
            index=0,
        )
    elif remembered and not given:
        findings.proved("genesis-hash", f"Genesis is the one seen before: {shown}.")
    if not given and not remembered:
        findings.not_proved(
            "genesis-hash",
            f"Nothing from outside says that this is the log you mean. Its genesis has the hash {shown}; "
            "compare it with what your body keeps, and give it with --genesis.",
            needed=False,
        )


def check_vkey(reader: TileReader, founding: Founding, findings: Findings) -> None:
    """The file `vkey`, which other tools trust, must name the key of genesis."""
    data = reader("vkey")
    if data is None:
        return
    try:
        shown = note.read_vkey(data.decode("utf-8", "replace"))
    except TrucelineError as error:
        findings.broken("vkey", f"The file vkey cannot be read: {error.detail}.")
        return
    if shown != founding.log_key:
        findings.broken("vkey", "The file vkey names another key than genesis does.")

"""Make the vectors of this folder again: bytes and proofs for any other implementation.

    python -m tests.vectors.make

Keys are SHA-256 of a label, so the files are the same each time; the tests hold them
against this program, and the page and `docs/protocol.md` are held against the files.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from truceline.ledger import checkpoint, cosignature, tiles, tree
from truceline.ledger.checkpoint import Checkpoint
from truceline.ledger.note import Note
from truceline.ledger.proof import TileTree
from truceline.records import envelope, keys, sealed
from truceline.records.envelope import Entry
from truceline.records.keys import SigningKey
from truceline.records.receipt import Receipt
from truceline.records.record import Micros, Record, RecordId
from truceline.records.sealed import Disclosure

HERE = Path(__file__).parent
ORIGIN = "truceline.example/two-valleys"
RECEIVED_AT = Micros(1_750_000_009_000_000)


def key(label: str) -> SigningKey:
    """The key whose seed is SHA-256("truceline vector " || label)."""
    return keys.from_seed(hashlib.sha256(f"truceline vector {label}".encode()).digest())


def all_vectors() -> dict[str, Any]:
    """Every file of vectors by its name."""
    return {
        "leaf.json": leaf(),
        "inclusion.json": inclusion(),
        "consistency.json": consistency(),
        "checkpoint.json": signed_checkpoint(),
        "envelope.json": signed_record(),
        "sealed.json": sealed_parts(),
    }


# -- the record ---------------------------------------------------------------


def record() -> Record:
    """A consent to a boundary: the worked example of the protocol."""
    return Record(
        log=ORIGIN,
        kind="zone.consented/1",
        id=RecordId("01JXSPRK8Q3N6WZ5V7T9B2C4DF"),
        author="south-1",
        seq=3,
        made_at=Micros(1_750_000_008_000_000),
        refs=("01JXSP2M4R8S6T0V2W4X6Y8ZAB",),
        body={"zone": "ford", "content": hashlib.sha256(b"the agreed line").hexdigest()},
    )


def entry() -> Entry:
    """The record signed by its author and received."""
    return Entry(envelope.sign(record().canonical(), key("south-1")), RECEIVED_AT)


def signed_record() -> dict[str, Any]:
    """From the record to its leaf and its receipt, and what must not pass."""
    made, signer, mechanism = entry(), key("south-1"), key("mechanism")
    signed, data = made.envelope, made.encode()
    leaf_hash = tree.leaf_hash(data)
    receipt = Receipt(ORIGIN, 6, leaf_hash, signed.digest(), RECEIVED_AT).signed(mechanism)
    payload = record().canonical()
    return {
        "record": json.loads(payload),
        "canonical": payload.decode(),
        "public": keys.public_to_text(signer.public),
        "keyid": signer.id,
        "pae_hex": signed.pae().hex(),
        "pae_sha256": signed.digest().hex(),
        "signature": base64.b64encode(signed.signatures[0].value).decode(),
        "envelope": json.loads(signed.encode()),
        "received_at": RECEIVED_AT,
        "entry": data.decode(),
        "leaf_hash": leaf_hash.hex(),
        "mechanism_public": keys.public_to_text(mechanism.public),
        "receipt_payload": receipt.payload.decode(),
        "receipt": json.loads(receipt.encode()),
        "not_canonical": [
            json.dumps(json.loads(payload)),
            payload.decode().replace('"seq":3', '"seq":3.0'),
            payload.decode().replace('"seq":3', '"seq":9007199254740992'),
            payload.decode().replace('"seq":3', '"seq":3,"seq":3'),
            payload.decode().replace('"v":1}', '"v":1} '),
            payload.decode().replace("south-1", "south\\u002d1"),
        ],
        "bad_signatures": [
            base64.b64encode(bytes(64)).decode(),
            base64.b64encode(key("north-1").sign(signed.pae())).decode(),
            base64.b64encode(signer.sign(payload)).decode(),
        ],
    }


def sealed_parts() -> dict[str, Any]:
    """Disclosures and their digests, and disclosures that the record does not commit to."""
    parts = {
        "kind": "aid.notice/1",
        "place_exact": {"lat_e7": 353_000_000, "lon_e7": 366_000_000},
        "place_1km": {"lat_e7": 353_100_000, "lon_e7": 366_100_000},
        "name": "مستوصف",
    }
    made = [
        Disclosure(hashlib.sha256(f"salt {name}".encode()).digest()[:16], name, parts[name])
        for name in sorted(parts)
    ]
    other = Disclosure(bytes(16), "name", "another")
    return {
        "disclosures": [
            {
                "salt_hex": one.salt.hex(),
                "name": one.name,
                "value": one.value,
                "text": one.text(),
                "digest": one.digest(),
            }
            for one in made
        ],
        "sealed": list(sealed.digests(made)),
        "not_committed": [other.text()],
    }


# -- the tree -----------------------------------------------------------------

SIZE = 300


def entries() -> list[bytes]:
    """Small entries of a tree that fills one tile and part of another."""
    return [f"entry {number}".encode() for number in range(SIZE)]


def leaf() -> dict[str, Any]:
    """Entries, their leaf hashes, and roots of trees over the first of them."""
    hashes = tree.leaf_hashes(entries())
    sizes = (0, 1, 2, 3, 4, 5, 7, 8, 100, 255, 256, 257, SIZE)
    return {
        "entry": "the text `entry N`, N from 0, in UTF-8",
        "leaf_hashes": [one.hex() for one in hashes[:8]],
        "roots": {str(size): tree.root_of(hashes[:size]).hex() for size in sizes},
        "example": {
            "entry": entry().encode().decode(),
            "leaf_hash": tree.leaf_hash(entry().encode()).hex(),
        },
    }


def _tree(size: int) -> TileTree:
    files = tiles.grow(tiles.EMPTY_EDGE, entries()[:size]).files()
    return TileTree(files.get, size)


def inclusion() -> list[dict[str, Any]]:
    """Inclusion proofs that hold, and the same with one thing wrong."""
    found = []
    for size, index in (
        (1, 0),
        (2, 1),
        (7, 0),
        (7, 3),
        (7, 6),
        (256, 255),
        (257, 256),
        (300, 0),
        (300, 270),
    ):
        made = _tree(size)
        found.append(
            {
                "size": size,
                "index": index,
                "leaf": made.leaf(index).hex(),
                "path": [one.hex() for one in made.inclusion(index)],
                "root": made.root().hex(),
                "holds": True,
            }
        )
    right = found[3]
    zeros = "00" * 32
    return [
        *found,
        {**right, "index": 4, "holds": False},
        {**right, "leaf": zeros, "holds": False},
        {**right, "root": zeros, "holds": False},
        {**right, "path": right["path"][:-1], "holds": False},
        {**right, "path": [*right["path"], zeros], "holds": False},
        {**right, "path": [zeros, *right["path"][1:]], "holds": False},
        {**right, "index": 7, "holds": False},
    ]


def consistency() -> list[dict[str, Any]]:
    """Consistency proofs that hold, and the same with one thing wrong."""
    found = []
    for old, new in (
        (0, 5),
        (1, 1),
        (1, 2),
        (3, 7),
        (4, 7),
        (6, 7),
        (7, 7),
        (255, 256),
        (256, 300),
        (257, 300),
    ):
        found.append(
            {
                "old_size": old,
                "old_root": _tree(old).root().hex(),
                "size": new,
                "root": _tree(new).root().hex(),
                "path": [one.hex() for one in _tree(new).consistency(old)],
                "holds": True,
            }
        )
    right = found[3]
    zeros = "00" * 32
    return [
        *found,
        {**right, "old_root": zeros, "holds": False},
        {**right, "root": zeros, "holds": False},
        {**right, "old_size": 4, "holds": False},
        {**right, "path": right["path"][1:], "holds": False},
        {**right, "path": [*right["path"], zeros], "holds": False},
        {**found[6], "root": zeros, "holds": False},
    ]


def signed_checkpoint() -> dict[str, Any]:
    """A signed checkpoint, cosigned by two of three witnesses, and false ones."""
    log = key("mechanism")
    head = Checkpoint(ORIGIN, SIZE, tree.root_of(tree.leaf_hashes(entries())))
    signed = checkpoint.sign(head, log)
    names = {
        f"witness.{body}.example/w1": key(f"witness {body}") for body in ("north", "south", "eyes")
    }
    lines = [
        cosignature.sign(signed.note.text, name, made, signed_at_s=1_750_000_010)
        for name, made in list(names.items())[:2]
    ]
    full = signed.note.adding(lines)
    text = full.encode().decode()
    stranger = checkpoint.sign(head, key("stranger"))
    return {
        "origin": ORIGIN,
        "size": SIZE,
        "root": head.root.hex(),
        "text": signed.note.text,
        "vkey": checkpoint.log_key(ORIGIN, log).text(),
        "witnesses": [
            cosignature.witness_key(name, made.public).text() for name, made in names.items()
        ],
        "note": text,
        "cosigned_at_s": 1_750_000_010,
        "cosigned_by": [line.name for line in lines],
        "cosigned_message": cosignature.message(signed.note.text, 1_750_000_010).decode(),
        "add_checkpoint_request": f"old 0\n\n{signed.encode().decode()}",
        "not_signed": [
            stranger.encode().decode(),
            text.replace(f"\n{SIZE}\n", f"\n{SIZE - 1}\n"),
            Note(signed.note.text, tuple(lines)).encode().decode(),
        ],
    }


if __name__ == "__main__":
    for file, value in all_vectors().items():
        (HERE / file).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")

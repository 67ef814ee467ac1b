"""Sealed parts that the auditor holds, held against the leaves that commit to them.

A leaf says nothing of its sealed parts but their digests. Whoever holds a disclosure, of
one's own record or handed over by the mechanism, proves here that exactly these words
were sealed in that leaf. A file has `index`, the leaf, and `disclosures`, their texts: so
the command line keeps one's own beside the receipt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from truceline.errors import TrucelineError, Unproven
from truceline.ledger import tiles
from truceline.ledger.tiles import TileReader
from truceline.records import canonical, envelope, record, sealed
from truceline.records.sealed import Disclosure
from truceline.verifier.findings import Findings

type Held = tuple[str, Mapping[str, Any]]
"""A file's name, and the object in it."""


def is_held(value: object) -> bool:
    """Say whether a parsed file is one of disclosures, and not a receipt."""
    return (
        type(value) is dict
        and type(value.get("index")) is int
        and type(value.get("disclosures")) is list
        and not {"receipt", "refusal", "payload"} & value.keys()
    )


INSIDE = ("kind", "author", "refs", "body")
"""The parts in which a sealed leaf keeps what a clear one shows."""


def gathered(named: Iterable[tuple[str, bytes]]) -> dict[int, list[Disclosure]]:
    """Return the disclosures among the auditor's files, by leaf; what cannot be read is told elsewhere."""
    found: dict[int, list[Disclosure]] = {}
    for name, data in named:
        with suppress(TrucelineError):
            value = canonical.parse(data, where=name)
            if is_held(value):
                texts = [sealed.read(str(text), where=name) for text in value["disclosures"]]
                found.setdefault(value["index"], []).extend(texts)
    return found


def inside(digests: Sequence[str], held: Sequence[Disclosure]) -> Mapping[str, Any] | None:
    """Return what a sealed leaf says, or None where not all of it is held, or it is not of this leaf."""
    with suppress(TrucelineError):
        parts = sealed.opened(digests, {one.digest(): one for one in held}.values())
        if all(name in parts for name in INSIDE):
            return parts
    return None


def check(held: Held, reader: TileReader, size: int, findings: Findings) -> int:
    """Hold one file against its leaf; return how many sealed parts it opens."""
    name, value = held
    index, texts = value["index"], value["disclosures"]
    try:
        found = [sealed.read(str(text), where=name) for text in texts]
        if not 0 <= index < size:
            findings.could_not("disclosures", f"{name}: the log shows no leaf {index}.")
            return 0
        entry = envelope.read_entry(tiles.entry_at(reader, index, size))
        said = record.read(entry.envelope.payload)
        return len(sealed.opened(said.sealed, found))
    except Unproven as error:
        findings.broken("disclosures", f"{name}: leaf {index}: {error.detail}.", index=index)
    except TrucelineError as error:
        findings.could_not("disclosures", f"{name} cannot be held against the log: {error.detail}.")
    return 0

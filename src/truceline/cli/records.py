"""`truceline records` and `truceline files`: the record itself, as it stands in the log."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli import keyfile, options, shown
from truceline.cli.reach import Reach, part
from truceline.cli.statement import Desk
from truceline.cli.words import group, reads, writes
from truceline.errors import Malformed, Reason, Unproven

records = group("records", "List, show and submit records.")
files = group("files", "Deposit and fetch files, which records name by SHA-256.")

_NOT_FACTS = ("body", "envelope", "parts", "disclosures")

MOST_BYTES = 256 * 2**20


@reads(records, "list")
def list_records(
    mechanism: Reach,
    as_json: bool,
    after: Annotated[int, typer.Option("--after", help="From the leaf after this one.")] = -1,
    kind: Annotated[str | None, typer.Option("--kind", help="Of this kind alone.")] = None,
    limit: options.Limit = 100,
) -> None:
    """List records in the order of the log."""
    rows = mechanism.get("/api/records", after=after, kind=kind, limit=limit)
    if as_json:
        shown.as_json(rows)
        return
    shown.table(
        rows,
        {
            "index": "LEAF",
            "received_at": "RECEIVED",
            "kind": "KIND",
            "author": "AUTHOR",
            "subject": "ABOUT",
        },
        empty="There is nothing after this leaf.",
    )


@reads(records, "show")
def show(
    mechanism: Reach,
    as_json: bool,
    which: Annotated[str, typer.Argument(help="Leaf index or record id.")],
) -> None:
    """Show one record with its body and who signed it."""
    one = mechanism.get(f"/api/records/{part(which)}")
    if as_json:
        shown.as_json(one)
        return
    shown.facts({key: value for key, value in one.items() if key not in _NOT_FACTS})
    shown.say("\nbody")
    shown.as_json(one["body"])
    if one.get("parts"):
        shown.say("\nsealed parts that you may see")
        shown.as_json(one["parts"])


@reads(records, "opened")
def opened(
    mechanism: Reach,
    as_json: bool,
    folder: Annotated[Path, typer.Argument(help="Folder; one file for each leaf.")],
    after: Annotated[int, typer.Option("--after", help="From the leaf after this one.")] = -1,
) -> None:
    """Keep the disclosures of every sealed record that you may see: `verify --receipts` reads them."""
    from truceline.records import canonical

    kept = 0
    while rows := mechanism.get("/api/records", after=after, limit=500):
        after = int(rows[-1]["index"])
        for row in (one for one in rows if one["sealed"] and one["body"] is not None):
            texts = mechanism.get(f"/api/records/{row['index']}")["disclosures"]
            if texts:
                held = {"index": row["index"], "disclosures": texts}
                file = folder / f"{row['index']:09d}.disclosures.json"
                data = canonical.encode_checked(held)
                keyfile.write_new(file, data, private=True, overwrite=True)
                kept += 1
    if as_json:
        shown.as_json({"kept": kept})
    else:
        shown.say(f"The disclosures of {kept} records are kept in {folder}.")


@writes(records, "state")
def state(
    desk: Desk,
    kind: Annotated[str, typer.Argument(help="Kind of the record (`truceline kinds`).")],
    body: Annotated[Path, typer.Argument(help="JSON file with the body.")],
    ref: Annotated[list[str] | None, typer.Option("--ref", help="Record id it rests on.")] = None,
) -> None:
    """Sign and submit a record of any kind, with a body from a file."""
    from truceline.records import canonical

    value = canonical.parse(keyfile.read_small(body, "body"), where=str(body))
    if type(value) is not dict:
        raise Malformed(Reason.WRONG_TYPE, where=str(body), detail="a body is a JSON object")
    desk.tell(desk.state(kind, value, refs=ref or []), f"{kind} is on the record.")


@reads(records, "submit")
def submit(
    mechanism: Reach,
    as_json: bool,
    envelope: Annotated[Path, typer.Argument(help="File with a signed DSSE envelope.")],
    disclosure: Annotated[
        list[str] | None, typer.Option("--disclosure", help="Text of a disclosure.")
    ] = None,
) -> None:
    """Submit an envelope that was signed elsewhere, and print the answer."""
    from truceline.records import envelope as envelopes

    signed = envelopes.read(keyfile.read_small(envelope, "envelope", 2**18))
    answer = mechanism.post(
        "/api/records", {"envelope": signed.tree(), "disclosures": disclosure or []}
    )
    if as_json:
        shown.as_json(answer)
    else:
        shown.facts({"leaf": answer["index"]})


@reads(files, "put")
def put(
    mechanism: Reach,
    as_json: bool,
    file: Annotated[Path, typer.Argument(help="The file.")],
    media_type: Annotated[str | None, typer.Option("--type", help="Media type.")] = None,
) -> None:
    """Deposit a file; its name is its SHA-256."""
    kind = media_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    data = keyfile.read_small(file, "file", MOST_BYTES)
    answer = mechanism.ask("POST", "/api/files", data, kind).json()
    shown.as_json(answer) if as_json else shown.facts(answer)


@reads(files, "get")
def get(
    mechanism: Reach,
    _as_json: bool,
    sha256: Annotated[str, typer.Argument(help="SHA-256 of the file, in hex.")],
    out: Annotated[Path, typer.Argument(help="Where to write it.")],
) -> None:
    """Fetch a file, and check that it is what its name says."""
    import hashlib

    reply = mechanism.ask("GET", f"/api/files/{part(sha256)}")
    if reply.status >= 400:
        reply.json()
    if hashlib.sha256(reply.data).hexdigest() != sha256:
        raise Unproven(
            Reason.CORRUPT, where=sha256, detail="the server sent other bytes than the name says"
        )
    keyfile.write_new(out, reply.data)
    shown.say(f"{out}: {len(reply.data)} bytes, {reply.media_type}")

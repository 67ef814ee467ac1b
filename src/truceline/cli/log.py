"""`truceline log`, `truceline verify`, `truceline witness`: the log, and checks that trust nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli import shown
from truceline.cli.options import Json, Token
from truceline.cli.reach import Reach
from truceline.cli.words import group, reads

app = group("log", "The log: its checkpoint and its proofs.")

_EXITS = {0: 0, 1: 4, 2: 2}
"""The verifier's own exits to those of `cli/failures.py`: what does not hold is 4."""


@reads(app, "checkpoint")
def checkpoint(mechanism: Reach, as_json: bool) -> None:
    """Show the log: origin, size, root, and which witnesses have cosigned."""
    answer = mechanism.get("/api/log")
    if as_json:
        shown.as_json(answer)
        return
    shown.facts({key: answer[key] for key in ("origin", "mode", "size", "root", "genesis")})
    shown.facts({"quorum": answer["quorum"], "quorum met": answer["quorum_met"]})
    shown.say()
    shown.table(
        answer["witnesses"],
        {
            "name": "WITNESS",
            "body": "BODY",
            "cosigned_size": "COSIGNED SIZE",
            "cosigned_at": "COSIGNED AT",
        },
        empty="Genesis names no witness.",
    )
    shown.say("\n" + answer["checkpoint"].rstrip())


@reads(app, "proof")
def proof(
    mechanism: Reach,
    as_json: bool,
    *,
    index: Annotated[int, typer.Argument(min=0, help="Leaf index.")],
    size: Annotated[int | None, typer.Option("--size", help="Tree size; none: now.")] = None,
) -> None:
    """Fetch the inclusion proof of a leaf, and verify it here."""
    from truceline.errors import Reason, Unproven
    from truceline.ledger import proof as proofs

    answer = mechanism.get("/api/proofs/inclusion", index=index, size=size)
    hashes = [bytes.fromhex(one) for one in answer["hashes"]]
    proofs.verify_inclusion(
        bytes.fromhex(answer["leaf"]),
        answer["index"],
        answer["size"],
        hashes,
        bytes.fromhex(answer["root"]),
    )
    if answer["index"] != index:
        raise Unproven(Reason.BAD_PROOF, where="proof", detail="the proof is of another leaf")
    if as_json:
        shown.as_json(answer)
        return
    shown.say(f"Leaf {index} is in the tree of {answer['size']} leaves: {len(hashes)} hashes hold.")


def verify(
    where: Annotated[str, typer.Argument(help="A log: address (http://.../log) or folder.")],
    genesis: Annotated[
        str, typer.Option("--genesis", help="Leaf hash of entry 0, from outside.")
    ] = "",
    receipts: Annotated[
        list[Path] | None, typer.Option("--receipts", help="Your receipts: files or folders.")
    ] = None,
    snapshot: Annotated[
        list[Path] | None, typer.Option("--snapshot", help="Published maps to recompute.")
    ] = None,
    checkpoint_file: Annotated[
        list[Path] | None, typer.Option("--checkpoint", help="Checkpoints kept from before.")
    ] = None,
    *,
    memory: Annotated[
        Path | None, typer.Option("--memory", help="Small file in which this check remembers.")
    ] = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Check a log without trusting its host, and say what is proved and what could not be.

    Needs no server and, for a folder, no network. Exit code 0: all of it holds;
    4: something does not; 2: there is no log to read.
    """
    from truceline.verifier.run import run_verify

    code = run_verify(
        where,
        say=shown.say,
        genesis=genesis,
        receipts=receipts or [],
        snapshots=snapshot or [],
        checkpoints=checkpoint_file or [],
        memory=memory,
        token=token or "",
        as_json=as_json,
    )
    raise typer.Exit(_EXITS.get(code, code))


def witness(
    folder: Annotated[Path, typer.Argument(help="The witness's own folder; made when absent.")],
    name: Annotated[
        str, typer.Option("--name", help="Its name, such as witness.party.example/w1.")
    ],
    log: Annotated[
        list[str] | None, typer.Option("--log", help="vkey of a log to follow, or a file with it.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port.")] = 7380,
) -> None:
    """Run a witness: it cosigns checkpoints of a log that only grows, and nothing else.

    Run it first without --log: it prints its own vkey, which genesis names.
    """
    from truceline.verifier.run import run_witness

    logs = [_vkey(one) for one in log or []]
    code = run_witness(folder, say=shown.say, name=name, logs=logs, host=host, port=port)
    raise typer.Exit(_EXITS.get(code, code))


def _vkey(text: str) -> str:
    file = Path(text)
    return file.read_text(encoding="utf-8").strip() if file.is_file() else text

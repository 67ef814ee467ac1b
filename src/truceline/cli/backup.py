"""`truceline backup` and `truceline restore`: a copy that fits together, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli import shown
from truceline.cli.ledger import needed
from truceline.cli.options import Data, Json


def backup(
    to: Annotated[Path, typer.Option("--to", help="Empty folder for the copy.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy an installation while it runs: log heads, database, files, sealed parts in their boxes.

    The data key is not copied: keep it apart. Tiles are made again by `restore`.
    """
    from truceline.mechanism import backup as backups

    made = backups.backup(needed(data), to)
    told = {name: getattr(made, name) for name in made.__slots__}
    if as_json:
        shown.as_json(told)
        return
    shown.say(f"The copy is in {to}.")
    shown.facts(told)


def restore(
    source: Annotated[Path, typer.Argument(help="A folder that `truceline backup` made.")],
    data: Annotated[Path, typer.Option("--data", help="Empty folder for the installation.")],
    data_key: Annotated[
        Path | None, typer.Option("--data-key", help="Where the data key lies now.")
    ] = None,
    database: Annotated[
        str, typer.Option("--database", help="PostgreSQL into which the dump was read.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Make an installation from a backup, and verify it: store, files, sealed parts, log.

    Ends with exit code 4 when something does not fit.
    """
    from truceline.mechanism import backup as backups
    from truceline.verifier import run

    found = backups.restore(source, data, key_file=data_key, database=database)
    proved = run.run_verify(str(data), say=(lambda _: None) if as_json else shown.say)
    if as_json:
        told = {name: getattr(found, name) for name in found.__slots__}
        shown.as_json({**told, "verify": proved})
    else:
        for line in (*found.notes, *found.wrong):
            shown.say(line)
        shown.say(
            f"Restored: {found.entries} entries, {found.files} files, "
            f"{found.sealed_parts} sealed parts; {len(found.wrong)} wrong."
        )
    if not found.good or proved != 0:
        raise typer.Exit(4)

"""`truceline ledger fsck` and `truceline ledger rebuild`: the log on this machine, looked after."""

from __future__ import annotations

from pathlib import Path

import typer

from truceline.cli import shown
from truceline.cli.options import Data, Json
from truceline.errors import Malformed, Reason

app = typer.Typer(
    name="ledger", help="The log on this machine, looked after.", no_args_is_help=True
)


@app.command("fsck")
def fsck(data: Data = None, as_json: Json = False) -> None:
    """Check entries, views, files, sealed parts, tiles and checkpoint against one another.

    Changes nothing. Ends with exit code 4 when something is wrong.
    """
    from truceline.mechanism import fsck as checks
    from truceline.mechanism import upkeep

    with upkeep.opened(needed(data), writing=False) as ground:
        found = checks.fsck(ground)
    if as_json:
        shown.as_json({name: getattr(found, name) for name in found.__slots__})
    else:
        shown.facts(
            {
                "entries": found.entries,
                "files": found.files,
                "sealed parts": found.sealed_parts,
                "erased parts": found.erased_parts,
                "tiles and bundles": found.log_files,
            }
        )
        for line in found.notes:
            shown.say(f"note: {line}")
        for line in found.wrong:
            shown.say(f"wrong: {line}")
        shown.say("Everything fits together." if found.good else f"{len(found.wrong)} wrong.")
    if not found.good:
        raise typer.Exit(4)


@app.command("rebuild")
def rebuild(data: Data = None) -> None:
    """Make tiles and entry bundles again from the entries, to fit the published checkpoint."""
    from truceline.mechanism import upkeep

    with upkeep.opened(needed(data), writing=True) as ground:
        written = upkeep.rebuild_log(ground)
    shown.say(f"{written} files of the log were written; they give the published root.")


def needed(data: Path | None) -> Path:
    """Return the data folder, or say that it must be named."""
    if data is None:
        raise Malformed(
            Reason.MISSING_FIELD,
            where="--data",
            detail="this command works on a data folder",
            remedy="Name it with --data DIR or TRUCELINE_DATA",
        )
    return data

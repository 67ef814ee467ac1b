"""`truceline rebuild`: the views again, from the log and the files that it names."""

from __future__ import annotations

import typer

from truceline.cli import shown
from truceline.cli.ledger import needed
from truceline.cli.options import Data, Json


def rebuild(data: Data = None, as_json: Json = False) -> None:
    """Make every view again from the log and the files it names, and compare the digests.

    The server must not run. Ends with exit code 4 when the views were not what the log
    gives; they are now.
    """
    from truceline.mechanism import upkeep

    with upkeep.opened(needed(data), writing=True) as ground:
        made = upkeep.rebuild(ground)
    if as_json:
        shown.as_json({"before": made.before, "after": made.after, "records": made.records})
    else:
        shown.facts({"records": made.records, "before": made.before, "after": made.after})
        shown.say(
            "The views are what the log gives."
            if made.same
            else "The views were NOT what the log gives; they have been made again."
        )
    if not made.same:
        raise typer.Exit(4)

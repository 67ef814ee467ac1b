"""`truceline clocks` and `truceline deadlines`: what runs, what is overdue, what was moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli import keyfile, shown
from truceline.cli.options import At, Data, Json, Server, Token
from truceline.cli.reach import mechanism
from truceline.cli.statement import Desk
from truceline.cli.words import group, instant, writes

deadlines = group("deadlines", "State that a deadline is met, moved or waived.")

_Instrument = Annotated[str, typer.Argument(help="Code of the instrument.")]
_Deadline = Annotated[str, typer.Argument(help="Code of the deadline.")]
_Decision = Annotated[str, typer.Option("--decision", help="Which decision, in words.")]


def clocks(
    at: At = None,
    server: Server = None,
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the clocks with their due time and state at a moment."""
    with mechanism(server, token, data) as reached:
        rows = reached.get("/api/clocks", at=at)
    if as_json:
        shown.as_json(rows)
        return
    shown.table(
        rows,
        {"clock": "CLOCK", "what": "WHAT", "owner": "OWNER", "due_at": "DUE", "state": "STATE"},
        empty="No clock runs.",
    )


_COUNTS = "is stated; it counts once another officer has stated the same."


@writes(deadlines, "met")
def met(
    desk: Desk,
    instrument: _Instrument,
    deadline: _Deadline,
    met_at: Annotated[str, typer.Option("--at", help="When it was met.")],
    evidence: Annotated[
        list[Path] | None, typer.Option("--evidence", help="File that shows it; may be repeated.")
    ] = None,
) -> None:
    """State that a deadline is met, with the evidence."""
    files = [
        desk.deposit(keyfile.read_small(one, "file", 64 * 2**20), "application/octet-stream")
        for one in evidence or []
    ]
    body = {
        "instrument": instrument,
        "deadline": deadline,
        "met_at": instant(met_at, "--at"),
        "evidence": files,
    }
    desk.tell(desk.state("deadline.met/1", body), f"{deadline} is stated as met.")


@writes(deadlines, "move")
def move(
    desk: Desk,
    instrument: _Instrument,
    deadline: _Deadline,
    to: Annotated[str, typer.Option("--to", help="The new due time.")],
    decision: _Decision,
) -> None:
    """Move a deadline by a decision; it counts once a second officer has stated the same."""
    body = {
        "instrument": instrument,
        "deadline": deadline,
        "due_at": instant(to, "--to"),
        "decision": decision,
    }
    desk.tell(desk.state("deadline.moved/1", body), f"{deadline}: {to} {_COUNTS}")


@writes(deadlines, "waive")
def waive(desk: Desk, instrument: _Instrument, deadline: _Deadline, decision: _Decision) -> None:
    """Waive a deadline by a decision; it counts once a second officer has stated the same."""
    body = {"instrument": instrument, "deadline": deadline, "decision": decision}
    desk.tell(desk.state("deadline.waived/1", body), f"{deadline}: the waiver {_COUNTS}")

"""`truceline replay`: a period of the sky run again from its sealed segments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli import shown
from truceline.cli.ledger import needed
from truceline.cli.options import Data, Json
from truceline.errors import Malformed, Reason

if TYPE_CHECKING:
    from truceline.mechanism.second_look import SecondLook
    from truceline.records.record import Micros

_SHOWN = 20


def replay(
    since: Annotated[
        str, typer.Option("--from", help="First instant of entry, ISO 8601 (2017-07-09T12:00Z).")
    ],
    until: Annotated[str, typer.Option("--to", help="Up to this instant, not included.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the crossings found: NAME.csv or NAME.parquet."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Run a period again from its sealed segments, and hold the crossings against the record.

    Works beside a running server and changes nothing. Needs the data key, for who flew is
    sealed. Ends with exit code 4 when the record is not what its segments give.
    """
    from truceline.archive.crossing_table import check_target, write_crossings
    from truceline.mechanism.installation import Installation
    from truceline.mechanism.second_look import look_again

    first, last = _moment(since, "--from"), _moment(until, "--to")
    if last <= first:
        raise Malformed(Reason.BAD_TIME, where="--to", detail="the period ends before it begins")
    if out is not None:
        check_target(out)
    with Installation.open(needed(data), writer=False) as installation:
        made = look_again(installation, first, last)
    if out is not None:
        found = sorted((one.last for one in made.found), key=lambda one: one.entered_at)
        write_crossings(out, found)
    _tell(made, out, as_json=as_json)
    if not made.good:
        raise typer.Exit(4)


def _moment(text: str, where: str) -> Micros:
    from truceline.cli import words
    from truceline.records.record import Micros

    read = words.instant(text, where)
    if read is None:
        raise Malformed(Reason.BAD_TIME, where=where, detail="no time was given")
    return Micros(read)


def _tell(made: SecondLook, out: Path | None, *, as_json: bool) -> None:
    counts = {
        "segments": made.segments,
        "fixes": made.fixes,
        "crossings found": len(made.found),
        "the same on the record": made.same,
        "told otherwise on the record": len({one.record.id for one in made.differing}),
        "on the record, not found": len(made.not_found),
        "found, not on the record": len(made.not_recorded),
        "segment never sealed": len(made.unbound),
    }
    if as_json:
        shown.as_json({name.replace(" ", "_").replace(",", ""): n for name, n in counts.items()})
        return
    shown.facts(counts)
    for one in made.differing[:_SHOWN]:
        shown.say(f"differs: {one.record.id} {one.word}: {one.then} on record, {one.now} now")
    for row in made.not_found[:_SHOWN]:
        shown.say(f"not found: {row.id} zone {row.zone}")
    for found in made.not_recorded[:_SHOWN]:
        shown.say(f"not on the record: zone {found.first.zone_id}, source {found.key[0]}")
    if out is not None:
        shown.say(f"written to {out}")
    shown.say(
        "The record is what its segments give."
        if made.good
        else "The record is NOT what its segments give."
    )

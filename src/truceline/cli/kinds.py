"""`truceline kinds`: the kinds of record that a log takes, from the table itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from truceline.cli import options, shown
from truceline.errors import Reason, Refused


def kinds(
    name: Annotated[
        str | None, typer.Argument(help="One kind, such as zone.proposed/1; none: all of them.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the kinds of record: what each says, who may sign it, what it rests on."""
    from truceline.records.kinds import KINDS

    if name is None:
        rows = [_row(one) for one in KINDS]
        if as_json:
            shown.as_json(rows)
        else:
            shown.table(
                rows, {"name": "KIND", "signers": "SIGNED BY", "says": "SAYS"}, empty="no kinds"
            )
        return
    if name not in KINDS:
        raise Refused(Reason.UNKNOWN_KIND, where="kind", detail=f"there is no kind {name!r}")
    row = _row(name)
    if as_json:
        shown.as_json(row)
        return
    shown.facts({key: row[key] for key in ("name", "says", "signers", "rests_on", "audience")})
    shown.say("\nbody")
    shown.table(row["body"], {"field": "FIELD", "shape": "IS"}, empty="  nothing")
    if row["sealed"]:
        shown.say("\nsealed parts")
        shown.table(row["sealed"], {"part": "PART", "audience": "SEEN BY"}, empty="")


def _row(name: str) -> dict[str, Any]:
    from truceline.records.kinds import KINDS

    kind = KINDS[name]
    return {
        "name": kind.name,
        "says": kind.says,
        "signers": sorted(kind.signers)
        or (["the body's own key"] if kind.by_body_key else ["see what it rests on"]),
        "rests_on": kind.rests_on,
        "leaf": str(kind.leaf),
        "audience": str(kind.audience),
        "body": [
            {"field": field + ("?" if shape.optional else ""), "shape": shape.said()}
            for field, shape in kind.body.fields.items()
        ],
        "sealed": [
            {"part": part, "audience": str(audience)} for part, audience in kind.sealed.items()
        ],
    }

"""`truceline bodies` and `truceline officers`: who takes part, and who may sign for whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli import options, shown
from truceline.cli.keys import enrolment
from truceline.cli.reach import Reach, part
from truceline.cli.statement import Desk
from truceline.cli.words import group, instant, reads, texts, writes
from truceline.records.roles import Role

bodies = group("bodies", "The bodies of the log: guarantors, parties, observers, agencies.")
officers = group("officers", "The officers that a body names, under pseudonyms, with roles.")

_Code = Annotated[str, typer.Argument(help="Code of the body.")]
_ROLES = ", ".join(one for one in Role if one not in (Role.MECHANISM, Role.PUBLIC))
_Officer = Annotated[str, typer.Argument(help="Code of the officer: a pseudonym, not a name.")]


@reads(bodies, "list")
def list_bodies(mechanism: Reach, as_json: bool) -> None:
    """List the bodies and their capacity."""
    rows = mechanism.get("/api/bodies")
    if as_json:
        shown.as_json(rows)
        return
    shown.table(
        rows,
        {"code": "CODE", "name": "NAME", "capacity": "CAPACITY", "since": "SINCE"},
        empty="The log has no bodies yet.",
    )


@reads(bodies, "show")
def show_body(mechanism: Reach, as_json: bool, code: _Code) -> None:
    """Show a body with its officers and its keys."""
    answer = mechanism.get(f"/api/bodies/{part(code)}")
    if as_json:
        shown.as_json(answer)
        return
    shown.facts({key: answer[key] for key in ("code", "name", "capacity", "since")})
    shown.say("\nofficers")
    shown.table(
        answer["officers"],
        {"code": "CODE", "roles": "ROLES", "from": "FROM", "until": "UNTIL", "serves": "SERVES"},
        empty="  none",
    )
    shown.say("\nkeys")
    shown.table(
        answer["keys"],
        {"key": "KEY", "holder": "HOLDER", "from": "FROM", "until": "UNTIL", "ended": "ENDED"},
        empty="  none",
    )


@writes(bodies, "admit")
def admit(
    desk: Desk,
    *,
    code: _Code,
    name: Annotated[list[str], typer.Option("--name", help="Name by language: en=..., ar=...")],
    capacity: Annotated[str, typer.Option("--capacity", help="guarantor, conflict_party, ...")],
    body_key: Annotated[Path, typer.Option("--body-key", help="The body's key file or card.")],
) -> None:
    """Admit a body after the founding, with its first key (secretariat)."""
    taken = desk.state(
        "body.admitted/1",
        {
            "code": code,
            "name": texts(name, "--name"),
            "capacity": capacity,
            "key": enrolment(body_key),
        },
    )
    desk.tell(taken, f"{code} is admitted.")


@writes(officers, "appoint")
def appoint(
    desk: Desk,
    *,
    officer: _Officer,
    role: Annotated[list[str], typer.Option("--role", help=f"A role, repeatable: {_ROLES}.")],
    officer_key: Annotated[Path, typer.Option("--officer-key", help="The officer's key or card.")],
    until: Annotated[str | None, typer.Option("--until", help="End of the appointment.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Sealed: the officer's name.")] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="Sealed: how to reach.")] = None,
) -> None:
    """Appoint an officer; signed with the body's own key."""
    parts = {key: text for key, text in (("name", name), ("contact", contact)) if text}
    body = {
        "officer": officer,
        "roles": role,
        "key": enrolment(officer_key),
        "until": instant(until, "--until"),
    }
    desk.tell(desk.state("officer.appointed/1", body, parts=parts), f"{officer} is appointed.")


@writes(officers, "end")
def end(
    desk: Desk,
    *,
    officer: _Officer,
    why: Annotated[str | None, typer.Option("--why", help="A sentence.")] = None,
) -> None:
    """End an appointment; the officer's keys end with it. Signed with the body's own key."""
    taken = desk.state("officer.ended/1", {"officer": officer, "why": why})
    desk.tell(taken, f"{officer} serves no more.")


@reads(officers, "list")
def list_officers(
    mechanism: Reach,
    as_json: bool,
    body: Annotated[str | None, typer.Option("--body", help="Of this body alone.")] = None,
    _limit: options.Limit = 1000,
) -> None:
    """List officers with their roles."""
    codes = [body] if body else [row["code"] for row in mechanism.get("/api/bodies")]
    rows: list[dict[str, Any]] = []
    for code in codes:
        found = mechanism.get(f"/api/bodies/{part(code)}")["officers"]
        rows.extend({"body": code, **officer} for officer in found)
    if as_json:
        shown.as_json(rows[:_limit])
        return
    shown.table(
        rows[:_limit],
        {"body": "BODY", "code": "CODE", "roles": "ROLES", "from": "FROM", "serves": "SERVES"},
        empty="There is no officer whom you may see.",
    )

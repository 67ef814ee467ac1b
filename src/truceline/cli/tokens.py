"""`truceline tokens`: who may ask the API in whose name. Run where the data folder is."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truceline.cli import shown
from truceline.cli.options import Json
from truceline.cli.words import group, instant
from truceline.errors import Malformed, Reason, Refused

if TYPE_CHECKING:
    from truceline.store.store import Store

app = group("tokens", "Tokens of the API, by purpose. Shown once; only their hash is kept.")

_Data = Annotated[
    Path, typer.Option("--data", envvar="TRUCELINE_DATA", help="Data folder of the installation.")
]


@app.command("add")
def add(
    data: _Data,
    holder: Annotated[
        str, typer.Argument(help='Officer or body in whose name it reads; "" for the operator.')
    ],
    purpose: Annotated[
        str, typer.Option("--purpose", help="read, submit, feed or admin.")
    ] = "read",
    label: Annotated[str, typer.Option("--label", help="What it is for, in words.")] = "",
    source: Annotated[
        str, typer.Option("--source", help="The one source that a token for feeds may send.")
    ] = "",
    until: Annotated[str | None, typer.Option("--until", help="Good until then.")] = None,
    as_json: Json = False,
) -> None:
    """Make a token and print it, once."""
    from truceline.records.record import Micros
    from truceline.store import tokens

    text = tokens.PREFIX + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    ends = instant(until, "--until")
    _check_source(purpose, source)
    made = tokens.Token(
        hash=tokens.hash_of(text),
        purpose=_purpose(purpose),
        holder=holder,
        label=label,
        made_at=Micros(time.time_ns() // 1000),
        until=None if ends is None else Micros(ends),
        revoked_at=None,
        source=source,
    )
    store = _store(data)
    _check_holder(store, holder)
    with store.writing() as tx:
        tokens.add(tx, made)
    told = {"token": text, "name": made.name, "holder": holder, "purpose": purpose}
    told |= {"source": source} if source else {}
    shown.as_json(told) if as_json else shown.facts(told)


@app.command("list")
def list_tokens(data: _Data, as_json: Json = False) -> None:
    """List the tokens by name, holder and purpose."""
    from truceline.store import tokens

    with _store(data).reading() as look:
        rows: list[dict[str, Any]] = [
            {
                "name": one.name,
                "holder": one.holder,
                "purpose": str(one.purpose),
                "source": one.source,
                "label": one.label,
                "made_at": shown.moment(one.made_at),
                "until": shown.moment(one.until),
                "revoked_at": shown.moment(one.revoked_at),
            }
            for one in tokens.listed(look)
        ]
    if as_json:
        shown.as_json(rows)
        return
    columns = {
        "name": "NAME",
        "holder": "HOLDER",
        "purpose": "PURPOSE",
        "source": "SOURCE",
        "label": "LABEL",
        "until": "UNTIL",
        "revoked_at": "REVOKED",
    }
    shown.table(rows, columns, empty="No token was made.")


@app.command("revoke")
def revoke(
    data: _Data, name: Annotated[str, typer.Argument(help="Its name (`tokens list`).")]
) -> None:
    """Revoke a token; a running server turns it away within seconds."""
    from truceline.records.record import Micros
    from truceline.store import tokens

    with _store(data).writing() as tx:
        gone = tokens.revoke(tx, name, Micros(time.time_ns() // 1000))
    shown.say(f"Revoked: {gone.name} of {gone.holder or 'the operator'}.")


def _store(data: Path) -> Store:
    from truceline.mechanism import settings as setting
    from truceline.store.layout import Layout
    from truceline.store.store import Store

    layout = Layout(data)
    if not layout.settings.exists():
        raise Refused(
            Reason.NOT_FOUND,
            where=str(data),
            detail="there is no installation in this folder",
            remedy="Make one with `truceline init`",
        )
    return Store.at(layout.database, setting.read(layout.settings).database)


def _purpose(word: str) -> Any:
    from truceline.store.tokens import Purpose

    try:
        return Purpose(word)
    except ValueError:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where="--purpose",
            detail=f"{word!r} is not one of {', '.join(Purpose)}",
        ) from None


def _check_source(purpose: str, source: str) -> None:
    """A token for feeds speaks for one source: nobody confirms himself under a second name."""
    from truceline.records import shape

    if purpose == "feed" and not source:
        raise Malformed(
            Reason.MISSING_FIELD,
            where="--source",
            detail="a token for feeds is for one source",
            remedy="Give its code, as `truceline feed --source` sends it",
        )
    if source:
        shape.CODE.check(source, "--source")


def _check_holder(store: Store, holder: str) -> None:
    """A token in nobody's name would see what the public sees, and puzzle its owner."""
    import sqlalchemy as sa

    from truceline.store.schema import body, officer

    if not holder:
        return
    with store.reading() as look:
        known = any(
            look.execute(sa.select(table.c.code).where(table.c.code == holder)).first()
            for table in (body, officer)
        )
    if not known:
        raise Refused(
            Reason.REF_UNKNOWN,
            where="holder",
            detail=f"the log knows no body or officer {holder!r}",
            remedy="See `truceline officers list`",
        )

"""`truceline instruments`: texts are published, signed, read, suspended, extended, left."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli import keyfile, shown
from truceline.cli.options import At
from truceline.cli.reach import Reach, part
from truceline.cli.statement import Desk
from truceline.cli.words import group, instant, reads, texts, writes
from truceline.errors import Malformed, Reason

app = group("instruments", "The agreements: publish, sign, read, contest, suspend, extend, leave.")

_Code = Annotated[str, typer.Argument(help="Code of the instrument.")]
_Why = Annotated[list[str], typer.Option("--why", help="Why, by language: en=...")]
_Source = Annotated[str | None, typer.Option("--source", help="Where it was published.")]
MOST_TEXT_BYTES = 64 * 2**20

TEMPLATE = """\
# An instrument as `truceline instruments publish FILE` takes it.
# Every field: `truceline kinds instrument.published/1`. Times may be ISO 8601.
code = "MEMO"                  # short, and never changed
type = "memorandum"            # or mou, terms, protocol, local_deal, joint_statement, map_annex
secrecy = "public"             # or parties, named: then everything said of it is sealed
renewal = "none"               # or auto, consensus
edge = "geodesic"              # how lines run between vertices: geodesic, lonlat or rhumb
# term = "P6M"                 # ISO 8601; none: without end
deadlines = []
obligations = []
signatories = [
  { body = "north", capacity = "guarantor" },
  { body = "south", capacity = "conflict_party" },
]

[title]
en = "A memorandum"
# ar = "..."

[texts.en]                     # one table for each language
file = "memo.txt"              # beside this file
equal_force = true

[effective]
rule = "on signature"          # the words of the text
says = { from = "signature" }  # and what they come to
"""
"""A whole description, for `instruments template`."""


@writes(app, "publish")
def publish(
    desk: Desk,
    *,
    description: Annotated[Path, typer.Argument(help="TOML file that describes the instrument.")],
) -> None:
    """Publish an instrument: its texts per language, its signatories, its rules of time.

    The TOML file has the fields of `truceline kinds instrument.published/1`; under
    [texts.en] it names a `file` beside it and says `equal_force`. Times may be ISO 8601.
    """
    body = read_description(description)
    for language, text in _tables(body, "texts").items():
        path = description.parent / str(text.get("file", ""))
        data = keyfile.read_small(path, "text", MOST_TEXT_BYTES)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        body["texts"][language] = {
            "file": desk.deposit(data, kind),
            "equal_force": bool(text.get("equal_force", True)),
        }
    desk.tell(desk.state("instrument.published/1", body), f"{body.get('code')} is published.")


@app.command("template")
def template() -> None:
    """Print a whole description of an instrument, to be filled in and published."""
    typer.echo(TEMPLATE, nl=False)


@writes(app, "sign")
def sign(
    desk: Desk,
    *,
    code: _Code,
    texts_hash: Annotated[
        str | None,
        typer.Option("--texts", help="Hash of the texts that you read; none: the published ones."),
    ] = None,
    place: Annotated[str | None, typer.Option("--place", help="Where it is signed.")] = None,
    stated_at: Annotated[
        str | None, typer.Option("--stated-at", help="When it was signed, as the parties say.")
    ] = None,
) -> None:
    """Sign an instrument for your body: exactly these texts."""
    shown_hash = texts_hash or texts_digest(desk.reach, code)
    body = {
        "instrument": code,
        "texts": shown_hash,
        "place": place,
        "stated_at": instant(stated_at, "--stated-at"),
    }
    taken = desk.state("instrument.signed/1", body)
    desk.tell(taken, f"{code} is signed; texts {shown_hash}. {_follows(desk.reach, code)}")


def _follows(reach: Reach, code: str) -> str:
    """What the signature led to: in force by it, or who has not signed."""
    one = reach.get(f"/api/agreements/{part(code)}")
    waiting = ", ".join(row["body"] for row in one["signatories"] if not row["signed_at"])
    if waiting:
        return f"Not signed yet: {waiting}."
    begins = one["effective"]["from"]
    return f"All have signed; it is {one['state']}" + (f" from {begins}." if begins else ".")


@writes(app, "reading")
def reading(
    desk: Desk,
    *,
    code: _Code,
    clause: Annotated[str, typer.Option("--clause", help="Which clause.")],
    text: Annotated[list[str], typer.Option("--reading", help="How you read it: en=...")],
    at: Annotated[str | None, typer.Option("--instant", help="The instant that follows.")] = None,
    source: _Source = None,
) -> None:
    """State how your body reads a clause."""
    body = {
        "instrument": code,
        "clause": clause,
        "reading": texts(text, "--reading"),
        "instant": instant(at, "--instant"),
        "source": source,
    }
    desk.tell(desk.state("instrument.reading/1", body), "The reading is on the record.")


@writes(app, "adhere")
def adhere(
    desk: Desk,
    *,
    code: _Code,
    from_at: Annotated[str, typer.Option("--from", help="From which instant.")],
) -> None:
    """Take on the obligations of an instrument for your body."""
    body = {
        "instrument": code,
        "from": instant(from_at, "--from"),
        "texts": texts_digest(desk.reach, code),
    }
    desk.tell(desk.state("instrument.adhered/1", body), f"Your body adheres to {code}.")


@writes(app, "contest")
def contest(
    desk: Desk,
    *,
    code: _Code,
    signature: Annotated[str, typer.Option("--signature", help="Record id of the signature.")],
    for_whom: Annotated[str, typer.Option("--for-whom", help="For whom it could not be signed.")],
    why: _Why,
    source: _Source = None,
) -> None:
    """Contest that a signatory could sign for those whom it names."""
    body = {
        "instrument": code,
        "signature": signature,
        "for_whom": for_whom,
        "why": texts(why, "--why"),
        "source": source,
    }
    desk.tell(
        desk.state("mandate.contested/1", body), "Contested; the signature stays and shows it."
    )


@writes(app, "suspend")
def suspend(desk: Desk, *, code: _Code, why: _Why, source: _Source = None) -> None:
    """Suspend an instrument for your body's part."""
    body = {"instrument": code, "why": texts(why, "--why"), "source": source}
    desk.tell(desk.state("instrument.suspended/1", body), f"{code} is suspended for your part.")


@writes(app, "restore")
def restore(
    desk: Desk,
    *,
    code: _Code,
    suspension: Annotated[str, typer.Option("--suspension", help="Record id of the suspension.")],
) -> None:
    """Take your body's own suspension back."""
    taken = desk.state("instrument.restored/1", {"instrument": code, "suspension": suspension})
    desk.tell(taken, f"Your suspension of {code} is taken back.")


@writes(app, "extend")
def extend(
    desk: Desk,
    *,
    code: _Code,
    until: Annotated[str, typer.Option("--until", help="New end of the term.")],
) -> None:
    """Agree to a further term; it runs when all signatories have."""
    taken = desk.state(
        "instrument.extended/1", {"instrument": code, "until": instant(until, "--until")}
    )
    desk.tell(taken, f"Your body agrees to extend {code}.")


@writes(app, "terminate")
def terminate(
    desk: Desk,
    *,
    code: _Code,
    from_at: Annotated[str, typer.Option("--from", help="From which instant.")],
    why: _Why,
) -> None:
    """Leave an instrument by its withdrawal clause."""
    body = {"instrument": code, "from": instant(from_at, "--from"), "why": texts(why, "--why")}
    desk.tell(desk.state("instrument.terminated/1", body), f"Your body leaves {code}.")


@reads(app, "list")
def list_instruments(mechanism: Reach, as_json: bool, at: At = None) -> None:
    """List the instruments and their state at a moment."""
    rows = mechanism.get("/api/agreements", at=at)
    if as_json:
        shown.as_json(rows)
        return
    shown.table(
        [{**row, "signed": _signed(row)} for row in rows],
        {"code": "CODE", "title": "TITLE", "state": "STATE", "signed": "SIGNED BY"},
        empty="There is no instrument that you may see.",
    )


@reads(app, "show")
def show(mechanism: Reach, as_json: bool, code: _Code, at: At = None) -> None:
    """Show one instrument: texts, signatures, readings, deadlines."""
    one = mechanism.get(f"/api/agreements/{part(code)}", at=at)
    if as_json:
        shown.as_json(one)
        return
    effective = one["effective"]
    shown.facts({key: one[key] for key in ("code", "title", "type", "state")})
    shown.facts({f"effective {key}": effective[key] for key in ("rule", "from", "until")})
    shown.say("\ntexts")
    texts_rows = [{"language": key, **text} for key, text in one["texts"].items()]
    shown.table(
        texts_rows,
        {"language": "LANGUAGE", "sha256": "SHA-256", "equal_force": "EQUAL FORCE"},
        empty="  none",
    )
    for title, columns in (
        (
            "signatories",
            {"body": "BODY", "capacity": "CAPACITY", "signed_at": "SIGNED AT", "index": "LEAF"},
        ),
        ("readings", {"body": "BODY", "clause": "CLAUSE", "instant": "INSTANT"}),
        (
            "deadlines",
            {"code": "CODE", "what": "WHAT", "owner": "OWNER", "due_at": "DUE", "state": "STATE"},
        ),
    ):
        shown.say(f"\n{title}")
        shown.table(one[title], columns, empty="  none")


def texts_digest(mechanism: Reach, code: str) -> str:
    """Return the hash of an instrument's texts, which is what a signature names.

    It is computed here from the hash of each text, not taken from the server.
    """
    import hashlib

    from truceline.records import canonical

    found = mechanism.get(f"/api/agreements/{part(code)}")["texts"]
    by_language = {language: text["sha256"] for language, text in found.items()}
    return hashlib.sha256(canonical.encode(by_language)).hexdigest()


def read_description(file: Path) -> dict[str, Any]:
    """Return the fields of a TOML description, with its times as microseconds."""
    import tomllib
    from datetime import datetime

    try:
        found = tomllib.loads(keyfile.read_small(file, "description", 2**20).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed(
            Reason.BAD_FORMAT, where=str(file), detail=f"not TOML in UTF-8: {error}"
        ) from None

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return instant(value.isoformat(), str(file)) if isinstance(value, datetime) else value

    made: dict[str, Any] = plain(found)
    return made


def _tables(body: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    found = body.get(name)
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise Malformed(
            Reason.MISSING_FIELD, where=name, detail=f"a table [{name}.en] with `file` is needed"
        )
    return dict(found)


def _signed(row: dict[str, Any]) -> str:
    return ", ".join(one["body"] for one in row["signatories"] if one["signed_at"]) or "-"

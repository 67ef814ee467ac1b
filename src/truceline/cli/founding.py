"""`truceline init`: a log is founded by all its bodies together, in steps that need no trust.

The host drafts the founding record (`init draft`). Each body reads it on its own machine
and countersigns with its own key (`init countersign`); its key never travels. The host
puts the signatures together and starts the log (`init found`). For exercises one command
does all of it: `truceline init DIR --bodies FILE`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from truceline.cli import keyfile, shown
from truceline.cli.instruments import read_description
from truceline.cli.keys import enrolment
from truceline.cli.options import Json
from truceline.cli.statement import new_id
from truceline.errors import Malformed, Reason, Refused

if TYPE_CHECKING:
    from truceline.mechanism.installation import Installation
    from truceline.records.envelope import Envelope

DRAFT = "genesis.draft.json"
_ONE_STEP = "exercise"


class _OneStep(TyperGroup):
    """`truceline init DIR ...` without a step's name is the one-step founding."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the one step before what is no step's name."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [_ONE_STEP, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="init",
    cls=_OneStep,
    help="Found a log. In steps: draft, countersign (each body), found. For exercises: "
    "`truceline init DIR --bodies FILE`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

EXAMPLE = """\
origin = "truceline.example/exercise-1"
mode = "exercise"              # or live: then each body signs on its own machine
quorum = 1                     # of the witnesses below
time_zone = "Asia/Damascus"

[title]
en = "An exercise"

[[bodies]]
code = "north"
name = { en = "The north" }
capacity = "guarantor"         # or conflict_party, observer, agency, secretariat, ...
key = "keys/north.key"         # its card (north.key.pub) beside this file, or the card itself

[[bodies]]
code = "south"
name = { en = "The south" }
capacity = "conflict_party"
key = "keys/south.key.pub"

[[witnesses]]
body = "south"
name = "witness.example/south"
vkey = "witness.example/south+..."   # printed by `truceline witness`
url = "https://witness.example"
"""
"""A whole description, for `init example` and the help of `init draft`."""

_Dir = Annotated[Path, typer.Argument(help="Data folder; made when absent.")]
_Bodies = Annotated[
    Path, typer.Option("--bodies", help="TOML file: origin, mode, title, bodies, witnesses.")
]
_DataKey = Annotated[
    Path | None, typer.Option("--data-key", help="Where to keep the data key: outside DIR.")
]
_Database = Annotated[
    str, typer.Option("--database", help="URL of a PostgreSQL; none: SQLite in DIR.")
]


@app.command("example")
def example() -> None:
    """Print a whole TOML file for --bodies, to be filled in."""
    typer.echo(EXAMPLE, nl=False)


@app.command("draft")
def draft(
    folder: _Dir,
    bodies: _Bodies,
    data_key: _DataKey = None,
    database: _Database = "",
    as_json: Json = False,
) -> None:
    """Make the data folder and the draft of the founding record, for each body to countersign.

    The TOML file has `origin`, `mode` (exercise or live), `quorum`, `time_zone`, a table
    [title], tables [[bodies]] with code, name, capacity and `key` (path of its key file or
    public card, beside the TOML file), and [[witnesses]] with body, name, vkey and `url`.
    `truceline init example` prints a whole one.
    """
    described = _described(bodies)
    signed = _draft(folder, described, data_key=data_key, database=database)
    file = folder / DRAFT
    keyfile.write_new(file, signed.encode())
    told = {"draft": str(file), "digest": signed.digest().hex(), "vkey": _vkey(folder)}
    if as_json:
        shown.as_json(told)
        return
    shown.facts(told)
    shown.say("\nGive the draft to each body. Each reads it and runs, on its own machine:")
    shown.say(f"    truceline init countersign {DRAFT} --key ITS.key")
    shown.say("Then, with the files that come back:")
    shown.say(f"    truceline init found {folder} FILE...")


@app.command("countersign")
def countersign(
    file: Annotated[Path, typer.Argument(help="The draft, or one that others signed already.")],
    key: Annotated[Path, typer.Option("--key", help="The body's own key file.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write; default: beside the draft.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask; the draft was read before.")
    ] = False,
) -> None:
    """Read a draft of the founding record and countersign it for a body."""
    from truceline.records import envelope

    signed = _read_draft(file)
    body = _body_of_key(signed, key)
    _show(signed)
    shown.say(f"\nThis key signs for {body}. Digest: {signed.digest().hex()}")
    if not yes:
        typer.confirm("Countersign exactly this?", abort=True)
    made = envelope.countersign(signed, keyfile.unlock(key))
    target = out or file.with_name(f"{file.stem}.{body}.json")
    keyfile.write_new(target, made.encode())
    shown.say(f"Signed: {target}. Send it to the host.")


@app.command("found")
def found(
    folder: _Dir,
    signed: Annotated[list[Path], typer.Argument(help="The files that the bodies countersigned.")],
    as_json: Json = False,
) -> None:
    """Put the countersignatures together and found the log."""
    from truceline.mechanism.installation import Installation

    merged = _merged([_read_draft(file) for file in (folder / DRAFT, *signed)])
    with Installation.open(folder) as installation:
        _found(installation, merged, folder, as_json=as_json)


@app.command(_ONE_STEP, hidden=True)
def exercise(
    folder: _Dir,
    bodies: _Bodies,
    data_key: _DataKey = None,
    database: _Database = "",
    as_json: Json = False,
) -> None:
    """Found a log for an exercise in one step: keys that do not exist yet are made."""
    from truceline.mechanism.installation import Installation
    from truceline.records import envelope

    described = _described(bodies)
    if described["mode"] != "exercise":
        raise Refused(
            Reason.NO_MANDATE,
            where="mode",
            article="DESIGN 3, trust root",
            detail="a live log is not founded in one step: each body signs on its own machine",
            remedy="Use `truceline init draft`, `countersign` and `found`",
        )
    _make_missing_keys(described, bodies.parent)
    signers = [
        keyfile.unlock(bodies.parent / one["key"])
        for one in described["bodies"]
        if isinstance(one["key"], str)
    ]
    signed = _draft(folder, described, data_key=data_key, database=database, base=bodies.parent)
    for signer in signers:
        signed = envelope.countersign(signed, signer)
    with Installation.open(folder) as installation:
        _found(installation, signed, folder, as_json=as_json)


# -- drafting ---------------------------------------------------------------------------


def _described(file: Path) -> dict[str, Any]:
    """Return the description with its defaults; keys are read beside the file."""
    found: dict[str, Any] = {"mode": "exercise", "quorum": 0, "time_zone": "UTC", "witnesses": []}
    found |= read_description(file)
    for name, kind in _KINDS_OF_FIELD.items():
        _check(found, name, kind, f"{file}: {name}")
    for table, fields in _FIELDS.items():
        for number, one in enumerate(found[table], start=1):
            _check_table(one, fields, f"{file}: {table} {number}")
    if not found["bodies"]:
        raise Malformed(
            Reason.MISSING_FIELD, where=f"{file}: bodies", detail="there is none", remedy=_SEE
        )
    found["base"] = file.parent
    return found


_SEE = "`truceline init example` prints a whole file"
_KINDS_OF_FIELD: Mapping[str, type | tuple[type, ...]] = {
    "origin": str,
    "mode": str,
    "quorum": int,
    "time_zone": str,
    "title": dict,
    "bodies": list,
    "witnesses": list,
}
_FIELDS: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "bodies": {"code": str, "name": dict, "capacity": str, "key": (str, dict)},
    "witnesses": {"body": str, "name": str, "vkey": str},
}
_WORDS = {str: "text", int: "a whole number", dict: "a table", list: "a list of tables"}


def _check_table(one: Any, fields: Mapping[str, type | tuple[type, ...]], where: str) -> None:
    if not isinstance(one, dict):
        raise Malformed(Reason.WRONG_TYPE, where=where, detail="it is not a table", remedy=_SEE)
    for name, kind in fields.items():
        _check(one, name, kind, f"{where}: {name}")


def _check(found: Mapping[str, Any], name: str, kind: type | tuple[type, ...], where: str) -> None:
    """Refuse a field that is missing or of another type, with its place in the file."""
    if name not in found:
        raise Malformed(Reason.MISSING_FIELD, where=where, detail="it is missing", remedy=_SEE)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(found[name], kinds) or isinstance(found[name], bool):
        wanted = " or ".join(_WORDS[one] for one in kinds)
        raise Malformed(Reason.WRONG_TYPE, where=where, detail=f"it must be {wanted}", remedy=_SEE)


def _draft(
    folder: Path,
    described: Mapping[str, Any],
    *,
    data_key: Path | None,
    database: str,
    base: Path | None = None,
) -> Envelope:
    """Make the folder; return the founding record under the mechanism's signature alone."""
    from truceline.mechanism.installation import Installation
    from truceline.records import envelope, keys
    from truceline.records.kinds import KINDS
    from truceline.records.record import Micros, Record, RecordId

    where = base or described["base"]
    made_at = time.time_ns() // 1000
    body = {
        "mode": described["mode"],
        "title": described["title"],
        "bodies": [_body(one, where) for one in described["bodies"]],
        "witnesses": [
            {name: one[name] for name in ("body", "name", "vkey")} for one in described["witnesses"]
        ],
        "quorum": described["quorum"],
        "mechanism": keys.public_to_text(bytes(32)),
        "time_zone": described["time_zone"],
    }
    KINDS["genesis/1"].body.check(body, "body")  # before a folder is made in vain
    mechanism = Installation.create(
        folder,
        origin=described["origin"],
        data_key_file=data_key,
        database=database,
        log_open_to="public" if described["mode"] == "exercise" else "",
    )
    _write_witnesses(folder, described["witnesses"])
    record = Record(
        log=described["origin"],
        kind="genesis/1",
        id=RecordId(new_id(made_at)),
        author="mechanism",
        seq=1,
        made_at=Micros(made_at),
        body={**body, "mechanism": keys.public_to_text(mechanism.public)},
    )
    return envelope.sign(record.canonical(), mechanism)


def _body(one: Mapping[str, Any], base: Path) -> dict[str, Any]:
    key = one["key"]
    return {
        "code": one["code"],
        "name": one["name"],
        "capacity": one["capacity"],
        "key": enrolment(base / key) if isinstance(key, str) else dict(key),
    }


def _write_witnesses(folder: Path, witnesses: Sequence[Mapping[str, Any]]) -> None:
    """Note in the settings where each witness is asked. Who counts is in genesis alone."""
    from truceline.store.layout import Layout

    named = [one for one in witnesses if one.get("url")]
    if named:
        lines = ["", "[witnesses]", *(f'"{one["name"]}" = "{one["url"]}"' for one in named), ""]
        with Layout(folder).settings.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines))


def _make_missing_keys(described: Mapping[str, Any], base: Path) -> None:
    from truceline.records import canonical, keys

    for one in described["bodies"]:
        key = one["key"]
        if not isinstance(key, str) or (base / key).exists():
            continue
        made, recovery_seed = keys.from_seed(os.urandom(32)), os.urandom(32)
        keyfile.lock(base / key, made, label=one["code"])
        card = {
            "public": keys.public_to_text(made.public),
            "recovery": keys.public_to_text(keys.from_seed(recovery_seed).public),
            "label": one["code"],
        }
        keyfile.write_new(base / f"{key}.pub", canonical.encode(dict(card)))
        paper = keys.print_recovery_key(recovery_seed).encode() + b"\n"
        keyfile.write_new(base / f"{key}.recovery", paper, private=True)


# -- reading and merging ----------------------------------------------------------------


def _read_draft(file: Path) -> Envelope:
    from truceline.records import envelope, record

    signed = envelope.read(keyfile.read_small(file, "draft", 2**20))
    if record.read(signed.payload).kind != "genesis/1":
        raise Malformed(Reason.WRONG_TYPE, where=str(file), detail="this is not a founding record")
    return signed


def _body_of_key(signed: Envelope, key: Path) -> str:
    """The body whose key the draft names; anybody else's is refused before it signs."""
    from truceline.cli.keys import read_card
    from truceline.records import record

    card = read_card(key)
    for one in record.read(signed.payload).body["bodies"]:
        if one["key"]["public"] == card["public"]:
            if card.get("recovery") not in (None, one["key"]["recovery"]):
                raise Refused(
                    Reason.CONTRADICTS,
                    where=f"{one['code']}.recovery",
                    detail="the draft names another recovery key than your card",
                    remedy="Do not sign; have the draft made again",
                )
            return str(one["code"])
    raise Refused(
        Reason.KEY_UNKNOWN, where=str(key), detail="the draft names no body with this key"
    )


def _show(signed: Envelope) -> None:
    from truceline.records import record

    draft = record.read(signed.payload)
    body = draft.body
    shown.facts({"log": draft.log, "mode": body["mode"], "title": body["title"]})
    shown.facts({"quorum": body["quorum"], "mechanism": body["mechanism"]})
    shown.say()
    rows = [{**one, "public": one["key"]["public"]} for one in body["bodies"]]
    columns = {"code": "BODY", "name": "NAME", "capacity": "CAPACITY", "public": "KEY"}
    shown.table(rows, columns, empty="no bodies")
    shown.say()
    shown.table(
        body["witnesses"],
        {"name": "WITNESS", "body": "BODY", "vkey": "VKEY"},
        empty="no witnesses",
    )


def _merged(drafts: Sequence[Envelope]) -> Envelope:
    """All signatures over one and the same record; a draft that was changed is refused."""
    from truceline.records.envelope import Envelope

    first = drafts[0]
    for one in drafts[1:]:
        if one.payload != first.payload:
            raise Refused(
                Reason.CONTRADICTS,
                where="countersignatures",
                detail="the bodies did not sign the same founding record",
                remedy="Send the draft again and have everyone sign that",
            )
    by_key = {signature.key: signature for one in drafts for signature in one.signatures}
    return Envelope(first.payload, tuple(by_key[key] for key in sorted(by_key)))


def _found(installation: Installation, signed: Envelope, folder: Path, *, as_json: bool) -> None:
    from truceline.ledger import tree

    answer = installation.door.submit(signed.encode())
    size = answer.taken() + 1
    installation.wait_sealed(size)
    assert answer.entry is not None  # noqa: S101 -- it was taken
    genesis = tree.leaf_hash(answer.entry).hex()
    told = {"data": str(folder), "genesis": genesis, "vkey": _vkey(folder)}
    if as_json:
        shown.as_json(told)
        return
    shown.say("The log is founded.")
    shown.facts(told)
    shown.say("\nEach party notes the genesis hash: `truceline verify --genesis` takes it.")
    shown.say(f"Start the server with `truceline up --data {folder}`.")
    shown.say(_NEXT)


_NEXT = """
Then, each body with its own key:
    truceline keys new OFFICER.key
    truceline officers appoint OFFICER --role principal --officer-key OFFICER.key --key BODY.key
and the officers:
    truceline instruments template > memo.toml
    truceline instruments publish memo.toml --key OFFICER.key
    truceline instruments sign MEMO --key OFFICER.key
    truceline zones propose ZONE --instrument MEMO --name en=... --file FILE --key OFFICER.key"""


def _vkey(folder: Path) -> str:
    from truceline.mechanism.installation import Installation
    from truceline.store.layout import Layout

    file = Layout(folder).log / "vkey"
    if not file.exists():
        with Installation.open(folder):
            pass  # the writer notes the log's verifier key when it opens
    return file.read_text(encoding="ascii").strip()

"""`truceline keys`: keys are made and kept here, on the machine of whoever signs with them.

The recovery key is printed once, for paper: it signs nothing but the replacement or
the revocation of the key that it was made with.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli import keyfile, shown
from truceline.cli.options import Json
from truceline.cli.reach import Reach, part
from truceline.cli.statement import Desk
from truceline.cli.words import group, reads, writes
from truceline.errors import Malformed, Reason

app = group("keys", "Make, show, enrol, replace and revoke signing keys.")

_File = Annotated[Path, typer.Argument(help="Key file.")]
_Why = Annotated[str, typer.Option("--why", help="lost, stolen, worn or left.")]


@app.command("new")
def new(
    file: _File,
    label: Annotated[str, typer.Option("--label", help="A word for people to know it by.")] = "",
    as_json: Json = False,
) -> None:
    """Make a key and its recovery key. The recovery key is shown once: write it on paper."""
    from truceline.records import keys

    if file.exists():
        raise Malformed(
            Reason.ID_TAKEN,
            where=str(file),
            detail="the file exists; a key is never overwritten",
            remedy="Choose another name",
        )
    key, recovery_seed = keys.from_seed(os.urandom(32)), os.urandom(32)
    keyfile.lock(file, key, label=label or file.stem)
    recovery = keys.from_seed(recovery_seed)
    card = {
        "key": key.id,
        "public": keys.public_to_text(key.public),
        "recovery": keys.public_to_text(recovery.public),
        "recovery_key": keys.print_recovery_key(recovery_seed),
        "file": str(file),
    }
    _public_card(file, card)
    if as_json:
        shown.as_json(card)
        return
    shown.facts({"key file": str(file), "key id": key.id, "public": card["public"]})
    shown.facts({"recovery": card["recovery"], "public card": str(_card_of(file))})
    shown.say("\nRecovery key, for paper. It is kept nowhere else and not shown again:\n")
    shown.say(f"    {card['recovery_key']}")


@app.command("show")
def show(file: _File, as_json: Json = False) -> None:
    """Show the public half of a key file; no passphrase is needed."""
    card = read_card(file)
    shown.as_json(card) if as_json else shown.facts(card)


@app.command("print")
def print_card(
    seed_file: Annotated[
        Path | None, typer.Option("--to", help="Also write the text to this new file.")
    ] = None,
) -> None:
    """Print a fresh recovery key for paper, with its public half to give to the body."""
    from truceline.records import keys

    seed = os.urandom(32)
    public = keys.public_to_text(keys.from_seed(seed).public)
    text = f"{keys.print_recovery_key(seed)}\n"
    if seed_file is not None:
        keyfile.write_new(seed_file, text.encode(), private=True)
    shown.facts({"recovery key": text.strip(), "recovery public": public})


@app.command("recovery")
def recovery(as_json: Json = False) -> None:
    """Check a recovery key typed from paper, and say which key it is."""
    from truceline.records import keys

    key = keys.read_recovery_key(keyfile.passphrase("Recovery key: "))
    card = {"recovery": keys.public_to_text(key.public), "key": key.id}
    shown.as_json(card) if as_json else shown.facts(card)


@writes(app, "enrol")
def enrol(
    desk: Desk,
    *,
    new_key: Annotated[Path, typer.Option("--new", help="The new key file (`keys new`).")],
    holder: Annotated[
        str | None, typer.Option("--holder", help="Officer or body; none: whose key signs.")
    ] = None,
) -> None:
    """Bring a further key of the same holder into force."""
    mine = holder or desk.reach.get("/api/next-seq", key=desk.key.id)["holder"]
    taken = desk.state("key.enrolled/1", {"holder": mine, "key": enrolment(new_key)})
    desk.tell(taken, f"The key is in force for {mine}.")


@writes(app, "revoke")
def revoke(
    desk: Desk,
    *,
    key_id: Annotated[str, typer.Argument(help="Id of the key that is to end.")],
    why: _Why = "lost",
    note: Annotated[str | None, typer.Option("--note", help="A sentence.")] = None,
) -> None:
    """Put a key out of force, signed by its holder or the holder's body."""
    taken = desk.state("key.revoked/1", {"key": key_id, "why": why, "note": note})
    desk.tell(taken, f"Key {key_id} is out of force.")


@app.command("replace")
def replace(
    old: Annotated[str, typer.Argument(help="Id of the lost key.")],
    new_key: Annotated[Path, typer.Option("--new", help="The new key file (`keys new`).")],
    why: Annotated[str | None, typer.Option("--why", help="A sentence.")] = None,
    server: Annotated[
        str | None, typer.Option("--server", envvar="TRUCELINE_SERVER", help="Running server.")
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", envvar="TRUCELINE_TOKEN", help="Token.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", envvar="TRUCELINE_DATA", help="Data folder.")
    ] = None,
    recovery_file: Annotated[
        Path | None,
        typer.Option("--recovery-file", help="File with the recovery key; none: typed."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Replace a lost key by a new one, with the recovery key from paper."""
    from truceline.cli import reach
    from truceline.records import keys

    text = (
        keyfile.read_small(recovery_file, "recovery key").decode("utf-8", "replace")
        if recovery_file
        else keyfile.passphrase("Recovery key: ")
    )
    signer = keys.read_recovery_key(text)
    body = {"old": old, "key": enrolment(new_key), "why": why}
    with reach.mechanism(server, token, data, writing=True) as mechanism:
        desk = Desk(mechanism, signer, new_key.parent / "receipts", as_json=as_json)
        desk.tell(desk.state("key.replaced/1", body), f"Key {old} has given way to the new one.")


@reads(app, "list")
def listed(
    mechanism: Reach,
    as_json: bool,
    body: Annotated[str, typer.Argument(help="Code of the body.")],
) -> None:
    """List the keys of a body and its officers, with the time each was in force."""
    answer = mechanism.get(f"/api/bodies/{part(body)}")
    if as_json:
        shown.as_json(answer["keys"])
        return
    shown.table(
        answer["keys"],
        {
            "key": "KEY",
            "holder": "HOLDER",
            "from": "FROM",
            "until": "UNTIL",
            "ended": "ENDED",
        },
        empty="no keys",
    )


def enrolment(file: Path) -> dict[str, str]:
    """Return {public, recovery} of a key file, as records name a key."""
    card = read_card(file)
    if not card.get("recovery"):
        raise Malformed(
            Reason.MISSING_FIELD,
            where=str(_card_of(file)),
            detail="the public card with the recovery key's public half is missing",
            remedy="Make the key with `truceline keys new`; the card lies beside the key file",
        )
    return {"public": card["public"], "recovery": card["recovery"]}


def read_card(file: Path) -> dict[str, Any]:
    """Return the public half of a key file (or of a card alone), and its recovery half if known."""
    from truceline.records import canonical, keys

    value = canonical.parse(keyfile.read_small(file, "key file"), where=str(file))
    if type(value) is not dict or type(value.get("public")) is not str:
        raise Malformed(Reason.BAD_KEY, where=str(file), detail="not a key file or public card")
    public = keys.public_from_text(value["public"], where=str(file))
    card = {"key": keys.key_id(public), "public": value["public"], "label": value.get("label", "")}
    beside = _card_of(file)
    if "recovery" in value:
        card["recovery"] = str(value["recovery"])
    elif beside.exists():
        card["recovery"] = str(
            canonical.parse(keyfile.read_small(beside, "card"), where=str(beside)).get("recovery")
        )
    return card


def _card_of(file: Path) -> Path:
    return file.with_name(file.name + ".pub")


def _public_card(file: Path, card: dict[str, str]) -> None:
    from truceline.records import canonical

    public = {"public": card["public"], "recovery": card["recovery"], "label": file.stem}
    keyfile.write_new(_card_of(file), canonical.encode(dict(public)))

"""`truceline zones`: propose, revise, take a position, consent, contest, amend, suspend, look.

What is signed is the SHA-256 of one canonical file (docs/decisions/0007). It is made
here, from the document that the user gives, and kept beside the receipts (in `contents/`),
so that the signer can look at exactly what was signed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truceline.cli import keyfile, shown
from truceline.cli.options import At
from truceline.cli.reach import Reach, part
from truceline.cli.statement import Desk
from truceline.cli.words import group, reads, texts, texts_or_nothing, writes
from truceline.cli.zone_content import deposit, deposit_said, whole_hash
from truceline.cli.zones_files import Beside, read_beside
from truceline.errors import Malformed, Reason, Refused, Unproven

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truceline.zones.boundary import ZoneContent

app = group("zones", "Zones: proposed, answered by positions, consented to, in force, suspended.")

_Zone = Annotated[str, typer.Argument(help="Code of the zone.")]
_Feature = Annotated[
    str | None, typer.Option("--feature", help="Which zone of the file, when it has several.")
]
_MaybeFile = Annotated[
    Path | None,
    typer.Option("--file", help="The boundary: GeoJSON, KML, ED-269, ED-318, AIXM, NOTAM, ..."),
]
_Rule = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", help="The boundary in words, by language: en=... (with --file or alone)."
    ),
]
_Edge = Annotated[
    str | None,
    typer.Option(
        "--edge",
        help="How lines run between vertices, as the agreement chose: geodesic, lonlat or rhumb. "
        "None: as the file's format has it.",
    ),
]
_Comment = Annotated[list[str] | None, typer.Option("--comment", help="A comment by language.")]
_Source = Annotated[str | None, typer.Option("--source", help="Where it was published.")]
_Content = Annotated[
    str, typer.Option("--content", help="SHA-256 of the content, or its first digits (zones show).")
]
_Why = Annotated[list[str], typer.Option("--why", help="Why, by language: en=...")]


@writes(app, "propose")
def propose(
    desk: Desk,
    *,
    zone: _Zone,
    instrument: Annotated[str, typer.Option("--instrument", help="Under which instrument.")],
    name: Annotated[list[str], typer.Option("--name", help="Name by language: en=..., ar=...")],
    file: _MaybeFile = None,
    rule: _Rule = None,
    feature: _Feature = None,
    edge: _Edge = None,
    comment: _Comment = None,
    source: _Source = None,
) -> None:
    """Propose a zone: a boundary, a rule, or both."""
    content, original = deposit_said(
        desk,
        zone,
        file=file,
        rule=texts_or_nothing(rule, "--rule"),
        feature=feature,
        edge=edge,
    )
    body = {
        "zone": zone,
        "name": texts(name, "--name"),
        "instrument": instrument,
        "content": content,
        "original": original,
        "comment": texts_or_nothing(comment, "--comment"),
        "source": source,
    }
    desk.tell(
        desk.state("zone.proposed/1", body), f"{zone} is proposed; content {content['sha256']}."
    )


@writes(app, "revise")
def revise(
    desk: Desk,
    *,
    zone: _Zone,
    file: _MaybeFile = None,
    rule: _Rule = None,
    feature: _Feature = None,
    edge: _Edge = None,
    comment: _Comment = None,
) -> None:
    """Replace the proposal by a further one; positions stay open."""
    made = deposit_said(
        desk,
        zone,
        file=file,
        rule=texts_or_nothing(rule, "--rule"),
        feature=feature,
        edge=edge,
    )
    _put_forward(desk, "zone.revised/1", zone, made, comment, f"{zone} is revised")


def _put_forward(
    desk: Desk,
    kind: str,
    zone: str,
    made: tuple[dict[str, Any], dict[str, Any] | None],
    comment: list[str] | None,
    sentence: str,
    **more: str,
) -> None:
    """State a further content for a zone that there is already, and tell its hash."""
    content, original = made
    body = {
        "zone": zone,
        "content": content,
        **more,
        "original": original,
        "comment": texts_or_nothing(comment, "--comment"),
    }
    desk.tell(desk.state(kind, body), f"{sentence}; content {content['sha256']}.")


@writes(app, "position")
def position(
    desk: Desk,
    *,
    zone: _Zone,
    basis: Annotated[str, typer.Option("--basis", help="control_line, admin, river, road, ...")],
    file: Annotated[Path | None, typer.Option("--file", help="Your body's own line.")] = None,
    feature: _Feature = None,
    edge: _Edge = None,
    accepts: Annotated[
        str | None, typer.Option("--accepts", help="Or: SHA-256 of a content that you accept.")
    ] = None,
    comment: _Comment = None,
    source: _Source = None,
) -> None:
    """File your body's own line, or accept another's; neither, with a comment, takes it back."""
    if file is not None and accepts is not None:
        raise Malformed(
            Reason.CONTRADICTS,
            where="--file, --accepts",
            detail="a position is a line of your own or the acceptance of another's, not both",
        )
    content = None if file is None else deposit(desk, file, feature, edge)[0]
    accepted = None if accepts is None else whole_hash(desk.reach, zone, accepts, "--accepts")
    body = {
        "zone": zone,
        "content": content,
        "accepts": accepted,
        "basis": basis,
        "comment": texts_or_nothing(comment, "--comment"),
        "source": source,
    }
    desk.tell(desk.state("zone.position/1", body), f"Your body's position on {zone} is filed.")


@writes(app, "consent")
def consent(desk: Desk, *, zone: _Zone, content: _Content) -> None:
    """Consent, for your body, to exactly this content."""
    wanted = whole_hash(desk.reach, zone, content, "--content")
    taken = desk.state("zone.consented/1", {"zone": zone, "content": wanted})
    desk.tell(
        taken, f"Your body consents to {wanted} for {zone}. {_follows(desk.reach, zone, wanted)}"
    )


def _follows(reach: Reach, zone: str, content: str) -> str:
    """What the consent led to: the zone is in force by it, or whose consent is missing."""
    one = reach.get(f"/api/zones/{part(zone)}")
    held = one["in_force"]
    if held and held["content"] == content:
        return f"It is in force from {held['from']}: record {held['record']}, leaf {held['index']}."
    missing = ", ".join(one["missing"])
    return f"It is not in force yet; consent is missing from {missing}." if missing else ""


@writes(app, "contest")
def contest(
    desk: Desk, *, zone: _Zone, content: _Content, why: _Why, source: _Source = None
) -> None:
    """Contest a boundary; it stays in force and is shown as contested."""
    wanted = whole_hash(desk.reach, zone, content, "--content")
    body = {"zone": zone, "content": wanted, "why": texts(why, "--why"), "source": source}
    desk.tell(desk.state("zone.contested/1", body), f"{zone} is shown as contested.")


@writes(app, "amend")
def amend(
    desk: Desk,
    *,
    zone: _Zone,
    supersedes: Annotated[
        str, typer.Option("--supersedes", help="SHA-256 of what is in force, or its first digits.")
    ],
    file: _MaybeFile = None,
    rule: _Rule = None,
    feature: _Feature = None,
    edge: _Edge = None,
    comment: _Comment = None,
) -> None:
    """Put an amendment forward; the boundary in force holds until all consent."""
    before = whole_hash(desk.reach, zone, supersedes, "--supersedes")
    made = deposit_said(
        desk,
        zone,
        file=file,
        rule=texts_or_nothing(rule, "--rule"),
        feature=feature,
        edge=edge,
    )
    _put_forward(
        desk, "zone.amended/1", zone, made, comment, "Amendment put forward", supersedes=before
    )


@writes(app, "suspend")
def suspend(desk: Desk, *, zone: _Zone, why: _Why) -> None:
    """Suspend a zone for your body's part; the map shows by whom and since when."""
    taken = desk.state("zone.suspended/1", {"zone": zone, "why": texts(why, "--why")})
    desk.tell(taken, f"{zone} is suspended for your part.")


@writes(app, "restore")
def restore(
    desk: Desk,
    *,
    zone: _Zone,
    suspension: Annotated[str, typer.Option("--suspension", help="Record id of the suspension.")],
) -> None:
    """Take your body's own suspension back."""
    taken = desk.state("zone.restored/1", {"zone": zone, "suspension": suspension})
    desk.tell(taken, f"Your suspension of {zone} is taken back.")


@reads(app, "list")
def list_zones(mechanism: Reach, as_json: bool, *, at: At = None) -> None:
    """List the zones and their state at a moment."""
    rows = mechanism.get("/api/zones", at=at)
    if as_json:
        shown.as_json(rows)
        return
    shown.table(
        rows,
        {
            "code": "CODE",
            "name": "NAME",
            "instrument": "INSTRUMENT",
            "state": "STATE",
            "missing": "NO CONSENT FROM",
        },
        empty="There is no zone that you may see.",
    )


@reads(app, "in-force")
def in_force(mechanism: Reach, as_json: bool, *, at: At = None) -> None:
    """List the zones in force at a moment, with the content that holds."""
    rows = [row for row in mechanism.get("/api/zones", at=at) if row["in_force"]]
    if as_json:
        shown.as_json(rows)
        return
    lines = [{"code": row["code"], "state": row["state"], **row["in_force"]} for row in rows]
    shown.table(
        lines,
        {"code": "CODE", "state": "STATE", "from": "FROM", "until": "UNTIL", "content": "CONTENT"},
        empty="No zone is in force.",
    )


@reads(app, "show")
def show(mechanism: Reach, as_json: bool, *, zone: _Zone, at: At = None) -> None:
    """Show one zone: proposals, positions, consents, what is missing, what is in force."""
    one = mechanism.get(f"/api/zones/{part(zone)}", at=at)
    if as_json:
        shown.as_json(one)
        return
    shown.facts(
        {
            "code": one["code"],
            "name": one["name"],
            "instrument": one["instrument"],
            "state": one["state"],
            "in force": (one["in_force"] or {}).get("content"),
            "no consent from": one["missing"],
            "contested by": [row["body"] for row in one["contested"]],
        }
    )
    for title, columns in _TABLES.items():
        shown.say(f"\n{title}")
        shown.table(one[title], columns, empty="  none")


@reads(app, "export")
def export(
    mechanism: Reach,
    _as_json: bool,
    *,
    zone: _Zone,
    out: Annotated[Path, typer.Argument(help="Where to write; its ending names the format.")],
    write_as: Annotated[
        str | None, typer.Option("--to", help="The format, if not by the ending of the name.")
    ] = None,
    content: Annotated[
        str | None, typer.Option("--content", help="SHA-256; none: what is in force.")
    ] = None,
    at: At = None,
) -> None:
    """Write a zone of the log in any format, and name what that format cannot carry.

    A format in which the content does not travel whole says from when to when the zone
    is in force; the others are the content that was agreed, as it was agreed.
    """
    from truceline.zones import document
    from truceline.zones.formats import known

    form = known.by_name(write_as or known.for_file(out.name))
    adopted = None if content else _in_force(mechanism, zone, at)
    wanted = (
        str((adopted or {})["content"])
        if content is None
        else whole_hash(mechanism, zone, content, "--content")
    )
    reply = mechanism.ask("GET", f"/api/files/{part(wanted)}")
    if reply.status >= 400:
        reply.json()
    if hashlib.sha256(reply.data).hexdigest() != wanted:
        raise Unproven(
            Reason.CORRUPT, where=wanted, detail="the server sent other bytes than the name says"
        )
    agreed = document.decode(reply.data)
    made = form.write((agreed if form.whole or adopted is None else _timed(agreed, adopted),))
    keyfile.write_new(out, made.data)
    for loss in made.losses:
        shown.warn(f"not in the file: {loss}")
    shown.say(f"{out}: {zone}, content {wanted}")


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="GeoJSON, KML, ED-269, ED-318, OpenAir, GPKG, AIXM, NOTAM, Volume4D."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the zone documents.")],
    beside: Beside = None,
) -> None:
    """Read a file of zones tolerantly, with a report by feature; write one document for each.

    A document is what parties sign: `zones propose --file` takes it as it is.
    """
    from truceline.zones import document
    from truceline.zones.formats import known

    reading = known.read(
        keyfile.read_small(file, "zone file", 64 * 2**20),
        name=file.name,
        beside=read_beside(beside),
    )
    for line in reading.report:
        shown.warn(str(line))
    rows = []
    for zone in reading.zones:
        data = document.encode(zone)
        target = out / f"{_file_name(zone.code)}.zone.json"
        keyfile.write_new(target, data)
        rows.append(
            {"code": zone.code, "file": target, "content": hashlib.sha256(data).hexdigest()}
        )
    columns = {"code": "CODE", "file": "DOCUMENT", "content": "CONTENT"}
    shown.table(rows, columns, empty="The file has no zone that could be read.")
    if reading.refused():
        raise typer.Exit(2)


def _file_name(code: str) -> str:
    """A code as a file's name: what could lead elsewhere is left out."""
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in code)[:80] or "zone"


def _timed(content: ZoneContent, adopted: Mapping[str, Any]) -> ZoneContent:
    """The content within the time in which it is in force."""
    from truceline.geo.volume import Window
    from truceline.zones.bounded import bounded
    from truceline.zones.formats.limits import read_instant

    start, end = (
        read_instant(adopted[name], where=name)[0] if adopted[name] else None
        for name in ("from", "until")
    )
    return bounded(content, Window(start, end)) or content


def _in_force(mechanism: Reach, zone: str, at: str | None) -> Mapping[str, Any]:
    found = mechanism.get(f"/api/zones/{part(zone)}", at=at)["in_force"]
    if found is None:
        raise Refused(
            Reason.WRONG_STATE,
            where="zone",
            detail=f"{zone} is not in force",
            remedy="Name a content with --content (`zones show`)",
        )
    return dict(found)


_TABLES: dict[str, dict[str, str]] = {
    "proposals": {"index": "LEAF", "by": "BY", "at": "AT", "content": "CONTENT"},
    "positions": {
        "index": "LEAF",
        "body": "BODY",
        "at": "AT",
        "basis": "BASIS",
        "content": "CONTENT",
        "accepts": "ACCEPTS",
    },
    "consents": {"index": "LEAF", "body": "BODY", "at": "AT", "content": "CONTENT"},
}

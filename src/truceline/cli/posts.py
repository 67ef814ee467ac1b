"""`truceline posts`: policing posts as agreed, as reported, as observed, and those nobody polices."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from truceline.cli import shown
from truceline.cli.options import At
from truceline.cli.reach import Reach
from truceline.cli.statement import Desk
from truceline.cli.words import group, instant, reads, texts, texts_or_nothing, writes

app = group("posts", "Policing posts: assign, answer, report, observe, withdraw.")

_Post = Annotated[str, typer.Argument(help="Code of the post.")]
_Count = Annotated[int, typer.Option("--count", min=0, max=1000, help="How many posts.")]
_AsOf = Annotated[str, typer.Option("--as-of", help="At which moment they were counted.")]
_Source = Annotated[str | None, typer.Option("--source", help="Where it was published.")]
_COLUMNS = {
    "post": "POST",
    "zone": "ZONE",
    "kind": "KIND",
    "operator": "OPERATOR",
    "agreed": "AGREED",
    "reported": "REPORTED",
    "observed": "OBSERVED",
    "state": "STATE",
}


@writes(app, "assign")
def assign(
    desk: Desk,
    *,
    post: _Post,
    zone: Annotated[str, typer.Option("--zone", help="Of which zone.")],
    kind: Annotated[str, typer.Option("--kind", help="checkpoint, observation_post, ...")],
    operator: Annotated[str, typer.Option("--operator", help="Body that runs it.")],
    count: _Count,
    cap: Annotated[int | None, typer.Option("--cap", help="People at most.")] = None,
    power: Annotated[
        list[str] | None, typer.Option("--power", help="inspect, identify, ...")
    ] = None,
    place: Annotated[list[str] | None, typer.Option("--place", help="Name of the place.")] = None,
    lat: Annotated[float | None, typer.Option("--lat", help="Degrees, WGS 84.")] = None,
    lon: Annotated[float | None, typer.Option("--lon", help="Degrees, WGS 84.")] = None,
    precision_m: Annotated[int, typer.Option("--precision-m", min=0, help="Metres.")] = 1000,
    from_at: Annotated[str | None, typer.Option("--from", help="From when.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Until when.")] = None,
    source: _Source = None,
) -> None:
    """Assign a policing post in a zone."""
    where = None
    if place and lat is not None and lon is not None:
        where = {
            "name": texts(place, "--place"),
            "lat_e7": round(lat * 10_000_000),
            "lon_e7": round(lon * 10_000_000),
            "precision_m": precision_m,
        }
    body = {
        "post": post,
        "zone": zone,
        "kind": kind,
        "operator": operator,
        "agreed_count": count,
        "strength_cap": cap,
        "powers": power or None,
        "place": where,
        "from": instant(from_at, "--from"),
        "until": instant(until, "--until"),
        "source": source,
    }
    desk.tell(desk.state("post.assigned/1", body), f"{post} is assigned to {operator}.")


@writes(app, "answer")
def answer(
    desk: Desk,
    *,
    post: _Post,
    consents: Annotated[bool, typer.Option("--consents/--contests", help="Your body's answer.")],
    why: Annotated[list[str] | None, typer.Option("--why", help="Why, by language.")] = None,
    source: _Source = None,
) -> None:
    """Consent to an assignment, or contest it."""
    word = "consents" if consents else "contests"
    body = {
        "post": post,
        "answer": word,
        "why": texts_or_nothing(why, "--why"),
        "source": source,
    }
    desk.tell(desk.state("post.answered/1", body), f"On the record: your body {word}.")


@writes(app, "report")
def report(desk: Desk, *, post: _Post, count: _Count, as_of: _AsOf, source: _Source = None) -> None:
    """Report how many posts of an assignment your body has set up."""
    body = _counted(post, count, as_of, source)
    desk.tell(desk.state("post.reported/1", body), f"Reported: {count} at {post}.")


@writes(app, "observe")
def observe(
    desk: Desk, *, post: _Post, count: _Count, as_of: _AsOf, source: _Source = None
) -> None:
    """State how many posts of an assignment observers found."""
    body = _counted(post, count, as_of, source)
    desk.tell(desk.state("post.observed/1", body), f"Observed: {count} at {post}.")


@writes(app, "withdraw")
def withdraw(
    desk: Desk,
    *,
    post: _Post,
    from_at: Annotated[str, typer.Option("--from", help="From when.")],
    handover_to: Annotated[
        str | None, typer.Option("--handover-to", help="Body that takes over.")
    ] = None,
) -> None:
    """End an assignment, or pass it on."""
    body = {"post": post, "from": instant(from_at, "--from"), "handover_to": handover_to}
    desk.tell(desk.state("post.withdrawn/1", body), f"{post} ends.")


@reads(app, "list")
def list_posts(mechanism: Reach, as_json: bool, at: At = None) -> None:
    """List the posts with their agreed, reported and observed counts."""
    _print(mechanism.get("/api/posts", at=at), as_json, "There is no post that you may see.")


@reads(app, "unpoliced")
def unpoliced(mechanism: Reach, as_json: bool, at: At = None) -> None:
    """List what was agreed and nobody polices."""
    _print(mechanism.get("/api/posts/unpoliced", at=at), as_json, "Nothing is unpoliced.")


def _print(rows: list[dict[str, Any]], as_json: bool, empty: str) -> None:
    if as_json:
        shown.as_json(rows)
        return
    lines = [
        {**row, **{how: _counts(row[how]) for how in ("reported", "observed")}} for row in rows
    ]
    shown.table(lines, _COLUMNS, empty=empty)


def _counts(counts: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['count']} ({one['body']}, {one['as_of'][:10]})" for one in counts)


def _counted(post: str, count: int, as_of: str, source: str | None) -> dict[str, Any]:
    return {"post": post, "count": count, "as_of": instant(as_of, "--as-of"), "source": source}

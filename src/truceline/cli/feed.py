"""`truceline feed`: fixes from a receiver or a file into the watch of a mechanism."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli import courier, reach, shown
from truceline.cli.options import Data, Server, Token
from truceline.errors import Malformed, Reason

if TYPE_CHECKING:
    from truceline.cli.courier import Courier


def feed(
    name: Annotated[str, typer.Option("--source", help="Code of the source, as records name it.")],
    nature: Annotated[
        str, typer.Option("--nature", help="real or synthetic; the two are never mixed.")
    ],
    source: Annotated[
        str | None,
        typer.Argument(help="A track file (Parquet, CSV, readsb JSON, raw Mode S), or an address."),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="sbs://, beast://, avr://, readsb+http://, opensky+https://, asterix+udp://, "
            "rid:// or rid+udp:// HOST:PORT; docs/feeds.md has the options of each.",
        ),
    ] = None,
    for_s: Annotated[
        float | None, typer.Option("--for", min=0.1, help="Stop after so many seconds.")
    ] = None,
    once: Annotated[
        bool,
        typer.Option("--once", help="Stop when the connection ends, instead of connecting again."),
    ] = False,
    login: Annotated[
        Path | None,
        typer.Option("--login", help="File with USER:PASSWORD for a source over HTTP."),
    ] = None,
    server: Server = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """Feed fixes into the watch: it judges them against the zones in force and states crossings.

    A live feed runs until Ctrl-C and connects again by itself. At the end it says what it
    read and what it left out, by reason; `/api/feeds` says the same while it runs. With
    --server it needs a token of purpose `feed`.
    """
    if nature not in ("real", "synthetic"):
        raise Malformed(Reason.OUT_OF_RANGE, where="--nature", detail="must be real or synthetic")
    wanted = address or source
    if wanted is None or (address and source):
        raise Malformed(
            Reason.MISSING_FIELD, where="source", detail="name one file, or one address by --from"
        )
    with reach.mechanism(server, token, data, writing=True) as mechanism:
        target = courier.Courier(mechanism, name, nature)
        if "://" in wanted:
            _live(wanted, target, for_s, login, once=once)
        else:
            _file(Path(wanted), target)
        target.finish()
    shown.say(f"{target.fixes} fixes, {target.crossings} crossings stated.")


def _file(path: Path, target: Courier) -> None:
    from truceline.sources.tracks import TrackFile

    file = TrackFile(path)
    for batch in file.batches():
        target.take(batch)
    for reason, count in file.dropped.items():
        shown.warn(f"left out: {count} rows ({reason})")


def _live(
    address: str, target: Courier, for_s: float | None, login: Path | None, *, once: bool
) -> None:
    from truceline.sources.address import open_feed

    live = open_feed(address, target.name, clock=_now, login=_login(login))
    shown.say(f"Reading {address}. Stop with Ctrl-C.")
    courier.carry(live, target, for_s=for_s, once=once, away=shown.warn)
    for what, count in courier.summary(live):
        shown.say(f"{what}: {count}")


def _login(path: Path | None) -> tuple[str, str] | None:
    if path is None:
        return None
    try:
        user, colon, password = path.read_text().strip().partition(":")
    except (OSError, UnicodeDecodeError):
        raise Malformed(Reason.NOT_FOUND, where="--login", detail="cannot be read") from None
    if not colon:
        raise Malformed(Reason.BAD_FORMAT, where="--login", detail="is not USER:PASSWORD")
    return user, password


def _now() -> int:
    return time.time_ns() // 1000

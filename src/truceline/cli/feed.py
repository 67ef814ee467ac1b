"""`truceline feed`: fixes from a receiver or a file into the watch of a mechanism."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from truceline.cli import reach, shown
from truceline.cli.options import Data, Server, Token
from truceline.errors import Malformed, Reason

if TYPE_CHECKING:
    from truceline.airspace.fix import Fixes
    from truceline.cli.reach import Reach

_EVERY_S = 0.5
"""Seconds of a live feed that go into one request."""
_ROWS = 50_000
"""Fixes of a file that go into one request; about a megabyte."""


def feed(
    source: Annotated[
        str, typer.Argument(help="sbs://HOST:PORT, or a track file (Parquet, CSV, readsb JSON).")
    ],
    name: Annotated[str, typer.Option("--source", help="Code of the source, as records name it.")],
    nature: Annotated[
        str, typer.Option("--nature", help="real or synthetic; the two are never mixed.")
    ],
    server: Server = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """Feed fixes into the watch: it judges them against the zones in force and states crossings.

    A live feed runs until Ctrl-C and connects again by itself. With --server it needs a
    token of purpose `feed`.
    """
    if nature not in ("real", "synthetic"):
        raise Malformed(Reason.OUT_OF_RANGE, where="--nature", detail="must be real or synthetic")
    with reach.mechanism(server, token, data, writing=True) as mechanism:
        target = _Target(mechanism, name, nature)
        if "://" in source:
            _live(source, name, target.take)
        else:
            _file(Path(source), target.take)
        target.finish()
    shown.say(f"{target.fixes} fixes, {target.crossings} crossings stated.")


class _Target:
    """Where the batches go; counts what became of them."""

    def __init__(self, mechanism: Reach, name: str, nature: str) -> None:
        self._mechanism, self._name, self._nature = mechanism, name, nature
        self.fixes = self.crossings = 0

    def take(self, batch: Fixes) -> None:
        """Send one batch."""
        from dataclasses import replace

        from truceline.archive import segment

        self._send(segment.write(replace(batch, source=self._name)).data, last=False)

    def finish(self) -> None:
        """Say that the feed is over."""
        self._send(b"", last=True)

    def _send(self, data: bytes, *, last: bool) -> None:
        target = f"/api/fixes?nature={self._nature}&last={str(last).lower()}"
        told = self._mechanism.ask("POST", target, data).json()
        self.fixes += told["fixes"]
        self.crossings += told["crossings"]


def _file(path: Path, take: Callable[[Fixes], None]) -> None:
    from truceline.sources.tracks import TrackFile

    file = TrackFile(path)
    for batch in file.batches():
        for part in _parts(batch):
            take(part)
    for reason, count in file.dropped.items():
        shown.warn(f"left out: {count} rows ({reason})")


def _parts(batch: Fixes) -> Iterator[Fixes]:
    for first in range(0, len(batch), _ROWS):
        yield batch.take(slice(first, first + _ROWS))


def _live(address: str, name: str, take: Callable[[Fixes], None]) -> None:
    from threading import Event

    from truceline.airspace.fix import joined
    from truceline.sources.feed import TcpFeed
    from truceline.sources.sbs import SbsReader

    where = urlsplit(address)
    if where.scheme != "sbs" or not where.hostname or not where.port:
        raise Malformed(
            Reason.BAD_FORMAT, where="source", detail=f"{address!r} is not sbs://HOST:PORT"
        )
    waiting: list[Fixes] = []
    sent_at = time.monotonic()

    def gather(batch: Fixes) -> None:
        nonlocal sent_at
        waiting.append(batch)
        if time.monotonic() - sent_at >= _EVERY_S:
            take(joined(waiting))
            waiting.clear()
            sent_at = time.monotonic()

    live = TcpFeed(where.hostname, where.port, SbsReader(name), clock=_now)
    shown.say(f"Reading {address}. Stop with Ctrl-C.")
    try:
        live.run(gather, Event())
    except KeyboardInterrupt:
        shown.say("Stopped.")
    if waiting:
        take(joined(waiting))


def _now() -> int:
    return time.time_ns() // 1000

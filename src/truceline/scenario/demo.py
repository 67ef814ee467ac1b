"""`truceline demo`: open the stage, tell the past, serve the page, play on until stopped.

The first start tells five months in seconds; the next one finds them told. Stopped by
Ctrl-C or by kill -9 alike, it goes on where the log ends.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from truceline.api.app import create_app
from truceline.errors import Reason, Unavailable
from truceline.mechanism.installation import Installation
from truceline.records.record import Micros
from truceline.scenario import flights, gazetteer, stage, story
from truceline.scenario.flights import Programme
from truceline.scenario.past import Past
from truceline.scenario.playing import Playing
from truceline.scenario.sky import Sky
from truceline.scenario.stage import Stage
from truceline.store import tokens
from truceline.store.tokens import Purpose, Token

PORT = 8017
SPEED = 10.0
_LABEL = "demonstration"
_SETTLE_S = 20.0
"""How long a run without a page waits for the witnesses at its end."""
_ENDS_AT = Micros(1_506_805_199_000_000)
"""30 September 2017, 23:59:59 in Damascus: the end of the story."""

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for. `port` 0 is any free one."""

    folder: Path
    port: int = PORT
    speed: float = SPEED
    headless: bool = False
    open_page: Callable[[str], None] = lambda _: None


def run(wishes: Wishes, say: Say) -> None:
    """Run the demonstration; returns when it is over or stopped."""
    started = time.monotonic()
    with stage.opened(wishes.folder, speed=wishes.speed) as on_stage:
        programme = flights.programme()
        sky = Sky(on_stage.clock, lambda _batch, _nature: None, lambda: None)
        told = Past(on_stage, sky).tell(programme.past, programme.now)
        size = on_stage.installation.book.size
        took = time.monotonic() - started
        say(f"{told} steps told, {size} records in the log, {took:.1f} s. Exercise: {_marks()}")
        if wishes.headless:
            _rehearse(on_stage, sky, programme)
            _settle(on_stage.installation)
            say(
                f"{on_stage.installation.book.size} records. Prove it: truceline verify {wishes.folder}"
            )
        else:
            _serve(on_stage, sky, programme, wishes, say)


def _marks() -> str:
    return "real texts' dates and sources, illustrative lines, synthetic aircraft, one real flight"


def _rehearse(on_stage: Stage, sky: Sky, programme: Programme) -> None:
    """Let everything fly that a page would see until the real flight is over, not waiting for time."""
    until = programme.real.last_at
    after = max(programme.now, on_stage.newest_at)
    rounds = range((until - programme.now) // programme.round_us + 1)
    tracks = [programme.real, *(track for one in rounds for track in programme.round(one))]
    if after < until:
        sky.fly(tracks, after, until)


def _settle(installation: Installation) -> None:
    """Wait until everything is in a checkpoint that a quorum of witnesses has cosigned."""
    installation.wait_sealed(installation.book.size)
    register = installation.book.register
    deadline = time.monotonic() + _SETTLE_S
    while time.monotonic() < deadline:
        signed = installation.checkpoint()
        if signed is not None and signed.checkpoint.size == installation.book.size:
            named = {one["name"] for one in register.witnesses}
            if sum(line.name in named for line in signed.note.signatures) >= register.quorum:
                return
        time.sleep(0.05)
    raise Unavailable(
        Reason.QUORUM, where="witnesses", detail=f"no quorum within {_SETTLE_S:.0f} s"
    )


def _serve(on_stage: Stage, sky: Sky, programme: Programme, wishes: Wishes, say: Say) -> None:
    installation, clock = on_stage.installation, on_stage.clock
    playing = Playing(
        clock,
        sky,
        programme,
        story.storylines(),
        story.roles(_tokens(installation)),
        ends_at=_ENDS_AT,
    )
    app = create_app(installation, installation.settings, gazetteer=gazetteer.load, play=playing)
    listening = _listen(installation.settings.host, wishes.port)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2, access_log=False
        )
    )
    say(address)
    playing.start()
    wishes.open_page(address)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        # The server has answered what it could and closed; Ctrl-C is how a demonstration ends.
        say("Stopped. The next start goes on from here.")
    finally:
        playing.stop()


def _listen(host: str, port: int) -> socket.socket:
    """Listen on the wished port, or on any free one when it is taken: the address is printed."""
    for one in (port, 0):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, one))
        except OSError:
            listening.close()
            continue
        return listening
    raise Unavailable(Reason.BUSY, where=f"{host}:{port}", detail="cannot listen there")


def _tokens(installation: Installation) -> Callable[[str], str]:
    """Make fresh reading tokens for the roles; those of an earlier start are revoked."""
    now = Micros(time.time_ns() // 1000)
    with installation.store.writing() as tx:
        for old in tokens.listed(tx):
            if old.label == _LABEL and old.revoked_at is None:
                tokens.revoke(tx, old.hash.hex(), now)

    def token_for(officer: str) -> str:
        text = tokens.PREFIX + secrets.token_urlsafe(32)
        made = Token(tokens.hash_of(text), Purpose.READ, officer, _LABEL, now, None, None)
        with installation.store.writing() as tx:
            tokens.add(tx, made)
        return text

    return token_for

"""`truceline demo`: open the stage, tell the past, serve the page, play on until stopped.

The first start tells five months in seconds; the next one finds them told. Stopped by
Ctrl-C or by kill -9 alike, it goes on where the log ends.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from truceline.api import serving
from truceline.errors import Reason, Unavailable
from truceline.mechanism.installation import Installation
from truceline.mechanism.watch import Watch
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
_MARKS = (
    "An exercise: dates and sources are real, lines over Syria approximate or illustrative, aircraft "
    "synthetic but for one; keys and officers are invented."
)
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


def run(wishes: Wishes, say: Say, started: Callable[[str], None]) -> None:
    """Run the demonstration; returns when it is over or stopped. `started` is told the address."""
    began_at = time.monotonic()
    with stage.opened(wishes.folder, speed=wishes.speed) as on_stage:
        programme = flights.programme()
        sky = Sky(on_stage.clock, Watch(on_stage.installation))
        told = Past(on_stage, sky).tell(programme.past, programme.now)
        size = on_stage.installation.book.size
        took = time.monotonic() - began_at
        say(f"{told} steps told, {size} records in the log, {took:.1f} s.")
        say(_MARKS)
        if wishes.headless:
            _rehearse(on_stage, sky, programme)
            _settle(on_stage.installation)
            say(
                f"{on_stage.installation.book.size} records. Prove it: truceline verify {wishes.folder}"
            )
        else:
            _play_on(on_stage, sky, programme, wishes, say, started)


def _rehearse(on_stage: Stage, sky: Sky, programme: Programme) -> None:
    """Let everything fly that a page would see until the real flight is over, not waiting for time.

    One that was cut short is flown again from its start; the watch states nothing twice.
    """
    until = programme.real.last_at
    if on_stage.newest_at >= until:
        return
    rounds = range((until - programme.now) // programme.round_us + 1)
    tracks = [programme.real, *(track for one in rounds for track in programme.round(one))]
    sky.fly(tracks, programme.now, until)
    sky.watch.finish()


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


def _play_on(
    on_stage: Stage,
    sky: Sky,
    programme: Programme,
    wishes: Wishes,
    say: Say,
    started: Callable[[str], None],
) -> None:
    installation = on_stage.installation
    playing = Playing(
        on_stage.clock,
        sky,
        programme,
        story.storylines(),
        story.roles(_tokens(installation)),
        ends_at=_ENDS_AT,
    )
    settings = installation.settings.model_copy(update={"port": wishes.port})
    playing.start()
    try:
        serving.serve(installation, settings, play=playing, places=gazetteer.load, started=started)
        say("Stopped. The next start goes on from here.")
    finally:
        playing.stop()


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

"""The stage: an installation in a folder, its parties' witnesses, and the play on it.

Everything is made at the first start and found again at the next. What the folder has
besides an ordinary installation lies in `parties/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import Reason, Refused
from truceline.ledger import note
from truceline.ledger.note import VerifierKey
from truceline.mechanism import settings as setting
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.mechanism.settings import Settings
from truceline.records.record import Micros
from truceline.scenario import keyring, material
from truceline.scenario.keyring import Keyring
from truceline.scenario.witnesses import Witnesses
from truceline.store import log
from truceline.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Stage:
    """An open installation of the demonstration, its clock standing still."""

    installation: Installation
    clock: ScenarioClock
    keyring: Keyring
    witnesses: Witnesses
    parties: Path

    @property
    def newest_at(self) -> Micros:
        """When the newest record of the log was received; 0 for an empty log."""
        with self.installation.store.reading() as look:
            last = log.last(look)
        return Micros(0) if last is None else last.received_at


@contextmanager
def opened(folder: Path, *, speed: float = 1.0) -> Iterator[Stage]:
    """Open the demonstration in `folder`, made first where there is none.

    Refuses a folder that holds another installation.
    """
    settings = _made(folder)
    cast = material.cast()
    clock = ScenarioClock(Micros(0), speed=speed, playing=False)
    with Witnesses(folder, cast, _log_key(folder, settings, clock)) as witnesses:
        with_witnesses = settings.model_copy(update={"witnesses": dict(witnesses.addresses)})
        with Installation.open(folder, with_witnesses, clock=clock) as installation:
            parties = folder / "parties"
            keys = keyring.load(parties / "keys.box", installation.vault, cast)
            stage = Stage(installation, clock, keys, witnesses, parties)
            clock.seek(stage.newest_at)
            yield stage


def _made(folder: Path) -> Settings:
    layout = Layout(folder)
    if layout.mechanism_key.exists() and not layout.settings.exists():
        # A first start that was cut short between the two files: nothing was founded yet.
        layout.mechanism_key.unlink()
    if not layout.settings.exists():
        Installation.create(folder, origin=material.cast().origin, demo=True, log_open_to="public")
    settings = setting.read(layout.settings)
    if not settings.demo or settings.origin != material.cast().origin:
        raise Refused(
            Reason.WRONG_STATE,
            where=str(folder),
            detail="this folder holds another installation than the demonstration's",
            remedy="Give the demonstration a folder of its own with --data",
        )
    return settings


def _log_key(folder: Path, settings: Settings, clock: ScenarioClock) -> VerifierKey:
    """The log's public key, which the witnesses follow; opening an installation writes it."""
    file = Layout(folder).log / "vkey"
    if not file.exists():
        Installation.open(folder, settings, clock=clock).close()
    return note.read_vkey(file.read_text(encoding="ascii").strip())

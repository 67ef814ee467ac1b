"""`truceline doctor`: is everything here that the installation needs, and what to do if not."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from truceline import __version__
from truceline.cli import reach, shown
from truceline.cli.options import Json
from truceline.errors import TrucelineError

_FREE_BYTES = 2 * 2**30
_EXTRAS = {"psycopg": "postgres", "openair": "airspace-formats"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: good or not, in words."""

    check: str
    good: bool
    says: str


def doctor(
    data: Annotated[
        Path | None,
        typer.Option("--data", envvar="TRUCELINE_DATA", help="Data folder to look at."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at the program, the disk, the clock, the fence and the data key. Exit 1 if one fails."""
    found = [*_program(), *(_installation(data) if data else ())]
    if as_json:
        shown.as_json([{"check": one.check, "good": one.good, "says": one.says} for one in found])
    else:
        shown.table(
            [
                {"check": one.check, "good": "ok" if one.good else "NO", "says": one.says}
                for one in found
            ],
            {"check": "CHECK", "good": "", "says": "SAYS"},
            empty="",
        )
    if not all(one.good for one in found):
        raise typer.Exit(1)


def _program() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("truceline", True, f"{__version__} on Python {python}")
    for module, extra in _EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        says = "installed" if there else f"not installed; wanted for truceline[{extra}] alone"
        yield Finding(f"extra {extra}", True, says)
    page = Path(__file__).parent.parent / "api" / "page" / "index.html"
    yield Finding("page", page.is_file(), "built" if page.is_file() else "run `make page`")


def _installation(data: Path) -> Iterator[Finding]:
    from truceline.store.layout import Layout

    layout = Layout(data)
    there = layout.settings.is_file() and layout.mechanism_key.is_file()
    yield Finding("folder", there, str(data) if there else f"{data}: run `truceline init`")
    if not there:
        return
    free = shutil.disk_usage(data).free
    yield Finding("disk", free >= _FREE_BYTES, f"{free / 2**30:.1f} GiB free")
    for name, check in (
        ("settings", _settings),
        ("data key", _data_key),
        ("store", _store),
        ("writer", _writer),
        ("clock", _clock),
    ):
        yield _told(name, check, data)


def _told(name: str, check: Callable[[Path], str], data: Path) -> Finding:
    try:
        return Finding(name, True, check(data))
    except TrucelineError as failure:
        return Finding(name, False, str(failure))
    except OSError as error:
        return Finding(name, False, error.strerror or type(error).__name__)


def _settings(data: Path) -> str:
    from truceline.mechanism import settings as setting
    from truceline.store.layout import Layout

    return f"log {setting.read(Layout(data).settings).origin}"


def _data_key(data: Path) -> str:
    from truceline.mechanism import data_key
    from truceline.mechanism import settings as setting
    from truceline.store.layout import Layout

    place = data_key.place(setting.read(Layout(data).settings))
    data_key.read(place)
    if place.resolve().is_relative_to(data.resolve()):
        return f"{place} lies INSIDE the data folder: move it out"
    return f"{place}, outside the data folder"


def _store(data: Path) -> str:
    from truceline.mechanism import settings as setting
    from truceline.store import log
    from truceline.store.layout import Layout
    from truceline.store.store import Store

    layout = Layout(data)
    store = Store.at(layout.database, setting.read(layout.settings).database)
    with store.reading() as look:
        size = log.size(look)
    return f"{'SQLite' if store.is_sqlite else 'PostgreSQL'}, {size} leaves"


def _writer(data: Path) -> str:
    running = reach.running_at(data)
    return f"a server runs at {running[0]}" if running else "no server runs"


def _clock(data: Path) -> str:
    from truceline.mechanism import settings as setting
    from truceline.store import log
    from truceline.store.layout import Layout
    from truceline.store.store import Store

    layout = Layout(data)
    store = Store.at(layout.database, setting.read(layout.settings).database)
    with store.reading() as look:
        newest = log.last(look)
    if newest is None:
        return "the log is empty"
    ahead = (time.time_ns() // 1000 - newest.received_at) // 1_000_000
    return f"the newest leaf is {ahead} s old by this machine's clock"

"""Bad input met or feared: each costs itself, is counted by its name, and what follows is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from truceline.sources.aircraft_json import AircraftJsonReader
from truceline.sources.avr import AvrFramer
from truceline.sources.beast import BeastFramer
from truceline.sources.opensky import OpenSkyReader
from truceline.sources.remote_id import RemoteIdReader
from truceline.sources.sane import sane
from truceline.sources.sbs import SbsReader

NOON_US = 1_717_243_200_000_000
PIECES = sorted((Path(__file__).parents[1] / "museum" / "feeds").iterdir())


def reader_of(form: str) -> Any:
    """The reader of a form, by the first word of a file's name."""
    if form in ("beast", "avr"):
        pytest.importorskip("rs1090")
        from truceline.sources.modes import FrameReader

        return FrameReader(BeastFramer() if form == "beast" else AvrFramer(), "n")
    if form == "rid":
        return RemoteIdReader("n", lines=True)
    readers: dict[str, Any] = {
        "sbs": SbsReader,
        "readsb": AircraftJsonReader,
        "opensky": OpenSkyReader,
    }
    return readers[form]("n")


@pytest.mark.parametrize("path", PIECES, ids=lambda path: path.stem)
def test_each_costs_itself_alone_and_is_counted(path: Path) -> None:
    form, reason, _what = path.stem.split("--")
    reader = reader_of(form)
    batch = reader.feed(path.read_bytes(), received_at=NOON_US)
    batch = sane(batch, reader.dropped, now_us=NOON_US)
    assert reader.dropped[reason] == 1
    assert len(batch) == 1

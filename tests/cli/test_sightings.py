"""A sighting from the command line: reported by an observer, listed, warned from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import BODIES
from tests.cli.program import Program

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli-sightings")]

MISSION = """
[[bodies]]
code = "mission"
capacity = "observer"
key = "keys/mission.key"
name = { en = "The Mission" }
"""


def test_an_observer_reports_and_a_copy_of_the_data_folder_does_not_tell(tmp_path: Path):
    program = Program(tmp_path)
    program.write("bodies.toml", BODIES + MISSION)
    program.run("init", "data", "--bodies", "bodies.toml", "--data-key", "data.key")
    program.run("keys", "new", "keys/looker.key")
    program.run(
        *("officers", "appoint", "looker", "--role", "observer"),
        *("--officer-key", "keys/looker.key", "--key", "keys/mission.key", "--data", "data"),
    )
    seen = datetime.now(UTC).isoformat(timespec="seconds")
    told = ("--lat", 35.25, "--lon", 36.75, "--bearing", 90, "--band", "middle", "--seen-at", seen)
    by = ("--key", "keys/looker.key", "--data", "data")
    taken = program.run("sightings", "report", *told, "--type", "jet", *by, "--json").json()
    shown = program.run("records", "show", taken["index"], "--data", "data", "--json").out
    for file in (tmp_path / "data").rglob("*"):
        held = file.read_bytes() if file.is_file() else b""
        assert b"air.sighting" not in held, f"{file}: a copy of the folder tells of no sighting"
        assert b"352500000" not in held, file
    assert "352500000" not in shown
    assert "sealed" in shown
    wrong = program.run("sightings", "report", *told, "--type", "saucer", *by, code=None)
    assert wrong.code
    assert "jet, helicopter, drone, unknown" in wrong.err

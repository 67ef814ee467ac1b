"""A folder to work in, and one in which a log was founded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.program import Program
from tests.support.stores import postgres_server  # noqa: F401 -- a fixture

BODIES = """
origin = "log.example/assembly"
mode = "exercise"
quorum = 0
time_zone = "Asia/Damascus"

[title]
en = "An assembly that never met"
ar = "اجتماع لم ينعقد"

[[bodies]]
code = "north"
capacity = "guarantor"
key = "keys/north.key"
name = { en = "The North", ar = "الشمال" }

[[bodies]]
code = "south"
capacity = "conflict_party"
key = "keys/south.key"
name = { en = "The South" }
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program in an empty folder."""
    return Program(tmp_path)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program in a folder where an exercise was founded in `data`, with two principals."""
    made = Program(tmp_path_factory.mktemp("founded"))
    made.write("bodies.toml", BODIES)
    made.run("init", "data", "--bodies", "bodies.toml", "--data-key", "data.key")
    for code in ("north", "south"):
        made.run("keys", "new", f"keys/{code}-1.key")
        made.run(
            *("officers", "appoint", f"{code}-1", "--role", "principal"),
            *("--officer-key", f"keys/{code}-1.key", "--key", f"keys/{code}.key"),
            *("--data", "data"),
        )
    return made

"""An honest log in a folder, and what a run of the verifier said of one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.log_host import LogHost

from truceline.verifier.run import run_verify


class Run:
    """The exit code and the findings of one verification."""

    def __init__(self, code: int, told: dict[str, Any]) -> None:
        self.code, self.told = code, told

    def says(self, state: str) -> str:
        """All sentences of a state, one after another."""
        return "\n".join(
            one["says"] for one in self.told.get("findings", []) if one["state"] == state
        )

    def checks(self, state: str) -> set[str]:
        """The names of the checks that ended so."""
        return {one["check"] for one in self.told.get("findings", []) if one["state"] == state}


@pytest.fixture
def verify() -> Callable[..., Run]:
    """The verifier as the command runs it."""

    def run(where: Path | str, **brought: Any) -> Run:
        said: list[str] = []
        code = run_verify(str(where), say=said.append, as_json=True, **brought)
        told = json.loads(said[0])
        assert told["exit"] == code
        return Run(code, told)

    return run


@pytest.fixture
def host() -> LogHost:
    """A log with a zone in force and some traffic after it."""
    made = LogHost().found()
    made.contest(6)
    return made

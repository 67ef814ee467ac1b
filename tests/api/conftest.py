"""One world for all tests of a module that only read; a fresh one for those that change it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.world import World, opened


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that the tests of a module share."""
    with opened(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """A world of one's own."""
    with opened(tmp_path) as made:
        yield made

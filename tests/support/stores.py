"""Both stores for every test that asks for one: SQLite, and a PostgreSQL started for the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import postgres
from tests.support.assembly import Assembly, agreed, founded

from truceline.mechanism.installation import Installation


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL for this run; skips visibly where there is none."""
    if postgres.programs() is None:
        pytest.skip("no PostgreSQL with PostGIS on this machine (postgresql-15-postgis-3)")
    with postgres.serving() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store; "" is SQLite in the data folder."""
    if request.param == "sqlite":
        return ""
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return server.database()


@pytest.fixture
def assembly() -> Assembly:
    """Two bodies and their officers."""
    return Assembly()


@pytest.fixture
def installation(tmp_path: Path, assembly: Assembly, database: str) -> Iterator[Installation]:
    """An open installation whose log has begun, with an agreement, a zone and a post."""
    with founded(tmp_path, assembly, database=database) as made:
        for one in agreed(made, assembly):
            made.door.submit(one).taken()
        yield made

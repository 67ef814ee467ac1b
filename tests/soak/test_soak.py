"""Killed at random moments, and without the writes that were not synced: nothing promised is lost.

CI runs 40 kills on each store; `make soak` runs 1,000.
"""

from __future__ import annotations

import pytest
from tests.soak import campaign, lost_writes
from tests.support import postgres

RUNS = 40


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_forty_kills_on_sqlite_lose_nothing(capsys):
    found = campaign.run(RUNS, seed=20170504)
    with capsys.disabled():
        print(f"\nsqlite: {found.said()}")
    assert found.wrong == []
    assert found.kills == RUNS
    assert found.receipts > RUNS
    assert found.checkpoints > RUNS / 4


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(1800)
def test_forty_kills_on_postgresql_lose_nothing(capsys):
    if postgres.programs() is None:
        pytest.skip("no PostgreSQL with PostGIS on this machine (postgresql-15-postgis-3)")
    with postgres.serving() as server:
        found = campaign.run(RUNS, seed=20170930, server=server)
    with capsys.disabled():
        print(f"\npostgresql: {found.said()}")
    assert found.wrong == []
    assert found.kills == RUNS
    assert found.receipts > RUNS


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_disk_that_a_power_cut_can_leave_keeps_what_was_promised(capsys):
    if not lost_writes.available():
        pytest.skip("no strace, or no leave to trace: lost writes cannot be recorded here")
    found = lost_writes.run(records=60, most_disks=120)
    with capsys.disabled():
        print(f"\nlost writes: {found.said()}")
    assert found.wrong == []
    assert found.disks > 50

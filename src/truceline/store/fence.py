"""The fence's row: which writer may commit.

A writer adds one when it takes the fence and looks for its own number at the
beginning of each transaction, where it also holds the row. A first writer that was
thought dead and wakes up late finds another number and writes nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from truceline.errors import Reason, Unavailable
from truceline.store.schema import fence

_ADVISORY = 0x7472756365  # "truce": the same for every Truceline; one database, one installation


def take(tx: Connection) -> int:
    """Take the fence and return the number that is ours from this commit on."""
    taken = tx.execute(sa.update(fence).where(fence.c.one == 1).values(number=fence.c.number + 1))
    if taken.rowcount == 0:
        tx.execute(fence.insert().values(one=1, number=1))
    return int(tx.execute(sa.select(fence.c.number)).scalar_one())


def check(tx: Connection, number: int, *, hold: bool) -> None:
    """Raise `Unavailable` when another writer has taken the fence since.

    `hold` keeps the row to the end of the transaction, so that nobody takes it meanwhile.
    """
    query = sa.select(fence.c.number)
    if hold and tx.dialect.name == "postgresql":
        query = query.with_for_update()  # SQLite's BEGIN IMMEDIATE holds the whole store
    if tx.execute(query).scalar() != number:
        raise Unavailable(
            Reason.NOT_THE_WRITER,
            where="fence",
            detail="another process has taken over as the writer of this installation",
        )


def try_advisory(session: Connection) -> bool:
    """Take PostgreSQL's advisory lock for as long as this session lives; say whether we have it."""
    return bool(
        session.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY}).scalar()
    )


def release_advisory(session: Connection) -> None:
    """Give PostgreSQL's advisory lock back."""
    session.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY})

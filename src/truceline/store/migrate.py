"""Bringing a store to the schema of this program, and saying when it is ahead of it.

alembic is loaded only when there is something to migrate: it takes longer to load than
all the rest of a start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from truceline.errors import Reason, Unavailable
from truceline.store.store import Store, failures_told

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0003"
"""The schema version of this program: the last file in `migrations/versions/`."""


def upgrade(store: Store) -> None:
    """Bring the store to the newest schema, in one transaction.

    Raises `Unavailable` when the store was written by a newer program.
    """
    if version(store) == NEWEST:
        return
    from alembic import command  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    with store.writing() as tx:
        settings = config()
        settings.attributes["connection"] = tx
        try:
            command.upgrade(settings, "head")
        except CommandError:
            raise Unavailable(
                Reason.WRONG_STATE,
                where="store",
                detail="the store has a schema that this program does not know",
                remedy="Run the newer Truceline that wrote it",
            ) from None
    store.engine.dispose()  # connections made before PostGIS was there do not know its type


def version(store: Store) -> str:
    """Return the schema version of the store; "" before the first migration."""
    with failures_told(), store.engine.connect() as look:
        if not sa.inspect(look).has_table("alembic_version"):
            return ""
        return look.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or ""


def config() -> Config:
    """Return alembic's settings; there is no file for them."""
    from alembic.config import Config  # noqa: PLC0415

    settings = Config()
    settings.set_main_option("script_location", "truceline.store:migrations")
    return settings

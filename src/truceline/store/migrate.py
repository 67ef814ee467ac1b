"""Bringing a store to the schema of this program, and saying when it is ahead of it."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from truceline.errors import Reason, Unavailable
from truceline.store.store import Store, failures_told


def upgrade(store: Store) -> None:
    """Bring the store to the newest schema, in one transaction.

    Raises `Unavailable` when the store was written by a newer program.
    """
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
        return MigrationContext.configure(look).get_current_revision() or ""


def newest() -> str:
    """Return the schema version of this program."""
    return ScriptDirectory.from_config(config()).get_current_head() or ""


def config() -> Config:
    """Return alembic's settings; there is no file for them."""
    settings = Config()
    settings.set_main_option("script_location", "truceline.store:migrations")
    return settings

"""How alembic runs a migration here: on the connection it is given, in its transaction."""

from __future__ import annotations

from alembic import context

from truceline.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=False,  # the caller's transaction holds, on both stores
)
context.run_migrations()

"""A token for feeds names the source whose fixes it may send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. There is no way back: a store is restored from a copy."""
    op.add_column("token", sa.Column("source", sa.Text(), nullable=False, server_default=""))

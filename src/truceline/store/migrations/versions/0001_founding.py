"""The founding schema: the log, its projections, the operational tables.

On PostgreSQL the geometry column has a GiST index; on SQLite an R*Tree of boxes
stands beside the table, filled with it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from truceline.store.geometry import Geometry

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INDEX = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:  # noqa: PLR0915 -- one statement for each table
    """Go forward. There is no way back: a store is restored from a copy."""
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.create_table(
        "adherence",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("from", sa.BigInteger(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "adoption",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("from", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("secrecy", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "answer",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "body",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", "nth"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consent",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "content",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("put_forward_as", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("west_e7", sa.BigInteger(), nullable=True),
        sa.Column("south_e7", sa.BigInteger(), nullable=True),
        sa.Column("east_e7", sa.BigInteger(), nullable=True),
        sa.Column("north_e7", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_index("content_by_hash", "content", ["sha256"], unique=False)
    op.create_index("content_by_zone", "content", ["zone"], unique=False)
    op.create_table(
        "contest",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "count",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "crossing",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("probability_ppm", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("altitude_known", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("crossing_by_time", "crossing", ["entered_at"], unique=False)
    op.create_index("crossing_by_zone", "crossing", ["zone", "entered_at"], unique=False)
    op.create_table(
        "deadline",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", "nth"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deadline_event",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "entry",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("pae", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "entry_into_force",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("from", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "erasure",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("digests", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "extension",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "fence",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "file_named",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", "nth"),
        sqlite_with_rowid=False,
    )
    op.create_index("file_named_by_hash", "file_named", ["sha256"], unique=False)
    op.create_table(
        "firing",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "instrument",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("secrecy", sa.Text(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "key",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("recovery", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", "nth"),
        sqlite_with_rowid=False,
    )
    op.create_index("key_by_holder", "key", ["holder"], unique=False)
    op.create_table(
        "key_end",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "leaving",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("crossing", sa.Text(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("depth_m", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("leaf_index"),
        sa.UniqueConstraint("crossing"),
    )
    op.create_table(
        "obligation",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("what_kind", sa.Text(), nullable=False),
        sa.Column("actors", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", "nth"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "officer",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "officer_end",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "position",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("accepts", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "post",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("what_kind", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("agreed_count", sa.BigInteger(), nullable=False),
        sa.Column("lat_e7", sa.BigInteger(), nullable=True),
        sa.Column("lon_e7", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "post_end",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("from", sa.BigInteger(), nullable=False),
        sa.Column("handover_to", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "pseudonym",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "reading",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "record",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("body_code", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("record_by_kind", "record", ["kind", "leaf_index"], unique=False)
    op.create_index("record_by_subject", "record", ["subject", "leaf_index"], unique=False)
    op.create_table(
        "restoration",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("suspension", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "segment",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("fixes", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.BigInteger(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "signatory",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", "nth"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signature",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "suspension",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "termination",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("from", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "token",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "zone",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "zone_expiry",
        sa.Column("leaf_index", INDEX, autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )

    if postgres:
        op.execute("CREATE INDEX content_by_place ON content USING gist (geometry)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE content_box USING rtree(leaf_index, west, east, south, north)"
        )

"""The one schema, for SQLite and for PostgreSQL with PostGIS.

Three groups, told apart by `Role`:

- `LOG`: the entries. This table is the truth; everything else follows from it.
- `VIEW`: projections. Rows are only ever added, one group for each record, and never
  changed: a state (in force, suspended, who holds what) is computed from them at a
  moment. `truceline rebuild` makes them again.
- `OPERATIONAL`: the fence, tokens, and the drone interface (`dss_*`). Not part of the
  record; exempt from the rebuild.

Times are microseconds since 1970 in 64 bits. Texts by language and lists are canonical
JSON in text columns, so that both stores hold the same characters.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from truceline.store.geometry import Geometry


class Role(StrEnum):
    """What a table is to the log."""

    LOG = "log"
    VIEW = "view"
    OPERATIONAL = "operational"


metadata = sa.MetaData()

_LEAF = "leaf_index"
_INDEX = BigInteger().with_variant(Integer, "sqlite")
"""In SQLite an INTEGER primary key is the row's own number and needs no second tree."""


def _leaf() -> Column[int]:
    """The leaf that a row comes from."""
    return Column(_LEAF, _INDEX, primary_key=True, autoincrement=False)


def _nth() -> Column[int]:
    """Which row of several that one record gave."""
    return Column("nth", Integer, primary_key=True, autoincrement=False)


def _at(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _view(name: str, *columns: Column[Any] | Index, several: bool = False) -> Table:
    keys = (_leaf(), _nth()) if several else (_leaf(),)
    return Table(
        name, metadata, *keys, *columns, info={"role": Role.VIEW}, sqlite_with_rowid=not several
    )


def _operational(name: str, *columns: Column[Any] | Index) -> Table:
    return Table(name, metadata, *columns, info={"role": Role.OPERATIONAL})


def role(table: Table) -> Role:
    """Return what a table is to the log."""
    return Role(table.info["role"])


def views() -> list[Table]:
    """Return the projections, in order of name."""
    return [table for _, table in sorted(metadata.tables.items()) if role(table) is Role.VIEW]


# -- the log ---------------------------------------------------------------------

entry = Table(
    "entry",
    metadata,
    _leaf(),
    Column("pae", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    _at("received_at"),
    Column("entry", LargeBinary, nullable=False),
    info={"role": Role.LOG},
)
"""One leaf each: SHA-256 of the PAE (a repeated submission is known by it), leaf hash, bytes.

There is no index on the digest: equal digests mean equal records and so equal record
ids, and those are unique in `record`. An index of hashes would dirty a page for each
record; ULIDs lie beside one another.
"""

# -- records ---------------------------------------------------------------------

record = _view(
    "record",
    Column("id", Text, nullable=False, unique=True),
    _text("kind"),
    _text("author"),
    _text("body_code"),
    _text("key"),
    _at("seq"),
    _at("made_at"),
    _at("received_at"),
    _text("subject"),
    _text("refs"),
    _text("body"),
    _text("sealed"),
    Index("record_by_subject", "subject", _LEAF),
    Index("record_by_kind", "kind", _LEAF),
)
"""What each leaf says in clear. For a sealed leaf that is next to nothing."""

file_named = _view(
    "file_named",
    _text("sha256"),
    _at("length"),
    _text("type"),
    Index("file_named_by_hash", "sha256"),
    several=True,
)

# -- bodies, officers, keys --------------------------------------------------------

body = _view("body", _text("code"), _text("capacity"), _text("name"), several=True)
officer = _view(
    "officer", _text("code"), _text("body"), _text("roles"), _at("until", nullable=True)
)
officer_end = _view("officer_end", _text("code"))
key = _view(
    "key",
    _text("key"),
    _text("holder"),
    _text("public"),
    _text("recovery"),
    _text("how"),
    Index("key_by_holder", "holder"),
    several=True,
)
key_end = _view("key_end", _text("key"), _text("why"))
pseudonym = _view("pseudonym", _text("key"), _text("public"))

# -- agreements --------------------------------------------------------------------

instrument = _view(
    "instrument",
    _text("code"),
    _text("type"),
    _text("parent"),
    _text("title"),
    _text("secrecy"),
    _text("texts"),
    _text("source"),
)
signatory = _view("signatory", _text("instrument"), _text("body"), _text("capacity"), several=True)
deadline = _view(
    "deadline", _text("instrument"), _text("code"), _text("owner"), _text("due"), several=True
)
obligation = _view(
    "obligation",
    _text("instrument"),
    _text("code"),
    _text("what_kind"),
    _text("actors"),
    several=True,
)
signature = _view("signature", _text("instrument"), _text("body"), _text("texts"))
entry_into_force = _view(
    "entry_into_force", _text("instrument"), _at("from"), _at("until", nullable=True), _text("rule")
)
reading = _view(
    "reading", _text("instrument"), _text("body"), _text("clause"), _at("instant", nullable=True)
)
adherence = _view("adherence", _text("instrument"), _text("body"), _at("from"), _text("texts"))
contest = _view("contest", _text("what"), _text("code"), _text("body"), _text("names"))
"""Of a signature's mandate (`names` its record), a boundary (its content), or a post."""
suspension = _view("suspension", _text("what"), _text("code"), _text("body"))
restoration = _view("restoration", _text("what"), _text("code"), _text("body"), _text("suspension"))
extension = _view("extension", _text("instrument"), _text("body"), _at("until"))
termination = _view("termination", _text("instrument"), _text("body"), _at("from"))
deadline_event = _view(
    "deadline_event",
    _text("instrument"),
    _text("deadline"),
    _text("event"),
    _at("at", nullable=True),
)

# -- zones -------------------------------------------------------------------------

zone = _view("zone", _text("code"), _text("name"), _text("instrument"), _text("body"))
content = _view(
    "content",
    _text("zone"),
    _text("sha256"),
    _text("put_forward_as"),
    _text("body"),
    Column("geometry", Geometry),
    Column("west_e7", BigInteger),
    Column("south_e7", BigInteger),
    Column("east_e7", BigInteger),
    Column("north_e7", BigInteger),
    Index("content_by_hash", "sha256"),
    Index("content_by_zone", "zone"),
)
"""Every boundary that was put forward; geometry NULL: a rule in words, unresolved."""
position = _view(
    "position", _text("zone"), _text("body"), _text("sha256"), _text("accepts"), _text("basis")
)
consent = _view("consent", _text("zone"), _text("body"), _text("sha256"))
adoption = _view(
    "adoption",
    _text("zone"),
    _text("instrument"),
    _text("sha256"),
    _at("from"),
    _at("until", nullable=True),
    _text("secrecy"),
)
zone_expiry = _view("zone_expiry", _text("zone"), _text("sha256"), _at("at"))

# -- policing posts ----------------------------------------------------------------

post = _view(
    "post",
    _text("code"),
    _text("zone"),
    _text("what_kind"),
    _text("operator"),
    _at("agreed_count"),
    Column("lat_e7", BigInteger),
    Column("lon_e7", BigInteger),
)
answer = _view("answer", _text("post"), _text("body"), _text("answer"))
count = _view("count", _text("post"), _text("body"), _text("how"), _at("count"), _at("as_of"))
post_end = _view("post_end", _text("post"), _at("from"), _text("handover_to"))

# -- air and clocks ----------------------------------------------------------------

segment = _view(
    "segment",
    _text("segment"),
    _text("source"),
    _text("sha256"),
    _at("first_at"),
    _at("last_at"),
    _at("fixes"),
    _at("left_out"),
    _text("nature"),
)
crossing = _view(
    "crossing",
    Column("id", Text, nullable=False, unique=True),
    _text("zone"),
    _text("content"),
    _text("segment"),
    _text("source"),
    _text("nature"),
    _at("entered_at"),
    _text("verdict"),
    _at("probability_ppm"),
    _text("cause"),
    Column("altitude_known", Boolean, nullable=False),
    Index("crossing_by_time", "entered_at"),
    Index("crossing_by_zone", "zone", "entered_at"),
)
leaving = _view(
    "leaving",
    Column("crossing", Text, nullable=False, unique=True),
    _at("left_at"),
    _text("cause"),
    _text("verdict"),
    Column("depth_m", BigInteger),
)
firing = _view("firing", _text("clock"), _at("step"), _at("due_at"), _text("to"))
erasure = _view("erasure", _text("record"), _text("digests"))

# -- operational -------------------------------------------------------------------

fence = _operational(
    "fence",
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
"""One row. A writer adds 1 when it takes the fence and finds its own number at each commit."""
token = _operational(
    "token",
    Column("hash", LargeBinary, primary_key=True),
    _text("purpose"),
    _text("holder"),
    _text("label"),
    _at("made_at"),
    _at("until", nullable=True),
    _at("revoked_at", nullable=True),
    Column("source", Text, nullable=False, server_default=""),
)
dss_entity = _operational(
    "dss_entity",
    Column("sort", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    _at("ends_at", nullable=True),
    _text("body"),
)
"""The drone interface: intents, constraints, subscriptions, service areas, availabilities of
USSs. They are theirs and pass; nothing of it is on the record. `body`: `dss/kept.py`."""
dss_notice = _operational(
    "dss_notice",
    Column("id", Text, primary_key=True),
    _text("url"),
    _text("body"),
    _at("made_at"),
    _at("next_at"),
    _at("tries"),
)
"""What subscribers are to be told of the mechanism's own constraints, until they were."""
dss_report = _operational(
    "dss_report",
    Column("id", Text, primary_key=True),
    _text("manager"),
    _at("received_at"),
    _text("body"),
)
"""What USSs reported of exchanges that went wrong."""

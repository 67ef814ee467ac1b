"""One schema, in the code and in the migrations, on both stores."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from truceline.errors import Malformed, Reason, Unavailable
from truceline.store import migrate, schema
from truceline.store.store import Store


@pytest.fixture
def store(tmp_path: Path, database: str):
    made = Store.at(tmp_path / "store.sqlite3", database)
    migrate.upgrade(made)
    yield made
    made.close()


def test_the_migrations_give_the_schema_of_the_code(store):
    with store.reading() as look:
        context = MigrationContext.configure(look, opts={"compare_type": False})
        found = compare_metadata(context, schema.metadata)
    ours = set(schema.metadata.tables)
    apart = [one for one in found if not _is_foreign(one, ours)]
    assert apart == []


def _is_foreign(difference, ours: set[str]) -> bool:
    """PostGIS and the R*Tree bring tables and an index of their own."""
    what, thing = difference[0], difference[1]
    if what == "remove_table":
        return thing.name not in ours
    return what == "remove_index" and (
        thing.name == "content_by_place" or thing.table.name not in ours
    )


def test_the_newest_version_is_the_last_migration():
    assert ScriptDirectory.from_config(migrate.config()).get_current_head() == migrate.NEWEST


def test_upgrading_twice_changes_nothing(store):
    migrate.upgrade(store)
    assert migrate.version(store) == migrate.NEWEST


def test_a_store_of_a_newer_program_is_left_alone(store):
    with store.writing() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="does not know"):
        migrate.upgrade(store)


def test_every_table_says_what_it_is_to_the_log():
    roles = {table.name: schema.role(table) for table in schema.metadata.tables.values()}
    assert [name for name, role in roles.items() if role is schema.Role.LOG] == ["entry"]
    operational = sorted(name for name, role in roles.items() if role is schema.Role.OPERATIONAL)
    assert operational == ["dss_entity", "dss_notice", "dss_report", "fence", "token"]


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(store):
    with store.reading() as look:
        before = look.execute(sa.select(sa.func.count()).select_from(schema.token)).scalar()
        with store.writing() as tx:
            tx.execute(
                schema.token.insert().values(
                    hash=b"1", purpose="read", holder="n", label="", made_at=1
                )
            )
        again = look.execute(sa.select(sa.func.count()).select_from(schema.token)).scalar()
    assert before == again == 0


def test_a_transaction_that_fails_leaves_nothing(store):
    added = sa.insert(schema.fence).values(one=7, number=1)

    def cut_short() -> None:
        with store.writing() as tx:
            tx.execute(added)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    with store.reading() as look:
        assert look.execute(sa.select(schema.fence).where(schema.fence.c.one == 7)).first() is None


def test_each_commit_of_sqlite_is_synced(tmp_path):
    store = Store.at(tmp_path / "s.sqlite3")
    with store.writing() as tx:
        assert tx.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert tx.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    store.close()


@pytest.mark.parametrize("url", ["mysql://x", "not a url", "oracle://x"])
def test_another_database_is_refused_in_words(tmp_path, url):
    with pytest.raises(Malformed) as failure:
        Store.at(tmp_path / "s", url)
    assert failure.value.reason is Reason.BAD_FORMAT


def test_a_database_that_is_not_there_is_unavailable(tmp_path):
    store = Store.at(tmp_path / "s", f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(Unavailable), store.reading():
        pass

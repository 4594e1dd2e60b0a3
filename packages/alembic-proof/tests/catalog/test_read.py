"""A reading restores the session, and leaves out what no user made."""

from __future__ import annotations

from functools import partial

import pytest
import sqlalchemy as sa

from alembic_deploy.backfill.checkpoint import CheckpointTable
from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from alembic_proof.catalog import diff, key, read_catalog
from alembic_proof.catalog.queries.statement import statement

from .conftest import Database, open_database


def _path(connection: sa.Connection) -> str:
    return str(connection.exec_driver_sql("SHOW search_path").scalar_one())


def test_names_are_qualified_under_any_search_path(sample: Database) -> None:
    """Definitions name a schema even if it is on the search_path."""
    plain = sample.read()
    sample.execute("SET LOCAL search_path = app, public")

    read = sample.run(read_catalog)

    assert read == plain
    trigger = read.find(key("trigger", "app.users.users_touch"))
    assert trigger is not None
    assert "ON app.users" in (trigger.fact("definition") or "")


@pytest.mark.parametrize("how", ["SET LOCAL search_path = app", "SET search_path = app, public"])
def test_the_search_path_is_restored(sample: Database, how: str) -> None:
    """In an open transaction the setting stays, and ends with its transaction or session."""
    at_first = sample.run(_path)
    sample.execute(how)
    before = sample.run(_path)

    sample.run(read_catalog)

    assert sample.run(_path) == before
    sample.rollback()
    assert sample.run(_path) == at_first


def test_a_setting_of_the_session_outlives_the_commit(empty: Database) -> None:
    """Reading does not make a session's own search_path end with the transaction."""
    empty.execute("SET search_path = pg_catalog")
    empty.run(read_catalog)
    empty.commit()
    after = empty.run(_path)
    empty.execute("RESET search_path")
    empty.commit()

    assert after == "pg_catalog"


def test_an_open_transaction_stays_open(sample: Database) -> None:
    """The reading sees the transaction's changes, and a rollback still undoes them."""
    before = sample.read()
    sample.execute("DROP TRIGGER users_touch ON app.users")

    changed = sample.read()
    sample.rollback()

    assert [str(one) for one in diff(before, changed)] == ["trigger app.users.users_touch: missing"]
    assert sample.read() == before


def test_no_transaction_stays_open(sample: Database) -> None:
    """Without an open transaction, none is open afterwards."""

    def is_open_after(connection: sa.Connection) -> bool:
        read_catalog(connection)
        return connection.in_transaction()

    sample.rollback()

    assert sample.run(is_open_after) is False


def test_autocommit_is_kept(admin_url: str) -> None:
    """The session keeps its search_path, and no transaction is left open."""

    def read(connection: sa.Connection) -> str:
        connection.exec_driver_sql("SET search_path = pg_temp, public")
        read_catalog(connection)
        connection.exec_driver_sql("VACUUM pg_catalog.pg_am")  # refused in a transaction
        return _path(connection)

    assert run_on(admin_url, read, autocommit=True) == "pg_temp, public"


def test_a_failed_transaction_is_one_clear_error(sample: Database) -> None:
    """A failed transaction is not ended, and the message names it."""
    with pytest.raises(sa.exc.ProgrammingError):
        sample.execute("SELECT no_such_column FROM app.users")

    with pytest.raises(DatabaseError, match=r"the catalog cannot be read: .*aborted"):
        sample.run(read_catalog)
    sample.rollback()

    assert sample.read().of_kind("table")


def test_a_prepared_statement_reads_the_same(sample: Database) -> None:
    """The statement that the other tests keep prepared sees every change, as a fresh one does."""
    assert sample.read() == sample.run(read_catalog)

    sample.execute("ALTER TABLE app.notes ADD COLUMN more text")

    assert sample.read() == sample.run(read_catalog)
    assert sample.read().find(key("column", "app.notes.more")) is not None


def test_an_ordinary_role_reads_what_a_superuser_reads(sample: Database) -> None:
    """CONNECT suffices; only the options of user mappings are not visible."""
    before = sample.read()
    sample.execute("SET LOCAL ROLE alembic_proof_reader")

    assert {str(change.kind) for change in diff(before, sample.read())} == {"user mapping"}


def test_the_version_table_is_left_out(sample: Database) -> None:
    """Alembic's table, its key and its privileges are not part of the catalog."""
    before = sample.read()
    sample.execute(
        "CREATE TABLE app.alembic_version (version_num varchar(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )

    assert sample.read() == before
    named = partial(read_catalog, version_schema="app")
    assert sample.run(named) == before


def test_another_version_table_is_left_out_by_its_name(sample: Database) -> None:
    """A table of that schema and name is left out, one of another schema is not."""
    before = sample.read()
    sample.execute('CREATE TABLE app."Versions" (version_num text)')

    theirs = partial(read_catalog, version_table="Versions", version_schema="app")
    other = partial(read_catalog, version_table="Versions", version_schema="public")

    assert sample.run(theirs) == before
    assert [str(one) for one in diff(before, sample.run(other))] == [
        'table app."Versions": unexpected'
    ]


def test_a_user_table_of_that_name_is_kept(sample: Database) -> None:
    """A table named alembic_version with other columns is not Alembic's."""
    sample.execute("CREATE TABLE app.alembic_version (version_num text, why text)")

    assert sample.read().find(key("table", "app.alembic_version")) is not None


def test_the_checkpoints_of_backfills_are_left_out(sample: Database) -> None:
    """The table that the runner of backfills creates, with its key; another one of that name is kept."""
    before = sample.read()

    sample.run(CheckpointTable("app.alembic_backfill").create)
    assert sample.read() == before
    sample.execute("ALTER TABLE app.alembic_backfill ADD COLUMN mine integer")
    assert sample.read().find(key("table", "app.alembic_backfill")) is not None


def test_temporary_objects_are_left_out(sample: Database) -> None:
    """Temporary tables and their parts are not in the catalog."""
    before = sample.read()
    sample.execute(
        "CREATE TEMPORARY TABLE passing (id serial PRIMARY KEY, name text)",
        "CREATE INDEX ON passing (name)",
        "COMMENT ON TABLE passing IS 'soon gone'",
    )

    assert sample.read() == before


def test_objects_of_extensions_are_left_out(sample: Database) -> None:
    """An extension's functions, types and operators are not listed, a user's function is."""
    found = sample.read()

    assert found.find(key("extension", "hstore")) is not None
    assert not [one for one in found.of_kind("operator") if one.identity.startswith("public.")]
    assert [str(one.identity) for one in found.of_kind("function")] == [
        "app.double(integer)",
        "app.touch()",
        "app.watch()",
    ]


def test_a_user_table_in_an_extension_s_schema_is_kept(sample: Database) -> None:
    """Only the extension's own objects are left out."""
    sample.execute("ALTER EXTENSION hstore ADD SCHEMA bare", "CREATE TABLE bare.mine (id integer)")

    found = sample.read()

    assert found.find(key("table", "bare.mine")) is not None
    assert found.find(key("schema", "bare")) is None


def test_internal_triggers_are_left_out(sample: Database) -> None:
    """The triggers of a foreign key are not listed."""
    names = {one.identity for one in sample.read().of_kind("trigger")}

    assert names == {"app.events.events_touch", "app.users.users_touch"}


def test_two_connections_read_the_same(sample: Database, admin_url: str) -> None:
    """The reading does not depend on the session."""
    url = admin_url.replace("/postgres?", f"/{sample.name}?")
    sample.rollback()

    with open_database(url) as other:
        assert other.read() == sample.read()


def test_only_postgresql_is_read() -> None:
    """Another database is refused by name."""
    with (
        sa.create_engine("sqlite://").connect() as connection,
        pytest.raises(DatabaseError, match="the server is sqlite"),
    ):
        read_catalog(connection)


@pytest.mark.parametrize("major", [15, 16, 17, 18])
def test_the_statement_has_no_percent_sign(major: int) -> None:
    """A driver would read it as a parameter."""
    assert "%" not in statement(major=major)

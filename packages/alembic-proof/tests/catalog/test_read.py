"""What reading leaves behind, and what it leaves out."""

from __future__ import annotations

from functools import partial

import pytest
import sqlalchemy as sa

from alembic_proof.catalog import diff, key, read_catalog
from alembic_proof.catalog.queries import statement
from alembic_proof.errors import DatabaseError
from alembic_proof.postgres.connect import run_on

from .conftest import Database, open_database


def _path(connection: sa.Connection) -> str:
    return str(connection.exec_driver_sql("SHOW search_path").scalar_one())


def test_names_are_qualified_whatever_the_search_path_is(zoo: Database) -> None:
    """A schema on the search_path is named in every definition all the same."""
    plain = zoo.read()
    zoo.execute("SET LOCAL search_path = app, public")

    read = zoo.run(read_catalog)

    assert read == plain
    trigger = read.find(key("trigger", "app.users.users_touch"))
    assert trigger is not None
    assert "ON app.users" in (trigger.fact("definition") or "")


@pytest.mark.parametrize("how", ["SET LOCAL search_path = app", "SET search_path = app, public"])
def test_the_search_path_is_as_it_was(zoo: Database, how: str) -> None:
    """In a transaction that runs, what was set before is set afterwards, and ends as it would."""
    at_first = zoo.run(_path)
    zoo.execute(how)
    before = zoo.run(_path)

    zoo.run(read_catalog)

    assert zoo.run(_path) == before
    zoo.rollback()
    assert zoo.run(_path) == at_first


def test_a_setting_of_the_session_outlives_the_commit(empty: Database) -> None:
    """Reading does not make a session's own search_path end with the transaction."""
    empty.execute("SET search_path = pg_catalog")
    empty.run(read_catalog)
    empty.commit()
    after = empty.run(_path)
    empty.execute("RESET search_path")
    empty.commit()

    assert after == "pg_catalog"


def test_a_transaction_goes_on(zoo: Database) -> None:
    """What the transaction did is seen by the reading, and still taken back by its rollback."""
    before = zoo.read()
    zoo.execute("DROP TRIGGER users_touch ON app.users")

    changed = zoo.read()
    zoo.rollback()

    assert [str(one) for one in diff(before, changed)] == ["trigger app.users.users_touch: missing"]
    assert zoo.read() == before


def test_no_transaction_stays_open(zoo: Database) -> None:
    """Where no transaction ran, none runs afterwards."""

    def is_open_after(connection: sa.Connection) -> bool:
        read_catalog(connection)
        return connection.in_transaction()

    zoo.rollback()

    assert zoo.run(is_open_after) is False


def test_autocommit_is_left_alone(admin_url: str) -> None:
    """The session's search_path is its own, and no transaction is left behind."""

    def read(connection: sa.Connection) -> str:
        connection.exec_driver_sql("SET search_path = pg_temp, public")
        read_catalog(connection)
        connection.exec_driver_sql("VACUUM pg_catalog.pg_am")  # refused in a transaction
        return _path(connection)

    assert run_on(admin_url, read, autocommit=True) == "pg_temp, public"


def test_a_failed_transaction_is_one_clear_error(zoo: Database) -> None:
    """A transaction that has failed is neither ended nor hidden."""
    with pytest.raises(sa.exc.ProgrammingError):
        zoo.execute("SELECT no_such_column FROM app.users")

    with pytest.raises(DatabaseError, match=r"the catalog cannot be read: .*aborted"):
        zoo.read()
    zoo.rollback()

    assert zoo.read().of_kind("table")


def test_a_kept_statement_reads_the_same(zoo: Database) -> None:
    """The statement that stays prepared sees every change, as a fresh one does."""
    keep = partial(read_catalog, keep_prepared=True)
    assert zoo.run(keep) == zoo.run(read_catalog)

    zoo.execute("ALTER TABLE app.notes ADD COLUMN more text")

    assert zoo.run(keep) == zoo.run(read_catalog)
    assert zoo.run(keep).find(key("column", "app.notes.more")) is not None


def test_an_ordinary_role_reads_what_a_superuser_reads(zoo: Database) -> None:
    """No right beyond connecting is needed; only the options of user mappings stay hidden."""
    before = zoo.read()
    zoo.execute("SET LOCAL ROLE alembic_proof_reader")

    assert {str(change.kind) for change in diff(before, zoo.read())} == {"user mapping"}


def test_the_version_table_is_left_out(zoo: Database) -> None:
    """Alembic's table, its key and its privileges are not part of the catalog."""
    before = zoo.read()
    zoo.execute(
        "CREATE TABLE app.alembic_version (version_num varchar(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )

    assert zoo.read() == before
    named = partial(read_catalog, version_schema="app")
    assert zoo.run(named) == before


def test_another_version_table_is_left_out_by_its_name(zoo: Database) -> None:
    """A table of that schema and name is left out, one of another schema is not."""
    before = zoo.read()
    zoo.execute('CREATE TABLE app."Versions" (version_num text)')

    theirs = partial(read_catalog, version_table="Versions", version_schema="app")
    other = partial(read_catalog, version_table="Versions", version_schema="public")

    assert zoo.run(theirs) == before
    assert [str(one) for one in diff(before, zoo.run(other))] == [
        'table app."Versions": unexpected'
    ]


def test_a_users_table_of_that_name_stays(zoo: Database) -> None:
    """A table that is called alembic_version but has other columns is a user's."""
    zoo.execute("CREATE TABLE app.alembic_version (version_num text, why text)")

    assert zoo.read().find(key("table", "app.alembic_version")) is not None


def test_what_ends_with_the_session_is_left_out(zoo: Database) -> None:
    """Temporary tables, with all that hangs on them, are not part of the catalog."""
    before = zoo.read()
    zoo.execute(
        "CREATE TEMPORARY TABLE passing (id serial PRIMARY KEY, name text)",
        "CREATE INDEX ON passing (name)",
        "COMMENT ON TABLE passing IS 'soon gone'",
    )

    assert zoo.read() == before


def test_what_an_extension_made_belongs_to_it(zoo: Database) -> None:
    """An extension's functions, types and operators are not listed, a user's function is."""
    found = zoo.read()

    assert found.find(key("extension", "hstore")) is not None
    assert not [one for one in found.of_kind("operator") if one.identity.startswith("public.")]
    assert [str(one.identity) for one in found.of_kind("function")] == [
        "app.double(integer)",
        "app.touch()",
        "app.watch()",
    ]


def test_a_user_s_table_in_an_extension_s_schema_is_seen(zoo: Database) -> None:
    """A schema that belongs to an extension hides nothing."""
    zoo.execute("ALTER EXTENSION hstore ADD SCHEMA bare", "CREATE TABLE bare.mine (id integer)")

    found = zoo.read()

    assert found.find(key("table", "bare.mine")) is not None
    assert found.find(key("schema", "bare")) is None


def test_internal_triggers_are_left_out(zoo: Database) -> None:
    """The triggers that carry out a foreign key are not listed."""
    names = {one.identity for one in zoo.read().of_kind("trigger")}

    assert names == {"app.events.events_touch", "app.users.users_touch"}


def test_two_connections_read_the_same(zoo: Database, admin_url: str) -> None:
    """Nothing of the reading depends on the session."""
    url = admin_url.replace("/postgres?", f"/{zoo.name}?")
    zoo.rollback()

    with open_database(url) as other:
        assert other.read() == zoo.read()


def test_only_postgresql_is_read() -> None:
    """Another database is refused by name."""
    with (
        sa.create_engine("sqlite://").connect() as connection,
        pytest.raises(DatabaseError, match="the server is sqlite"),
    ):
        read_catalog(connection)


@pytest.mark.parametrize("major", [15, 16, 17, 18])
def test_the_statement_suits_every_driver(major: int) -> None:
    """There is no percent sign that a driver would take for a parameter."""
    assert "%" not in statement(major=major)

"""Unchanged catalogs are not read, and the counters are used only where they are reliable."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_proof.catalog import CatalogReader, key
from alembic_proof.catalog.incremental.changed_rows import (
    CHANGED_CATALOGS_VARIABLES,
    changed_catalogs,
)
from alembic_proof.catalog.incremental.temp_function import TempFunction
from alembic_proof.scratch import scratch_database

from .conftest import Database, open_database

_TABLES = ("pg_class", "pg_policy", "pg_trigger")


_FUNCTION = TempFunction(
    name="changed",
    parameters={},
    results={"names": "text[]"},
    variables=CHANGED_CATALOGS_VARIABLES,
    body="\n".join((*changed_catalogs(_TABLES), "names := changed::regclass[]::text[];")),
)


def _changed_catalogs(connection: sa.Connection) -> tuple[str, ...]:
    """Return which of the three catalogs count as changed since the last call."""
    made = "SELECT to_regproc('pg_temp.alembic_proof_changed')"
    if connection.exec_driver_sql(made).scalar_one() is None:
        connection.exec_driver_sql(_FUNCTION.sql)
        connection.commit()
    names = connection.exec_driver_sql(f"SELECT {_FUNCTION.call()}").scalar_one()
    connection.commit()
    return tuple(names)


def _run(database: Database, *statements: str) -> tuple[str, ...]:
    database.execute(*statements)
    database.commit()
    return database.run(_changed_catalogs)


def _commit(database: Database, statement: str) -> None:
    database.execute(statement)
    database.commit()


def test_only_what_was_written_counts_as_changed(admin_url: str) -> None:
    """A committed statement counts at once, whether or not it was flushed already."""
    with scratch_database(admin_url, label="changed") as url, open_database(url) as database:
        assert database.run(_changed_catalogs) == _TABLES

        assert _run(database) == ()
        assert _run(database, "CREATE TABLE t (n integer)") == ("pg_class",)
        assert _run(database, "SELECT pg_stat_force_next_flush()") == ()
        assert _run(database, "DROP TABLE t") == ("pg_class",)


def test_everything_counts_as_changed_if_a_transaction_was_not_counted(
    admin_url: str,
) -> None:
    """A transaction has committed, and no counter changed."""
    with scratch_database(admin_url, label="changed") as url, open_database(url) as database:
        database.run(_changed_catalogs)

        assert _run(database, "SET LOCAL track_counts = off", "CREATE VIEW v AS SELECT") == _TABLES


def test_everything_counts_as_changed_beside_another_session(admin_url: str) -> None:
    """Its counts may not have been flushed yet."""
    with scratch_database(admin_url, label="changed") as url, open_database(url) as database:
        database.run(_changed_catalogs)

        with open_database(url):
            assert _run(database) == _TABLES


def test_changes_of_a_connected_session_are_read(admin_url: str) -> None:
    """The reader does not rely on counts that may lag behind."""
    reader = CatalogReader(is_verified=True)
    with (
        scratch_database(admin_url, label="changed") as url,
        open_database(url) as database,
        open_database(url) as other,
    ):
        database.run(reader.read)
        other.execute("CREATE TABLE t (n integer)")
        other.commit()

        assert database.run(reader.read).find(key("table", "public.t")) is not None


def test_everything_counts_as_changed_without_track_counts(admin_url: str) -> None:
    """The counters do not change then, although rows are written."""
    with scratch_database(admin_url, label="changed") as url, open_database(url) as database:
        database.run(_changed_catalogs)

        assert _run(database, "SET track_counts = off") == _TABLES


@pytest.mark.parametrize(
    "reset",
    ["pg_stat_reset()", "pg_stat_reset_single_table_counters('pg_policy'::regclass)"],
)
def test_changes_before_a_reset_of_the_counters_are_read(admin_url: str, reset: str) -> None:
    """The counters have the same values again, although there were changes in between."""
    reader = CatalogReader(is_verified=True)
    flush = "SELECT pg_stat_force_next_flush()"
    with scratch_database(admin_url, label="changed") as url, open_database(url) as database:
        for step in ("CREATE TABLE t (n integer)", flush, f"SELECT {reset}"):
            _commit(database, step)
        database.run(reader.read)
        for step in ("CREATE POLICY mine ON t", flush, f"SELECT {reset}"):
            _commit(database, step)

        assert database.run(reader.read).find(key("policy", "public.t.mine")) is not None

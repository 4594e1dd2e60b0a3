"""Catalogs that nothing was counted in are passed over, and only where the counts can be trusted."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_proof.catalog import CatalogReader, key
from alembic_proof.catalog.queries.moved import VARIABLES, moved
from alembic_proof.catalog.queries.routine import Routine
from alembic_proof.postgres.scratch import scratch_database

from .conftest import Database, open_database

_TABLES = ("pg_class", "pg_policy", "pg_trigger")


_ROUTINE = Routine(
    name="moved",
    parameters={},
    results={"names": "text[]"},
    variables=VARIABLES,
    body="\n".join((*moved(_TABLES), "names := moved::regclass[]::text[];")),
)


def _moved(connection: sa.Connection) -> tuple[str, ...]:
    """The catalogs that count as moved since the last time, of three."""
    made = "SELECT to_regproc('pg_temp.alembic_proof_moved')"
    if connection.exec_driver_sql(made).scalar_one() is None:
        connection.exec_driver_sql(_ROUTINE.sql)
        connection.commit()
    names = connection.exec_driver_sql(f"SELECT {_ROUTINE.call()}").scalar_one()
    connection.commit()
    return tuple(names)


def _run(database: Database, *statements: str) -> tuple[str, ...]:
    database.execute(*statements)
    database.commit()
    return database.run(_moved)


def _commit(database: Database, statement: str) -> None:
    database.execute(statement)
    database.commit()


def test_only_what_was_written_has_moved(admin_url: str) -> None:
    """A committed statement counts at once, whether or not it was handed over already."""
    with scratch_database(admin_url, label="moved") as url, open_database(url) as database:
        assert database.run(_moved) == _TABLES

        assert _run(database) == ()
        assert _run(database, "CREATE TABLE t (n integer)") == ("pg_class",)
        assert _run(database, "SELECT pg_stat_force_next_flush()") == ()
        assert _run(database, "DROP TABLE t") == ("pg_class",)


def test_everything_counts_as_moved_where_something_was_written_and_not_counted(
    admin_url: str,
) -> None:
    """Transactions went on, and no counter has."""
    with scratch_database(admin_url, label="moved") as url, open_database(url) as database:
        database.run(_moved)

        assert _run(database, "SET LOCAL track_counts = off", "CREATE VIEW v AS SELECT") == _TABLES


def test_everything_counts_as_moved_beside_another_session(admin_url: str) -> None:
    """It may have written what it has not handed over yet."""
    with scratch_database(admin_url, label="moved") as url, open_database(url) as database:
        database.run(_moved)

        with open_database(url):
            assert _run(database) == _TABLES


def test_what_another_session_wrote_is_read_while_it_stays(admin_url: str) -> None:
    """The reader does not rely on counts that may lag behind."""
    reader = CatalogReader(is_verified=True)
    with (
        scratch_database(admin_url, label="moved") as url,
        open_database(url) as database,
        open_database(url) as other,
    ):
        database.run(reader.read)
        other.execute("CREATE TABLE t (n integer)")
        other.commit()

        assert database.run(reader.read).find(key("table", "public.t")) is not None


def test_everything_counts_as_moved_where_nothing_is_counted(admin_url: str) -> None:
    """Counters that stand still prove nothing."""
    with scratch_database(admin_url, label="moved") as url, open_database(url) as database:
        database.run(_moved)

        assert _run(database, "SET track_counts = off") == _TABLES


@pytest.mark.parametrize(
    "reset",
    ["pg_stat_reset()", "pg_stat_reset_single_table_counters('pg_policy'::regclass)"],
)
def test_what_was_written_before_counters_are_set_back_is_read(admin_url: str, reset: str) -> None:
    """They say the same again, though something was written in between."""
    reader = CatalogReader(is_verified=True)
    flush = "SELECT pg_stat_force_next_flush()"
    with scratch_database(admin_url, label="moved") as url, open_database(url) as database:
        for step in ("CREATE TABLE t (n integer)", flush, f"SELECT {reset}"):
            _commit(database, step)
        database.run(reader.read)
        for step in ("CREATE POLICY mine ON t", flush, f"SELECT {reset}"):
            _commit(database, step)

        assert database.run(reader.read).find(key("policy", "public.t.mine")) is not None

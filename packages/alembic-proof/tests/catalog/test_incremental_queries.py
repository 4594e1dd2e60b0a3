"""Incremental readings with other roles, settings, transactions and discarded objects."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from time import sleep

import pytest
import sqlalchemy as sa

from alembic_deploy.errors import DatabaseError
from alembic_proof.catalog import CatalogReader, diff, key, read_catalog
from alembic_proof.catalog.incremental.object_rows import dependents_function
from alembic_proof.catalog.incremental.temp_function import TempFunction
from alembic_proof.scratch import scratch_database

from .conftest import SampleTemplate, make_roles, open_database
from .reading import commit, read_both


def test_an_unchanged_object_is_the_same_python_object(sample_template: SampleTemplate) -> None:
    """Only changed objects and their dependents are built again; without changes, nothing is."""
    reader = CatalogReader()
    with sample_template.copy() as database:
        after = database.run(reader.read)
        assert database.run(reader.read) is after

        for one, other in pairwise(("name", "called", "name", "called")):
            commit(database, f"ALTER TABLE app.users RENAME COLUMN {one} TO {other}")
            before, after = after, database.run(reader.read)
            kept = {record.key for record in after.objects if record is before.find(record.key)}
            if kept:  # nothing where another test has made a role meanwhile
                break

    assert key("table", "app.notes") in kept
    assert key("function", "app.touch()") in kept
    assert key("view", "app.names") not in kept
    assert len(kept) > len(after.objects) / 2


def test_an_open_transaction_is_read_in_full(sample_template: SampleTemplate) -> None:
    """Changes that are rolled back leave no trace in the next reading."""
    reader = CatalogReader(is_verified=True)
    with sample_template.copy() as database:
        before = database.run(reader.read)
        database.execute("ALTER TABLE app.users RENAME COLUMN name TO called")
        assert database.run(reader.read) != before
        database.rollback()

        assert database.run(reader.read) == before


def test_changes_without_a_visible_xmin_are_read(sample_template: SampleTemplate) -> None:
    """Subscriptions and user mappings are compared by their contents."""
    reader = CatalogReader(is_verified=True)
    steps = (
        (
            "CREATE SUBSCRIPTION {database}_r CONNECTION 'host=nowhere' PUBLICATION p"
            " WITH (connect = false, slot_name = NONE)"
        ),
        "ALTER SUBSCRIPTION {database}_r SET (synchronous_commit = local)",
        "ALTER USER MAPPING FOR PUBLIC SERVER far OPTIONS (SET password 'other')",
        "DROP SUBSCRIPTION {database}_r",
        "DROP USER MAPPING FOR PUBLIC SERVER far",
    )
    with sample_template.copy() as database:
        seen = [database.run(reader.read)]
        for step in steps:
            commit(database, step)
            seen.append(database.run(reader.read))

    assert all(one != other for one, other in pairwise(seen))


def test_a_role_without_execute_reads_in_full(admin_url: str) -> None:
    """Another role created the functions, and default privileges revoke EXECUTE from PUBLIC."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="denied") as url, open_database(url) as database:
        make_roles(database)
        commit(database, "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
        read_both(database, reader, after="the privileges")
        database.rollback()
        commit(database, "SET ROLE pg_read_all_data")

        assert database.run(reader.read) == database.run(read_catalog)
        assert reader.session_settings is None


def test_functions_are_not_created_if_default_privileges_apply(admin_url: str) -> None:
    """The role that gets privileges could not be dropped any more."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="noticed") as url, open_database(url) as database:
        to = "pg_read_all_data"
        commit(database, f"ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {to}")

        assert database.run(reader.read) == database.run(read_catalog)
        assert reader.session_settings is None


def test_a_role_with_a_quoted_name_reads_incrementally(admin_url: str) -> None:
    """A name that needs quotes does not cause full readings."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="odd") as url, open_database(url) as database:
        name = f'"{database.name} Odd-Röle"'
        commit(database, f"CREATE ROLE {name}", f"SET ROLE {name}")
        found = read_both(database, reader, after="an odd name")
        assert found == read_both(database, reader, after="the same again")
        database.rollback()
        commit(database, "RESET ROLE", f"DROP OWNED BY {name}", f"DROP ROLE {name}")


_FORMATS = (
    "SET TimeZone = 'Asia/Tokyo'",
    "SET DateStyle = 'German'",
    "SET IntervalStyle = 'iso_8601'",
    "SET bytea_output = 'escape'",
    "SET extra_float_digits = -5",
    "SET quote_all_identifiers = on",
)


def test_definitions_are_the_same_under_any_settings(admin_url: str) -> None:
    """In full and incremental readings; the session's settings are restored afterwards."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="formats") as url, open_database(url) as database:
        commit(
            database,
            "CREATE TABLE t (at timestamptz DEFAULT '2020-01-02 03:04:05+00', f float8 DEFAULT 0.1,"
            " i interval DEFAULT '1 day 02:00', b bytea DEFAULT '\\x00ff', d date DEFAULT '2020-01-31')",
            "CREATE VIEW v AS SELECT at FROM t WHERE at > '2021-01-01 00:00:00+00'",
        )
        before = read_both(database, reader, after="the tables")
        database.rollback()
        commit(
            database, *_FORMATS, "COMMENT ON TABLE t IS 'told again'", "COMMENT ON VIEW v IS 'x'"
        )
        commit(database, "COMMENT ON TABLE t IS NULL", "COMMENT ON VIEW v IS NULL")

        assert [str(change) for change in diff(before, database.run(reader.read))] == []
        assert [str(change) for change in diff(before, database.run(read_catalog))] == []
        database.rollback()
        shown = database.run(lambda c: c.exec_driver_sql("SHOW TimeZone").scalar_one())
        assert shown == "Asia/Tokyo"


def test_a_session_after_reset_all_is_read_in_full(sample_template: SampleTemplate) -> None:
    """RESET ALL removes what the reader stored in the session."""
    reader = CatalogReader(is_verified=True)
    with sample_template.copy() as database:
        database.run(reader.read)
        commit(database, "ALTER TABLE app.users RENAME COLUMN name TO called", "RESET ALL")

        assert database.run(reader.read).find(key("column", "app.users.called")) is not None


def _outlast_others(connection: sa.Connection) -> None:
    """Wait for the transactions of other tests: while one runs, what is older counts as new."""
    now = connection.exec_driver_sql("SELECT pg_current_xact_id()::text::bigint").scalar_one()
    connection.commit()
    oldest = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    while connection.exec_driver_sql(oldest).scalar_one() <= now:
        connection.commit()
        sleep(0.01)
    connection.commit()


def test_a_missed_change_is_an_error(
    sample_template: SampleTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a reader without dependents fails when it is verified."""

    def blind(*, major: int) -> TempFunction:
        seeing = dependents_function(major=major)
        body = seeing.body.replace("refobjid = t.oid OFFSET", "refobjid = t.oid AND false OFFSET")
        assert body != seeing.body
        return replace(seeing, body=body)

    rename = "ALTER TABLE app.users RENAME COLUMN name TO called"
    back = "ALTER TABLE app.users RENAME COLUMN called TO name"
    with sample_template.copy() as database:
        seeing = CatalogReader(is_verified=True)
        database.run(seeing.read)
        commit(database, rename)
        database.run(seeing.read)

    with sample_template.copy() as database:
        monkeypatch.setattr(
            "alembic_proof.catalog.incremental.reader_queries.dependents_function", blind
        )
        database.run(_outlast_others)
        reader, trusting = CatalogReader(is_verified=True), CatalogReader(is_verified=False)
        database.run(reader.read)
        commit(database, rename)

        with pytest.raises(DatabaseError, match=r"view app\.names"):
            database.run(reader.read)

        database.run(trusting.read)
        database.run(trusting.verify)
        commit(database, back)
        with pytest.raises(DatabaseError, match=r"view app\.names"):
            database.run(trusting.verify)

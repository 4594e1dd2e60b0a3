"""What a reader makes of its session: roles, settings, transactions, and what others forget."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from time import sleep

import pytest
import sqlalchemy as sa

from alembic_proof.catalog import CatalogReader, diff, key, read_catalog
from alembic_proof.catalog.queries.dependents import dependents_routine
from alembic_proof.catalog.queries.routine import Routine
from alembic_proof.errors import DatabaseError
from alembic_proof.postgres.scratch import scratch_database

from .conftest import make_roles, open_database, open_zoo
from .reading import commit, read_both


def test_what_was_not_touched_is_the_same_object(admin_url: str) -> None:
    """Only the touched and what depends on it is made again; nothing new is no new catalog."""
    reader = CatalogReader()
    with open_zoo(admin_url) as database:
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


def test_a_transaction_that_runs_is_read_whole(admin_url: str) -> None:
    """What was touched in it and taken back leaves no trace in the next reading."""
    reader = CatalogReader(is_verified=True)
    with open_zoo(admin_url) as database:
        before = database.run(reader.read)
        database.execute("ALTER TABLE app.users RENAME COLUMN name TO called")
        assert database.run(reader.read) != before
        database.rollback()

        assert database.run(reader.read) == before


def test_what_shows_no_xmin_is_followed(admin_url: str) -> None:
    """Subscriptions and user mappings are told apart by what they are."""
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
    with open_zoo(admin_url) as database:
        seen = [database.run(reader.read)]
        for step in steps:
            commit(database, step)
            seen.append(database.run(reader.read))

    assert all(one != other for one, other in pairwise(seen))


def test_a_role_that_may_not_call_our_functions_reads_whole(admin_url: str) -> None:
    """It has not made them, and nobody may call what is made there by default."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="denied") as url, open_database(url) as database:
        make_roles(database)
        commit(database, "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
        read_both(database, reader, after="the privileges")
        database.rollback()
        commit(database, "SET ROLE pg_read_all_data")

        assert database.run(reader.read) == database.run(read_catalog)
        assert reader.lasting is None


def test_functions_that_a_role_would_have_privileges_on_are_not_made(admin_url: str) -> None:
    """The role could not be dropped any more."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="noticed") as url, open_database(url) as database:
        to = "pg_read_all_data"
        commit(database, f"ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {to}")

        assert database.run(reader.read) == database.run(read_catalog)
        assert reader.lasting is None


def test_a_role_of_an_odd_name_is_followed(admin_url: str) -> None:
    """A name that has to be quoted is no reason to read everything each time."""
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


def test_texts_are_the_same_under_any_settings(admin_url: str) -> None:
    """Whole or followed, and the session's settings are what they were afterwards."""
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


def test_a_session_that_forgot_is_read_whole(admin_url: str) -> None:
    """What a revision resets in its session, the reader does not rely on."""
    reader = CatalogReader(is_verified=True)
    with open_zoo(admin_url) as database:
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


def test_what_is_not_followed_is_noticed(admin_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that forgets what depends on the touched is refused when it is verified."""

    def blind(*, major: int) -> Routine:
        seeing = dependents_routine(major=major)
        body = seeing.body.replace("refobjid = t.oid OFFSET", "refobjid = t.oid AND false OFFSET")
        assert body != seeing.body
        return replace(seeing, body=body)

    rename = "ALTER TABLE app.users RENAME COLUMN name TO called"
    back = "ALTER TABLE app.users RENAME COLUMN called TO name"
    with open_zoo(admin_url) as database:
        seeing = CatalogReader(is_verified=True)
        database.run(seeing.read)
        commit(database, rename)
        database.run(seeing.read)

    with open_zoo(admin_url) as database:
        monkeypatch.setattr("alembic_proof.catalog.session.dependents_routine", blind)
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

"""The law of the reader: what was touched, put into the last reading, is the whole catalog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from time import sleep

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alembic_proof.catalog import Catalog, CatalogReader, diff, key, read_catalog
from alembic_proof.catalog.ddl import changes_sql
from alembic_proof.catalog.queries.dependents import dependents_routine
from alembic_proof.catalog.queries.routine import Routine
from alembic_proof.errors import DatabaseError
from alembic_proof.postgres.scratch import scratch_database

from .battery import CASES, Case
from .conftest import Database, make_roles, open_database, open_zoo
from .steps import CHAINS, FRESH, STEPS


def _commit(database: Database, *statements: str) -> None:
    database.execute(*statements)
    database.commit()


def _read(database: Database, reader: CatalogReader, *, after: str) -> Catalog:
    """What the reader and a whole reading both see; the reader has followed what was touched."""
    found = database.run(reader.read)
    assert reader.lasting is not None, f"after {after} nothing is followed"
    whole = database.run(read_catalog)
    assert [str(change) for change in diff(whole, found)] == [], after
    assert found == whole, after
    return found


def _turn_back(database: Database, reader: CatalogReader, case: Case, *, before: Catalog) -> bool:
    """Whether the database is as before the case again, by what ddl proposes."""
    now = _read(database, reader, after=case.name)
    try:
        _commit(database, *changes_sql(diff(now, before), now, before))
    except (sa.exc.DBAPIError, ValueError):
        database.rollback()
    return _read(database, reader, after=f"back from {case.name}") == before


def test_every_single_change_is_read_as_by_a_whole_reading(admin_url: str) -> None:
    """All cases of the battery, there and back, one after the other."""
    with ExitStack() as stack:
        database: Database | None = None
        for case in CASES:
            if database is None:
                database, reader = stack.enter_context(open_zoo(admin_url)), CatalogReader()
            if case.since > database.major or "subscription" in case.name:
                continue
            before = _read(database, reader, after=f"before {case.name}")
            _commit(database, *case.setup)
            _read(database, reader, after=f"setup of {case.name}")
            _commit(database, *case.changes)
            if not _turn_back(database, reader, case, before=before):
                stack.close()
                database = None


@pytest.fixture(scope="module")
def own(admin_url: str) -> Iterator[Database]:
    """A database in which a test commits."""
    with scratch_database(admin_url, label="steps") as url, open_database(url) as database:
        make_roles(database)
        yield database


@pytest.fixture(scope="module")
def reader() -> CatalogReader:
    """The reader that has seen everything that happened in `own`."""
    return CatalogReader()


def _try(database: Database, *statements: str) -> bool:
    """Whether the statements fit; they are committed, or nothing is."""
    try:
        _commit(database, *statements)
    except sa.exc.DBAPIError:
        database.rollback()
        return False
    return True


def test_every_step_is_read_as_by_a_whole_reading(own: Database, reader: CatalogReader) -> None:
    """Each step by itself, from the same beginning."""
    fits = 0
    for step in STEPS:
        assert _try(own, "SET DateStyle = 'ISO'", *FRESH)
        _read(own, reader, after="a fresh beginning")
        fits += _try(own, step)
        _read(own, reader, after=step)

    assert fits > len(STEPS) * 3 / 4


@pytest.mark.parametrize("chain", CHAINS)
def test_what_comes_in_an_order_is_read_as_by_whole_readings(
    own: Database, reader: CatalogReader, chain: tuple[tuple[str, ...], ...]
) -> None:
    """What is said and taken back."""
    assert _try(own, "SET DateStyle = 'ISO'", *FRESH)
    _read(own, reader, after="a fresh beginning")
    fits = 0
    for step in chain:
        fits += _try(own, *step)
        _read(own, reader, after="; ".join(step))

    assert fits == len(chain) or own.major < 18


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=15, max_size=25))
def test_every_chain_of_steps_is_read_as_by_whole_readings(
    own: Database, reader: CatalogReader, steps: list[str]
) -> None:
    """Whatever happens in whatever order."""
    assert _try(own, "SET DateStyle = 'ISO'", *FRESH)
    for number, step in enumerate(steps):
        if _try(own, step):
            _read(own, reader, after="; ".join(steps[: number + 1]))


def test_what_was_not_touched_is_the_same_object(admin_url: str) -> None:
    """Only the touched and what depends on it is made again; nothing new is no new catalog."""
    reader = CatalogReader()
    with open_zoo(admin_url) as database:
        after = database.run(reader.read)
        assert database.run(reader.read) is after

        for one, other in pairwise(("name", "called", "name", "called")):
            _commit(database, f"ALTER TABLE app.users RENAME COLUMN {one} TO {other}")
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
            _commit(database, step)
            seen.append(database.run(reader.read))

    assert all(one != other for one, other in pairwise(seen))


def test_a_role_that_may_not_call_our_functions_reads_whole(admin_url: str) -> None:
    """It has not made them, and nobody may call what is made there by default."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="denied") as url, open_database(url) as database:
        make_roles(database)
        _commit(database, "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
        _read(database, reader, after="the privileges")
        database.rollback()
        _commit(database, "SET ROLE pg_read_all_data")

        assert database.run(reader.read) == database.run(read_catalog)
        assert reader.lasting is None


def test_functions_that_a_role_would_have_privileges_on_are_not_made(admin_url: str) -> None:
    """The role could not be dropped any more."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="noticed") as url, open_database(url) as database:
        to = "pg_read_all_data"
        _commit(database, f"ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {to}")

        assert database.run(reader.read) == database.run(read_catalog)
        assert reader.lasting is None


def test_a_role_of_an_odd_name_is_followed(admin_url: str) -> None:
    """A name that has to be quoted is no reason to read everything each time."""
    reader = CatalogReader()
    with scratch_database(admin_url, label="odd") as url, open_database(url) as database:
        name = f'"{database.name} Odd-Röle"'
        _commit(database, f"CREATE ROLE {name}", f"SET ROLE {name}")
        _read(database, reader, after="an odd name")
        database.rollback()
        _commit(database, "RESET ROLE", f"DROP OWNED BY {name}", f"DROP ROLE {name}")


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
        _commit(
            database,
            "CREATE TABLE t (at timestamptz DEFAULT '2020-01-02 03:04:05+00', f float8 DEFAULT 0.1,"
            " i interval DEFAULT '1 day 02:00', b bytea DEFAULT '\\x00ff', d date DEFAULT '2020-01-31')",
            "CREATE VIEW v AS SELECT at FROM t WHERE at > '2021-01-01 00:00:00+00'",
        )
        before = _read(database, reader, after="the tables")
        database.rollback()
        _commit(
            database, *_FORMATS, "COMMENT ON TABLE t IS 'told again'", "COMMENT ON VIEW v IS 'x'"
        )
        _commit(database, "COMMENT ON TABLE t IS NULL", "COMMENT ON VIEW v IS NULL")

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
        _commit(database, "ALTER TABLE app.users RENAME COLUMN name TO called", "RESET ALL")

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
        _commit(database, rename)
        database.run(seeing.read)

    with open_zoo(admin_url) as database:
        monkeypatch.setattr("alembic_proof.catalog.session.dependents_routine", blind)
        database.run(_outlast_others)
        reader, trusting = CatalogReader(is_verified=True), CatalogReader(is_verified=False)
        database.run(reader.read)
        _commit(database, rename)

        with pytest.raises(DatabaseError, match=r"view app\.names"):
            database.run(reader.read)

        database.run(trusting.read)
        database.run(trusting.verify)
        _commit(database, back)
        with pytest.raises(DatabaseError, match=r"view app\.names"):
            database.run(trusting.verify)

"""Settings that a step leaves in the session are noticed, and the reading goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from alembic_proof.errors import DatabaseError
from alembic_proof.history.walk import Ground
from alembic_proof.postgres.connect import run_on
from alembic_proof.proofs import RowPlan
from alembic_proof.proofs.roundtrip.database import Database
from alembic_proof.proofs.roundtrip.population import Population
from alembic_proof.proofs.roundtrip.unmet import Unmet

MANY_TABLES = """
DO $$ BEGIN FOR i IN 1..400 LOOP
    EXECUTE format('CREATE TABLE t_%s (id integer PRIMARY KEY, name text DEFAULT %L)', i, i);
END LOOP; END $$
"""
SET_ROLE = "DO $$ BEGIN EXECUTE format('SET ROLE %I', current_user); END $$"
Visit = Callable[[Callable[[Database, Ground], None]], None]


@pytest.fixture
def visit(scratch_url: str) -> Visit:
    """Runs a test's body on a database that was looked at once."""

    def visit_(body: Callable[[Database, Ground], None]) -> None:
        def work(connection: sa.Connection) -> None:
            ground = Ground(
                connection=connection,
                heads=(),
                version_table="alembic_version",
                version_schema=None,
            )
            database = Database(scratch_url, Population(RowPlan()), Unmet())
            database.look(ground)
            body(database, ground)

        run_on(scratch_url, work)

    return visit_


def step(ground: Ground, *statements: str) -> None:
    """Run the statements as a revision's step."""
    for statement in statements:
        ground.connection.exec_driver_sql(statement)
    ground.connection.commit()


def setting(ground: Ground, name: str) -> str:
    """The session's value."""
    value = str(ground.connection.exec_driver_sql(f"SHOW {name}").scalar_one())
    ground.connection.rollback()
    return value


@pytest.mark.parametrize(
    ("statement", "name", "value"),
    [
        ("SET lock_timeout = '7s'", "lock_timeout", "7s"),
        (
            "SET idle_in_transaction_session_timeout = '7s'",
            *("idle_in_transaction_session_timeout", "7s"),
        ),
        ("SET search_path = ''", "search_path", '""'),
        (SET_ROLE, "role", None),
        ("SET default_transaction_read_only = on", "default_transaction_read_only", "on"),
        ("SELECT set_config('row_security', 'off', false)", "row_security", "off"),
    ],
)
def test_what_is_left_is_told_and_put_back(
    visit: Visit, statement: str, name: str, value: str | None
) -> None:
    """Once: the next look finds the session as it began."""

    def body(database: Database, ground: Ground) -> None:
        before = setting(ground, name)
        step(ground, statement)
        database.look(ground)
        [left] = database.left
        assert (left.name, value or left.value) == (name, left.value)
        assert setting(ground, name) == before
        database.look(ground)
        assert database.left == ()

    visit(body)


@pytest.mark.parametrize(
    "statements",
    [
        ("SET LOCAL lock_timeout = '7s'",),
        ("SET lock_timeout = '7s'", "SET lock_timeout = 0"),
        ("SET application_name = 'shop'",),
    ],
)
def test_what_is_not_left_is_not_told(visit: Visit, statements: tuple[str, ...]) -> None:
    """What ends with the transaction, was put back, or changes nothing for anybody."""

    def body(database: Database, ground: Ground) -> None:
        step(ground, "SET lock_timeout = 0")
        database.look(ground)
        step(ground, *statements)
        database.look(ground)
        assert database.left == ()

    visit(body)


def test_nothing_is_sent_where_nothing_is_left(visit: Visit) -> None:
    """The values come with the reading; only what is put back is a statement of its own."""

    def body(database: Database, ground: Ground) -> None:
        sent: list[str] = []
        sa.event.listen(
            ground.connection, "before_cursor_execute", lambda *given: sent.append(given[2])
        )
        database.look(ground)
        assert sent == []
        step(ground, "SET lock_timeout = '7s'")
        database.look(ground)
        assert len(sent) == 2

    visit(body)


def test_a_timeout_that_breaks_the_reading_is_told_and_the_reading_goes_on(visit: Visit) -> None:
    """Whoever is in a hurry is not asked again under that hurry."""

    def body(database: Database, ground: Ground) -> None:
        step(ground, MANY_TABLES, "SET statement_timeout = '4ms'")
        catalog = database.look(ground)
        assert len(catalog.of_kind("table")) == 400
        assert [str(one) for one in database.left] == ["statement_timeout = 4ms"]

    visit(body)


def test_a_reading_that_is_broken_otherwise_stays_broken(visit: Visit) -> None:
    """It is not tried again where no setting is to blame."""

    def body(database: Database, ground: Ground) -> None:
        ground.connection.begin()
        with pytest.raises(sa.exc.DBAPIError):
            ground.connection.exec_driver_sql("SELECT 1/0")
        with pytest.raises(DatabaseError):
            database.look(ground)
        ground.connection.rollback()

    visit(body)

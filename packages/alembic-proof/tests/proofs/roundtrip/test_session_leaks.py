"""Settings that a step leaves in the session are noticed, and the reading goes on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_deploy.errors import DatabaseError
from alembic_proof.history.steps import WalkContext
from alembic_proof.proofs import RowPlan
from alembic_proof.proofs.roundtrip import scratch
from alembic_proof.proofs.roundtrip.row_plan import UnmatchedNames
from alembic_proof.proofs.roundtrip.scratch import Database
from alembic_proof.proofs.roundtrip.session_leaks import (
    LeakedSetting,
    restore_settings_after_error,
)

from .site import Connected

MANY_TABLES = """
DO $$ BEGIN FOR i IN 1..400 LOOP
    EXECUTE format('CREATE TABLE t_%s (id integer PRIMARY KEY, name text DEFAULT %L)', i, i);
END LOOP; END $$
"""
SET_ROLE = "DO $$ BEGIN EXECUTE format('SET ROLE %I', current_user); END $$"


class Observed(Connected):
    """A database that was read once."""

    database: Database

    def open(self, connection: sa.Connection) -> None:
        """Read the database."""
        super().open(connection)
        self.database = Database(self.url, self.synthetic_rows, UnmatchedNames())
        self.database.look(self.context)


@pytest.fixture
def observed(scratch_url: str, row_plan: RowPlan) -> Observed:
    """Return a database that is connected while the test runs."""
    return Observed(scratch_url, row_plan)


def step(context: WalkContext, *statements: str) -> None:
    """Run the statements as a revision's step."""
    for statement in statements:
        context.connection.exec_driver_sql(statement)
    context.connection.commit()


def setting(context: WalkContext, name: str) -> str:
    """Return the session's value."""
    value = str(context.connection.exec_driver_sql(f"SHOW {name}").scalar_one())
    context.connection.rollback()
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
def test_a_leaked_setting_is_reported_and_reset(
    observed: Observed, statement: str, name: str, value: str | None
) -> None:
    """Once: the next look finds the session as it began."""
    database, context = observed.database, observed.context
    before = setting(context, name)
    step(context, statement)
    database.look(context)
    [left] = database.leaked
    user = context.connection.exec_driver_sql("SELECT current_user").scalar_one()
    context.connection.rollback()
    assert (left.name, left.value) == (name, value or user)
    assert setting(context, name) == before
    database.look(context)
    assert database.leaked == ()


@pytest.mark.parametrize(
    "statements",
    [
        ("SET LOCAL lock_timeout = '7s'",),
        ("SET lock_timeout = '7s'", "SET lock_timeout = 0"),
        ("SET application_name = 'shop'",),
    ],
)
def test_a_setting_that_is_reset_is_not_reported(
    observed: Observed, statements: tuple[str, ...]
) -> None:
    """What ends with the transaction, was put back, or changes nothing for anybody."""
    database, context = observed.database, observed.context
    step(context, "SET lock_timeout = 0")
    database.look(context)
    step(context, *statements)
    database.look(context)
    assert database.leaked == ()


def test_no_statement_is_sent_where_no_setting_leaked(observed: Observed) -> None:
    """The values come with the reading; only what is put back is a statement of its own."""
    database, context = observed.database, observed.context
    sent: list[str] = []
    sa.event.listen(
        context.connection, "before_cursor_execute", lambda *given: sent.append(given[2])
    )
    database.look(context)
    assert sent == []
    step(context, "SET lock_timeout = '7s'")
    database.look(context)
    assert len(sent) == 2


def test_a_timeout_that_breaks_the_reading_is_reset_and_the_reading_repeated(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timeout ends the first reading; it is reported as a setting that leaked."""
    database, context = observed.database, observed.context
    restored: list[sa.Connection] = []

    def restore(connection: sa.Connection) -> tuple[LeakedSetting, ...]:
        restored.append(connection)
        return restore_settings_after_error(connection)

    monkeypatch.setattr(scratch, "restore_settings_after_error", restore)
    step(context, MANY_TABLES, "SET statement_timeout = '4ms'")
    catalog = database.look(context)
    assert restored == [context.connection]
    assert len(catalog.of_kind("table")) == 400
    assert [str(one) for one in database.leaked] == ["statement_timeout = 4ms"]


def test_another_error_of_a_reading_is_raised(observed: Observed) -> None:
    """It is not repeated where no setting is the cause."""
    database, context = observed.database, observed.context
    context.connection.begin()
    with pytest.raises(sa.exc.DBAPIError):
        context.connection.exec_driver_sql("SELECT 1/0")
    with pytest.raises(DatabaseError):
        database.look(context)
    context.connection.rollback()

"""Tables that refuse rows are reported with PostgreSQL's message; others are filled."""

from __future__ import annotations

import sqlalchemy as sa

from alembic_proof.rows import NotFilled

from .conftest import FilledTables, fill_tables


def refused(outcome: FilledTables) -> NotFilled:
    """Return the only table that was not filled."""
    (found,) = outcome.report.not_filled
    return found


def test_a_check_that_nothing_satisfies_is_reported(connection: sa.Connection) -> None:
    """The report has PostgreSQL's message and SQLSTATE; other tables are filled."""
    outcome = fill_tables(
        connection,
        "CREATE TABLE t (a integer CONSTRAINT never CHECK (false))",
        "CREATE TABLE u (a integer)",
    )

    found = refused(outcome)
    assert found.sqlstate == "23514"
    assert str(found).startswith('t: not filled: new row for relation "t" violates check')
    assert '"never"' in found.reason
    assert len(outcome.rows("u")) == 3


def test_a_trigger_that_raises_is_reported(connection: sa.Connection) -> None:
    """The table is reported, and so is a table that must reference it."""
    outcome = fill_tables(
        connection,
        "CREATE TABLE t (id integer PRIMARY KEY)",
        "CREATE TABLE u (t_id integer NOT NULL REFERENCES t)",
        "CREATE TABLE v (t_id integer REFERENCES t, n integer)",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse()",
    )

    first, second = outcome.report.not_filled
    assert str(first) == "t: not filled: not today (SQLSTATE P0001)"
    assert "u_t_id_fkey refers to public.t, which has no row that fits" in str(second)
    assert outcome.values("t_id", "v") == [None] * 3


def test_a_trigger_that_changes_or_drops_rows_is_tolerated(connection: sa.Connection) -> None:
    """Foreign keys reference the rows that were stored, not those that were sent."""
    outcome = fill_tables(
        connection,
        "CREATE TABLE t (id integer PRIMARY KEY)",
        "CREATE TABLE u (t_id integer NOT NULL REFERENCES t)",
        "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.id = 2 THEN RETURN NULL; END IF; NEW.id = NEW.id + 50; RETURN NEW; END $$",
        "CREATE TRIGGER change BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION change()",
    )

    assert outcome.report.not_filled == ()
    assert outcome.values("id") == [51, 53]
    assert {row["t_id"] for row in outcome.rows("u")} == {51, 53}
    assert "1 of 3 rows were accepted but not stored" in str(outcome.report.notes[0])

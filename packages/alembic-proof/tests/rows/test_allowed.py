"""Rows that only the new schema allows."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.rows import FillReport, fill_allowed, read_shapes

TABLE = (
    "CREATE TYPE mood AS ENUM ('sad', 'glad')",
    "CREATE TABLE p (id integer PRIMARY KEY)",
    (
        "CREATE TABLE t (a text NOT NULL, b varchar(10) NOT NULL, m mood NOT NULL, n smallint NOT NULL,"
        " s text NOT NULL CONSTRAINT s_check CHECK (s IN ('x', 'y')), p_id integer REFERENCES p,"
        " u text NOT NULL CONSTRAINT u_check CHECK (length(u) <= 5),"
        " k integer NOT NULL CONSTRAINT k_check CHECK (k BETWEEN 0 AND 10))"
    ),
)
Added = tuple[FillReport, list[dict[str, Any]]]


def added(sandbox: Any, *steps: str) -> Added:
    """What is written to t after these steps."""

    def work(connection: sa.Connection) -> Added:
        for statement in TABLE:
            connection.exec_driver_sql(statement)
        before = read_shapes(connection)
        for statement in steps:
            connection.exec_driver_sql(statement)
        report = fill_allowed(connection, before, read_shapes(connection))
        rows = connection.exec_driver_sql("SELECT to_jsonb(t) FROM t").scalars()
        return report, [dict(row) for row in rows]

    found: Added = sandbox.run(work)
    return found


ALLOWED = (
    ("ALTER TABLE t ALTER a DROP NOT NULL", "a", None),
    (
        (
            "CREATE TYPE moods AS ENUM ('sad', 'so so', 'glad');"
            " ALTER TABLE t ALTER m TYPE moods USING m::text::moods"
        ),
        "m",
        "so so",
    ),
    ("ALTER TABLE t ALTER b TYPE varchar(20)", "b", "b" + "x" * 19),
    ("ALTER TABLE t ALTER b TYPE text", "b", "b" + "x" * 999),
    ("ALTER TABLE t ALTER n TYPE integer", "n", 2**31 - 1),
    (
        "ALTER TABLE t DROP CONSTRAINT s_check, ADD CHECK (s IN ('x', 'y', 'z'))",
        "s",
        "z",
    ),
    ("ALTER TABLE t DROP CONSTRAINT s_check", "s", "s-1"),
    ("ALTER TABLE t DROP CONSTRAINT u_check, ADD CHECK (length(u) <= 8)", "u", "uxxxxxxx"),
    ("ALTER TABLE t DROP CONSTRAINT k_check, ADD CHECK (k BETWEEN 0 AND 15)", "k", 15),
    ("ALTER TABLE t DROP CONSTRAINT k_check, ADD CHECK (k BETWEEN -3 AND 10)", "k", -3),
    ("ALTER TABLE t ADD COLUMN z integer", "z", 1),
)


@pytest.mark.parametrize(("step", "column", "value"), ALLOWED)
def test_a_newly_allowed_value_is_written(
    sandbox: Any, step: str, column: str, value: object
) -> None:
    """Each way in which a schema gets wider has its row."""
    report, rows = added(sandbox, *step.split("; "))

    assert value in [row[column] for row in rows]
    assert report.not_filled == ()
    assert report.notes == ()


NARROWER = (
    "ALTER TABLE t ALTER p_id SET NOT NULL",
    "ALTER TABLE t ALTER b TYPE varchar(5)",
    "ALTER TABLE t DROP CONSTRAINT s_check, ADD CHECK (s = 'x')",
    "ALTER TABLE t DROP COLUMN k",
    "CREATE INDEX ON t (a)",
    "COMMENT ON TABLE t IS 'x'",
)


@pytest.mark.parametrize("step", NARROWER)
def test_nothing_is_written_when_nothing_more_is_allowed(sandbox: Any, step: str) -> None:
    """A narrower or equal schema gets no rows."""
    assert added(sandbox, step) == (FillReport(), [])


def test_new_tables_are_filled(sandbox: Any) -> None:
    """The downgrade drops them with rows in them."""
    report, _ = added(sandbox, "CREATE TABLE fresh (a integer)")

    assert [(one.table, one.rows) for one in report.filled] == [("public.fresh", 3)]


def test_what_another_constraint_forbids_is_a_note(sandbox: Any) -> None:
    """It seemed to be allowed; the reader learns why there is no such row."""
    report, rows = added(
        sandbox, "ALTER TABLE t ALTER a DROP NOT NULL, ADD CONSTRAINT kept CHECK (a IS NOT NULL)"
    )

    assert rows == []
    assert 't: a may be NULL now, yet a row with it is refused: new row for relation "t"' in str(
        report.notes[0]
    )

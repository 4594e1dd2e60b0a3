"""Rows that only the new schema allows."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.rows import FillReport, fill, fill_allowed, read_shapes

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
    ("ALTER TABLE t ALTER m TYPE text", "m", "m-1009"),
    ("ALTER TABLE t ADD COLUMN z integer", "z", 1),
    ("ALTER TABLE t DROP COLUMN k; ALTER TABLE t ADD COLUMN z integer NOT NULL", "z", 1),
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


@pytest.mark.parametrize(
    ("column", "check"),
    [
        ("a text NOT NULL", "a LIKE '%@%'"),
        ("a text NOT NULL", "a ~ '^[a-z]+$'"),
        ("a text NOT NULL", "a = lower(a)"),
        ("a text NOT NULL", "a <> ''"),
        ("a text[] NOT NULL", "cardinality(a) > 0"),
        ("a text, b text", "num_nonnulls(a, b) = 1"),
        ("a text, b text", "a IS NOT NULL OR b IS NOT NULL"),
        ("a timestamptz NOT NULL", "a > '2000-01-01'"),
    ],
)
def test_a_check_that_goes_leaves_rows_that_it_forbade(
    sandbox: Any, column: str, check: str
) -> None:
    """Whatever it said."""
    made = f"CREATE TABLE t ({column}, CONSTRAINT gone CHECK ({check}))"
    goes = "ALTER TABLE t DROP CONSTRAINT gone"

    def work(connection: sa.Connection) -> tuple[FillReport, int]:
        connection.exec_driver_sql(made, execution_options={"no_parameters": True})
        before = read_shapes(connection)
        connection.exec_driver_sql(goes)
        report = fill_allowed(connection, before, read_shapes(connection))
        sql = f"SELECT count(*) FROM t WHERE NOT ({check})"
        found = connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
        return report, int(found.scalar_one())

    report, forbidden = sandbox.run(work)

    assert report.notes == ()
    assert forbidden > 0


def test_a_domain_that_goes_leaves_rows_that_its_check_forbade(sandbox: Any) -> None:
    """Its column has the type below it then."""

    def work(connection: sa.Connection) -> int:
        connection.exec_driver_sql("CREATE DOMAIN low AS text CHECK (VALUE ~ '^[a-z]+$')")
        connection.exec_driver_sql("CREATE TABLE t (a low NOT NULL)")
        before = read_shapes(connection)
        connection.exec_driver_sql("ALTER TABLE t ALTER a TYPE text")
        fill_allowed(connection, before, read_shapes(connection))
        sql = "SELECT count(*) FROM t WHERE a !~ '^[a-z]+$'"
        return int(connection.exec_driver_sql(sql).scalar_one())

    assert sandbox.run(work) > 0


def test_each_new_partition_gets_a_row(sandbox: Any) -> None:
    """Rows that are there lie elsewhere."""

    def work(connection: sa.Connection) -> tuple[FillReport, int]:
        connection.exec_driver_sql("CREATE TABLE p (at date NOT NULL) PARTITION BY RANGE (at)")
        connection.exec_driver_sql("CREATE TABLE p_others PARTITION OF p DEFAULT")
        before = read_shapes(connection)
        connection.exec_driver_sql(
            "CREATE TABLE p_2031 PARTITION OF p FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')"
        )
        report = fill_allowed(connection, before, read_shapes(connection))
        return report, int(connection.exec_driver_sql("SELECT count(*) FROM p_2031").scalar_one())

    report, rows = sandbox.run(work)

    assert (report.not_filled, report.notes, rows) == ((), (), 1)


WITHOUT_A_TARGET = (
    ("(a, b)", ()),
    ("(b, a)", ("ALTER TABLE kid ADD FOREIGN KEY (a) REFERENCES single",)),
)


@pytest.mark.parametrize(("columns", "steps"), WITHOUT_A_TARGET)
def test_a_key_of_two_columns_that_goes_is_tried(
    sandbox: Any, columns: str, steps: tuple[str, ...]
) -> None:
    """One value that is nowhere, in a column that refers to nothing else."""

    def work(connection: sa.Connection) -> tuple[FillReport, int]:
        for sql in (
            "CREATE TABLE single (id integer PRIMARY KEY)",
            "CREATE TABLE par (a integer, b integer, UNIQUE (a, b), UNIQUE (b, a))",
            "CREATE TABLE kid (a integer, b integer)",
            *steps,
            f"ALTER TABLE kid ADD CONSTRAINT gone FOREIGN KEY {columns} REFERENCES par {columns}",
        ):
            connection.exec_driver_sql(sql)
        before = read_shapes(connection)
        connection.exec_driver_sql("ALTER TABLE kid DROP CONSTRAINT gone")
        report = fill_allowed(connection, before, read_shapes(connection))
        sql = "SELECT count(*) FROM kid WHERE a IS NOT NULL AND b = 1010"
        return report, int(connection.exec_driver_sql(sql).scalar_one())

    report, dangling = sandbox.run(work)

    assert (report.notes, dangling) == ((), 1)


FAMILY = (
    "CREATE TABLE lists (code text PRIMARY KEY)",
    "INSERT INTO lists VALUES ('x'), ('y')",
    "CREATE TABLE par (id integer PRIMARY KEY, code text UNIQUE)",
    (
        "CREATE TABLE kid (id integer PRIMARY KEY, par integer REFERENCES par,"
        " status text NOT NULL CHECK (status IN ('x', 'y')), code text REFERENCES par (code))"
    ),
)
QUIET = (
    "ALTER TABLE par RENAME id TO nr",
    "ALTER TABLE kid RENAME status TO state",
    "ALTER TABLE kid DROP CONSTRAINT kid_status_check, ADD FOREIGN KEY (status) REFERENCES lists",
    "ALTER TABLE par ALTER id TYPE bigint; ALTER TABLE kid ALTER par TYPE bigint",
    "ALTER TABLE par ADD place integer; UPDATE par SET place = id; CREATE UNIQUE INDEX ON par (place)",
    "ALTER TABLE par RENAME code TO sign",
)


@pytest.mark.parametrize("step", QUIET)
def test_nothing_is_said_of_a_row_that_nobody_expects(sandbox: Any, step: str) -> None:
    """A name that is another one, a list that has become a table, numbers that refer to others."""

    def work(connection: sa.Connection) -> FillReport:
        for sql in FAMILY:
            connection.exec_driver_sql(sql)
        before = read_shapes(connection)
        fill(connection, before)
        for sql in step.split("; "):
            connection.exec_driver_sql(sql)
        return fill_allowed(connection, before, read_shapes(connection))

    report = sandbox.run(work)

    assert [str(note) for note in report.notes] == []


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

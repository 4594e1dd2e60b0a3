"""Rows that only the new schema permits are inserted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from alembic_proof.rows import (
    FillReport,
    TableInfo,
    TableName,
    fill,
    fill_newly_valid,
    read_user_tables,
)
from alembic_proof.rows.newly_valid import narrowed_checks
from alembic_proof.rows.schema import Check, ColumnInfo, TypeInfo, TypeKind

from .conftest import count, execute_all, read_rows

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


def fill_after(
    connection: sa.Connection, ddl: Sequence[str], *steps: str, is_filled: bool = False
) -> FillReport:
    """Create the tables, run the steps, and insert the rows that only the new schema permits."""
    execute_all(connection, *ddl)
    before = read_user_tables(connection)
    if is_filled:
        fill(connection, before)
    execute_all(connection, *steps)
    return fill_newly_valid(connection, before, read_user_tables(connection))


WIDER = (
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


@pytest.mark.parametrize(("step", "column", "value"), WIDER)
def test_a_newly_valid_value_is_inserted(
    connection: sa.Connection, step: str, column: str, value: object
) -> None:
    """Each way in which a schema permits more has its row."""
    report = fill_after(connection, TABLE, *step.split("; "))

    assert value in [row[column] for row in read_rows(connection, "t")]
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
def test_nothing_is_inserted_when_nothing_more_is_permitted(
    connection: sa.Connection, step: str
) -> None:
    """A narrower or equal schema gets no row."""
    assert fill_after(connection, TABLE, step) == FillReport()
    assert count(connection, "t") == 0


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
def test_a_dropped_check_gives_rows_that_it_forbade(
    connection: sa.Connection, column: str, check: str
) -> None:
    """Also where the CHECK cannot be read."""
    ddl = (f"CREATE TABLE t ({column}, CONSTRAINT gone CHECK ({check}))",)

    report = fill_after(connection, ddl, "ALTER TABLE t DROP CONSTRAINT gone")

    assert report.notes == ()
    assert count(connection, f"t WHERE NOT ({check})") > 0


def test_a_dropped_domain_gives_rows_that_its_check_forbade(connection: sa.Connection) -> None:
    """Its column has the base type afterwards."""
    ddl = (
        "CREATE DOMAIN low AS text CHECK (VALUE ~ '^[a-z]+$')",
        "CREATE TABLE t (a low NOT NULL)",
    )

    fill_after(connection, ddl, "ALTER TABLE t ALTER a TYPE text")

    assert count(connection, "t WHERE a !~ '^[a-z]+$'") > 0


def test_each_new_partition_gets_a_row(connection: sa.Connection) -> None:
    """Rows that were there are in the default partition."""
    ddl = (
        "CREATE TABLE p (at date NOT NULL) PARTITION BY RANGE (at)",
        "CREATE TABLE p_others PARTITION OF p DEFAULT",
    )

    report = fill_after(
        connection,
        ddl,
        "CREATE TABLE p_2031 PARTITION OF p FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')",
    )

    assert (report.not_filled, report.notes) == ((), ())
    assert count(connection, "p_2031") == 1


DROPPED_FOREIGN_KEYS = (
    ("(a, b)", ()),
    ("(b, a)", ("ALTER TABLE kid ADD FOREIGN KEY (a) REFERENCES single",)),
)


@pytest.mark.parametrize(("columns", "steps"), DROPPED_FOREIGN_KEYS)
def test_a_dropped_foreign_key_of_two_columns_gives_a_dangling_row(
    connection: sa.Connection, columns: str, steps: tuple[str, ...]
) -> None:
    """One value references nothing, in a column that no other foreign key uses."""
    ddl = (
        "CREATE TABLE single (id integer PRIMARY KEY)",
        "CREATE TABLE par (a integer, b integer, UNIQUE (a, b), UNIQUE (b, a))",
        "CREATE TABLE kid (a integer, b integer)",
        *steps,
        f"ALTER TABLE kid ADD CONSTRAINT gone FOREIGN KEY {columns} REFERENCES par {columns}",
    )

    report = fill_after(connection, ddl, "ALTER TABLE kid DROP CONSTRAINT gone")

    assert report.notes == ()
    assert count(connection, "kid WHERE a IS NOT NULL AND b = 1010") == 1


FAMILY = (
    "CREATE TABLE lists (code text PRIMARY KEY)",
    "INSERT INTO lists VALUES ('x'), ('y')",
    "CREATE TABLE par (id integer PRIMARY KEY, code text UNIQUE)",
    (
        "CREATE TABLE kid (id integer PRIMARY KEY, par integer REFERENCES par,"
        " status text NOT NULL CHECK (status IN ('x', 'y')), code text REFERENCES par (code))"
    ),
)
WITHOUT_NOTES = (
    "ALTER TABLE par RENAME id TO nr",
    "ALTER TABLE kid RENAME status TO state",
    "ALTER TABLE kid DROP CONSTRAINT kid_status_check, ADD FOREIGN KEY (status) REFERENCES lists",
    "ALTER TABLE par ALTER id TYPE bigint; ALTER TABLE kid ALTER par TYPE bigint",
    "ALTER TABLE par ADD place integer; UPDATE par SET place = id; CREATE UNIQUE INDEX ON par (place)",
    "ALTER TABLE par RENAME code TO sign",
)


@pytest.mark.parametrize("step", WITHOUT_NOTES)
def test_an_unexpected_row_is_no_note(connection: sa.Connection, step: str) -> None:
    """Renamed columns, a list that became a table, and wider numbers in foreign keys."""
    report = fill_after(connection, FAMILY, *step.split("; "), is_filled=True)

    assert [str(note) for note in report.notes] == []


def test_new_tables_are_filled(connection: sa.Connection) -> None:
    """So the downgrade drops them with rows in them."""
    report = fill_after(connection, TABLE, "CREATE TABLE fresh (a integer)")

    assert [(one.table, one.rows) for one in report.filled] == [("public.fresh", 3)]


def test_a_value_that_another_constraint_forbids_is_a_note(connection: sa.Connection) -> None:
    """The note says why there is no such row."""
    report = fill_after(
        connection,
        TABLE,
        "ALTER TABLE t ALTER a DROP NOT NULL, ADD CONSTRAINT kept CHECK (a IS NOT NULL)",
    )

    assert count(connection, "t") == 0
    assert 't: a may be NULL now, yet a row with it is refused: new row for relation "t"' in str(
        report.notes[0]
    )


def text(length: int = -1) -> TypeInfo:
    """Return text, or varchar of this length."""
    name = "text" if length < 0 else "varchar"
    return TypeInfo(
        "pg_catalog", name, TypeKind.BASE, "S", modifier=length + 4 if length >= 0 else -1
    )


NUMBER = TypeInfo("pg_catalog", "int4", TypeKind.BASE, "N")


def things(name: TypeInfo, *expressions: str) -> TableInfo:
    """Return a table with these checks."""
    columns = (
        *(ColumnInfo("name", name), ColumnInfo("kind", text())),
        *(ColumnInfo("size", NUMBER), ColumnInfo("id", NUMBER, is_nullable=False)),
    )
    checks = tuple(Check(f"c{number}", one) for number, one in enumerate(expressions))
    return TableInfo(TableName("public.things"), columns, checks=checks)


@pytest.mark.parametrize(
    ("before", "after", "is_narrowed"),
    [
        (things(text()), things(text(), "size > 1"), True),
        (things(text()), things(text(), "size > 1 AND name <> 'a'"), True),
        (things(text()), things(text(), "name <> 'a' AND kind <> 'b'"), False),
        (things(text()), things(text(), "size > 1 OR kind = 'a'"), True),
        (things(text()), things(text(), "size > 1 OR kind <> 'a'"), False),
        (things(text()), things(text(), "size > 1 OR length(name) % 2 = 0"), False),
        (things(text()), things(text(), "name LIKE '%a' OR name ~ '^b'"), True),
        (things(text()), things(text(), "size IS NULL OR size > 1"), True),
        (things(text()), things(text(), "size IS NOT NULL OR name IS NOT NULL"), True),
        (things(text()), things(text(), "size IS NOT NULL OR id IS NOT NULL"), False),
        (things(text(), "size > 0 OR kind = 'a'"), things(text(), "size > 1 OR kind = 'a'"), True),
        (things(text(), "size > 1 OR kind = 'a'"), things(text(), "size > 0 OR kind = 'a'"), False),
        (
            things(text(), "size IS NULL OR size > 1"),
            things(text(), "size IS NULL OR size > 0"),
            False,
        ),
        (things(text(), "size > 5"), things(text(), "size > 1 AND size < 9"), True),
        (things(text(), "size > 5", "size < 7"), things(text(), "size > 1 AND size < 9"), False),
        (things(text(50)), things(text(), "char_length(name) < 10000"), False),
        (things(text(50)), things(text(), "char_length(name) < 10"), True),
        (things(text(50), "kind = 'a'"), things(text(), "kind IN ('a', 'b')"), False),
        (things(NUMBER), things(text(), "name = 'a'"), True),
    ],
)
def test_a_check_that_rows_violate_for_certain_is_narrowed(
    before: TableInfo, after: TableInfo, *, is_narrowed: bool
) -> None:
    """Each alternative must refuse usual values, and a type that only becomes wider refuses none."""
    assert bool(narrowed_checks(before, after)) is is_narrowed

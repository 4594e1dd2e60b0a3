"""The row that broke a statement is found again, and no other one is shown in its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import HistoryError
from alembic_deploy.server_message import first_cause
from alembic_deploy.url import DRIVERS, DatabaseUrl, is_usable_driver
from alembic_proof.proofs.roundtrip.offending_rows import OffendingRows, find_offending_rows


@pytest.fixture(params=DRIVERS)
def driver_url(request: pytest.FixtureRequest, scratch_url: str) -> str:
    """Provide the database's URL for each of the drivers."""
    if not is_usable_driver(request.param):
        pytest.skip(f"{request.param} is not usable")
    return replace(DatabaseUrl.parse(scratch_url), driver=request.param).text


def execute(url: str, *statements: str) -> None:
    """Run the statements in one transaction."""
    run_on(url, lambda connection: [connection.execute(sa.text(sql)) for sql in statements])


def offending_rows_of(url: str, *statements: str, step: tuple[str, ...] = ()) -> OffendingRows:
    """Return the error of the step's statements, by default of the last one; earlier statements are kept."""
    execute(url, *(statements if step else statements[:-1]))
    with pytest.raises(DBAPIError) as caught:
        execute(url, *(step or statements[-1:]))
    return find_offending_rows(url, caught.value)


def test_percent_signs_are_those_of_the_statement(driver_url: str) -> None:
    """Whatever SQLAlchemy made of them for the driver."""
    found = offending_rows_of(
        driver_url,
        "CREATE TABLE t (n integer)",
        "INSERT INTO t VALUES (10), (13), (20)",
        "ALTER TABLE t ADD CHECK (n % 10 = 0)",
    )

    assert found.rows == "t (n=13)"


@pytest.mark.parametrize(
    ("checks", "row"),
    [
        ("ADD CONSTRAINT a CHECK (x > 0), ADD CONSTRAINT b CHECK (y <> ')')", "t (x=1, y=')')"),
        ("ADD CONSTRAINT \"B\" CHECK (x > 0), ADD CONSTRAINT B CHECK (y <> ')')", "t (x=1, y=')')"),
        ("ADD CHECK (x > 0), ADD CONSTRAINT b CHECK (y <> ')')", "t (x=1, y=')')"),
        ("ADD CONSTRAINT a CHECK (x > 0), ADD CHECK (y <> ')')", "t (x=1, y=')')"),
        ("ADD CHECK (x IS NOT NULL), ADD CHECK (y <> ')')", ""),
    ],
    ids=["named", "quoted", "one_nameless", "other_nameless", "nameless"],
)
def test_the_failed_check_of_several_selects_the_row(
    scratch_url: str, checks: str, row: str
) -> None:
    """If that one cannot be identified, no row is shown."""
    found = offending_rows_of(
        scratch_url,
        "CREATE TABLE t (x integer, y text)",
        "INSERT INTO t VALUES (1, ')'), (NULL, '')",
        f"ALTER TABLE t {checks}",
    )

    assert found.rows == row


def test_a_check_that_was_not_valid_until_now(scratch_url: str) -> None:
    """It is the database's; one that a statement adds under its name is the statement's."""
    made = (
        "CREATE TABLE t (x integer)",
        "INSERT INTO t VALUES (1), (-1)",
        'ALTER TABLE t ADD CONSTRAINT "C" CHECK (x > 0) NOT VALID',
    )

    found = offending_rows_of(scratch_url, *made, 'ALTER TABLE t VALIDATE CONSTRAINT "C"')
    other = offending_rows_of(
        scratch_url,
        "ANALYZE t",
        step=(
            'ALTER TABLE t DROP CONSTRAINT "C"',
            'ALTER TABLE t ADD CONSTRAINT "C" CHECK (x < 0)',
        ),
    )

    assert (found.rows, other.rows) == ("t (x=-1)", "t (x=1)")


@pytest.mark.parametrize("column", ['"userId"', '"order"', '"a ""b"" c"', "plain"])
def test_a_foreign_key_over_a_quoted_name(scratch_url: str, column: str) -> None:
    """PostgreSQL tells it without quotes."""
    found = offending_rows_of(
        scratch_url,
        "CREATE TABLE users (id integer PRIMARY KEY)",
        f"CREATE TABLE notes (id integer, {column} integer)",
        "INSERT INTO users VALUES (1)",
        "INSERT INTO notes VALUES (1, 1), (2, 77)",
        f"ALTER TABLE notes ADD FOREIGN KEY ({column}) REFERENCES users",
    )

    name = column.strip('"').replace('""', "")
    assert found.rows.replace('"', "") == f"notes (id=2, {name}=77)"


@pytest.mark.parametrize("action", ["NO ACTION", "RESTRICT"])
def test_a_row_that_others_refer_to(scratch_url: str, action: str) -> None:
    """PostgreSQL names the table that refers to it, and the key of the one that it refers to.

    That may be in another schema than its namesake.
    """
    found = offending_rows_of(
        scratch_url,
        "CREATE SCHEMA app",
        'CREATE TABLE app.users ("userId" integer)',
        "INSERT INTO app.users VALUES (2)",
        'CREATE TABLE users ("userId" integer PRIMARY KEY, name text)',
        "CREATE TABLE app.notes"
        f' ("userId" integer, user_id integer REFERENCES users ON DELETE {action})',
        "INSERT INTO users VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO app.notes VALUES (2, 1), (1, 2)",
        'DELETE FROM users WHERE "userId" = 2',
    )

    assert (found.rows, found.condition) == ("users (userId=2, name='b')", "")


def test_a_value_that_does_not_convert_under_forced_security(scratch_url: str) -> None:
    """Policies hide no row from the search, and what it lifts for that is back afterwards."""
    found = offending_rows_of(
        scratch_url,
        "CREATE TABLE t (v text)",
        "INSERT INTO t VALUES ('1'), ('x')",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "ALTER TABLE t ALTER v TYPE integer USING v::integer",
    )

    assert found.rows == "t (v='x')"
    forced = "SELECT relforcerowsecurity FROM pg_class WHERE relname = 't'"
    assert run_on(scratch_url, lambda connection: connection.scalar(sa.text(forced))) is True


def test_rows_at_one_place_in_several_partitions(scratch_url: str) -> None:
    """Only the one that does not convert is to blame."""
    found = offending_rows_of(
        scratch_url,
        "CREATE TABLE t (k integer, v text) PARTITION BY LIST (k)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2)",
        "INSERT INTO t VALUES (1, '1'), (2, 'x')",
        "ALTER TABLE t ALTER v TYPE integer USING v::integer",
    )

    blamed = f"SELECT array_agg(k) FROM t WHERE {found.condition}"
    assert found.rows == "t (k=2, v='x')"
    assert run_on(scratch_url, lambda connection: connection.scalar(sa.text(blamed))) == [2]


@pytest.mark.parametrize(
    ("column", "row"),
    [("v", "t (id=2, v='')"), ('"Value"', "t (id=2, Value='')")],
)
def test_a_value_that_a_domains_new_check_refuses(scratch_url: str, column: str, row: str) -> None:
    """VALUE is the column, and stays what it is inside of quotes."""
    found = offending_rows_of(
        scratch_url,
        "CREATE DOMAIN word AS text",
        f"CREATE TABLE t (id integer, {column} word)",
        "INSERT INTO t VALUES (1, 'value'), (2, '')",
        "ALTER DOMAIN word ADD CONSTRAINT filled CHECK (VALUE = 'value')",
    )

    assert found.rows == row


def test_a_key_with_a_column_that_the_step_dropped(scratch_url: str) -> None:
    """The rows are identified by the other columns of the key."""
    found = offending_rows_of(
        scratch_url,
        "CREATE TABLE t (id integer, email text)",
        "INSERT INTO t VALUES (1, 'a'), (2, E'b\n\t'), (3, E'b\n\t')",
        step=(
            "ALTER TABLE t ADD tenant integer",
            "ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (tenant, email)",
        ),
    )

    assert found.rows == r"t (id=2, email='b\n\t'); t (id=3, email='b\n\t')"


def test_a_key_of_new_columns_only_selects_no_row(scratch_url: str) -> None:
    """Every row of the table would do."""
    found = offending_rows_of(
        scratch_url,
        "CREATE TABLE t (id integer)",
        "INSERT INTO t VALUES (1), (2)",
        step=("ALTER TABLE t ADD n integer DEFAULT 1", "ALTER TABLE t ADD UNIQUE (n)"),
    )

    assert found.rows == ""


def test_rows_that_fail_the_commit_are_found(scratch_url: str) -> None:
    """A deferred constraint tells its row as well, through the words that others put around it."""
    for sql in (
        "CREATE TABLE users (id integer PRIMARY KEY)",
        "CREATE TABLE notes (user_id integer REFERENCES users DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO users VALUES (1), (2)",
        "INSERT INTO notes VALUES (2)",
    ):
        execute(scratch_url, sql)

    with pytest.raises(DBAPIError) as caught:
        execute(scratch_url, "DELETE FROM users")
    wrapped = HistoryError("env.py cannot run")
    wrapped.__cause__ = caught.value

    assert find_offending_rows(scratch_url, wrapped).rows == ""
    assert find_offending_rows(scratch_url, first_cause(wrapped)).rows == "users (id=2)"


def test_a_value_that_a_type_of_the_same_step_refuses(scratch_url: str) -> None:
    """The type is gone with the step: the row is found by the value that the error names."""
    found = offending_rows_of(
        scratch_url,
        "CREATE TABLE t (x integer, y text)",
        "INSERT INTO t VALUES (1, 'ab'), (2, 'c\"d')",
        step=(
            "CREATE TYPE u AS ENUM ('ab')",
            "ALTER TABLE t ALTER COLUMN y TYPE u USING y::u",
        ),
    )

    assert found.rows == "t (x=2, y='c\"d')"
    assert found.condition == ""

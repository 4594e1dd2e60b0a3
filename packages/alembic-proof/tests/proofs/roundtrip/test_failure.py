"""What the proof does after a failed step, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from alembic_proof.history.dry_run import RowFailure
from alembic_proof.history.lock_wait import LockWaitError, WaitingSession
from alembic_proof.history.revisions import ChainRevision
from alembic_proof.proofs.roundtrip.failure import (
    Consequences,
    FailedAttempt,
    Response,
    caused_by_rows,
    consequences,
    group_by_cause,
    is_schema_error,
    masked_failure,
    next_rows_to_remove,
    respond,
)
from alembic_proof.proofs.roundtrip.observation import Direction
from alembic_proof.proofs.roundtrip.offending_rows import OffendingRows
from alembic_proof.rows import TableName

USERS = TableName("public.users")
WAIT = LockWaitError(WaitingSession(1, "", "a"), WaitingSession(2, "", "b"), "idle", 1.0)
REVISION = ChainRevision(revision_id="0002", path=Path("missing.py"), title="")


class ServerError(Exception):
    """An error as a driver raises it."""

    def __init__(self, sqlstate: str, *, detail: str = "") -> None:
        super().__init__(sqlstate)
        self.sqlstate, self.message, self.detail = sqlstate, f"error {sqlstate}", detail


def error(sqlstate: str, sql: str = "SELECT 1", *, detail: str = "") -> DBAPIError:
    """Return an error of PostgreSQL as SQLAlchemy wraps it."""
    return DBAPIError(sql, None, ServerError(sqlstate, detail=detail))


TYPE_EXISTS = error("42710", "CREATE TYPE mood AS ENUM ('sad')")
ROLE_EXISTS = error("42710", "CREATE ROLE app")


def attempt(
    direction: Direction = "upgrade",
    sqlstate: str = "23502",
    *,
    sql: str = "ALTER TABLE users ALTER name SET NOT NULL",
    without: OffendingRows | None = None,
) -> FailedAttempt:
    """Return an attempt that failed while rows were there."""
    return FailedAttempt(direction=direction, error=error(sqlstate, sql), without=without)


@pytest.mark.parametrize(
    ("failure", "has_rows", "has_functions", "response"),
    [
        (error("23502"), True, True, Response.TRY_WITHOUT_ROWS),
        (error("23502"), False, True, Response.REPORT),
        (error("42P01"), True, True, Response.TRY_WITHOUT_ROWS),
        (ValueError("no"), True, True, Response.TRY_WITHOUT_ROWS),
        (WAIT, True, True, Response.REPORT),
        (
            error("2BP01", detail="function pg_temp.alembic_proof_x() depends on language plpgsql"),
            True,
            True,
            Response.READ_WITHOUT_FUNCTIONS,
        ),
        (
            error("2BP01", detail="function pg_temp.alembic_proof_x() depends on language plpgsql"),
            False,
            False,
            Response.REPORT,
        ),
        (error("2BP01", detail="view v depends on table t"), False, True, Response.REPORT),
    ],
)
def test_the_response_to_a_failed_step(
    failure: Exception, *, has_rows: bool, has_functions: bool, response: Response
) -> None:
    """Rows may be the cause of any error but a lock wait, as long as there are some."""
    found = respond(
        REVISION, "upgrade", failure, has_rows=has_rows, has_reader_functions=has_functions
    )

    assert found is response


@pytest.mark.parametrize(
    ("direction", "failure", "was_tried", "expected"),
    [
        ("upgrade", error("42P01"), False, Consequences(blocks_descendants=True)),
        ("downgrade", error("42P01"), False, Consequences()),
        ("second upgrade", error("42P01"), False, Consequences(needs_fresh_database=True)),
        (
            "upgrade",
            TYPE_EXISTS,
            False,
            Consequences(needs_fresh_database=True, try_in_one_run=True),
        ),
        ("upgrade", TYPE_EXISTS, True, Consequences(blocks_descendants=True)),
        ("second upgrade", TYPE_EXISTS, False, Consequences(needs_fresh_database=True)),
        (
            "upgrade",
            WAIT,
            False,
            Consequences(needs_fresh_database=True, blocks_descendants=True),
        ),
        ("downgrade", WAIT, False, Consequences(needs_fresh_database=True)),
    ],
)
def test_the_consequences_of_a_reported_failure(
    direction: Direction, failure: Exception, *, was_tried: bool, expected: Consequences
) -> None:
    """An upgrade that fails blocks its descendants, unless it passes as in a run from base."""
    assert consequences(direction, failure, was_tried_in_one_run=was_tried) == expected


@pytest.mark.parametrize(
    ("failed", "count"), [(None, 1), ("downgrade", 1), ("second upgrade", 1), ("upgrade", 0)]
)
def test_rows_are_the_cause_where_the_step_succeeds_without_them(
    failed: Direction | None, count: int
) -> None:
    """Nothing failed without rows, or a later step did."""
    assert len(caused_by_rows([attempt()], failed)) == count


def test_a_role_that_exists_is_not_caused_by_rows() -> None:
    """It belongs to the cluster, and the first try made it."""
    tried = [FailedAttempt(direction="upgrade", error=ROLE_EXISTS), attempt()]

    assert caused_by_rows(tried, None) == (tried[1],)


def test_one_statement_that_fails_over_row_after_row_counts_once() -> None:
    """The first attempt is the one that is reported."""
    first, second = attempt(), attempt()

    assert caused_by_rows([first, second], None) == (first,)
    assert len(caused_by_rows([first, attempt(sql="SELECT 2")], None)) == 2


def test_failures_are_grouped_by_step_and_sqlstate() -> None:
    """Each further statement of the step counts, with its line; the first keeps its own rows."""
    others = (
        RowFailure(error("23502", "ALTER TABLE tags ALTER name SET NOT NULL"), 7),
        RowFailure(error("23514", "ALTER TABLE tags ADD CHECK (size > 9)"), 8),
    )
    several = FailedAttempt(
        direction="upgrade",
        error=error("23502", "ALTER TABLE users ALTER name SET NOT NULL"),
        offending_rows=OffendingRows(USERS, "users (id=1)"),
        row_failures=others,
    )

    groups = group_by_cause([several, attempt("downgrade")])

    assert [[one.line for one in group] for group in groups] == [[0, 7], [8], [0]]
    assert [one.offending_rows.rows for one in groups[0]] == ["users (id=1)", ""]


def test_rows_are_removed_from_few_to_all() -> None:
    """First those to blame, then the table's, then the database is a fresh one."""
    few = OffendingRows(USERS, "users (id=1)", "id = 1")
    whole = OffendingRows(USERS)
    blamed = OffendingRows(USERS, condition="id = 1")

    assert next_rows_to_remove(few, []) == blamed
    assert next_rows_to_remove(few, [attempt(without=blamed)]) == whole
    assert next_rows_to_remove(few, [attempt(without=blamed), attempt(without=whole)]) is None
    assert next_rows_to_remove(OffendingRows(), []) is None


def test_after_four_tries_the_whole_table_is_emptied() -> None:
    """A step may fail on row after row."""
    tried = [
        attempt(without=OffendingRows(USERS, condition=f"id = {number}")) for number in range(4)
    ]

    assert next_rows_to_remove(
        OffendingRows(USERS, condition="id = 9"), tried[:3]
    ) == OffendingRows(USERS, condition="id = 9")
    assert next_rows_to_remove(OffendingRows(USERS, condition="id = 9"), tried) == OffendingRows(
        USERS
    )


@pytest.mark.parametrize(("failed", "is_masked"), [("upgrade", True), ("downgrade", False)])
def test_an_earlier_step_that_fails_now_masks_the_first_failure(
    failed: Direction, *, is_masked: bool
) -> None:
    """The first try left something outside of its database, a role for example."""
    first = attempt("downgrade")

    assert masked_failure([first], failed) == (first if is_masked else None)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(error("42P07"), True), (error("23505"), False), (ValueError("no"), False)],
)
def test_an_error_about_definitions_differs_from_one_about_rows(
    failure: Exception, *, expected: bool
) -> None:
    """By the class of the SQLSTATE."""
    assert is_schema_error(failure) is expected

"""What a step has sent and committed: which statements may run again."""

from __future__ import annotations

import pytest

from alembic_deploy.step_effects import is_repeatable


@pytest.mark.parametrize(
    ("statement", "is_one"),
    [
        ("CREATE TABLE IF NOT EXISTS t (id int)", True),
        ("ALTER TABLE t DROP COLUMN IF EXISTS a", True),
        ("DROP INDEX CONCURRENTLY IF EXISTS ix", True),
        ("SELECT 1", True),
        (
            "SELECT pg_catalog.set_config('a.b', 'c', false), coalesce(max(id), (SELECT 0)) FROM t",
            True,
        ),
        ("SELECT name FROM t WHERE id IN (1, 2)", True),
        ("SELECT shop.count(1)", False),
        ("SELECT f()", False),
        ('SELECT "f"()', False),
        ("SELECT a INTO t FROM s", False),
        ("CREATE TABLE t (id int)", False),
        (
            "DO $$ BEGIN IF EXISTS (SELECT FROM t) THEN INSERT INTO t VALUES (1); END IF; END $$",
            False,
        ),
        ("INSERT INTO notes VALUES ('IF EXISTS')", False),
        ("-- first\nSET lock_timeout = 0; SELECT 1;", True),
        ("SET lock_timeout = 0; INSERT INTO t VALUES (1)", False),
    ],
)
def test_statements_that_may_run_again(statement: str, *, is_one: bool) -> None:
    """A second INSERT of a DO, or of its own, would be one row too many."""
    assert is_repeatable(statement) is is_one

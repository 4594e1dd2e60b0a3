"""The rule `concurrent-index-if-not-exists`."""

from __future__ import annotations

import pytest

from alembic_proof.lint.rules.concurrent_index_if_not_exists import RULE

from .found import lines

_MAKE = 'op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b)")'


@pytest.mark.parametrize(
    "statement",
    [
        _MAKE,
        'op.execute("create unique index concurrently if not exists i ON a (b)")',
        'op.execute("CREATE INDEX /* slow */ CONCURRENTLY IF NOT EXISTS i ON a (b)")',
        'op.create_index("i", "a", ["b"], postgresql_concurrently=True, if_not_exists=True)',
        'for sql in ("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b)",): op.execute(sql)',
    ],
)
def test_the_two_together_are_found(statement: str) -> None:
    """The statement and the operation are found."""
    assert lines(RULE, f"def upgrade():\n    {statement}") == [2]


@pytest.mark.parametrize(
    "statement",
    [
        'op.execute("CREATE INDEX CONCURRENTLY i ON a (b)")',
        'op.execute("CREATE INDEX IF NOT EXISTS i ON a (b)")',
        'op.create_index("i", "a", ["b"], if_not_exists=True)',
        f'op.drop_index("i", if_exists=True, postgresql_concurrently=True)\n    {_MAKE}',
        f'op.execute("DROP INDEX CONCURRENTLY IF EXISTS i")\n    {_MAKE}',
        f'op.execute("DO $$ BEGIN PERFORM 1 FROM pg_index WHERE NOT indisvalid; END $$")\n    {_MAKE}',
    ],
)
def test_one_alone_or_after_a_look_at_what_is_left_is_clean(statement: str) -> None:
    """A drop before it, or a check of `indisvalid`, is clean."""
    assert lines(RULE, f"def upgrade():\n    {statement}") == []

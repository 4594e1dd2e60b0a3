"""The rule `work-before-autocommit-block`."""

from __future__ import annotations

import pytest

from alembic_proof.lint.rules.work_before_autocommit_block import RULE

from .found import found, lines

_BLOCK = "with op.get_context().autocommit_block():\n        op.execute('VACUUM')"


def test_the_work_and_the_block_are_named() -> None:
    """The finding is at the last change before the block."""
    text = f"def upgrade():\n    op.add_column('a', b)\n    op.drop_table('c')\n    {_BLOCK}"

    (one,) = found(RULE, text)

    assert one == (
        "3: op.drop_table() is committed before the autocommit block of line 8: if the block fails, "
        "half of the revision stays"
    )


@pytest.mark.parametrize(
    "work",
    [
        "op.execute('UPDATE a SET b = 1')",
        "op.execute('DROP TABLE a -- IF EXISTS is not needed')",
        "with op.batch_alter_table('a') as batch_op:\n        batch_op.add_column(b)",
        "op.bulk_insert(a, [])",
    ],
)
def test_every_kind_of_work_is_found(work: str) -> None:
    """Operations, SQL and batches are changes."""
    assert len(lines(RULE, f"def upgrade():\n    {work}\n    {_BLOCK}")) == 1


@pytest.mark.parametrize(
    "before",
    [
        "pass",
        "op.execute(\"SET lock_timeout = '2s'\")",
        "op.create_table('a', if_not_exists=True)",
        "op.execute('DROP TABLE IF EXISTS a')",
        "bind = op.get_bind()",
        "if op.get_context().dialect.name == 'sqlite':\n        op.drop_table('a')",
        "with op.get_context().autocommit_block():\n        op.execute('VACUUM')",
    ],
)
def test_repeatable_changes_are_clean(before: str) -> None:
    """Changes that can be repeated are clean."""
    assert lines(RULE, f"def upgrade():\n    {before}\n    {_BLOCK}") == []


def test_work_after_the_block_and_in_another_branch_is_clean() -> None:
    """Changes after the block are not committed by it."""
    block = _BLOCK.replace("\n", "\n    ")
    text = f"def upgrade():\n    if x:\n        op.drop_table('a')\n    else:\n        {block}"

    assert lines(RULE, text) == []
    assert lines(RULE, f"def upgrade():\n    {_BLOCK}\n    op.drop_table('a')") == []

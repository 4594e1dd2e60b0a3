"""The rule `locks-not-taken-first`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, lint, parse_revision
from alembic_proof.lint.rules.locks_not_taken_first import RULE

from .found import found, lines

_KEY = "op.create_foreign_key('fk', 'b', 'a', ['a_id'], ['id'])"


def _upgrade(*statements: str) -> str:
    return "\n    ".join(("def upgrade():", *statements))


def test_both_statements_and_modes_are_named() -> None:
    """The finding is at the later lock."""
    text = _upgrade(_KEY, "op.drop_column('a', 'x')")

    [one] = found(RULE, text)

    assert one == (
        "3: public.a is locked in mode SHARE ROW EXCLUSIVE by line 6, and here in mode ACCESS "
        "EXCLUSIVE: a client that uses the tables in between ends in a deadlock"
    )


def test_the_help_is_the_statement_to_begin_with() -> None:
    """Tables of one mode share a statement; the order is that of the names."""
    text = "revision = 'a'\n" + _upgrade(_KEY, "op.drop_column('a', 'x')")
    [finding] = lint(ParsedHistory(files=(parse_revision("a.py", text.encode()),)), rules=[RULE])

    assert finding.help == (
        'begin with op.execute("LOCK TABLE public.a IN ACCESS EXCLUSIVE MODE"); '
        'op.execute("LOCK TABLE public.b IN SHARE ROW EXCLUSIVE MODE")'
    )


@pytest.mark.parametrize(
    "statement",
    [
        "op.add_column('b', sa.Column('x', sa.Text()))",
        "op.drop_column('b', 'x')",
        "op.alter_column('b', 'x', nullable=False)",
        "op.alter_column('b', 'x', type_=sa.Text())",
        "op.alter_column('b', 'x', server_default='1')",
        "op.drop_index('ix', table_name='b')",
        "op.create_check_constraint('ck', 'b', 'x > 0')",
        "op.create_unique_constraint('uq', 'b', ['x'])",
        "op.create_primary_key('pk', 'b', ['x'])",
        "op.drop_constraint('ck', 'b', type_='check')",
        "op.drop_table('b')",
        "op.rename_table('b', 'c')",
        "op.create_foreign_key('fk', 'b', 'c', ['a_id'], ['id'])",
        "op.create_table('n', sa.Column('x', sa.Integer(), sa.ForeignKey('b.id')))",
        "op.create_table('n', sa.ForeignKeyConstraint(['x'], ['public.b.id']))",
        "op.execute('ALTER TABLE b ADD x int')",
        "op.drop_column('b', 'x', schema='public')",
        "with op.batch_alter_table('b') as batch:\n        batch.drop_column('x')",
        "with op.batch_alter_table('b') as batch:\n        batch.create_foreign_key('f', 'c', [], [])",
    ],
)
def test_every_operation_locks_its_table(statement: str) -> None:
    """After a change of another table its lock is late."""
    assert lines(RULE, _upgrade("op.drop_column('a', 'x')", statement)) != []
    assert (
        lines(
            RULE,
            _upgrade("op.execute('LOCK TABLE a, b, c')", "op.drop_column('a', 'x')", statement),
        )
        == []
    )


@pytest.mark.parametrize(
    "statement",
    [
        "op.create_index('ix', 'b', ['x'])",
        "op.alter_column('b', 'x', comment='y', existing_nullable=True)",
        "op.create_table_comment('b', 'x')",
        "op.create_table('b', sa.Column('x', sa.Integer()))",
        "op.add_column(name, sa.Column('x', sa.Text()))",
        "op.execute(f'ALTER TABLE {name} ADD x int')",
        "op.get_bind()",
        "batch.drop_column('x')",
        "with op.get_context().autocommit_block():\n        op.drop_index('ix', table_name='b')",
        "op.bulk_insert(b, [])",
    ],
)
def test_other_statements_do_not(statement: str) -> None:
    """They lock no writers out, or nobody knows which table."""
    assert lines(RULE, _upgrade("op.drop_column('a', 'x')", statement)) == []


def test_a_block_that_commits_begins_another_transaction() -> None:
    """Locks are released by the commit."""
    block = "with op.get_context().autocommit_block():\n        op.execute('VACUUM')"

    assert (
        lines(RULE, _upgrade("op.drop_column('a', 'x')", block, "op.drop_column('b', 'x')")) == []
    )


def test_downgrade_is_checked_as_well() -> None:
    """It deadlocks as upgrade does."""
    text = _upgrade("op.drop_column('a', 'x')", "op.drop_column('b', 'x')")

    assert lines(RULE, text.replace("upgrade", "downgrade")) == [3]


def test_the_tables_of_foreign_keys_come_from_the_whole_history() -> None:
    """DROP TABLE locks what the table references."""
    make = (
        "revision = 'a'\ndef upgrade():\n    op.create_table('c', sa.Column('x', sa.Integer(), "
        "sa.ForeignKey('a.id', name=op.f('fk'))))"
    )
    drop = "revision = 'b'\ndef upgrade():\n    op.drop_column('b', 'x')\n    {}"
    for statement in (
        "op.drop_table('c')",
        "op.drop_constraint('fk', 'c')",
        "op.drop_column('c', 'x')",
    ):
        texts = (make, drop.format(statement))
        files = tuple(parse_revision(f"{n}.py", one.encode()) for n, one in enumerate(texts))
        [finding] = lint(ParsedHistory(files=files), rules=[RULE])

        assert "LOCK TABLE public.a, public.b, public.c IN" in finding.help

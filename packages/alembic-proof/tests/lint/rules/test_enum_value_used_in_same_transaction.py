"""The rule `enum-value-used-in-same-transaction`."""

from __future__ import annotations

import pytest

from alembic_proof.lint.rules.enum_value_used_in_same_transaction import RULE

from .found import found, lines

_ADD = "op.execute(\"ALTER TYPE s ADD VALUE 'new'\")"
_USE = "op.execute(\"UPDATE a SET s = 'new'\")"


@pytest.mark.parametrize(
    "use",
    [
        _USE,
        "op.alter_column('a', 's', server_default='new')",
        "op.alter_column('a', 's', server_default=sa.text(\"'new'::s\"))",
        "op.execute(a.update().values(s='new'))",
        "op.bulk_insert(a, [{'s': 'new'}])",
    ],
)
def test_a_use_after_the_addition_is_found(use: str) -> None:
    """A use in SQL, in a default and among values is found."""
    assert found(RULE, f"def upgrade():\n    {_ADD}\n    {use}") == [
        "3: the enum value 'new' is used in the transaction that adds it, which PostgreSQL refuses"
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"{_USE}\n    {_ADD}",
        f"with op.get_context().autocommit_block():\n        {_ADD}\n    {_USE}",
        f"{_ADD}\n    op.execute(\"ALTER TYPE s ADD VALUE 'newer' AFTER 'new'\")",
        f"op.execute(\"CREATE TYPE s AS ENUM ('a')\")\n    {_ADD}\n    {_USE}",
        f"{_ADD}\n    op.execute(\"UPDATE a SET s = 'old'\")",
        f"{_ADD}\n    op.alter_column('a', 's', existing_type=sa.Enum('new', name='s'))",
    ],
)
def test_a_use_that_postgres_permits_is_clean(text: str) -> None:
    """A use before it, after a commit, as BEFORE/AFTER, or with a type of the same transaction is clean."""
    assert lines(RULE, f"def upgrade():\n    {text}") == []

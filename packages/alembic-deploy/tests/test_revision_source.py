"""Whether a function's body does anything."""

from __future__ import annotations

import ast
from textwrap import indent

import pytest

from alembic_deploy.revision_source import does_nothing


def _function(body: str) -> ast.FunctionDef:
    node = ast.parse(f"def downgrade():\n{indent(body, '    ')}").body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "...",
        '"""Nothing."""',
        "return",
        "return None",
        "# only a comment\npass",
        '"""Nothing."""\n...\npass\nreturn',
        "return\nop.drop_table('a')",
        "if x:\n    pass\nelse:\n    return",
        "x = 1",
        "def inner():\n    op.drop_table('a')",
        "undo = lambda: op.drop_table('a')",
    ],
)
def test_a_body_without_a_reached_call_or_raise_does_nothing(body: str) -> None:
    """Every way to write nothing is nothing."""
    assert does_nothing(_function(body))


@pytest.mark.parametrize(
    "body",
    [
        "op.drop_table('a')",
        '"""Undo."""\nop.drop_table("a")',
        "if context.is_offline_mode():\n    return\nop.drop_table('a')",
        "for name in names:\n    op.drop_table(name)",
        "with op.batch_alter_table('a') as table:\n    pass",
        "raise NotImplementedError(irreversible)",
        "return op.drop_table('a')",
    ],
)
def test_a_body_that_calls_or_raises_does_something(body: str) -> None:
    """A single reached call is enough, at any depth."""
    assert not does_nothing(_function(body))

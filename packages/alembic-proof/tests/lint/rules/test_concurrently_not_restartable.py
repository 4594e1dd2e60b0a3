"""The rule `concurrently-not-restartable`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.concurrently_not_restartable import RULE


def _lines(*statements: str, env_py: str = "") -> list[int]:
    body = "\n".join(f"    {one}" for one in statements)
    text = f'revision = "a"\ndef upgrade():\n{body}\n'
    history = ParsedHistory(
        files=(parse_revision("a.py", text.encode()),),
        env_py=parse_revision("env.py", env_py.encode()),
    )
    return [finding.location.line for finding in RULE.check(history) if finding.location]


_CREATE = 'op.create_index("i", "a", ["b"], postgresql_concurrently=True)'


@pytest.mark.parametrize(
    ("statements", "lines"),
    [
        ((_CREATE,), [3]),
        (('op.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON a (b)")',), [3]),
        (('op.execute("DROP INDEX CONCURRENTLY i")', _CREATE), [3]),
        (('op.drop_index("i", postgresql_concurrently=True)',), [3]),
        (('op.execute("DROP INDEX CONCURRENTLY IF EXISTS i")', _CREATE), []),
        (('op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b)")',), []),
        (('op.create_index("i", "a", ["b"])', 'op.drop_index("j")'), []),
    ],
)
def test_statements(statements: tuple[str, ...], lines: list[int]) -> None:
    """Each that fails when it has been done before is found."""
    assert _lines(*statements) == lines


def test_run_env_runs_them_again() -> None:
    """A project that it migrates needs no such words."""
    assert _lines(_CREATE, env_py="from alembic_deploy.env import run_env") == []

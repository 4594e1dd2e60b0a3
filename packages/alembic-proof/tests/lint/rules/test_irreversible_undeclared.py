"""The rule `irreversible-undeclared`."""

from __future__ import annotations

import pytest

from alembic_proof.finding import Severity
from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.irreversible_undeclared import RULE


def _severities(text: str) -> list[Severity]:
    history = ParsedHistory(files=(parse_revision("a.py", f'revision = "a"\n{text}'.encode()),))
    return [finding.severity for finding in RULE.check(history)]


@pytest.mark.parametrize(
    "body", ["raise NotImplementedError", 'raise ValueError("no")', '"""No."""; raise Stop()']
)
def test_a_downgrade_that_only_raises_is_a_warning(body: str) -> None:
    """The type of the error does not matter."""
    assert _severities(f"def downgrade(): {body}\n") == [Severity.WARNING]


@pytest.mark.parametrize(
    "text",
    [
        'irreversible = "why"\ndef downgrade(): raise NotImplementedError(irreversible)\n',
        "def downgrade(): run()\n",
        "def downgrade():\n    if rows(): raise ValueError\n    run()\n",
        "def upgrade(): run()\n",
    ],
)
def test_a_declared_refusal_and_a_guard_are_clean(text: str) -> None:
    """A downgrade may refuse for a reason in the data."""
    assert _severities(text) == []

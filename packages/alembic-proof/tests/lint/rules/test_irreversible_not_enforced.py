"""The rule `irreversible-not-enforced`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.irreversible_not_enforced import RULE


def _lines(text: str, *, irreversible: str = '"why"') -> list[str]:
    source = f'revision = "a"\nirreversible = {irreversible}\n{text}\n'
    history = ParsedHistory(files=(parse_revision("a.py", source.encode()),))
    return [str(finding.location) for finding in RULE.check(history)]


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "run()",
        'raise NotImplementedError("why")',
        "raise NotImplementedError",
        "raise ValueError(irreversible)",
        "raise NotImplementedError(irreversible) from None",
        "run(); raise NotImplementedError(irreversible)",
    ],
)
def test_any_other_downgrade_is_found(body: str) -> None:
    """Only the exact statement is a refusal."""
    assert _lines(f"def downgrade(): {body}") == ["a.py:3"]


def test_a_missing_downgrade_is_found() -> None:
    """Without it Alembic stops with an AttributeError instead of the reason."""
    assert _lines("def upgrade(): run()") == ["a.py"]


@pytest.mark.parametrize("docstring", ["", '"""There is no way back."""\n    '])
def test_the_refusal_is_clean_with_and_without_a_docstring(docstring: str) -> None:
    """A docstring before the refusal is allowed."""
    text = f"def downgrade():\n    {docstring}raise NotImplementedError(irreversible)"

    assert _lines(text) == []


def test_a_declaration_that_says_nothing_is_another_rule_s() -> None:
    """One mistake is one finding."""
    assert _lines("def downgrade(): pass", irreversible='""') == []

"""The rule `empty-declaration`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.empty_declaration import RULE


def _messages(text: str) -> list[str]:
    history = ParsedHistory(files=(parse_revision("a.py", f'revision = "a"\n{text}\n'.encode()),))
    return [f"{finding.location}: {finding.message}" for finding in RULE.check(history)]


@pytest.mark.parametrize("name", ["irreversible", "lossy"])
@pytest.mark.parametrize("value", ["True", "None", '""', '" "', 'f"why"', '"a" + why', "why()"])
def test_anything_but_a_non_empty_literal_is_found(name: str, value: str) -> None:
    """A literal can be read without running the file."""
    assert _messages(f"{name} = {value}") == [f"a.py:2: {name} is not a non-empty string literal"]


@pytest.mark.parametrize("text", ['lossy = "why"', 'irreversible: str = "why" "not"', "lossy: str"])
def test_a_reason_or_no_declaration_is_clean(text: str) -> None:
    """Literals next to each other are one literal; a bare annotation declares nothing."""
    assert _messages(text) == []

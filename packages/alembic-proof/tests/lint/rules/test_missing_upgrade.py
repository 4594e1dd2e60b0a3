"""The rule `missing-upgrade`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.missing_upgrade import RULE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "def upgrades(): pass\n",
        "upgrade()\n",
        "def steps():\n    def upgrade(): pass\n",
        "class Steps:\n    def upgrade(self): pass\n",
    ],
)
def test_a_revision_that_does_not_go_up(text: str) -> None:
    """A call, and a definition in a function or a class, do not define it."""
    history = ParsedHistory(files=(parse_revision("a.py", f'revision = "a"\n{text}'.encode()),))

    assert [(str(found.location), found.message) for found in RULE.check(history)] == [
        ("a.py", "upgrade() is missing")
    ]


@pytest.mark.parametrize(
    "text",
    [
        'revision = "a"\ndef upgrade(): pass\n',
        'revision = "a"\nfrom shop import upgrade, other\n',
        'revision = "a"\nfrom shop import up as upgrade\n',
        'revision = "a"\nfrom shop import *\n',
        'revision = "a"\nif True:\n    upgrade = print\n',
        "x = 1\n",
        'revision = "a"\ndef upgrade(:\n',
    ],
)
def test_an_upgrade_from_anywhere_is_one(text: str) -> None:
    """A file that is no revision or does not parse belongs to another rule."""
    history = ParsedHistory(files=(parse_revision("a.py", text.encode()),))

    assert list(RULE.check(history)) == []

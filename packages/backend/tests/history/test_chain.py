"""The chain of revision files: linear, in the order of the file names, frozen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alembic_proof.config import OWN_PACKAGES
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import read_heads
from alembic_proof.lint import all_rules, lint, read_history
from packages.backend.tests.history.database import CHAIN, INI

_NAMES = ("revision", "down_revision", "branch_labels", "depends_on", "lossy", "irreversible")


def test_order_of_files_is_order_of_chain() -> None:
    """Sorted by name, the revision files are in the order in which they are applied."""
    names = [one.path.name for one in CHAIN]

    assert names == sorted(names)
    assert all(re.fullmatch(r"\d{8}_\d{6}_[a-z0-9_]+\.py", name) for name in names)


def test_chain_has_one_line_and_one_head() -> None:
    """Each revision follows the one before it; no branch, no second head."""
    parents = [one.needs for one in CHAIN]

    assert parents[0] == ()
    assert parents[1:] == [(one.revision_id,) for one in CHAIN[:-1]]
    assert read_heads(alembic_config(Project(file=INI))) == (CHAIN[-1].revision_id,)
    assert len(CHAIN) >= 9


def test_revisions_keep_the_rules() -> None:
    """No rule finds anything: downgrades are real, exceptions declared, imports frozen."""
    history = read_history(Project(file=INI), frozen_from=("boards", *OWN_PACKAGES))

    assert lint(history, rules=all_rules()) == ()


def unusual(text: str) -> Iterator[str]:
    """Yield each statement of a revision that is no docstring, import, declaration or direction."""
    docstring, *statements = ast.parse(text).body
    yield from () if isinstance(docstring, ast.Expr) else (ast.unparse(docstring),)
    for statement in statements:
        match statement:
            case ast.Import() | ast.ImportFrom():
                pass
            case ast.FunctionDef(name="upgrade" | "downgrade"):
                pass
            case ast.AnnAssign(target=ast.Name(id=name)) if name in _NAMES:
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) if name in _NAMES:
                pass
            case _:
                yield ast.unparse(statement).splitlines()[0]


@pytest.mark.parametrize("path", [one.path for one in CHAIN], ids=lambda path: path.stem)
def test_revision_has_no_words_of_its_own(path: Path) -> None:
    """Whatever a revision executes stands in upgrade() and downgrade(): no helpers, no constants."""
    assert list(unusual(path.read_text(encoding="utf-8"))) == []


def test_helpers_and_constants_are_seen() -> None:
    """Control: a constant and a second function are reported."""
    helper = 'TABLES = ("a", "b")\n\n\ndef protect(table: str) -> None:\n    """Protect it."""\n'

    found = list(unusual(CHAIN[0].path.read_text(encoding="utf-8") + helper))

    assert found == ["TABLES = ('a', 'b')", "def protect(table: str) -> None:"]

"""The rule `imports-project`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import History, parse_revision
from alembic_proof.lint.rules.imports_project import RULE


def _found(text: str) -> list[str]:
    source = f'revision = "a"\n{text}\n'.encode()
    history = History(files=(parse_revision("a.py", source),), frozen_from=("shop",))
    return [f"{finding.location}: {finding.message}" for finding in RULE.check(history)]


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("import shop", "shop"),
        ("import os, shop.models", "shop.models"),
        ("from shop.models import User", "shop.models"),
        ("from . import sibling", "."),
        ("from .sibling import name", ".sibling"),
        ('importlib.import_module("shop.models")', "shop.models"),
        ('__import__("shop")', "shop"),
    ],
)
def test_every_way_to_import_the_project_is_found(text: str, module: str) -> None:
    """The module is named, at its line."""
    assert _found(text) == [f"a.py:2: the revision imports {module}, which goes on changing"]


def test_an_import_inside_a_function_is_found() -> None:
    """It runs with the revision all the same."""
    assert _found("def upgrade():\n    from shop import models")[0].startswith("a.py:3: ")


@pytest.mark.parametrize("text", ["import shopping", "from alembic import op", "import os.shop"])
def test_other_packages_are_clean(text: str) -> None:
    """A name that begins alike is another package."""
    assert _found(text) == []

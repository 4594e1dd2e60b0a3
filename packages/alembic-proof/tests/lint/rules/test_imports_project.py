"""The rule `imports-project`."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.finding import Severity
from alembic_proof.history.project import Project
from alembic_proof.lint import ParsedHistory, lint, parse_revision, read_history
from alembic_proof.lint.rules.imports_project import RULE


def _found(text: str) -> list[str]:
    source = f'revision = "a"\n{text}\n'.encode()
    history = ParsedHistory(files=(parse_revision("a.py", source),), frozen_from=("shop",))
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
    """The finding names the module, at the line of the import."""
    assert _found(text) == [f"a.py:2: the revision imports {module}, which will change"]


def test_an_import_inside_a_function_is_found() -> None:
    """An import in a function runs with the revision as well."""
    assert _found("def upgrade():\n    from shop import models")[0].startswith("a.py:3: ")


@pytest.mark.parametrize("text", ["import shopping", "from alembic import op", "import os.shop"])
def test_other_packages_are_clean(text: str) -> None:
    """A name with the same beginning is another package."""
    assert _found(text) == []


@pytest.mark.parametrize(
    ("module", "settings"),
    [
        ("models", "[alembic]\nscript_location = %(here)s/m\n"),
        ("shop", "[alembic]\nscript_location = %(here)s/m\n"),
        (
            "till",
            "[alembic]\nscript_location = %(here)s/m\npath_separator = os\nprepend_sys_path = lib\n",
        ),
        ("named", "[alembic]\nscript_location = %(here)s/m\n"),
    ],
)
def test_the_project_s_own_modules_are_known_without_a_setting(
    tmp_path: Path, module: str, settings: str
) -> None:
    """A module beside alembic.ini, in src, in prepend_sys_path, and the project's name: a warning."""
    _project(tmp_path, settings, text=f"import {module}")

    (one,) = lint(read_history(Project(file=tmp_path / "alembic.ini")), rules=(RULE,))

    assert one.message == f"the revision imports {module}, which will change"
    assert one.severity is Severity.WARNING


def test_the_path_separator_of_prepend_sys_path_counts(tmp_path: Path) -> None:
    """A directory may have a blank in its name where `path_separator = os` says so."""
    (tmp_path / "my lib").mkdir()
    (tmp_path / "my lib" / "shelf.py").touch()
    settings = "script_location = %(here)s/m\npath_separator = os\nprepend_sys_path = my lib\n"
    _project(tmp_path, f"[alembic]\n{settings}", text="import shelf")

    history = read_history(Project(file=tmp_path / "alembic.ini"))

    assert len(lint(history, rules=(RULE,))) == 1


@pytest.mark.parametrize("module", ["sqlalchemy", "json", "till", "other"])
def test_what_is_installed_is_not_the_project_s(tmp_path: Path, module: str) -> None:
    """A directory beside alembic.ini may have the same name."""
    _project(tmp_path, "[alembic]\nscript_location = %(here)s/m\n", text=f"import {module}")

    history = read_history(Project(file=tmp_path / "alembic.ini"))

    assert lint(history, rules=(RULE,)) == ()


def _project(directory: Path, settings: str, *, text: str) -> None:
    files = {
        "alembic.ini": settings,
        "pyproject.toml": '[project]\nname = "named"\n',
        "m/versions/a.py": f"revision = 'a'\n{text}\n",
        "models.py": "",
        "sqlalchemy/sub.py": "",
        "src/shop/__init__.py": "",
        "lib/till.py": "",
    }
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

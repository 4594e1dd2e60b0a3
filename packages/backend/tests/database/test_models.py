"""The old import path works, with the old names too, and warns of its deprecation."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

import boards.dbmodels


@pytest.fixture
def models() -> ModuleType:
    """Import boards.database.models again."""
    sys.modules.pop("boards.database.models", None)
    with pytest.warns(DeprecationWarning, match="import from boards.dbmodels"):
        return importlib.import_module("boards.database.models")


def test_everything_is_there(models: ModuleType) -> None:
    """Each public name of boards.dbmodels is the same object under the old path."""
    for name in boards.dbmodels.__all__:
        assert getattr(models, name) is getattr(boards.dbmodels, name)


def test_plural_names(models: ModuleType) -> None:
    """The models that once were here also have their old names, in the plural."""
    plurals = {
        name: name.removesuffix("s")
        for name in vars(models)
        if name.removesuffix("s") in boards.dbmodels.__all__ and name.endswith("s")
    }

    assert plurals["BoardMembers"] == "BoardMember"
    for plural, singular in plurals.items():
        assert getattr(models, plural) is getattr(boards.dbmodels, singular)


def test_warning_names_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning points at the line that imports, not into the library."""
    caller = tmp_path / "old_application.py"
    caller.write_text("import sys\nfrom boards.database.models import Users\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("boards.database.models", None)

    with pytest.warns(DeprecationWarning, match="has moved") as caught:
        importlib.import_module("old_application")

    assert [(Path(each.filename).name, each.lineno) for each in caught] == [
        ("old_application.py", 2)
    ]


def test_the_package_is_silent() -> None:
    """Importing boards.database imports neither the old module nor raises its warning."""
    sys.modules.pop("boards.database.models", None)

    importlib.reload(importlib.import_module("boards.database"))

    assert "boards.database.models" not in sys.modules

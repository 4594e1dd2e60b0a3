"""What `boards.dbmodels` exports, and what the documentation says of it."""

from __future__ import annotations

import re
from pathlib import Path

from boards import dbmodels
from boards.dbmodels import Base, naming_convention, target_metadata

ROOT = Path(__file__).parents[4]


def test_everything_is_exported() -> None:
    """`boards.dbmodels` exports every model, the base, the convention and the metadata."""
    models = {mapper.class_.__name__ for mapper in Base.registry.mappers}

    assert set(dbmodels.__all__) == models | {"Base", "naming_convention", "target_metadata"}
    assert all(hasattr(dbmodels, name) for name in dbmodels.__all__)


def test_documentation_names_no_table_that_is_not() -> None:
    """Each row of the page on the models is about a table of the models."""
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) <= set(target_metadata.tables)


def test_metadata_uses_the_naming_convention() -> None:
    """The exported convention is the metadata's: its patterns name what the models leave unnamed."""
    assert naming_convention.items() <= dict(target_metadata.naming_convention).items()

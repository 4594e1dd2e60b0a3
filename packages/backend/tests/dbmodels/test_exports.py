"""The exports of `boards.dbmodels`, and what the documentation says about its tables."""

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


def test_documentation_names_existing_tables() -> None:
    """Each row of the table in the README is about a table of the models."""
    page = (ROOT / "packages" / "backend" / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) <= set(target_metadata.tables)


def test_metadata_uses_the_naming_convention() -> None:
    """The exported convention is the metadata's: its patterns name what the models leave unnamed."""
    assert naming_convention.items() <= dict(target_metadata.naming_convention).items()

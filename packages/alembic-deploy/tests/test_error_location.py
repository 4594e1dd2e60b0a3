"""The location of an error in a project's code."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from sqlalchemy.exc import ArgumentError

from alembic_deploy.error_location import project_location

_BASE = """\
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    def __init_subclass__(cls) -> None:
        {statement}
        super().__init_subclass__()
"""
_MODELS = """\
from sqlalchemy.orm import Mapped, mapped_column

{base}

class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: str = mapped_column()
"""


def _location(tmp_path: Path, statement: str, expected: type[Exception]) -> str:
    path = tmp_path / "models.py"
    path.write_text(_MODELS.format(base=_BASE.format(statement=statement)), encoding="utf-8")
    with pytest.raises(expected) as caught:
        runpy.run_path(str(path))
    return project_location(caught.value).rpartition("/")[2]


def test_a_mapping_error_is_located_at_the_class(tmp_path: Path) -> None:
    """The base class's `__init_subclass__` only passes on SQLAlchemy's error."""
    assert _location(tmp_path, "pass", ArgumentError) == "models.py:12"


def test_an_error_of_init_subclass_itself_is_located_there(tmp_path: Path) -> None:
    """The negative control: a fault in the base class's own line."""
    assert _location(tmp_path, "missing_name", NameError) == "models.py:8"

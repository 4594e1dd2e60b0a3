"""The rows that a project supplies for its own tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alembic_proof.errors import ConfigError
from alembic_proof.history.attribute import load_attribute
from alembic_proof.history.fault import describe, place_in
from alembic_proof.project.find import Project


def supplied_rows(project: Project) -> Mapping[str, Iterable[Mapping[str, object]]]:
    """Table -> rows, each column -> value: what the setting's function returns.

    Raises:
        ConfigError: it cannot be loaded or called, or returns something else.
    """
    name, directory = project.config.rows, project.config.directory
    if name is None:
        return {}
    function = load_attribute(name, key="rows", directory=directory)
    try:
        rows: Any = function()
    except Exception as error:
        raise ConfigError(
            f"rows = {name!r} fails: {describe(error)}",
            where=place_in(error, [directory]) or str(directory / "pyproject.toml"),
            todo="name a function that is called without arguments and returns {table: [rows]}",
        ) from error
    if not _is_rows(rows):
        raise ConfigError(
            f"rows = {name!r} returns no rows of tables",
            where=str(directory / "pyproject.toml"),
            todo='return {"users": [{"name": "Ada"}]}',
        )
    return {table: tuple(each) for table, each in rows.items()}


def _is_rows(rows: Any) -> bool:
    return isinstance(rows, Mapping) and all(
        isinstance(table, str)
        and isinstance(each, (list, tuple))
        and all(isinstance(row, Mapping) for row in each)
        for table, each in rows.items()
    )

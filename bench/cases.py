"""The catalog's cases: single changes of a sample schema, from the tests of alembic-proof."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

_DIRECTORY = Path(__file__).parents[1] / "packages" / "alembic-proof" / "tests" / "catalog"


@dataclass(frozen=True, slots=True)
class Change:
    """A single change of the sample schema."""

    name: str
    statements: tuple[str, ...]
    setup: tuple[str, ...]
    subject: str
    """What it is about: the name of the cases' module."""
    since: int
    """The first major version that has the statements."""


@dataclass(frozen=True, slots=True)
class Cases:
    """The sample schema and its changes."""

    sample: tuple[str, ...]
    roles: tuple[str, ...]
    tablespace: str
    changes: tuple[Change, ...]
    exceptions: dict[str, tuple[str, ...]]
    """What no revision makes in both directions: the names of changes by the reason."""


def read_cases() -> Cases:
    """Import the cases from their directory, which is no installed package."""
    sys.path.append(str(_DIRECTORY))
    cases: Any = import_module("cases")
    sample: Any = import_module("cases.sample_schema")
    exceptions: Any = import_module("cases.not_authored")
    return Cases(
        sample=sample.SAMPLE_SCHEMA,
        roles=(sample.READER, sample.WRITER),
        tablespace=sample.SPACE,
        changes=tuple(
            Change(one.name, one.changes, one.setup, _words(part.__name__), one.since)
            for part in cases.SUBJECTS
            for one in part.CASES
        ),
        exceptions=exceptions.NOT_AUTHORED,
    )


def _words(module: str) -> str:
    return module.rpartition(".")[2].replace("_", " ")

"""An explanation: what a group of like findings says about a project, or about us."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from corpus.errors import CorpusError


class Verdict(StrEnum):
    """Whose fault a finding is."""

    DEFECT = "defect"
    """The project's: its revision does what the finding says."""
    LIMITATION = "limitation"
    """Ours: what the proof cannot know or do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding of a proof, as its JSON tells it."""

    rule: str
    severity: str
    revision: str
    message: str
    """Without the revision's id before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Takes the findings of these rules, in these revisions (any for none), that say one of `says`.

    `says` are patterns of the shell (`*`, `?`) for the whole message; none take every message.
    """

    verdict: Verdict
    why: str
    rules: tuple[str, ...]
    revisions: tuple[str, ...] = ()
    says: tuple[str, ...] = ()

    def takes(self, found: Found) -> bool:
        """Whether it is about this finding."""
        if found.rule not in self.rules or (
            self.revisions and found.revision not in self.revisions
        ):
            return False
        return not self.says or any(fnmatchcase(found.message, text) for text in self.says)


def read_groups(path: Path) -> tuple[Group, ...]:
    """Return the groups of an explained.toml in order; a finding belongs to the first group that matches.

    Raises:
        CorpusError: the file says what no group has.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8")).get("group", [])
    return tuple(_group(table, path=path) for table in tables)


def _group(table: dict[str, Any], *, path: Path) -> Group:
    known = {field.name for field in fields(Group)}
    if unknown := sorted(set(table) - known):
        raise CorpusError(f"{path}: a group has no {', '.join(unknown)}")
    lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
    try:
        return Group(**table | lists | {"verdict": Verdict(table["verdict"])})
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{path}: not a group: {error!r}, in {table}") from error

"""What a proof or a rule has found, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """How much a finding weighs: a note alone never fails a command."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; line 0 is the file as a whole."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One hit of one rule or proof; without a location it is about the database as a whole."""

    rule: str
    message: str
    severity: Severity = Severity.ERROR
    location: Location | None = None
    revision: str = ""
    """The id of the revision that it is about, where it is about one."""
    direction: str = ""
    """`upgrade`, `downgrade` or `second upgrade`, where it is about one."""
    todo: str = ""
    """What to do about it, where that is not in the message."""
    others: tuple[str, ...] = ()
    """The ids of further revisions that it is about."""
    is_hidden: bool = False
    """Whether it is a note that the text, Markdown and annotations only count."""


def shown_path(path: Path | str) -> str:
    """The path as the user would type it: relative where it lies below the working directory."""
    working, whole = Path.cwd(), Path(path)
    return str(whole.relative_to(working) if whole.is_relative_to(working) else whole)


def first_of(names: Sequence[str], *, most: int) -> str:
    """Return at most so many of the names, and how many more there are: `a, b and 3 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def has_failed(findings: Iterable[Finding]) -> bool:
    """Whether a command with these findings exits with 1: any error or warning among them."""
    return any(finding.severity is not Severity.NOTE for finding in findings)

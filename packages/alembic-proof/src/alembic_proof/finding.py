"""A finding of a proof or a lint rule, and a timed step of a proof, as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import perf_counter


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
    """One finding of a proof or a lint rule: the parts of the block that a report prints.

    Example::

        Finding(
            id="fails-on-permitted-rows",
            message="0002: its upgrade fails on rows",
            location=Location("versions/0002_email.py", 14),
            details=("users (id=1, email=NULL)",),
            postgres='column "email" of relation "users" contains null values (SQLSTATE 23502)',
            statement="ALTER TABLE users ALTER COLUMN email SET NOT NULL",
            help="UPDATE the rows that hold NULL before SET NOT NULL",
        )
    """

    id: str
    """The id that `alembic-proof explain` takes."""
    message: str
    """What happened, in one sentence."""
    severity: Severity = Severity.ERROR
    location: Location | None = None
    """None where the finding is about the database as a whole."""
    revision: str = ""
    """The id of the revision, empty where the finding is about none."""
    direction: str = ""
    """`upgrade`, `downgrade` or `second upgrade`; empty where the finding is about none."""
    details: tuple[str, ...] = ()
    """Objects, rows or values, one line each; a report prints the first three and counts the rest."""
    postgres: str = ""
    """What PostgreSQL said, with its SQLSTATE."""
    statement: str = ""
    """The SQL statement that PostgreSQL refused."""
    help: str = ""
    """What to do, where it is more specific than the entry of the id in the findings table."""
    others: tuple[str, ...] = ()
    """The ids of further revisions that the finding is about."""
    is_hidden: bool = False
    """Whether text, Markdown and annotations only count this note."""


def shown_path(path: Path | str) -> str:
    """Return the path as a user types it: relative if it is below the working directory."""
    working, whole = Path.cwd(), Path(path)
    return str(whole.relative_to(working) if whole.is_relative_to(working) else whole)


def first_of(names: Sequence[str], *, most: int) -> str:
    """Return at most so many of the names, and how many more there are: `a, b and 3 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def has_failed(findings: Iterable[Finding]) -> bool:
    """Whether a command with these findings exits with 1: any error or warning among them."""
    return any(finding.severity is not Severity.NOTE for finding in findings)


@dataclass(frozen=True, slots=True)
class TimedStep:
    """One step of a proof; for the round trip, one revision."""

    name: str
    elapsed_s: float
    parts: tuple[tuple[str, float], ...] = ()
    """(name, seconds) of its parts; empty if it was measured as a whole."""
    path: str = ""
    """The revision's file; empty if the step is no revision."""


StepListener = Callable[[TimedStep], None]
"""A function that is called after each step."""


@contextmanager
def timed(name: str, *, on_step: StepListener) -> Iterator[None]:
    """Report the block as a step when it ends; a block that fails is not reported."""
    start = perf_counter()
    yield
    on_step(TimedStep(name, perf_counter() - start))

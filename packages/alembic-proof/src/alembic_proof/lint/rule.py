"""What a rule is: words, examples and one function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import History


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A revision file of an example."""

    name: str
    text: str
    merged: str = ""
    """The file as the base ref has it, where the example is about a change of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A bad thing in revision files: its id, what it leads to, the way out, and its check.

    The examples are documentation and test fixture at once: `bad` must give a finding of this
    rule, `good` none of any rule.
    """

    id: str
    name: str
    what_happens: str
    workaround: str
    bad: tuple[SourceFile, ...]
    good: tuple[SourceFile, ...]
    check: Callable[[History], Iterator[Finding]]

"""Render docs/reference/corpus.md from the proofs' findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from corpus.explain import Explained, Explanation
from corpus.group import Verdict
from corpus.project import Project
from corpus.prove import Result

_INTRODUCTION = """\
# The corpus

Released packages with an Alembic history for PostgreSQL, proved unchanged by `alembic-proof roundtrip`: every
revision up, down and up again, with rows in the tables. `nox -s corpus` writes this page; it fails if a finding
has no explanation, or an explanation no finding. How to add a project:
[corpus/README.md](../../corpus/README.md).

A *defect* is the project's: its revision does what the finding says. A *limitation* is ours. *Permitted rows*
counts the revisions that fail with rows which the schema permits and the project itself may never write. Notes
fail nothing: values that differ with each upgrade, rows that only an upgrade permits and its downgrade removes,
tables that could not be filled."""
_SHOWN_REVISIONS = 4
PERMITTED = "fails-on-permitted-rows"
"""The rule whose findings count apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """A project, what its proof said, and what that means."""

    project: Project
    result: Result
    explanation: Explanation


def corpus_page(proved: Iterable[Proved]) -> str:
    """Return the page in Markdown: all projects in one table, then a section for each."""
    entries = tuple(proved)
    return "\n\n".join([_INTRODUCTION, _overview(entries), *(_section(e) for e in entries)]) + "\n"


def _overview(entries: tuple[Proved, ...]) -> str:
    names = (
        *("project", "version", "revisions", "seconds", "defects", "limitations"),
        *("permitted rows", "notes", "tables without rows"),
    )
    sums = [_sums(entry) for entry in entries]
    totals = (f"{sum(column):.0f}" for column in zip(*sums, strict=True))
    lines = [
        (
            entry.project.distribution,
            entry.project.version,
            *(f"{number:.0f}" for number in numbers),
        )
        for entry, numbers in zip(entries, sums, strict=True)
    ]
    head = [_line(names), f"|---|---{'|--:' * 7}|"]
    return "\n".join([*head, *map(_line, lines), _line(("together", "", *totals))])


def _sums(entry: Proved) -> tuple[float, ...]:
    """One project's numbers in the overview."""
    counts: Counter[str] = Counter()
    for explained in entry.explanation.explained:
        for found in explained.findings:
            counts[PERMITTED if found.rule == PERMITTED else explained.group.verdict] += 1
    return (
        entry.result.revisions,
        entry.result.elapsed_s,
        counts[Verdict.DEFECT],
        counts[Verdict.LIMITATION],
        counts[PERMITTED],
        sum(found.severity == "note" for found in entry.result.findings),
        len(entry.result.not_filled),
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _section(entry: Proved) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in entry.result.kinds) or "no findings"
    head = ["| findings | kind | verdict | revisions | why |", "|--:|---|---|---|---|"]
    rows = [_group_row(explained) for explained in entry.explanation.explained]
    title = f"## {entry.project.distribution} {entry.project.version}"
    table = ["\n".join([*head, *rows])] if rows else []
    empty = ["\n".join(f"- {_cell(reason)}" for reason in entry.result.not_filled)]
    empty = ["Tables without rows:", *empty] if entry.result.not_filled else []
    return "\n\n".join([title, f"{kinds}.", *table, *empty])


def _group_row(explained: Explained) -> str:
    group = explained.group
    cells = (
        str(len(explained.findings)),
        ", ".join(f"`{rule}`" for rule in group.rules),
        "permitted rows" if group.rules == (PERMITTED,) else str(group.verdict),
        _named(explained.revisions),
        _cell(group.why),
    )
    return _line(cells)


def _cell(text: str) -> str:
    """Return the text in one line, as it may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _named(revisions: tuple[str, ...]) -> str:
    """Return the revisions' ids, or the first of many."""
    names = [f"`{revision}`" for revision in revisions[:_SHOWN_REVISIONS]]
    more = len(revisions) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")

"""docs/corpus.md, made of what the proofs said."""

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

Released packages that ship an Alembic history for PostgreSQL, proved as they were released by
`alembic-proof roundtrip`: every revision up, down and up again. `nox -s corpus` writes this page
and fails when a finding has no explanation, or an explanation no finding. How a project is added
is told in [corpus/README.md](../corpus/README.md).

A *defect* is the project's: its revision does what the finding says. A *limitation* is ours."""
_SHOWN_REVISIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """A project, what its proof said, and what that means."""

    project: Project
    result: Result
    explanation: Explanation


def corpus_page(proved: Iterable[Proved]) -> str:
    """The page in Markdown: all projects in one table, then a section for each."""
    entries = tuple(proved)
    return "\n\n".join([_INTRODUCTION, _overview(entries), *(_section(e) for e in entries)]) + "\n"


def _overview(entries: tuple[Proved, ...]) -> str:
    head = ["| project | version | revisions | seconds | defects | limitations | notes |"]
    rows = [_row(entry) for entry in entries]
    revisions = sum(entry.result.revisions for entry in entries)
    elapsed_s = sum(entry.result.elapsed_s for entry in entries)
    total = f"| together | | {revisions} | {elapsed_s:.0f} | | | |"
    return "\n".join([*head, "|---|---|--:|--:|--:|--:|--:|", *rows, total])


def _row(entry: Proved) -> str:
    counts = Counter[Verdict]()
    for explained in entry.explanation.explained:
        counts[explained.group.verdict] += len(explained.findings)
    notes = sum(found.severity == "note" for found in entry.result.findings)
    cells = (
        entry.project.distribution,
        entry.project.version,
        str(entry.result.revisions),
        f"{entry.result.elapsed_s:.0f}",
        str(counts[Verdict.DEFECT]),
        str(counts[Verdict.LIMITATION]),
        str(notes),
    )
    return f"| {' | '.join(cells)} |"


def _section(entry: Proved) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in entry.result.kinds) or "no findings"
    head = ["| findings | kind | verdict | revisions | why |", "|--:|---|---|---|---|"]
    rows = [_group_row(explained) for explained in entry.explanation.explained]
    title = f"## {entry.project.distribution} {entry.project.version}"
    return "\n\n".join([title, f"{kinds}.", *(["\n".join([*head, *rows])] if rows else [])])


def _group_row(explained: Explained) -> str:
    group = explained.group
    cells = (
        str(len(explained.findings)),
        ", ".join(f"`{rule}`" for rule in group.rules),
        str(group.verdict),
        _named(explained.revisions),
        " ".join(group.why.split()).replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"


def _named(revisions: tuple[str, ...]) -> str:
    """The revisions' ids, or the first of many."""
    names = [f"`{revision}`" for revision in revisions[:_SHOWN_REVISIONS]]
    more = len(revisions) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")

"""docs/reference/corpus.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from corpus.explain import explain
from corpus.group import Found, Verdict
from corpus.page import PERMITTED, Proved, corpus_page
from corpus.project import Project
from corpus.prove import Result
from tests.corpus.findings import found, group


def _proved(*findings: Found) -> Proved:
    project = Project(
        name="shop",
        directory=Path("shop"),
        distribution="the-shop",
        version="1.2",
        environment=(),
        groups=(
            group("*index*"),
            group("*table*", verdict=Verdict.LIMITATION),
            replace(group(), rules=(PERMITTED,)),
        ),
    )
    result = Result(revisions=40, elapsed_s=12.6, findings=findings)
    explanation = explain(findings, groups=project.groups)
    return Proved(project=project, result=result, explanation=explanation)


def test_a_line_sums_a_project_up() -> None:
    """Defects, limitations, permitted rows and notes are counted apart."""
    entry = _proved(
        found(),
        found(revision="bb2"),
        found("table"),
        found("its upgrade fails on rows: no", rule=PERMITTED),
        found(severity="note"),
        found("public.a: not filled: why | how", severity="note", rule="not-filled"),
    )

    page = corpus_page([entry, entry])

    assert "| the-shop | 1.2 | 40 | 13 | 2 | 1 | 1 | 2 | 1 |" in page
    assert "| together |  | 80 | 25 | 4 | 2 | 2 | 4 | 2 |" in page
    assert "\nTables without rows:\n\n- public.a: not filled: why \\| how\n" in page


def test_a_section_lists_each_group_with_its_reason() -> None:
    """The first revisions are named; the reason is one line."""
    many = tuple(found(revision=f"r{number}") for number in range(6))

    page = corpus_page([_proved(*many, found("table"))])

    assert (
        "| 6 | `not-restored` | defect | `r0`, `r1`, `r2`, `r3` and 2 more "
        "| The downgrade forgets it. |" in page
    )

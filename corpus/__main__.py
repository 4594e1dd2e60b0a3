"""`python -m corpus UV [PROJECT …]`: install, prove, explain, and write the page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from corpus.author import Authored, author, with_revisions
from corpus.errors import CorpusError
from corpus.explain import Explanation, explain
from corpus.install import install
from corpus.page import Proved, corpus_page
from corpus.project import Project, all_projects
from corpus.prove import prove

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "corpus.md"


def main(argv: Sequence[str] | None = None) -> int:
    """0 when all is explained, 1 when something is left over, 2 when a project cannot be proved."""
    arguments = _parser().parse_args(argv)
    try:
        chosen = _chosen(arguments.projects)
        if arguments.revisions:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(
                with_revisions(page, _authored(chosen, uv=arguments.uv)), encoding="utf-8"
            )
            return 0
        proved = [_proved(project, uv=arguments.uv) for project in chosen]
    except CorpusError as error:
        print(error, file=sys.stderr)
        return 2
    if not all(entry.explanation.is_complete for entry in proved):
        return 1
    if not arguments.projects:
        page = with_revisions(corpus_page(proved), _authored(chosen, uv=arguments.uv))
        PAGE.write_text(page, encoding="utf-8")
        _say(f"written: {PAGE.name}")
    return 0


def _authored(projects: Sequence[Project], *, uv: str) -> list[Authored]:
    """Return the revision of each project's head."""
    return [author(project, environment=install(project, uv=uv)) for project in projects]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="corpus", description=__doc__)
    parser.add_argument("uv", help="the program that installs")
    parser.add_argument(
        "projects", nargs="*", metavar="PROJECT", help="these only; then no page is written"
    )
    parser.add_argument(
        "--revisions", action="store_true", help="write the section on revisions alone"
    )
    return parser


def _chosen(names: Sequence[str]) -> tuple[Project, ...]:
    projects = all_projects()
    known = {project.name for project in projects}
    if unknown := sorted(set(names) - known):
        raise CorpusError(f"no project {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return tuple(project for project in projects if not names or project.name in names)


def _proved(project: Project, *, uv: str) -> Proved:
    environment = install(project, uv=uv)
    result = prove(project, environment=environment)
    explanation = explain(result.findings, groups=project.groups)
    _say(f"{project.name}: {result.revisions} revisions in {result.elapsed_s:.0f} s")
    _say(_left_over(explanation))
    return Proved(project=project, result=result, explanation=explanation)


def _left_over(explanation: Explanation) -> str:
    """Return unexplained findings and unused groups, one per line."""
    findings = [
        f"  not explained: {found.revision}: {found.message} [{found.rule}]"
        for found in explanation.unexplained
    ]
    stale = [f"  explains nothing: {group}" for group in explanation.stale]
    return "\n".join([*findings, *stale])


def _say(text: str) -> None:
    if text:
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())

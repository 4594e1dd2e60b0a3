"""`python -m bench.authoring [DISTRIBUTION …]`: who writes the revisions of the catalog's cases.

Runs the named tools, all by default, with `--page` none, and writes docs/reference/authoring.md from the
latest results.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from alembic_proof.history.project import find_project
from alembic_proof.scratch import scratch_server_url
from bench.author_one import NOTE, Outcome
from bench.authors import AUTHORS, Author
from bench.cases import Cases, read_cases

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "authoring.md"
_RESULTS = ROOT / ".nox" / "authoring"
_INTRODUCTION = """\
# Who writes the revision

`nox -s battery -- --peers` makes each single change of the catalog's cases in the models and has the revision written from
a history without it, and the other way around: the history has the change and the models do not. A change
counts if upgrade() makes the database equal to the models, and downgrade() makes it equal to the history again:
all of the catalog is compared, on PostgreSQL {major}. The tests do the same for alembic-proof on PostgreSQL 15
and 18.

The models of a tool are what its own readers find in a database that has the wanted schema: SQLAlchemy's
reflection for the tables, and for alembic-utils and sqlalchemy-declarative-extensions their readers of views,
functions, triggers, policies, grants and extensions, so that nothing is lost by how it is declared.
`include_schemas` and `compare_server_default` are on. What a tool writes for a schema without any change is
removed from its revisions; what makes it fail on every change (for alembic-utils a range type, and a trigger of a
partitioned table) is removed from the sample. alembic-proof gets no tables, only the schema as DDL events make
it."""
_EXCEPTIONS = """\
## What no revision makes

Of {total} changes, these are left out of alembic-proof's revisions: `nox -s battery` fails if one of them is
made, and if another one is not. An enum that no column uses is nothing that other tools' models can declare."""


@dataclass(frozen=True, slots=True)
class _Result:
    author: Author
    outcomes: tuple[Outcome, ...]

    def made(self, names: Iterable[str], *, is_added: bool | None = None) -> int:
        """Return how many of the changes it makes in one direction, or in both."""
        directions = (True, False) if is_added is None else (is_added,)
        done = {(one.change, one.is_added) for one in self.outcomes if not one.failure}
        return sum(all((name, one) in done for one in directions) for name in names)


def main(names: list[str]) -> int:
    """Write the page."""
    backend = ROOT / "packages" / "backend" / "alembic.ini"
    server_url = scratch_server_url(find_project(backend), os.environ)
    for author in AUTHORS:
        if not names or author.distribution in names:
            _run(author, server_url=server_url)
    results = [_read(author) for author in AUTHORS]
    PAGE.write_text(_page(results, read_cases()), encoding="utf-8")
    print(f"written: {PAGE.name}")
    return 0


def _run(author: Author, *, server_url: str) -> None:
    """Run one tool on all changes, in a process of its own: it registers itself in Alembic."""
    print(f"authoring with {author.title}", file=sys.stderr, flush=True)
    command = (sys.executable, "-m", "bench.author_one", author.distribution, server_url)
    _RESULTS.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    (_RESULTS / f"{author.distribution}.jsonl").write_text(done.stdout, encoding="utf-8")


def _read(author: Author) -> _Result:
    lines = (_RESULTS / f"{author.distribution}.jsonl").read_text(encoding="utf-8").splitlines()
    return _Result(author, tuple(Outcome(**json.loads(line)) for line in lines))


def _page(results: list[_Result], cases: Cases) -> str:
    """Return the page: the tools in one table, by subject in another one, and the exceptions."""
    notes = {one.change for one in results[0].outcomes if one.failure == NOTE}
    total = sorted({one.change for one in results[0].outcomes} - notes)
    intro = _INTRODUCTION.format(major=18)
    return (
        "\n\n".join(
            (
                intro,
                _tools(results, total),
                "## By subject\n\nChanges that are made in both directions.",
                _subjects(results, cases, frozenset(total)),
                _EXCEPTIONS.format(total=len(cases.changes)),
                _exceptions(cases),
            )
        )
        + "\n"
    )


def _tools(results: list[_Result], names: list[str]) -> str:
    head = (f"of {len(names)} changes", "in both directions", "added", "removed")
    rows = [
        (
            one.author.title,
            str(one.made(names)),
            str(one.made(names, is_added=True)),
            str(one.made(names, is_added=False)),
        )
        for one in results
    ]
    return _table(head, rows)


def _subjects(results: list[_Result], cases: Cases, names: frozenset[str]) -> str:
    head = ("subject", "changes", *(one.author.distribution for one in results))
    rows = []
    for subject in dict.fromkeys(one.subject for one in cases.changes):
        own = [one.name for one in cases.changes if one.subject == subject and one.name in names]
        rows.append((subject, str(len(own)), *(str(one.made(own)) for one in results)))
    return _table(head, rows)


def _exceptions(cases: Cases) -> str:
    rows = [
        (reason, str(len(names)), ", ".join(f"`{name}`" for name in names))
        for reason, names in cases.exceptions.items()
    ]
    return _table(("reason", "changes", "cases"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---", *("--:" if "reason" not in head else "---" for _ in head[1:])), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

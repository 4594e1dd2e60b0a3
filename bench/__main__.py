"""`python -m bench UV`: the round trip, a stairway and others' tools, one after the other."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.chain import write_project
from bench.contest import Contest, knows_rows
from corpus.errors import CorpusError
from corpus.install import install
from corpus.project import PROJECTS, read_project
from corpus.prove import environ_of

REVISIONS = 100
LONG = 1000
RELEASED = "prefect"
"""The project of the corpus whose every revision a stairway climbs."""


def main(argv: list[str]) -> int:
    """Print the table for the generated chain, or for the project that the arguments name."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    python = arguments.python
    has_rows = knows_rows(python)
    contest = Contest(runs=arguments.runs, python=python, has_rows=has_rows, environ=os.environ)
    if arguments.project is not None:
        ini = arguments.project.resolve() / "alembic.ini"
        if not ini.is_file():
            parser.error(f"there is no {ini}")
        contest.compare_on(ini)
        return 0
    with tempfile.TemporaryDirectory() as directory:
        contest.compare_all(write_project(Path(directory) / "chain", revisions=REVISIONS))
        if not arguments.quick:
            contest.show_growth(write_project(Path(directory) / "long", revisions=LONG))
    return _compare_released(contest, uv=arguments.uv)


def _compare_released(contest: Contest, *, uv: str) -> int:
    """Time the round trip and a stairway on a history that others have released."""
    project = read_project(PROJECTS / RELEASED)
    try:
        environment = install(project, uv=uv)
    except CorpusError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"the history of {project.distribution} {project.version}")
    replace(
        contest,
        python=str(environment / "bin" / "python"),
        environ=environ_of(project, environment=environment),
    ).compare_on(project.directory / "alembic.ini")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("uv", help="the program that installs the released history")
    parser.add_argument("--quick", action="store_true", help=f"no chain of {LONG} revisions")
    parser.add_argument("--runs", type=int, default=3, help="how often each is timed (3)")
    parser.add_argument(
        "--project", type=Path, metavar="DIR", help="the directory of an alembic.ini to time"
    )
    parser.add_argument(
        "--python",
        default=sys.executable,
        help="the interpreter that has the project's packages and alembic-proof",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

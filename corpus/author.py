"""The revision that `alembic-proof revision` would write at a project's head."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.project import Project
from corpus.prove import environ_of

_FILE = re.compile(r"^/.*\.py$")
_VERDICT = re.compile(r"^(round trip, parity, lint: .*?)(?: \(\d+\.\d s\))?$")
_FILL = re.compile(r"^ +(--fill .+?)(?: {2,}\(.*\))?$", re.MULTILINE)
_SITE_PACKAGES = re.compile(r"/[^' ]*/site-packages/")
_ASKS = 2
"""The exit code of a command that asks, or that cannot run."""
_HEAD, _END = "<!-- revisions: written by nox -s corpus -->\n", "<!-- end of revisions -->\n"
_INTRODUCTION = """\
## Revisions at head

What `alembic-proof revision --dry-run --no-rename` writes at each head: the differences between the models and
the history, with the first answer to each question about rows: none needs another value, or a cast will do. The
command proves them like any other revision. Where it writes none, the reason is the project's: its models cannot
be created on an empty PostgreSQL, its env.py has none, or it has no script.py.mako."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """What the command says about one project."""

    project: Project
    actions: tuple[str, ...]
    """What the revisions do, one line each; empty where there is no difference."""
    verdict: str
    """The proof's last line, or why nothing was written."""


def author(project: Project, *, environment: Path) -> Authored:
    """Have the revision written, proved and deleted again.

    Nothing is known of anybody's rows: each question about them gets the first answer, that no such
    rows exist or that a cast will do.
    """
    done = _run(project, environment, ())
    answers = answers_to(done.stderr)
    if done.returncode == _ASKS and answers:
        done = _run(project, environment, answers)
    return authored(project, out=done.stdout, err=done.stderr, code=done.returncode)


def _run(
    project: Project, environment: Path, answers: tuple[str, ...]
) -> subprocess.CompletedProcess[str]:
    program = str(environment / "bin" / "alembic-proof")
    return subprocess.run(
        [program, "revision", "what differs", "--dry-run", "--no-rename", *answers],
        cwd=project.directory,
        env=environ_of(project, environment=environment),
        capture_output=True,
        text=True,
        check=False,
    )


def answers_to(err: str) -> tuple[str, ...]:
    """Return the first option that is complete for each column: its rows stay, or are cast."""
    found: dict[str, tuple[str, ...]] = {}
    for match in _FILL.finditer(err):
        option = tuple(shlex.split(match[1]))
        if "…" not in match[1]:
            found.setdefault(option[-1].partition("=")[0], option)
    return tuple(word for option in found.values() for word in option)


def authored(project: Project, *, out: str, err: str, code: int) -> Authored:
    """Return what the command has printed."""
    lines = out.splitlines()
    found = (match[1] for line in lines if (match := _VERDICT.match(line)))
    verdict = (
        next(found, "the models and the history are equal") if code != _ASKS else _refusal(err)
    )
    return Authored(project=project, actions=tuple(_actions(lines)), verdict=verdict)


def _actions(lines: Iterable[str]) -> Iterator[str]:
    """Yield the indented lines below a file's path, without what each of them locks."""
    is_below = False
    for line in lines:
        if _FILE.match(line):
            is_below = True
        elif not line.startswith("  "):
            is_below = False
        elif is_below:
            yield line.strip().partition(": ")[0]


def _refusal(err: str) -> str:
    """Return the message, which stands before the place of the fault."""
    lines = err.splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith("  where: ")), 0)
    said = lines[at - 1].strip() if at else (lines or ["it ended without a message"])[-1].strip()
    return _SITE_PACKAGES.sub("", said)


def with_revisions(page: str, found: Iterable[Authored]) -> str:
    """Return the page with a section on the projects' revisions in place of its present one."""
    before, _, rest = page.partition(_HEAD)
    _, _, after = rest.partition(_END)
    rows = "\n".join(map(_row, found))
    table = f"| project | revision | result |\n|---|---|---|\n{rows}"
    return f"{before.rstrip()}\n\n{_HEAD}{_INTRODUCTION}\n\n{table}\n{_END}{after}"


def _row(one: Authored) -> str:
    actions = "<br>".join(one.actions) or "nothing"
    return f"| {one.project.distribution} | {_cell(actions)} | {_cell(one.verdict)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

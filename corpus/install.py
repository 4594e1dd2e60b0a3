"""Install each project with exactly its versions, and alembic-proof beside it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.errors import CorpusError, NotInstalledError
from corpus.project import Project

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".nox" / "corpus"
_OURS = tuple(
    ROOT / "packages" / name for name in ("alembic-deploy", "local-postgres", "alembic-proof")
)
_STAMP = "installed.txt"


def install(project: Project, *, uv: str, environments: Path = ENVIRONMENTS) -> Path:
    """Return the directory of the project's environment; install it unless it is up to date.

    Raises:
        NotInstalledError: something cannot be had; in uv's words.
        CorpusError: what it makes before its first revision cannot be read from it.

    Locks: flock beside the environment, so that two runs at once make one.
    """
    with _one_at_a_time(environments / f"{project.name}.lock"):
        return _install(project, uv=uv, place=environments / project.name)


def _install(project: Project, *, uv: str, place: Path) -> Path:
    stamp, wanted = place / _STAMP, _wanted(project)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and _has_start(project):
        return place
    into = ["--python", str(place)]
    pip = [uv, "pip", "install", "--quiet", "--no-deps", *into]
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)],
        [*pip, "--requirement", str(project.requirements)],
        [*pip, *(f"--editable={path}" for path in _OURS)],
    ):
        _run(command, error=NotInstalledError(f"{project.name} cannot be installed"))
    _write_start(project, environment=place)
    stamp.write_text(wanted, encoding="utf-8")
    return place


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wanted(project: Project) -> str:
    """All that an environment is made of."""
    files = (project.requirements, project.directory / "start.py")
    texts = (file.read_text(encoding="utf-8") for file in files if file.is_file())
    return "\n".join([sys.version, *map(str, _OURS), *texts])


def _has_start(project: Project) -> bool:
    program = project.directory / "start.py"
    return program.with_suffix(".sql").is_file() or not program.is_file()


def _write_start(project: Project, *, environment: Path) -> None:
    """Write start.sql, which has what the project itself makes before its first revision."""
    program = project.directory / "start.py"
    if program.is_file():
        python = environment / "bin" / "python"
        error = CorpusError(f"{project.name} does not say what it starts from")
        text = _run([str(python), str(program)], error=error)
        program.with_suffix(".sql").write_text(text, encoding="utf-8")


def _run(command: list[str], *, error: CorpusError) -> str:
    """Run a command outside of the checkout, whose pins are not for it; return what it prints."""
    root = Path(ROOT.anchor)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise type(error)(f"{error}:\n{done.stderr.strip()}")
    return done.stdout

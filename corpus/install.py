"""An environment for each project, with exactly its versions and with alembic-proof."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from corpus.errors import NotInstalledError
from corpus.project import Project

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".nox" / "corpus"
_OURS = ROOT / "packages" / "alembic-proof"
_STAMP = "installed.txt"


def install(project: Project, *, uv: str, environments: Path = ENVIRONMENTS) -> Path:
    """The directory of the project's environment; nothing is done where it is as it should be.

    Raises:
        NotInstalledError: something cannot be had; in uv's words.
    """
    place = environments / project.name
    stamp, wanted = place / _STAMP, _wanted(project)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and _has_start(project):
        return place
    into = ["--python", str(place)]
    _run(project, [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)])
    pip = [uv, "pip", "install", "--quiet", "--no-deps", *into]
    _run(project, [*pip, "--requirement", str(project.requirements)])
    _run(project, [*pip, "--editable", str(_OURS)])
    _write_start(project, environment=place)
    stamp.write_text(wanted, encoding="utf-8")
    return place


def _wanted(project: Project) -> str:
    """All that an environment is made of."""
    files = (project.requirements, project.directory / "start.py")
    texts = (file.read_text(encoding="utf-8") for file in files if file.is_file())
    return "\n".join([sys.version, str(_OURS), *texts])


def _has_start(project: Project) -> bool:
    program = project.directory / "start.py"
    return program.with_suffix(".sql").is_file() or not program.is_file()


def _write_start(project: Project, *, environment: Path) -> None:
    """Ensures that start.sql holds what the project itself makes before its first revision."""
    program = project.directory / "start.py"
    if program.is_file():
        python = environment / "bin" / "python"
        text = _run(project, [str(python), str(program)])
        program.with_suffix(".sql").write_text(text, encoding="utf-8")


def _run(project: Project, command: list[str]) -> str:
    """What the command prints; it runs where no pyproject.toml of ours constrains it."""
    root = Path(ROOT.anchor)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalledError(f"{project.name} cannot be installed:\n{done.stderr.strip()}")
    return done.stdout

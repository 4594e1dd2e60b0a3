"""The modules of the project itself, found where Python would find them."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path

_INSTALLED = ("site-packages", "dist-packages")


def project_modules(directory: Path, *, added: Iterable[str] = ()) -> frozenset[str]:
    """Return the first names of what the project can import of its own.

    These are the modules and packages beside Alembic's file (for Flask-Migrate: beside the directory
    of the migrations), in its directory `src`, in the directories of `prepend_sys_path`, and the name
    of the project in pyproject.toml. What Python brings or an installed distribution has is left out.

    :param directory: where Alembic's file lies
    :param added: the directories of `prepend_sys_path`
    """
    base = directory.parent if (directory / "env.py").is_file() else directory
    while (base / "__init__.py").is_file():
        base = base.parent
    # Alembic takes a relative path from the working directory, which is usually that of the file.
    others = [start / place for place in added for start in (base, Path())]
    places = dict.fromkeys(place.resolve() for place in (base, *others))
    found = {
        name
        for place in places
        if place.name not in _INSTALLED
        for name in (*_modules_in(place), *_modules_in(place / "src"))
    }
    own = {name for place in places if (name := _project_name(place / "pyproject.toml"))}
    return frozenset(name for name in found if not _is_foreign(name)) | own


def _modules_in(directory: Path) -> Iterator[str]:
    if not directory.is_dir():
        return
    for path in directory.iterdir():
        if path.suffix == ".py" and path.stem.isidentifier():
            yield path.stem
        elif path.name.isidentifier() and path.is_dir() and any(path.glob("*.py")):
            yield path.name


def _is_foreign(name: str) -> bool:
    """Return whether Python itself or an installed distribution has a module of that name."""
    if name in sys.stdlib_module_names:
        return True
    installed = [place for place in sys.path if Path(place).name in _INSTALLED]
    return PathFinder.find_spec(name, installed) is not None


def _project_name(path: Path) -> str:
    """Return the project's name as a module would have it; empty where nothing says one."""
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return ""
    name = project.get("name", "") if isinstance(project, dict) else ""
    return re.sub(r"[-.]", "_", name).lower() if isinstance(name, str) else ""

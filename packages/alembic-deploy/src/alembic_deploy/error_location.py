"""The location of an error in Python code: `file:line` in a directory, or in the project's own code."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_OWN_PACKAGES = ("alembic_deploy", "alembic_proof", "local_postgres")
"""The packages whose lines are never the project's, as far as they are imported."""
_INSTALLED = {"site-packages", "dist-packages"}


def location_in(error: BaseException, directories: Iterable[Path]) -> str:
    """Return `file:line` of the deepest line in one of the directories; empty without one.

    :param directories: Directories, or single files.
    """
    roots = tuple(directories)
    if isinstance(error, SyntaxError) and error.filename and _is_in(error.filename, roots):
        return f"{error.filename}:{error.lineno}"
    for filename, line in reversed(_lines(error)):
        if _is_in(filename, roots):
            return f"{filename}:{line}"
    return ""


def project_location(error: BaseException, directories: Iterable[Path] = ()) -> str:
    """Return `file:line` of the error in the project's own code; empty without one.

    That is the line that does not parse, else the deepest line of the traceback that belongs
    neither to Python, nor to an installed package, nor to this one.

    :param directories: Directories that are the project's own even in an installed package, as a
        history that was installed with a wheel.
    """
    roots = tuple(directories)
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        return f"{error.filename}:{error.lineno}"
    for filename, line in reversed(_lines(error)):
        if _is_in(filename, roots) or is_of_a_project(filename):
            return f"{filename}:{line}"
    return ""


def _lines(error: BaseException) -> list[tuple[str, int]]:
    """Return file and line of each frame of the traceback, outermost first.

    A frame of `__init_subclass__` that only passes on an error of a library is left out: the error is
    that of the class statement.
    """
    walked = list(traceback.walk_tb(error.__traceback__))
    return [
        (frame.f_code.co_filename, line)
        for frame, line in walked
        if frame.f_code.co_name != "__init_subclass__" or frame is walked[-1][0]
    ]


@cache
def is_of_a_project(filename: str) -> bool:
    """Return whether the file is neither Python's, nor installed, nor ours."""
    path = Path(filename)
    if not path.is_file() or _INSTALLED.intersection(path.parts) or is_ours(filename):
        return False
    return not any(path.is_relative_to(place) for place in _standard_library())


@cache
def is_ours(filename: str) -> bool:
    """Return whether the file is in one of our packages."""
    if not Path(filename).is_absolute():
        return False
    files = (sys.modules[name].__file__ for name in _OWN_PACKAGES if name in sys.modules)
    packages = [Path(file).resolve().parent for file in files if file]
    return any(Path(filename).resolve().is_relative_to(package) for package in packages)


@cache
def _standard_library() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def _is_in(filename: str, roots: tuple[Path, ...]) -> bool:
    return any(Path(filename).is_relative_to(root) for root in roots)

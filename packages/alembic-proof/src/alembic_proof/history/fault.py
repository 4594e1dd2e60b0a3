"""Faults of a project's own Python: the file and the line, and one sentence instead of a traceback."""

from __future__ import annotations

import sysconfig
import traceback
from asyncio import CancelledError
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

from alembic.util import CommandError

from alembic_proof.errors import HistoryError, ProofError, Terminated, without_addresses
from alembic_proof.postgres.sqlstate import server_text

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = {"site-packages", "dist-packages"}
_BODY = "<module>"
"""How Python calls the function of a module's body."""


def describe(error: BaseException) -> str:
    """Return the error in one line, with its type where the text alone says too little."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, ProofError):
        return " ".join(error.what.split())
    if isinstance(error, (KeyboardInterrupt, CancelledError)):
        return "interrupted"  # where an event loop runs, Control-C cancels its tasks
    if isinstance(error, Terminated):
        return "terminated"
    text = server_text(error) or str(error) or _failed_assertion(error)
    text = " ".join(without_addresses(text).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _failed_assertion(error: BaseException) -> str:
    """Return the line of an assert statement that has no message."""
    if not isinstance(error, AssertionError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    return (frames[-1].line or "") if frames else ""


def place_in(error: BaseException, directories: Iterable[Path]) -> str:
    """Return `file:line` of the last line in one of the directories that the error came through."""
    roots = tuple(directories)
    if isinstance(error, SyntaxError) and error.filename and _is_in(error.filename, roots):
        return f"{error.filename}:{error.lineno}"
    for filename, line in reversed(_lines(error)):
        if _is_in(filename, roots):
            return f"{filename}:{line}"
    return ""


def fault_place(error: BaseException, directories: Iterable[Path] = ()) -> str:
    """Return `file:line` of the fault in the project's own code; empty where there is none.

    That is the line that does not parse, else the deepest line that the error came through and that
    belongs neither to Python, nor to an installed package, nor to alembic_proof. Files below
    `directories` are the project's own wherever they lie: a history may be installed with a wheel.
    """
    roots = tuple(directories)
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        return f"{error.filename}:{error.lineno}"
    for filename, line in reversed(_lines(error)):
        if _is_in(filename, roots) or _is_own(filename):
            return f"{filename}:{line}"
    return ""


def fault_error(error: BaseException, *, place: str, todo: str = "") -> HistoryError:
    """Return the error for a file of the project that cannot be run or imported, at `file:line`."""
    name = Path(place.rpartition(":")[0]).name
    return HistoryError(
        f"{name} cannot run: {_described(error)}", where=place, todo=todo or _advice(error)
    )


@contextmanager
def explained_faults() -> Iterator[None]:
    """Turn a fault in a module of the project that is imported here into one CommandError.

    An env.py imports the project's models inside of this block, so that Alembic's own commands name
    the file and the line of a fault in them instead of printing a traceback. A fault of
    alembic_proof's own, or one outside of a module's body, keeps its traceback.

        with explained_faults():
            from shop.models import metadata

    :raises CommandError: A module cannot be imported; names the file and the line.
    """
    try:
        yield
    except (CommandError, ProofError):
        raise
    except Exception as error:
        place = fault_place(error) if _is_of_the_project(error) else ""
        if not place:
            raise
        raise CommandError(str(fault_error(error, place=place))) from error


def missing_function(error: AttributeError) -> HistoryError | None:
    """Return the error for a revision without the function that Alembic asked it for, else None."""
    module, name = getattr(error, "obj", None), getattr(error, "name", "")
    if not isinstance(module, ModuleType) or name not in ("upgrade", "downgrade"):
        return None
    revision = getattr(module, "revision", "?")
    todo = "write it"
    if name == "downgrade":
        todo = "write one that takes back what upgrade() does; nothing was changed"
    return HistoryError(
        f"revision {revision} has no {name}()", where=str(module.__file__), todo=todo
    )


def _described(error: BaseException) -> str:
    """Describe the error, with the name that Python thinks was meant (3.12 and later say it)."""
    if not isinstance(error, NameError | ImportError):
        return describe(error)
    said = " ".join("".join(traceback.format_exception_only(error)).split())
    return said if said.startswith(describe(error)) else describe(error)


def _advice(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return "correct the import, or install the package that it names"
    return "correct that line"


def _is_of_the_project(error: Exception) -> bool:
    """Return whether a module's body failed and no frame of alembic_proof is below the project's."""
    if isinstance(error, SyntaxError) and error.filename:
        return True
    frames = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    if not any(code.co_name == _BODY for code in frames):
        return False
    names = [code.co_filename for code in reversed(frames)]
    deepest = next((name for name in names if _is_own(name) or _is_ours(name)), "")
    return bool(deepest) and not _is_ours(deepest)


def _lines(error: BaseException) -> list[tuple[str, int]]:
    """Yield the file and the line of each frame that the error came through, outermost first."""
    walked = traceback.walk_tb(error.__traceback__)
    return [(frame.f_code.co_filename, line) for frame, line in walked]


@cache
def _is_own(filename: str) -> bool:
    """Return whether the file is the project's: not Python's, not installed, not alembic_proof's."""
    path = Path(filename)
    if not path.is_file() or _INSTALLED.intersection(path.parts) or _is_ours(filename):
        return False
    return not any(path.is_relative_to(place) for place in _standard_library())


@cache
def _is_ours(filename: str) -> bool:
    return Path(filename).is_absolute() and Path(filename).resolve().is_relative_to(_PACKAGE)


@cache
def _standard_library() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def _is_in(filename: str, roots: tuple[Path, ...]) -> bool:
    return any(Path(filename).is_relative_to(root) for root in roots)

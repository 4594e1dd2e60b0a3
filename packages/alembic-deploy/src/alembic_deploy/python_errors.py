"""Errors in a project's own Python code: the file and the line, in one sentence, no traceback."""

from __future__ import annotations

import traceback
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from alembic.util import CommandError

from alembic_deploy.error_location import is_of_a_project, is_ours, project_location
from alembic_deploy.errors import DeployError, HistoryError, Terminated, without_addresses
from alembic_deploy.server_message import server_text

_MODULE_BODY = "<module>"
"""Python's name of the code of a module's body."""


@contextmanager
def explained_import_errors() -> Iterator[None]:
    """Turn an error in a module that is imported in this block into one CommandError.

    An env.py imports the project's models inside of this block, so that Alembic's commands name the
    file and the line of an error in them instead of printing a traceback.

        with explained_import_errors():
            from shop.models import metadata

    A bug of this package, or an error outside of a module's body, keeps its traceback.

    :raises CommandError: A module cannot be imported; names the file and the line.
    """
    try:
        yield
    except (CommandError, DeployError):
        raise
    except Exception as error:
        place = project_location(error) if _is_of_the_project(error) else ""
        if not place:
            raise
        raise CommandError(str(project_error(error, place=place))) from error


def describe(error: BaseException) -> str:
    """Return the error in one line, with its type where the text alone says too little."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, DeployError):
        return " ".join(error.what.split())
    if isinstance(error, (KeyboardInterrupt, CancelledError)):
        return "interrupted"  # in an event loop, Control-C cancels the tasks
    if isinstance(error, Terminated):
        return "terminated"
    text = server_text(error) or str(error) or _failed_assertion(error)
    text = " ".join(without_addresses(text).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def project_error(error: BaseException, *, place: str, todo: str = "") -> HistoryError:
    """Return the error for a file of the project that cannot be run or imported.

    :param place: `file:line`.
    """
    name = Path(place.rpartition(":")[0]).name
    return HistoryError(
        f"{name} cannot run: {_describe_with_hint(error)}",
        where=place,
        todo=todo or _todo_for(error),
    )


def missing_function(error: AttributeError) -> HistoryError | None:
    """Return the error for a revision without upgrade() or downgrade(); None for another error."""
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


def _failed_assertion(error: BaseException) -> str:
    """Return the source line of an assert statement without a message."""
    if not isinstance(error, AssertionError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    return (frames[-1].line or "") if frames else ""


def _describe_with_hint(error: BaseException) -> str:
    """Describe the error, with the name that Python suggests (since 3.12)."""
    if not isinstance(error, NameError | ImportError):
        return describe(error)
    text = " ".join("".join(traceback.format_exception_only(error)).split())
    return text if text.startswith(describe(error)) else describe(error)


def _todo_for(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return "correct the import, or install the package that it names"
    return "correct that line"


def _is_of_the_project(error: Exception) -> bool:
    """Return whether a module's body failed, and in the project's code rather than in ours."""
    if isinstance(error, SyntaxError) and error.filename:
        return True
    frames = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    if not any(code.co_name == _MODULE_BODY for code in frames):
        return False
    names = [code.co_filename for code in reversed(frames)]
    deepest = next((name for name in names if is_of_a_project(name) or is_ours(name)), "")
    return bool(deepest) and not is_ours(deepest)

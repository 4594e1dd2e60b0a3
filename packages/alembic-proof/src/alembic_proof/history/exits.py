"""What ends the process: a revision that does so fails, a signal that does so passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic.runtime.migration import RevisionStep

from alembic_proof.errors import HistoryError, Terminated


class ExitError(HistoryError):
    """Code that ends the process instead of raising an exception."""

    def __init__(self, code: object, *, who: str = "it", where: str = "") -> None:
        super().__init__(
            f"{who} ends the process, sys.exit({code!r}), instead of raising an exception",
            where=where,
            todo="let it raise one" if where else "",
        )
        self.code = code


@contextmanager
def refused_exits() -> Iterator[None]:
    """Ensures that `sys.exit()` inside of this block leaves as an error, whatever its code.

    Otherwise `sys.exit(0)` in a revision would have a command end well that did nothing. A signal's
    own exit passes.

    Raises:
        ExitError: the code inside of the block called it.
    """
    try:
        yield
    except Terminated:
        raise
    except SystemExit as exit_:
        raise ExitError(exit_.code).with_traceback(exit_.__traceback__) from exit_


@contextmanager
def passed_interruptions() -> Iterator[None]:
    """Ensures that an error which comes out of an interruption leaves as the interruption."""
    try:
        yield
    except Exception as error:
        if (interruption := _interruption_behind(error)) is not None:
            raise interruption from None
        raise


def _interruption_behind(error: BaseException) -> BaseException | None:
    """Control-C or a signal's exit that the error was raised from, or while it was handled."""
    seen: dict[int, BaseException] = {}
    waiting: list[BaseException | None] = [error]
    while waiting:
        behind = waiting.pop()
        if isinstance(behind, KeyboardInterrupt | Terminated):
            return behind
        if behind is not None and id(behind) not in seen:
            seen[id(behind)] = behind
            waiting += [behind.__cause__, behind.__context__]
    return None


def refuse_exits_of(step: RevisionStep) -> RevisionStep:
    """The step itself, whose revision can no longer end the process."""
    migrate: Callable[..., Any] = step.migration_fn

    def run(**arguments: Any) -> None:
        with refused_exits():
            migrate(**arguments)

    step.migration_fn = run
    return step

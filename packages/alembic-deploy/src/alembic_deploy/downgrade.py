"""Before a downgrade: show what it loses, and ask whether to go on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from functools import partial

from alembic.runtime.migration import RevisionStep
from sqlalchemy.engine import Connection

from alembic_deploy.confirmation import ask, is_terminal
from alembic_deploy.deployment import MigrationSession
from alembic_deploy.errors import HistoryError
from alembic_deploy.losses import StepLosses, read_losses
from alembic_deploy.process_exit import write_line
from alembic_deploy.session import ping


class Answer(Enum):
    """How a downgrade that loses something gets the answer that it needs."""

    REQUIRED = "it is asked on the terminal; without one it is an error"
    ON_TERMINAL = "it is asked on the terminal; without one it is yes, as for plain Alembic"
    YES = "it is yes"


def confirm_downgrade(session: MigrationSession, *, answer: Answer, option: str = "--yes") -> None:
    """Show what the session's downgrade loses; ask, where it loses anything or undoes several.

    :param option: What to write on the command line for yes.
    :raises HistoryError: A revision's downgrade refuses, or the answer is no.
    :raises ConfigError: Nobody can answer.
    Locks: ACCESS SHARE on the tables that are counted.
    """
    remaining = session.steps.remaining
    steps = [step for step in remaining if isinstance(step, RevisionStep) and step.is_downgrade]
    losses = read_losses(session.connection, steps)
    if not losses or (len(losses) == 1 and losses[0].is_empty):
        return
    is_asked = answer is Answer.REQUIRED or (answer is Answer.ON_TERMINAL and is_terminal())
    for line in report(losses):
        if is_asked and not session.progress.is_json:
            write_line(sys.stderr, line)  # where the question is
        else:
            session.progress.print_line(line)
    if is_asked and not _is_confirmed(session.connection, option):
        raise HistoryError(
            "nothing is undone: the answer is not yes", todo=f"answer y, or add {option}, to go on"
        )


def report(losses: tuple[StepLosses, ...]) -> Iterator[str]:
    """Yield the lines that say what a downgrade loses."""
    number = "1 revision" if len(losses) == 1 else f"{len(losses)} revisions"
    is_harmless = all(one.is_empty for one in losses)
    end = "loses no row" if is_harmless else "these rows and values go"
    yield f"this downgrade undoes {number}, and {end}:"
    for one in losses:
        yield from (f"  {line}" for line in str(one).splitlines())


def _is_confirmed(connection: Connection, option: str) -> bool:
    unasked = f"add {option} if it may go on"
    return ask("Go on?", unasked=unasked, while_waiting=partial(ping, connection))

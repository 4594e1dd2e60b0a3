"""Whatever goes wrong in a command, as Alembic's own CommandError with one clear message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.runtime.migration import RevisionStep
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.env.progress import direction_of, name_of, title_of
from alembic_proof.env.server_message import ServerMessage, server_message
from alembic_proof.env.steps import Steps
from alembic_proof.errors import DatabaseError, HistoryError, ProofError
from alembic_proof.history.alembic_error import (
    OUTER_TRANSACTION,
    clearer_error,
    is_held_by_outer_transaction,
)
from alembic_proof.history.fault import describe, fault_place, missing_function, place_in
from alembic_proof.history.unfinished import is_unfinished

_RETRY_TODO = "correct it and run the command again"
_FINISH = "finish the revision, delete that line, and run the command again"
_RECONNECT = "look at the server's log, and run the command again"
_POOLER = "connect to PostgreSQL itself: a pooler like pgbouncer does not keep a session together"
_EXTENSION = "install the extension on the server: contrib's come with postgresql-contrib"
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_TODO = {
    "25P02": "look for an earlier statement whose error the revision swallowed, "
    "and give that one a savepoint: op.get_bind().begin_nested()",
    "25006": "use the primary server: this one, or this session, only reads",
    "40P01": "run the command again: PostgreSQL chose it to end a deadlock",
    "42501": "give this login the right, or run the command as the owner",
    "55P03": "run the command again when the other transaction has ended "
    "(pg_stat_activity names it), or allow a longer lock_timeout",
    "57014": "run the command again, with a longer statement_timeout if that was it",
    "57P01": "run the command again when the server is back",
    "26000": _POOLER,
    "42P05": _POOLER,
}
_OWN_WORDS = (NotImplementedError, RuntimeError, CommandError, ProofError)
"""What a revision raises to say something to its user; other types are told with their name."""


@contextmanager
def as_command_errors(steps: Steps, *, is_command_line: bool) -> Iterator[None]:
    """Ensures that a failure leaves as CommandError; a fault of this package's own does not.

    So does Control-C under Alembic's own command line; elsewhere it is the caller's.
    """
    try:
        yield
    except Exception as error:
        if isinstance(steps.running, RevisionStep):
            raise CommandError(str(_step_failure(error, steps.running, steps))) from error
        if isinstance(error, CommandError):
            raise clearer_error(error, place=steps.place) from error.__cause__
        failure = _failure(error)
        if failure is None:
            raise
        raise CommandError(str(failure)) from error
    except KeyboardInterrupt as interrupt:
        if not is_command_line:
            raise
        raise CommandError(_interruption(steps)) from interrupt


def _failure(error: Exception) -> ProofError | None:
    """A failure outside of every revision in clear words; None for a fault of our own."""
    message = server_message(error)
    if isinstance(error, ProofError):
        return error
    if isinstance(error, AttributeError):
        return missing_function(error)
    if message is not None:
        return _database_failure(message)
    if isinstance(error, (SQLAlchemyError, OSError)):
        return DatabaseError(describe(error))
    return None


def _interruption(steps: Steps) -> str:
    if isinstance(steps.running, RevisionStep):
        name = f"{direction_of(steps.running)} of {steps.running.revision.revision}"
        return str(DatabaseError("interrupted", where=f"{name}\n  now: {_left_behind(steps)}"))
    return "interrupted"


def _step_failure(error: Exception, step: RevisionStep, steps: Steps) -> ProofError:
    """The error of one revision: which, why, where, what it leaves behind, and what to do."""
    name = f"{direction_of(step)} of {step.revision.revision} ({title_of(step)})"
    message = server_message(error)
    place = _step_place(error, Path(step.revision.path))
    statement = f"\n  statement: {message.statement}" if message and message.statement else ""
    where = f"{place}{statement}\n  now: {_left_behind(steps)}"
    match error:
        case _ if is_unfinished(error):
            return HistoryError(f"{name} is {error}", where=where, todo=_FINISH)
        case NotImplementedError() if step.is_downgrade:
            what = f"{name} refuses: {_own_words(error)}"
            return HistoryError(what, where=where, todo="restore a backup, or stay and go forward")
        case _ if message is None:
            what = f"{name} failed: {_own_words(error)}"
            is_held = is_held_by_outer_transaction(error)
            return HistoryError(
                what, where=where, todo=OUTER_TRANSACTION if is_held else _RETRY_TODO
            )
        case _ if message.is_connection_lost:
            what = f"{name} lost its connection: {message.one_line}"
            return DatabaseError(what, where=where, todo=_RECONNECT)
        case _:
            what = f"{name} failed: {message.one_line}"
            return DatabaseError(what, where=where, todo=_todo_for(message) or _RETRY_TODO)


def _step_place(error: Exception, path: Path) -> str:
    """Return the line of the revision, and the deeper one of a module that it has called."""
    place = place_in(error, (path,)) or str(path)
    fault = fault_place(error, (path,)) or place
    return place if fault == place else f"{fault}, called at {place}"


def _left_behind(steps: Steps) -> str:
    """What the failed step leaves behind."""
    at = f"the database is at {name_of(steps.heads)}"
    if steps.has_committed:
        return f"{at}, and what the revision did before and in its autocommit block stays"
    return f"the revision is rolled back, {at}"


def _own_words(error: Exception) -> str:
    text = str(error).strip()
    return text if text and isinstance(error, _OWN_WORDS) else describe(error)


def _database_failure(message: ServerMessage) -> ProofError:
    if message.is_connection_lost:
        return DatabaseError(
            f"the connection to the server was lost: {message.one_line}",
            todo=_RECONNECT,
        )
    return DatabaseError(f"the database refuses: {message.one_line}", todo=_todo_for(message))


def _todo_for(message: ServerMessage) -> str:
    """What to do about it; empty where its SQLSTATE alone does not tell."""
    if message.sqlstate in ("0A000", "58P01", "22023") and "extension" in message.message:
        return _EXTENSION
    return _TODO.get(message.sqlstate, "")

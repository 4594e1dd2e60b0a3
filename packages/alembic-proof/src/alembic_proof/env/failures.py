"""Whatever goes wrong in a command, as Alembic's own CommandError with one clear message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.runtime.migration import RevisionStep
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.env.progress import name_of
from alembic_proof.env.server_message import ServerMessage, server_message
from alembic_proof.env.steps import Steps
from alembic_proof.errors import DatabaseError, HistoryError, ProofError
from alembic_proof.history.alembic_error import clearer_error
from alembic_proof.history.load import describe, place_in

# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_TODO = {
    "0A000": "install what is missing on the server (extensions come with postgresql-contrib)",
    "25006": "use the primary server: this one, or this session, only reads",
    "40P01": "run the command again: PostgreSQL chose it to end a deadlock",
    "42501": "give this login the right, or run the command as the owner",
    "55P03": "run the command again when the other transaction has ended "
    "(pg_stat_activity names it), or allow a longer lock_timeout",
    "57014": "run the command again, with a longer statement_timeout if that was it",
    "57P01": "run the command again when the server is back",
    "58P01": "install what is missing on the server (extensions come with postgresql-contrib)",
}
_OWN_WORDS = (NotImplementedError, RuntimeError, CommandError, ProofError)
"""What a revision raises to say something to its user; other types are told with their name."""


@contextmanager
def as_command_errors(steps: Steps) -> Iterator[None]:
    """Ensures that a failure leaves as CommandError; a fault of this package's own does not."""
    try:
        yield
    except Exception as error:
        if isinstance(steps.running, RevisionStep):
            raise CommandError(str(_step_failure(error, steps.running, steps))) from error
        message = server_message(error)
        if isinstance(error, ProofError):
            raise CommandError(str(error)) from error
        if message is not None:
            raise CommandError(str(_database_failure(message))) from error
        if isinstance(error, CommandError):
            raise clearer_error(error, heads=steps.start) from error.__cause__
        if isinstance(error, (SQLAlchemyError, OSError)):
            raise CommandError(describe(error)) from error
        raise


def _step_failure(error: Exception, step: RevisionStep, steps: Steps) -> ProofError:
    """The error of one revision: which, where, why, and what the database is at now."""
    revision = step.revision
    direction = "upgrade" if step.is_upgrade else "downgrade"
    name = f"{direction} of {revision.revision} ({revision.doc or Path(revision.path).name})"
    place = place_in(error, (Path(revision.path),)) or str(revision.path)
    rest = _rest(steps)
    message = server_message(error)
    if isinstance(error, NotImplementedError) and not step.is_upgrade:
        return HistoryError(f"{name} refuses: {_own_words(error)}", where=place, todo=rest)
    if message is None:
        return HistoryError(f"{name} failed: {_own_words(error)}", where=place, todo=rest)
    if message.is_connection_lost:
        what = f"{name} lost its connection: {message.one_line}"
        return DatabaseError(what, where=place, todo=f"{rest}; run the command again")
    statement = f"\n  statement: {message.statement}" if message.statement else ""
    todo = _TODO.get(message.sqlstate, "mend it and run the command again")
    return DatabaseError(
        f"{name} failed: {message.one_line}", where=f"{place}{statement}", todo=f"{rest}; {todo}"
    )


def _rest(steps: Steps) -> str:
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
            todo="look at the server's log and run the command again",
        )
    return DatabaseError(
        f"the database refuses: {message.one_line}", todo=_TODO.get(message.sqlstate, "")
    )

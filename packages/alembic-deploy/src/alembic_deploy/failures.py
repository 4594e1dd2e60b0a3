"""Failures of a command: every exception becomes Alembic's CommandError with one clear message."""

from __future__ import annotations

import re
import time
import traceback
from asyncio import CancelledError
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alembic.runtime.migration import RevisionStep
from alembic.script.revision import MultipleHeads, ResolutionError
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from alembic_deploy.concurrently import is_concurrently, leftovers_of
from alembic_deploy.error_location import location_in, project_location
from alembic_deploy.errors import DatabaseError, DeployError, HistoryError, Terminated
from alembic_deploy.position import HistoryPosition
from alembic_deploy.progress import direction_of, name_of, title_of
from alembic_deploy.python_errors import describe, missing_function
from alembic_deploy.revision_source import is_unfinished
from alembic_deploy.server_message import ServerMessage, server_message
from alembic_deploy.steps import Steps

OUTER_TRANSACTION = (
    "its autocommit block cannot leave the transaction that env.py has begun around all revisions: "
    "let env.py configure a connection on which no transaction is open, and begin one with "
    "context.begin_transaction() only"
)
"""What to do when is_held_by_outer_transaction()."""

_DRY_RUN = (
    "its autocommit block cannot be part of a dry run: name the revision before it as the target"
)
_LIST = "the command `history` lists the revisions"
_RETRY = "correct it and run the command again"
_FINISH = "finish the revision, delete that line, and run the command again"
_RECONNECT = "look at the server's log, and run the command again"
_AGAIN = "run the command again: it goes on from there"
_ASK = "the command `current` shows the revision, when the server is back; then run this one again"
_ALLOW_SILENCE = (
    "allow more, with --idle-in-transaction-timeout or the setting of that name; or let the "
    "revision send a statement such as SELECT 1 in between"
)
_POOLER = "connect to PostgreSQL itself: a pooler like pgbouncer does not keep a session together"
_EXTENSION = "install the extension on the server: contrib's come with postgresql-contrib"
_LATE = (
    "allow a longer deadline, or end the transactions that hold it up, and run the command again"
)
_CANCELED = "57014"
"""query_canceled. Source: errcodes-appendix."""
_REFUSED_CLASSES = ("0A", "25", "3F", "42")
"""Classes of errors that refuse a statement before it begins: not supported, wrong state, names.

Source: errcodes-appendix.
"""
_RAISED = "P0001"
"""raise_exception. Source: errcodes-appendix."""
_AFTER_REFUSAL = {
    "upgrade": "do what the message asks for, and run the command again",
    "downgrade": "do what the message asks for, and run the command again; or go forward again "
    "with `upgrade`, which does not bring back the rows that are lost",
}
"""What to do after a revision's own refusal: its file need not be changed."""
_NO_RIGHT = "42501"
"""insufficient_privilege. Source: errcodes-appendix."""
_DENIED_TABLE = re.compile(r"(?:permission denied for|must be owner of) table (\S+)$")
_OWNER = (
    "run the command as the table's owner; if this login should own it, let an administrator "
    "execute ALTER TABLE {table} OWNER TO this login: `doctor` names all such tables"
)
_DUPLICATE = "42P07"
"""duplicate_table. Source: errcodes-appendix."""
_OTHER_INDEX = (
    "the name belongs to a table, or to an index with another definition: where that is an index "
    "which nothing needs, execute DROP INDEX CONCURRENTLY, and run the command again"
)
_TODO = {
    **dict.fromkeys(("25P03", "57P05"), _ALLOW_SILENCE),
    "25P02": "look for an earlier statement whose error the revision swallowed, "
    "and give that one a savepoint: op.get_bind().begin_nested()",
    "25006": "use the primary server: this one, or this session, is read-only",
    "40P01": "run the command again: PostgreSQL chose it to end a deadlock",
    _NO_RIGHT: "give this login the right, or run the command as the owner",
    "55P03": "run the command again when the other transaction has ended, or end that session; "
    "more retries and a longer retry_time wait longer",
    _CANCELED: "run the command again, with a longer statement_timeout if that was it",
    "26000": _POOLER,
    "42P05": _POOLER,
}
_OWN_WORDS = (NotImplementedError, RuntimeError, CommandError, DeployError)
"""What a revision raises with a message for its user; other messages get the type's name."""
_NO_PATH = re.compile(
    r"Relative revision (?P<steps>\S+) didn't produce "
    r"|Destination (?P<target>\S+) is not a valid (up|down)grade target "
)


@contextmanager
def as_command_errors(steps: Steps) -> Iterator[None]:
    """Raise a failure of the command as CommandError; a bug of this package passes through.

    An interruption passes too, with a note that says what it has interrupted.

    :raises CommandError: What failed, where, and what to do.
    """
    try:
        yield
    except Exception as error:
        if isinstance(steps.running, RevisionStep):
            raise CommandError(str(_step_failure(error, steps.running, steps))) from error
        if isinstance(error, CommandError):
            raise clearer_error(
                error, position=steps.position, rebase_command=steps.rebase_command
            ) from error.__cause__
        failure = _failure(error)
        if failure is None:
            raise
        raise CommandError(str(failure)) from error
    except (KeyboardInterrupt, Terminated, CancelledError) as interruption:
        if isinstance(steps.running, RevisionStep):
            state = _state_after(steps, steps.running, is_answered=False)
            now = f"\n  now: {state}" if state else ""
            interruption.add_note(f"  where: {steps.describe()}{now}")
        raise


def clearer_error(
    error: CommandError, *, position: HistoryPosition | None = None, rebase_command: str = ""
) -> CommandError:
    """Return Alembic's error with the names and the next step that its text leaves out.

    :param position: The position of the database; None where the command has no database.
    :param rebase_command: As in `join_heads`.
    """
    position = position or HistoryPosition()
    match error.__cause__:
        case MultipleHeads() as found:
            return CommandError(str(_multiple_heads(found.heads, rebase_command)))
        case ResolutionError() as unknown:
            return CommandError(str(_unknown_revision(unknown)))
    text, at = str(error), name_of(position.heads)
    if text == "Target database is not up to date.":
        return CommandError(str(_not_at_head(at, position, rebase_command)))
    if no_path := _NO_PATH.match(text):
        return _no_path(no_path["steps"] or no_path["target"], at, position)
    return error


def is_held_by_outer_transaction(error: BaseException) -> bool:
    """Return whether autocommit_block() failed because env.py began the transaction itself.

    Alembic asserts there that the transaction is its own, without a message.
    """
    frames = traceback.extract_tb(error.__traceback__) if isinstance(error, AssertionError) else []
    return any(frame.name == "autocommit_block" for frame in frames)


def join_heads(revision_ids: Iterable[str], *, rebase_command: str) -> str:
    """Return what to do about several heads, for every message about them.

    :param rebase_command: The command that puts the revisions of a branch behind the other head;
        empty where there is none, as in production.
    """
    merge = f"join them with {merge_command(revision_ids)}"
    if not rebase_command:
        return merge
    return (
        f"put the revisions of your branch behind the other head with `{rebase_command}`; where "
        f"databases have both applied, {merge}"
    )


def merge_command(revision_ids: Iterable[str]) -> str:
    """Return the command that joins these heads."""
    return f'`alembic merge -m "message" {" ".join(sorted(revision_ids))}`'


def _failure(error: Exception) -> DeployError | None:
    """Return a failure outside of every revision in clear words; None for a bug of ours."""
    message = server_message(error)
    if isinstance(error, DeployError):
        return error
    if isinstance(error, AttributeError):
        return missing_function(error)
    if message is not None and message.is_connection_lost:
        return DatabaseError(
            f"the connection to the server was lost: {message.one_line}",
            todo=_todo_for(message) or _RECONNECT,
        )
    if message is not None:
        return DatabaseError(f"the database refuses: {message.one_line}", todo=_todo_for(message))
    if isinstance(error, (SQLAlchemyError, OSError)):
        return DatabaseError(describe(error))
    return None


def _step_failure(error: Exception, step: RevisionStep, steps: Steps) -> DeployError:
    """Return the error of one revision: which, why, where, the state after it, what to do."""
    name = f"{steps.describe()} ({title_of(step)})"
    message = server_message(error)
    statement = f"\n  statement: {message.statement}" if message and message.statement else ""
    place = _step_place(error, Path(step.revision.path))
    is_answered = message is None or not message.is_connection_lost
    state = _state_after(steps, step, is_answered=is_answered, message=message)
    now = f"\n  now: {state}" if state else ""
    where = f"{place}{statement}{_attempts(steps)}{now}"
    match error:
        case _ if is_unfinished(error):
            return HistoryError(f"{name} is {error}", where=where, todo=_FINISH)
        case NotImplementedError() if step.is_downgrade:
            what = f"{name} refuses: {_own_words(error)}"
            return HistoryError(what, where=where, todo="restore a backup, or stay and go forward")
        case DeployError():
            what = f"{name} failed: {error.what}"
            where = f"{error.where}, {where}" if error.where else where
            return HistoryError(what, where=where, todo=error.todo or _RETRY)
        case _ if message is None:
            todo = _RETRY
            if is_held_by_outer_transaction(error):
                todo = _DRY_RUN if steps.is_dry_run else OUTER_TRANSACTION
            return HistoryError(f"{name} failed: {_own_words(error)}", where=where, todo=todo)
        case _ if message.is_connection_lost and steps.silence:
            what = f"{name} lost its connection: {steps.silence}"
            return DatabaseError(what, where=where, todo=_ALLOW_SILENCE)
        case _ if message.is_connection_lost:
            what = f"{name} lost its connection: {message.one_line}"
            return DatabaseError(what, where=where, todo=_todo_for(message) or _todo_after(steps))
        case _ if message.sqlstate == _CANCELED and steps.is_late:
            what = f"{name} failed: the deadline has passed: {message.one_line}"
            return DatabaseError(what, where=where, todo=_LATE)
        case _:
            what = f"{name} failed: {message.one_line}"
            is_refusal = message.sqlstate == _RAISED
            other = _AFTER_REFUSAL[direction_of(step)] if is_refusal else _RETRY
            return DatabaseError(what, where=where, todo=_todo_for(message) or other)


def _attempts(steps: Steps) -> str:
    """Return lines that say how often the revision was tried, and who held its locks."""
    attempt = steps.attempt
    tried = ""
    if attempt is not None and attempt.number > 1:
        seconds = time.monotonic() - attempt.first_s
        tried = f"\n  attempts: {attempt.number}, in {seconds:.0f} s"
    return tried + "".join(f"\n  lock held by: {one}" for one in steps.blockers)


def _step_place(error: Exception, path: Path) -> str:
    """Return the line of the revision, and the deeper one of a module that it has called."""
    place = location_in(error, (path,)) or str(path)
    fault = project_location(error, (path,)) or place
    return place if fault == place else f"{fault}, called at {place}"


def _state_after(
    steps: Steps,
    step: RevisionStep,
    *,
    is_answered: bool,
    message: ServerMessage | None = None,
) -> str:
    """Return the state of the database after the failed step, as far as it is known.

    Empty for a command that has no database.

    :param is_answered: Whether the connection is whole, so that the revision could be rolled back.
    """
    if steps.is_offline:
        return ""
    direction = direction_of(step)
    heads = steps.heads
    if steps.outcome is not None and steps.outcome.heads is not None:
        heads = steps.outcome.heads
    elif steps.outcome is not None or (steps.effects.is_commit_sent and not is_answered):
        why = f": {steps.outcome.why}" if steps.outcome is not None else ""
        return f"it is not known whether the {direction} was committed{why}"
    at = f"the database is at {name_of(heads)}"
    if heads != steps.heads:
        is_done = heads == steps.effects.next_heads
        return f"the {direction} was committed, {at}" if is_done else at
    left = _left_index(steps, step, message)
    if steps.effects.has_committed or steps.effects.has_built:
        return f"{at}, and what the revision did before and in its autocommit block stays{left}"
    if left:
        return f"{at}{left}"
    if is_answered:
        return f"the revision is rolled back, {at}"
    return f"the {direction} is not applied, {at}"


def _left_index(steps: Steps, step: RevisionStep, message: ServerMessage | None) -> str:
    """Return what to add about the INVALID index of a broken CONCURRENTLY statement; empty without."""
    sqlstate = message.sqlstate if message is not None else ""
    if sqlstate[:2] in _REFUSED_CLASSES or leftovers_of(steps.effects.statement) is None:
        return ""
    return (
        "; an INVALID index stays where the statement had begun to build it: "
        f"the next {direction_of(step)} drops it"
    )


def _todo_after(steps: Steps) -> str:
    """Return what to do after a lost connection."""
    is_known = steps.outcome is not None and steps.outcome.heads is not None
    return _AGAIN if is_known else _ASK


def _own_words(error: Exception) -> str:
    text = str(error).strip()
    return text if text and isinstance(error, _OWN_WORDS) else describe(error)


def _todo_for(message: ServerMessage) -> str:
    """Return what to do about it; empty where its SQLSTATE alone does not tell."""
    if message.sqlstate in ("0A000", "58P01", "22023") and "extension" in message.message:
        return _EXTENSION
    if message.sqlstate == _DUPLICATE and is_concurrently(message.sql):
        return _OTHER_INDEX
    if message.sqlstate == _NO_RIGHT and (table := _DENIED_TABLE.search(message.message)):
        return _OWNER.format(table=table[1])
    return _TODO.get(message.sqlstate, "")


def _no_path(target: str, at: str, position: HistoryPosition) -> CommandError:
    """Return the error for a target that cannot be reached from where the database is."""
    if target.startswith("+") and position.is_at_head:
        return CommandError(f"already at head ({at}); there is no next revision")
    if target.startswith("-") and not position.heads:
        return CommandError("already at base; there is no earlier revision")
    todo = _LIST
    if position.command == "downgrade" and target.startswith("-"):
        todo = "to undo all revisions: the command `downgrade` with base"
    if position.command == "upgrade" and target.startswith("-"):
        todo = f"to go back: the command `downgrade` with {target}"
    if position.command == "downgrade" and not target.startswith("-"):
        todo = f"to go forward: the command `upgrade` with {target}"
    return CommandError(str(HistoryError(f"there is no path from {at} to {target}", todo=todo)))


def _multiple_heads(heads: Sequence[str], rebase_command: str) -> HistoryError:
    names = sorted(heads)
    return HistoryError(
        f"the history has {len(names)} heads: {', '.join(names)}",
        todo=f"{join_heads(names, rebase_command=rebase_command)}; where both branches are meant, "
        "name one of them, or all: heads",
    )


def _unknown_revision(error: ResolutionError) -> HistoryError:
    text = str(error)
    if text.startswith("No such revision"):
        text = f"there is no revision {error.argument!r}"
    return HistoryError(text, todo=_LIST)


def _not_at_head(at: str, position: HistoryPosition, rebase_command: str) -> HistoryError:
    if position.unintended_heads:
        return _multiple_heads(position.unintended_heads, rebase_command)
    return HistoryError(
        f"the database is at {at}, which is not the head of the history",
        todo="run the command `upgrade` first, then compare the models with it",
    )

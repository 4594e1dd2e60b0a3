"""Runs the steps of a command; a revision that does not get its locks is rolled back and tried again.

Between two attempts nothing is locked, so that the application's sessions get their turn.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_deploy.blockers import Blocker, LockWatcher
from alembic_deploy.events import AttemptFailed
from alembic_deploy.limits import Limits
from alembic_deploy.lock_holders import read_lock_holders
from alembic_deploy.pending import touched_relations
from alembic_deploy.progress import Progress, direction_of
from alembic_deploy.server_message import server_message
from alembic_deploy.session import pause_alive
from alembic_deploy.steps import Attempt, Steps

_LOCK_ERRORS = ("55P03", "40P01")
"""lock_not_available and deadlock_detected. Source: errcodes-appendix."""
_FIRST_PAUSE_S = 0.3
_LONGEST_PAUSE_S = 12.0


def run_with_retries(
    run: Callable[[], None],
    *,
    connection: Connection,
    steps: Steps,
    limits: Limits,
    watcher: LockWatcher,
    progress: Progress,
) -> None:
    """Call `run`, which runs the steps that are left, until it returns.

    :raises Exception: What a step raised, if it is no missing lock, or after the last attempt.
    """
    while True:
        try:
            run()
        except Exception as error:
            blockers = watcher.take_seen() or _read_blockers(error, connection)
            attempt = steps.attempt
            pause_s = _pause_after(error, steps, limits)
            if pause_s is None or attempt is None:
                steps.blockers = blockers
                if attempt is not None and steps.running is attempt.step:
                    progress.emit(_event(error, attempt, None, blockers))
                raise
            connection.rollback()
            steps.effects.note_rollback()
            progress.emit(_event(error, attempt, pause_s, blockers))
            pause_alive(connection, pause_s)
        else:
            return


def _read_blockers(error: Exception, connection: Connection) -> tuple[Blocker, ...]:
    """Return who holds the locks that the failed statement needs, as far as its text shows them.

    A short wait ends before the watcher has looked.
    """
    message = server_message(error)
    if message is None or message.sqlstate not in _LOCK_ERRORS:
        return ()
    connection.rollback()
    try:
        relations = touched_relations(connection, [message.sql])
        holders = read_lock_holders(connection, relations, waits_for_all=False)
    except SQLAlchemyError:
        return ()
    finally:
        with suppress(SQLAlchemyError):
            connection.rollback()
    return tuple({(one.session.pid, one.session.gid): one.session for one in holders}.values())


def _pause_after(error: Exception, steps: Steps, limits: Limits) -> float | None:
    """Return how long to wait before the next attempt, in seconds; None if there is none."""
    message = server_message(error)
    if message is None or message.sqlstate not in _LOCK_ERRORS or steps.attempt is None:
        return None
    if steps.effects.has_committed:
        return None
    jitter = random.random()  # noqa: S311  no secret
    return next_pause_s(steps.attempt, limits=limits, now_s=time.monotonic(), jitter=jitter)


def next_pause_s(attempt: Attempt, *, limits: Limits, now_s: float, jitter: float) -> float | None:
    """Return the pause after a failed attempt, in seconds; None after the last one.

    :param jitter: From 0 to 1; spreads the attempts of several migrations.
    """
    pause_s: float = min(_FIRST_PAUSE_S * 1.5 ** (attempt.number - 1), _LONGEST_PAUSE_S)
    pause_s *= 0.5 + jitter / 2
    if attempt.number > limits.retries:
        return None
    if limits.retry_time_ms and now_s + pause_s - attempt.first_s > limits.retry_time_ms / 1000:
        return None
    return pause_s


def _event(
    error: Exception, attempt: Attempt, pause_s: float | None, blockers: tuple[Blocker, ...]
) -> AttemptFailed:
    message = server_message(error)
    return AttemptFailed(
        direction=direction_of(attempt.step),
        revision=attempt.step.revision.revision,
        attempt=attempt.number,
        error=message.one_line if message else type(error).__name__,
        sqlstate=message.sqlstate if message else "",
        took_ms=round((time.monotonic() - attempt.started_s) * 1000),
        pause_ms=None if pause_s is None else round(pause_s * 1000),
        blockers=blockers,
    )

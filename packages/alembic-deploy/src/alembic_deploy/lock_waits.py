"""Lock waits of a transaction that has locks already, or takes several: short ones.

The application waits for the locks that the migration has while the migration waits for the next one.
A session that has waited for deadlock_timeout checks for a deadlock, and ends its own transaction if
there is one. The application's sessions begin to wait after the migration has its first lock. So if the
migration gets all locks, or gives up, within deadlock_timeout, none of their transactions is ended.

Source: explicit-locking, "Deadlocks"; runtime-config-locks, deadlock_timeout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection

from alembic_deploy.concurrently import is_autocommit
from alembic_deploy.lock_modes import LockMode, lock_modes
from alembic_deploy.step_effects import StepEffects

_SHARE_OF_DEADLOCK_TIMEOUT = 0.7
_DEADLOCK_TIMEOUT = """\
SELECT CAST(setting AS integer) FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'"""
_SETS_LOCK_TIMEOUT = re.compile(r"\s*SET\s+(?:LOCAL\s+|SESSION\s+)?lock_timeout\b", re.IGNORECASE)


class LockWaits:
    """Sets lock_timeout before a statement whose wait must be shorter than a whole lock_timeout."""

    def __init__(self, *, effects: StepEffects, limit_ms: int) -> None:
        self._effects = effects
        self._limit_ms = limit_ms
        self._wait_ms: int | None = limit_ms
        """lock_timeout of the open transaction; None where the revision sets its own."""
        self._attempt = 0
        self._deadlock_ms: int | None = None
        self._is_setting = False
        """Whether the statement that is sent now is one of ours."""

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        """Set it for the statements of this block, in the transactions of steps."""
        event.listen(connection, "commit", self._forget_local)
        event.listen(connection, "before_cursor_execute", self._shorten)
        try:
            yield
        finally:
            event.remove(connection, "commit", self._forget_local)
            event.remove(connection, "before_cursor_execute", self._shorten)

    def _forget_local(self, _connection: Connection) -> None:
        if self._wait_ms is not None:
            self._wait_ms = self._limit_ms  # SET LOCAL ends with its transaction

    def _shorten(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Let a statement of a transaction with locks give up before a deadlock is looked for."""
        if not self._effects.is_running or self._is_setting or is_autocommit(connection):
            return
        if self._attempt != self._effects.attempts:
            self._attempt, self._wait_ms = self._effects.attempts, self._limit_ms
        if sets_lock_timeout(statement):
            self._wait_ms = None
        if self._wait_ms is None:
            return
        self._is_setting = True
        try:
            wait_ms = lock_wait_ms(
                statement,
                has_locks=self._effects.has_sent,
                limit_ms=self._limit_ms,
                deadlock_ms=self._read_deadlock_ms(connection),
            )
            if wait_ms != self._wait_ms:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_ms}")
                self._wait_ms = wait_ms
        finally:
            self._is_setting = False

    def _read_deadlock_ms(self, connection: Connection) -> int:
        if self._deadlock_ms is None:
            self._deadlock_ms = connection.exec_driver_sql(_DEADLOCK_TIMEOUT).scalar_one()
        return self._deadlock_ms


def sets_lock_timeout(statement: str) -> bool:
    """Return whether the statement sets the revision's own lock_timeout, which is then left alone."""
    return _SETS_LOCK_TIMEOUT.match(statement) is not None


def lock_wait_ms(statement: str, *, has_locks: bool, limit_ms: int, deadlock_ms: int) -> int:
    """Return for how long the statement may wait for each of its locks, in milliseconds.

    >>> several = "LOCK TABLE a, b, c IN ACCESS EXCLUSIVE MODE"
    >>> lock_wait_ms(several, has_locks=False, limit_ms=2000, deadlock_ms=1000)
    350
    >>> lock_wait_ms("LOCK TABLE a", has_locks=False, limit_ms=2000, deadlock_ms=1000)
    2000

    :param has_locks: Whether earlier statements of the transaction have locks.
    :param limit_ms: lock_timeout; 0 is no limit.
    """
    waits = _strong_locks(statement) - (0 if has_locks else 1)
    if waits < 1 and not has_locks:
        return limit_ms
    short_ms = max(1, int(deadlock_ms * _SHARE_OF_DEADLOCK_TIMEOUT / max(waits, 1)))
    return min(limit_ms, short_ms) if limit_ms else short_ms


def _strong_locks(statement: str) -> int:
    """Return the number of relations whose locks keep an ordinary write waiting."""
    return len(
        {
            lock.relation
            for lock in lock_modes(statement)
            if lock.mode is not None and lock.mode.conflicts_with(LockMode.ROW_EXCLUSIVE)
        }
    )

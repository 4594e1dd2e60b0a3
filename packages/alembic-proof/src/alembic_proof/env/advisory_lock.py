"""One migration of a database at a time, without ever blocking anybody else's work."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.errors import DatabaseError

KEY = 0x616C_656D_6269_6331
"""The lock's key ("alembic1"): a constant, because advisory locks belong to one database."""

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 0.5

_HOLDER = """\
SELECT locks.pid, activity.application_name, activity.usename
FROM pg_catalog.pg_locks AS locks
LEFT JOIN pg_catalog.pg_stat_activity AS activity USING (pid)
WHERE locks.locktype = 'advisory'
  AND locks.granted
  AND locks.database = (
      SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
  )
  AND locks.classid = CAST(:high AS oid)
  AND locks.objid = CAST(:low AS oid)
  AND locks.objsubid = 1"""


@contextmanager
def advisory_lock(
    connection: Connection, *, wait_s: float, say: Callable[[str], None]
) -> Iterator[None]:
    """Ensures that nobody else migrates this database meanwhile.

    It polls in transactions of one statement: a session that waited inside of one would block
    CREATE INDEX CONCURRENTLY, for which the lock's holder may be waiting itself.

    Raises:
        DatabaseError: somebody else held it for `wait_s` seconds.

    Locks: session-level advisory lock `KEY`, released at the end.
    Source: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    _acquire(connection, wait_s=wait_s, say=say)
    try:
        yield
    finally:
        # Without a connection there is no lock either: the session's end released it.
        with suppress(SQLAlchemyError):
            _release(connection)


def _acquire(connection: Connection, *, wait_s: float, say: Callable[[str], None]) -> None:
    deadline_s = time.monotonic() + wait_s
    pause_s = _FIRST_PAUSE_S
    is_told = False
    while not _try(connection):
        if time.monotonic() >= deadline_s:
            raise DatabaseError(
                f"another migration of this database did not end within {wait_s:g} s",
                where=_holder(connection),
                todo="wait for it, or end that session, and run the command again",
            )
        if not is_told:
            say(f"waiting for another migration of this database: {_holder(connection)}")
            is_told = True
        time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  spreads polls, no secret
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _try(connection: Connection) -> bool:
    got = connection.execute(text("SELECT pg_catalog.pg_try_advisory_lock(:key)"), {"key": KEY})
    is_mine = bool(got.scalar_one())
    connection.commit()
    return is_mine


def _release(connection: Connection) -> None:
    connection.rollback()
    connection.execute(text("SELECT pg_catalog.pg_advisory_unlock(:key)"), {"key": KEY})
    connection.commit()


def _holder(connection: Connection) -> str:
    """Who holds the lock, as far as this login may see."""
    row = connection.execute(text(_HOLDER), {"high": KEY >> 32, "low": KEY & 0xFFFFFFFF}).first()
    connection.commit()
    if row is None:
        return "it is just ending"
    name = f" ({row.application_name})" if row.application_name else ""
    user = f" of {row.usename}" if row.usename else ""
    return f"process {row.pid}{name}{user}"

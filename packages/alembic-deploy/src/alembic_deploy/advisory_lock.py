"""An advisory lock: one migration of a database at a time, without blocking other sessions."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_deploy.errors import DatabaseError

CLASS_KEY = 0x616C_656D
"""The first key of every migration's lock ("alem")."""

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 0.5

_HOLDER = """\
SELECT locks.pid,
       activity.application_name,
       activity.usename,
       activity.state,
       pg_catalog.to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS connected_at
FROM pg_catalog.pg_locks AS locks
LEFT JOIN pg_catalog.pg_stat_activity AS activity USING (pid)
WHERE locks.locktype = 'advisory'
  AND locks.granted
  AND locks.database = (
      SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
  )
  AND locks.classid = CAST(:class AS oid)
  AND locks.objid = CAST(:object AS oid)
  AND locks.objsubid = 2
ORDER BY locks.pid"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTable:
    """Alembic's version table, to which a migration's lock belongs.

    >>> VersionTable().key == VersionTable(schema="shop").key
    False
    """

    name: str = "alembic_version"
    schema: str | None = None
    """As env.py configures it."""

    @classmethod
    def of(cls, migration: MigrationContext) -> VersionTable:
        """Return the version table of the context."""
        return cls(name=migration.version_table, schema=migration.version_table_schema)

    @property
    def key(self) -> int:
        """Return the second key of the lock, from 0 to 2**32 - 1."""
        return zlib.crc32(f"{self.schema or 'public'}.{self.name}".encode())


@contextmanager
def advisory_lock(
    connection: Connection,
    version_table: VersionTable,
    *,
    wait_s: float,
    print_line: Callable[[str], None],
    what: str = "migration",
) -> Iterator[None]:
    """Hold the lock inside of this block, so that no other session migrates the same tables.

    It polls, in transactions of one statement: a session that waits inside of a transaction blocks
    CREATE INDEX CONCURRENTLY, which the holder of the lock may be running.

    :param print_line: Called once, if another session holds the lock.
    :param what: What the lock is for, in messages.
    :raises DatabaseError: Another session has held it for `wait_s` seconds.
    Locks: session-level advisory lock (`CLASS_KEY`, the table's key), released at the end. Advisory
        locks belong to one database.
    Source: explicit-locking, "Advisory Locks".
    """
    _acquire(connection, version_table, wait_s=wait_s, print_line=print_line, what=what)
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):
            connection.rollback()
            # The end of a lost session has released it; SQLAlchemy would connect again.
            if not connection.invalidated:
                connection.execute(text(_call("pg_advisory_unlock", version_table)))
                connection.commit()


def _acquire(
    connection: Connection,
    version_table: VersionTable,
    *,
    wait_s: float,
    print_line: Callable[[str], None],
    what: str,
) -> None:
    deadline_s = time.monotonic() + wait_s
    pause_s = _FIRST_PAUSE_S
    is_reported = False
    while not _try(connection, version_table):
        if time.monotonic() >= deadline_s:
            raise DatabaseError(
                f"another {what} of this database did not end within {wait_s:g} s",
                where=_holder(connection, version_table),
                todo="wait for it and run the command again; a session that migrates nothing may "
                "hold the same lock: end it, SELECT pg_terminate_backend(its process)",
            )
        if not is_reported:
            holder = _holder(connection, version_table)
            print_line(f"waiting for another {what} of this database: {holder}")
            is_reported = True
        time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  spreads polls, no secret
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _try(connection: Connection, version_table: VersionTable) -> bool:
    got = connection.execute(text(_call("pg_try_advisory_lock", version_table)))
    is_mine = bool(got.scalar_one())
    connection.commit()
    return is_mine


def _call(function: str, version_table: VersionTable) -> str:
    """Return the statement that calls the function with the lock's two keys, which are signed."""
    key = version_table.key
    signed = key - (1 << 32) if key >= 1 << 31 else key
    return f"SELECT pg_catalog.{function}({CLASS_KEY}, {signed})"


def read_holder(connection: Connection, version_table: VersionTable) -> str | None:
    """Return who holds the lock, as far as this login may see it; None if no session does."""
    keys = {"class": CLASS_KEY, "object": version_table.key}
    row = connection.execute(text(_HOLDER), keys).first()
    if row is None:
        return None
    name = f" ({row.application_name})" if row.application_name else ""
    user = f" of {row.usename}" if row.usename else ""
    state = f", {row.state}" if row.state else ""
    since = f", connected since {row.connected_at}" if row.connected_at else ""
    return f"process {row.pid}{name}{user}{state}{since}"


def _holder(connection: Connection, version_table: VersionTable) -> str:
    holder = read_holder(connection, version_table)
    connection.commit()
    return holder or "it is just ending"

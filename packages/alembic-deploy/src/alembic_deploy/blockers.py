"""The sessions that hold the locks for which a migration waits, seen from a second connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import SQLAlchemyError

from alembic_deploy.connect import open_session
from alembic_deploy.errors import DeployError
from alembic_deploy.limits import Limits
from alembic_deploy.server_message import shown_statement
from alembic_deploy.session import prepare_to_write

_FIRST_LOOK_S = 0.2
_INTERVAL_S = 0.2
_QUERY_CHARACTERS = 120
_HIDDEN_QUERY = "<insufficient privilege>"
"""What pg_stat_activity shows to a login that may not see another one's statement, state and times."""
_NAME = "SELECT pg_catalog.set_config('application_name', 'alembic: lock watcher', false)"
_LIMITS = Limits(idle_in_transaction_timeout_ms=5_000)
"""It looks several times a second, unless its process has died or the network carries nothing."""

TRANSACTIONS = """\
SELECT pid,
       '' AS gid,
       datname,
       coalesce(application_name, '') AS application_name,
       coalesce(usename, '') AS user_name,
       coalesce(state, '') AS state,
       coalesce(query, '') AS query,
       backend_type,
       backend_xmin IS NOT NULL AND xact_start IS NOT NULL AS has_snapshot,
       CAST(NULL AS xid) AS transaction_id,
       extract(epoch FROM pg_catalog.clock_timestamp() - xact_start) AS age_s,
       extract(epoch FROM pg_catalog.clock_timestamp() - state_change) AS state_age_s
FROM pg_catalog.pg_stat_activity
WHERE pid <> pg_catalog.pg_backend_pid()
UNION ALL
SELECT 0,
       pg_catalog.quote_literal(gid),
       database,
       '',
       owner,
       '',
       '',
       '',
       false,
       transaction,
       extract(epoch FROM pg_catalog.clock_timestamp() - prepared),
       NULL
FROM pg_catalog.pg_prepared_xacts"""
"""The other sessions of the server, and the prepared transactions, which have no session.

A login without pg_monitor sees of other users' sessions little more than that they exist.
"""

_BLOCKERS = f"""\
SELECT *
FROM ({TRANSACTIONS}) AS transaction
WHERE pid = ANY (pg_catalog.pg_blocking_pids(:pid))
AND gid = ''
ORDER BY age_s DESC NULLS LAST, pid"""

_HAS_TABLE_LOCK = """\
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks
    WHERE pid = :pid AND granted AND locktype = 'relation' AND mode <> 'AccessShareLock'
)"""
_OWN_LOCKS = """\
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_locks AS lock
    LEFT JOIN pg_catalog.pg_class AS relation ON relation.oid = lock.relation
    WHERE lock.pid = pg_catalog.pg_backend_pid()
    AND lock.locktype IN ('relation', 'object')
    AND lock.mode <> 'AccessShareLock'
    AND coalesce(CAST(relation.relname AS text), '') NOT IN (CAST(:but AS text), CAST(:key AS text))
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A transaction that holds a lock; a text is empty where this login may not see it."""

    pid: int
    """Of its session; 0 for a prepared transaction."""
    gid: str = ""
    """The identifier of a prepared transaction, as a literal."""
    application_name: str = ""
    user: str = ""
    state: str = ""
    query: str = ""
    """Its last statement, in one line, cut."""
    age_s: float | None = None
    """How long its transaction has lasted."""

    def __str__(self) -> str:
        """Return what is known of it; of a prepared transaction its identifier and its owner."""
        if self.gid:
            return f"the prepared transaction {self.gid} of {self.user}"
        name = f" ({self.application_name})" if self.application_name else ""
        user = f" of {self.user}" if self.user else ""
        state = f", {self.state}" if self.state else ""
        age = "" if self.age_s is None else f", in a transaction for {self.age_s:.0f} s"
        query = f": {self.query}" if self.query else ""
        is_hidden = not self.state and self.age_s is None
        hidden = ", what it does is shown to members of pg_read_all_stats" if is_hidden else ""
        return f"process {self.pid}{name}{user}{state}{age}{query}{hidden}"


def read_blockers(connection: Connection, *, pid: int) -> tuple[Blocker, ...]:
    """Return the sessions for which the session `pid` waits; empty if it waits for none.

    Source: functions-info, pg_blocking_pids(); monitoring-stats, pg_stat_activity.
    """
    return tuple(map(blocker_of, connection.execute(text(_BLOCKERS), {"pid": pid})))


def holds_locks(connection: Connection, *, but: str) -> bool:
    """Return whether the connection's transaction holds locks for which others may have to wait.

    Those of a plain SELECT do not count.

    :param but: The version table, in which Alembic writes.
    Source: view-pg-locks.
    """
    names = {"but": but, "key": f"{but}_pkc"}  # Alembic names the primary key so
    return bool(connection.execute(text(_OWN_LOCKS), names).scalar_one())


def blocker_of(row: Row[Any]) -> Blocker:
    """Return the transaction of a row of `TRANSACTIONS`.

    A statement that may contain a password is left out.
    """
    query = "" if row.query == _HIDDEN_QUERY else row.query
    return Blocker(
        pid=row.pid,
        gid=row.gid,
        application_name=row.application_name,
        user=row.user_name,
        state=row.state,
        query=shown_statement(query)[:_QUERY_CHARACTERS],
        age_s=None if row.age_s is None else float(row.age_s),
    )


class LockWatcher:
    """Watches, in a thread and on a connection of its own, for whom the session `pid` waits.

    It connects after 0.2 s; if it cannot connect, it sees nothing.
    """

    def __init__(self, url: str, *, pid: int) -> None:
        self._url = url
        self._pid = pid
        self._seen: tuple[Blocker, ...] = ()
        self.waited_until_s = 0.0
        """When the session last waited for a lock and held none; of `time.monotonic`."""
        self._stopped = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch inside of this block."""
        thread = threading.Thread(target=self._watch, name="lock watcher", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join(timeout=1.0)

    def take_seen(self) -> tuple[Blocker, ...]:
        """Return the sessions that were seen last, once."""
        seen, self._seen = self._seen, ()
        return seen

    def _watch(self) -> None:
        if self._stopped.wait(_FIRST_LOOK_S):
            return
        try:
            with open_session(self._url) as run:
                run(self._prepare)
                while not self._stopped.wait(_INTERVAL_S):
                    run(self._look)
        except (DeployError, SQLAlchemyError, OSError):
            return

    def _prepare(self, connection: Connection) -> None:
        prepare_to_write(connection, limits=_LIMITS)
        connection.exec_driver_sql(_NAME)

    def _look(self, connection: Connection) -> None:
        now_s = time.monotonic()  # a lock that is granted while we look counts as held
        found = read_blockers(connection, pid=self._pid)
        if not found:
            return
        self._seen = found
        holds = connection.execute(text(_HAS_TABLE_LOCK), {"pid": self._pid}).scalar_one()
        if not holds:
            self.waited_until_s = now_s

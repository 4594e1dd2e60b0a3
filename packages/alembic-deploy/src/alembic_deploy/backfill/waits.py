"""Whom a backfill waits for: sessions that lock its rows, and standbys that are behind."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.backfill.statements import BatchSql
from alembic_deploy.blockers import TRANSACTIONS, blocker_of

# A row's xmax is the transaction that locks it, or a multixact: then, who holds a lock on the table.
_HOLDERS = """\
WITH found AS MATERIALIZED ({locked_rows}),
holder AS (
    SELECT locks.pid, locks.transactionid
    FROM pg_catalog.pg_locks AS locks
    WHERE locks.locktype = 'transactionid'
      AND locks.granted
      AND CAST(locks.transactionid AS text) IN (SELECT locked_by FROM found)
), writer AS (
    SELECT locks.pid, locks.transactionid
    FROM pg_catalog.pg_locks AS locks
    WHERE locks.locktype = 'relation'
      AND locks.database = (
          SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
      )
      AND locks.relation = CAST(pg_catalog.to_regclass(:relation) AS oid)
      AND locks.mode <> 'AccessShareLock'
      AND locks.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
      AND NOT EXISTS (SELECT FROM holder)
)
SELECT DISTINCT transaction.*
FROM (SELECT * FROM holder UNION SELECT * FROM writer) AS lock
JOIN ({transactions}) AS transaction
    ON transaction.pid = lock.pid
    OR lock.pid IS NULL
    AND transaction.gid <> ''
    AND (lock.transactionid IS NULL OR transaction.transaction_id = lock.transactionid)
ORDER BY age_s DESC
LIMIT 5"""

# Columns that this login may not see are NULL: no standby is behind then.
_STANDBYS = """\
SELECT coalesce(nullif(application_name, ''), CAST(client_addr AS text), 'pid ' || pid),
       EXTRACT(epoch FROM replay_lag)
FROM pg_catalog.pg_stat_replication
WHERE replay_lag IS NOT NULL
ORDER BY replay_lag DESC
LIMIT 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaggingStandby:
    """The standby that is furthest behind."""

    name: str
    lag_s: float


def row_lock_holders(connection: Connection, sql: BatchSql) -> tuple[str, ...]:
    """Return the sessions that lock rows which are still to do, the oldest first."""
    query = _HOLDERS.format(locked_rows=sql.locked_rows(), transactions=TRANSACTIONS)
    found = connection.execute(text(query), {"relation": sql.relation.name})
    return tuple(str(blocker_of(row)) for row in found)


def furthest_standby(connection: Connection) -> LaggingStandby | None:
    """Return the standby that is furthest behind; None where this login sees none.

    Source: monitoring-stats, "pg_stat_replication": replay_lag grows while a standby that is
    connected does not replay. Its columns are for members of pg_monitor.
    """
    row = connection.execute(text(_STANDBYS)).first()
    return None if row is None else LaggingStandby(name=row[0], lag_s=float(row[1]))

"""Checks of sessions: what runs now and will block a migration, or keeps the server from cleaning up."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from alembic_deploy.advisory_lock import read_holder
from alembic_deploy.blockers import blocker_of
from alembic_deploy.doctor.diagnosis import Diagnosis, Expectations, age_text, rows

_LONG_TRANSACTIONS = """
SELECT activity.pid,
       coalesce(activity.application_name, '') AS application_name,
       coalesce(activity.usename, '') AS user_name,
       activity.state,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - activity.xact_start) AS age_s,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - activity.state_change) AS idle_s,
       coalesce(activity.query, '') AS query
FROM pg_catalog.pg_stat_activity AS activity
WHERE activity.datname = pg_catalog.current_database()
AND activity.pid <> pg_catalog.pg_backend_pid()
AND activity.backend_type = 'client backend'
AND (
    activity.xact_start < pg_catalog.clock_timestamp() - CAST(:long_s AS float8) * INTERVAL '1 s'
    OR activity.state LIKE 'idle in transaction%'
    AND activity.state_change
        < pg_catalog.clock_timestamp() - CAST(:idle_s AS float8) * INTERVAL '1 s'
    AND EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS held
        WHERE held.pid = activity.pid
        AND held.locktype = 'relation'
        AND held.granted
        AND held.relation >= 16384
    )
)
ORDER BY activity.xact_start
"""
"""Relations of users have OIDs from 16384 on. A login without pg_monitor sees its own sessions only."""

_PREPARED_TRANSACTIONS = """
SELECT gid, owner, EXTRACT(epoch FROM pg_catalog.clock_timestamp() - prepared) AS age_s
FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database()
AND prepared < pg_catalog.clock_timestamp() - CAST(:long_s AS float8) * INTERVAL '1 s'
ORDER BY prepared
"""

_SLOTS = """
SELECT slot_name, active, wal_status, retained.bytes
FROM pg_catalog.pg_replication_slots AS slot
CROSS JOIN LATERAL (
    SELECT pg_catalog.pg_wal_lsn_diff(
        CASE
            WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
            ELSE pg_catalog.pg_current_wal_lsn()
        END,
        slot.restart_lsn
    ) AS bytes
) AS retained
WHERE NOT slot.temporary
AND (
    slot.wal_status IN ('unreserved', 'lost')
    OR retained.bytes >= CAST(:bytes AS numeric)
)
ORDER BY slot_name
"""


def running_migration(connection: Connection, expected: Expectations) -> Iterator[Diagnosis]:
    """Yield the session that holds the migration's lock: an upgrade waits for its end."""
    if (holder := read_holder(connection, expected.lock)) is not None:
        yield Diagnosis(
            id="migration-running",
            what="a session holds the migration's advisory lock: an upgrade would wait for it",
            where=holder,
            todo="let it end; if it is no migration, or its process is gone, end it with "
            "SELECT pg_catalog.pg_terminate_backend(pid)",
        )


def long_transactions(connection: Connection, expected: Expectations) -> Iterator[Diagnosis]:
    """Yield the transactions that a migration's locks would wait for.

    Source: monitoring-stats, "pg_stat_activity"; explicit-locking.
    """
    found = rows(
        connection,
        _LONG_TRANSACTIONS,
        long_s=expected.long_transaction_s,
        idle_s=expected.idle_transaction_s,
    )
    for row in found:
        is_idle = str(row.state).startswith("idle")
        since = age_text(float(row.idle_s if is_idle else row.age_s))
        what = (
            f"a transaction is idle for {since}" if is_idle else f"a transaction runs for {since}"
        )
        end = "pg_terminate_backend" if is_idle else "pg_cancel_backend"
        yield Diagnosis(
            id="idle-transaction" if is_idle else "long-transaction",
            what=f"{what}: a migration would wait for what it holds",
            where=str(blocker_of(row)),
            todo=f"let its application end it, or SELECT pg_catalog.{end}({row.pid})",
        )


def prepared_transactions(connection: Connection, expected: Expectations) -> Iterator[Diagnosis]:
    """Yield the prepared transactions, whose locks stay also when the server restarts.

    Source: sql-prepare-transaction.
    """
    for row in rows(connection, _PREPARED_TRANSACTIONS, long_s=expected.long_transaction_s):
        yield Diagnosis(
            id="prepared-transaction",
            what=f"a prepared transaction holds its locks for {age_text(float(row.age_s))}",
            where=f"transaction {row.gid} of {row.owner}",
            todo=f"COMMIT PREPARED or ROLLBACK PREPARED {_literal(row.gid)}",
        )


def replication_slots(connection: Connection, expected: Expectations) -> Iterator[Diagnosis]:
    """Yield the replication slots that keep the server from removing WAL: the disk fills.

    Source: view-pg-replication-slots.
    """
    for row in rows(connection, _SLOTS, bytes=expected.retained_wal_bytes):
        state = "active" if row.active else "inactive"
        if row.wal_status == "lost":
            what = "the replication slot is lost: its standby or subscriber cannot go on"
        else:
            what = f"the {state} replication slot retains {int(row.bytes or 0) / 1024**2:,.0f} MiB of WAL"
        yield Diagnosis(
            id="replication-slot",
            what=what,
            where=f"slot {row.slot_name}",
            todo="start what reads from it, or, if nothing does, "
            f"SELECT pg_catalog.pg_drop_replication_slot({_literal(row.slot_name)})",
        )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


CHECKS = (running_migration, long_transactions, prepared_transactions, replication_slots)

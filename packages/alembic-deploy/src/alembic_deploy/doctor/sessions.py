"""Checks of sessions: what runs now and will block a migration, or keeps the server from cleaning up."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from alembic_deploy.advisory_lock import read_holder
from alembic_deploy.blockers import TRANSACTIONS, blocker_of
from alembic_deploy.doctor.check import Expectations, age_text, rows
from alembic_deploy.finding import Finding

_TRANSACTIONS = f"""
SELECT *
FROM ({TRANSACTIONS}) AS transaction
WHERE datname = pg_catalog.current_database()
AND backend_type IN ('client backend', '')
AND (
    age_s > CAST(:long_s AS float8)
    OR state LIKE 'idle in transaction%'
    AND state_age_s > CAST(:idle_s AS float8)
    AND EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS held
        WHERE held.pid = transaction.pid
        AND held.locktype = 'relation'
        AND held.granted
        AND held.relation >= 16384
    )
)
ORDER BY age_s DESC
"""
"""Relations of users have OIDs from 16384 on."""

_SLOTS = """
SELECT slot_name, pg_catalog.quote_literal(slot_name) AS literal, active, wal_status, retained.bytes
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


def running_migration(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the session that holds the migration's lock: an upgrade waits for its end."""
    if (holder := read_holder(connection, expected.lock)) is not None:
        yield Finding(
            id="migration-running",
            what="a session holds the migration's advisory lock: an upgrade would wait for it",
            where=holder,
            todo="let it end; if it is no migration, or its process is gone, end it with "
            "SELECT pg_catalog.pg_terminate_backend(pid)",
        )


def long_transactions(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the transactions that a migration's locks would wait for.

    The locks of a prepared one stay also when the server restarts.
    Source: monitoring-stats, "pg_stat_activity"; explicit-locking; sql-prepare-transaction.
    """
    found = rows(
        connection,
        _TRANSACTIONS,
        long_s=expected.long_transaction_s,
        idle_s=expected.idle_transaction_s,
    )
    for row in found:
        where = str(blocker_of(row))
        if row.gid:
            yield Finding(
                id="prepared-transaction",
                what=f"a prepared transaction holds its locks for {age_text(float(row.age_s))}",
                where=where,
                todo=f"COMMIT PREPARED or ROLLBACK PREPARED {row.gid}",
            )
            continue
        is_idle = row.state.startswith("idle")
        since = age_text(float(row.state_age_s if is_idle else row.age_s))
        what = f"is idle for {since}" if is_idle else f"runs for {since}"
        end = "pg_terminate_backend" if is_idle else "pg_cancel_backend"
        yield Finding(
            id="idle-transaction" if is_idle else "long-transaction",
            what=f"a transaction {what}: a migration would wait for what it holds",
            where=where,
            todo=f"let its application end it, or SELECT pg_catalog.{end}({row.pid})",
        )


def replication_slots(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the replication slots that keep the server from removing WAL: the disk fills.

    Source: view-pg-replication-slots.
    """
    for row in rows(connection, _SLOTS, bytes=expected.retained_wal_bytes):
        state = "active" if row.active else "inactive"
        if row.wal_status == "lost":
            what = "the replication slot is lost: its standby or subscriber cannot go on"
        else:
            what = f"the {state} replication slot retains {int(row.bytes or 0) / 1024**2:,.0f} MiB of WAL"
        yield Finding(
            id="replication-slot",
            what=what,
            where=f"slot {row.slot_name}",
            todo="start what reads from it, or, if nothing does, "
            f"SELECT pg_catalog.pg_drop_replication_slot({row.literal})",
        )


CHECKS = (running_migration, long_transactions, replication_slots)

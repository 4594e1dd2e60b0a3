"""The backfills of applied revisions that are not finished, as their checkpoints say."""

from __future__ import annotations

from alembic.runtime.migration import MigrationContext

from alembic_deploy.backfill.checkpoint import CheckpointTable, UnfinishedBackfill
from alembic_deploy.backfill.history import below
from alembic_deploy.revisions import unknown_heads


def unfinished_backfills(migration: MigrationContext) -> tuple[UnfinishedBackfill, ...]:
    """Return the backfills of applied revisions that are not finished, the oldest first.

    It reads the checkpoints, not the rows that are left. A database that was stamped, or made by a
    script of `--sql`, has no checkpoints. No transaction is left open that was not open before.
    """
    connection = migration.connection
    if connection is None or migration.as_sql:
        return ()
    is_outer = connection.in_transaction()
    try:
        heads = migration.get_current_heads()
        known = set(heads) - set(unknown_heads(heads, migration))
        applied = below(known, migration.script)
        found = CheckpointTable.of(connection, migration).unfinished(connection) if applied else ()
        return tuple(one for one in found if one.revision in applied)
    finally:
        if not is_outer:
            connection.rollback()

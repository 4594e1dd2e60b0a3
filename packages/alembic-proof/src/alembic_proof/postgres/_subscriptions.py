"""A database with a subscription cannot be dropped: it is to be dropped first, by itself.

Source: sql-dropsubscription (without a slot nobody is asked for the publisher's leave).
"""

from __future__ import annotations

import sqlalchemy

from alembic_proof.postgres._roles import quote
from alembic_proof.postgres.connect import run_on

_NAMES = """SELECT subname FROM pg_subscription
WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def drop_subscriptions(url: str) -> None:
    """Ensures that the database has none; the publisher keeps the slot that it may have made."""
    run_on(url, _drop_all, autocommit=True)


def _drop_all(connection: sqlalchemy.Connection) -> None:
    for name in connection.exec_driver_sql(_NAMES).scalars().all():
        subscription = f"SUBSCRIPTION {quote(connection, name)}"
        connection.exec_driver_sql(f"ALTER {subscription} DISABLE")
        connection.exec_driver_sql(f"ALTER {subscription} SET (slot_name = NONE)")
        connection.exec_driver_sql(f"DROP {subscription}")

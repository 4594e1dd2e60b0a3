"""Transactions of our own between two steps of a walk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection

_NO_TIMEOUTS = """
SELECT pg_catalog.set_config('statement_timeout', '0', true),
    pg_catalog.set_config('lock_timeout', '0', true)
"""


@contextmanager
def working(connection: Connection) -> Iterator[None]:
    """A transaction of our own between two steps, without the timeouts of env.py.

    Where all steps share one transaction it is a savepoint of that.
    """
    if connection.in_transaction():
        with connection.begin_nested():
            yield
        return
    with connection.begin():
        connection.exec_driver_sql(_NO_TIMEOUTS)
        yield

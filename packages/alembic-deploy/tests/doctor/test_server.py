"""What needs a server of its own is found: prepared transactions, replication slots."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alembic_deploy.doctor.check import Expectations
from local_postgres.server import LocalServer, reset, start, stop

if TYPE_CHECKING:
    from tests.doctor.conftest import Database

NOW = Expectations(long_transaction_s=0, retained_wal_bytes=0)


@pytest.fixture
def own_server(tmp_path: Path, database: Database) -> Iterator[Database]:
    """Yield the superuser on a server that keeps prepared transactions and WAL for others."""
    server = LocalServer(tmp_path, durable=True)
    make = type(database)
    make(start(server, os.environ).url("postgres")).send_alone(
        "ALTER SYSTEM SET max_prepared_transactions = 2",
        "ALTER SYSTEM SET fsync = off",
    )
    stop(server)
    yield make(start(server, os.environ).url("postgres"))
    reset(server)


def test_what_a_server_keeps(own_server: Database) -> None:
    """A prepared transaction and an unused slot are named; the statements of the help end both."""
    own_server.send_alone(
        "CREATE TABLE shops (id integer)",
        "SELECT pg_create_physical_replication_slot('gone', true)",
        *("BEGIN", "LOCK TABLE shops", "PREPARE TRANSACTION 'it''s open'"),
    )
    assert own_server.examine() == ()  # neither is old or large enough

    prepared, slot = own_server.examine(NOW)

    assert (prepared.id, prepared.where) == (
        "prepared-transaction",
        "the prepared transaction 'it''s open' of postgres",
    )
    assert (slot.id, slot.where) == ("replication-slot", "slot gone")
    assert slot.what.startswith("the inactive replication slot retains")
    own_server.send_alone(
        prepared.todo.replace("COMMIT PREPARED or ", ""), slot.todo.rpartition("does, ")[2]
    )
    assert own_server.examine(NOW) == ()

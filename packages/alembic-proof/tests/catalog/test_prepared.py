"""No reading uses JIT compilation, and the session keeps its own setting."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.catalog import CatalogReader, read_catalog
from alembic_proof.catalog.prepared import without_jit
from alembic_proof.scratch import scratch_database

from .conftest import Database, open_database

JIT = "alembic_proof_jit"
ABOVE = 500
"""Less than any reading of many catalogs is taken to cost; the catalogs of this database are small."""
_EXPLAINED = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_settings = on",
    "SET auto_explain.log_nested_statements = on",
    "SET client_min_messages = log",
    "SET jit = on",
)


def test_no_reading_uses_jit(admin_url: str) -> None:
    """Neither a full nor an incremental one, according to the settings of their plans."""
    with scratch_database(admin_url, label="jit") as url, open_database(url) as database:
        if database.run(lambda c: c.exec_driver_sql("SHOW is_superuser").scalar()) != "on":
            pytest.skip("only a superuser may load auto_explain")
        plans = listen(database)
        database.execute(*_EXPLAINED)
        database.commit()
        database.run(take_for_compiling)

        reader = CatalogReader(is_verified=True)
        database.run(reader.read)
        database.execute("CREATE TABLE things (id integer)")
        database.commit()
        database.run(reader.read)
        database.run(read_catalog)
        database.rollback()

        costly = [plan for plan in plans if cost(plan) > ABOVE]
        assert costly
        assert [plan for plan in costly if "jit = 'off'" not in plan] == []
        assert database.run(setting) == "on"


@pytest.mark.parametrize("is_transaction", [False, True])
def test_the_setting_is_restored(empty: Database, *, is_transaction: bool) -> None:
    """Also if a statement failed, and its transaction with it."""

    def work(connection: sa.Connection) -> list[str]:
        take_for_compiling(connection)
        connection.exec_driver_sql("SET jit = on")
        connection.commit()
        if is_transaction:
            setting(connection)
        with without_jit(connection):
            inside = setting(connection)
        after = setting(connection)
        with pytest.raises(sa.exc.DBAPIError), without_jit(connection):
            connection.exec_driver_sql("SELECT 1/0")
        connection.rollback()
        return [inside, after, setting(connection)]

    assert empty.run(work) == ["off", "on", "on"]
    empty.execute("RESET jit")
    empty.commit()


def take_for_compiling(connection: sa.Connection) -> None:
    """Have a server without LLVM treated as one that has it."""
    connection.info[JIT] = True


def setting(connection: sa.Connection) -> str:
    """Return the session's setting jit."""
    return str(connection.exec_driver_sql("SHOW jit").scalar_one())


def listen(database: Database) -> list[str]:
    """Return the plans that auto_explain writes from now on."""
    plans: list[str] = []

    async def start() -> None:
        raw: Any = await database.connection.get_raw_connection()
        raw.driver_connection.add_log_listener(lambda _, said: plans.append(str(said)))

    database.loop.run_until_complete(start())
    return plans


def cost(plan: str) -> float:
    """Return PostgreSQL's estimated cost of the whole plan."""
    found = re.search(r"cost=[\d.]+\.\.([\d.]+)", plan)
    return float(found[1]) if found else 0.0

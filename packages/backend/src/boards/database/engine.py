"""Engines: one way to open a pool on PostgreSQL, directly or behind pgbouncer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolResetState

from alembic_proof.env import DatabaseUrl
from alembic_proof.errors import ConfigError

CLEAN = """
CLOSE ALL;
SET SESSION AUTHORIZATION DEFAULT;
RESET ALL;
UNLISTEN *;
SELECT pg_catalog.pg_advisory_unlock_all();
DISCARD PLANS;
DISCARD TEMP;
DISCARD SEQUENCES
"""
"""DISCARD ALL without DEALLOCATE ALL: the driver still counts on its prepared statements.

Source: https://www.postgresql.org/docs/current/sql-discard.html
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How many connections a process keeps, and for how long.

    `size` stay open, `overflow` more open under load and close again; who finds none free waits
    `wait_s`. A connection is replaced after `recycle_s`; with `pre_ping` a dead one is noticed
    when it is taken, not by the statement.
    """

    size: int = 5
    overflow: int = 10
    wait_s: float = 30.0
    recycle_s: int = 1800
    pre_ping: bool = True


DEFAULT_POOL = Pool()


def create_engine(
    url: str,
    *,
    pool: Pool | None = DEFAULT_POOL,
    pgbouncer: bool = False,
    application_name: str | None = None,
    echo: bool = False,
) -> AsyncEngine:
    """An engine for `url`, in any form that DatabaseUrl reads; connects at the first statement.

    `pool` is None for no pool: each use opens a connection and closes it.
    `pgbouncer` is for a URL that leads to pgbouncer in transaction mode: no prepared statement
    outlives its transaction and none has a name that another client may use.
    `application_name` is what pg_stat_activity shows, whatever the URL says.

    A pooled connection is wiped when it comes back: settings, role, temporary tables, locks,
    cursors. Behind pgbouncer that is for pgbouncer to do (server_reset_query_always).

    Raises:
        ConfigError: the URL cannot be read; names the part, never the password.

    """
    connect_args = _connect_args(url)
    if pgbouncer:
        connect_args |= _without_prepared_statements()
    if application_name is not None:
        connect_args["server_settings"] = {"application_name": application_name}
    engine = create_async_engine(
        "postgresql+asyncpg://", connect_args=connect_args, echo=echo, **_pool_arguments(pool)
    )
    if not pgbouncer:
        event.listen(engine.sync_engine, "reset", _wipe)
    return engine


def _connect_args(url: str) -> dict[str, Any]:
    target = DatabaseUrl.parse(url)
    if target.driver != "asyncpg":
        raise ConfigError(
            f"Boards speaks to PostgreSQL through asyncpg, not {target.driver}.",
            where=target.display,
            todo="write postgresql://… or postgresql+asyncpg://…",
        )
    return dict(target.engine_arguments()["connect_args"])


def _without_prepared_statements() -> dict[str, Any]:
    """Both caches off (asyncpg's own and SQLAlchemy's), and names that no other client makes."""
    return {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: f"__asyncpg_{uuid4()}__",
    }


def _pool_arguments(pool: Pool | None) -> dict[str, Any]:
    if pool is None:
        return {"poolclass": NullPool}
    return {
        "pool_size": pool.size,
        "max_overflow": pool.overflow,
        "pool_timeout": pool.wait_s,
        "pool_recycle": pool.recycle_s,
        "pool_pre_ping": pool.pre_ping,
    }


def _wipe(connection: DBAPIConnection, _: ConnectionPoolEntry, state: PoolResetState) -> None:
    """Leaves nothing of one session on a connection that the next one gets."""
    if state.terminate_only or not state.asyncio_safe:
        return
    connection.rollback()
    connection.run_async(lambda driver: driver.execute(CLEAN))

"""Engines: a pool on PostgreSQL, directly or behind pgbouncer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolResetState

from alembic_deploy.errors import ConfigError
from alembic_deploy.url import DatabaseUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """The number of connections that a process keeps, and for how long."""

    size: int = 5
    """Connections that stay open."""
    overflow: int = 10
    """Connections that are opened under load, and closed again."""
    wait_s: float = 30.0
    """How long to wait for a free connection."""
    recycle_s: int = 1800
    """The age after which a connection is replaced."""
    pre_ping: bool = True
    """Whether a connection is tested before use, so that no statement fails on a dead one."""


DEFAULT_POOL = PoolOptions()

_WITHOUT_PREPARED_STATEMENTS: Mapping[str, object] = {
    "statement_cache_size": 0,  # of asyncpg
    "prepared_statement_cache_size": 0,  # of SQLAlchemy's dialect
    "prepared_statement_name_func": str,  # the empty name: each one replaces the last
}


def create_engine(
    url: str,
    *,
    pool: PoolOptions | None = DEFAULT_POOL,
    pgbouncer: bool = False,
    application_name: str | None = None,
    echo: bool = False,
) -> AsyncEngine:
    """Return an engine, which connects at the first statement.

        engine = create_engine(settings.app_database_url, application_name="boards-web")

    A pooled connection is reset when it is returned: settings, role, prepared statements, temporary
    tables, locks, cursors. Behind pgbouncer, pgbouncer has to do that (server_reset_query_always).

    No prepared statement has a name: SQL could replace it, and the next session of the connection,
    or another client of pgbouncer, would execute the replacement.

    :param url: In any form that DatabaseUrl reads.
    :param pool: None for no pool: each use opens a connection and closes it.
    :param pgbouncer: Whether the URL leads to pgbouncer in transaction mode, which gives each
        transaction another connection.
    :param application_name: The name in pg_stat_activity, instead of the URL's.
    :raises ConfigError: The URL cannot be read; names the part, never the password.
    """
    connect_args = {**_connect_args(url), **_WITHOUT_PREPARED_STATEMENTS}
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
            f"Boards connects with asyncpg, not {target.driver}.",
            where=target.display,
            todo="write postgresql://… or postgresql+asyncpg://…",
        )
    return dict(target.engine_arguments()["connect_args"])


def _pool_arguments(pool: PoolOptions | None) -> dict[str, Any]:
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
    """Reset the connection, so that the next session finds nothing of this one.

    Source: sql-discard.
    """
    if state.terminate_only or not state.asyncio_safe:
        return
    connection.rollback()
    connection.run_async(lambda driver: driver.execute("DISCARD ALL"))

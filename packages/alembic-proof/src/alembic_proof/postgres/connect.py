"""One connection for one piece of synchronous work, and clear words when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy
from sqlalchemy.pool import NullPool

from alembic_proof.postgres._connection_error import explain_connection_error
from alembic_proof.postgres._driver import DRIVERS, is_usable_driver, refuse_missing_driver
from alembic_proof.postgres.url import DatabaseUrl

__all__ = ["DRIVERS", "explain_connection_error", "is_usable_driver", "run_on"]

T = TypeVar("T")


def run_on(url: str, work: Callable[[sqlalchemy.Connection], T], *, autocommit: bool = False) -> T:
    """What `work` returns; it gets one fresh connection, committed unless it raised.

    Only for callers outside of an event loop. What `work` itself raises passes through.

    Raises:
        ConfigError: the URL cannot be used, or its driver.
        ServerError: no connection; says why, without a password.
    """
    target = DatabaseUrl.parse(url)
    refuse_missing_driver(target.driver)
    if target.driver == "asyncpg":
        return asyncio.run(_run_async(target, work, autocommit=autocommit))
    return _run_sync(target, work, autocommit=autocommit)


async def _run_async(
    target: DatabaseUrl, work: Callable[[sqlalchemy.Connection], T], *, autocommit: bool
) -> T:
    from sqlalchemy.ext.asyncio import create_async_engine  # the ORM comes with it: 0.1 s

    engine = create_async_engine(target.engine_url, poolclass=NullPool, **target.engine_arguments())
    try:
        try:
            connection = await engine.connect()
        except Exception as error:
            explained = explain_connection_error(error, target)
            if explained is None:
                raise
            raise explained from error
        try:
            if autocommit:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            result = await connection.run_sync(work)
            await connection.commit()
            return result
        finally:
            await connection.close()
    finally:
        await engine.dispose()


def _run_sync(
    target: DatabaseUrl, work: Callable[[sqlalchemy.Connection], T], *, autocommit: bool
) -> T:
    engine = sqlalchemy.create_engine(
        target.engine_url, poolclass=NullPool, future=True, **target.engine_arguments()
    )
    try:
        try:
            connection = engine.connect()
        except Exception as error:
            explained = explain_connection_error(error, target)
            if explained is None:
                raise
            raise explained from error
        try:
            if autocommit:
                connection.execution_options(isolation_level="AUTOCOMMIT")
            result = work(connection)
            connection.commit()
            return result
        finally:
            connection.close()
    finally:
        engine.dispose()

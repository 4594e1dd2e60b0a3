"""Connections: one for one piece of work, and those that a project's engines keep in their pools."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakSet

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool, QueuePool

from alembic_proof.postgres._connection_error import explain_connection_error
from alembic_proof.postgres._driver import DRIVERS, is_usable_driver, refuse_missing_driver
from alembic_proof.postgres.url import DatabaseUrl

__all__ = ["DRIVERS", "engines_noted", "explain_connection_error", "is_usable_driver", "run_on"]

T = TypeVar("T")


def run_on(url: str, work: Callable[[sqlalchemy.Connection], T], *, autocommit: bool = False) -> T:
    """Return what `work` returns; it gets one fresh connection, committed unless it raised.

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


@contextmanager
def engines_noted() -> Iterator[Callable[[], None]]:
    """Yield a function that closes the pooled connections of engines that connected since the start.

    An engine that is closed connects again when it is used.
    """
    noted: WeakSet[Engine] = WeakSet()

    def note(connection: Any, *_: Any) -> None:
        noted.add(connection.engine)

    def close() -> None:
        is_keeping = False
        for engine in noted:
            if getattr(engine.dialect, "is_async", False):
                is_keeping |= _abandon(engine)
            else:
                engine.dispose()
        noted.clear()
        if is_keeping:
            _collect_connections()

    event.listen(Engine, "engine_connect", note)
    try:
        yield close
    finally:
        close()
        event.remove(Engine, "engine_connect", note)


def _abandon(engine: Engine) -> bool:
    """Give the engine an empty pool; return whether the old one has connections.

    They end as they are collected. They can be closed in their own event loop only, which has ended:
    asyncio.run() makes one each time, and in another loop such a connection raises "attached to a
    different loop".
    """
    pool, engine.pool = engine.pool, engine.pool.recreate()
    if isinstance(pool, NullPool):
        return False
    return not isinstance(pool, QueuePool) or pool.checkedin() + pool.checkedout() > 0


def _collect_connections() -> None:
    """Collect connections that nothing uses any more, which closes them.

    What is left then is frozen: the collector reads every other object of the process, which takes
    a second where env.py has imported a large application, and need not read them again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.freeze()

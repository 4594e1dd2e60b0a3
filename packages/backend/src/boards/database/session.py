"""Sessions: a tenant's, which sees that tenant's rows only, and the owner's, which sees all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from boards.database.engine import create_engine
from boards.database.login import refuse_unsafe_login
from boards.database.places import app_database_url, owner_database_url
from boards.database.tenant import TenantId, parse_tenant_id
from boards.dbmodels.roles import APP_ROLE
from boards.settings import Settings, read_settings

_CHECKED = "boards.login_is_safe"

_AfterBegin = Callable[[Session, SessionTransaction, Connection], None]


@asynccontextmanager
async def tenant_session(
    tenant_id: UUID | str, *, engine: AsyncEngine | None = None
) -> AsyncIterator[AsyncSession]:
    """A session that sees and writes the rows of one tenant and no other.

    Every transaction begins as the role `boards_app` with `app.tenant_id` set, both until its
    end: a commit in the middle is followed by a transaction that is just as isolated, and a
    pooled connection takes neither with it. Commits when the block ends without an error.

    `engine` logs in as an application login; without one the session opens a connection of its
    own to BOARDS_APP_DATABASE_URL and closes it afterwards.

    What this does not protect from: SQL of an attacker's own inside the session. It can set
    app.tenant_id to another tenant, since PostgreSQL lets every role set such a variable. Bind
    values; never format them into SQL.

    Raises:
        MalformedTenantError: `tenant_id` is no UUID; nothing was sent.
        UnsafeLoginError: at the first statement; policies do not bind the engine's login.
        ConfigError: no engine and no BOARDS_APP_DATABASE_URL.

    Source: https://www.postgresql.org/docs/current/sql-set.html (SET LOCAL ends with its
    transaction, also by rollback)

    """
    tenant = parse_tenant_id(tenant_id)
    async with _engine(engine, url=app_database_url) as opened, _session(opened) as session:
        event.listen(session.sync_session, "after_begin", _enter(tenant))
        yield session
        await session.commit()


@asynccontextmanager
async def owner_session(*, engine: AsyncEngine | None = None) -> AsyncIterator[AsyncSession]:
    """A session of the role that owns the tables: NO ISOLATION, it sees and writes every tenant.

    For backfills and administration, never for a request. Commits when the block ends without an
    error. Without `engine` it opens a connection of its own to BOARDS_DATABASE_URL.

    Raises:
        ConfigError: no engine and no BOARDS_DATABASE_URL.

    """
    async with _engine(engine, url=owner_database_url) as opened, _session(opened) as session:
        yield session
        await session.commit()


def _session(engine: AsyncEngine) -> AsyncSession:
    return AsyncSession(engine, expire_on_commit=False)


@asynccontextmanager
async def _engine(
    given: AsyncEngine | None, *, url: Callable[[Settings], str]
) -> AsyncIterator[AsyncEngine]:
    """The given engine as it is, else one for this session alone, disposed of afterwards."""
    if given is not None:
        yield given
        return
    # Naming a checkout's local database may start its server, which blocks.
    named = await asyncio.to_thread(url, read_settings(os.environ))
    own = create_engine(named, pool=None, pgbouncer=True)  # a single use gains nothing from caches
    try:
        yield own
    finally:
        await own.dispose()


def _enter(tenant: TenantId) -> _AfterBegin:
    """What each transaction of the tenant's session begins with."""

    def after_begin(_: Session, transaction: SessionTransaction, connection: Connection) -> None:
        if transaction.nested:
            return  # a savepoint: the transaction around it has the role and the tenant
        _refuse_autocommit(connection)
        if not connection.info.get(_CHECKED):
            refuse_unsafe_login(connection)
            connection.info[_CHECKED] = True
        connection.exec_driver_sql(f"SET LOCAL ROLE {APP_ROLE}")
        connection.exec_driver_sql(f"SET LOCAL app.tenant_id = '{tenant}'")

    return after_begin


def _refuse_autocommit(connection: Connection) -> None:
    """SET LOCAL lasts as long as a transaction: without one there is no isolation to give."""
    driver = connection.connection.dbapi_connection
    if driver is not None and connection.dialect.detect_autocommit_setting(driver):
        raise InvalidRequestError("a tenant's session needs transactions, not AUTOCOMMIT")

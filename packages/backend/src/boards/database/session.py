"""Sessions: a tenant's, which sees that tenant's rows only, and the owner's, which sees all."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NewType
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from alembic_deploy.errors import DatabaseError, DeployError, causes_of
from alembic_deploy.server_message import sqlstate_of
from boards.database.engine import create_engine
from boards.database.urls import app_database_url, owner_database_url
from boards.settings import APP_ROLE, Settings, read_settings

TenantId = NewType("TenantId", UUID)
"""A tenant's id that `parse_tenant_id` has checked, so that SQL may contain it."""

_AfterBegin = Callable[[Session, SessionTransaction, Connection], None]

_CHECKED = "boards.login_is_safe"
"""The key of `info` of a connection and of a session whose login was checked."""
_TENANT_ID = re.compile(r"[0-9a-fA-F]{8}(-?)(?:[0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}")
"""With or without hyphens; Python's UUID also reads underscores and other digits."""

_TIMEOUTS = {
    "57014": "statement_timeout",
    "57P05": "idle_session_timeout",
    "25P03": "idle_in_transaction_session_timeout",
    "25P04": "transaction_timeout",
}
"""What ends a session or its statement with this SQLSTATE. Source: errcodes-appendix."""

_UNSAFE = """
WITH reachable AS (
    SELECT role.*,
           CASE
               WHEN role.rolname = session_user THEN ''
               ELSE pg_catalog.format('can become %I, which ', role.rolname)
           END AS via
    FROM pg_catalog.pg_roles AS role
    WHERE pg_catalog.pg_has_role(session_user, role.oid, 'MEMBER')
), reason (rank, via, text, remedy) AS (
    SELECT 1, via, 'is a superuser', '' FROM reachable WHERE rolsuper
    UNION ALL
    SELECT 2, via, 'has BYPASSRLS', '' FROM reachable WHERE rolbypassrls
    UNION ALL
    SELECT 3, via, pg_catalog.format('owns the table %I.%I', space.nspname, relation.relname), ''
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
    JOIN reachable ON reachable.oid = relation.relowner
    WHERE relation.relkind IN ('r', 'p') AND relation.relpersistence <> 't'
    UNION ALL
    SELECT 4, via, pg_catalog.format('owns the schema %I', space.nspname), ''
    FROM pg_catalog.pg_namespace AS space
    JOIN reachable ON reachable.oid = space.nspowner
    WHERE CAST(space.nspname AS text) !~ '^pg_'
    UNION ALL
    SELECT 5, via, pg_catalog.format('owns the database %I', pg_catalog.current_database()), ''
    FROM pg_catalog.pg_database AS here
    JOIN reachable ON reachable.oid = here.datdba
    WHERE here.datname = pg_catalog.current_database()
    UNION ALL
    SELECT 6, via, 'has CREATEROLE', '' FROM reachable WHERE rolcreaterole
    UNION ALL
    SELECT 7, via, 'has REPLICATION', '' FROM reachable WHERE rolreplication
    UNION ALL
    SELECT 8, via, 'reaches the server''s files and programs', ''
    FROM reachable
    WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
    UNION ALL
    SELECT 9, '', 'cannot become {role}', ''
    WHERE pg_catalog.pg_has_role(
        session_user, pg_catalog.to_regrole('{role}')::oid, '{privilege}'
    ) IS NOT TRUE
    UNION ALL
    SELECT 10, via,
           pg_catalog.format('may create objects in the schema %I', space.nspname),
           pg_catalog.format(
               'REVOKE CREATE ON SCHEMA %I FROM PUBLIC, or from the role that has it: the next '
               'migration would execute a function that is planted there; for the schema public '
               '`boards-migrate bootstrap` does so',
               space.nspname
           )
    FROM reachable
    JOIN pg_catalog.pg_namespace AS space
        ON pg_catalog.has_schema_privilege(reachable.oid, space.oid, 'CREATE')
    WHERE CAST(space.nspname AS text) !~ '^pg_'
    UNION ALL
    SELECT 11, via,
           pg_catalog.format('may create schemas in %I', pg_catalog.current_database()),
           pg_catalog.format('REVOKE CREATE ON DATABASE %I', pg_catalog.current_database())
    FROM reachable
    WHERE pg_catalog.has_database_privilege(reachable.oid, pg_catalog.current_database(), 'CREATE')
    UNION ALL
    SELECT 12, '',
           pg_catalog.concat('has settings of its own: ', pg_catalog.array_to_string(ARRAY(
               SELECT pg_catalog.split_part(entry, '=', 1)
               FROM pg_catalog.unnest(setting.setconfig) AS entry
           ), ', ')),
           pg_catalog.concat(
               'it can set them itself, for all of its sessions: let an administrator run ',
               pg_catalog.format('ALTER ROLE %I', session_user),
               CASE
                   WHEN setting.setdatabase <> CAST(0 AS oid) THEN
                       pg_catalog.format(' IN DATABASE %I', pg_catalog.current_database())
               END,
               ' RESET ALL; what the application shall have belongs to the database (ALTER '
               'DATABASE … SET) or to the options of its URL'
           )
    FROM pg_catalog.pg_db_role_setting AS setting
    JOIN pg_catalog.pg_roles AS login ON login.oid = setting.setrole
    LEFT JOIN pg_catalog.pg_database AS here ON here.oid = setting.setdatabase
    WHERE login.rolname = session_user
    AND (setting.setdatabase = CAST(0 AS oid) OR here.datname = pg_catalog.current_database())
)
SELECT session_user, via || text, remedy
FROM reason
ORDER BY rank, via, text
LIMIT 1
"""
"""The first reason why the login is unsafe, in the order of their weight."""


class MalformedTenantError(DeployError):
    """A tenant's id that is no UUID; raised before anything is sent."""


class UnsafeLoginError(DatabaseError):
    """A login that bypasses policies, or that cannot become the application's role."""


@asynccontextmanager
async def tenant_session(
    tenant_id: UUID | str, *, engine: AsyncEngine | None = None
) -> AsyncIterator[AsyncSession]:
    """Open a session that sees and writes the rows of one tenant and no other.

        async with tenant_session(tenant_id, engine=engine) as session:
            session.add(Board(tenant_id=tenant_id, owner_id=user_id, title="Sketches"))

    Every transaction begins as the role `boards_app` with `app.tenant_id` set, both until its end:
    a transaction after a commit is just as isolated, and a pooled connection keeps neither. The
    session commits when the block ends without an error.

    It does not protect from SQL injection: SQL of an attacker can set app.tenant_id to another
    tenant, since PostgreSQL lets every role set such a variable. Bind values; never format them
    into SQL.

    :param engine: Logs in as an application login; without one the session opens a connection of
        its own to BOARDS_APP_DATABASE_URL and closes it afterwards.
    :raises MalformedTenantError: `tenant_id` is no UUID; nothing was sent.
    :raises UnsafeLoginError: At the first statement: the engine's login bypasses policies, or a
        timeout, which the login may have set for itself, ends the check of that.
    :raises ConfigError: No engine and no BOARDS_APP_DATABASE_URL.
    Source: sql-set (SET LOCAL ends with its transaction, also by rollback).
    """
    tenant = parse_tenant_id(tenant_id)
    async with _engine(engine, url=app_database_url) as opened, _session(opened) as session:
        event.listen(session.sync_session, "after_begin", _enter(tenant))
        try:
            yield session
            await session.commit()
        except DBAPIError as error:
            if not session.info.get(_CHECKED):
                _refuse_timeout(error)
            raise


@asynccontextmanager
async def owner_session(*, engine: AsyncEngine | None = None) -> AsyncIterator[AsyncSession]:
    """Open a session of the tables' owner: NO ISOLATION, it sees and writes every tenant.

    For backfills and administration, never for a request. It commits when the block ends without
    an error.

    :param engine: Without one the session opens a connection of its own to BOARDS_DATABASE_URL.
    :raises ConfigError: No engine and no BOARDS_DATABASE_URL.
    """
    async with _engine(engine, url=owner_database_url) as opened, _session(opened) as session:
        yield session
        await session.commit()


def parse_tenant_id(value: UUID | str) -> TenantId:
    """Return the tenant's id, whose text is safe in SQL.

    :raises MalformedTenantError: `value` is neither a UUID nor the text of one.
    """
    match value:
        case UUID():
            return TenantId(UUID(int=value.int))
        case str() if _TENANT_ID.fullmatch(value):
            return TenantId(UUID(value))
    raise MalformedTenantError(
        f"{value!r:.80} is not a tenant's id.", todo="pass a UUID, such as tenants.id"
    )


def _session(engine: AsyncEngine) -> AsyncSession:
    return AsyncSession(engine, expire_on_commit=False)


@asynccontextmanager
async def _engine(
    given: AsyncEngine | None, *, url: Callable[[Settings], str]
) -> AsyncIterator[AsyncEngine]:
    """Yield the given engine, else one for this session alone, which is disposed of afterwards."""
    if given is not None:
        yield given
        return
    # The URL of a checkout's local database may have to start its server, which blocks.
    named = await asyncio.to_thread(url, read_settings(os.environ))
    own = create_engine(named, pool=None)
    try:
        yield own
    finally:
        await own.dispose()


def _enter(tenant: TenantId) -> _AfterBegin:
    """Return the event handler that begins each transaction of the tenant's session."""

    def after_begin(
        session: Session, transaction: SessionTransaction, connection: Connection
    ) -> None:
        if transaction.nested:
            return  # a savepoint: the transaction around it has the role and the tenant
        _refuse_autocommit(connection)
        if not connection.info.get(_CHECKED):
            refuse_unsafe_login(connection)
            connection.info[_CHECKED] = True
        session.info[_CHECKED] = True
        connection.exec_driver_sql(f"SET LOCAL ROLE {APP_ROLE}")
        connection.exec_driver_sql(f"SET LOCAL app.tenant_id = '{tenant}'")

    return after_begin


def _refuse_autocommit(connection: Connection) -> None:
    """Refuse AUTOCOMMIT: SET LOCAL lasts as long as a transaction, so there is no isolation."""
    driver = connection.connection.dbapi_connection
    if driver is not None and connection.dialect.detect_autocommit_setting(driver):
        raise InvalidRequestError("a tenant's session needs transactions, not AUTOCOMMIT")


def _refuse_timeout(error: DBAPIError) -> None:
    """Refuse a login whose check a timeout has ended, such as one of `ALTER ROLE … SET`.

    It begins with the first query of a connection, before the settings of the login can be read.

    :raises UnsafeLoginError: Names the timeout.
    """
    states = map(sqlstate_of, causes_of(error))  # of a session that was ended, only a cause has it
    name = next((_TIMEOUTS[state] for state in states if state in _TIMEOUTS), None)
    if name is not None:
        raise UnsafeLoginError(
            f"tenant sessions cannot check the engine's login: {name} ends the check.",
            todo="SQL in one of its sessions may have set it for the login: let an administrator "
            "run ALTER ROLE … RESET ALL for the login; if the database or the options of the URL "
            f"have it, allow a longer {name} there",
        ) from error


def refuse_unsafe_login(connection: Connection) -> None:
    """Refuse a login that can bypass the policies, by itself or by a role that it can become.

    The login and every role that it is a member of must own no table, schema or database, may not
    create anything in them, and have no attribute that bypasses the policies or leads to a role that
    does. The login must have no settings of its own, since SQL in one of its sessions can make them.

    :raises UnsafeLoginError: Names the login and the first reason.
    Source: ddl-rowsecurity (superusers, BYPASSRLS and owners bypass policies), sql-set-role,
    sql-alterrole (a role may change its own settings).
    """
    privilege = "SET" if (connection.dialect.server_version_info or (0,)) >= (16,) else "MEMBER"
    query = _UNSAFE.format(role=APP_ROLE, privilege=privilege)
    found = connection.exec_driver_sql(query).one_or_none()
    if found is not None:
        login, reason, remedy = found
        raise UnsafeLoginError(
            f"tenant sessions refuse the login {login}: it {reason}.",
            todo=remedy
            or f"log in as a role that owns nothing and is only a member of {APP_ROLE}; "
            "`boards-migrate bootstrap --login NAME` creates the membership",
        )

"""The judgement whether row-level security binds a login, so that tenant sessions may use it."""

from __future__ import annotations

from sqlalchemy import Connection

from alembic_proof.errors import DatabaseError
from boards.dbmodels.roles import APP_ROLE


class UnsafeLoginError(DatabaseError):
    """A login that policies do not bind, or that cannot become the application's role."""


_UNSAFE = """
WITH reachable AS (
    SELECT role.*,
           CASE
               WHEN role.rolname = session_user THEN ''
               ELSE pg_catalog.format('can become %I, which ', role.rolname)
           END AS via
    FROM pg_catalog.pg_roles AS role
    WHERE pg_catalog.pg_has_role(session_user, role.oid, 'MEMBER')
), reason (rank, via, text) AS (
    SELECT 1, via, 'is a superuser' FROM reachable WHERE rolsuper
    UNION ALL
    SELECT 2, via, 'has BYPASSRLS' FROM reachable WHERE rolbypassrls
    UNION ALL
    SELECT 3, via, pg_catalog.format('owns the table %I.%I', space.nspname, relation.relname)
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
    JOIN reachable ON reachable.oid = relation.relowner
    WHERE relation.relkind IN ('r', 'p') AND relation.relpersistence <> 't'
    UNION ALL
    SELECT 4, via, pg_catalog.format('owns the schema %I', space.nspname)
    FROM pg_catalog.pg_namespace AS space
    JOIN reachable ON reachable.oid = space.nspowner
    WHERE space.nspname !~ '^pg_'
    UNION ALL
    SELECT 5, via, pg_catalog.format('owns the database %I', pg_catalog.current_database())
    FROM pg_catalog.pg_database AS here
    JOIN reachable ON reachable.oid = here.datdba
    WHERE here.datname = pg_catalog.current_database()
    UNION ALL
    SELECT 6, via, 'has CREATEROLE' FROM reachable WHERE rolcreaterole
    UNION ALL
    SELECT 7, via, 'has REPLICATION' FROM reachable WHERE rolreplication
    UNION ALL
    SELECT 8, via, 'reaches the server''s files and programs'
    FROM reachable
    WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
    UNION ALL
    SELECT 9, '', 'cannot become {role}'
    WHERE pg_catalog.pg_has_role(
        session_user, pg_catalog.to_regrole('{role}')::oid, '{privilege}'
    ) IS NOT TRUE
)
SELECT session_user, via || text
FROM reason
ORDER BY rank, via, text
LIMIT 1
"""


def refuse_unsafe_login(connection: Connection) -> None:
    """Ensures that policies bind `connection`'s login, whatever role it becomes in this session.

    The login and every role it is a member of must own no table, schema or database, and have no
    attribute that reads past the policies or leads to a role that does.

    Raises:
        UnsafeLoginError: names the login and the first reason.

    Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html (superusers, BYPASSRLS
    and owners skip the policies), https://www.postgresql.org/docs/current/sql-set-role.html

    """
    privilege = "SET" if (connection.dialect.server_version_info or (0,)) >= (16,) else "MEMBER"
    query = _UNSAFE.format(role=APP_ROLE, privilege=privilege)
    found = connection.exec_driver_sql(query).one_or_none()
    if found is not None:
        login, reason = found
        raise UnsafeLoginError(
            f"tenant sessions refuse the login {login}: it {reason}.",
            todo=f"log in as a role that owns nothing and is only a member of {APP_ROLE}; "
            "`boards-migrate bootstrap --login NAME` makes the membership",
        )

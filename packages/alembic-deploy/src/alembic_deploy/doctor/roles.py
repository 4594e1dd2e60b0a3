"""Checks of roles: what the application's login may do, and what it must be able to do."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from alembic_deploy.doctor.check import (
    HAS_ITS_OWN_OWNER,
    OWNED_OBJECTS,
    USER_SCHEMA,
    Expectations,
    rows,
)
from alembic_deploy.finding import Finding

_ROLE_EXISTS = "SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CAST(:name AS name)"

_UNSAFE = f"""
WITH reachable AS (
    SELECT role.*,
           CASE
               WHEN role.rolname = CAST(:login AS name) THEN ''
               ELSE pg_catalog.format('can become %I, which ', role.rolname)
           END AS via
    FROM pg_catalog.pg_roles AS role
    WHERE pg_catalog.pg_has_role(CAST(:login AS name), role.oid, 'MEMBER')
), owned AS ({OWNED_OBJECTS}
), reason (rank, via, reason) AS (
    SELECT 1, via, 'is a superuser' FROM reachable WHERE rolsuper
    UNION ALL
    SELECT 2, via, 'has BYPASSRLS' FROM reachable WHERE rolbypassrls
    UNION ALL
    SELECT 3, via, pg_catalog.format(
        'owns %ss (%s), such as %s', object.type, pg_catalog.count(*), pg_catalog.min(object.identity)
    )
    FROM owned
    JOIN pg_catalog.pg_namespace AS space ON space.oid = owned.space
    JOIN reachable ON reachable.oid = owned.owner
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(owned.catalog, owned.oid, 0) AS object
    WHERE {USER_SCHEMA} AND {HAS_ITS_OWN_OWNER}
    GROUP BY via, object.type
    UNION ALL
    SELECT 4, via, pg_catalog.format('owns the schema %I', space.nspname)
    FROM pg_catalog.pg_namespace AS space
    JOIN reachable ON reachable.oid = space.nspowner
    WHERE {USER_SCHEMA} AND reachable.rolname <> 'pg_database_owner'
    UNION ALL
    SELECT 5, via, 'owns this database'
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
)
SELECT via || reason AS reason
FROM reason
WHERE (rank = 1 AND via = '')
OR NOT EXISTS (SELECT FROM reachable WHERE rolsuper AND via = '')
ORDER BY rank, via, reason
"""
"""A superuser is a member of every role: no other reason is listed."""

_MAY_BECOME = """
SELECT pg_catalog.pg_has_role(
    CAST(:login AS name),
    CAST(:role AS name),
    CASE
        WHEN CAST(pg_catalog.current_setting('server_version_num') AS integer) >= 160000 THEN 'SET'
        ELSE 'MEMBER'
    END
) AS is_member
"""
"""Source: functions-info, "Access Privilege Inquiry Functions": SET is of PostgreSQL 16."""

_ROLE_SETTINGS = """
SELECT setting.setdatabase = 0 AS is_everywhere,
       pg_catalog.array_to_string(setting.setconfig, ', ') AS settings
FROM pg_catalog.pg_db_role_setting AS setting
JOIN pg_catalog.pg_roles AS role ON role.oid = setting.setrole
WHERE role.rolname = CAST(:login AS name)
AND setting.setdatabase IN (
    0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
)
ORDER BY 1 DESC
"""

_CREATEROLE = """
SELECT pg_catalog.quote_ident(rolname) AS name
FROM pg_catalog.pg_roles
WHERE rolname = current_user
AND rolcreaterole
AND NOT rolsuper
AND CAST(pg_catalog.current_setting('server_version_num') AS integer) < 160000
"""

_READABLE_TABLES = f"""
SELECT pg_catalog.count(*) AS tables,
       pg_catalog.count(*) FILTER (
           WHERE pg_catalog.has_table_privilege(CAST(:role AS name), relation.oid, 'SELECT')
       ) AS readable
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
WHERE relation.relkind IN ('r', 'p')
AND {USER_SCHEMA}
AND relation.oid IS DISTINCT FROM pg_catalog.to_regclass(:version_table)
"""

_UNUSABLE_SCHEMAS = f"""
SELECT pg_catalog.quote_ident(space.nspname) AS name
FROM pg_catalog.pg_namespace AS space
WHERE {USER_SCHEMA}
AND EXISTS (
    SELECT
    FROM pg_catalog.pg_class AS relation
    WHERE relation.relnamespace = space.oid
    AND relation.relkind IN ('r', 'p', 'v', 'm')
    AND pg_catalog.has_table_privilege(CAST(:role AS name), relation.oid, 'SELECT')
    AND NOT pg_catalog.has_table_privilege('public', relation.oid, 'SELECT')
)
AND NOT pg_catalog.has_schema_privilege(CAST(:role AS name), space.oid, 'USAGE')
ORDER BY 1
"""

_MISSING_PRIVILEGE = """
SELECT pg_catalog.to_regclass(:table) IS NOT NULL
AND NOT pg_catalog.has_table_privilege(
    CAST(:role AS name), pg_catalog.to_regclass(:table), :privilege
) AS is_missing
"""


def unsafe_app_login(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield why the application's login is not held by row-level security.

    Source: ddl-rowsecurity: superusers, BYPASSRLS and owners bypass it; sql-set-role.
    """
    login = expected.app_login
    if login is None:
        return
    if not _exists(connection, login):
        yield Finding(
            id="app-login-missing",
            what=f"the application's login {login} does not exist",
            todo="CREATE ROLE it with LOGIN, or correct the name",
        )
        return
    for row in rows(connection, _UNSAFE, login=login):
        yield Finding(
            id="app-login-unsafe",
            what=f"the application's login {row.reason}",
            where=f"role {login}",
            todo="let the application log in as a role that owns nothing and has no such attribute",
        )


def settings_of_app_login(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the settings of the application's login, which it can change for all of its sessions.

    Source: sql-alterrole: a role may change its own settings.
    """
    if expected.app_login is None:
        return
    for row in rows(connection, _ROLE_SETTINGS, login=expected.app_login):
        scope = "" if row.is_everywhere else " IN DATABASE …"
        yield Finding(
            id="app-login-settings",
            what=f"every session of the application's login begins with {row.settings}",
            where=f"role {expected.app_login}",
            todo=f"if no administrator has set it, ALTER ROLE …{scope} RESET ALL: the application "
            "can set it itself, and search_path, role or a short statement_timeout breaks or "
            "misleads it",
        )


def membership_of_app_login(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the application's login that cannot become the application's role."""
    login, role = expected.app_login, expected.app_role
    if login is None or role is None or login == role:
        return
    if not (_exists(connection, login) and _exists(connection, role)):
        return
    if not rows(connection, _MAY_BECOME, login=login, role=role)[0].is_member:
        yield Finding(
            id="app-login-no-member",
            what=f"the application's login cannot SET ROLE {role}, which has the privileges",
            where=f"role {login}",
            todo=f"GRANT {role} TO {login}",
        )


def createrole_of_owner(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Yield a login with CREATEROLE on a server where that is nearly a superuser.

    Source: release-16: before, CREATEROLE may grant any role but superusers, also predefined ones.
    """
    for row in rows(connection, _CREATEROLE):
        yield Finding(
            id="createrole",
            what="before PostgreSQL 16 CREATEROLE may grant itself pg_execute_server_program, and so "
            "run programs on the server",
            where=f"role {row.name}",
            todo=f"ALTER ROLE {row.name} NOCREATEROLE, and let an administrator create the roles",
        )


def missing_grants(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield what the application's role may not do although it must."""
    role = expected.app_role
    if role is None:
        return
    if not _exists(connection, role):
        yield Finding(
            id="app-role-missing",
            what=f"the application's role {role} does not exist",
            todo="run the bootstrap, or correct the name",
        )
        return
    yield from _unreadable(connection, role, version_table=expected.version_table)
    for grant in expected.grants:
        lacking = [
            privilege
            for privilege in grant.privileges
            if rows(
                connection,
                _MISSING_PRIVILEGE,
                role=grant.role,
                table=grant.table,
                privilege=privilege,
            )[0].is_missing
        ]
        if lacking:
            listed = ", ".join(lacking)
            yield Finding(
                id="missing-grant",
                what=f"{grant.role} lacks {listed}, which the models declare",
                where=f"table {grant.table}",
                todo=f"GRANT {listed} ON TABLE {grant.table} TO {grant.role}, unless the next upgrade "
                "does so",
            )


def _exists(connection: Connection, name: str) -> bool:
    return bool(rows(connection, _ROLE_EXISTS, name=name))


def _unreadable(connection: Connection, role: str, *, version_table: str) -> Iterator[Finding]:
    for row in rows(connection, _UNUSABLE_SCHEMAS, role=role):
        yield Finding(
            id="missing-grant",
            what=f"{role} may use tables there, but not their schema",
            where=f"schema {row.name}",
            todo=f"GRANT USAGE ON SCHEMA {row.name} TO {role}",
        )
    counts = rows(connection, _READABLE_TABLES, role=role, version_table=version_table)[0]
    if counts.tables and not counts.readable:
        yield Finding(
            id="missing-grant",
            what=f"{role} may read none of {counts.tables} tables",
            todo="GRANT what the application needs: revisions that were applied with another role "
            "granted it to that one",
        )


CHECKS = (
    unsafe_app_login,
    membership_of_app_login,
    settings_of_app_login,
    createrole_of_owner,
    missing_grants,
)

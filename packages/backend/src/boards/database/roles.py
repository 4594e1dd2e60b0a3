"""Idempotent SQL that creates the application's role, and takes from everybody what nobody else needs.

Roles belong to the cluster, not to a database: no revision and no `create_all()` creates them, and
revisions grant privileges to them. Execute the statements with `exec_driver_sql`: the name of a
login may contain a percent sign or a colon.
"""

from __future__ import annotations

import shlex
from enum import Enum

from alembic_deploy.bootstrap import Bootstrap
from alembic_deploy.errors import ConfigError
from alembic_deploy.url import DatabaseUrl
from boards.settings import APP_ROLE, Settings
from boards.sql import MAX_NAME_BYTES, quote_identifier, quote_literal


class MissingLogin(Enum):
    """How the bootstrap treats a login that does not exist in the cluster."""

    REFUSE = "refuse"
    CREATE = "create"


def bootstrap_for(
    settings: Settings, *, local_login: str | None, closes_database: bool = False
) -> Bootstrap:
    """Return the bootstrap that creates `boards_app` and makes the application's login a member.

    The login is `local_login`, which is created if it does not exist; else the user of
    BOARDS_APP_DATABASE_URL, which must exist. Without both, only the role is created.

    :param local_login: The application's login on the checkout's own database.
    :param closes_database: As `bootstrap_of`.
    :raises ConfigError: The login cannot be the name of a role, or the URL cannot be read.
    """
    if local_login is not None:
        return bootstrap_of(
            local_login, missing=MissingLogin.CREATE, closes_database=closes_database
        )
    url = settings.app_database_url
    login = DatabaseUrl.parse(url).user if url is not None else None
    return bootstrap_of(login, closes_database=closes_database)


def bootstrap_of(
    login: str | None,
    *,
    missing: MissingLogin = MissingLogin.REFUSE,
    closes_database: bool = False,
) -> Bootstrap:
    """Return the bootstrap that creates `boards_app`, makes `login` a member and closes `public`.

    :param closes_database: Whether only the roles that need it may connect to the database from now
        on. An upgrade does not do that: monitoring or reporting may rely on PUBLIC's privilege.
    :raises ConfigError: `login` cannot be the name of a role.
    """
    try:
        statements = (*bootstrap_statements(login, missing=missing), _close_schema())
        ready = f"{bootstrap_ready(login)} AND NOT {_IS_SCHEMA_OPEN}"
        if login is not None and closes_database:
            statements = (*statements, _close_database(login))
            ready = f"{ready} AND NOT {_is_database_open(login)}"
            return Bootstrap(statements, ready)
        return Bootstrap(statements, ready, left_out=_left_out(login))
    except ValueError as error:
        raise ConfigError(str(error), todo="name a login of at most 63 bytes") from error


def _left_out(login: str | None) -> str:
    """Return which effects of the whole bootstrap are missing, and the command that has them."""
    membership = "that the application's login is a member of it, and " if login is None else ""
    named = shlex.quote(login or "LOGIN")
    return (
        f"Left out: {membership}that only those who need it may connect to the database. "
        f"`boards-migrate bootstrap --login {named}` has all of it; with --sql it prints the statements."
    )


def bootstrap_statements(
    login: str | None, *, missing: MissingLogin = MissingLogin.REFUSE
) -> tuple[str, ...]:
    """Return SQL that creates the application's role and makes `login` a member of it.

    The statements may be executed at any time. A login that is created has LOGIN and NOINHERIT, so
    that it has the role's privileges only after SET ROLE, and no password.

    :param login: None creates the role only.
    :raises ValueError: `login` cannot be the name of a role.

    Source: https://www.postgresql.org/docs/current/sql-createrole.html
    """
    role = _create_role(APP_ROLE, "NOLOGIN")
    if login is None:
        return (role,)
    _check_name(login)
    membership = _grant_membership(login)
    if missing is MissingLogin.CREATE:
        return (role, _create_role(login, "LOGIN NOINHERIT"), membership)
    return (_require_role(login), role, membership)


def bootstrap_ready(login: str | None) -> str:
    """Return a SELECT of one boolean: whether `bootstrap_statements(login)` would change nothing."""
    if login is None:
        return f"SELECT {_role_exists(APP_ROLE)}"
    return f"SELECT {_is_member(login)}"


def _check_name(name: str) -> None:
    """Refuse a name that PostgreSQL cuts or rejects, or that would end the dollar-quoted block."""
    if not name or "\0" in name or "$bootstrap$" in name:
        raise ValueError(f"not the name of a role: {name!r}")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"a role's name has at most {MAX_NAME_BYTES} bytes: {name!r}")


def _role_exists(name: str) -> str:
    return f"EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {quote_literal(name)})"


def _is_member(login: str) -> str:
    """Return a condition: both roles exist, and the login may SET ROLE to the application's role.

    PostgreSQL 15 calls that privilege MEMBER; PostgreSQL 16 and later call it SET.

    Source: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-ACCESS
    """
    return f"""EXISTS (
    SELECT
    FROM pg_catalog.pg_roles AS role
    JOIN pg_catalog.pg_roles AS login ON login.rolname = {quote_literal(login)}
    WHERE role.rolname = {quote_literal(APP_ROLE)}
    AND pg_catalog.pg_has_role(
        login.oid,
        role.oid,
        CASE
            WHEN CAST(pg_catalog.current_setting('server_version_num') AS integer) >= 160000
            THEN 'SET'
            ELSE 'MEMBER'
        END
    )
)"""


def _require_role(name: str) -> str:
    """Return a block that fails for a missing role, before anything is created for it."""
    return _block(
        f"""
    IF NOT {_role_exists(name)} THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = pg_catalog.concat('the login ', {quote_literal(name)}, ' does not exist'),
            HINT = 'Create it, or correct its name; nothing is changed.';
    END IF;
"""
    )


def _create_role(name: str, options: str) -> str:
    """Return a block that creates a missing role; a concurrent creation is no error."""
    return f"""
DO $bootstrap$
BEGIN
    IF NOT {_role_exists(name)} THEN
        CREATE ROLE {quote_identifier(name)} {options};
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;
END
$bootstrap$
""".strip()


def _grant_membership(login: str) -> str:
    """Return a block that grants the membership."""
    return _block(
        f"""
{_retried(f"GRANT {quote_identifier(APP_ROLE)} TO {quote_identifier(login)}", until=_is_member(login))}
    IF NOT {_is_member(login)} THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = pg_catalog.concat(
                'the login ', {quote_literal(login)}, ' could not become a member of {APP_ROLE}'
            ),
            HINT = 'Run the bootstrap again.';
    END IF;
"""
    )


_IS_SCHEMA_OPEN = """EXISTS (
    SELECT
    FROM pg_catalog.pg_namespace AS space
    CROSS JOIN LATERAL pg_catalog.aclexplode(space.nspacl) AS privilege
    WHERE space.nspname = 'public'
    AND privilege.grantee = CAST(0 AS oid)
    AND privilege.privilege_type = 'CREATE'
    AND pg_catalog.pg_has_role(space.nspowner, 'USAGE')
)"""
"""Every role may create objects in public, and this one may change that."""


def _close_schema() -> str:
    """Return a block that keeps everybody but the database's owner from creating objects in public.

    Databases that were made before PostgreSQL 15 let every role do that, and a function planted there
    would be executed by the next migration. The owner may have had the right as everybody had it.

    Source: ddl-schemas, "Usage Patterns".
    """
    statements = """GRANT USAGE, CREATE ON SCHEMA public TO pg_database_owner;
            REVOKE CREATE ON SCHEMA public FROM PUBLIC"""
    return _block(_retried(statements, until=f"NOT {_IS_SCHEMA_OPEN}"))


_NEED_CONNECT = f"""
    SELECT DISTINCT role.oid, role.rolname
    FROM pg_catalog.pg_roles AS role
    WHERE role.rolname IN (current_user, '{APP_ROLE}', {{login}})
    OR role.oid IN (
        SELECT member
        FROM pg_catalog.pg_auth_members
        JOIN pg_catalog.pg_roles AS app ON app.oid = roleid
        WHERE app.rolname = '{APP_ROLE}'
    )
    OR role.oid IN (
        SELECT relowner
        FROM pg_catalog.pg_class
        JOIN pg_catalog.pg_namespace AS space ON space.oid = relnamespace
        WHERE CAST(space.nspname AS text) !~ '^(pg_|information_schema$)'
    )"""
"""The application's logins, the owners of the database's objects, and the session's own role."""


def _is_database_open(login: str) -> str:
    """Return a condition: PUBLIC may connect, or the login may not, and this role may change that.

    Never in the databases that every server has: others connect to them for their own purposes.
    """
    return f"""EXISTS (
    SELECT
    FROM pg_catalog.pg_database AS here
    WHERE here.datname = pg_catalog.current_database()
    AND here.datname NOT IN ('postgres', 'template0', 'template1')
    AND pg_catalog.pg_has_role(here.datdba, 'USAGE')
    AND (
        EXISTS (
            SELECT
            FROM pg_catalog.aclexplode(
                coalesce(here.datacl, pg_catalog.acldefault('d', here.datdba))
            ) AS privilege
            WHERE privilege.grantee = CAST(0 AS oid)
            AND privilege.privilege_type = 'CONNECT'
        )
        OR NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_roles AS login
            WHERE login.rolname = {quote_literal(login)}
            AND pg_catalog.has_database_privilege(login.oid, here.oid, 'CONNECT')
        )
    )
)"""


def _close_database(login: str) -> str:
    """Return a block that lets only those connect to the database who work with it.

    Without it each login of the cluster may connect, those of other applications included.

    Source: ddl-priv (CONNECT is granted to PUBLIC by default).
    """
    needed = _NEED_CONNECT.format(login=quote_literal(login))
    statements = f"""FOR needed IN{needed}
            LOOP
                EXECUTE pg_catalog.concat(
                    'GRANT CONNECT ON DATABASE ',
                    pg_catalog.quote_ident(pg_catalog.current_database()),
                    ' TO ', pg_catalog.quote_ident(needed.rolname)
                );
            END LOOP;
            EXECUTE pg_catalog.concat(
                'REVOKE CONNECT ON DATABASE ',
                pg_catalog.quote_ident(pg_catalog.current_database()), ' FROM PUBLIC'
            )"""
    return _block(
        _retried(statements, until=f"NOT {_is_database_open(login)}"), declare="needed record;"
    )


def _retried(statements: str, *, until: str) -> str:
    """Return a loop around statements that fail when another session changes the same roles or ACL."""
    return f"""
    FOR attempt IN 1..15 LOOP
        EXIT WHEN {until};
        BEGIN
            {statements};
        EXCEPTION
            WHEN unique_violation OR internal_error THEN
                PERFORM pg_catalog.pg_sleep(0.2);
        END;
    END LOOP;"""


def _block(body: str, *, declare: str = "") -> str:
    declared = f"DECLARE\n    {declare}\n" if declare else ""
    return f"DO $bootstrap$\n{declared}BEGIN\n{body.strip()}\nEND\n$bootstrap$"

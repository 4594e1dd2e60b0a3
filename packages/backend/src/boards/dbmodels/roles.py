"""The application's role, and the idempotent SQL that makes it and its login.

Roles belong to the cluster, not to a database: no revision makes them, revisions grant to them.
The texts hold neither a percent sign nor a colon, so that every driver sends them unchanged;
only a login's own name may bring one in, so send them as they are (`exec_driver_sql`).
"""

from __future__ import annotations

from enum import Enum

APP_ROLE = "boards_app"
"""NOLOGIN; owns nothing, has the tables' grants, and is bound by their policies."""

MAX_NAME_BYTES = 63
"""Source: https://www.postgresql.org/docs/current/limits.html (identifier length)"""


class MissingLogin(Enum):
    """What the bootstrap does with a login that the cluster does not know."""

    REFUSE = "refuse"
    CREATE = "create"


def bootstrap_statements(
    login: str | None, *, missing: MissingLogin = MissingLogin.REFUSE
) -> tuple[str, ...]:
    """SQL that ensures the application's role and `login`'s membership; safe to send at any time.

    A login that is made can log in and nothing else: it inherits nothing, so it has the role's
    rights only after SET ROLE. It gets no password.

    Raises:
        ValueError: `login` cannot be the name of a role.

    Source: https://www.postgresql.org/docs/current/sql-createrole.html
    """
    role = _create_role(APP_ROLE, "NOLOGIN")
    if login is None:
        return (role,)
    _check_name(login)
    membership = _grant_membership(login)
    if missing is MissingLogin.CREATE:
        return (role, _create_role(login, "LOGIN NOINHERIT"), membership)
    return (role, membership)


def bootstrap_ready(login: str | None) -> str:
    """A SELECT of one boolean: whether `bootstrap_statements(login)` has nothing left to do."""
    if login is None:
        return f"SELECT {_role_exists(APP_ROLE)}"
    return f"SELECT {_is_member(login)}"


def _check_name(name: str) -> None:
    """Refuses what PostgreSQL would cut or reject, and what would end the quoted block."""
    if not name or "\0" in name or "$bootstrap$" in name:
        raise ValueError(f"not the name of a role: {name!r}")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"a role's name has at most {MAX_NAME_BYTES} bytes: {name!r}")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """`text` quoted for any setting of standard_conforming_strings."""
    escaped = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{escaped}'" if "\\" in text else f"'{escaped}'"


def _role_exists(name: str) -> str:
    return f"EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {_literal(name)})"


def _is_member(login: str) -> str:
    """A condition: both roles exist, and the login may SET ROLE to the application's.

    PostgreSQL 15 calls that right MEMBER; since 16 it can be withheld and is called SET.

    Source: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-ACCESS
    """
    return f"""EXISTS (
    SELECT
    FROM pg_catalog.pg_roles AS role
    JOIN pg_catalog.pg_roles AS login ON login.rolname = {_literal(login)}
    WHERE role.rolname = {_literal(APP_ROLE)}
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


def _create_role(name: str, options: str) -> str:
    """Makes the role where it is missing; whoever loses a race for it finds it made."""
    return f"""
DO $bootstrap$
BEGIN
    IF NOT {_role_exists(name)} THEN
        CREATE ROLE {_identifier(name)} {options};
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;
END
$bootstrap$
""".strip()


def _grant_membership(login: str) -> str:
    """Makes `login` a member; whoever loses a race ("tuple concurrently updated") tries again."""
    return f"""
DO $bootstrap$
BEGIN
    FOR attempt IN 1..10 LOOP
        EXIT WHEN {_is_member(login)};
        BEGIN
            GRANT {_identifier(APP_ROLE)} TO {_identifier(login)};
        EXCEPTION
            WHEN unique_violation OR internal_error THEN
                PERFORM pg_catalog.pg_sleep(0.05 * attempt);
        END;
    END LOOP;
    IF NOT {_is_member(login)} THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = pg_catalog.concat(
                'the login ', {_literal(login)}, ' could not become a member of {APP_ROLE}'
            ),
            HINT = 'Run the bootstrap again.';
    END IF;
END
$bootstrap$
""".strip()

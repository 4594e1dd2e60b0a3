"""Create the roles and the database that a server needs, and drop roles that runs left behind.

Roles belong to the whole cluster, not to a database.
Source: https://www.postgresql.org/docs/current/user-manag.html
"""

from __future__ import annotations

from collections.abc import Collection

from local_postgres.client import Execute, quote_identifier, quote_literal
from local_postgres.errors import DatabaseError, SqlError

# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_UNIQUE_VIOLATION = "23505"
_DUPLICATE_OBJECT = "42710"
_DUPLICATE_DATABASE = "42P04"
_RESERVED_NAME = "42939"
_LOCK = 4_861_302_977
"""The key of our advisory lock: any number of 64 bits (explicit-locking, "Advisory Locks")."""
# From this OID on, objects are no part of PostgreSQL itself. The login is left out.
_ORDINARY = """SELECT rolname FROM pg_catalog.pg_roles
WHERE oid >= 16384 AND NOT rolsuper AND rolname <> session_user ORDER BY rolname"""


def lock_roles(execute: Execute) -> None:
    """Wait until no other session creates or drops roles, and keep others from it.

    Locks: the advisory lock of this module, until the session ends.
    """
    execute(f"SELECT pg_catalog.pg_advisory_lock({_LOCK})::text")


def ensure_role(execute: Execute, name: str, *, options: str = "LOGIN") -> None:
    """Create the role unless it exists; any number of sessions may ask for it at once."""
    known = f"SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {quote_literal(name)}"
    if not execute(known):
        _create_unless_exists(execute, f"CREATE ROLE {quote_identifier(name)} {options}")


def ensure_database(execute: Execute, name: str, *, owner: str) -> None:
    """Create the database, empty and in UTF-8, unless it exists; safe for sessions at once."""
    known = f"SELECT 1 FROM pg_catalog.pg_database WHERE datname = {quote_literal(name)}"
    if not execute(known):
        _create_unless_exists(
            execute,
            f"CREATE DATABASE {quote_identifier(name)} OWNER {quote_identifier(owner)} "
            "TEMPLATE template0 ENCODING 'UTF8'",
        )


def ensure_member_roles(execute: Execute, names: Collection[str]) -> None:
    """Create the roles that are missing, with the login as their member; they stay.

    :raises DatabaseError: One is missing, and the login may not create it.
    """
    lock_roles(execute)
    for name in names:
        try:
            ensure_role(execute, name, options="NOLOGIN ROLE CURRENT_USER")
        except SqlError as error:
            raise _role_error(error, execute, name) from error


def privileges_beyond_rls(execute: Execute) -> str:
    """Return `the role X is a superuser` or `… has BYPASSRLS`; empty for an ordinary login."""
    query = """SELECT r.rolname,
    CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'has BYPASSRLS' END
FROM pg_catalog.pg_roles AS r
WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls)"""
    return "".join(f"the role {name} {what}" for name, what in execute(query))


def role_names(execute: Execute) -> frozenset[str]:
    """Return the names of all roles of the server."""
    return frozenset(str(name) for (name,) in execute("SELECT rolname FROM pg_catalog.pg_roles"))


def ordinary_role_names(execute: Execute) -> frozenset[str]:
    """Return the roles that are no part of PostgreSQL, no superuser, and not the login."""
    return frozenset(str(name) for (name,) in execute(_ORDINARY))


def drop_roles(execute: Execute, names: Collection[str]) -> None:
    """Drop those of the roles that nothing depends on.

    A role that granted a membership can be dropped after the member only (PostgreSQL 16 and later):
    the rest is tried again as long as one more can be dropped.
    """
    left = [name for name in sorted(names) if not _is_dropped(execute, name)]
    if left and len(left) < len(names):
        drop_roles(execute, left)


def _is_dropped(execute: Execute, name: str) -> bool:
    try:
        execute(f"DROP ROLE IF EXISTS {quote_identifier(name)}")
    except SqlError:
        return False
    return True


def _create_unless_exists(execute: Execute, statement: str) -> None:
    """Run a CREATE; another session may have been faster."""
    try:
        execute(statement)
    except SqlError as error:
        if error.sqlstate not in (_UNIQUE_VIOLATION, _DUPLICATE_OBJECT, _DUPLICATE_DATABASE):
            raise


def _role_error(error: SqlError, execute: Execute, name: str) -> DatabaseError:
    if error.sqlstate == _RESERVED_NAME:
        return DatabaseError(
            f"PostgreSQL reserves the name {name}",
            where="roles",
            todo="leave it out, or rename it: names that begin with pg_ are PostgreSQL's own",
        )
    ((login,),) = execute("SELECT current_user::text")
    return DatabaseError(
        f"the role {name} is missing and could not be created ({error})",
        where=f"role {login}",
        todo=f"create it yourself, or allow it: ALTER ROLE {login} CREATEROLE",
    )

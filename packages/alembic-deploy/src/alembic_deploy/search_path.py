"""The schemas on a session's search_path: which other roles may create objects there, and which have.

PostgreSQL looks a name without a schema up in pg_catalog, then along the path. Yet a function or an
operator in a later schema is preferred where its parameter types fit better: a planted
`public.jsonb_build_object(text, jsonb)` is preferred to pg_catalog's, which takes "any". So a role that
may create objects in a schema on the path can have the owner's next migration execute its SQL.

Source: typeconv-func, typeconv-oper, ddl-schemas ("Usage Patterns").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from alembic_deploy.errors import DatabaseError

_SHOWN = 5

# Every function is qualified, and every operator has the exact types of one in pg_catalog: nothing
# that somebody planted is preferred to it.
_FROM = """\
WITH trusted AS (
    SELECT role.oid
    FROM pg_catalog.pg_roles AS role
    JOIN pg_catalog.pg_roles AS mine ON mine.rolname = current_user
    WHERE role.rolsuper
    OR role.rolname IN (current_user, 'pg_database_owner')
    OR (NOT mine.rolsuper AND pg_catalog.pg_has_role(role.oid, 'USAGE'))
    OR role.oid = (
        SELECT datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
    )
), space AS (
    SELECT oid, nspname, nspowner, nspacl
    FROM pg_catalog.pg_namespace
    WHERE nspname = ANY (pg_catalog.current_schemas(false))
    AND nspname <> 'pg_catalog'
)"""
"""Trusted are superusers, the session's role and what it inherits from, and the database's owner.

A superuser has every role's privileges, which says nothing about trust.
"""

_WRITABLE = f"""\
{_FROM}
SELECT pg_catalog.quote_ident(space.nspname) AS schema,
       CASE
           WHEN privilege.grantee = CAST(0 AS oid) THEN 'PUBLIC'
           ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(privilege.grantee))
       END AS role
FROM space
CROSS JOIN LATERAL pg_catalog.aclexplode(space.nspacl) AS privilege
WHERE privilege.privilege_type = 'CREATE'
AND privilege.grantee <> space.nspowner
AND privilege.grantee <> ALL (SELECT oid FROM trusted)
ORDER BY 1, 2"""
"""Grants of CREATE. A schema's owner may have it: the owner could drop everything in it as well."""

_PLANTED = f"""\
{_FROM}, callable AS (
    SELECT CAST(CAST('pg_catalog.pg_proc' AS regclass) AS oid) AS catalog,
           oid, proname AS name, pronamespace AS space, proowner AS owner
    FROM pg_catalog.pg_proc
    UNION ALL
    SELECT CAST(CAST('pg_catalog.pg_operator' AS regclass) AS oid),
           oid, oprname, oprnamespace, oprowner
    FROM pg_catalog.pg_operator
), object AS (
    SELECT planted.catalog, planted.oid, planted.space, planted.owner
    FROM callable AS planted
    WHERE EXISTS (
        SELECT
        FROM callable AS ours
        WHERE ours.name = planted.name
        AND ours.catalog = planted.catalog
        AND ours.owner = ANY (SELECT oid FROM trusted)
    )
    UNION ALL
    SELECT CAST(CAST('pg_catalog.pg_class' AS regclass) AS oid), oid, relnamespace, relowner
    FROM pg_catalog.pg_class
    WHERE relname = '{{version_table}}'
)
SELECT identified.type AS kind,
       identified.identity,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(object.owner)) AS owner
FROM object
JOIN space ON space.oid = object.space
CROSS JOIN LATERAL pg_catalog.pg_identify_object(object.catalog, object.oid, 0) AS identified
WHERE object.owner <> ALL (SELECT oid FROM trusted)
AND NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_depend AS member
    WHERE member.classid = object.catalog
    AND member.objid = object.oid
    AND member.deptype = 'e'
)
ORDER BY 1, 2"""
"""Functions and operators with the name of a trusted one, and the version table; none of extensions."""

_GUARD = """\
DO $guard$
DECLARE
    found text;
BEGIN
    SELECT pg_catalog.string_agg(
        pg_catalog.concat('REVOKE CREATE ON SCHEMA ', schema, ' FROM ', role), '; '
    )
    INTO found
    FROM (
{writable}
    ) AS writable;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'others may create objects in a schema on the search_path',
            HINT = pg_catalog.concat('Run this as its owner, then run the script again: ', found);
    END IF;
    SELECT pg_catalog.string_agg(pg_catalog.concat(kind, ' ', identity, ' of ', owner), '; ')
    INTO found
    FROM (
{planted}
    ) AS planted;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = pg_catalog.concat('another role owns what the script could call: ', found),
            HINT = 'Drop these objects, then run the script again.';
    END IF;
END
$guard$;"""


@dataclass(frozen=True, slots=True)
class WritableSchema:
    """A schema on the search_path, and a role that may create objects in it; both names are quoted."""

    schema: str
    role: str
    """PUBLIC where every role may."""

    @property
    def revoke(self) -> str:
        """Return the statement that takes the privilege away."""
        return f"REVOKE CREATE ON SCHEMA {self.schema} FROM {self.role}"


@dataclass(frozen=True, slots=True)
class PlantedObject:
    """An object of another role that the session's SQL could use instead of the intended one."""

    kind: str
    """function, operator, table, view …"""
    identity: str
    """Its name with schema and parameter types."""
    owner: str

    def __str__(self) -> str:
        """Return the object with its owner."""
        return f"{self.kind} {self.identity} of {self.owner}"


def writable_schemas(connection: Connection) -> tuple[WritableSchema, ...]:
    """Return who else may create objects in a schema on the session's search_path.

    Not listed are a schema's owner, superusers, the database's owner, and the roles whose privileges
    the session has: they are no danger, or could do the same without it.

    Source: catalog pg_namespace (nspacl), functions-info (aclexplode).
    """
    rows = connection.exec_driver_sql(_WRITABLE).all()
    return tuple(WritableSchema(schema, role) for schema, role in rows)


def planted_objects(
    connection: Connection, *, version_table: str = "alembic_version"
) -> tuple[PlantedObject, ...]:
    """Return the objects on the search_path that others own and that a migration could use by mistake.

    They are functions and operators with the name of one that a trusted role owns, as all in pg_catalog
    are, and the version table. They stay when the right to create them has been revoked.

    :param version_table: The name of Alembic's version table: writing to another role's table executes
        that role's triggers.
    """
    rows = connection.exec_driver_sql(_planted(version_table)).all()
    return tuple(PlantedObject(*row) for row in rows)


@contextmanager
def safe_search_path(connection: Connection, *, version_table: str) -> Iterator[None]:
    """Refuse a search_path on which a migration could execute what others plant or have planted.

    Inside of the block, which may read the version table, a bootstrap may close the schemas. Nothing
    is left in a transaction unless there was one before.

    :raises DatabaseError: Before the block, the objects of others; after it, schemas that are open.
    """
    is_outer = connection.in_transaction()
    is_open = bool(writable_schemas(connection))
    refuse_planted_objects(connection, version_table=version_table)
    if not is_outer:
        connection.commit()
    yield
    if is_open:
        refuse_writable_schemas(connection)
        refuse_planted_objects(connection, version_table=version_table)
        if not is_outer:
            connection.commit()


def refuse_planted_objects(connection: Connection, *, version_table: str) -> None:
    """Refuse a database in which a migration could execute what another role has planted.

    :raises DatabaseError: Names the objects and their owners.
    """
    found = planted_objects(connection, version_table=version_table)
    if found:
        more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise DatabaseError(
            "another role owns what this migration could execute with this login's privileges",
            where=", ".join(map(str, found[:_SHOWN])) + more,
            todo="look at these objects; then drop them, or give them to a role that you trust: "
            "ALTER … OWNER TO",
        )


def refuse_writable_schemas(connection: Connection) -> None:
    """Refuse a search_path on which others may create objects that a migration would execute.

    :raises DatabaseError: Has the statements that close the schemas.
    """
    found = writable_schemas(connection)
    if found:
        statements = "".join(f"\n    {one.revoke};" for one in found)
        raise DatabaseError(
            "others may create functions that this migration would execute with this login's "
            "privileges",
            where="; ".join(f"schema {one.schema}: {one.role} may CREATE" for one in found),
            todo=f"let the schema's owner or a superuser run this, then run the command again:\n"
            f"{statements}",
        )


def guard_script(*, version_table: str = "alembic_version") -> str:
    """Return a statement that refuses the same two things, at the head of a script."""
    return _GUARD.format(writable=_WRITABLE, planted=_planted(version_table))


def _planted(version_table: str) -> str:
    return _PLANTED.format(version_table=version_table.replace("'", "''"))

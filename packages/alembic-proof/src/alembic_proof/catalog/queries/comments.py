"""Comments and security labels of all kinds of objects, and the members of extensions."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import AttributeQuery
from alembic_proof.catalog.queries.sql_fragments import FIRST_USER_OID, is_user_made

COMMENTS = AttributeQuery(
    attribute="comment",
    catalog="c.relname",
    oid="d.objoid",
    sub="d.objsubid",
    value="d.description",
    source=f"""pg_description AS d
JOIN pg_class AS c ON c.oid = d.classoid
WHERE {is_user_made("d.objoid")}""",
)

BUILT_IN_COMMENTS = AttributeQuery(
    attribute="comment",
    catalog="c.relname",
    oid="d.objoid",
    value="d.description",
    source=f"""(
    SELECT oid, 'pg_namespace'::regclass AS catalog FROM pg_namespace WHERE nspname = 'public'
    UNION ALL
    SELECT oid, 'pg_extension'::regclass FROM pg_extension
) AS o
JOIN pg_description AS d ON d.objoid = o.oid AND d.classoid = o.catalog AND d.objsubid = 0
JOIN pg_class AS c ON c.oid = o.catalog
WHERE d.objoid < {FIRST_USER_OID}""",
)
"""Comments on objects of initdb that users may own: the schema public, extensions."""

SECURITY_LABELS = AttributeQuery(
    attribute="security label",
    catalog="c.relname",
    oid="l.objoid",
    sub="l.objsubid",
    value="l.provider || ': ' || l.label",
    source="pg_seclabel AS l\nJOIN pg_class AS c ON c.oid = l.classoid",
)

EXTENSION_MEMBERS = AttributeQuery(
    attribute="(member)",
    catalog="c.relname",
    oid="d.objid",
    value="''",
    source="""pg_depend AS d
JOIN pg_class AS c ON c.oid = d.classid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'""",
)
"""The objects that CREATE EXTENSION made.  Source: catalog-pg-depend."""

"""Comments and security labels, whatever they are about."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import FIRST_USER_OID, is_users
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.select import Saying

COMMENTS = Saying(
    about=tuple(LIVE),
    attribute="comment",
    catalog="c.relname",
    oid="d.objoid",
    sub="d.objsubid",
    value="d.description",
    source=f"""pg_description AS d
JOIN pg_class AS c ON c.oid = d.classoid
WHERE {is_users("d.objoid")}""",
)

FIRST_COMMENTS = Saying(
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
"""What a user can comment on though initdb made it: the schema public, plpgsql."""

SECURITY_LABELS = Saying(
    about=tuple(LIVE),
    attribute="security label",
    catalog="c.relname",
    oid="l.objoid",
    sub="l.objsubid",
    value="l.provider || ': ' || l.label",
    source="pg_seclabel AS l\nJOIN pg_class AS c ON c.oid = l.classoid",
)

MEMBERS = Saying(
    attribute="(member)",
    catalog="c.relname",
    oid="d.objid",
    value="''",
    source="""pg_depend AS d
JOIN pg_class AS c ON c.oid = d.classid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'""",
)
"""What CREATE EXTENSION made belongs to its extension.  Source: catalog-pg-depend."""

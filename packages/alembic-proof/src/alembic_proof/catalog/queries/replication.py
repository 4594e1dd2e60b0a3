"""Publications, published tables and schemas, and subscriptions."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, ObjectQuery, Since
from alembic_proof.catalog.queries.sql_fragments import is_user_made

PUBLICATIONS = ObjectQuery(
    reads="pg_publication",
    manual="catalog-pg-publication",
    kinds=("publication",),
    name="quote_ident(p.pubname)",
    oid="p.oid",
    facts={
        "owner": "pg_get_userbyid(p.pubowner)",
        "all tables": "CASE WHEN p.puballtables THEN 'yes' END",
        "publish": """concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
            CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
            CASE WHEN p.pubtruncate THEN 'truncate' END)""",
        "via partition root": "CASE WHEN p.pubviaroot THEN 'yes' END",
        "generated columns": Since(major=18, sql="CASE p.pubgencols WHEN 's' THEN 'stored' END"),
    },
    source=f"pg_publication AS p\nWHERE {is_user_made('p.oid')}",
)

_COLUMNS = """(SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)
    FROM pg_attribute AS a
    WHERE a.attrelid = m.prrelid AND a.attnum = ANY (m.prattrs::smallint[]))"""

PUBLISHED_TABLES = ObjectQuery(
    reads="pg_publication_rel",
    manual="catalog-pg-publication-rel",
    kinds=("published table",),
    name="quote_ident(p.pubname) || '.' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)",
    oid="m.oid",
    links=(Link("parent", "pg_publication", "m.prpubid"), Link("table", "pg_class", "m.prrelid")),
    facts={
        "columns": f"CASE WHEN m.prattrs IS NOT NULL THEN {_COLUMNS} END",
        "row filter": "pg_get_expr(m.prqual, m.prrelid)",
    },
    source="""pg_publication_rel AS m
JOIN pg_publication AS p ON p.oid = m.prpubid
JOIN pg_class AS c ON c.oid = m.prrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace""",
)

PUBLISHED_SCHEMAS = ObjectQuery(
    reads="pg_publication_namespace",
    manual="catalog-pg-publication-namespace",
    kinds=("published schema",),
    name="quote_ident(p.pubname) || '.' || quote_ident(n.nspname)",
    oid="m.oid",
    links=(
        Link("parent", "pg_publication", "m.pnpubid"),
        Link("parent", "pg_namespace", "m.pnnspid"),
    ),
    source="""pg_publication_namespace AS m
JOIN pg_publication AS p ON p.oid = m.pnpubid
JOIN pg_namespace AS n ON n.oid = m.pnnspid""",
)

SUBSCRIPTIONS = ObjectQuery(
    reads="pg_subscription",
    manual="catalog-pg-subscription",
    kinds=("subscription",),
    name="quote_ident(s.subname)",
    oid="s.oid",
    facts={
        "owner": "pg_get_userbyid(s.subowner)",
        "enabled": "CASE WHEN s.subenabled THEN 'yes' END",
        "publications": """(SELECT string_agg(quote_ident(o), ', ' ORDER BY o COLLATE "C")
            FROM unnest(s.subpublications) AS o)""",
        "slot": "s.subslotname",
        "synchronous commit": "s.subsynccommit",
        "binary": "CASE WHEN s.subbinary THEN 'yes' END",
        "streaming": "s.substream",
        "two phase": "CASE WHEN s.subtwophasestate <> 'd' THEN 'yes' END",
        "disable on error": "CASE WHEN s.subdisableonerr THEN 'yes' END",
        "origin": Since(major=16, sql="s.suborigin"),
        "failover": Since(major=17, sql="CASE WHEN s.subfailover THEN 'yes' END"),
    },
    source="""pg_subscription AS s
WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())""",
)

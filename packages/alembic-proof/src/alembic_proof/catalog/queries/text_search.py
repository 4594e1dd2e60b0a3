"""Text search configurations, dictionaries, parsers and templates."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, query_by_identity
from alembic_proof.catalog.queries.sql_fragments import (
    function_name,
    identity,
)

_MAPPINGS = """(SELECT string_agg(t.alias || ': ' || t.dictionaries, ', ' ORDER BY t.alias)
    FROM (SELECT k.alias, string_agg(m.mapdict::regdictionary::text, ' ' ORDER BY m.mapseqno)
        AS dictionaries FROM pg_ts_config_map AS m
        JOIN ts_token_type(o.cfgparser) AS k ON k.tokid = m.maptokentype
        WHERE m.mapcfg = o.oid GROUP BY k.alias) AS t)"""

CONFIGURATIONS = query_by_identity(
    "text search configuration",
    reads="pg_ts_config",
    prefix="cfg",
    facts={
        "parser": identity("pg_ts_parser", "o.cfgparser"),
        "mappings": _MAPPINGS,
    },
)

DICTIONARIES = query_by_identity(
    "text search dictionary",
    reads="pg_ts_dict",
    prefix="dict",
    facts={
        "template": identity("pg_ts_template", "o.dicttemplate"),
        "options": "o.dictinitoption",
    },
)

PARSERS = query_by_identity(
    "text search parser",
    reads="pg_ts_parser",
    links=(Link("parent", "pg_namespace", "o.prsnamespace"),),
    facts={
        "start": function_name("o.prsstart"),
        "token": function_name("o.prstoken"),
        "end": function_name("o.prsend"),
        "headline": function_name("o.prsheadline"),
        "types": function_name("o.prslextype"),
    },
)

TEMPLATES = query_by_identity(
    "text search template",
    reads="pg_ts_template",
    links=(Link("parent", "pg_namespace", "o.tmplnamespace"),),
    facts={"init": function_name("o.tmplinit"), "lexize": function_name("o.tmpllexize")},
)

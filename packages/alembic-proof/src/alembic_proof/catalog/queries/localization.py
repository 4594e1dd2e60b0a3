"""Collations, and conversions between character sets."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Since, query_by_identity
from alembic_proof.catalog.queries.sql_fragments import (
    function_name,
    yes_if,
)

COLLATIONS = query_by_identity(
    "collation",
    reads="pg_collation",
    prefix="coll",
    facts={
        "provider": "o.collprovider",
        "collate": "o.collcollate",
        "ctype": "o.collctype",
        "locale": Since(major=17, sql="o.colllocale", older="o.colliculocale"),
        "rules": Since(major=16, sql="o.collicurules"),
        "deterministic": "CASE WHEN NOT o.collisdeterministic THEN 'no' END",
    },
)

CONVERSIONS = query_by_identity(
    "conversion",
    reads="pg_conversion",
    prefix="con",
    facts={
        "from": "pg_encoding_to_char(o.conforencoding)",
        "to": "pg_encoding_to_char(o.contoencoding)",
        "function": function_name("o.conproc"),
        "default": yes_if("o.condefault"),
    },
)

"""Foreign-data wrappers, foreign servers and user mappings."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import function_name, is_users, settings
from alembic_proof.catalog.select import Link, Select

FOREIGN_DATA_WRAPPERS = Select(
    reads="pg_foreign_data_wrapper",
    manual="catalog-pg-foreign-data-wrapper",
    kinds=("foreign-data wrapper",),
    name="quote_ident(w.fdwname)",
    oid="w.oid",
    owner="pg_get_userbyid(w.fdwowner)",
    acl="coalesce(w.fdwacl, acldefault('F', w.fdwowner))",
    facts={
        "owner": "pg_get_userbyid(w.fdwowner)",
        "handler": function_name("w.fdwhandler"),
        "validator": function_name("w.fdwvalidator"),
        "options": settings("w.fdwoptions"),
    },
    source=f"""pg_foreign_data_wrapper AS w
WHERE {is_users("w.oid")}""",
)

SERVERS = Select(
    reads="pg_foreign_server",
    manual="catalog-pg-foreign-server",
    kinds=("server",),
    name="quote_ident(s.srvname)",
    oid="s.oid",
    links=(Link("parent", "pg_foreign_data_wrapper", "s.srvfdw"),),
    owner="pg_get_userbyid(s.srvowner)",
    acl="coalesce(s.srvacl, acldefault('S', s.srvowner))",
    facts={
        "owner": "pg_get_userbyid(s.srvowner)",
        "wrapper": "quote_ident(w.fdwname)",
        "type": "s.srvtype",
        "version": "s.srvversion",
        "options": settings("s.srvoptions"),
    },
    source=f"""pg_foreign_server AS s
JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
WHERE {is_users("s.oid")}""",
)

_ROLE = "CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END"
_DIGESTS = """(SELECT string_agg(split_part(o, '=', 1) || '=md5:'
        || md5(substr(o, position('=' IN o) + 1)), ', ' ORDER BY o COLLATE "C")
    FROM unnest(m.umoptions) AS o)"""
"""Passwords stand in these options: they are compared, never shown."""

USER_MAPPINGS = Select(
    reads="pg_user_mapping",
    manual="view-pg-user-mappings",
    kinds=("user mapping",),
    name=f"'for ' || {_ROLE} || ' server ' || quote_ident(m.srvname)",
    oid="m.umid",
    links=(Link("parent", "pg_foreign_server", "m.srvid"),),
    facts={"options": _DIGESTS},
    source=f"pg_user_mappings AS m\nWHERE {is_users('m.umid')}",
)

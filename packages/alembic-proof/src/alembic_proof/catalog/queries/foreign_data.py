"""Foreign-data wrappers, foreign servers and user mappings."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, ObjectQuery
from alembic_proof.catalog.queries.sql_fragments import function_name, is_user_made, option_list

FOREIGN_DATA_WRAPPERS = ObjectQuery(
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
        "options": option_list("w.fdwoptions"),
    },
    source=f"""pg_foreign_data_wrapper AS w
WHERE {is_user_made("w.oid")}""",
)

SERVERS = ObjectQuery(
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
        "options": option_list("s.srvoptions"),
    },
    source=f"""pg_foreign_server AS s
JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
WHERE {is_user_made("s.oid")}""",
)

_ROLE = "CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END"
_DIGESTS = """(SELECT string_agg(split_part(o, '=', 1) || '=md5:'
        || md5(substr(o, position('=' IN o) + 1)), ', ' ORDER BY o COLLATE "C")
    FROM unnest(m.umoptions) AS o)"""
"""The options may contain passwords: their hashes are compared, and nothing else is read."""

USER_MAPPINGS = ObjectQuery(
    reads="pg_user_mapping",
    manual="view-pg-user-mappings",
    kinds=("user mapping",),
    name=f"'for ' || {_ROLE} || ' server ' || quote_ident(m.srvname)",
    oid="m.umid",
    links=(Link("parent", "pg_foreign_server", "m.srvid"),),
    facts={"options": _DIGESTS},
    source=f"pg_user_mappings AS m\nWHERE {is_user_made('m.umid')}",
)

"""What descriptions may hold though no dependency says so: one stamp for each sort of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alembic_proof.catalog.queries.frame import FIRST_USER_OID

SETTINGS = "concat_ws('|', current_setting('role'), current_user, current_database())"
"""What privileges and owners are told of, as one text."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A text that is another one where something in these catalogs is."""

    catalogs: tuple[str, ...]
    sql: str


_NAMED = Stamp(
    ("pg_authid", "pg_tablespace", "pg_namespace", "pg_extension"),
    """SELECT md5(concat_ws('|',
        (SELECT string_agg(oid || '=' || rolname, ',' ORDER BY oid) FROM pg_roles),
        (SELECT string_agg(oid || '=' || spcname, ',' ORDER BY oid) FROM pg_tablespace),
        (SELECT string_agg(oid || '=' || nspname, ',' ORDER BY oid) FROM pg_namespace
            WHERE nspname !~ '^pg_(toast|temp)')))""",
)
"""Names that stand in any description."""

_MEMBERS = Stamp(
    ("pg_extension", "pg_depend"),
    """SELECT count(*) || '/' || sum(hashint8(d.classid::bigint * 4294967296 + d.objid::bigint))
        FROM pg_extension AS e
        CROSS JOIN LATERAL (SELECT objid, classid FROM pg_depend
            WHERE refclassid = 'pg_extension'::regclass AND refobjid = e.oid
                AND deptype = 'e' OFFSET 0) AS d""",
)
"""What extensions made."""

_DATABASE = Stamp(
    ("pg_database", "pg_shdescription", "pg_db_role_setting", "pg_description"),
    f"""SELECT md5(concat_ws('|',
        (SELECT concat_ws(' ', b.datdba, b.datacl, shobj_description(b.oid, 'pg_database'),
                (SELECT string_agg(s::text, ',' ORDER BY s.setrole) FROM pg_db_role_setting AS s
                    WHERE s.setdatabase = b.oid))
            FROM pg_database AS b WHERE b.datname = current_database()),
        (SELECT string_agg(concat_ws('=', d.classoid, d.objoid, d.description), '|'
                ORDER BY d.classoid, d.objoid) FROM pg_description AS d
            WHERE d.objoid < {FIRST_USER_OID} AND d.objoid IN (
                SELECT oid FROM pg_namespace WHERE nspname = 'public'
                UNION ALL SELECT oid FROM pg_extension))))""",
)
"""What is said of the database itself, and of what initdb made."""

STAMPS: Mapping[str, Stamp] = {"named": _NAMED, "members": _MEMBERS, "database": _DATABASE}
"""All of them."""

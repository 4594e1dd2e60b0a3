"""Privileges on what initdb and extensions made, where they are no longer the initial ones.

Source: catalog-pg-init-privs.
"""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.select import Select

_ANY = "true"
_NOT_OF_INFORMATION_SCHEMA = "p.initprivs IS NOT NULL"
"""initdb makes information_schema after it has noted the initial privileges."""


def _changed(catalog: str, acl: str, *, built_in: str) -> Select:
    """The SELECT for one catalog; such an object says nothing while its privileges are initial."""
    return Select(
        reads=catalog,
        manual="catalog-pg-init-privs",
        kinds=("built-in object",),
        name=f"""(SELECT i.type || ' ' || i.identity
            FROM pg_identify_object('{catalog}'::regclass, o.oid, 0) AS i)""",
        oid="o.oid",
        implicit="true",
        facts={"privileges": f"array_to_string({acl}, ', ')"},
        source=f"""{catalog} AS o
LEFT JOIN pg_init_privs AS p
    ON p.classoid = '{catalog}'::regclass AND p.objoid = o.oid AND p.objsubid = 0
WHERE {acl} IS NOT NULL AND p.initprivs IS DISTINCT FROM {acl}
    AND ((o.oid < {FIRST_USER_OID} AND {built_in})
        OR o.oid IN (SELECT objid FROM member WHERE classid = '{catalog}'::regclass))""",
    )


BUILT_IN_PRIVILEGES = (
    _changed("pg_class", "o.relacl", built_in=_NOT_OF_INFORMATION_SCHEMA),
    _changed(
        "pg_namespace",
        "o.nspacl",
        built_in=f"{_NOT_OF_INFORMATION_SCHEMA} AND o.nspname <> 'public'",
    ),
    _changed("pg_proc", "o.proacl", built_in=_ANY),
    _changed("pg_type", "o.typacl", built_in=_ANY),
    _changed("pg_language", "o.lanacl", built_in=_ANY),
    _changed("pg_foreign_data_wrapper", "o.fdwacl", built_in=_ANY),
)

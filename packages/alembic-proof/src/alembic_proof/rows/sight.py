"""Makes every row of a table visible to its owner."""

from __future__ import annotations

from collections.abc import Iterable

from alembic_proof.rows.literal import quote
from alembic_proof.rows.shape import Table


def regclass(table: Table) -> str:
    """The table's OID as an expression."""
    return f"{quote(table.name)}::pg_catalog.regclass"


def unforce(tables: Iterable[Table]) -> str:
    """PL/pgSQL that takes FORCE ROW LEVEL SECURITY away where it binds the session's own role.

    Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
    """
    return "\n".join(
        f"BEGIN IF pg_catalog.row_security_active({regclass(table)}) THEN"
        f" ALTER TABLE {table.name} NO FORCE ROW LEVEL SECURITY; END IF;"
        " EXCEPTION WHEN OTHERS THEN NULL; END;"
        for table in dict.fromkeys(tables)
        if table.is_forced
    )


def force(tables: Iterable[Table]) -> str:
    """PL/pgSQL that brings FORCE ROW LEVEL SECURITY back where `unforce` took it."""
    return "\n".join(
        f"IF NOT (SELECT relforcerowsecurity FROM pg_catalog.pg_class WHERE oid = {regclass(table)})"
        f" THEN ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY; END IF;"
        for table in tables
        if table.is_forced
    )

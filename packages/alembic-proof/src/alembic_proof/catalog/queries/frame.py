"""What the SELECTs share: who made an object, and how a name is spelled.

Only what users made counts: initdb's objects have OIDs below 16384 (pg_dump draws the line there
as well). What an extension made is told apart later, by the rows of `sayings.MEMBERS`.
Source: "System Catalog Initial Data", "OID Assignment".
"""

from __future__ import annotations

FIRST_USER_OID = 16384


def is_users(oid: str) -> str:
    """The condition that initdb did not make the object; an index range of every catalog."""
    return f"{oid} >= {FIRST_USER_OID}"


def is_by_itself(catalog: str, oid: str) -> str:
    """The condition that neither CREATE TYPE … AS RANGE nor an extension made the object."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend AS i WHERE i.classid = '{catalog}'::regclass"
        f" AND i.objid = {oid} AND i.deptype IN ('i', 'e'))"
    )


def settings(array: str) -> str:
    """A text[] of options as one sorted text, NULL where there is none.

    Every option is quoted as a literal, so that two lists never read the same.
    """
    return (
        f"CASE WHEN {array} IS NOT NULL THEN (SELECT"
        f" string_agg(quote_literal(o), ', ' ORDER BY o COLLATE \"C\")"
        f" FROM unnest({array}) AS o) END"
    )


def only(condition: str, sql: str) -> str:
    """The expression where the condition holds, else NULL: what few rows have costs no join."""
    return f"CASE WHEN {condition} THEN {sql} END"


def tablespace_name(oid: str) -> str:
    """The name of a tablespace, NULL for the database's own."""
    spaces = f"(SELECT quote_ident(ts.spcname) FROM pg_tablespace AS ts WHERE ts.oid = {oid})"
    return only(f"{oid} <> 0", spaces)


def type_name(oid: str) -> str:
    """The name of a type, NULL for none."""
    return only(f"{oid} <> 0", f"format_type({oid}, NULL)")


def function_name(oid: str) -> str:
    """The name of a function without its arguments, NULL for none."""
    return only(f"{oid} <> 0", f"{oid}::regproc::text")


def signature(oid: str) -> str:
    """The name of a function with its arguments, NULL for none."""
    return only(f"{oid} <> 0", f"{oid}::regprocedure::text")


def operator_name(oid: str) -> str:
    """The name of an operator with its arguments, NULL for none."""
    return only(f"{oid} <> 0", f"{oid}::regoperator::text")


def collation_name(oid: str) -> str:
    """The name of a collation, NULL for none."""
    return only(f"{oid} <> 0", f"{oid}::regcollation::text")


def identity(catalog: str, oid: str) -> str:
    """The name of any object, as PostgreSQL itself identifies it."""
    return f"(pg_identify_object('{catalog}'::regclass, {oid}, 0)).identity"

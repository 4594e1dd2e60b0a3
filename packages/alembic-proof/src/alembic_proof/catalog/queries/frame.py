"""What the SELECTs share: who made an object, and how a name is spelled.

Only what users made counts: initdb's objects have OIDs below 16384 (pg_dump draws the line there
as well), and what CREATE EXTENSION made belongs to its extension.
Source: "System Catalog Initial Data", "OID Assignment"; catalog-pg-depend, DEPENDENCY_EXTENSION.
"""

from __future__ import annotations

FIRST_USER_OID = 16384

MEMBERS = """member AS MATERIALIZED (
    SELECT classid, objid
    FROM pg_depend
    WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
)"""
"""The WITH clause that `is_user_made` needs."""

IS_LASTING = "nspname !~ '^pg_(toast|temp)'"
"""The condition on pg_namespace that leaves out what ends with a session."""


def is_users(oid: str) -> str:
    """The condition that initdb did not make the object; an index range of every catalog."""
    return f"{oid} >= {FIRST_USER_OID}"


def is_user_made(catalog: str, oid: str) -> str:
    """The condition that neither initdb nor an extension made the object."""
    return (
        f"{is_users(oid)} AND {oid} NOT IN"
        f" (SELECT objid FROM member WHERE classid = '{catalog}'::regclass)"
    )


def is_by_itself(catalog: str, oid: str) -> str:
    """The condition that the object was not made by another one, as CREATE TYPE makes casts."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend AS i WHERE i.classid = '{catalog}'::regclass"
        f" AND i.objid = {oid} AND i.deptype = 'i')"
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


def relation_name(oid: str) -> str:
    """The qualified name of a relation, NULL for none; the search_path is empty while it is read."""
    return _name(oid, "regclass")


def type_name(oid: str) -> str:
    """The name of a type, NULL for none."""
    return f"CASE WHEN {oid} <> 0 THEN format_type({oid}, NULL) END"


def function_name(oid: str) -> str:
    """The name of a function without its arguments, NULL for none."""
    return _name(oid, "regproc")


def signature(oid: str) -> str:
    """The name of a function with its arguments, NULL for none."""
    return _name(oid, "regprocedure")


def operator_name(oid: str) -> str:
    """The name of an operator with its arguments, NULL for none."""
    return _name(oid, "regoperator")


def collation_name(oid: str) -> str:
    """The name of a collation, NULL for none."""
    return _name(oid, "regcollation")


def identity(catalog: str, oid: str) -> str:
    """The name of any object, as PostgreSQL itself identifies it."""
    return f"(pg_identify_object('{catalog}'::regclass, {oid}, 0)).identity"


def _name(oid: str, alias: str) -> str:
    return f"CASE WHEN {oid} <> 0 THEN {oid}::{alias}::text END"

"""SQL expressions that the catalog queries share.

Only objects that users made are read: objects of initdb have OIDs below 16384, where pg_dump draws
the line as well. The parser removes the objects of extensions (`comments.EXTENSION_MEMBERS`).
Source: system-catalog-initial-data, "OID Assignment".
"""

from __future__ import annotations

FIRST_USER_OID = 16384


def is_user_made(oid: str) -> str:
    """Return the condition that initdb did not make the object; each catalog has an index on it."""
    return f"{oid} >= {FIRST_USER_OID}"


def is_independent(catalog: str, oid: str) -> str:
    """Return the condition that neither CREATE TYPE … AS RANGE nor an extension made the object."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend AS i WHERE i.classid = '{catalog}'::regclass"
        f" AND i.objid = {oid} AND i.deptype IN ('i', 'e'))"
    )


def with_condition(source: str, condition: str) -> str:
    """Return the text after FROM with one more condition; WHERE and GROUP BY start a line."""
    if not condition:
        return source
    source, group, by = source.partition("\nGROUP BY ")
    tables, _, conditions = source.partition("\nWHERE ")
    both = f"{condition} AND ({conditions})" if conditions else condition
    return f"{tables}\nWHERE {both}{group}{by}"


def option_list(array: str) -> str:
    """Return the expression that turns a text[] of options into one sorted text.

    NULL stays NULL. Each option is quoted as a literal, so that different lists stay different.
    """
    return (
        f"CASE WHEN {array} IS NOT NULL THEN (SELECT"
        f" string_agg(quote_literal(o), ', ' ORDER BY o COLLATE \"C\")"
        f" FROM unnest({array}) AS o) END"
    )


def case_when(condition: str, sql: str) -> str:
    """Return the expression that is NULL unless the condition holds; cheaper than a join."""
    return f"CASE WHEN {condition} THEN {sql} END"


def yes_if(condition: str) -> str:
    """Return the expression that is 'yes' if the condition holds, else NULL."""
    return case_when(condition, "'yes'")


def tablespace_name(oid: str) -> str:
    """Return the expression of a tablespace's name; NULL for the database's default."""
    names = f"(SELECT quote_ident(ts.spcname) FROM pg_tablespace AS ts WHERE ts.oid = {oid})"
    return case_when(f"{oid} <> 0", names)


def type_name(oid: str) -> str:
    """Return the expression of a type's name; NULL if the OID is 0."""
    return case_when(f"{oid} <> 0", f"format_type({oid}, NULL)")


def function_name(oid: str) -> str:
    """Return the expression of a function's name without arguments; NULL if the OID is 0."""
    return case_when(f"{oid} <> 0", f"{oid}::regproc::text")


def signature(oid: str) -> str:
    """Return the expression of a function's name with its arguments; NULL if the OID is 0."""
    return case_when(f"{oid} <> 0", f"{oid}::regprocedure::text")


def operator_name(oid: str) -> str:
    """Return the expression of an operator's name with its arguments; NULL if the OID is 0."""
    return case_when(f"{oid} <> 0", f"{oid}::regoperator::text")


def collation_name(oid: str) -> str:
    """Return the expression of a collation's name; NULL if the OID is 0."""
    return case_when(f"{oid} <> 0", f"{oid}::regcollation::text")


def identity(catalog: str, oid: str) -> str:
    """Return the expression of any object's name, as pg_identify_object gives it."""
    return f"(pg_identify_object('{catalog}'::regclass, {oid}, 0)).identity"

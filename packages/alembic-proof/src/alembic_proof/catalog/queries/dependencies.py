"""The dependencies between the objects that users made, with the addresses that the catalog uses."""

from __future__ import annotations

from alembic_proof.catalog.queries.sql_fragments import FIRST_USER_OID

DEFAULT_CATALOG = "pg_attrdef"
"""The catalog of a column's default, whose address has the table and the number of the column."""


def _resolved(prefix: str, *, classid: str, oid: str, sub: str) -> tuple[str, str]:
    """Return the expressions of the address of the object, and the joins that they need.

    A view's rule is the view, a row type its table, an array type its element, a constraint's index
    the constraint, a composite type's relation the type, and a NOT NULL constraint its column.
    """
    p = prefix
    joins = f"""
LEFT JOIN pg_attrdef AS {p}d ON {classid} = 'pg_attrdef'::regclass AND {p}d.oid = {oid}
LEFT JOIN pg_rewrite AS {p}r ON {classid} = 'pg_rewrite'::regclass AND {p}r.oid = {oid}
    AND {p}r.rulename = '_RETURN'
LEFT JOIN pg_range AS {p}g ON {classid} = 'pg_type'::regclass AND {p}g.rngmultitypid = {oid}
LEFT JOIN pg_type AS {p}a ON {classid} = 'pg_type'::regclass AND {p}a.oid = {oid}
LEFT JOIN pg_type AS {p}t ON {p}t.oid = CASE
    WHEN {p}a.typelem <> 0 AND {p}a.typsubscript = 'array_subscript_handler'::regproc
    THEN {p}a.typelem ELSE coalesce({p}g.rngtypid, {p}a.oid) END
LEFT JOIN pg_class AS {p}o ON {p}o.oid = CASE
    WHEN {classid} = 'pg_class'::regclass THEN {oid} ELSE {p}t.typrelid END
LEFT JOIN pg_constraint AS {p}k ON {classid} = 'pg_class'::regclass AND {p}o.relkind IN ('i', 'I')
    AND {p}k.conindid = {oid} AND {p}k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_constraint AS {p}n ON {classid} = 'pg_constraint'::regclass AND {p}n.oid = {oid}
    AND {p}n.contype = 'n' AND {p}n.conrelid <> 0"""
    catalog = f"""CASE
    WHEN {p}d.oid IS NOT NULL THEN '{DEFAULT_CATALOG}'
    WHEN {p}r.oid IS NOT NULL OR {p}n.oid IS NOT NULL THEN 'pg_class'
    WHEN {p}k.oid IS NOT NULL THEN 'pg_constraint'
    WHEN {p}o.relkind = 'c' AND {sub} = 0 THEN 'pg_type'
    WHEN {p}o.oid IS NOT NULL THEN 'pg_class'
    ELSE {classid}::regclass::text END"""
    object_id = f"""CASE
    WHEN {p}d.oid IS NOT NULL THEN {p}d.adrelid
    WHEN {p}r.oid IS NOT NULL THEN {p}r.ev_class
    WHEN {p}n.oid IS NOT NULL THEN {p}n.conrelid
    WHEN {p}k.oid IS NOT NULL THEN {p}k.oid
    WHEN {p}o.relkind = 'c' AND {sub} = 0 THEN {p}o.reltype
    WHEN {p}o.oid IS NOT NULL THEN {p}o.oid
    ELSE coalesce({p}t.oid, {oid}) END"""
    number = f"""CASE
    WHEN {p}d.oid IS NOT NULL THEN {p}d.adnum
    WHEN {p}n.oid IS NOT NULL THEN {p}n.conkey[1]
    WHEN {p}r.oid IS NOT NULL OR {p}k.oid IS NOT NULL OR {p}o.relkind IN ('v', 'm') THEN 0
    ELSE {sub} END"""
    return f"{catalog}, {object_id}::bigint, {number}::integer", joins


_DEPENDENT, _JOINS = _resolved("x", classid="d.classid", oid="d.objid", sub="d.objsubid")
_REFERENCED, _MORE_JOINS = _resolved(
    "y", classid="d.refclassid", oid="d.refobjid", sub="d.refobjsubid"
)

DEPENDENCIES_SQL = f"""SELECT DISTINCT {_DEPENDENT}, {_REFERENCED}
FROM pg_depend AS d{_JOINS}{_MORE_JOINS}
WHERE d.objid >= {FIRST_USER_OID} AND d.refobjid >= {FIRST_USER_OID}"""
"""Catalog, OID and column number of the dependent object, then those of the referenced one.

Source: catalog-pg-depend.
"""

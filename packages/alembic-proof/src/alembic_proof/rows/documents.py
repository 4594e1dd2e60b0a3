"""What JSON and numbers mean, whatever their spelling: as PostgreSQL compares two of them.

A value of type json is kept letter by letter. As jsonb the order of an object's keys, blanks and
keys that come twice do not matter, nor do zeros at the end of a fraction. A numeric without a scale
keeps such zeros as well.

Source: https://www.postgresql.org/docs/current/datatype-json.html and datatype-numeric.html
"""

from __future__ import annotations

from alembic_proof.rows.literal import quote, quote_name
from alembic_proof.rows.shape import Table, TypeShape

_TYPES = frozenset({"json", "jsonb"})
_ZEROS = r"\.0+(?!\d)|(\.\d*?[1-9])0+(?!\d)"


def documents(table: Table) -> tuple[str, ...]:
    """The columns of type json or jsonb, or numeric without a scale, or of a domain over one."""
    return tuple(
        column.name
        for column in table.columns
        if _is_json(column.type.base) or _is_unscaled(column.type.base)
    )


def meaning(table: Table, name: str) -> str:
    """An expression: one hash for all spellings, NULL for NULL; it fails where jsonb refuses."""
    column = table.column(name)
    if column is not None and _is_json(column.type.base):
        return _of_json(name)
    text = f"pg_catalog.trim_scale({quote_name(name)}::pg_catalog.numeric)::pg_catalog.text"
    return f'pg_catalog.hashtextextended({text} COLLATE "C", 0)'


def _is_json(base: TypeShape) -> bool:
    return base.schema == "pg_catalog" and base.name in _TYPES


def _is_unscaled(base: TypeShape) -> bool:
    return (base.schema, base.name, base.modifier) == ("pg_catalog", "numeric", -1)


def _of_json(column: str) -> str:
    """One hash of text and value.

    The text tells structures apart, which PostgreSQL's own hash of jsonb need not; that hash in turn
    tells texts apart that look like numbers with other zeros.
    """
    value = f"{quote_name(column)}::pg_catalog.jsonb"
    zeros, kept = quote(_ZEROS), quote(r"\1")
    text = f"pg_catalog.regexp_replace(({value})::pg_catalog.text, {zeros}, {kept}, 'g')"
    return f'pg_catalog.hashtextextended({text} COLLATE "C", pg_catalog.jsonb_hash_extended({value}, 0))'

"""What JSON means, whatever its spelling: as PostgreSQL compares two values of type jsonb.

A value of type json is kept letter by letter. As jsonb the order of an object's keys, blanks and
keys that come twice do not matter, nor do zeros at the end of a fraction.

Source: https://www.postgresql.org/docs/current/datatype-json.html
"""

from __future__ import annotations

from alembic_proof.rows.literal import quote, quote_name
from alembic_proof.rows.shape import Table

_TYPES = frozenset({"json", "jsonb"})
_ZEROS = r"\.0+(?!\d)|(\.\d*?[1-9])0+(?!\d)"


def documents(table: Table) -> tuple[str, ...]:
    """The columns of type json or jsonb, or of a domain over one."""
    bases = ((column.name, column.type.base) for column in table.columns)
    return tuple(
        name for name, base in bases if base.schema == "pg_catalog" and base.name in _TYPES
    )


def meaning(column: str) -> str:
    """An expression: one hash for all spellings, NULL for NULL; it fails where jsonb refuses.

    The text tells structures apart, which PostgreSQL's own hash of jsonb need not; that hash in turn
    tells texts apart that look like numbers with other zeros.
    """
    value = f"{quote_name(column)}::pg_catalog.jsonb"
    zeros, kept = quote(_ZEROS), quote(r"\1")
    text = f"pg_catalog.regexp_replace(({value})::pg_catalog.text, {zeros}, {kept}, 'g')"
    return f'pg_catalog.hashtextextended({text} COLLATE "C", pg_catalog.jsonb_hash_extended({value}, 0))'

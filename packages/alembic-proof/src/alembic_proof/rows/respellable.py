"""What JSON and numbers mean, whatever their spelling: as PostgreSQL compares two of them.

A value of type json is kept letter by letter. As jsonb the order of an object's keys, blanks and
keys that come twice do not matter, nor do zeros at the end of a fraction. A numeric without a scale
keeps such zeros as well, alone and in arrays, ranges and composites.

Source: https://www.postgresql.org/docs/current/datatype-json.html and datatype-numeric.html
"""

from __future__ import annotations

from alembic_proof.rows.literal import quote, quote_name
from alembic_proof.rows.shape import Family, Table, TypeShape

_TYPES = frozenset({"json", "jsonb"})
_ZEROS = r"\.0+(?!\d)|(\.\d*?[1-9])0+(?!\d)"


def respellable(table: Table) -> tuple[str, ...]:
    """The columns of JSON, of numeric without a scale, or of types that are made of such numbers."""
    return tuple(
        column.name
        for column in table.columns
        if _is_json(column.type.base) or _is_numbers(column.type) or _has_numbers(column.type)
    )


def meaning(table: Table, name: str) -> str:
    """An expression: one hash for all spellings, NULL for NULL; it fails where jsonb refuses."""
    column, quoted = table.column(name), quote_name(name)
    if column is None or _is_json(column.type.base):
        return _of_json(f"{quoted}::pg_catalog.jsonb")
    if column.type.base.family is Family.BASE:
        return _hash(f"pg_catalog.trim_scale({quoted}::pg_catalog.numeric)::pg_catalog.text")
    if _is_numbers(column.type):
        return _hash(_without_zeros(f"{quoted}::pg_catalog.text"))
    return _of_json(f"pg_catalog.to_jsonb({quoted})")


def _is_json(base: TypeShape) -> bool:
    return base.schema == "pg_catalog" and base.name in _TYPES


def _is_numbers(shape: TypeShape) -> bool:
    """Whether it is a numeric without a scale, or an array or a range of nothing else."""
    base = shape.base
    if base.family in (Family.ARRAY, Family.RANGE, Family.MULTIRANGE):
        return base.part is not None and _is_numbers(base.part)
    return (base.schema, base.name, base.modifier) == ("pg_catalog", "numeric", -1)


def _has_numbers(shape: TypeShape) -> bool:
    """Whether it is a composite with such a numeric, or an array of them."""
    base = shape.base
    if base.family is Family.ARRAY and base.part is not None:
        return _has_numbers(base.part)
    return any(_is_numbers(field) or _has_numbers(field) for field in base.fields)


def _of_json(value: str) -> str:
    """One hash of text and value.

    The text tells structures apart, which PostgreSQL's own hash of jsonb need not; that hash in turn
    tells texts apart that look like numbers with other zeros.
    """
    text = _without_zeros(f"({value})::pg_catalog.text")
    return _hash(text, seed=f"pg_catalog.jsonb_hash_extended({value}, 0)")


def _without_zeros(text: str) -> str:
    zeros, kept = quote(_ZEROS), quote(r"\1")
    return f"pg_catalog.regexp_replace({text}, {zeros}, {kept}, 'g')"


def _hash(text: str, *, seed: str = "0") -> str:
    return f'pg_catalog.hashtextextended({text} COLLATE "C", {seed})'

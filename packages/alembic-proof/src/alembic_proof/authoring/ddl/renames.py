"""Rename objects, and move them to another schema."""

from __future__ import annotations

from alembic_proof.authoring.ddl.reference import (
    is_on_domain,
    own_name,
    sequence_of,
    sql_reference,
    table_of,
    table_reference,
)
from alembic_proof.catalog.model import CatalogObject
from alembic_proof.catalog.renamed import name_and_arguments
from alembic_proof.sql import split_qualified_name

_IN_A_SCHEMA_ITSELF = 2
"""The parts of the qualified name of an object that belongs to no table."""


def rename_sql(before: CatalogObject, after: CatalogObject) -> tuple[str, ...]:
    """Return the statements that give an object the name, and the schema, of another one.

    An identity is renamed by its sequence.

    Example: `("ALTER TABLE public.users RENAME COLUMN nick TO nickname",)`
    """
    if before.kind == "identity":
        name = split_qualified_name(sequence_of(after))[-1]
        return (f"ALTER SEQUENCE {sequence_of(before)} RENAME TO {name}",)
    (old, arguments), (new, _) = name_and_arguments(before), name_and_arguments(after)
    old_parts, new_parts = split_qualified_name(old), split_qualified_name(new)
    statements, name = [], new_parts[-1]
    place: str = before.identity
    if len(new_parts) == _IN_A_SCHEMA_ITSELF and old_parts[0] != new_parts[0]:
        statements.append(f"ALTER {sql_reference(before)} SET SCHEMA {new_parts[0]}")
        place = f"{new_parts[0]}.{old_parts[1]}{arguments}"
    if old_parts[-1] != name:
        statements.append(f"ALTER {_with_action(before, place)} TO {name}")
    return tuple(statements)


def _with_action(record: CatalogObject, place: str) -> str:
    """Return what follows ALTER: the object, and RENAME with what is renamed."""
    match record.kind:
        case "column":
            return f"{table_reference(record)} RENAME COLUMN {own_name(record)}"
        case "attribute":
            return f"TYPE {table_of(record)} RENAME ATTRIBUTE {own_name(record)}"
        case "constraint":
            table = (
                f"DOMAIN {table_of(record)}" if is_on_domain(record) else table_reference(record)
            )
            return f"{table} RENAME CONSTRAINT {own_name(record)}"
        case "trigger" | "policy" | "rule":
            return f"{sql_reference(record)} RENAME"
    return f"{sql_reference(record).replace(record.identity, place)} RENAME"


def rename_value_sql(enum: CatalogObject, old: str, new: str) -> str:
    """Return ALTER TYPE … RENAME VALUE.

    :param old: The label as a literal; `new` as well.
    """
    return f"ALTER TYPE {enum.identity} RENAME VALUE {old} TO {new}"

"""Schemas and extensions."""

from __future__ import annotations

from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.names import literal
from alembic_proof.catalog.model import Catalog, CatalogObject


def create_schema(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE SCHEMA."""
    return f"CREATE SCHEMA {record.identity}"


def create_extension(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE EXTENSION in its schema and at its version."""
    version = literal(record.fact("version") or "")
    return (
        f"CREATE EXTENSION {record.identity} WITH SCHEMA {record.fact('schema')} VERSION {version}"
    )


def alter_extension(at: Alteration) -> tuple[str, ...]:
    """Update the extension, or move it to another schema."""
    after = at.after or ""
    action = f"SET SCHEMA {after}" if at.attribute == "schema" else f"UPDATE TO {literal(after)}"
    return (f"ALTER EXTENSION {at.record.identity} {action}",)

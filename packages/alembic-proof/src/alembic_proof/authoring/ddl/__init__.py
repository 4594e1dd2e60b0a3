"""Write the SQL for catalog objects and actions as a person would write it by hand."""

from __future__ import annotations

from alembic_proof.authoring.ddl.changes import action_sql, drop_sql, is_recreated
from alembic_proof.authoring.ddl.create import (
    DEFAULT_PRIVILEGES,
    FOUNDATIONS,
    Creation,
    build_sql,
    create_sql,
    creation_order,
    is_created_with_parent,
)
from alembic_proof.authoring.ddl.reference import sequence_of
from alembic_proof.authoring.ddl.renames import rename_sql, rename_value_sql
from alembic_proof.authoring.ddl.tables import detach_sql

__all__ = [
    "DEFAULT_PRIVILEGES",
    "FOUNDATIONS",
    "Creation",
    "action_sql",
    "build_sql",
    "create_sql",
    "creation_order",
    "detach_sql",
    "drop_sql",
    "is_created_with_parent",
    "is_recreated",
    "rename_sql",
    "rename_value_sql",
    "sequence_of",
]

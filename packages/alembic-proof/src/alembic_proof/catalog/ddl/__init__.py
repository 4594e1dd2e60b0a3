"""Records and changes -> the SQL that a person would write by hand."""

from __future__ import annotations

from alembic_proof.catalog.ddl.build import build_sql
from alembic_proof.catalog.ddl.change import change_sql, changes_sql, drop_sql
from alembic_proof.catalog.ddl.create import create_sql

__all__ = ["build_sql", "change_sql", "changes_sql", "create_sql", "drop_sql"]

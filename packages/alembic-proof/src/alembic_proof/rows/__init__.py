"""Synthetic rows that satisfy a schema's constraints, and digests that tell what became of them."""

from __future__ import annotations

from alembic_proof.rows.fill import fill
from alembic_proof.rows.read import read_shapes
from alembic_proof.rows.report import Filled, FillNote, FillReport, NotFilled
from alembic_proof.rows.shape import Shapes, Table, TableName

__all__ = [
    "FillNote",
    "FillReport",
    "Filled",
    "NotFilled",
    "Shapes",
    "Table",
    "TableName",
    "fill",
    "read_shapes",
]

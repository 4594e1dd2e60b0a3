"""Synthetic rows that satisfy a schema's constraints, and digests that tell what became of them."""

from __future__ import annotations

from alembic_proof.rows.allowed import fill_allowed
from alembic_proof.rows.compare import RowChange, RowChangeKind, compare
from alembic_proof.rows.digest import Digests, RowDigest, TableDigest, digest
from alembic_proof.rows.fill import fill
from alembic_proof.rows.meant import meant
from alembic_proof.rows.position import FallenBehind, fallen_behind
from alembic_proof.rows.read import read_shapes
from alembic_proof.rows.renaming import renamed
from alembic_proof.rows.renumbering import with_old_keys
from alembic_proof.rows.report import Filled, FillNote, FillReport, NotFilled
from alembic_proof.rows.shape import Shapes, Table, TableName

__all__ = [
    "Digests",
    "FallenBehind",
    "FillNote",
    "FillReport",
    "Filled",
    "NotFilled",
    "RowChange",
    "RowChangeKind",
    "RowDigest",
    "Shapes",
    "Table",
    "TableDigest",
    "TableName",
    "compare",
    "digest",
    "fallen_behind",
    "fill",
    "fill_allowed",
    "meant",
    "read_shapes",
    "renamed",
    "with_old_keys",
]

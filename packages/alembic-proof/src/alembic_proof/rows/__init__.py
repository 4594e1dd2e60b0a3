"""Insert synthetic rows that satisfy a schema, and compare what migrations leave of them."""

from __future__ import annotations

from alembic_proof.rows.compare import RowChange, RowChangeKind, compare
from alembic_proof.rows.digest import (
    Digests,
    RowDigest,
    TableDigest,
    digest,
    with_normalised_values,
)
from alembic_proof.rows.fill import Filled, FillNote, FillReport, NotFilled, fill
from alembic_proof.rows.newly_valid import fill_newly_valid
from alembic_proof.rows.read_schema import read_user_tables
from alembic_proof.rows.schema import TableInfo, TableName, UserTables
from alembic_proof.rows.sequences import SequenceBehind, find_sequences_behind
from alembic_proof.rows.value_matching import match_generated_values, restore_old_keys

__all__ = [
    "Digests",
    "FillNote",
    "FillReport",
    "Filled",
    "NotFilled",
    "RowChange",
    "RowChangeKind",
    "RowDigest",
    "SequenceBehind",
    "TableDigest",
    "TableInfo",
    "TableName",
    "UserTables",
    "compare",
    "digest",
    "fill",
    "fill_newly_valid",
    "find_sequences_behind",
    "match_generated_values",
    "read_user_tables",
    "restore_old_keys",
    "with_normalised_values",
]

"""The round trip of every revision: up, down, up again, with rows in the tables."""

from __future__ import annotations

from alembic_proof.proofs.roundtrip.row_plan import RowPlan
from alembic_proof.proofs.roundtrip.schedule import prove_roundtrip

__all__ = ["RowPlan", "prove_roundtrip"]

"""The proofs of a history, one file each: two catalogs that must be equal."""

from alembic_proof.proofs.drift import read_drift
from alembic_proof.proofs.offline_sql import prove_offline_sql
from alembic_proof.proofs.parity import prove_parity
from alembic_proof.proofs.roundtrip import RowPlan, prove_roundtrip
from alembic_proof.proofs.run import run_parity, run_roundtrip

__all__ = [
    "RowPlan",
    "prove_offline_sql",
    "prove_parity",
    "prove_roundtrip",
    "read_drift",
    "run_parity",
    "run_roundtrip",
]

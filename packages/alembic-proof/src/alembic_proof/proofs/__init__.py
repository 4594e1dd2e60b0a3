"""What is proved of a history, one file each: two catalogs that must be equal."""

from alembic_proof.proofs.drift import prove_drift
from alembic_proof.proofs.offline import prove_offline_sql
from alembic_proof.proofs.parity import prove_parity
from alembic_proof.proofs.roundtrip import RowPlan, prove_roundtrip
from alembic_proof.proofs.step import Step, Tell

__all__ = [
    "RowPlan",
    "Step",
    "Tell",
    "prove_drift",
    "prove_offline_sql",
    "prove_parity",
    "prove_roundtrip",
]

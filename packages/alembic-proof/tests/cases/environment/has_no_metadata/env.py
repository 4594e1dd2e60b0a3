"""An env.py without models."""

from alembic_proof.env import run_env

run_env(target_metadata=[])

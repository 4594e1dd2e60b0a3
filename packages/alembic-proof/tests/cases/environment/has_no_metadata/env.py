"""An env.py without models."""

from alembic_deploy.env import run_env

run_env(target_metadata=[])

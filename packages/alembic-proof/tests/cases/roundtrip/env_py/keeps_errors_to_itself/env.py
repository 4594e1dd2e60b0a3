"""An env.py that catches what a revision raises."""

from contextlib import suppress

from alembic_deploy.env import run_env

with suppress(Exception):
    run_env(target_metadata=None)

"""The env.py that every case is given."""

from models import metadata  # type: ignore[import-not-found]  # each case brings its own

from alembic_deploy.env import run_env

run_env(target_metadata=metadata)

"""An env.py without an ini file."""

from alembic import context
from sqlalchemy import MetaData

from alembic_deploy.env import run_env

assert context.config.config_file_name is None
run_env(target_metadata=MetaData())

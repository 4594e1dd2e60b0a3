"""The smallest env.py; a test may hand over more arguments."""

import os

from alembic import context
from sqlalchemy import MetaData

from alembic_deploy.env import run_env

options = {"target_metadata": MetaData(), "url": os.environ.get("TRACKS_DATABASE_URL")}
run_env(**{**options, **context.config.attributes.get("run_env", {})})

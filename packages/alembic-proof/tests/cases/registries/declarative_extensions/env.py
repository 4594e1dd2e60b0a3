"""An env.py that lets Alembic compare what is declared."""

from models import metadata  # type: ignore[import-not-found]
from sqlalchemy_declarative_extensions.alembic import register_alembic_events

from alembic_deploy.env import run_env

register_alembic_events()
run_env(target_metadata=metadata)

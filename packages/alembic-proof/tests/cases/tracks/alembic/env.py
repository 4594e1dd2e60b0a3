"""The smallest env.py: the metadata of the history's models, nothing else."""

from alembic_proof.env import run_env
from sqlalchemy import MetaData

run_env(target_metadata=MetaData())

"""An env.py with two sets of models."""

import sqlalchemy as sa

from alembic_proof.env import run_env

run_env(target_metadata=[sa.MetaData(), sa.MetaData()])

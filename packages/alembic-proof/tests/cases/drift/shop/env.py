"""An env.py that makes a role which the history grants to."""

import sqlalchemy as sa

from alembic_deploy.bootstrap import Bootstrap
from alembic_deploy.env import run_env

ROLE = "alembic_proof_shop"
MAKE = f"""DO $$ BEGIN
    CREATE ROLE {ROLE} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$"""
READY = f"SELECT true FROM pg_roles WHERE rolname = '{ROLE}'"

run_env(
    target_metadata=sa.MetaData(),
    bootstrap=Bootstrap(statements=(MAKE,), ready=READY),
)

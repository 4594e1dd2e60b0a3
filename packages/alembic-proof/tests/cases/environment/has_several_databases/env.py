"""An env.py that runs its migrations twice, as those for several databases do."""

import sqlalchemy as sa

from alembic_deploy.env import run_env

for _ in range(2):
    run_env(target_metadata=sa.MetaData())

"""Hands the models' metadata and Boards' settings to alembic_proof.env, which does the rest."""

from __future__ import annotations

import os

from alembic.util import CommandError
from alembic_proof.env import Bootstrap, ProofError, run_env

from boards.dbmodels import target_metadata
from boards.dbmodels.roles import bootstrap_ready, bootstrap_statements
from boards.settings import read_settings

try:
    settings = read_settings(os.environ)
except ProofError as error:
    raise CommandError(str(error)) from error

run_env(
    target_metadata=target_metadata,
    url=settings.database_url,
    bootstrap=Bootstrap(bootstrap_statements(None), bootstrap_ready(None)),
    lock_timeout=settings.lock_timeout,
)

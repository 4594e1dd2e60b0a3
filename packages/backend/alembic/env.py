"""Hands the models' metadata and Boards' settings to alembic_proof.env, which does the rest."""

from __future__ import annotations

import os

from alembic.util import CommandError

from alembic_proof.env import Bootstrap, ProofError, explained_faults, run_env

try:
    with explained_faults():  # a fault in a model is one message with its file and line
        from boards.database.bootstrap import bootstrap_for
        from boards.dbmodels import target_metadata
        from boards.settings import read_settings
    settings = read_settings(os.environ)
except ProofError as error:
    raise CommandError(str(error)) from error


def bootstrap(local_login: str | None) -> Bootstrap:
    """The roles, with the login of the local database's tenant sessions when that is used."""
    return bootstrap_for(settings, local_login=local_login)


run_env(
    target_metadata=target_metadata,
    url=settings.database_url,
    bootstrap=bootstrap,
    lock_timeout=settings.lock_timeout,
    reset_command="make db do=reset",
)

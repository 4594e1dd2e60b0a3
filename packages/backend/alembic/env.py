"""Hands the models' metadata and Boards' settings to alembic_deploy, which does the rest."""

from __future__ import annotations

import os
from importlib.util import find_spec

from alembic.util import CommandError

from alembic_deploy.bootstrap import Bootstrap
from alembic_deploy.env import run_env
from alembic_deploy.errors import DeployError
from alembic_deploy.python_errors import explained_import_errors
from alembic_deploy.request import ReviseDirectives

try:
    with explained_import_errors():  # a fault in a model is one message with its file and line
        from boards.database.roles import bootstrap_for
        from boards.dbmodels import target_metadata
        from boards.settings import read_settings
    settings = read_settings(os.environ)
except DeployError as error:
    raise CommandError(str(error)) from error

# Development only: a new revision is the whole difference between models and history.
complete_revision: ReviseDirectives | None = None
if find_spec("alembic_proof"):
    from alembic_proof.authoring import complete_revision


def bootstrap(local_login: str | None) -> Bootstrap:
    """Return the roles, and on the local database the login of tenant sessions."""
    return bootstrap_for(settings, local_login=local_login)


run_env(
    target_metadata=target_metadata,
    url=settings.database_url,
    bootstrap=bootstrap,
    variable_prefix="BOARDS_",
    reset_command="make db do=reset",
    rebase_command="make rebase" if complete_revision else "",
    process_revision_directives=complete_revision,
)

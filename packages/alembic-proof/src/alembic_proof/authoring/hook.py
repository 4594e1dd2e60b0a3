"""The hook for env.py: plain `alembic revision --autogenerate` writes the whole difference."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from alembic_deploy.errors import ConfigError, DeployError

if TYPE_CHECKING:
    from alembic_proof.authoring.difference import Difference
    from alembic_proof.history.project import Project

COMPLETED = "alembic_proof.completed"
"""The attribute of a configuration whose command completes revisions by itself."""


def complete_revision(
    context: MigrationContext, revision: Any, directives: list[ops.MigrationScript]
) -> None:
    """Replace what autogenerate found by the whole difference, as `alembic-proof revision` writes it.

    An env.py names it where alembic-proof is installed, which a server that deploys need not have::

        context.configure(
            ...,
            process_revision_directives=complete_revision,
        )

    The models and the history are built in scratch databases; the database that env.py is connected to
    plays no part, except that Alembic wants it at head. Without a difference there is no file. What was
    renamed and which values rows get is said with `-x rename=users.nick=nickname`, `-x no-rename` and
    `-x fill=users.age=0`; `-x plain` is `--plain`. `alembic check` stays as it is: it compares that
    database.

    :raises CommandError: Whatever goes wrong, in one clear message.
    """
    config = context.config
    if config is None or not directives or not _is_new_revision(context, config):
        return
    # Every command of Alembic runs env.py, which imports this module: only a revision needs the rest.
    from alembic_proof.history.nested_env_py import run_beside

    try:
        project = _project_of(config)
        difference = run_beside(lambda: _difference(project))
    except DeployError as error:
        raise CommandError(str(error)) from error
    if difference.is_empty:
        directives.clear()
    else:
        difference.complete(context, revision, directives)


def _is_new_revision(context: MigrationContext, config: Config) -> bool:
    """Return whether Alembic writes the file of a comparison, and not a command of ours.

    Every command of Alembic passes a local function; run_env() replaces it, and calls no hook in `check`.
    """
    options = _options(context)
    arguments = getattr(options.get("revision_context"), "command_args", {})
    is_check = getattr(options.get("fn"), "__qualname__", "").startswith("check.")
    return (
        bool(arguments.get("autogenerate", True))
        and not is_check
        and not config.attributes.get(COMPLETED)
    )


def _options(context: MigrationContext) -> Mapping[str, Any]:
    options: Mapping[str, Any] = getattr(context.environment_context, "context_opts", {})
    return options


def _project_of(config: Config) -> Project:
    """Return the project of the configuration that Alembic runs with.

    :raises ConfigError: It was made without a file.
    """
    from alembic_proof.history.project import find_project

    files = (config.config_file_name, getattr(config, "toml_file_name", None))
    file = next((Path(one) for one in files if one and Path(one).is_file()), None)
    if file is None:
        raise ConfigError(
            "Alembic is configured without a file, so there are no settings to look for",
            todo="give Config() the project's alembic.ini or pyproject.toml",
        )
    return find_project(
        file,
        section=config.config_ini_section,
        x_arguments=tuple(getattr(config.cmd_opts, "x", None) or ()),
    )


def _difference(project: Project) -> Difference:
    from alembic_proof.authoring.answers import answers_of_x
    from alembic_proof.authoring.difference import Difference
    from alembic_proof.history.alembic_config import alembic_config
    from alembic_proof.scratch import history_and_models, scratch_server_url

    answers = answers_of_x(project.x_arguments)
    server_url = scratch_server_url(project, os.environ)
    with history_and_models(project, server_url) as (history_url, models_url):
        config = alembic_config(project, url=history_url)
        found = Difference.read(config, project.settings, models_url=models_url, answers=answers)
        if any(one.partition("=")[0] == "plain" for one in project.x_arguments):
            return found
        return found.planned(history_url, oldest_major=project.settings.oldest_postgres)
